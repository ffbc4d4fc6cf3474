"""One function per command on escalations. ``apply`` is the only place where a state changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.escalations import queries
from hub.escalations.models import Escalation
from hub.escalations.states import TABLE, State
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.sla.documents import Level
from hub.tickets import remarks
from hub.tickets import service as tickets
from hub.tickets.models import Ticket

ESCALATION_NOT_FOUND = ProblemType(
    "escalation-not-found",
    404,
    {"en": "No such escalation", "zh-CN": "升级单不存在"},
    {"en": "There is no escalation {escalation} that you may see.", "zh-CN": "没有您可查看的升级单 {escalation}。"},
)
ESCALATION_OVER = ProblemType(
    "escalation-over",
    409,
    {"en": "The escalation's state does not allow this", "zh-CN": "升级单当前状态不允许该操作"},
    {
        "en": "{escalation} is {state}: {action} is not possible there; possible: {possible}.",
        "zh-CN": "{escalation} 当前为{state}，不能执行{action}；可执行：{possible}。",
    },
)


def raise_by_clock(
    session: Session, actor: Actor, ticket: Ticket, level: Level, facts: Mapping[str, Any], *, occurred_at: datetime
) -> Escalation:
    """Bring in the next level because a clock has passed its mark (``facts`` are those of the clock)."""
    return _raise(session, actor, ticket, level, {**facts, "by": "clock"}, occurred_at=occurred_at)


def raise_by_hand(session: Session, actor: Actor, public_id: str, level: Level, reason: str) -> Escalation:
    """Bring in the next level because somebody asks for it."""
    ticket = tickets.get(session, actor, public_id)
    actor.require(Permission.ESCALATION_RAISE)
    facts = {"by": "hand", "clock": None, **remarks.add(session, ticket, {"reason": reason})}
    return _raise(session, actor, ticket, level, facts)


def get(session: Session, actor: Actor, public_id: str) -> tuple[Escalation, Ticket]:
    """Return an escalation and its ticket; raise not-found before forbidden."""
    found = queries.escalation(session, actor, public_id)
    if found is None:
        raise Problem(ESCALATION_NOT_FOUND, escalation=public_id[:40])
    actor.require(Permission.ESCALATION_READ)
    return found


def acknowledge(session: Session, actor: Actor, public_id: str) -> tuple[Escalation, Ticket]:
    """Say that the level has it in hand."""
    found, ticket = get(session, actor, public_id)
    writes = {"acknowledged_by": actor.person, "acknowledged_at": now()}
    apply(session, found, ticket, "acknowledge", actor, writes=writes)
    return found, ticket


def answer(session: Session, actor: Actor, public_id: str, words: str) -> tuple[Escalation, Ticket]:
    """Say what is to be done."""
    found, ticket = get(session, actor, public_id)
    writes = {"answered_by": actor.person, "answered_at": now()}
    apply(session, found, ticket, "answer", actor, writes=writes, words={"answer": words})
    return found, ticket


def apply(
    session: Session,
    escalation: Escalation,
    ticket: Ticket,
    action: str,
    actor: Actor,
    *,
    writes: Mapping[str, Any],
    words: Mapping[str, Any] | None = None,
) -> None:
    """Move an escalation by the table; state and event in one transaction. Management answers what is management's."""
    before = State(escalation.state)
    row = TABLE.find(before, action)
    if row is None:
        raise Problem(ESCALATION_OVER, escalation=escalation.public_id, **TABLE.refusal(before, action))
    actor.require(row.permission)
    if escalation.level == Level.MANAGEMENT:
        actor.require(Permission.ESCALATION_MANAGE)
    if not writes.keys() <= row.writes:
        raise ValueError(f"{action} may not write {sorted(writes.keys() - row.writes)}")
    escalation.state = (row.target or before).value
    for name, value in writes.items():
        setattr(escalation, name, value)
    session.flush()
    facts = {"escalation": escalation.public_id, "level": escalation.level, "from": before, "to": escalation.state}
    if words:
        facts |= remarks.add(session, ticket, words)
    events.append(session, actor, f"escalation.{row.target or action}", ticket.record, facts)


def _raise(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    level: Level,
    facts: Mapping[str, Any],
    *,
    occurred_at: datetime | None = None,
) -> Escalation:
    escalation = Escalation(
        ticket_id=ticket.id,
        level=level.value,
        cause=facts["by"],
        clock=facts["clock"],
        state=TABLE.initial.value,
        raised_by=actor.person,
        raised_at=occurred_at or now(),
    )
    session.add(escalation)
    session.flush()
    payload = {"escalation": escalation.public_id, "level": level.value, **facts}
    events.append(session, actor, "escalation.raised", ticket.record, payload, occurred_at=occurred_at)
    return escalation
