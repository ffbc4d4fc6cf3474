"""Multimeters that send their display over a serial line, by themselves or asked for each reading."""

import contextlib
import importlib
import math
import re
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from drivers.accuracy import find_accuracy
from drivers.capabilities import MeterFunction, MeterReading, Multimeter
from drivers.errors import BadResponse, InstrumentRefused, NoResponse, OutOfRange, WrongIdentity
from drivers.serial_meter_model import SerialMeterProfile
from drivers.transports.stream import ByteStream
from protocols.dmm.reading import DmmError, DmmReading, Flag, UnsupportedFunction
from protocols.quantity import Quantity

MAINS_HZ = 50.0
PATIENCE_S = 1.0
"""How long a meter may be silent beyond the time of four frames."""
_T = TypeVar("_T")
_NOT_THE_PRESENT_VALUE = {
    Flag.HOLD: "HOLD",
    Flag.RELATIVE: "REL",
    Flag.MIN: "MIN",
    Flag.MAX: "MAX",
    Flag.AVERAGE: "AVG",
    Flag.PEAK_MIN: "PEAK",
    Flag.PEAK_MAX: "PEAK",
}


class _Reader(Protocol):
    dropped: int

    def feed(self, data: bytes) -> list[bytes]: ...


class SerialMultimeter(Multimeter):
    """A meter whose reading is the first whole frame that arrives after it was asked for.

    A free-running meter is only listened to; one that must be asked (its protocol has a ``REQUEST``) is asked anew when
    it stays silent for a frame's time.

    ``signal_frequency_hz`` chooses the limit of error in AC functions (default: mains).
    """

    def __init__(
        self,
        stream: ByteStream,
        profile: SerialMeterProfile,
        *,
        signal_frequency_hz: float = MAINS_HZ,
        ambient_c: float | None = None,
        **_: Any,
    ) -> None:
        self.profile = profile
        self.guard = stream.guard
        self._stream = stream
        self._chip = importlib.import_module(f"protocols.dmm.{profile.protocol}")
        self._request: bytes | None = getattr(self._chip, "REQUEST", None)
        self._decode: Callable[[bytes], DmmReading] = self._chip.decode
        if profile.symbols:
            symbols = {self._chip.Symbol[key]: self._chip.Meaning[name] for key, name in profile.symbols.items()}
            self._decode = lambda frame: self._chip.decode(frame, symbols)
        self._signal_frequency_hz = signal_frequency_hz
        self._ambient_c = ambient_c

    def identify(self) -> str:
        """Ask for the meter's name where it can tell one; otherwise wait for one sound frame."""
        if self.profile.identity is None:
            self._next(self._sound, self._request)
            return f"{self.profile.maker} {self.profile.models[0]} ({self.profile.protocol} frames)"
        name: str = self._next(self._chip.identity, self._chip.IDENTITY_REQUEST)
        if not re.fullmatch(self.profile.identity, name):
            raise WrongIdentity(
                f"{self._stream.label} answers {name[:80]!r}, which is not a {self.profile.title['en']}; "
                f"choose its profile"
            )
        return name

    def close(self) -> None:
        """Release the port."""
        self._stream.close()

    def functions(self) -> frozenset[MeterFunction]:
        """Return what the knob can be set to."""
        return frozenset(self.profile.functions)

    def read(self, function: MeterFunction, range_value: float | None = None) -> MeterReading:
        """Return what the display shows from now on; the knob must stand at ``function``, without HOLD or REL."""
        label = self._stream.label
        if function not in self.profile.functions:
            raise OutOfRange(f"{label} cannot measure {function}; it has {', '.join(sorted(self.profile.functions))}")
        self._check_range(function, range_value)
        shown = self._next_reading()
        if shown.function != function:
            raise InstrumentRefused(f"{label} stands at {shown.function}; turn its knob to {function}")
        held = [name for flag, name in _NOT_THE_PRESENT_VALUE.items() if flag in shown.flags]
        if held:
            raise InstrumentRefused(f"{label} shows a {held[0]} value, not the present one; switch {held[0]} off")
        wanted, stands_at = range_value, shown.range_value
        if wanted is not None and stands_at is not None and not math.isclose(stands_at, wanted, rel_tol=1e-6):
            raise InstrumentRefused(
                f"{label} stands at its range of {stands_at:g} {shown.unit}, not {wanted:g} {shown.unit}; "
                f"press RANGE until it does"
            )
        if shown.overload or shown.underload or not math.isfinite(shown.value):
            return MeterReading(function, Quantity(math.nan, shown.unit), True, shown.range_value)
        uncertainty = self._uncertainty(function, shown)
        return MeterReading(function, Quantity(shown.value, shown.unit, uncertainty), False, shown.range_value)

    def _check_range(self, function: MeterFunction, range_value: float | None) -> None:
        ranges = [one.full_scale for one in self.profile.functions[function]]
        if range_value is not None and not any(math.isclose(one, range_value, rel_tol=1e-6) for one in ranges):
            listed = ", ".join(f"{one:g}" for one in ranges)
            raise OutOfRange(f"{self._stream.label} has no range of {range_value:g} for {function}; it has {listed}")

    def _next_reading(self) -> DmmReading:
        return self._next(self._decoded, self._request)

    def _decoded(self, frame: bytes) -> DmmReading:
        try:
            return self._decode(frame)
        except UnsupportedFunction as error:
            raise InstrumentRefused(f"{self._stream.label}: {error}; turn its knob to another place") from error

    def _sound(self, frame: bytes) -> bool:
        with contextlib.suppress(UnsupportedFunction):  # a sound frame all the same
            self._decode(frame)
        return True

    def _next(self, read: Callable[[bytes], _T | None], request: bytes | None) -> _T:
        """Return what ``read`` makes of the first frame from now on that it accepts, asking for it where needed."""
        self._stream.drain()
        reader: _Reader = self._chip.FrameReader()
        timeout_s = self.profile.frame_interval_s * 4 + PATIENCE_S
        deadline = time.monotonic() + timeout_s
        last: DmmError | None = None
        while (left := deadline - time.monotonic()) > 0:
            if request is not None:
                self._stream.write(request)
                left = min(left, self.profile.frame_interval_s + 0.25)
            asked_until = time.monotonic() + left
            while (left := asked_until - time.monotonic()) > 0:
                for frame in reader.feed(self._stream.read_available(left)):
                    try:
                        result = read(frame)
                    except DmmError as error:
                        last = error
                        continue
                    if result is not None:
                        return result
        if last is not None or reader.dropped:
            detail = last or f"{reader.dropped} bytes and no frame"
            raise BadResponse(f"{self._stream.label} sends what is no frame ({detail}); check {self.profile.serial}")
        raise NoResponse(
            f"{self._stream.label} sent nothing within {timeout_s:g} s; switch the meter and its data output on, and "
            f"check the cable"
        )

    def _uncertainty(self, function: MeterFunction, shown: DmmReading) -> float | None:
        for one in self.profile.functions[function]:
            if shown.range_value is not None and math.isclose(one.full_scale, shown.range_value, rel_tol=1e-6):
                by_frequency = function in self.profile.signal_frequency_functions
                at = self._signal_frequency_hz if by_frequency else abs(shown.value)
                accuracy = find_accuracy(one.accuracy, at)
                if accuracy is None:
                    return None
                return accuracy.standard_uncertainty(shown.value, one.full_scale, self._ambient_c)
        return None
