"""HTTP: the knowledge base."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import StringConstraints
from sqlalchemy.orm import Session

from hub.calendars import service as calendars
from hub.core.clock import now
from hub.core.documented import refusals
from hub.core.etags import BAD_IF_MATCH, STALE_VERSION, Expected, etag
from hub.core.i18n import Language, preferred_language
from hub.core.pages import CursorText, Limit, Page
from hub.core.paging import split_page
from hub.core.problems import BAD_CURSOR
from hub.events import queries as event_queries
from hub.events.schemas import EventOut
from hub.identity.actors import FORBIDDEN, Actor
from hub.identity.api import Caller, HubDatabase
from hub.identity.permissions import Permission
from hub.identity.service import UNAUTHENTICATED
from hub.knowledge import fixes, index, queries, reviews, schemas, search, service, versions
from hub.knowledge.models import Article, Edition
from hub.knowledge.queries import Among, ArticleFilter, Counts
from hub.knowledge.schemas import (
    ArticleChange,
    ArticleDetail,
    ArticleOut,
    EditionAction,
    EditionIn,
    EditionOut,
    FixIn,
    FixOut,
    HitOut,
    NewArticle,
    NewEdition,
    ReviewQueue,
    SuggestionsOut,
    UsesOut,
    Verdict,
)
from hub.knowledge.states import ArticleKind, EditionState
from hub.tickets import service as tickets
from hub.tickets.api import TicketId

router = APIRouter(prefix="/api/v1/knowledge", tags=["knowledge"])
ticket_router = APIRouter(prefix="/api/v1/tickets", tags=["knowledge"])

_COMMON = (UNAUTHENTICATED, FORBIDDEN)
_ONE = (UNAUTHENTICATED, FORBIDDEN, service.ARTICLE_NOT_FOUND)
_EDITION = (UNAUTHENTICATED, FORBIDDEN, service.ARTICLE_NOT_FOUND, service.EDITION_NOT_FOUND)
_ACT = (
    UNAUTHENTICATED,
    FORBIDDEN,
    service.ARTICLE_NOT_FOUND,
    service.EDITION_NOT_FOUND,
    service.EDITION_ACTION_NOT_POSSIBLE,
    service.EDITION_ACTION_GUARDED,
)
ArticleId = Annotated[str, Path(max_length=40, description="The article's number.", examples=["K-000007"])]
Number = Annotated[int, Path(ge=1, le=10_000, description="The edition's number.", examples=[1])]
Accepted = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
Text = Annotated[str | None, Query(max_length=64)]
VersionText = Annotated[
    str | None, Query(max_length=32, pattern=versions.PATTERN, description="Version on the device.", examples=["1.4.2"])
]
Few = Annotated[int, Query(ge=1, le=50, description="Most hits.")]
Measured = Annotated[str, StringConstraints(min_length=1, max_length=128)]


@router.post("/articles", status_code=201, summary="Write an article", responses=refusals(*_COMMON))
def create_article(
    database: HubDatabase, caller: Caller, wanted: NewArticle, response: Response, accept_language: Accepted = None
) -> ArticleDetail:
    """Begin an article, an FAQ or a script (K1) with its first edition, a draft."""
    with database.write() as session:
        article = service.create(session, caller, wanted)
        shown = _detail(session, caller, article, preferred_language(accept_language))
    response.headers["Location"] = f"/api/v1/knowledge/articles/{shown.id}"
    return shown


@router.get("/articles", summary="List articles", responses=refusals(*_COMMON, BAD_CURSOR))
def list_articles(
    *,
    database: HubDatabase,
    caller: Caller,
    state: Annotated[EditionState | None, Query(description="Some edition is in this state.")] = None,
    kind: ArticleKind | None = None,
    product_line: Text = None,
    fault: Text = None,
    training: bool | None = None,
    lacks_language: Annotated[Language | None, Query(description="Published, but not in this language.")] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
    accept_language: Accepted = None,
) -> Page[ArticleOut]:
    """Articles that the caller may see, the newest first. Drafts are seen by those who may write."""
    caller.require(Permission.KNOWLEDGE_READ)
    wanted = ArticleFilter(
        state=state,
        kind=kind,
        product_line=product_line,
        fault=fault,
        training=training,
        lacks_language=lacks_language,
    )
    with database.read() as session:
        found = queries.articles(session, caller, wanted, cursor, limit)
        rows, following = split_page(found, limit, lambda article: [article.id])
        return Page(items=_listed(session, caller, rows, preferred_language(accept_language)), next=following)


@router.get("/articles/{article}", summary="Show an article", responses=refusals(*_ONE))
def show_article(
    database: HubDatabase, caller: Caller, article: ArticleId, accept_language: Accepted = None
) -> ArticleDetail:
    """An article with its editions, the newest first, each with its texts, the caller's language first (K3)."""
    with database.read() as session:
        found = service.get(session, caller, article)
        return _detail(session, caller, found, preferred_language(accept_language))


