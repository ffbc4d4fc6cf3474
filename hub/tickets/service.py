"""One function per command on tickets. ``apply`` is the only place where a state changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.aftercare import service as aftercare
from hub.aftercare import warranty
from hub.complaints import effects as complaints
from hub.core.clock import now
from hub.core.database import insert_now
from hub.core.i18n import Words, both, coded
from hub.core.ids import public_id
from hub.core.problems import INVALID_REQUEST, FieldError, Problem, ProblemType
from hub.customers import registry
from hub.customers.models import CUSTOMER_PREFIX, Customer
from hub.dispatch.judging import in_force as dispatch_policy
from hub.dispatch.judging import judged
from hub.events import service as events
from hub.events.service import News
from hub.fleet import service as fleet
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.identity.segregation import as_seen_by
from hub.repairs import effects, taxonomy
from hub.repairs import proofs as repairs
from hub.stores import service as stores
from hub.tickets import actions, devices, intake, items, queries, remarks
from hub.tickets.details import Details
from hub.tickets.guards import Facts
from hub.tickets.intake import IntakePolicy
from hub.tickets.items import Item
from hub.tickets.kinds import KINDS, ON_BENCH, OPEN, Channel, Kind, State
from hub.tickets.models import Attachment, Ticket
from hub.tickets.schemas import ActionIn, Assignment, IntakeParts, NewTicket, Purpose
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
FAULT_UNKNOWN = ProblemType(
    "fault-unknown",
    422,
    {"en": "The fault is not in the taxonomy", "zh-CN": "故障代码不存在"},
    {
        "en": "The fault taxonomy in force does not know {fault}; leave it out where the fault is not known yet.",
        "zh-CN": "现行故障分类中没有 {fault}；故障尚不明确时请留空。",
    },
)
NOT_YOUR_STORE = ProblemType(
    "not-your-store",
    422,
    {"en": "The ticket belongs to another store", "zh-CN": "工单不属于您的门店"},
    {
        "en": "You do not work for the store {store}; name one of yours.",
        "zh-CN": "您不属于门店 {store}；请填写您所在的门店。",
    },
)


def create(session: Session, actor: Actor, wanted: NewTicket) -> Ticket:
    """Take in a ticket in the first state of its kind, or keep it as a draft.

    Raises the intake-incomplete problem, which names everything that is missing.
    """
    actor.require(Permission.TICKET_CREATE)
    if wanted.priority is not None:
        actor.require(Permission.TICKET_ASSIGN)  # as for whoever sets it later: nobody else jumps the queue (T5)
    policy = intake.in_force(session)
    if wanted.draft:
        if not policy.kinds[wanted.kind].draft:
            raise Problem(intake.NO_DRAFT, ticket_kind=coded(wanted.kind, KINDS[wanted.kind]))
    else:
        _require_complete(policy, wanted.kind, wanted.channel, given(wanted))
    at = now()
    require_known_fault(session, wanted.fault)
    store = wanted.store or (min(actor.stores) if actor.stores is not None and len(actor.stores) == 1 else None)
    require_store(session, actor, store)
    ticket = Ticket(
        kind=wanted.kind.value,
        state=(State.DRAFT if wanted.draft else TABLES[wanted.kind].initial).value,
        priority=5,
        model="",
        serial="",
        symptom="",
        store=store,
        channel=wanted.channel,
        waited_s=wanted.waited_s,
        plan=wanted.plan,
        reviewed=False,
        test_waived=False,
        created_at=at,
        updated_at=at,
    )
    for name, value in _columns(wanted).items():
        setattr(ticket, name, value)
    ticket.model = registry.known_model(session, ticket.model, ticket.serial)
    if not ticket.symptom and not wanted.draft:
        ticket.symptom = "–"  # the kind does not want one; benches show it
    _customer, news = _recognise(session, ticket)  # held, so that the session need not read the row again
    ticket.priority_pinned = wanted.priority is not None
    found = {"priority": wanted.priority, "priority_reasons": ["given"]}
    found = _unless_pinned(session, ticket) or found
    for name, value in found.items():
        setattr(ticket, name, value)
    insert_now(session, ticket)
    complaints.of_intake(session, ticket)
    warranty.recognise(session, ticket)
    facts = {
        "kind": ticket.kind,
        "model": ticket.model,
        "serial": ticket.serial,
        "priority": ticket.priority,
        "priority_reasons": ticket.priority_reasons,
        "customer": public_id(CUSTOMER_PREFIX, ticket.customer_id) if ticket.customer_id else None,
        "channel": ticket.channel,
        "to": ticket.state,
    }
    created = "ticket.drafted" if wanted.draft else "ticket.created"
    events.append_all(session, actor, [*news, News(created, ticket.record, facts)])
    return ticket


def require_known_fault(session: Session, code: str | None) -> None:
    """D1, T4: raise the fault-unknown problem; dispatch, batches and the close have one vocabulary."""
    if code is not None and taxonomy.in_force(session).fault(code) is None:
        words: Words = {
            "en": "take a code of GET /api/v1/fault-taxonomy",
            "zh-CN": "请使用 GET /api/v1/fault-taxonomy 中的代码",
        }
        raise Problem(FAULT_UNKNOWN, errors=(FieldError("#/fault", words),), fault=code)


def require_store(session: Session, actor: Actor, store: str | None) -> None:
    """S5: raise a problem unless ``store`` is an open one that the actor works for; else nobody sees the ticket."""
    if not actor.sees_store(store):
        mine = ", ".join(sorted(actor.stores or ())) or "–"
        words = both(f"name one of your stores: {mine}", f"请填写您所在的门店：{mine}")
        raise Problem(NOT_YOUR_STORE, errors=(FieldError("#/store", words),), store=store or "–")
    if store is not None:
        stores.check_open(session, [store], "#/store")


def given(parts: IntakeParts) -> frozenset[Item]:
    """Return which things an intake has."""
    device, contact = parts.device, parts.contact
    there = {
        Item.CONTACT: contact is not None and bool(contact.phone or contact.email),
        Item.MODEL: device is not None and device.model is not None,
        Item.SERIAL: device is not None and device.serial is not None,
        Item.PURCHASE_PROOF: parts.purchase_proof is not None,
        Item.SYMPTOM: parts.symptom is not None,
        Item.URGENCY: parts.urgency is not None,
        Item.ACCESSORIES: parts.accessories is not None,
        Item.APPEARANCE: parts.appearance is not None,
    }
    if isinstance(parts, NewTicket):
        there[Item.URGENCY] = there[Item.URGENCY] or parts.priority is not None
        there[Item.WAITED_S] = parts.waited_s is not None
        there[Item.PHOTOS] = any(one.purpose is Purpose.PHOTO for one in parts.attachments)
    return frozenset(item for item, is_there in there.items() if is_there)


def given_by(session: Session, ticket: Ticket, files: Sequence[Attachment] | None = None) -> frozenset[Item]:
    """Return which things the intake of a ticket has; ``files`` are all of its files where they are at hand."""
    files = queries.attachments(session, ticket.id) if files is None else files
    there = {
        Item.CONTACT: bool(ticket.contact_phone or ticket.contact_email),
        Item.MODEL: bool(ticket.model),
        Item.SERIAL: bool(ticket.serial),
        Item.PURCHASE_PROOF: ticket.proof_kind is not None,
        Item.SYMPTOM: bool(ticket.symptom),
        Item.URGENCY: ticket.urgency is not None or ticket.priority_pinned,
        Item.ACCESSORIES: ticket.accessories is not None,
        Item.APPEARANCE: ticket.appearance is not None,
        Item.WAITED_S: ticket.waited_s is not None,
        Item.PHOTOS: any(row.purpose == Purpose.PHOTO for row in files),
    }
    return frozenset(item for item, is_there in there.items() if is_there)


def still_wanted(session: Session, ticket: Ticket, files: Sequence[Attachment] | None = None) -> tuple[Item, ...]:
    """Return what is to be taken down when the device comes to the counter; ``files`` as for ``given_by``."""
    return intake.later(intake.in_force(session), Kind(ticket.kind), given_by(session, ticket, files))


def amend(session: Session, actor: Actor, public_id: str, wanted: IntakeParts) -> Ticket:
    """Take down more of an intake, or correct it.

    What is left out stays, in device and contact, too; nothing can be emptied.
    """
    empty = [name for name in wanted.model_fields_set if getattr(wanted, name) is None]
    if empty or not wanted.model_fields_set:
        words = both(
            "name what is to change; nothing of an intake can be emptied", "请填写要更正的内容；受理信息不能清空"
        )
        errors = [FieldError(f"#/{name}", words) for name in sorted(empty)] or [FieldError("#", words)]
        raise Problem(INVALID_REQUEST, errors=errors, count=len(errors))
    ticket = get(session, actor, public_id, for_update=True)
    if possible(ticket, "amend") and actor.may(Permission.TICKET_CREATE):
        devices.require_same(session, ticket, wanted.device)
        require_known_fault(session, wanted.fault)
        _require_still_reachable(ticket, _columns(wanted))
    writes = _columns(wanted)
    if wanted.device is not None:
        model, serial = (writes.get(name, getattr(ticket, name)) for name in ("model", "serial"))
        writes["model"] = registry.known_model(session, model, serial)
    apply(session, ticket, "amend", actor, writes=writes)
    if wanted.contact is not None or wanted.device is not None:
        _customer, news = _recognise(session, ticket)
        events.append_all(session, actor, news)
    return ticket


def _require_still_reachable(ticket: Ticket, writes: Mapping[str, Any]) -> None:
    """T3: a correction takes no customer's last way to be reached."""
    ways = ("contact_phone", "contact_email")
    now_there = any(getattr(ticket, way) for way in ways)
    if now_there and not any(writes.get(way, getattr(ticket, way)) for way in ways):
        raise _incomplete(Kind(ticket.kind), (Item.CONTACT,))


