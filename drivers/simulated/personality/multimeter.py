"""A SCPI multimeter by its declaration."""

import math
from collections.abc import Mapping

from drivers.capabilities import MeterFunction
from drivers.meters import METER_UNITS
from drivers.scpi.model import Value
from drivers.scpi.multimeter_model import MeterFunctionModel, MeterRange, ScpiMultimeterProfile
from drivers.simulated.personality.base import ScpiPersonality, number
from drivers.simulated.personality.grammar import OUT_OF_RANGE, UNDEFINED_HEADER, Call
from drivers.simulated.personality.instrument_classes import STANDARD_NAMES, CommonCommands, MeterCommands
from drivers.simulated.personality.values import beginning, meter_value
from drivers.simulated.scpi_device import Answer
from drivers.simulated.wiring import Wiring
from protocols.scpi import ScpiError
from protocols.scpi_program import matches_mnemonic, parse_parameter

OVER_RANGE = 1.2
DIGITS = 7


class MultimeterPersonality(ScpiPersonality[ScpiMultimeterProfile]):
    """Each declared function selects what is measured at the probe; beyond its range it answers an overload."""

    def __init__(self, profile: ScpiMultimeterProfile, wiring: Wiring, name: str = "meter") -> None:
        super().__init__(profile, wiring, name)
        self._probe = wiring.probe(name, beginning(wiring))
        self._function = next(iter(profile.functions))
        self._range: MeterRange | None = None
        self._used: MeterRange | None = None

    def _carry_out(self, call: Call) -> Answer:
        for function, model in self.profile.functions.items():
            if call.name == model.select:
                self._function, self._range = function, self._range_of(model, call.values)
                return None
            if call.name == model.read:
                return number(self._reading())
            if call.name == model.range_query:
                return number(self._in_use().full_scale)
        return super()._carry_out(call)

    def on_function(self) -> Answer:
        """Tell the function in force, as the profile expects it."""
        return f'"{self._model.confirm or self._function}"'

    def common_commands(self) -> CommonCommands:
        """Return those of a multimeter."""
        return MeterCommands(self, self.switch_off)

    def select(self, function: MeterFunction, range_text: str) -> None:
        """Choose a function that the profile has, and its range."""
        model = self.profile.functions.get(function)
        if model is None:
            raise ScpiError(f"no function {function}", UNDEFINED_HEADER)
        self._function, self._range = function, self._range_of(model, {"range": range_text})

    def function_name(self) -> str:
        """Return the function in force as the standard calls it."""
        return STANDARD_NAMES.get(self._function, str(self._function))

    def reading(self) -> str:
        """Measure, and answer in the form of every query."""
        return number(self._reading())

    @property
    def _model(self) -> MeterFunctionModel:
        return self.profile.functions[self._function]

    def _range_of(self, model: MeterFunctionModel, values: Mapping[str, Value]) -> MeterRange | None:
        given = str(values.get("range", "")).upper()
        if not given or (model.auto is not None and given == model.auto.upper()):
            return None
        for one in model.ranges:
            if one.argument.upper() == given:
                return one
        if matches_mnemonic("DEFault", given) and model.auto is not None:
            return None
        scales = [one.full_scale for one in model.ranges]
        ends = {"MINimum": min(scales), "MAXimum": max(scales)}
        wanted = abs(parse_parameter(given).number(METER_UNITS[self._function], names=ends))
        for one in model.ranges:
            if wanted <= one.full_scale * (1 + 1e-9):
                return one
        raise ScpiError(f"{given} is above the highest range", OUT_OF_RANGE)

    def _in_use(self) -> MeterRange:
        return self._used or self._range or self._model.ranges[0]

    def _reading(self) -> float:
        value = meter_value(self._probe, MeterFunction(self._function))
        fitting = [one for one in self._model.ranges if one.full_scale >= self._model.auto_minimum]
        chosen = self._range or next(
            (one for one in fitting if abs(value) <= one.full_scale), max(fitting, key=lambda one: one.full_scale)
        )
        self._used = chosen
        counted = self._function in (MeterFunction.FREQUENCY, MeterFunction.PERIOD, MeterFunction.TEMPERATURE)
        if not math.isfinite(value) or (abs(value) > chosen.full_scale * OVER_RANGE and not counted):
            overload = self.profile.overload_from if self.profile.overload_from < 9e37 else 9.9e37
            return math.copysign(overload * 1.0001 if overload < 9e37 else overload, value)
        step = 10.0 ** (math.floor(math.log10(chosen.full_scale)) - DIGITS + 1)
        return round(value / step) * step
