"""A ticket's events as the facts that its clocks look at."""

from collections.abc import Iterable, Iterator

from hub.events.models import Event
from hub.sla.documents import WaitingFor
from hub.sla.facts import Fact, What

FACT_OF_EVENT: dict[str, What] = {
    "ticket.created": What.CREATED,
    "ticket.submit": What.CREATED,
    "ticket.taken": What.RESPONDED,
    "ticket.arrived": What.RESPONDED,
    "ticket.promise": What.RESPONDED,
    "ticket.answer": What.ANSWERED,
    "ticket.propose_remedy": What.ANSWERED,
    "ticket.feedback": What.ANSWERED,
    "ticket.dispute": What.FEEDBACK,
    "ticket.reopen": What.FEEDBACK,
    "ticket.wait": What.PAUSED,
    "ticket.propose_plan": What.PAUSED,
    "ticket.resume": What.RESUMED,
    "ticket.approve_plan": What.RESUMED,
    "ticket.decline_plan": What.RESUMED,
    "ticket.inform": What.RESOLVED,
    "ticket.handed_over": What.RESOLVED,
    "ticket.close": What.RESOLVED,
    "ticket.cancel": What.CANCELLED,
    "ticket.discard": What.CANCELLED,
    "major.declared": What.MAJOR_DECLARED,
    "major.team_formed": What.TEAM_FORMED,
    "major.update": What.UPDATE_GIVEN,
    "major.ended": What.MAJOR_ENDED,
    "ticket.merge": What.CANCELLED,
}
"""What each kind of event means to a clock. A new action of tickets that a clock should see is added here.

``PAUSED`` takes ``waiting_for`` from the event's payload. Besides, any event with a ``priority`` in its payload changes
the priority.
"""


def facts(events: Iterable[Event]) -> Iterator[Fact]:
    """Give the facts in ``events``, a ticket's, the oldest first."""
    for event in events:
        what = FACT_OF_EVENT.get(event.kind)
        priority = event.payload.get("priority")
        if what is What.CREATED:
            yield Fact(what, event.occurred_at, priority=priority)
            continue
        if isinstance(priority, int):
            yield Fact(What.PRIORITY_CHANGED, event.occurred_at, priority=priority)
        if what is What.PAUSED:
            yield Fact(what, event.occurred_at, waiting_for=WaitingFor(event.payload["waiting_for"]))
        elif what is not None:
            yield Fact(what, event.occurred_at)
