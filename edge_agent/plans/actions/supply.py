"""The bench power supply: set up, switch, read back, switch off and on again."""

from collections.abc import Callable, Mapping
from typing import Any

from drivers.capabilities import PowerSupply
from edge_agent.plans.actions.base import FLAG, Action, Context, Field, Live, Result
from edge_agent.plans.actions.output import SwitchOutput
from edge_agent.plans.model import Strict
from edge_agent.plans.units import Amperes, Seconds, Volts, default
from protocols.quantity import format_value


def _look(channel: int) -> Callable[[PowerSupply], Live]:
    """Return what reads a channel while the device settles: asking a supply changes nothing at its terminals."""

    def look(supply: PowerSupply) -> Live:
        reading = supply.read(channel)
        voltage, current = reading.voltage, reading.current
        words = f"{format_value(voltage.value, voltage.unit, 4)}  {format_value(current.value, current.unit, 4)}"
        return words, {"voltage": voltage, "current": current, "current_limited": reading.current_limited}

    return look


class ConfigureParameters(Strict, frozen=True):
    """Voltage and current limit of one channel."""

    voltage: Volts
    current_limit: Amperes
    channel: int = 1


class Configure(Action[ConfigureParameters]):
    """Set voltage and current limit."""

    name = "supply.configure"
    kind = "supply"
    parameters = ConfigureParameters
    summary = "Set voltage and current limit of a channel; the output stays as it is."

    def run(self, context: Context, parameters: ConfigureParameters) -> Result:
        """Set it."""
        context.call(
            lambda supply: supply.configure(
                parameters.channel,
                voltage_v=float(parameters.voltage),
                current_limit_a=float(parameters.current_limit),
            ),
        )
        return Result()


class Output(SwitchOutput):
    """Switch the supply's output."""

    name = "supply.output"
    kind = "supply"

    def look(self, channel: int) -> Callable[[Any], Live]:
        """Read back what the device takes."""
        return _look(channel)


class ReadParameters(Strict, frozen=True):
    """Which channel; ``settle`` is waited first."""

    channel: int = 1
    settle: Seconds = default(Seconds(0.0))


class Read(Action[ReadParameters]):
    """Read back what the device takes."""

    name = "supply.read"
    kind = "supply"
    parameters = ReadParameters
    summary = "Read back voltage, current, and whether the supply limits the current."

    def fields(self, parameters: ReadParameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give voltage, current and two flags."""
        return {"voltage": Field("V"), "current": Field("A"), "output_on": FLAG, "current_limited": FLAG}

    def run(self, context: Context, parameters: ReadParameters) -> Result:
        """Read it."""
        context.settle(parameters.settle, _look(parameters.channel))
        reading = context.call(lambda supply: supply.read(parameters.channel))
        return Result(
            {
                "voltage": reading.voltage,
                "current": reading.current,
                "output_on": reading.output_on,
                "current_limited": reading.current_limited,
            }
        )


class CycleParameters(Strict, frozen=True):
    """How long the output stays off."""

    off: Seconds = default(Seconds(0.5))
    channel: int = 1
    settle: Seconds = default(Seconds(0.0))


class PowerCycle(Action[CycleParameters]):
    """Off and on again."""

    name = "power_cycle"
    kind = "supply"
    parameters = CycleParameters
    summary = "Switch the output off and on again."

    def run(self, context: Context, parameters: CycleParameters) -> Result:
        """Switch off, wait, switch on."""
        context.call(lambda supply: supply.output(parameters.channel, False))
        context.wait(parameters.off)
        context.call(lambda supply: supply.output(parameters.channel, True))
        context.settle(parameters.settle, _look(parameters.channel))
        return Result()
