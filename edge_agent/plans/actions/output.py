"""Switching an output, the same for all instruments that have one."""

from collections.abc import Callable
from typing import Any

from edge_agent.plans.actions.base import Action, Context, Live, Result
from edge_agent.plans.model import Strict
from edge_agent.plans.units import Seconds, default


class OutputParameters(Strict, frozen=True):
    """``settle`` is waited after switching."""

    on: bool
    channel: int = 1
    settle: Seconds = default(Seconds(0.0))


class SwitchOutput(Action[OutputParameters]):
    """Switch a channel's output; a subclass says of what."""

    parameters = OutputParameters
    summary = "Switch a channel's output on or off."

    def run(self, context: Context, parameters: OutputParameters) -> Result:
        """Switch it."""
        context.call(lambda instrument: instrument.output(parameters.channel, parameters.on))
        context.settle(parameters.settle, self.look(parameters.channel))
        return Result()

    def look(self, channel: int) -> Callable[[Any], Live] | None:  # noqa: ARG002 - a generator tells nothing
        """Return what reads the channel while it settles, ``None`` where the instrument measures nothing."""
        return None
