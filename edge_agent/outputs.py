"""The outputs that an interrupted run may have left on: which they are, and those that cannot be switched off."""

from collections.abc import Iterable
from contextlib import ExitStack

from edge_agent.kinds import drives
from edge_agent.rack import Lease, LeaseRefused, Rack, RackError, says
from protocols.messages.records import InstrumentStatus


def driven(instruments: Iterable[InstrumentStatus]) -> tuple[str, ...]:
    """Return the roles of a run whose instruments drive something, as the run's first record has them."""
    return tuple(one.role for one in instruments if drives(one.profile))


def make_safe(rack: Rack, roles: Iterable[str], holder: str) -> dict[str, str]:
    """Switch the outputs of ``roles`` off, side by side; return role and words of each that could not be.

    Blocks for some seconds. One that a person or another run controls is left to them.
    """
    failures: dict[str, str] = {}
    leases: dict[str, Lease] = {}
    with ExitStack() as held:
        for role in roles:
            try:
                leases |= held.enter_context(rack.leased([role], holder))
            except LeaseRefused:
                continue
            except RackError as error:  # the role is no longer in the configuration
                failures[role] = says(error)
        return failures | rack.safe_state(leases)
