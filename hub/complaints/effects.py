"""What happens to a complaint besides its ticket's state, in the same transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hub.complaints import details as d
from hub.complaints import queries
from hub.complaints.facts import ComplaintFacts
from hub.complaints.models import Complaint, ComplaintPayment, ComplaintPromise
from hub.complaints.policy import FAMILY, Assessment, ComplaintPolicy, UrgencyFacts, assess, delivered
from hub.core.clock import now
from hub.core.i18n import Words, coded, listed
from hub.dispatch.judging import judgement
from hub.identity import duties
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.identity.segregation import as_seen_by
from hub.policies import routes
from hub.tickets import actions
from hub.tickets.details import Details
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket

Outcome = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Facts for the event, and new values of the ticket's fields."""
_TELLS = frozenset({"tell_progress", "propose_remedy", "feedback", "answer"})
"""Actions in which the customer hears of the complaint: they keep the promises that are open."""
_ASSESSED = {"urgency", "priority", "priority_reasons"}


def in_force(session: Session) -> tuple[int, ComplaintPolicy]:
    """Return the policy that holds now, with its version."""
    return routes.in_force(session, FAMILY, ComplaintPolicy, delivered())


def of_intake(session: Session, ticket: Ticket) -> None:
    """Begin a complaint, and let what its symptom tells of dangers make it urgent at once (C1)."""
    if ticket.kind != Kind.COMPLAINT:
        return
    complaint = Complaint(ticket_id=ticket.id, told_at=ticket.created_at)
    session.add(complaint)
    version, policy = in_force(session)
    complaint.hazards = list(policy.hazards_in(ticket.symptom))
    if complaint.hazards:
        for name, value in _assessed(session, ticket, complaint, (version, policy))[1].items():
            setattr(ticket, name, value)
    session.flush()


def facts_of(session: Session, ticket: Ticket, actor: Actor) -> ComplaintFacts | None:
    """Return what guards look at when ``actor`` wants to act; ``None`` for other tickets."""
    if ticket.kind != Kind.COMPLAINT:
        return None
    found = queries.complaint(session, ticket.id)
    if found is None:
        return ComplaintFacts()
    return ComplaintFacts(
        classified=found.complaint_class is not None,
        facts_recorded=found.found_round == found.round,
        cause_named=found.concluded_round == found.round,
        compensation=found.compensation_minor > 0,
        requested_by=found.requested_by and as_seen_by(session, actor, found.requested_by),
        granted_by=found.granted_by and as_seen_by(session, actor, found.granted_by),
    )


def of_action(
    session: Session, ticket: Ticket, actor: Actor, action: str, details: Details | None, *, at: datetime
) -> Outcome:
    """Carry an action out; raise a problem before anything is written."""
    if ticket.kind != Kind.COMPLAINT:
        return {}, {}
    _check(session, ticket, actor, action, details)
    complaint = queries.complaint(session, ticket.id)
    if complaint is None:
        complaint = Complaint(ticket_id=ticket.id, told_at=ticket.created_at)
        session.add(complaint)
    if action in _TELLS:
        queries.keep_promises(session, ticket.id, at)
        complaint.told_at = at
    outcome: Outcome = ({}, {})
    match details:
        case d.Classify():
            complaint.complaint_class = details.complaint_class
            complaint.hazards = sorted({*details.hazards, *in_force(session)[1].hazards_in(ticket.symptom)})
            complaint.exposed, complaint.claimed_minor = details.exposed, details.claimed_minor
            outcome = _assessed(session, ticket, complaint, in_force(session))
        case d.Conclude():
            complaint.cause, complaint.concluded_round = details.cause, complaint.round
        case d.ProposeRemedy():
            _offer(complaint, details.remedy, 0, None, None)
        case d.RequestCompensation():
            _offer(complaint, "compensation", details.compensation_minor, details.currency, actor.person)
        case actions.Promise():
            promise = ComplaintPromise(
                ticket_id=ticket.id, promised_at=details.promised_at, made_at=at, made_by=actor.person
            )
            session.add(promise)
        case _:
            outcome = _plain(session, ticket, actor, action, complaint, at=at)
    session.flush()
    return outcome


