"""One function per command on tickets. ``apply`` is the only place where a state changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.i18n import Words
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.events.models import Event
from hub.fleet import service as fleet
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.measurements import runs
from hub.tickets import queries
from hub.tickets.models import Ticket
from hub.tickets.schemas import Assignment, NewTicket
from hub.tickets.states import ON_BENCH, OPEN, TABLES, Facts, Kind, State

TICKET_NOT_FOUND = ProblemType(
    "ticket-not-found",
    404,
    {"en": "No such ticket", "zh-CN": "工单不存在"},
    {"en": "There is no ticket {ticket} that you may see.", "zh-CN": "没有您可查看的工单 {ticket}。"},
)
ACTION_NOT_POSSIBLE = ProblemType(
    "action-not-possible",
    409,
    {"en": "The ticket's state does not allow this", "zh-CN": "工单当前状态不允许该操作"},
    {
        "en": "Ticket {ticket} is {state}: {action} is not possible there; possible: {possible}.",
        "zh-CN": "工单 {ticket} 当前为 {state}，不能执行 {action}；可执行：{possible}。",
    },
)
ACTION_GUARDED = ProblemType(
    "action-guarded",
    409,
    {"en": "Something is missing for this action", "zh-CN": "操作条件不满足"},
    {"en": "{action} of ticket {ticket}: {reason}.", "zh-CN": "工单 {ticket} 执行 {action}：{reason}。"},
)


def create(session: Session, actor: Actor, wanted: NewTicket) -> Ticket:
    """Take in a ticket in the first state of its kind."""
    actor.require(Permission.TICKET_CREATE)
    at = now()
    ticket = Ticket(
        kind=wanted.kind.value,
        state=TABLES[wanted.kind].initial.value,
        priority=wanted.priority,
        model=wanted.device.model,
        serial=wanted.device.serial,
        symptom=wanted.symptom,
        plan=wanted.plan,
        created_at=at,
        updated_at=at,
    )
    if wanted.contact is not None:
        ticket.contact_name = wanted.contact.name
        ticket.contact_phone = wanted.contact.phone
        ticket.contact_email = wanted.contact.email
    session.add(ticket)
    session.flush()
    facts = {
        "kind": ticket.kind,
        "model": ticket.model,
        "serial": ticket.serial,
        "priority": ticket.priority,
        "to": ticket.state,
    }
    events.append(session, actor, "ticket.created", ticket.record, facts)
    return ticket


def get(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> Ticket:
    """Return a ticket that ``actor`` may see and read; raise not-found before forbidden."""
    ticket = queries.visible_ticket(session, actor, public_id, for_update=for_update)
    if ticket is None:
        raise Problem(TICKET_NOT_FOUND, ticket=public_id[:40])
    actor.require(Permission.TICKET_READ)
    return ticket


def assign(session: Session, actor: Actor, public_id: str, wanted: Assignment) -> Ticket:
    """Put a ticket on a bench's worklist (T4); the bench must be known."""
    ticket = get(session, actor, public_id, for_update=True)
    actor.require(Permission.TICKET_ASSIGN)
    fleet.get(session, wanted.bench)
    apply(session, ticket, "assign", actor, writes=wanted.model_dump(exclude_none=True))
    return ticket


def act(session: Session, actor: Actor, public_id: str, action: str, note: str | None = None) -> Ticket:
    """Take one action that needs no more than a note."""
    ticket = get(session, actor, public_id, for_update=True)
    writes: dict[str, Any] = {"bench": None} if action == "unassign" else {}
    if action == "assign":
        raise Problem(
            ACTION_GUARDED,
            ticket=ticket.public_id,
            action=action,
            reason={"en": "name the bench, at …/assignment", "zh-CN": "请在 …/assignment 指定工位"},
        )
    apply(session, ticket, action, actor, details={"note": note} if note else {}, writes=writes)
    return ticket


def apply(
    session: Session,
    ticket: Ticket,
    action: str,
    actor: Actor,
    *,
    details: Mapping[str, Any] | None = None,
    writes: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
) -> Event:
    """Move ``ticket`` by ``action``: table, then permission, then guards; then state and event in one transaction.

    ``writes`` are new values of fields that the transition lets the action change; ``details`` go into the event.
    Raises the action-not-possible, forbidden or action-guarded problem before anything is written.
    """
    table = TABLES[Kind(ticket.kind)]
    before = State(ticket.state)
    row = table.find(before, action)
    if row is None:
        possible = ", ".join(one.action for one in table.offered(before)) or "–"
        raise Problem(ACTION_NOT_POSSIBLE, ticket=ticket.public_id, state=before, action=action, possible=possible)
    actor.require(row.permission)
    reason = _first_objection(session, ticket, row.guards) if row.guards else None
    if reason is not None:
        raise Problem(ACTION_GUARDED, ticket=ticket.public_id, action=action, reason=reason)
    changes = dict(writes or {})
    if not changes.keys() <= row.writes:
        raise ValueError(f"{action} may not write {sorted(changes.keys() - row.writes)}")

    old_bench = ticket.bench
    at = now()
    after = row.target or before
    ticket.state = after.value
    ticket.updated_at = at
    if after not in OPEN:
        ticket.closed_at = at
    for name, value in changes.items():
        setattr(ticket, name, value)
    session.flush()
    if (after is not before or changes) and (before in ON_BENCH or after in ON_BENCH):
        for bench in sorted({old_bench, ticket.bench} - {None}, key=str):
            fleet.worklist_changed(session, str(bench))
    payload = {**(details or {}), **changes, "from": before.value, "to": after.value}
    return events.append(session, actor, f"ticket.{action}", ticket.record, payload, occurred_at=occurred_at)


def _first_objection(session: Session, ticket: Ticket, guards: tuple[Any, ...]) -> Words | None:
    facts = Facts(last_run_outcome=runs.last_finished_outcome(session, ticket.public_id, ticket.bench, ticket.serial))
    for guard in guards:
        reason: Words | None = guard(facts)
        if reason is not None:
            return reason
    return None
