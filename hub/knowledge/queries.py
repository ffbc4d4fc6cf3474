"""All SQL about the knowledge base."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from hub.core.bulk import BulkInsert
from hub.core.ids import row_number
from hub.core.paging import after_cursor
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.knowledge import models
from hub.knowledge.models import PREFIX, Article, Edition, EditionText, Posting, Use
from hub.knowledge.states import EditionState

_postings = BulkInsert(models.Posting.__table__, ("term", "edition_id", "weight"))  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class ArticleFilter:
    """What to list; absent members do not restrict."""

    state: str | None = None
    kind: str | None = None
    product_line: str | None = None
    fault: str | None = None
    training: bool | None = None
    lacks_language: str | None = None


def sees_drafts(actor: Actor) -> bool:
    """Whether ``actor`` sees what was never published."""
    return actor.may(Permission.KNOWLEDGE_WRITE) or actor.may(Permission.KNOWLEDGE_APPROVE)


def _visible(actor: Actor) -> Select[Article]:
    """Start every query about articles here: who does not write sees what is or was published."""
    statement = select(Article)
    if sees_drafts(actor):
        return statement
    return statement.where(_has_edition(Edition.published_at.is_not(None)))


def _has_edition(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Edition.article_id == Article.id, *conditions)


def visible_article(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> Article | None:
    """Return an article that ``actor`` may see, locked when it is going to change."""
    number = row_number(PREFIX, public_id)
    if number is None:
        return None
    statement = _visible(actor).where(Article.id == number)
    return session.scalar(statement.with_for_update() if for_update else statement)


def articles(
    session: Session, actor: Actor, wanted: ArticleFilter, cursor: str | None, limit: int
) -> Sequence[Article]:
    """Return visible articles, the newest first, one more than ``limit`` when there are more."""
    statement = _visible(actor)
    for column, value in (
        (Article.kind, wanted.kind),
        (Article.product_line, wanted.product_line),
        (Article.fault, wanted.fault),
        (Article.training, wanted.training),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.state is not None:
        statement = statement.where(_has_edition(Edition.state == wanted.state))
    if wanted.lacks_language is not None:
        text = exists().where(EditionText.edition_id == Edition.id, EditionText.language == wanted.lacks_language)
        statement = statement.where(_has_edition(Edition.state == EditionState.PUBLISHED, ~text))
    return session.scalars(after_cursor(statement, [Article.id], [int], cursor, limit)).all()


def editions(session: Session, actor: Actor, article_ids: Collection[int]) -> Sequence[Edition]:
    """Return the editions of some articles that ``actor`` may see, by article, the newest first."""
    statement = select(Edition).where(Edition.article_id.in_(article_ids))
    if not sees_drafts(actor):
        statement = statement.where(Edition.published_at.is_not(None))
    return session.scalars(statement.order_by(Edition.article_id, Edition.number.desc())).all()


def edition(session: Session, article_id: int, number: int) -> Edition | None:
    """Return one edition."""
    return session.scalar(select(Edition).where(Edition.article_id == article_id, Edition.number == number))


def newest_number(session: Session, article_id: int) -> int:
    """Return the number of the newest edition, 0 when there is none."""
    return session.scalar(select(func.max(Edition.number)).where(Edition.article_id == article_id)) or 0


def texts(session: Session, edition_ids: Collection[int]) -> Sequence[EditionText]:
    """Return the texts of some editions."""
    return session.scalars(select(EditionText).where(EditionText.edition_id.in_(edition_ids))).all()


def remove_texts(session: Session, edition_id: int) -> None:
    """Remove the texts of a draft, before it gets others."""
    session.execute(delete(EditionText).where(EditionText.edition_id == edition_id))


def put_postings(session: Session, edition_id: int, weights: Mapping[str, float]) -> None:
    """Let an edition be found by these terms, and by no others."""
    remove_postings(session, edition_id)
    rows = [(term, edition_id, weight) for term, weight in sorted(weights.items())]
    _postings.run(session.connection(), rows)


def remove_postings(session: Session, edition_id: int) -> None:
    """Let an edition be found no more."""
    session.execute(delete(Posting).where(Posting.edition_id == edition_id))


def count_published(session: Session) -> int:
    """Return how many editions can be found."""
    return session.scalar(select(func.count()).where(Edition.state == EditionState.PUBLISHED)) or 0


def frequencies(session: Session, terms: Collection[str]) -> dict[str, int]:
    """Return how many editions each of ``terms`` finds."""
    statement = select(Posting.term, func.count()).where(Posting.term.in_(terms)).group_by(Posting.term)
    return {row[0]: row[1] for row in session.execute(statement)}


@dataclass(frozen=True, slots=True)
class Among:
    """Among which editions to look; absent members do not restrict. ``version_key`` is one version as a key."""

    kind: str | None = None
    product_line: str | None = None
    software: str | None = None
    version_key: str | None = None


def best(
    session: Session, weights: Mapping[str, float], among: Among, limit: int
) -> Sequence[tuple[float, Edition, Article]]:
    """Return the published editions with the highest sum of ``weights`` times their postings', the best first."""
    factor = case({term: literal(weight) for term, weight in weights.items()}, value=Posting.term, else_=0.0)
    score = func.sum(Posting.weight * factor).label("score")
    found = (
        select(Posting.edition_id, score)
        .where(Posting.term.in_(weights))
        .group_by(Posting.edition_id)
        .subquery("found")
    )
    statement = (
        select(found.c.score, Edition, Article)
        .join(Edition, Edition.id == found.c.edition_id)
        .join(Article, Article.id == Edition.article_id)
        .where(Edition.state == EditionState.PUBLISHED)
    )
    if among.kind is not None:
        statement = statement.where(Article.kind == among.kind)
    if among.product_line is not None:
        statement = statement.where(Article.product_line == among.product_line)
    if among.version_key is not None:
        holds = and_(Edition.first_key <= among.version_key, Edition.last_key >= among.version_key)
        statement = statement.where(or_(holds, Edition.software != among.software))
    ordered = statement.order_by(found.c.score.desc(), Edition.id).limit(limit)
    return [(row[0], row[1], row[2]) for row in session.execute(ordered)]


