"""SPI flash chips through ``flashrom`` (1.2 and later)."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from drivers.addresses import Address
from drivers.capabilities import ChipIdentity, FirmwareProgrammer, Progress
from drivers.errors import ConnectionLost, InstrumentError, InstrumentRefused, Misconfigured, NoResponse
from drivers.guard import Guard
from drivers.programmers.base import load_image, percent_in, report, scratch_file
from drivers.programmers.model import FlashromProfile
from drivers.transports.tool import ToolResult, find_tool, run_tool

_FOUND = re.compile(r'Found (.+?) flash chip "(.+?)" \((\d+) kB')
_JEDEC = re.compile(r"compare_id: id1 0x([0-9a-f]+), id2 0x([0-9a-f]+)|RDID returned ((?:0x[0-9a-f]{2} ?){3})")
_STAGES = (
    ("Reading old flash chip contents", 0.05, "read"),
    ("Erasing and writing flash chip", 0.2, "write"),
    ("Erase/write done", 0.8, "verify"),
    ("Verifying flash", 0.8, "verify"),
    ("Reading flash", 0.05, "read"),
)
KEPT_IN = Path("/var/tmp")  # noqa: S108 - the name of a file there is made anew, for this user only


class Flashrom(FirmwareProgrammer):
    """A flash chip on a programmer that flashrom knows; the address is ``flashrom:<programmer specification>``.

    flashrom 1.3 tells its stages only, so the progress jumps; later versions tell percentages.
    """

    def __init__(
        self, profile: FlashromProfile, address: Address, guard: Guard, *, chip: str | None = None, **_: Any
    ) -> None:
        self.profile = profile
        self.guard = guard
        self._label = f"{profile.name} at {address.text}"
        name = chip or profile.chip
        self._command = [find_tool(profile.program, profile.package), "-p", address.target]
        self._command += ["-c", name] if name else []

    def identify(self) -> str:
        """Return the chip's name and JEDEC id."""
        chip = self.chip()
        return f"{chip.name} ({chip.code})"

    def close(self) -> None:
        """Nothing is held between runs."""

    def chip(self) -> ChipIdentity:
        """Probe the chip without changing it."""
        result = self._run(["-V"], self.profile.probe_timeout_s)
        text = "\n".join(result.lines)
        found = _FOUND.search(text)
        if found is None:
            raise InstrumentRefused(
                f"{self._label}: no flash chip answers ({result.complaint()}); check clip and supply"
            )
        return ChipIdentity(f"{found[1]} {found[2]}", _jedec_id(text[: found.start()]), int(found[3]) * 1024)

    def read(self, destination: Path, *, size_bytes: int | None = None, progress: Progress | None = None) -> None:
        """Back up the chip (flashrom always reads all of it; ``size_bytes`` keeps the beginning)."""
        with scratch_file(".bin") as copy:
            self._run(["-r", str(copy)], self.profile.timeout_s, progress)
            destination.write_bytes(copy.read_bytes()[:size_bytes])
        report(progress, 1.0, "read")

    def flash(self, image: Path, *, progress: Progress | None = None) -> None:
        """Erase, write and verify. A smaller image goes to the beginning of the chip; the rest stays as it is.

        When a write fails, flashrom tries ever larger erasures, up to the whole chip. So what the chip held is read
        first, and kept as a file that the error names, unless the write did not come as far as the chip.
        """
        data, size = self._memory(image)  # what cannot be written is refused before the chip is read for minutes
        with scratch_file(".bin") as before:
            self._run(["-r", str(before)], self.profile.timeout_s, progress)
            flags = ["--flash-contents", str(before), "--noverify-all"]  # verifies what was written, only not the rest
            try:
                self._with_image(data, size, flags, "-w", progress)
            except (Misconfigured, ConnectionLost):
                raise
            except InstrumentError as error:
                raise type(error)(f"{error}; {_kept(before)}") from error
        report(progress, 1.0, "verify")

    def verify(self, image: Path, *, progress: Progress | None = None) -> None:
        """Compare the chip with ``image``; the first difference is in the error."""
        self._with_image(*self._memory(image), [], "-v", progress)
        report(progress, 1.0, "verify")

    def _memory(self, image: Path) -> tuple[bytes, int]:
        """Return the image and the chip's size; raise ``Misconfigured`` when the one does not go into the other."""
        data = load_image(image)
        size = self.chip().size_bytes
        assert size is not None  # noqa: S101 - chip() always tells it
        if len(data) > size:
            raise Misconfigured(f"{image} has {len(data)} bytes, but the chip of {self._label} only {size}")
        return data, size

    def _with_image(self, data: bytes, size: int, flags: list[str], action: str, progress: Progress | None) -> None:
        with scratch_file(".bin", data + b"\xff" * (size - len(data))) as raw:
            layout = raw.with_suffix(".layout")
            layout.write_text(f"00000000:{len(data) - 1:08x} image\n", encoding="ascii")
            part = ["-l", str(layout), "-i", "image"] if len(data) < size else []
            self._run([*part, *flags, action, str(raw)], self.profile.timeout_s, progress)

    def _run(self, arguments: list[str], timeout_s: float, progress: Progress | None = None) -> ToolResult:
        def on_line(line: str) -> None:
            for text, fraction, doing in _STAGES:
                if text in line:
                    report(progress, percent_in(line) or fraction, doing)

        result = run_tool(
            [*self._command, *arguments], label=self._label, guard=self.guard, timeout_s=timeout_s, on_line=on_line
        )
        if result.exit_code != 0:
            raise self._error(result)
        return result

    def _error(self, result: ToolResult) -> InstrumentError:
        text = "\n".join(result.lines)
        said = result.complaint()
        failed = re.search(r"FAILED at (0x[0-9a-fA-F]+)! Expected=(0x[0-9a-f]+), Found=(0x[0-9a-f]+)", text)
        if failed:
            return InstrumentRefused(
                f"{self._label}: verification failed at {failed[1]}, which holds {failed[3]} and should hold "
                f"{failed[2]}; write it again"
            )
        if "Invalid chip specified" in text or "Unknown programmer" in text or "nknown flash chip" in text:
            return Misconfigured(f"{self._label}: flashrom does not know that ({said}); correct the address")
        if "Programmer initialization failed" in text:
            return ConnectionLost(f"{self._label}: the programmer is not there ({said}); check its cable")
        if "No EEPROM/flash device found" in text:
            return NoResponse(f"{self._label}: no flash chip answers; check clip, orientation and supply")
        if "Multiple flash chip definitions match" in text:
            return Misconfigured(f"{self._label}: several chips match ({said}); give the option chip")
        return InstrumentRefused(f"{self._label}: flashrom failed ({said}); nothing may be assumed of the memory")


def _kept(content: Path) -> str:
    """Copy a file to where it outlives this process and a restart of the machine; say where, or why it is not there."""
    name = None
    try:
        handle, name = tempfile.mkstemp(prefix="benchwright-chip-", suffix=".bin", dir=KEPT_IN)
        with os.fdopen(handle, "wb") as kept, content.open("rb") as source:
            shutil.copyfileobj(source, kept)
            kept.flush()
            os.fsync(kept.fileno())
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        return f"what the chip held before could not be kept in {KEPT_IN} ({error.strerror})"
    return f"what the chip held before is in {name}"


def _jedec_id(text: str) -> str:
    """Return the chip's id from the probe that succeeded, which is the last before the finding."""
    matches = list(_JEDEC.finditer(text))
    for match in reversed(matches):
        if match[3]:
            return "".join(part[2:] for part in match[3].split())
        if len(match[2]) >= 4:
            return f"{int(match[1], 16):02x}{int(match[2], 16):04x}"
    return ""
