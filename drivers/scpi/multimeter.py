"""Any SCPI multimeter, driven by its declaration."""

import math
from typing import Any

from drivers.accuracy import find_accuracy
from drivers.capabilities import MeterFunction, MeterReading, Multimeter
from drivers.errors import InstrumentRefused, OutOfRange
from drivers.meters import METER_UNITS
from drivers.scpi.instrument import ScpiInstrument
from drivers.scpi.link import ScpiLink
from drivers.scpi.multimeter_model import MeterFunctionModel, MeterRange, ScpiMultimeterProfile
from protocols.quantity import Quantity

MAINS_HZ = 50.0


class ScpiMultimeter(ScpiInstrument[ScpiMultimeterProfile], Multimeter):
    """A multimeter of the ``scpi-multimeter`` profiles.

    ``signal_frequency_hz`` chooses the limit of error in AC functions, whose specification depends on it (default:
    mains); ``ambient_c`` adds the temperature coefficients when the bench is outside the calibration band; ``settle_s``
    replaces the profile's wait after a change of function (a meter set to its fast rate needs less).
    """

    def __init__(
        self,
        link: ScpiLink,
        *,
        signal_frequency_hz: float = MAINS_HZ,
        ambient_c: float | None = None,
        settle_s: float | None = None,
        **_: Any,
    ) -> None:
        super().__init__(link)
        self._signal_frequency_hz = signal_frequency_hz
        self._ambient_c = ambient_c
        self._settle_s = self.profile.settle_s if settle_s is None else settle_s

    def functions(self) -> frozenset[MeterFunction]:
        """Return the functions that the profile declares."""
        return frozenset(self.profile.functions)

    def read(self, function: MeterFunction, range_value: float | None = None) -> MeterReading:
        """Set the function up, make sure that the meter took it, and take one reading."""
        model = self.profile.functions.get(function)
        if model is None:
            known = ", ".join(sorted(self.profile.functions))
            raise OutOfRange(f"{self.link.label} cannot measure {function}; it has {known}")
        wanted = self._find_range(function, model, range_value)
        if "range" in self.profile.commands[model.select].arguments:
            self.link.send(model.select, range=wanted.argument if wanted else model.auto or "")
        else:
            self.link.send(model.select)
        self.link.check_errors()
        if self._settle_s:
            self.link.pause(self._settle_s)
        if model.confirm is not None:
            self._confirm(function, model.confirm)
        value = self.link.ask_number(model.read)
        if not math.isfinite(value) or abs(value) >= self.profile.overload_from:
            full_scale = wanted.full_scale if wanted else None
            return MeterReading(function, Quantity(math.nan, METER_UNITS[function]), True, full_scale)
        used = wanted or self._range_in_use(model, value)
        uncertainty = None if used is None else self._uncertainty(model, used, value)
        return MeterReading(
            function,
            Quantity(value, METER_UNITS[function], uncertainty),
            range_value=used.full_scale if used is not None and (wanted or model.range_query) else None,
        )

    def _find_range(
        self, function: MeterFunction, model: MeterFunctionModel, range_value: float | None
    ) -> MeterRange | None:
        if range_value is None:
            if model.auto is not None or len(model.ranges) == 1:
                return None if model.auto is not None else model.ranges[0]
            if any(one.argument for one in model.ranges):
                raise OutOfRange(f"{self.link.label} has no autorange for {function}; give one of {_listed(model)}")
            return None
        for one in model.ranges:
            if math.isclose(one.full_scale, range_value, rel_tol=1e-6) and (one.argument or len(model.ranges) == 1):
                return one
        raise OutOfRange(
            f"{self.link.label} has no range of {range_value:g} {METER_UNITS[function]} for {function}; "
            f"it has {_listed(model)}"
        )

    def _confirm(self, function: MeterFunction, expected: str) -> None:
        told = self.link.ask("function").strip('"').upper()
        if told != expected.upper():
            raise InstrumentRefused(
                f"{self.link.label} was set to {function} but says {told!r}; unlock its front panel and try again"
            )

    def _range_in_use(self, model: MeterFunctionModel, value: float) -> MeterRange | None:
        if model.range_query is not None:
            told = self.link.ask_number(model.range_query)
            return next((one for one in model.ranges if math.isclose(one.full_scale, told, rel_tol=1e-6)), None)
        # Without a query: the smallest range that can hold the value, as autorange would choose.
        fitting = (one for one in model.ranges if one.full_scale >= model.auto_minimum)
        return next((one for one in fitting if abs(value) <= one.full_scale * 1.2), None)

    def _uncertainty(self, model: MeterFunctionModel, used: MeterRange, value: float) -> float | None:
        at = abs(value) if model.accuracy_by == "reading" else self._signal_frequency_hz
        accuracy = find_accuracy(used.accuracy, at)
        return None if accuracy is None else accuracy.standard_uncertainty(value, used.full_scale, self._ambient_c)


def _listed(model: MeterFunctionModel) -> str:
    return ", ".join(f"{one.full_scale:g}" for one in model.ranges)
