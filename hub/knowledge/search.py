"""Find published editions for what a device shows and measures (K1), and say why each was found."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.i18n import Language
from hub.knowledge import index, queries
from hub.knowledge.models import Article, Edition, EditionText, Use
from hub.knowledge.queries import Among
from hub.knowledge.schemas import by_language, grouped
from hub.measurements import findings
from hub.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Hit:
    """An edition that was found."""

    score: float
    article: Article
    edition: Edition
    text: EditionText
    because: Sequence[index.Match]


def search(session: Session, query: index.Query, among: Among, language: Language, limit: int) -> list[Hit]:
    """Return the editions that answer ``query`` best; five statements, however many there are."""
    wanted = query.terms()
    if not wanted:
        return []
    known = queries.frequencies(session, wanted)
    if not known:
        return []
    total = queries.count_published(session)
    weights = {term: wanted[term] * index.rarity(total, count) for term, count in known.items()}
    found = queries.best(session, weights, among, limit)
    ids = [edition.id for _, edition, _ in found]
    matched = queries.matched(session, ids, known)
    texts = grouped(queries.texts(session, ids))
    return [
        Hit(
            score=round(score, 3),
            article=article,
            edition=edition,
            text=by_language(texts[edition.id], language)[0],
            because=index.because(query, matched[edition.id]),
        )
        for score, edition, article in found
    ]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a ticket's device."""

    failing: tuple[str, ...]
    firmware: str | None


def known_of(session: Session, ticket: Ticket) -> Known:
    """Return what the runs of a ticket found."""
    return Known(
        failing=findings.failing_measurements(session, ticket.public_id),
        firmware=findings.measured_text(session, ticket.public_id, "firmware-version"),
    )


def query_of(ticket: Ticket, known: Known) -> index.Query:
    """Return what to look for on behalf of a ticket."""
    return index.Query(
        text=ticket.symptom,
        measurements=known.failing,
        fault=ticket.fault,
        model=ticket.model or None,
    )


def count_shown(session: Session, ticket: Ticket, hits: Sequence[Hit]) -> None:
    """Count that editions were shown for a ticket, each once a ticket."""
    ids = [hit.edition.id for hit in hits]
    before = queries.shown_before(session, ticket.public_id, ids)
    at = now()
    session.add_all(
        Use(edition_id=edition_id, ticket=ticket.public_id, person="", at=at)
        for edition_id in ids
        if edition_id not in before
    )
    session.flush()


def all_counted(session: Session, ticket: Ticket, hits: Sequence[Hit]) -> bool:
    """Whether all of these were shown for the ticket before, so that there is nothing to write."""
    ids = [hit.edition.id for hit in hits]
    return not ids or queries.shown_before(session, ticket.public_id, ids) >= set(ids)
