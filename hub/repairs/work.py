"""The record of a repair (T13), and that it keeps to what the customer agreed to (T12)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.aftercare import warranty
from hub.core.i18n import Words
from hub.core.problems import Problem, ProblemType
from hub.events.models import Event
from hub.identity.actors import Actor
from hub.identity.segregation import one_hand
from hub.repairs import queries, taxonomy
from hub.repairs.models import Repair, RepairPlan
from hub.tickets import queries as ticket_queries
from hub.tickets.actions import NameCause, Repaired, details_wrong
from hub.tickets.models import Ticket

PRICED_BY_WITNESS = ProblemType(
    "price-by-witness",
    409,
    {"en": "Another person records the price", "zh-CN": "须由他人记录费用"},
    {
        "en": "Whoever recorded that the customer agrees in advance may not record what the repair costs; ask a "
        "colleague to record one of the two, or propose a plan that the customer answers.",
        "zh-CN": "记录客户事先同意的人不得记录维修费用；其中一项请由同事记录，或提出维修方案由客户确认。",
    },
)


def record(
    session: Session, ticket: Ticket, actor: Actor, done: Repaired, occurred_at: datetime
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Keep what was done and return facts for the event and new values of the ticket.

    More than the customer agreed to pay is refused: it takes a new plan. A price within what was agreed in advance is
    another person's than who recorded that agreement (S1).
    """
    plan = queries.newest_plan(session, ticket.id)
    approved = plan if plan is not None and plan.status == "approved" else None
    ahead = None if approved else ticket_queries.newest_event(session, ticket.record, "ticket.preapprove")
    cost, currency = _cost(ticket, approved, ahead, done)
    if ahead is not None and cost:
        _require_another(session, actor, ahead)
    known = taxonomy.in_force(session).fault(done.root_cause) is not None
    objection = warranty.objection_to_price(session, ticket, cost or 0, done.root_cause if known else None)
    if objection is not None:
        raise details_wrong(ticket.kind, "repaired", "cost_minor", objection)
    before = queries.newest_repair(session, ticket.id)
    repair = Repair(
        ticket_id=ticket.id,
        number=1 if before is None else before.number + 1,
        repaired_at=occurred_at,
        repaired_by=actor.person,
        repaired_by_name=actor.name,
        work=done.work,
        parts=[part.model_dump(mode="json", exclude_none=True) for part in done.parts],
        minutes=done.minutes,
        plan_revision=approved.revision if approved else None,
        cost_minor=cost,
        currency=currency,
    )
    session.add(repair)
    facts = {"repair": repair.number, "cost_minor": cost, "currency": currency}
    writes = {"root_cause": done.root_cause} if known else {}
    return {name: value for name, value in facts.items() if value is not None}, writes


def require_known_cause(session: Session, ticket: Ticket, told: NameCause) -> None:
    """D1: the one root cause is a code of the taxonomy in force."""
    if taxonomy.in_force(session).fault(told.root_cause) is None:
        words: Words = {
            "en": f"the fault taxonomy does not know {told.root_cause}; see GET /api/v1/fault-taxonomy",
            "zh-CN": f"故障分类中没有 {told.root_cause}；请查看 GET /api/v1/fault-taxonomy",
        }
        raise details_wrong(ticket.kind, "name_cause", "root_cause", words)


def _require_another(session: Session, actor: Actor, ahead: Event) -> None:
    """A bench has one account for all who work there, so its work is compared by the operator's name."""
    witness = ahead.payload.get("by") or f"{ahead.actor_kind}:{ahead.actor_id}"
    same_name = actor.kind == "bench" and ahead.actor_name == actor.name
    if same_name or one_hand(session, actor.person, str(witness)):
        raise Problem(PRICED_BY_WITNESS)


def _cost(
    ticket: Ticket, approved: RepairPlan | None, ahead: Event | None, done: Repaired
) -> tuple[int | None, str | None]:
    """Return what the customer pays; raise action-details-wrong above what was agreed."""
    if approved is not None and approved.option is not None:
        agreed, currency = int(approved.options[approved.option - 1]["cost_minor"]), approved.currency
    else:
        agreed, currency = (ahead.payload["limit_minor"], ahead.payload["currency"]) if ahead else (0, "CNY")
    cost = done.cost_minor
    if cost is None:
        return (agreed if approved is not None or agreed == 0 else None), currency
    if cost > agreed:
        words: Words = {
            "en": f"the customer agreed to {agreed} {currency} (smallest unit); propose a new plan for more",
            "zh-CN": f"客户同意的金额为 {agreed} {currency}（最小单位）；超出须重新提出方案",
        }
        raise details_wrong(ticket.kind, "repaired", "cost_minor", words)
    return cost, currency
