"""The signal generator: set a shape, switch the output."""

from drivers.capabilities import Wave
from edge_agent.plans.actions.base import Action, Context, Result
from edge_agent.plans.actions.output import SwitchOutput
from edge_agent.plans.model import Strict
from edge_agent.plans.units import Hertz, Volts, default


class ConfigureParameters(Strict, frozen=True):
    """Shape of one channel; ``amplitude`` is peak to peak."""

    wave: Wave
    frequency: Hertz
    amplitude: Volts
    offset: Volts = default(Volts(0.0))
    channel: int = 1


class Configure(Action[ConfigureParameters]):
    """Set a channel's shape."""

    name = "generator.configure"
    kind = "generator"
    parameters = ConfigureParameters
    summary = "Set shape, frequency, amplitude (peak to peak) and offset of a channel."

    def run(self, context: Context, parameters: ConfigureParameters) -> Result:
        """Set it."""
        context.call(
            lambda generator: generator.configure(
                parameters.channel,
                parameters.wave,
                frequency_hz=float(parameters.frequency),
                amplitude_vpp=float(parameters.amplitude),
                offset_v=float(parameters.offset),
            ),
        )
        return Result()


class Output(SwitchOutput):
    """Switch the generator's output."""

    name = "generator.output"
    kind = "generator"
