"""The warranty on repairs (T15): granted at the close, recognised by serial and fault, free of charge, counted."""

from datetime import timedelta

from sqlalchemy.orm import Session

from hub.aftercare import policy as policies
from hub.aftercare import queries
from hub.aftercare.models import RepairWarranty, RepeatRepair
from hub.aftercare.policy import Verdict, WarrantyPolicy, judge_repeat
from hub.core.clock import now
from hub.core.i18n import Words
from hub.core.ids import public_id
from hub.customers import tiers
from hub.customers.models import Customer
from hub.policies import routes
from hub.repairs import queries as repairs
from hub.repairs import taxonomy
from hub.tickets.kinds import Kind
from hub.tickets.models import PREFIX, Ticket


def in_force(session: Session) -> tuple[int, WarrantyPolicy]:
    """Return the policy that holds now, with its version."""
    return routes.in_force(session, policies.WARRANTY_FAMILY, WarrantyPolicy, policies.delivered_warranty())


def grant(session: Session, ticket: Ticket) -> RepairWarranty | None:
    """Warrant a repair that was delivered; nothing for one whose rule gives no days, or that was not made."""
    repair = repairs.newest_repair(session, ticket.id)
    if ticket.kind != Kind.REPAIR or repair is None or ticket.root_cause is None or ticket.closed_at is None:
        return None
    version, policy = in_force(session)
    names = tuple(str(part.get("name") or part["part"]) for part in repair.parts)
    days, place = policy.days(ticket.model, ticket.root_cause, names)
    if days == 0:
        return None
    customer = session.get(Customer, ticket.customer_id) if ticket.customer_id is not None else None
    extra = tiers.in_force(session).benefits(customer.tier).extra_warranty_days if customer and customer.tier else 0
    because = [f"rule:{place}:{days}d"] + ([f"tier:{customer.tier}:{extra}d"] if customer and extra else [])
    row = RepairWarranty(
        ticket_id=ticket.id,
        model=ticket.model,
        serial=ticket.serial,
        fault=ticket.root_cause,
        starts_at=ticket.closed_at,
        ends_at=ticket.closed_at + timedelta(days=days + extra),
        policy_version=version,
        because=because,
    )
    session.add(row)
    return row


def judged(session: Session, ticket: Ticket, fault: str | None = None) -> tuple[Verdict, RepairWarranty] | None:
    """Return whether a repair repeats one that is warranted, by its serial and by what is known of the fault."""
    if ticket.kind != Kind.REPAIR or not ticket.serial:
        return None
    held = queries.warranties(session, ticket.model, ticket.serial, ticket.created_at)
    held = [one for one in held if one.ticket_id != ticket.id and one.starts_at <= ticket.created_at]
    if not held:
        return None
    code = _fault(ticket, fault)
    known = taxonomy.in_force(session)
    found = None if code is None or known.fault(code) is None else (code, known.group_of(code))
    policy = in_force(session)[1]
    verdicts = [(judge_repeat(policy, (one.fault, known.group_of(one.fault)), found), one) for one in held]
    order = (Verdict.REPEAT, Verdict.POSSIBLE, Verdict.DIFFERENT)
    return min(verdicts, key=lambda pair: order.index(pair[0]))


def recognise(session: Session, ticket: Ticket, fault: str | None = None) -> None:
    """Keep the present judgement, so that repeats can be counted."""
    found = judged(session, ticket, fault)
    if found is None:
        return
    verdict, warranted = found
    code = _fault(ticket, fault)
    row = queries.repeat_of(session, ticket.id)
    if row is None:
        session.add(
            RepeatRepair(
                ticket_id=ticket.id,
                warranty_of=warranted.ticket_id,
                verdict=verdict.value,
                fault=code,
                created_at=ticket.created_at,
                judged_at=now(),
            )
        )
    else:
        row.warranty_of, row.verdict, row.fault, row.judged_at = warranted.ticket_id, verdict.value, code, now()


def objection_to_price(session: Session, ticket: Ticket, cost_minor: int, fault: str | None = None) -> Words | None:
    """Return why a customer is not to pay ``cost_minor`` for this repair; ``None``: it may be asked."""
    found = judged(session, ticket, fault) if cost_minor > 0 else None
    if found is None or found[0] is Verdict.DIFFERENT:
        return None
    before = public_id(PREFIX, found[1].ticket_id)
    if found[0] is Verdict.REPEAT:
        return {
            "en": f"this repeats {before} within its repair warranty, so it is free of charge: make it 0",
            "zh-CN": f"本次为 {before} 维修质保期内的重复故障，应免费：请填 0",
        }
    return {
        "en": f"{before} is under repair warranty; name the root cause first, the same fault is free of charge",
        "zh-CN": f"{before} 尚在维修质保期内；请先认定故障根因，同一故障免费",
    }


def _fault(ticket: Ticket, fault: str | None) -> str | None:
    return fault or ticket.root_cause or ticket.fault
