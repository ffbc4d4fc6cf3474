"""Function generators with a serial protocol of their own: question and answer in lines."""

import importlib
import math
import re
import time
from collections.abc import Sequence
from typing import Any, Protocol

from drivers.capabilities import SignalGenerator, Wave
from drivers.errors import BadResponse, InstrumentRefused, OutOfRange, WrongIdentity
from drivers.serial_generator_model import SerialGeneratorProfile
from drivers.transports.stream import ByteStream
from protocols.errors import ProtocolError
from protocols.generators.settings import ChannelSettings

QUIET_S = 0.5
"""Silence after which nothing more comes of an answer that was cut off."""
MAX_LINE_BYTES = 400


class _Codec(Protocol):
    LINE_END: bytes
    IDENTIFY: str
    CHANNELS: int

    def set_up(self, channel: int, wanted: ChannelSettings) -> tuple[str, ...]: ...
    def switch(self, channel: int, on: bool, states: Sequence[bool]) -> str: ...
    def acknowledged(self, answer: str) -> bool: ...
    def questions(self, channel: int) -> tuple[str, ...]: ...
    def settings(self, channel: int, answers: Sequence[str]) -> ChannelSettings: ...
    def state_questions(self) -> tuple[str, ...]: ...
    def states(self, answers: Sequence[str]) -> tuple[bool, ...]: ...
    def identity(self, answer: str) -> str: ...
    def maximum_mhz(self, name: str) -> float | None: ...


