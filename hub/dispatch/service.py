"""Dispatch tickets by the policy, keep those that nobody can take, and try them again (T4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hub.calendars import service as calendars
from hub.core.database import insert_now
from hub.core.i18n import Words
from hub.dispatch import queries
from hub.dispatch.choosing import Choice, Need, Place, Turn, choose, reaches
from hub.dispatch.documents import DispatchPolicy
from hub.dispatch.judging import in_force
from hub.dispatch.models import DispatchEntry, Workplace
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.tickets import service as tickets
from hub.tickets.kinds import State
from hub.tickets.models import Ticket

LOOK_AHEAD = timedelta(days=7)
"""How far ahead the roster is searched for the next chance."""
TRY_AGAIN_AFTER = timedelta(minutes=15)
DISPATCHER = Actor(kind="system", id="dispatch", name="dispatch", role=Role.ADMIN)
REVIEW_FIRST: Words = {
    "en": "a complex case: somebody senior has to review it first",
    "zh-CN": "疑难工单：须先由资深人员审核",
}
TAKEN_BACK: dict[str, Words] = {
    "unassign": {"en": "taken back by hand", "zh-CN": "人工撤回"},
    "send": {"en": "on its way to another store", "zh-CN": "正调拨到其他门店"},
}
"""Actions after which dispatch leaves a ticket alone."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the policy says about a ticket."""

    need: Need
    choice: Choice
    rule: int
    version: int
    review_first: bool


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the first rule that fits a ticket says of it."""

    need: Need
    rule: int
    version: int
    review_first: bool


def need_of(session: Session, ticket: Ticket) -> Ruled:
    """Return what a ticket takes by the policy in force."""
    version, policy = in_force(session)
    number, rule = policy.rule(ticket.kind, ticket.model, ticket.fault)
    level = max(rule.level, policy.senior_level) if rule.complex else rule.level
    need = Need(rule.skill, rule.group, level, ticket.store, rule.reach)
    return Ruled(need, number, version, rule.complex and not ticket.reviewed)


def is_within_reach(session: Session, ticket: Ticket, place: Workplace) -> bool:
    """Whether the rule that fits a ticket lets it go to a bench of this place's store, whatever is done there."""
    need = need_of(session, ticket).need
    mine = (one.region for one in queries.workplaces(session) if need.store is not None and one.store == need.store)
    return reaches(need, None, place.store, place.region, next(mine, None))


def propose(session: Session, ticket: Ticket, at: datetime) -> Proposal:
    """Return whom the policy would choose at a moment; nothing is changed."""
    ruled = need_of(session, ticket)
    zone = calendars.time_zone(session)
    choice = choose(ruled.need, _places(session, ruled.need, at), at, zone)
    return Proposal(ruled.need, choice, ruled.rule, ruled.version, ruled.review_first)


def dispatch(session: Session, ticket: Ticket, at: datetime, *, first: bool = False) -> DispatchEntry:
    """Send a new ticket to review or to a bench, or keep it in the queue with the reasons.

    ``first`` says that it was taken in just now, so that nothing stands of its dispatch yet.
    """
    proposal = propose(session, ticket, at)
    choice, entry = proposal.choice, None if first else queries.entry(session, ticket.id)
    if proposal.review_first:
        tickets.apply(session, ticket, "ask_review", DISPATCHER, details={"rule": proposal.rule})
        return _note(session, ticket, proposal, "review", at, entry=entry, because=REVIEW_FIRST)
    if choice.bench is None:
        before_because = entry.told["because"] if entry else None
        entry = _note(session, ticket, proposal, "waiting", at, entry=entry)
        told_already = before_because == entry.told["because"]
        if choice.others and not told_already:  # without any workplace there is no dispatch to speak of
            facts = {"group": entry.skill_group, "skill": entry.skill, "level": entry.level, "policy": proposal.version}
            events.append(session, DISPATCHER, "ticket.not_dispatched", ticket.record, facts)
        return entry
    told = {"person": choice.person, "policy": proposal.version, "rule": proposal.rule, "automatic": True}
    tickets.apply(session, ticket, "assign", DISPATCHER, writes={"bench": choice.bench}, details=told)
    return _note(session, ticket, proposal, "dispatched", at, entry=entry)


def is_automatic(policy: DispatchPolicy, ticket: Ticket) -> bool:
    """Whether the policy dispatches such a ticket without anybody asking."""
    return ticket.state == State.NEW and ticket.kind in policy.automatic


