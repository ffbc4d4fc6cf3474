"""Take in tickets, and complete or correct what was taken down (T3)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from hub.aftercare import warranty
from hub.complaints import effects as complaints
from hub.core.bodies import JsonBody
from hub.core.clock import now
from hub.core.database import insert_now
from hub.core.i18n import Words, both, coded
from hub.core.ids import public_id
from hub.core.problems import INVALID_REQUEST, FieldError, Problem, ProblemType
from hub.customers import registry
from hub.customers.models import CUSTOMER_PREFIX, Customer
from hub.dispatch.judging import judgement
from hub.events import service as events
from hub.events.service import News
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.repairs import taxonomy
from hub.stores import service as stores
from hub.tickets import completeness, decided, devices, intake, service
from hub.tickets.items import Item
from hub.tickets.kinds import KINDS, Kind, State
from hub.tickets.models import Ticket
from hub.tickets.schemas import IntakeParts, NewTicket, ProofKind
from hub.tickets.states import TABLES

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
        completeness.require(policy, wanted.kind, wanted.channel, completeness.given(wanted))
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
    given = {"priority": wanted.priority, "priority_reasons": ["given"]}
    found = given if ticket.priority_pinned else judgement(session, ticket)
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


def amend(session: Session, actor: Actor, public_id: str, wanted: IntakeParts) -> Ticket:
    """Take down more of an intake, or correct it.

    What is left out stays, in device, contact and proof, too. ``None`` empties what of them need not be there: a
    telephone number or an e-mail address beside the other, the number of a proof. Nothing else can be emptied.
    """
    empty = _emptied("#", wanted) + ([] if wanted.device is None else _emptied("#/device", wanted.device))
    if empty:
        words = both(
            "name what is to change; nothing of an intake can be emptied", "请填写要更正的内容；受理信息不能清空"
        )
        errors = [FieldError(place, words) for place in empty]
        raise Problem(INVALID_REQUEST, errors=errors, count=len(errors))
    ticket = service.get(session, actor, public_id, for_update=True)
    writes = _columns(wanted)
    if service.possible(ticket, "amend") and actor.may(Permission.TICKET_CREATE):
        decided.require_untouched(ticket, writes)
        devices.require_same(session, ticket, wanted.device)
        require_known_fault(session, wanted.fault)
        _require_still_reachable(ticket, writes)
    if wanted.device is not None:
        model, serial = (writes.get(name, getattr(ticket, name)) for name in ("model", "serial"))
        writes["model"] = registry.known_model(session, model, serial)
    service.apply(session, ticket, "amend", actor, writes=writes)
    if wanted.contact is not None or wanted.device is not None:
        _customer, news = _recognise(session, ticket)
        events.append_all(session, actor, news)
    return ticket


def _emptied(place: str, part: JsonBody) -> list[str]:
    """Return the places of members that are to be empty; the part itself where it names nothing."""
    nothing = [f"{place}/{name}" for name in sorted(part.model_fields_set) if getattr(part, name) is None]
    return nothing if part.model_fields_set else [place]


def _require_still_reachable(ticket: Ticket, writes: Mapping[str, Any]) -> None:
    """T3: a correction takes no customer's last way to be reached."""
    ways = ("contact_phone", "contact_email")
    now_there = any(getattr(ticket, way) for way in ways)
    if now_there and not any(writes.get(way, getattr(ticket, way)) for way in ways):
        raise completeness.incomplete(Kind(ticket.kind), (Item.CONTACT,))


def _recognise(session: Session, ticket: Ticket) -> tuple[Customer | None, tuple[News, ...]]:
    customer: Customer | None = None
    news: tuple[News, ...] = ()
    if ticket.contact_name is not None:
        facts = registry.ContactFacts(ticket.contact_name, ticket.contact_phone, ticket.contact_email)
        customer, news = registry.recognise(session, facts)
        ticket.customer_id = customer.id if customer else None
    registry.register_device(session, ticket.model, ticket.serial, customer)
    return customer, news


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
    kept = {name: value for name, value in found.items() if value is not None}
    proof = parts.purchase_proof
    if proof is not None:
        kept["proof_kind"] = proof.kind.value
        if "number" in proof.model_fields_set or proof.kind is ProofKind.NONE:
            kept["proof_number"] = proof.number
    if parts.contact is not None:
        said = parts.contact.model_dump(exclude_unset=True)
        kept |= {f"contact_{name}": value for name, value in said.items()}
    return kept
