"""One serial port: listen first, and ask only what is harmless.

The order is a promise. Nothing is sent to a port that speaks by itself: what boots there, or measures there, is left in
peace. A silent port is asked for its identity, in the words of the profiles that answer on serial lines: queries that
change nothing in any instrument known (``*IDN?``, a meter's request for its name or display, reading Modbus registers).
"""

import contextlib
import importlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from drivers.console_model import SerialConsoleProfile
from drivers.discovery.findings import HEARD, NOTES, SHARED, TOLD, Candidate, Finding, ranked
from drivers.discovery.matching import is_text, looks_like_identity, scpi_candidates
from drivers.errors import Cancelled, ConnectionLost, InstrumentError, Misconfigured, NoResponse
from drivers.guard import Guard
from drivers.korad_supply_model import KoradSupplyProfile
from drivers.modbus_supply_model import ModbusSupplyProfile
from drivers.profile import Profile
from drivers.profile_base import SerialLine
from drivers.scpi.model import ScpiProfile
from drivers.serial_generator_model import SerialGeneratorProfile
from drivers.serial_meter_model import SerialMeterProfile
from protocols.dmm.reading import DmmError

MAX_HEARD_BYTES = 65536
ANSWER_S = 0.8
"""Longest wait for an answer; instruments that know the question answer within half a second."""
FRAMES_WANTED = 2


