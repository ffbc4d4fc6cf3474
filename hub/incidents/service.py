"""One function per command on major incidents. ``apply`` is the only place where a state changes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.identity import duties
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.incidents import queries
from hub.incidents.models import MajorIncident
from hub.incidents.states import TABLE, State
from hub.tickets import remarks
from hub.tickets import service as tickets
from hub.tickets.kinds import OPEN
from hub.tickets.kinds import State as TicketState
from hub.tickets.models import Ticket

INCIDENT_NOT_FOUND = ProblemType(
    "major-incident-not-found",
    404,
    {"en": "No major incident", "zh-CN": "没有重大事故"},
    {"en": "Ticket {ticket} was never declared a major incident.", "zh-CN": "工单 {ticket} 未曾宣布为重大事故。"},
)
ALREADY_DECLARED = ProblemType(
    "major-incident-declared",
    409,
    {"en": "It cannot be declared a major incident", "zh-CN": "不能宣布为重大事故"},
    {
        "en": "Ticket {ticket} is closed, or a major incident already.",
        "zh-CN": "工单 {ticket} 已关闭，或已是重大事故。",
    },
)
INCIDENT_STATE = ProblemType(
    "major-incident-state",
    409,
    {"en": "The incident's state does not allow this", "zh-CN": "事故当前状态不允许该操作"},
    {
        "en": "The major incident of {ticket} is {state}: {action} is not possible there; possible: {possible}.",
        "zh-CN": "工单 {ticket} 的重大事故当前为{state}，不能执行{action}；可执行：{possible}。",
    },
)


def declare(session: Session, actor: Actor, public_id: str, reason: str) -> tuple[MajorIncident, Ticket]:
    """Declare a ticket a major incident; from now on its clocks run."""
    ticket = tickets.get(session, actor, public_id, for_update=True)
    actor.require(Permission.INCIDENT_MANAGE)
    before = queries.newest(session, ticket.id)
    ends = ticket.state == TicketState.DRAFT or TicketState(ticket.state) not in OPEN
    if ends or (before is not None and before.ended_at is None):
        raise Problem(ALREADY_DECLARED, ticket=ticket.public_id)
    incident = MajorIncident(ticket_id=ticket.id, state=TABLE.initial.value, declared_at=now())
    session.add(incident)
    session.flush()
    facts = {"incident": incident.public_id, **remarks.add(session, ticket, {"reason": reason})}
    events.append(session, actor, "major.declared", ticket.record, facts)
    return incident, ticket


def get(session: Session, actor: Actor, public_id: str) -> tuple[MajorIncident, Ticket]:
    """Return a ticket's newest major incident; raise not-found before forbidden."""
    ticket = tickets.get(session, actor, public_id)
    incident = queries.newest(session, ticket.id)
    if incident is None:
        raise Problem(INCIDENT_NOT_FOUND, ticket=ticket.public_id)
    actor.require(Permission.ESCALATION_READ)
    return incident, ticket


def form_team(session: Session, actor: Actor, public_id: str, members: list[str]) -> tuple[MajorIncident, Ticket]:
    """Say who is on the team: people of the ticket's store who may see escalations."""
    incident, ticket = get(session, actor, public_id)
    if actor.may(Permission.INCIDENT_MANAGE):
        for place, member in enumerate(members):
            where = f"#/members/{place}"
            duties.require_fit(session, actor, member, ticket.store, Permission.ESCALATION_READ, where=where)
    apply(session, incident, ticket, "team", actor, writes={"team": members}, facts={"team": members})
    return incident, ticket


def update(session: Session, actor: Actor, public_id: str, report: str) -> tuple[MajorIncident, Ticket]:
    """Report how it stands; the next report is due within the policy's time."""
    incident, ticket = get(session, actor, public_id)
    number = incident.updates + 1
    words = {"report": report}
    apply(session, incident, ticket, "update", actor, writes={"updates": number}, facts={"number": number}, words=words)
    return incident, ticket


def end(session: Session, actor: Actor, public_id: str, review: str) -> tuple[MajorIncident, Ticket]:
    """End it with what was learned (C4: 复盘)."""
    incident, ticket = get(session, actor, public_id)
    apply(session, incident, ticket, "end", actor, writes={"ended_at": now()}, words={"review": review})
    return incident, ticket


_EVENTS = {"team": "major.team_formed", "update": "major.update", "end": "major.ended"}


def apply(
    session: Session,
    incident: MajorIncident,
    ticket: Ticket,
    action: str,
    actor: Actor,
    *,
    writes: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
    words: Mapping[str, Any] | None = None,
) -> None:
    """Move a major incident by the table; state and event in one transaction."""
    before = State(incident.state)
    row = TABLE.find(before, action)
    if row is None:
        raise Problem(INCIDENT_STATE, ticket=ticket.public_id, **TABLE.refusal(before, action))
    actor.require(row.permission)
    if not writes.keys() <= row.writes:
        raise ValueError(f"{action} may not write {sorted(writes.keys() - row.writes)}")
    incident.state = (row.target or before).value
    for name, value in writes.items():
        setattr(incident, name, value)
    session.flush()
    payload = {"incident": incident.public_id, **(facts or {})}
    if words:
        payload |= remarks.add(session, ticket, words)
    events.append(session, actor, _EVENTS[action], ticket.record, payload)