@router.patch("/articles/{article}", summary="File an article elsewhere", responses=refusals(*_ONE))
def change_article(
    database: HubDatabase,
    caller: Caller,
    article: ArticleId,
    wanted: ArticleChange,
    accept_language: Accepted = None,
) -> ArticleDetail:
    """Change product line, models, fault, or whether it is training material (K4)."""
    with database.write() as session:
        found = service.change(session, caller, article, wanted)
        return _detail(session, caller, found, preferred_language(accept_language))


@router.get("/articles/{article}/timeline", summary="List an article's events", responses=refusals(*_ONE, BAD_CURSOR))
def list_article_timeline(
    database: HubDatabase, caller: Caller, article: ArticleId, cursor: CursorText = None, limit: Limit = 50
) -> Page[EventOut]:
    """Who did what when, the newest first."""
    with database.read() as session:
        found = service.get(session, caller, article)
        events = event_queries.timeline(session, found.record, cursor, limit)
        rows, following = split_page(events, limit, lambda event: [event.id])
        return Page(items=[EventOut.of(event) for event in rows], next=following)


@router.post(
    "/articles/{article}/editions",
    status_code=201,
    summary="Draft another edition",
    responses=refusals(*_ONE, service.UNKNOWN_EDITION_REPLACED),
)
def add_edition(
    *,
    database: HubDatabase,
    caller: Caller,
    article: ArticleId,
    wanted: NewEdition,
    response: Response,
    accept_language: Accepted = None,
) -> EditionOut:
    """For other versions of the firmware (K2), with another translation (K3), or in the place of a published one."""
    with database.write() as session:
        edition = service.add_edition(session, caller, article, wanted)
        return _edition(session, caller, edition, response, accept_language)


@router.put(
    "/articles/{article}/editions/{number}",
    summary="Write a draft anew",
    responses=refusals(*_ACT, STALE_VERSION, BAD_IF_MATCH),
)
def edit_edition(
    *,
    database: HubDatabase,
    caller: Caller,
    article: ArticleId,
    number: Number,
    wanted: EditionIn,
    expected: Expected,
    response: Response,
    accept_language: Accepted = None,
) -> EditionOut:
    """Replace what a draft says. Whoever wrote in an edition cannot approve it."""
    with database.write() as session:
        edition = service.edit(session, caller, (article, number), wanted, expected)
        return _edition(session, caller, edition, response, accept_language)


@router.post(
    "/articles/{article}/editions/{number}/actions",
    summary="Take an action on an edition",
    responses=refusals(*_ACT, service.REASON_WANTED),
)
def act_on_edition(
    *,
    database: HubDatabase,
    caller: Caller,
    article: ArticleId,
    number: Number,
    wanted: EditionAction,
    response: Response,
    accept_language: Accepted = None,
) -> EditionOut:
    """Submit, approve, send back, confirm or retire it: one of the `actions` that it shows."""
    with database.write() as session:
        edition = service.act(session, caller, article, number, wanted)
        return _edition(session, caller, edition, response, accept_language)


