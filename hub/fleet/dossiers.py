"""What the technician's screen shows of a ticket beyond the worklist, collected from the domains that know it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.aftercare import warranty
from hub.core.clock import now
from hub.core.ids import public_id
from hub.knowledge import queries as knowledge_queries
from hub.knowledge import search
from hub.knowledge.queries import Among
from hub.policies.values import BothLanguages
from hub.repairs import queries as repair_queries
from hub.repairs import taxonomy
from hub.repairs.models import Repair, RepairPlan
from hub.sla import service as sla
from hub.tickets import queries as ticket_queries
from hub.tickets.kinds import State
from hub.tickets.models import PREFIX, Ticket
from protocols.messages.dossiers import (
    Deadline,
    Dossier,
    FaultName,
    Option,
    PastRepair,
    Picture,
    PlanOffered,
    RepairCover,
    Suggestion,
)

MOST_PAST = 5
MOST_SUGGESTIONS = 3
MOST_PICTURES = 8
BODY_CHARACTERS = 600


def dossier(session: Session, ticket: Ticket) -> Dossier:
    """Return what is known of a ticket; no name, number or address of the customer is in it."""
    proof = " ".join(filter(None, (ticket.proof_kind, ticket.proof_number)))
    return Dossier(
        kind=ticket.kind,
        received_at=ticket.created_at,
        urgency=ticket.urgency,
        fault=ticket.fault,
        accessories=tuple(str(one) for one in ticket.accessories or ()),
        appearance=ticket.appearance,
        proof=proof or None,
        approval=ticket.approval,
        root_cause=ticket.root_cause,
        cover=_cover(session, ticket),
        history=_history(session, ticket),
        suggestions=_suggestions(session, ticket),
        pictures=_pictures(session, ticket),
        plan=_plan(repair_queries.newest_plan(session, ticket.id)),
        deadlines=_deadlines(session, ticket, now()),
    )


def faults(session: Session) -> tuple[FaultName, ...]:
    """Return the fault taxonomy in force, in its order."""
    return tuple(
        FaultName(fault.code, _words(fault.title), _words(group.title))
        for group in taxonomy.in_force(session).groups
        for fault in group.faults
    )


def _words(title: BothLanguages) -> dict[str, str]:
    return {"en": title.en, "zh-CN": title.zh_cn}


def _cover(session: Session, ticket: Ticket) -> RepairCover | None:
    """Return the repair warranty that the device came back under, and whether this is the same fault (T15)."""
    found = warranty.judged(session, ticket)
    if found is None:
        return None
    verdict, held = found
    return RepairCover(public_id(PREFIX, held.ticket_id), held.ends_at, held.fault, verdict.value)


def _history(session: Session, ticket: Ticket) -> tuple[PastRepair, ...]:
    """Return earlier tickets of the same device, the newest first."""
    if not ticket.serial:
        return ()
    statement = (
        select(Ticket)
        .where(
            Ticket.serial == ticket.serial,
            Ticket.model_key == ticket.model_key,
            Ticket.id != ticket.id,
            Ticket.state != State.DRAFT,
        )
        .order_by(Ticket.id.desc())
        .limit(MOST_PAST)
    )
    past = session.scalars(statement).all()
    if not past:
        return ()
    made = session.scalars(select(Repair).where(Repair.ticket_id.in_([one.id for one in past])).order_by(Repair.id))
    repairs = {repair.ticket_id: repair for repair in made}
    return tuple(_past(one, repairs.get(one.id)) for one in past)


def _past(ticket: Ticket, repair: Repair | None) -> PastRepair:
    parts: Iterable[str] = () if repair is None else (str(part.get("part", "")) for part in repair.parts)
    return PastRepair(
        ticket=ticket.public_id,
        at=ticket.created_at if repair is None else repair.repaired_at,
        state=ticket.state,
        symptom=ticket.symptom[:BODY_CHARACTERS],
        root_cause=ticket.root_cause,
        work="" if repair is None else (repair.work or "")[:BODY_CHARACTERS],
        parts=tuple(part for part in parts if part),
    )


def _suggestions(session: Session, ticket: Ticket) -> tuple[Suggestion, ...]:
    query = search.query_of(ticket, search.known_of(session, ticket))
    hits = search.search(session, query, Among(), "en", MOST_SUGGESTIONS)
    texts = knowledge_queries.texts(session, [hit.edition.id for hit in hits]) if hits else ()
    return tuple(
        Suggestion(
            article=hit.article.public_id,
            edition=hit.edition.number,
            title={text.language: text.title for text in texts if text.edition_id == hit.edition.id},
            body={text.language: text.body[:BODY_CHARACTERS] for text in texts if text.edition_id == hit.edition.id},
            because=tuple(match.text for match in hit.because),
        )
        for hit in hits
    )


def _pictures(session: Session, ticket: Ticket) -> tuple[Picture, ...]:
    found = ticket_queries.attachments(session, ticket.id)
    return tuple(
        Picture(one.sha256, one.media_type, one.size, one.purpose, one.name or "") for one in found[:MOST_PICTURES]
    )


def _plan(plan: RepairPlan | None) -> PlanOffered | None:
    if plan is None:
        return None
    options = tuple(
        Option(
            work=str(one["work"])[:BODY_CHARACTERS],
            cost_minor=int(one["cost_minor"]),
            currency=plan.currency,
            parts=_parts(one.get("parts", ())),
        )
        for one in plan.options
    )
    return PlanOffered(plan.revision, plan.status, options, plan.option, plan.valid_until)


def _parts(parts: Sequence[dict[str, object]]) -> tuple[str, ...]:
    names = []
    for part in parts:
        count = f" × {part['quantity']}" if part.get("quantity", 1) != 1 else ""
        names.append(f"{part.get('name') or part['part']}{count}")
    return tuple(names)


def _deadlines(session: Session, ticket: Ticket, at: datetime) -> tuple[Deadline, ...]:
    clocks = sla.ticket_deadlines(session, ticket, at).deadlines.clocks
    return tuple(
        Deadline(clock.clock.value, clock.state.value, clock.due)
        for clock in clocks
        if clock.state.value in {"running", "paused", "breached"} and clock.ended_at is None
    )