def _recognise(session: Session, ticket: Ticket) -> tuple[Customer | None, tuple[News, ...]]:
    customer: Customer | None = None
    news: tuple[News, ...] = ()
    if ticket.contact_name is not None:
        facts = registry.ContactFacts(ticket.contact_name, ticket.contact_phone, ticket.contact_email)
        customer, news = registry.recognise(session, facts)
        ticket.customer_id = customer.id if customer else None
    registry.register_device(session, ticket.model, ticket.serial, customer)
    return customer, news


def _unless_pinned(session: Session, ticket: Ticket) -> dict[str, Any]:
    """Return the priority and its reasons, nothing where a person has set it."""
    return {} if ticket.priority_pinned else judgement(session, ticket)


def judgement(session: Session, ticket: Ticket) -> dict[str, Any]:
    """Return the priority that the policy gives (T5), and its reasons."""
    found = judged(session, ticket, dispatch_policy(session)[1])
    return {"priority": found.priority, "priority_reasons": list(found.codes)}


def _columns(parts: IntakeParts) -> dict[str, Any]:
    """Return the columns of those parts of an intake that are given."""
    found: dict[str, Any] = {
        "symptom": parts.symptom,
        "urgency": parts.urgency.value if parts.urgency else None,
        "accessories": parts.accessories,
        "appearance": parts.appearance,
        "fault": parts.fault,
    }
    if parts.device is not None:
        found |= {"model": parts.device.model, "serial": parts.device.serial}
    if parts.purchase_proof is not None:
        found |= {"proof_kind": parts.purchase_proof.kind.value, "proof_number": parts.purchase_proof.number}
    kept = {name: value for name, value in found.items() if value is not None}
    if parts.contact is not None:
        said = parts.contact.model_dump(exclude_unset=True)
        kept |= {f"contact_{name}": value for name, value in said.items()}
    return kept


def _require_complete(policy: IntakePolicy, kind: Kind, channel: Channel | None, there: frozenset[Item]) -> None:
    absent = intake.missing(policy, kind, channel, there)
    if absent:
        raise _incomplete(kind, absent)


def _incomplete(kind: Kind, absent: tuple[Item, ...]) -> Problem:
    return Problem(
        intake.INTAKE_INCOMPLETE,
        errors=items.field_errors(absent),
        count=len(absent),
        ticket_kind=coded(kind, KINDS[kind]),
        missing=items.names(absent),
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
        _require_complete(intake.in_force(session), Kind(ticket.kind), channel, given_by(session, ticket))
        writes |= _unless_pinned(session, ticket)
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
        actions.require_words(action, checked, note, words, called)
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
        absent = intake.missing(policy, Kind(ticket.kind), channel, given_by(session, ticket))
    proof = repairs.proof(session, ticket)

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
        refund=proposal is not None and proposal.payload.get("decision") == "refund",
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
