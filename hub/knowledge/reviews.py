"""What people say about articles, and what to review this month (K2)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.labels import model_key
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.knowledge import queries, service
from hub.knowledge.models import Article, Edition, Use
from hub.knowledge.queries import Counts
from hub.knowledge.schemas import Verdict
from hub.knowledge.states import EDITIONS, EditionState
from hub.tickets import outcomes
from hub.tickets import service as tickets

MONTH_PATTERN = "^20[0-9]{2}-(0[1-9]|1[0-2])$"
NOT_PUBLISHED = ProblemType(
    "edition-not-published",
    409,
    {"en": "The edition is not published", "zh-CN": "版次未发布"},
    {
        "en": "Edition {number} of {article} is {state}; say so of a published one.",
        "zh-CN": "{article} 第 {number} 版当前为{state}；请评价已发布的版次。",
    },
)


def judge(session: Session, actor: Actor, public_id: str, number: int, verdict: Verdict) -> Counts:
    """Take down whether an edition helped; who says it again for the same ticket changes it."""
    article = service.get(session, actor, public_id, for_update=True)
    edition = service.get_edition(session, actor, article, number)
    if edition.state != "published":
        raise Problem(
            NOT_PUBLISHED,
            article=article.public_id,
            number=number,
            state=EDITIONS.state_words(EditionState(edition.state)),
        )
    if verdict.ticket is not None:
        tickets.get(session, actor, verdict.ticket)
    ticket, at = verdict.ticket or "", now()
    said = queries.use(session, edition.id, ticket, actor.person)
    if said is None:
        session.add(Use(edition_id=edition.id, ticket=ticket, person=actor.person, helpful=verdict.helpful, at=at))
    else:
        said.helpful, said.at = verdict.helpful, at
    session.flush()
    payload = {"edition": number, "helpful": verdict.helpful, "ticket": verdict.ticket}
    events.append(session, actor, "article.judged", article.record, payload)
    return queries.counts(session, [edition.id]).get(edition.id, Counts())


@dataclass(frozen=True, slots=True)
class Queued:
    """An edition to review."""

    edition: Edition
    article: Article
    uses: Counts
    due: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A fault that many have and nothing is published about."""

    model: str
    fault: str
    tickets: int


def span_of(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a month such as ``2026-11`` begins and ends in the stores' time zone."""
    if not re.fullmatch(MONTH_PATTERN, month):
        raise ValueError(f"{month!r} is not a month")
    year, number = int(month[:4]), int(month[5:])
    first = datetime(year, number, 1, tzinfo=zone)
    return first, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)


def queue(session: Session, actor: Actor, span: tuple[datetime, datetime], limit: int) -> list[Queued]:
    """Return what was asked most, the most asked first; what was confirmed within the month is not due."""
    actor.require(Permission.KNOWLEDGE_READ)
    since, until = span
    found = queries.most_asked(session, since, until, limit)
    return [
        Queued(edition, article, uses, due=edition.reviewed_at is not None and edition.reviewed_at < since)
        for edition, article, uses in found
    ]


def gaps(session: Session, span: tuple[datetime, datetime], limit: int) -> list[Gap]:
    """Return the faults that most tickets have and no published article is about."""
    asked = outcomes.faults_asked(session, *span, limit=200)
    about = _published(session, [fault for _, fault, _ in asked])
    missing = [Gap(model, fault, count) for model, fault, count in asked if not _covered(about, model, fault)]
    return missing[:limit]


def _published(session: Session, faults: Sequence[str]) -> dict[str, list[set[str]]]:
    found: dict[str, list[set[str]]] = {}
    for fault, models in queries.published_faults(session, faults):
        found.setdefault(fault, []).append({model_key(one) for one in models})
    return found


def _covered(about: dict[str, list[set[str]]], model: str, fault: str) -> bool:
    return any(not models or model_key(model) in models for models in about.get(fault, ()))
