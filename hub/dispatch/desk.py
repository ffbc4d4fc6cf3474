"""What follows from a change of a ticket: its priority, its dispatch, and those that waited for the bench it leaves.

Boundaries (an endpoint, the ingest of a bench's work) call ``follow`` after each change.
"""

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.customers import devices
from hub.dispatch import queries, rejudging, service
from hub.dispatch.judging import in_force
from hub.dispatch.models import Workplace
from hub.fleet import service as fleet
from hub.identity import duties
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.tickets import service as tickets
from hub.tickets.kinds import ON_BENCH, State
from hub.tickets.models import Ticket
from hub.tickets.schemas import Assignment

BENCH_ELSEWHERE = ProblemType(
    "bench-elsewhere",
    409,
    {"en": "The bench stands in another store", "zh-CN": "工位属于其他门店"},
    {
        "en": "{bench} stands in the store {there}, the device is in {here}, and no rule of the dispatch reaches that "
        "far; send the device there first (…/transfer), or choose a bench of its store.",
        "zh-CN": "工位 {bench} 属于门店 {there}，设备在门店 {here}，派发规则也不允许跨店；请先调拨设备（…/transfer），"
        "或选择本店工位。",
    },
)
INTAKE = frozenset({"create", "submit", "amend"})
_MAKES_DISPATCHABLE = INTAKE | {"reviewed", "call_off", "receive", "send_back", "call_back"}


def assign(session: Session, actor: Actor, public_id: str, wanted: Assignment) -> Ticket:
    """Assign a ticket by hand, whoever the policy would choose (T4); the bench is one that the device gets to."""
    ticket = tickets.assign(session, actor, public_id, wanted)
    place = queries.workplace(session, wanted.bench)
    _require_within_reach(session, actor, ticket, place)
    if wanted.person is not None:
        store = ticket.store if place is None or place.store is None else place.store
        duties.require_fit(session, actor, wanted.person, store, Permission.TICKET_WORK, where="#/person")
    service.note_manual(session, ticket, wanted.person, now())
    return ticket


def _require_within_reach(session: Session, actor: Actor, ticket: Ticket, place: Workplace | None) -> None:
    """Raise the bench-elsewhere problem for a bench of a store that the device is not in and no rule sends it to.

    A bench that stands nowhere yet, and a ticket of the whole chain, have no store that could differ.
    """
    if place is None or place.store is None or ticket.store in {None, place.store}:
        return
    if service.is_within_reach(session, ticket, place):
        return
    if not actor.sees_store(place.store):
        raise Problem(fleet.BENCH_NOT_FOUND, bench=place.bench)
    raise Problem(BENCH_ELSEWHERE, bench=place.bench, there=place.store, here=ticket.store)


def follow(session: Session, ticket: Ticket, action: str) -> None:
    """Do what follows from an action that was just taken on a ticket."""
    at = now()
    if State(ticket.state) is State.DRAFT:
        return
    if action in INTAKE:
        if action == "amend":
            rejudging.rejudge(session, [ticket])
        rejudging.rejudge_alike(session, ticket)
    if action in _MAKES_DISPATCHABLE:
        if service.is_automatic(in_force(session)[1], ticket):
            service.dispatch(session, ticket, at, first=action == "create")
    elif action == "inspected":
        devices.note_inspected(session, ticket)
    elif action in service.TAKEN_BACK:
        service.hold(session, ticket, action)
    if action in service.TAKEN_BACK or (ticket.bench is not None and State(ticket.state) not in ON_BENCH):
        entry = queries.entry(session, ticket.id)
        service.retry(session, at, group=entry.skill_group if entry else None)