def matched(session: Session, edition_ids: Collection[int], terms: Collection[str]) -> dict[int, frozenset[str]]:
    """Return by which of ``terms`` each edition is found."""
    statement = select(Posting.edition_id, Posting.term).where(
        Posting.edition_id.in_(edition_ids), Posting.term.in_(terms)
    )
    found: dict[int, set[str]] = {}
    for edition_id, term in session.execute(statement):
        found.setdefault(edition_id, set()).add(term)
    return {edition_id: frozenset(there) for edition_id, there in found.items()}


def shown_before(session: Session, ticket: str, edition_ids: Collection[int]) -> set[int]:
    """Return which editions were shown for a ticket already."""
    statement = select(Use.edition_id).where(Use.ticket == ticket, Use.person == "", Use.edition_id.in_(edition_ids))
    return set(session.scalars(statement))


def use(session: Session, edition_id: int, ticket: str, person: str) -> Use | None:
    """Return what a person said about an edition for a ticket."""
    return session.get(Use, (edition_id, ticket, person))


@dataclass(frozen=True, slots=True)
class Counts:
    """How often an edition was shown, and found helpful or not."""

    shown: int = 0
    helpful: int = 0
    not_helpful: int = 0


def _counts(conditions: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    return (
        select(
            Use.edition_id,
            how_many(Use.person == "").label("shown"),
            how_many(Use.helpful.is_(True)).label("helpful"),
            how_many(Use.helpful.is_(False)).label("not_helpful"),
        )
        .where(*conditions)
        .group_by(Use.edition_id)
    )


def counts(session: Session, edition_ids: Collection[int]) -> dict[int, Counts]:
    """Return how often some editions were used, ever."""
    found = session.execute(_counts([Use.edition_id.in_(edition_ids)]))
    return {row[0]: Counts(int(row[1]), int(row[2]), int(row[3])) for row in found}


def most_asked(
    session: Session, since: datetime, until: datetime, limit: int
) -> Sequence[tuple[Edition, Article, Counts]]:
    """Return published editions with their uses in a span of time, the most shown first, then the worst judged."""
    used = _counts([Use.at >= since, Use.at < until]).subquery("used")
    shown, bad = func.coalesce(used.c.shown, 0), func.coalesce(used.c.not_helpful, 0)
    statement = (
        select(Edition, Article, shown, func.coalesce(used.c.helpful, 0), bad)
        .join(Article, Article.id == Edition.article_id)
        .outerjoin(used, used.c.edition_id == Edition.id)
        .where(Edition.state == EditionState.PUBLISHED)
        .order_by(shown.desc(), bad.desc(), Edition.id)
        .limit(limit)
    )
    return [(row[0], row[1], Counts(int(row[2]), int(row[3]), int(row[4]))) for row in session.execute(statement)]


def published_faults(session: Session, faults: Collection[str]) -> list[tuple[str, list[Any]]]:
    """Return the faults that something is published about, each with the models (none: all)."""
    edition = aliased(Edition)
    statement = (
        select(Article.fault, Article.models)
        .join(edition, edition.article_id == Article.id)
        .where(edition.state == EditionState.PUBLISHED, Article.fault.in_(faults))
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def drafted_from(session: Session, tickets: Collection[str]) -> set[str]:
    """Return which tickets an article was drafted from."""
    return set(session.scalars(select(Article.source_ticket).where(Article.source_ticket.in_(tickets))))


def subjects(session: Session) -> list[tuple[Article, list[Any]]]:
    """Return all articles, the newest first, each with the measurements of one of its editions; drafts count too."""
    statement = select(Article, Edition.measurements).join(Edition, Edition.article_id == Article.id)
    return [(row[0], row[1]) for row in session.execute(statement.order_by(Article.id.desc()))]
