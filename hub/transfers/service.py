"""Send a ticket's device to another store, which receives or refuses it; merge tickets about the same."""

from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.i18n import both, coded
from hub.core.problems import Problem, ProblemType, problem_at
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.identity.segregation import Act, as_seen_by, different_people
from hub.stores import service as stores
from hub.tickets import queries as ticket_queries
from hub.tickets import service as tickets
from hub.tickets.attachments import MAX_OF_A_TICKET, TOO_MANY
from hub.tickets.kinds import STATES, State
from hub.tickets.models import Ticket
from hub.transfers import queries
from hub.transfers.models import Transfer

SAME_STORE = ProblemType(
    "same-store",
    422,
    {"en": "The device is there already", "zh-CN": "设备已在该门店"},
    {"en": "The device is in the store {store}; name another.", "zh-CN": "设备已在门店 {store}，请填写其他门店。"},
)
OTHER_STORE_DECIDES = ProblemType(
    "other-store-decides",
    403,
    {"en": "Another store decides this", "zh-CN": "应由另一门店处理"},
    {
        "en": "Only somebody who works for the store {store} may do this.",
        "zh-CN": "仅门店 {store} 的人员可执行此操作。",
    },
)
SENDER_RECEIVES = ProblemType(
    "sender-receives",
    403,
    {"en": "The sender cannot receive it", "zh-CN": "发送人不得自行接收"},
    {"en": "{reason}.", "zh-CN": "{reason}。"},
)
NOT_THE_SAME = ProblemType(
    "not-the-same",
    409,
    {"en": "The tickets are not about the same", "zh-CN": "两张工单并非同一事项"},
    {
        "en": "{ticket} and {into} have neither the device nor the customer in common; correct the intake first.",
        "zh-CN": "{ticket} 与 {into} 的设备和客户均不相同；请先更正受理信息。",
    },
)
MERGE_TARGET = ProblemType(
    "merge-target",
    409,
    {"en": "The other ticket cannot go on with it", "zh-CN": "目标工单不可合并"},
    {
        "en": "{into} is {why}; merge into another ticket that is open.",
        "zh-CN": "{into} 为{why}；请合并到另一张未关闭的工单。",
    },
)


def send(session: Session, actor: Actor, public_id: str, to_store: str, reason: str) -> tuple[Ticket, Transfer]:
    """Send a ticket's device to another store; it leaves its bench, and nobody works on it on the way."""
    ticket = tickets.get(session, actor, public_id, for_update=True)
    actor.require(Permission.TICKET_ASSIGN)
    _require_store(actor, ticket.store)
    stores.check_open(session, [to_store], "#/to_store")
    if to_store == ticket.store:
        raise problem_at("#/to_store", SAME_STORE, store=to_store)
    told = {"from_store": ticket.store, "to_store": to_store, "note": reason}
    tickets.apply(session, ticket, "send", actor, writes={"bench": None}, details=told)
    transfer = Transfer(
        ticket_id=ticket.id, from_store=ticket.store, to_store=to_store, sent_by=actor.person, sent_at=now()
    )
    session.add(transfer)
    session.flush()
    return ticket, transfer


def receive(session: Session, actor: Actor, public_id: str, note: str | None) -> tuple[Ticket, Transfer]:
    """Take the device in at the store that it was sent to; the ticket belongs to this store from now on."""
    ticket, transfer = _in_transit(session, actor, public_id, "receive")
    _require_receiver(session, actor, transfer)
    told = {"from_store": transfer.from_store, "note": note}
    tickets.apply(session, ticket, "receive", actor, writes={"store": transfer.to_store}, details=told)
    _end(session, transfer, actor, "received")
    return ticket, transfer