def _why_closed(device: str) -> str:
    """Return the note on a port that could not be opened or used."""
    try:
        file = os.open(device, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except FileNotFoundError:
        return "absent"
    except OSError:
        return "busy"
    try:
        return "busy" if os.isatty(file) else "no_port"
    finally:
        os.close(file)


class SerialProbe:
    """Probes one port; ``run`` returns what is there. ``may_ask`` false: only listen."""

    def __init__(
        self,
        device: str,
        place: str,
        profiles: Mapping[str, Profile],
        guard: Guard,
        *,
        listen_s: float,
        may_ask: bool,
    ) -> None:
        self._device = device
        self._place = place
        self._profiles = profiles
        self._guard = guard
        self._listen_s = listen_s
        self._may_ask = may_ask
        self._heard = b""

    def run(self) -> Finding:
        """Listen, then ask. Raises ``Cancelled``; whatever else goes wrong is a note of the finding."""
        try:
            found = self._listen()
            if found is None and self._heard:
                return self._finding(note="talks")
            if found is None and self._may_ask:
                found = self._ask_scpi() or self._ask_meters() or self._ask_others()
        except (ConnectionLost, Misconfigured):
            return self._finding(note=_why_closed(self._device))
        return found or self._finding(note="silent" if self._may_ask else "unknown_usb")

    # -- listening -------------------------------------------------------------------------------------------------

    def _listen(self) -> Finding | None:
        lines: dict[SerialLine, list[SerialMeterProfile]] = {}
        for profile in self._profiles.values():
            if isinstance(profile, SerialMeterProfile) and not _must_be_asked(profile):
                lines.setdefault(profile.serial, []).append(profile)
            elif isinstance(profile, SerialConsoleProfile):
                lines.setdefault(profile.serial, [])
        for line, meters in lines.items():
            data = self._hear(line, self._listen_s)
            if not data:
                continue
            self._heard += data
            decoding = [one for one in meters if _frames(one, data) >= FRAMES_WANTED]
            if decoding:
                confidence = HEARD if len(decoding) == 1 else SHARED
                candidates = [Candidate(one.name, f"serial:{self._device}", confidence) for one in decoding]
                return self._finding(f"{decoding[0].protocol} frames", candidates)
            if is_text(data):
                consoles = [p for p in self._profiles.values() if isinstance(p, SerialConsoleProfile)]
                suffix = "" if any(line == p.serial for p in consoles) else f"?baud={line.baud}"
                return self._finding(
                    data.decode("ascii", errors="replace").strip().splitlines()[0][:80],
                    [Candidate(p.name, f"serial:{self._device}{suffix}", SHARED) for p in consoles],
                    note="text",
                )
        return None

    def _hear(self, line: SerialLine, seconds: float) -> bytes:
        heard = bytearray()
        with self._open(line) as stream:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0 and len(heard) < MAX_HEARD_BYTES:
                heard += stream.read_available(left)
        return bytes(heard)

    # -- asking ----------------------------------------------------------------------------------------------------

    def _ask_scpi(self) -> Finding | None:
        asked: dict[tuple[SerialLine, str], None] = {}
        for profile in self._profiles.values():
            if isinstance(profile, ScpiProfile) and any(a.startswith("serial:") for a in profile.addresses):
                asked[profile.serial, profile.quirks.terminator] = None
        for line, terminator in asked:
            with self._open(line) as stream:
                stream.write(b"*IDN?" + terminator.encode("ascii"))
                answer = self._answer(stream)
            identity = answer.decode("ascii", errors="replace").strip()
            if not answer or not identity.isascii():
                continue
            candidates = scpi_candidates(identity, self._profiles, f"serial:{self._device}?baud={line.baud}")
            if candidates or looks_like_identity(identity):
                return self._finding(identity, list(candidates), note=None if candidates else "unknown")
        return None

    def _answer(self, stream: Any, end: bytes | None = b"\n") -> bytes:
        """Return what came up to ``end``, or before the line fell silent."""
        answer = bytearray()
        while (end is None or end not in answer) and len(answer) < MAX_HEARD_BYTES:
            new = stream.read_available(ANSWER_S if not answer else ANSWER_S / 4)
            if not new:
                break
            answer += new
        return bytes(answer)

    def _ask_meters(self) -> Finding | None:
        """Ask for a meter's name, or for its display where it has no name."""
        for profile in self._profiles.values():
            if not isinstance(profile, SerialMeterProfile) or not _must_be_asked(profile):
                continue
            chip = importlib.import_module(f"protocols.dmm.{profile.protocol}")
            with self._open(profile.serial) as stream:
                stream.write(chip.IDENTITY_REQUEST if profile.identity else chip.REQUEST)
                data = self._answer(stream, None)
            if profile.identity is None:
                found = _frames(profile, data) > 0
                identity, confidence = f"{profile.protocol} frames", HEARD
            else:
                names = _names(chip, data)
                identity = next((name for name in names if re.fullmatch(profile.identity, name)), "")
                found, confidence = bool(identity), TOLD
            if found:
                return self._finding(identity, [Candidate(profile.name, f"serial:{self._device}", confidence)])
        return None

    def _ask_others(self) -> Finding | None:
        from drivers.registry import open_instrument

        for profile in self._profiles.values():
            address = _asking_address(profile, self._device)
            if address is None:
                continue
            with contextlib.suppress(NoResponse):
                try:
                    instrument = open_instrument(profile.name, address, self._guard)
                except Cancelled:
                    raise
                except ConnectionLost:
                    raise
                except InstrumentError:
                    continue  # an answer that is none of this profile's
                with contextlib.closing(instrument):
                    identity = instrument.identify()
                return self._finding(identity, [Candidate(profile.name, address, TOLD)])
        return None

    @contextlib.contextmanager
    def _open(self, line: SerialLine) -> Iterator[Any]:
        from drivers.transports.serial_port import SerialStream

        stream = SerialStream.open(self._device, line, label=self._device, guard=self._guard)
        with contextlib.closing(stream):
            yield stream

    def _finding(
        self, identity: str | None = None, candidates: list[Candidate] | None = None, note: str | None = None
    ) -> Finding:
        best = ranked(candidates or [])
        address = best[0].address if best else f"serial:{self._device}"
        text = NOTES[note] if note else None
        return Finding(address, "serial", self._place, identity, best, text)


def _must_be_asked(profile: SerialMeterProfile) -> bool:
    return hasattr(importlib.import_module(f"protocols.dmm.{profile.protocol}"), "REQUEST")


def _frames(profile: SerialMeterProfile, data: bytes) -> int:
    """Return how many frames of this meter ``data`` holds that decode."""
    chip = importlib.import_module(f"protocols.dmm.{profile.protocol}")
    count = 0
    for frame in chip.FrameReader().feed(data):
        with contextlib.suppress(DmmError):
            chip.decode(frame)
            count += 1
    return count


def _names(chip: Any, data: bytes) -> list[str]:
    names: list[str] = []
    for frame in chip.FrameReader().feed(data):
        with contextlib.suppress(DmmError):
            name = chip.identity(frame)
            names += [name] if name is not None else []
    return names


def _asking_address(profile: Profile, device: str) -> str | None:
    """Return the address at which a profile that must be asked would be at ``device``."""
    if isinstance(profile, SerialGeneratorProfile | KoradSupplyProfile):
        return f"serial:{device}"
    if isinstance(profile, ModbusSupplyProfile):
        return f"modbus-rtu:{device}?unit={profile.unit}"
    return None