class SerialGenerator(SignalGenerator):
    """A generator of the ``serial-generator`` profiles.

    Its answers do not name their question, so after one that was cut off the driver waits until the line is quiet.
    """

    def __init__(self, stream: ByteStream, profile: SerialGeneratorProfile, **_: Any) -> None:
        self.profile = profile
        self.guard = stream.guard
        self._stream = stream
        self._codec: _Codec = importlib.import_module(f"protocols.generators.{profile.protocol}")
        self._maximum_hz = math.inf
        self._cut_off = False

    def identify(self) -> str:
        """Ask for the model, whose name also tells the highest frequency."""
        answer = self._ask(self._codec.IDENTIFY)
        try:
            name = self._codec.identity(answer)
        except ProtocolError as error:
            raise self._not_ours(answer) from error
        if not re.fullmatch(self.profile.identity, name):
            raise self._not_ours(answer)
        mhz = self._codec.maximum_mhz(name)
        self._maximum_hz = math.inf if mhz is None else mhz * 1e6
        return f"{self.profile.maker} {name}"

    def safe_state(self) -> None:
        """Switch every output off, and make sure that it is."""
        off = [False] * self._codec.CHANNELS
        for channel in range(1, self._codec.CHANNELS + 1):
            self._command(self._codec.switch(channel, False, off))
        if any(self._states()):
            raise InstrumentRefused(f"{self._stream.label} left an output on; switch it off on its panel")

    def close(self) -> None:
        """Release the port."""
        self._stream.close()

    def configure(
        self, channel: int, wave: Wave, *, frequency_hz: float, amplitude_vpp: float, offset_v: float = 0.0
    ) -> None:
        """Set one channel's shape, and make sure by reading back that the generator took exactly that.

        Levels are into an open output; into 50 Ω they are half. ``frequency_hz`` has no meaning for noise and DC,
        ``amplitude_vpp`` none for DC: what is given must still be a setting that the generator has.
        """
        wanted = self._wanted(channel, wave, frequency_hz, amplitude_vpp, offset_v)
        for command in self._codec.set_up(channel, wanted):
            self._command(command)
        answers = [self._ask(question) for question in self._codec.questions(channel)]
        try:
            told = self._codec.settings(channel, answers)
        except ProtocolError as error:
            raise BadResponse(f"{self._stream.label}: {error}; ask again") from error
        profile = self.profile
        for name, want, got, step in (
            ("shape", wanted.wave, told.wave, 0.5),
            ("frequency_hz", wanted.frequency_hz, told.frequency_hz, profile.step_hz),
            ("amplitude_vpp", wanted.amplitude_vpp, told.amplitude_vpp, profile.step_vpp),
            ("offset_v", wanted.offset_v, told.offset_v, profile.step_offset_v),
        ):
            if not math.isclose(want, got, rel_tol=1e-9, abs_tol=step / 2 * 1.001):
                raise InstrumentRefused(
                    f"{self._stream.label} took {got:.9g} as {name} of channel {channel} instead of {want:.9g}"
                )

    def output(self, channel: int, on: bool) -> None:
        """Switch one channel's output, and make sure that it did."""
        self._check_channel(channel)
        self._command(self._codec.switch(channel, on, self._states()))
        is_on = self._states()[channel - 1]
        if is_on is not on:
            raise InstrumentRefused(
                f"{self._stream.label} left output {channel} {'on' if is_on else 'off'}; look at its display"
            )

    def _wanted(
        self, channel: int, wave: Wave, frequency_hz: float, amplitude_vpp: float, offset_v: float
    ) -> ChannelSettings:
        self._check_channel(channel)
        label, profile = self._stream.label, self.profile
        model = profile.waves.get(wave)
        code = model.codes[channel - 1] if model is not None else None
        if model is None or code is None:
            having = [name for name, one in profile.waves.items() if one.codes[channel - 1] is not None]
            raise OutOfRange(f"{label} has no {wave} on channel {channel}; it has {', '.join(having)}")
        highest = min(self._maximum_hz, model.maximum_hz or math.inf)
        allowed = (profile.minimum_hz, highest)
        self._check(f"frequency_hz of a {wave}", frequency_hz, allowed, profile.step_hz, "Hz")
        largest = profile.largest_vpp(frequency_hz)
        if largest is None:
            raise OutOfRange(f"{label}: no amplitude is declared at {frequency_hz:g} Hz; lower the frequency")
        smallest = 0.0 if wave is Wave.DC else profile.step_vpp
        self._check("amplitude_vpp", amplitude_vpp, (smallest, largest), profile.step_vpp, "V")
        limit = profile.maximum_offset_v
        self._check("offset_v", offset_v, (-limit, limit), profile.step_offset_v, "V")
        peak = abs(offset_v) + amplitude_vpp / 2
        if not peak <= largest / 2 * (1 + 1e-9):
            raise OutOfRange(
                f"{label}: offset and half the amplitude together must be at most {largest / 2:g} V, not {peak:g} V"
            )
        return ChannelSettings(code, frequency_hz, amplitude_vpp, offset_v)

    def _check_channel(self, channel: int) -> None:
        if not 1 <= channel <= self._codec.CHANNELS:
            raise OutOfRange(f"{self._stream.label}: channel must be from 1 to {self._codec.CHANNELS}, not {channel}")

    def _check(self, what: str, value: float, allowed: tuple[float, float], step: float, unit: str) -> None:
        label, (low, high) = self._stream.label, allowed
        if not low <= value <= high * (1 + 1e-9):
            raise OutOfRange(f"{label}: {what} must be from {low:g} to {high:g} {unit}, not {value:g} {unit}")
        if not math.isclose(value / step, round(value / step), rel_tol=1e-12, abs_tol=1e-6):
            raise OutOfRange(f"{label}: {what} must be a multiple of {step:g} {unit}, not {value:.9g} {unit}")

    def _states(self) -> tuple[bool, ...]:
        try:
            return self._codec.states([self._ask(question) for question in self._codec.state_questions()])
        except ProtocolError as error:
            raise BadResponse(f"{self._stream.label}: {error}; ask again") from error

    def _command(self, command: str) -> None:
        answer = self._ask(command)
        if not self._codec.acknowledged(answer):
            raise InstrumentRefused(f"{self._stream.label} answered {answer[:40]!r} to {command!r}; ask again")

    def _ask(self, line: str) -> str:
        if self._cut_off:
            end = time.monotonic() + self.profile.timeout_s
            while self._stream.read_available(QUIET_S) and time.monotonic() < end:
                pass
        self._stream.drain()
        self._cut_off = True
        self._stream.write(line.encode("ascii") + self._codec.LINE_END)
        answer = self._stream.read_until(b"\n", self.profile.timeout_s, MAX_LINE_BYTES)
        self._cut_off = False
        return answer.decode("ascii", errors="replace").strip("\r\x00 ")

    def _not_ours(self, answer: str) -> WrongIdentity:
        return WrongIdentity(
            f"{self._stream.label} answers {answer[:60]!r}, which is not a {self.profile.title['en']}; "
            f"correct profile or address in bench.toml"
        )