@router.put(
    "/articles/{article}/editions/{number}/verdict",
    summary="Say whether an edition helped",
    responses=refusals(*_EDITION, reviews.NOT_PUBLISHED, tickets.TICKET_NOT_FOUND),
)
def judge_edition(
    database: HubDatabase, caller: Caller, article: ArticleId, number: Number, wanted: Verdict
) -> UsesOut:
    """One verdict a person and ticket; said again, it changes. The answer counts all uses of the edition."""
    with database.write() as session:
        return UsesOut.of(reviews.judge(session, caller, article, number, wanted))


@router.get("/search", summary="Search the knowledge base", responses=refusals(*_COMMON))
def search_knowledge(
    *,
    database: HubDatabase,
    caller: Caller,
    q: Annotated[
        str,
        Query(max_length=1000, description="Words in Chinese or English; one character is enough.", examples=["蓝牙"]),
    ] = "",
    measurement: Annotated[
        list[Measured] | None, Query(max_length=50, description="Names of measurements that fail.")
    ] = None,
    fault: Text = None,
    model: Text = None,
    kind: ArticleKind | None = None,
    product_line: Text = None,
    software: Annotated[str, Query(max_length=64, description="What `version` counts.")] = "firmware",
    version: VersionText = None,
    limit: Few = 10,
    accept_language: Accepted = None,
) -> list[HitOut]:
    """Published editions by how well they answer (K1), each with why. Those that do not hold for `version` stay out."""
    caller.require(Permission.KNOWLEDGE_READ)
    query = index.Query(q, tuple(measurement or ()), fault, model)
    among = Among(kind, product_line, software, versions.first_key(version) if version else None)
    with database.read() as session:
        hits = search.search(session, query, among, preferred_language(accept_language), limit)
        return [_hit(hit) for hit in hits]


@router.get("/review-queue", summary="Show what to review this month", responses=refusals(*_COMMON))
def show_review_queue(
    database: HubDatabase,
    caller: Caller,
    month: Annotated[
        str | None,
        Query(pattern=reviews.MONTH_PATTERN, description="Left out: the present one.", examples=["2026-11"]),
    ] = None,
    limit: Limit = 50,
    accept_language: Accepted = None,
) -> ReviewQueue:
    """Published editions by how often they were asked for within the month (K2), and faults that nothing is about."""
    caller.require(Permission.KNOWLEDGE_READ)
    language = preferred_language(accept_language)
    with database.read() as session:
        zone = calendars.time_zone(session)
        wanted = month or now().astimezone(zone).strftime("%Y-%m")
        span = reviews.span_of(wanted, zone)
        queued = reviews.queue(session, caller, span, limit)
        texts = schemas.grouped(queries.texts(session, [one.edition.id for one in queued]))
        items = [
            schemas.ReviewItem(
                article=one.article.public_id,
                edition=one.edition.number,
                kind=ArticleKind(one.article.kind),
                product_line=one.article.product_line,
                title=schemas.by_language(texts[one.edition.id], language)[0].title,
                uses=UsesOut.of(one.uses),
                reviewed_at=one.edition.reviewed_at or one.edition.updated_at,
                due=one.due,
            )
            for one in queued
        ]
        gaps = [
            schemas.GapOut(model=gap.model, fault=gap.fault, tickets=gap.tickets)
            for gap in reviews.gaps(session, span, 20)
        ]
        return ReviewQueue(month=wanted, items=items, gaps=gaps)


@router.get("/verified-fixes", summary="List repairs that prove a fix", responses=refusals(*_COMMON))
def list_verified_fixes(database: HubDatabase, caller: Caller, limit: Limit = 50) -> list[FixOut]:
    """Closed repairs whose device failed before and passes now, and that no article was drafted from (K4)."""
    with database.read() as session:
        return [
            FixOut(
                ticket=fix.ticket.public_id,
                model=fix.ticket.model,
                fault=fix.ticket.fault,
                fixed=list(fix.fixed),
                closed_at=fix.ticket.closed_at or fix.ticket.updated_at,
            )
            for fix in fixes.candidates(session, caller, limit)
        ]


