"""One function per command on tickets that have been taken in. ``apply`` is the only place where a state changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.aftercare import service as aftercare
from hub.aftercare import warranty
from hub.complaints import effects as complaints
from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.dispatch.judging import judgement
from hub.events import service as events
from hub.fleet import service as fleet
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.identity.segregation import as_seen_by
from hub.repairs import effects
from hub.repairs import proofs as repairs
from hub.tickets import actions, completeness, intake, queries, refunds, remarks
from hub.tickets.details import Details
from hub.tickets.guards import Facts
from hub.tickets.items import Item
from hub.tickets.kinds import ON_BENCH, OPEN, Channel, Kind, State
from hub.tickets.models import Ticket
from hub.tickets.schemas import ActionIn, Assignment
from hub.tickets.states import ADDRESSES, TABLES, action_words

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
        "zh-CN": "工单 {ticket} 当前为{state}，不能执行{action}；可执行：{possible}。",
    },
)
ACTION_GUARDED = ProblemType(
    "action-guarded",
    409,
    {"en": "Something is missing for this action", "zh-CN": "操作条件不满足"},
    {"en": "{action} of ticket {ticket}: {reason}.", "zh-CN": "工单 {ticket} 执行{action}：{reason}。"},
)


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
    writes = wanted.model_dump(exclude_none=True)
    if wanted.priority is not None:
        writes |= {"priority_pinned": True, "priority_reasons": ["manual"]}
    person = writes.pop("person", None)
    action = "move" if ticket.state in {State.IN_PROGRESS, State.WAITING} else "assign"
    apply(session, ticket, action, actor, writes=writes, details={"person": person} if person else None)
    return ticket


def act(session: Session, actor: Actor, public_id: str, wanted: ActionIn) -> Ticket:
    """Take one action with its note and details."""
    ticket = get(session, actor, public_id, for_update=True)
    action = wanted.action
    place = ADDRESSES.get(action)
    if place is not None:
        shown = place if place.startswith("/") else f"…/{place}"
        reason = {"en": f"there is an address for it: {shown}", "zh-CN": f"请使用 {shown}"}
        called = action_words(action, ticket.kind)
        raise Problem(ACTION_GUARDED, ticket=ticket.public_id, action=called, reason=reason)
    facts: dict[str, Any] = {}
    writes: dict[str, Any] = {"bench": None} if action == "unassign" else {}
    if action == "submit" and ticket.state == State.DRAFT and actor.may(Permission.TICKET_CREATE):
        channel = Channel(ticket.channel) if ticket.channel else None
        there = completeness.given_by(session, ticket)
        completeness.require(intake.in_force(session), Kind(ticket.kind), channel, there)
        if not ticket.priority_pinned:
            writes |= judgement(session, ticket)
        facts = {"priority": writes.get("priority", ticket.priority)}
    if action == "rejudge":
        writes = {**judgement(session, ticket), "priority_pinned": False}
    details = {"note": wanted.note, "details": wanted.details, **facts}
    apply(session, ticket, action, actor, details=details, writes=writes, asked=True)
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
    asked: bool = False,
) -> int:
    """Move ``ticket`` by ``action``: table, permission, details, guards; then state and event in one transaction.

    Returns the event's number.

    ``writes`` are new values of fields that the transition lets the action change. In ``details``, ``note`` and
    ``details`` are what people wrote: they go into the event's remark, but for the facts that ``actions`` names; the
    rest goes into the event. ``asked``: a person waits for the answer and can be asked for words that are missing; what
    a bench did offline has been done. Raises the action-not-possible, forbidden, action-details-wrong or action-guarded
    problem before anything is written.
    """
    table = TABLES[Kind(ticket.kind)]
    before = State(ticket.state)
    row = table.find(before, action)
    if row is None:
        raise _not_possible(ticket, action)
    actor.require(row.permission)
    told = dict(details or {})
    note, words = told.pop("note", None), told.pop("details", None)
    called = table.action_words(action)
    checked = actions.checked(action, words, called)
    if asked:
        actions.require_sense(action, checked, note, words, called)
    found = facts_of(session, ticket, actor) if row.guards else None
    reason = next((words for guard in row.guards if found and (words := guard(found)) is not None), None)
    if reason is not None:
        raise Problem(ACTION_GUARDED, ticket=ticket.public_id, action=called, reason=reason)
    effect, more = effects.of_action(session, ticket, actor, checked, occurred_at or now())
    of_complaint, more_of_it = complaints.of_action(session, ticket, actor, action, checked, at=occurred_at or now())
    effect, more = {**effect, **of_complaint}, {**more, **more_of_it}
    changes = {**(checked.writes() if checked else {}), **more, **(writes or {})}
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
    if after is State.CLOSED:
        aftercare.closed(session, ticket)
    if "root_cause" in changes:
        warranty.recognise(session, ticket)
    facts, remark = _facts_and_words(checked, note, words)
    if action in {"propose", "approve", "preapprove", "repaired", "upgraded"}:
        facts["by"] = actor.person
    if action in {"handed_over", "close"} and found is not None:
        facts |= {"evidence": found.evidence} if found.evidence else {"test_waived": ticket.test_waived}
    payload = {**told, **facts, **effect, **_shown_changes(changes), "from": before.value, "to": after.value}
    if remark:
        payload |= remarks.add(session, ticket, remark)
    return events.append(session, actor, f"ticket.{action}", ticket.record, payload, occurred_at=occurred_at)


def possible(ticket: Ticket, action: str) -> bool:
    """Whether the ticket's table has the action in its state."""
    return TABLES[Kind(ticket.kind)].find(State(ticket.state), action) is not None


