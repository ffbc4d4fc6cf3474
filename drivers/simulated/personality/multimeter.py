"""A SCPI multimeter by its declaration."""

import math

from drivers.capabilities import MeterFunction
from drivers.meters import METER_UNITS
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
        self._chosen: dict[MeterFunction, MeterRange | None] = {}
        self._used: dict[MeterFunction, MeterRange] = {}

    def _carry_out(self, call: Call) -> Answer:
        for function, model in self.profile.functions.items():
            if call.name == model.select:
                self.select(function, str(call.values.get("range", "")))
                return None
            if call.name == model.read:
                return number(self._reading())
            if call.name == model.range_query:
                return self.range_in_use(function)
        return super()._carry_out(call)

    def on_function(self) -> Answer:
        """Tell the function in force, as the profile expects it."""
        return f'"{self._model.confirm or self._function}"'

    def common_commands(self) -> CommonCommands:
        """Return those of a multimeter."""
        return MeterCommands(self, self.switch_off)

    def select(self, function: MeterFunction, range_text: str) -> None:
        """Choose a function that the profile has, and its range."""
        self.set_range(function, range_text)
        self._function = function

    def set_range(self, function: MeterFunction, range_text: str) -> None:
        """Choose the range of a function, which need not be the one in force."""
        self._chosen[function] = self._range_of(function, range_text.upper())
        self._used.pop(function, None)

    def range_in_use(self, function: MeterFunction) -> str:
        """Tell the range of a function: that of its last reading, or the one that was chosen."""
        model = self._model_of(function)
        return number((self._used.get(function) or self._chosen.get(function) or model.ranges[0]).full_scale)

    def is_automatic(self, function: MeterFunction) -> bool:
        """Tell whether a function finds its range by itself."""
        return self._chosen.get(function) is None

    def function_name(self) -> str:
        """Return the function in force as the standard calls it."""
        return STANDARD_NAMES.get(self._function, str(self._function))

    def reading(self) -> str:
        """Measure, and answer in the form of every query."""
        return number(self._reading())

    @property
    def _model(self) -> MeterFunctionModel:
        return self.profile.functions[self._function]

    def _model_of(self, function: MeterFunction) -> MeterFunctionModel:
        if function not in self.profile.functions:
            raise ScpiError(f"no function {function}", UNDEFINED_HEADER)
        return self.profile.functions[function]

    def _range_of(self, function: MeterFunction, given: str) -> MeterRange | None:
        model = self._model_of(function)
        if not given or (model.auto is not None and given == model.auto.upper()):
            return None
        for one in model.ranges:
            if one.argument.upper() == given:
                return one
        if matches_mnemonic("DEFault", given) and model.auto is not None:
            return None
        scales = [one.full_scale for one in model.ranges]
        ends = {"MINimum": min(scales), "MAXimum": max(scales)}
        wanted = abs(parse_parameter(given).number(METER_UNITS[function], names=ends))
        for one in model.ranges:
            if wanted <= one.full_scale * (1 + 1e-9):
                return one
        raise ScpiError(f"{given} is above the highest range", OUT_OF_RANGE)

    def _reading(self) -> float:
        value = meter_value(self._probe, MeterFunction(self._function))
        fitting = [one for one in self._model.ranges if one.full_scale >= self._model.auto_minimum]
        chosen = self._chosen.get(self._function) or next(
            (one for one in fitting if abs(value) <= one.full_scale), max(fitting, key=lambda one: one.full_scale)
        )
        self._used[self._function] = chosen
        counted = self._function in (MeterFunction.FREQUENCY, MeterFunction.PERIOD, MeterFunction.TEMPERATURE)
        if not math.isfinite(value) or (abs(value) > chosen.full_scale * OVER_RANGE and not counted):
            overload = self.profile.overload_from if self.profile.overload_from < 9e37 else 9.9e37
            return math.copysign(overload * 1.0001 if overload < 9e37 else overload, value)
        step = 10.0 ** (math.floor(math.log10(chosen.full_scale)) - DIGITS + 1)
        return round(value / step) * step