def refuse(session: Session, actor: Actor, public_id: str, reason: str) -> tuple[Ticket, Transfer]:
    """Do not take the device; the ticket stays with the store that sent it."""
    ticket, transfer = _in_transit(session, actor, public_id, "send_back")
    _require_receiver(session, actor, transfer)
    tickets.apply(session, ticket, "send_back", actor, details={"to_store": transfer.to_store, "note": reason})
    _end(session, transfer, actor, "refused")
    return ticket, transfer


def call_back(session: Session, actor: Actor, public_id: str) -> tuple[Ticket, Transfer]:
    """End a transfer from the side that sent it."""
    ticket, transfer = _in_transit(session, actor, public_id, "call_back")
    _require_store(actor, transfer.from_store)
    tickets.apply(session, ticket, "call_back", actor, details={"to_store": transfer.to_store})
    _end(session, transfer, actor, "called_back")
    return ticket, transfer


def merge(session: Session, actor: Actor, public_id: str, into: str, note: str | None) -> tuple[Ticket, Ticket]:
    """End a ticket that another one goes on with: its files move there, its timeline stays to be read (M1)."""
    first, second = sorted((public_id, into))  # always in the same order, so that two merges cannot block each other
    locked = {one: tickets.get(session, actor, one, for_update=True) for one in (first, second)}
    ticket, target = locked[public_id], locked[into]
    actor.require(Permission.TICKET_ASSIGN)
    if target is ticket:
        raise problem_at("#/into", MERGE_TARGET, into=into, why=both("this ticket itself", "本工单自身"))
    if target.closed_at is not None or target.state == State.DRAFT:
        why = coded(target.state, STATES[State(target.state)])
        raise problem_at("#/into", MERGE_TARGET, into=into, why=why)
    same_device = bool(ticket.serial) and (ticket.serial, ticket.model) == (target.serial, target.model)
    same_customer = ticket.customer_id is not None and ticket.customer_id == target.customer_id
    if not same_device and not same_customer:
        raise Problem(NOT_THE_SAME, ticket=public_id, into=into)
    files = ticket_queries.attachments(session, ticket.id)
    if len(files) + len(ticket_queries.attachments(session, target.id)) > MAX_OF_A_TICKET:
        raise Problem(TOO_MANY, limit=MAX_OF_A_TICKET)
    tickets.apply(
        session, ticket, "merge", actor, writes={"merged_into": target.id}, details={"into": into, "note": note}
    )
    for file in files:
        file.ticket_id = target.id
    session.flush()
    facts = {"from": public_id, "attachments": len(files)}
    events.append(session, actor, "ticket.absorbed", target.record, facts)
    return ticket, target


def _in_transit(session: Session, actor: Actor, public_id: str, action: str) -> tuple[Ticket, Transfer]:
    ticket = tickets.get(session, actor, public_id, for_update=True)
    actor.require(Permission.TICKET_ASSIGN)
    tickets.require_possible(ticket, action, State.IN_TRANSIT)
    transfer = queries.open_transfer(session, ticket.id)
    assert transfer is not None  # noqa: S101 - the state is written together with the transfer
    return ticket, transfer


def _require_store(actor: Actor, store: str | None) -> None:
    if not actor.sees_store(store):
        raise Problem(OTHER_STORE_DECIDES, store=store or "–")


def _require_receiver(session: Session, actor: Actor, transfer: Transfer) -> None:
    _require_store(actor, transfer.to_store)
    acts = (
        Act({"en": "send", "zh-CN": "发送"}, as_seen_by(session, actor, transfer.sent_by)),
        Act.by(actor, {"en": "receive", "zh-CN": "接收"}),
    )
    decision = different_people(acts)
    if not decision.allowed:
        raise Problem(SENDER_RECEIVES, reason=decision.reasons[0])


def _end(session: Session, transfer: Transfer, actor: Actor, outcome: str) -> None:
    values: dict[str, Any] = {"outcome": outcome, "ended_by": actor.person, "ended_at": now()}
    for name, value in values.items():
        setattr(transfer, name, value)
    session.flush()