def _plain(
    session: Session, ticket: Ticket, actor: Actor, action: str, complaint: Complaint, *, at: datetime
) -> Outcome:
    """Carry out an action whose details do not matter here."""
    match action:
        case "finding":
            complaint.found_round = complaint.round
        case "grant":
            complaint.granted_by = actor.person
            return {"by": actor.person, "compensation_minor": complaint.compensation_minor}, {}
        case "deny":
            _offer(complaint, None, 0, None, None)
        case "fulfil" if complaint.compensation_minor:
            complaint.paid_by = actor.person
            session.add(_payment(complaint, at))
            return {"by": actor.person, "compensation_minor": complaint.compensation_minor}, {}
        case "dispute" if ticket.state == State.ANSWERED:
            complaint.round += 1
            _offer(complaint, None, 0, None, None)
            return _assessed(session, ticket, complaint, in_force(session))
        case "dispute":
            _offer(complaint, None, 0, None, None)
    return {}, {}


def _payment(complaint: Complaint, at: datetime) -> ComplaintPayment:
    same = ("ticket_id", "round", "currency", "requested_by", "granted_by", "paid_by")
    values: dict[str, Any] = {name: getattr(complaint, name) for name in same}
    return ComplaintPayment(amount_minor=complaint.compensation_minor, paid_at=at, **values)


def _offer(complaint: Complaint, remedy: str | None, minor: int, currency: str | None, by: str | None) -> None:
    complaint.remedy, complaint.compensation_minor, complaint.currency = remedy, minor, currency
    complaint.requested_by, complaint.granted_by, complaint.paid_by = by, None, None


def _assessed(session: Session, ticket: Ticket, complaint: Complaint, in_force: tuple[int, ComplaintPolicy]) -> Outcome:
    version, policy = in_force
    found = assessment(session, ticket, complaint, policy)
    complaint.grade, complaint.rule, complaint.policy_version = found.grade, found.rule, version
    before, ticket.urgency = ticket.urgency, found.level.value
    changes: dict[str, Any] = {"urgency": found.level.value}
    if not ticket.priority_pinned:
        changes |= judgement(session, ticket)
    ticket.urgency = before
    facts = {"grade": found.grade.value, "rule": found.rule, "policy_version": version, "round": complaint.round}
    return facts, changes


def assessment(session: Session, ticket: Ticket, complaint: Complaint, policy: ComplaintPolicy) -> Assessment:
    """Return how urgent a complaint is by a policy."""
    since = now() - timedelta(days=policy.repeat_within_days)
    return assess(
        UrgencyFacts(
            hazards=tuple(d.Hazard(one) for one in complaint.hazards),
            exposed=complaint.exposed,
            complaint_class=d.ComplaintClass(complaint.complaint_class) if complaint.complaint_class else None,
            round=complaint.round,
            repeats=queries.count_earlier(session, ticket, since),
            claimed_minor=complaint.claimed_minor,
        ),
        policy,
    )


def _check(session: Session, ticket: Ticket, actor: Actor, action: str, details: Details | None) -> None:
    """Raise the action-details-wrong problem for an owner who cannot be it, or a cause that there is not."""
    if isinstance(details, actions.NameOwner | d.ChangeOwner):
        reason = duties.objection(session, actor, details.owner, ticket.store, Permission.COMPLAINT_READ)
        if reason is not None:
            raise actions.details_wrong(ticket.kind, action, "owner", reason)
    if isinstance(details, d.Conclude):
        causes = in_force(session)[1].causes
        if details.cause not in causes:
            known = listed(coded(name, {"en": one.name.en, "zh-CN": one.name.zh_cn}) for name, one in causes.items())
            words: Words = {
                "en": f"name one of the policy's causes: {known['en']}",
                "zh-CN": f"请填写策略中的原因之一：{known['zh-CN']}",
            }
            raise actions.details_wrong(ticket.kind, action, "cause", words)
