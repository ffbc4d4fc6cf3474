"""Readings of a multimeter."""

import math
from collections.abc import Mapping

from drivers.capabilities import MeterFunction
from drivers.meters import METER_UNITS
from edge_agent.analysis.result import NoAnswer
from edge_agent.plans.actions.base import FLAG, Action, Context, Field, Result, Value
from edge_agent.plans.model import Strict
from edge_agent.plans.units import Amount, Seconds, default
from protocols.quantity import Quantity


class ReadParameters(Strict, frozen=True):
    """``range`` is the full scale (autorange if left out); ``readings`` are averaged; ``settle`` is waited first."""

    function: MeterFunction
    range: Amount | None = None
    readings: int = 1
    settle: Seconds = default(Seconds(0.0))


class Read(Action[ReadParameters]):
    """Mean, smallest and largest of one or several readings."""

    name = "multimeter.read"
    kind = "multimeter"
    parameters = ReadParameters
    summary = "Read a multimeter; value, minimum and maximum of the readings, and whether it showed an overload."

    def problems(self, parameters: ReadParameters) -> list[str]:
        """Check the range's unit and the number of readings."""
        found = []
        unit = METER_UNITS[parameters.function]
        if parameters.range is not None and parameters.range.unit != unit:
            found.append(f"range is in {parameters.range.unit}, but {parameters.function} reads {unit}")
        if not 1 <= parameters.readings <= 1000:
            found.append(f"readings is {parameters.readings}; it must be 1 to 1000")
        return found

    def fields(self, parameters: ReadParameters) -> Mapping[str, Field]:
        """Give the values in the unit of the meter function."""
        number = Field(METER_UNITS[parameters.function])
        return {"value": number, "minimum": number, "maximum": number, "overload": FLAG}

    def run(self, context: Context, parameters: ReadParameters) -> Result:
        """Take the readings one by one, so that each passes the step's deadline."""
        context.settle(parameters.settle)
        range_value = None if parameters.range is None else parameters.range.value
        readings = []
        for _ in range(parameters.readings):
            reading = context.call(lambda meter: meter.read(parameters.function, range_value))
            if reading.overload or not math.isfinite(reading.quantity.value):
                over = NoAnswer(f"{context.role} shows an overload; choose a higher range or check the connection")
                return Result({"value": over, "minimum": over, "maximum": over, "overload": True})
            readings.append(reading.quantity)
            context.progress(
                len(readings) / parameters.readings,
                f"{reading.quantity.value:g} {reading.quantity.unit}",
                {"value": reading.quantity},
            )
        values: dict[str, Value] = {
            "value": _mean(readings),
            "minimum": min(readings, key=lambda one: one.value),
            "maximum": max(readings, key=lambda one: one.value),
            "overload": False,
        }
        return Result(values)


def _mean(readings: list[Quantity]) -> Quantity:
    """Return the mean: specification (fully correlated) and scatter of the mean (GUM 4.2.3) combined."""
    count = len(readings)
    mean = math.fsum(one.value for one in readings) / count
    specified = [one.standard_uncertainty for one in readings if one.standard_uncertainty is not None]
    if len(specified) < count:
        return Quantity(mean, readings[0].unit)
    scatter = 0.0
    if count > 1:
        scatter = math.sqrt(math.fsum((one.value - mean) ** 2 for one in readings) / (count - 1) / count)
    return Quantity(mean, readings[0].unit, math.hypot(max(specified), scatter))