@router.post(
    "/verified-fixes",
    status_code=201,
    summary="Draft an article from a repair",
    responses=refusals(*_COMMON, tickets.TICKET_NOT_FOUND, fixes.FIX_NOT_VERIFIED, fixes.DRAFTED_BEFORE),
)
def draft_from_fix(
    database: HubDatabase, caller: Caller, wanted: FixIn, response: Response, accept_language: Accepted = None
) -> ArticleDetail:
    """A draft of what was noticed, what failed, what was done and what passed afterwards (K4), to be edited."""
    with database.write() as session:
        article = fixes.draft(session, caller, wanted.ticket, wanted.product_line)
        shown = _detail(session, caller, article, preferred_language(accept_language))
    response.headers["Location"] = f"/api/v1/knowledge/articles/{shown.id}"
    return shown


@ticket_router.get(
    "/{ticket}/suggestions",
    summary="Suggest articles for a ticket",
    responses=refusals(UNAUTHENTICATED, FORBIDDEN, tickets.TICKET_NOT_FOUND),
)
def suggest_for_ticket(
    database: HubDatabase, caller: Caller, ticket: TicketId, limit: Few = 5, accept_language: Accepted = None
) -> SuggestionsOut:
    """Published editions that fit the ticket's symptom, failing measurements, fault and firmware (K1).

    What is suggested is counted as shown, once a ticket.
    """
    with database.read() as session:
        found = tickets.get(session, caller, ticket)
        caller.require(Permission.KNOWLEDGE_READ)
        known = search.known_of(session, found)
        key = versions.first_key(known.firmware) if fixes.is_version(known.firmware) else None
        among = Among(software="firmware", version_key=key)
        hits = search.search(session, search.query_of(found, known), among, preferred_language(accept_language), limit)
        counted = search.all_counted(session, found, hits)
    if not counted:
        with database.write() as session:
            search.count_shown(session, found, hits)
    return SuggestionsOut(
        symptom=found.symptom or None,
        failing=list(known.failing),
        firmware=known.firmware,
        items=[_hit(hit) for hit in hits],
    )


def _hit(hit: search.Hit) -> HitOut:
    return HitOut.model_validate(
        {
            "article": hit.article.public_id,
            "edition": hit.edition.number,
            "kind": hit.article.kind,
            "product_line": hit.article.product_line,
            "models": hit.article.models,
            "describes": schemas.describes_out(hit.edition),
            "language": hit.text.language,
            "title": hit.text.title,
            "symptom": hit.text.symptom,
            "score": hit.score,
            "because": schemas.because_out(hit.because),
        }
    )


def _edition(
    session: Session, caller: Actor, edition: Edition, response: Response, accept_language: str | None
) -> EditionOut:
    response.headers["ETag"] = etag(edition.version)
    return _editions(session, caller, [edition], preferred_language(accept_language))[0]


def _editions(session: Session, caller: Actor, rows: list[Edition], language: Language) -> list[EditionOut]:
    ids = [row.id for row in rows]
    texts, uses = schemas.grouped(queries.texts(session, ids)), queries.counts(session, ids)
    return [
        schemas.edition_out(row, texts.get(row.id, []), uses.get(row.id, Counts()), caller, language) for row in rows
    ]


def _detail(session: Session, caller: Actor, article: Article, language: Language) -> ArticleDetail:
    rows = list(queries.editions(session, caller, [article.id]))
    return ArticleDetail(**schemas.article_fields(article), editions=_editions(session, caller, rows, language))


def _listed(session: Session, caller: Actor, articles: Sequence[Article], language: Language) -> list[ArticleOut]:
    rows = queries.editions(session, caller, [article.id for article in articles])
    newest: dict[int, Edition] = {}
    published: dict[int, list[int]] = {}
    for row in rows:
        newest.setdefault(row.article_id, row)
        if row.state == EditionState.PUBLISHED:
            published.setdefault(row.article_id, []).append(row.number)
    texts = schemas.grouped(queries.texts(session, [row.id for row in newest.values()]))
    return [
        ArticleOut(
            **schemas.article_fields(article),
            title=next(
                (text.title for text in schemas.by_language(texts.get(newest[article.id].id, []), language)), None
            ),
            editions=published.get(article.id, []),
        )
        for article in articles
    ]
