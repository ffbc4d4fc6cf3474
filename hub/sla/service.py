"""Versions of service level policies, and how a ticket stands against the one that it was created under."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy.orm import Session

from hub.calendars import service as calendars
from hub.core.clock import now
from hub.core.i18n import Words
from hub.identity.actors import Actor
from hub.policies import queries as versions
from hub.policies import service as policies
from hub.policies.loading import load
from hub.policies.models import PolicyVersion
from hub.sla import queries
from hub.sla.clocks import deadlines
from hub.sla.documents import Level, SlaPolicy
from hub.sla.facts import What
from hub.sla.history import facts
from hub.sla.readings import Deadlines
from hub.tickets.models import Ticket

FAMILY = "sla"
CALLED: Words = {"en": "service-level policy", "zh-CN": "服务等级策略"}
STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class TicketDeadlines:
    """A ticket's clocks, and by which documents."""

    policy: str
    policy_version: int
    calendar: str
    deadlines: Deadlines
    doubts: tuple[Words, ...]


def put(
    session: Session, actor: Actor, name: str, number: int, document: SlaPolicy, *, valid_from: datetime | None = None
) -> tuple[PolicyVersion, bool]:
    """Add a version of a policy, for tickets that are created from ``valid_from`` (left out: now) on."""
    content = json.loads(document.model_dump_json(by_alias=True))
    return policies.put(session, actor, (FAMILY, name, number), content, valid_from)


def in_force(session: Session, name: str, at: datetime) -> tuple[PolicyVersion | None, SlaPolicy]:
    """Return the policy for tickets created at a moment; raise the policy-not-found problem."""
    row = policies.in_force(policies.in_order(session, FAMILY, name), at)
    if row is not None:
        return row, versions.document(session, row, SlaPolicy)
    if name != STANDARD:
        raise policies.not_found(CALLED, name)
    return None, _delivered()


def ticket_deadlines(session: Session, ticket: Ticket, at: datetime | None = None) -> TicketDeadlines:
    """Return how a ticket's clocks stand, now or at another moment after its creation."""
    row, policy = in_force(session, STANDARD, ticket.created_at)
    calendar = calendars.calendar(session, calendars.STANDARD)
    happened = list(facts(queries.events_of(session, ticket.record)))
    if any(fact.what is What.CREATED for fact in happened):
        found = deadlines(ticket.kind, happened, policy, calendar, at or now())
    else:  # a draft: no clock runs before it is submitted
        found = Deadlines((), Level.FRONT_LINE, None)
    moments = [ticket.created_at, *(clock.due for clock in found.clocks if clock.due is not None)]
    return TicketDeadlines(
        policy=STANDARD,
        policy_version=row.version if row else 0,
        calendar=calendars.STANDARD,
        deadlines=found,
        doubts=calendar.doubts(min(moments), max(moments)),
    )


@cache
def _delivered() -> SlaPolicy:
    return load(SlaPolicy, Path(__file__).with_name("standard.yaml"))