def require_possible(ticket: Ticket, action: str, state: State | None = None) -> None:
    """Raise the action-not-possible problem unless the ticket's table has the action, and it is in ``state``."""
    if state not in {None, State(ticket.state)} or not possible(ticket, action):
        raise _not_possible(ticket, action)


def _not_possible(ticket: Ticket, action: str) -> Problem:
    """Say what would be possible; an action that this kind does not have is called what another kind calls it."""
    said = TABLES[Kind(ticket.kind)].refusal(State(ticket.state), action)
    said["action"] = action_words(action, ticket.kind)
    return Problem(ACTION_NOT_POSSIBLE, ticket=ticket.public_id, **said)


def facts_of(session: Session, ticket: Ticket, actor: Actor) -> Facts:
    """Return what guards look at."""
    proposal = queries.newest_event(session, ticket.record, "ticket.propose")
    approval = queries.newest_event(session, ticket.record, "ticket.approve") if proposal else None
    absent: tuple[Item, ...] = ()
    if ticket.state == State.DRAFT:
        channel = Channel(ticket.channel) if ticket.channel else None
        policy = intake.in_force(session)
        absent = intake.missing(policy, Kind(ticket.kind), channel, completeness.given_by(session, ticket))
    proof = repairs.proof(session, ticket)

    decision = proposal.payload.get("decision") if proposal is not None else None
    twice = refunds.of_same_purchase(session, ticket) if refunds.gives(proposal) else None

    def seen(person: str | None) -> str | None:
        return person and as_seen_by(session, actor, person)

    return Facts(
        test_objection=proof.evidence.objection,
        evidence=proof.evidence.told(),
        test_waived=ticket.test_waived,
        approval=ticket.approval,
        root_cause=ticket.root_cause,
        given_back=proof.given_back,
        worked_by=proof.worked_by and (as_seen_by(session, actor, proof.worked_by[0]), proof.worked_by[1]),
        missing_intake=absent,
        proposed_by=seen(proposal.payload.get("by") if proposal else None),
        approved_by=seen(approval.payload.get("by") if approval else None),
        refund=decision == "refund",
        refusal=decision == "refuse",
        refunded_with=twice.public_id if twice else None,
        proof_numbered=refunds.has_number(ticket.proof_number),
        actor=actor.person,
        actor_name=actor.name,
        complaint=complaints.facts_of(session, ticket, actor),
    )


def _facts_and_words(checked: Details | None, note: Any, words: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what goes into the event from what people wrote."""
    remark: dict[str, Any] = {"note": note} if note else {}
    if checked is not None:
        facts, said = checked.told()
        return facts, {**said, **remark}
    return {}, {**remark, "details": words} if words else remark


_PERSONAL = frozenset({"contact_name", "contact_phone", "contact_email", "symptom", "appearance", "accessories"})


def _shown_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event says of changed fields: of those that can hold personal data, that they changed."""
    shown = {name: value for name, value in changes.items() if name not in _PERSONAL}
    hidden = sorted(_PERSONAL & changes.keys())
    return {**shown, "changed": hidden} if hidden else shown
