"""The scanner: which test points are joined to the instruments."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from edge_agent.plans.actions.base import TEXT, Action, Context, Field, Result
from edge_agent.plans.model import Strict
from edge_agent.plans.units import Seconds, default

Channel = Annotated[int, Meta(ge=1, le=256)]


class SelectParameters(Strict, frozen=True):
    """The channels to be closed (none: all open); ``settle`` is waited after switching."""

    channels: Annotated[tuple[Channel, ...], Meta(max_length=64)] = ()
    settle: Seconds = default(Seconds(0.05))


class Select(Action[SelectParameters]):
    """Join test points."""

    name = "scanner.select"
    kind = "scanner"
    parameters = SelectParameters
    summary = "Close exactly these channels of the scanner; all others are opened first, and the result is read back."

    def fields(self, parameters: SelectParameters) -> Mapping[str, Field]:  # noqa: ARG002
        """Give the closed channels as text."""
        return {"closed": TEXT}

    def run(self, context: Context, parameters: SelectParameters) -> Result:
        """Switch, and wait."""
        context.call(lambda scanner: scanner.select(parameters.channels))
        context.settle(parameters.settle)
        return Result({"closed": ", ".join(str(channel) for channel in sorted(set(parameters.channels))) or "none"})
