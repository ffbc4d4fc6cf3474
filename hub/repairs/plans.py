"""Repair plans (T12): proposed, revised, approved or declined. Called by ``hub.tickets.service.apply`` alone.

Each function checks everything before it writes anything, and returns what the event says besides.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hub.aftercare import warranty
from hub.core.clock import now, rfc3339
from hub.core.i18n import Count, both
from hub.core.problems import Problem, ProblemType
from hub.identity.actors import Actor
from hub.identity.segregation import one_hand
from hub.repairs import queries
from hub.repairs.models import RepairPlan
from hub.tickets import queries as tickets
from hub.tickets.actions import ApprovePlan, DeclinePlan, How, ProposePlan, details_wrong
from hub.tickets.models import Ticket

CUSTOMER = "customer"
"""Kind of the actor that a customer is who came by the ticket's link."""
PLAN_OUTDATED = ProblemType(
    "plan-outdated",
    409,
    {"en": "The repair plan is not the present one", "zh-CN": "维修方案已更新"},
    {
        "en": "Revision {revision} was meant, the present one is {newest}; show the customer the present one first.",
        "zh-CN": "所指为第 {revision} 版方案，当前为第 {newest} 版；请先向客户说明当前方案。",
    },
)
PLAN_EXPIRED = ProblemType(
    "plan-expired",
    409,
    {"en": "The repair plan is no longer valid", "zh-CN": "维修方案已过有效期"},
    {
        "en": "The plan was valid until {until}; propose it again, with the present prices.",
        "zh-CN": "方案有效期至 {until}；请按当前价格重新提出。",
    },
)

SECOND_PERSON = ProblemType(
    "approval-by-proposer",
    409,
    {"en": "Another person records the approval", "zh-CN": "须由他人记录客户同意"},
    {
        "en": "Whoever proposed the repair plan may not record that the customer agrees to it; ask a colleague, or let "
        "the customer answer on the ticket's page.",
        "zh-CN": "提出维修方案的人不得记录客户同意；请由同事记录，或请客户在工单页面作答。",
    },
)


def propose(
    session: Session, ticket: Ticket, actor: Actor, wanted: ProposePlan, occurred_at: datetime
) -> Mapping[str, Any]:
    """Keep a new revision; what was open or approved before no longer counts, so a new price wants a new approval."""
    valid_until = wanted.valid_until or occurred_at + timedelta(days=wanted.valid_days)
    if valid_until <= occurred_at:
        words = both("this is in the past; name a time to come", "有效期须晚于提出时间")
        raise details_wrong(ticket.kind, "propose_plan", "valid_until", words)
    for place, option in enumerate(wanted.options):
        objection = warranty.objection_to_price(session, ticket, option.cost_minor)
        if objection is not None:
            raise details_wrong(ticket.kind, "propose_plan", f"options/{place}/cost_minor", objection)
    before = queries.newest_plan(session, ticket.id)
    if before is not None and before.status == "proposed":
        before.status = "superseded"
        session.flush()
    plan = RepairPlan(
        ticket_id=ticket.id,
        revision=1 if before is None else before.revision + 1,
        options=[option.model_dump(mode="json", exclude_none=True) for option in wanted.options],
        only_option_because=wanted.only_option_because,
        currency=wanted.options[0].currency,
        status="proposed",
        proposed_by=actor.person,
        proposed_at=occurred_at,
        valid_until=valid_until,
    )
    session.add(plan)
    return {
        "plan_revision": plan.revision,
        "costs_minor": [option.cost_minor for option in wanted.options],
        "currency": plan.currency,
        "valid_until": rfc3339(valid_until),
    }


def approve(
    session: Session, ticket: Ticket, actor: Actor, wanted: ApprovePlan, occurred_at: datetime
) -> Mapping[str, Any]:
    """The customer wants one of the options."""
    plan = _open_plan(session, ticket, wanted.revision)
    require_witness(ticket, "approve_plan", actor, wanted.how, said_at=wanted.said_at, occurred_at=occurred_at)
    _require_second_person(session, ticket, plan, actor)
    said_at = wanted.said_at or occurred_at
    if said_at > plan.valid_until:
        raise Problem(PLAN_EXPIRED, until=rfc3339(plan.valid_until))
    if said_at < plan.proposed_at and wanted.said_at is not None:
        words = both("this is before the plan was proposed", "早于方案提出时间")
        raise details_wrong(ticket.kind, "approve_plan", "said_at", words)
    if wanted.option > len(plan.options):
        count = len(plan.options)
        words = both(f"the plan has {Count(count):option|options}", f"方案共有 {count} 个选项")
        raise details_wrong(ticket.kind, "approve_plan", "option", words)
    plan.status, plan.option = "approved", wanted.option
    _answered(plan, actor, wanted.how, said_at)
    chosen = plan.options[wanted.option - 1]
    return {"plan_revision": plan.revision, "cost_minor": chosen["cost_minor"], "currency": plan.currency}


def decline(
    session: Session, ticket: Ticket, actor: Actor, wanted: DeclinePlan, occurred_at: datetime
) -> Mapping[str, Any]:
    """The customer wants none of the options."""
    plan = _open_plan(session, ticket, wanted.revision)
    require_witness(ticket, "decline_plan", actor, wanted.how, said_at=None, occurred_at=occurred_at)
    plan.status = "declined"
    _answered(plan, actor, wanted.how, occurred_at)
    return {"plan_revision": plan.revision}


def is_open(plan: RepairPlan | None, at: datetime) -> bool:
    """Whether the customer can still answer."""
    return plan is not None and plan.status == "proposed" and at <= plan.valid_until


def _open_plan(session: Session, ticket: Ticket, revision: int | None) -> RepairPlan:
    plan = queries.newest_plan(session, ticket.id)
    newest = 0 if plan is None else plan.revision
    if plan is None or plan.status != "proposed" or (revision is not None and revision != newest):
        raise Problem(PLAN_OUTDATED, revision=newest if revision is None else revision, newest=newest)
    return plan


def _require_second_person(session: Session, ticket: Ticket, plan: RepairPlan, actor: Actor) -> None:
    """A bench has one account for all who work there, so its proposals are compared by the operator's name."""
    at_bench = plan.proposed_by.startswith("bench:")
    proposal = tickets.newest_event(session, ticket.record, "ticket.propose_plan") if at_bench else None
    same_name = proposal is not None and proposal.actor_name == actor.name
    if same_name or one_hand(session, actor.person, plan.proposed_by):
        raise Problem(SECOND_PERSON)


def _answered(plan: RepairPlan, actor: Actor, how: str, at: datetime) -> None:
    plan.answered_by, plan.answered_at, plan.how = actor.person, at, how


def require_witness(
    ticket: Ticket, action: str, actor: Actor, how: How, *, said_at: datetime | None, occurred_at: datetime
) -> None:
    """Nobody at the desk claims a click of the customer's, nor an answer from the future."""
    if (how == "online") != (actor.kind == CUSTOMER):
        words = both(
            "only the customer's own answer on the ticket's page is online; say in_person, phone or message",
            "仅客户在工单页面本人作答时为 online；请填写 in_person、phone 或 message",
        )
        raise details_wrong(ticket.kind, action, "how", words)
    if said_at is not None and said_at > max(occurred_at, now()):
        raise details_wrong(ticket.kind, action, "said_at", both("this is in the future", "时间晚于当前"))
