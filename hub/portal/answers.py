"""What a customer can do on the page: agree to a repair plan or decline it (T12), and rate the service (T14)."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from hub.aftercare import queries as aftercare_queries
from hub.aftercare import service as aftercare
from hub.core.problems import Problem
from hub.portal import tokens
from hub.portal.links import Visit
from hub.repairs import queries as repairs
from hub.repairs.plans import PLAN_EXPIRED
from hub.tickets import service as tickets


class Refused(Exception):
    """The answer was not taken; ``key`` names the sentence that says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def answer_plan(session: Session, visit: Visit, key: bytes, form: Mapping[str, str]) -> None:
    """Take the customer's answer. The same answer again changes nothing; raise ``Refused`` for any other."""
    ticket = tickets.get(session, visit.actor, visit.ticket.public_id, for_update=True)
    plan = repairs.newest_plan(session, ticket.id)
    if plan is None:
        raise Refused("problems.closed")
    wanted = tokens.form_mark(key, "plan", visit.link.id, plan.id, plan.revision)
    if not tokens.same_mark(form.get("mark", ""), wanted):
        raise Refused("problems.outdated")  # a form of another revision, or none of ours
    if form.get("answer") == "decline":
        action, details = "decline_plan", {"how": "online", "revision": plan.revision, "reason": _reason(form)}
        repeated = plan.status == "declined" and plan.how == "online"
    elif form.get("answer") != "approve":
        raise Refused("problems.choose")  # money is agreed to by nothing but these words
    else:
        option = form.get("option", "")
        if form.get("agree") != "yes" or option not in {str(n) for n in range(1, len(plan.options) + 1)}:
            raise Refused("problems.choose")
        action, details = "approve_plan", {"how": "online", "revision": plan.revision, "option": int(option)}
        repeated = plan.status == "approved" and plan.how == "online" and plan.option == int(option)
    if repeated:
        return
    given = {name: value for name, value in details.items() if value is not None}
    try:
        by_proposer = {"link_of_proposer": True} if visit.link.issued_by == plan.proposed_by else {}
        tickets.apply(session, ticket, action, visit.actor, details={"details": given, **by_proposer})
    except Problem as problem:
        raise Refused("problems.expired" if problem.kind is PLAN_EXPIRED else "problems.outdated") from problem


def answer_survey(session: Session, visit: Visit, key: bytes, form: Mapping[str, str]) -> None:
    """Take the customer's scores (T14). A second answer changes nothing."""
    ticket = tickets.get(session, visit.actor, visit.ticket.public_id, for_update=True)
    if not tokens.same_mark(form.get("mark", ""), tokens.form_mark(key, "survey", visit.link.id)):
        raise Refused("problems.closed")
    row = aftercare_queries.follow_up(session, ticket.id)
    if row is not None and row.answered_at is not None:
        return
    scores = [form.get(name, "") for name in ("attitude", "speed", "effectiveness")]
    if any(score not in {"1", "2", "3", "4", "5"} for score in scores):
        raise Refused("problems.scores")
    attitude, speed, effectiveness = (int(score) for score in scores)
    words = form.get("words", "").strip()[:1000] or None
    try:
        aftercare.answer_survey(
            session, visit.actor, ticket, aftercare.Answer(attitude, speed, effectiveness, words, "page")
        )
    except Problem as problem:
        raise Refused("problems.closed") from problem


def _reason(form: Mapping[str, str]) -> str | None:
    return form.get("reason", "").strip()[:1000] or None