def retry(session: Session, at: datetime, *, group: str | None = None, limit: int = 200) -> list[Ticket]:
    """Try waiting tickets again, the most urgent first, and return those that were dispatched."""
    found = queries.waiting(session, group, limit)
    return [ticket for ticket in found if dispatch(session, ticket, at).status != "waiting"]


def retry_due(session: Session, at: datetime) -> int:
    """Try the tickets again whose next shift has begun, and those not tried for a while; return how many it helped.

    The job of the dispatch; what frees a bench or changes the roster retries at once.
    """
    found = queries.waiting(session, None, 200, due=(at, at - TRY_AGAIN_AFTER))
    return sum(dispatch(session, ticket, at).status != "waiting" for ticket in found)


def note_manual(session: Session, ticket: Ticket, person: str | None, at: datetime) -> DispatchEntry:
    """Keep what a person decided against or before the policy, with what the policy thought."""
    proposal = propose(session, ticket, at)
    entry = queries.entry(session, ticket.id)
    words: Words = {"en": "assigned by hand", "zh-CN": "人工派发"}
    by_hand = (ticket.bench, person)
    return _note(session, ticket, proposal, "dispatched", at, entry=entry, because=words, by_hand=by_hand)


def hold(session: Session, ticket: Ticket, action: str) -> None:
    """Leave a ticket alone that a person took from its bench."""
    entry = queries.entry(session, ticket.id)
    if entry is not None:
        entry.status, entry.bench, entry.person, entry.next_chance_at = "held", None, None, None
        entry.told = {"because": dict(TAKEN_BACK[action]), "others": []}


def _places(session: Session, need: Need, at: datetime) -> list[Place]:
    """Return all benches as the pure function sees them, in a constant number of queries."""
    workplaces = queries.working(session)
    if not workplaces:
        return []
    shifts = queries.shifts(session, ends_after=at, starts_before=at + LOOK_AHEAD)
    people = queries.people(session, {shift.person for shift in shifts})
    proven = {one.person: one for one in queries.certificates(session, skill=need.skill)}
    bench_loads, person_loads = queries.bench_loads(session), queries.person_loads(session)
    turns: dict[str, list[Turn]] = {}
    for shift in shifts:
        user = people.get(shift.person)
        if user is None or user.disabled_at is not None:
            continue
        certificate = proven.get(shift.person)
        turns.setdefault(shift.bench, []).append(
            Turn(
                person=shift.person,
                name=user.name,
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
                level=certificate.level if certificate else None,
                valid_until=certificate.valid_until if certificate else None,
                load=person_loads.get(shift.person, 0),
            )
        )
    return [
        Place(
            bench=one.bench,
            store=one.store,
            region=one.region,
            group=one.skill_group,
            capacity=one.capacity,
            load=bench_loads.get(one.bench, 0),
            turns=tuple(turns.get(one.bench, ())),
        )
        for one in workplaces
    ]


def _note(
    session: Session,
    ticket: Ticket,
    proposal: Proposal,
    status: str,
    at: datetime,
    *,
    entry: DispatchEntry | None,
    because: Words | None = None,
    by_hand: tuple[str | None, str | None] | None = None,
) -> DispatchEntry:
    choice = proposal.choice
    bench, person = by_hand or ((choice.bench, choice.person) if status == "dispatched" else (None, None))
    values: dict[str, Any] = {
        "status": status,
        "skill": proposal.need.skill,
        "skill_group": proposal.need.group,
        "level": proposal.need.level,
        "bench": bench,
        "person": person,
        "automatic": by_hand is None,
        "policy_version": proposal.version,
        "rule": proposal.rule,
        "told": told(choice, because),
        "tried_at": at,
        "next_chance_at": choice.next_chance_at if status == "waiting" else None,
    }
    if entry is None:
        entry = DispatchEntry(ticket_id=ticket.id, **values)
        insert_now(session, entry)
        return entry
    for name, value in values.items():
        setattr(entry, name, value)
    session.flush()
    return entry


def told(choice: Choice, because: Words | None = None) -> dict[str, Any]:
    """Return a choice's words as they are kept and shown."""
    return {
        "because": dict(because or choice.because),
        "others": [{"bench": one.bench, "person": one.person, "fits": one.fits, **one.words} for one in choice.others],
    }
