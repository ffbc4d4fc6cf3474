"""One function per command on articles. ``apply`` is the only place where an edition's state changes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.etags import Precondition
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.identity.segregation import as_seen_by
from hub.knowledge import index, queries, versions
from hub.knowledge.models import Article, Edition, EditionText
from hub.knowledge.schemas import ArticleChange, EditionAction, EditionIn, NewArticle, NewEdition
from hub.knowledge.states import EDITIONS, NEEDS_REASON, EditionFacts, EditionState

ARTICLE_NOT_FOUND = ProblemType(
    "article-not-found",
    404,
    {"en": "No such article", "zh-CN": "文章不存在"},
    {"en": "There is no article {article} that you may see.", "zh-CN": "没有您可查看的文章 {article}。"},
)
EDITION_NOT_FOUND = ProblemType(
    "edition-not-found",
    404,
    {"en": "No such edition", "zh-CN": "版次不存在"},
    {
        "en": "Article {article} has no edition {number} that you may see.",
        "zh-CN": "文章 {article} 没有您可查看的第 {number} 版。",
    },
)
EDITION_ACTION_NOT_POSSIBLE = ProblemType(
    "edition-action-not-possible",
    409,
    {"en": "The edition's state does not allow this", "zh-CN": "版次当前状态不允许该操作"},
    {
        "en": "Edition {number} of {article} is {state}: {action} is not possible there; possible: {possible}.",
        "zh-CN": "{article} 第 {number} 版当前为{state}，不能执行{action}；可执行：{possible}。",
    },
)
EDITION_ACTION_GUARDED = ProblemType(
    "edition-action-guarded",
    409,
    {"en": "The edition cannot go there yet", "zh-CN": "版次操作条件不满足"},
    {
        "en": "{action} of edition {number} of {article}: {reason}.",
        "zh-CN": "{article} 第 {number} 版执行{action}：{reason}。",
    },
)
REASON_WANTED = ProblemType(
    "reason-wanted",
    422,
    {"en": "Say why", "zh-CN": "请说明原因"},
    {"en": "{action} needs a reason for those who read it later.", "zh-CN": "执行{action}须填写原因。"},
)
UNKNOWN_EDITION_REPLACED = ProblemType(
    "unknown-edition-replaced",
    422,
    {"en": "There is no such edition to replace", "zh-CN": "被替换的版次不存在"},
    {
        "en": "Article {article} has no published edition {number}; leave `replaces` out or name a published one.",
        "zh-CN": "文章 {article} 没有已发布的第 {number} 版；请省略 replaces 或填写已发布的版次。",
    },
)


def create(session: Session, actor: Actor, wanted: NewArticle, *, source_ticket: str | None = None) -> Article:
    """Begin an article with its first draft."""
    actor.require(Permission.KNOWLEDGE_WRITE)
    article = Article(
        kind=wanted.kind.value,
        product_line=wanted.product_line,
        models=list(wanted.models),
        fault=wanted.fault,
        training=wanted.training,
        source_ticket=source_ticket,
        created_at=now(),
    )
    session.add(article)
    session.flush()
    _draft(session, actor, article, wanted.edition, None)
    payload = {"kind": article.kind, "product_line": article.product_line, "edition": 1}
    events.append(session, actor, "article.created", article.record, payload | _source(source_ticket))
    return article


def _source(ticket: str | None) -> dict[str, str]:
    return {"ticket": ticket} if ticket else {}


def get(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> Article:
    """Return an article that ``actor`` may see and read; raise not-found before forbidden."""
    article = queries.visible_article(session, actor, public_id, for_update=for_update)
    if article is None:
        raise Problem(ARTICLE_NOT_FOUND, article=public_id[:40])
    actor.require(Permission.KNOWLEDGE_READ)
    return article


def change(session: Session, actor: Actor, public_id: str, wanted: ArticleChange) -> Article:
    """Change what an article is filed under."""
    article = get(session, actor, public_id, for_update=True)
    actor.require(Permission.KNOWLEDGE_APPROVE)
    changes = {name: value for name, value in wanted.model_dump(exclude_unset=True).items() if value is not None}
    changes = {name: value for name, value in changes.items() if getattr(article, name) != value}
    for name, value in changes.items():
        setattr(article, name, value)
    if changes:
        session.flush()
        for edition in queries.editions(session, actor, [article.id]):
            if edition.state == EditionState.PUBLISHED:
                _publish_index(session, article, edition)
        events.append(session, actor, "article.changed", article.record, {"changed": sorted(changes)})
    return article


def get_edition(session: Session, actor: Actor, article: Article, number: int) -> Edition:
    """Return an edition of an article that ``actor`` sees."""
    edition = queries.edition(session, article.id, number)
    if edition is None or not (queries.sees_drafts(actor) or edition.published_at is not None):
        raise Problem(EDITION_NOT_FOUND, article=article.public_id, number=number)
    return edition


def add_edition(session: Session, actor: Actor, public_id: str, wanted: NewEdition) -> Edition:
    """Draft another edition: for other versions of the firmware, or in the place of a published one (K2)."""
    article = get(session, actor, public_id, for_update=True)
    actor.require(Permission.KNOWLEDGE_WRITE)
    if wanted.replaces is not None:
        replaced = queries.edition(session, article.id, wanted.replaces)
        if replaced is None or replaced.state != EditionState.PUBLISHED:
            raise Problem(UNKNOWN_EDITION_REPLACED, article=article.public_id, number=wanted.replaces)
    edition = _draft(session, actor, article, wanted, wanted.replaces)
    payload = {"edition": edition.number, "replaces": wanted.replaces}
    events.append(session, actor, "article.edition_added", article.record, payload)
    return edition


def edit(session: Session, actor: Actor, place: tuple[str, int], wanted: EditionIn, expected: Precondition) -> Edition:
    """Write the draft at ``place`` (article, number) anew."""
    article = get(session, actor, place[0], for_update=True)
    edition = get_edition(session, actor, article, place[1])
    expected.check(edition.version)
    apply(session, article, edition, "edit", actor)
    for name, value in _columns(wanted).items():
        setattr(edition, name, value)
    edition.written_by = sorted({*edition.written_by, actor.person})
    session.flush()
    queries.remove_texts(session, edition.id)
    _add_texts(session, edition, wanted)
    return edition


def act(session: Session, actor: Actor, public_id: str, number: int, wanted: EditionAction) -> Edition:
    """Take one action on an edition."""
    article = get(session, actor, public_id, for_update=True)
    edition = get_edition(session, actor, article, number)
    apply(session, article, edition, wanted.action, actor, reason=wanted.reason)
    return edition


def apply(
    session: Session, article: Article, edition: Edition, action: str, actor: Actor, *, reason: str | None = None
) -> None:
    """Move ``edition`` by ``action``: table, permission, reason, guards; then state, index and event together.

    An edition that is published takes the place of the one that it replaces.
    """
    before = EditionState(edition.state)
    row = EDITIONS.find(before, action)
    about: dict[str, Any] = {"article": article.public_id, "number": edition.number}
    if row is None:
        raise Problem(EDITION_ACTION_NOT_POSSIBLE, **about, **EDITIONS.refusal(before, action))
    actor.require(row.permission)
    if action in NEEDS_REASON and not reason:
        raise Problem(REASON_WANTED, action=EDITIONS.action_words(action))
    if row.guards:
        facts = facts_of(session, edition, actor)
        for guard in row.guards:
            objection = guard(facts)
            if objection is not None:
                raise Problem(EDITION_ACTION_GUARDED, action=EDITIONS.action_words(action), reason=objection, **about)
    at = now()
    after = row.target or before
    edition.state = after.value
    edition.updated_at = at
    if reason:
        edition.said = reason
    if after is EditionState.PUBLISHED:
        edition.published_at = edition.published_at or at
        edition.reviewed_at = at
    session.flush()
    if after is EditionState.PUBLISHED:
        _publish_index(session, article, edition)
        _retire_replaced(session, article, edition, actor)
    elif before is EditionState.PUBLISHED:
        queries.remove_postings(session, edition.id)
    payload = {"edition": edition.number, "from": before.value, "to": after.value}
    events.append(session, actor, f"article.{action}", article.record, payload)


def facts_of(session: Session, edition: Edition, actor: Actor) -> EditionFacts:
    """Return what guards look at."""
    languages = frozenset(text.language for text in queries.texts(session, [edition.id]))
    written_by = tuple(as_seen_by(session, actor, one) for one in edition.written_by)
    return EditionFacts(languages, written_by, actor.person)


def _retire_replaced(session: Session, article: Article, edition: Edition, actor: Actor) -> None:
    if edition.replaces is None:
        return
    replaced = queries.edition(session, article.id, edition.replaces)
    if replaced is not None and replaced.state == EditionState.PUBLISHED:
        apply(session, article, replaced, "retire", actor, reason=f"→ {edition.number}")


def _publish_index(session: Session, article: Article, edition: Edition) -> None:
    texts = [index.Text(one.title, one.symptom, one.body) for one in queries.texts(session, [edition.id])]
    weights = index.postings(texts, edition.measurements, article.fault, article.models)
    queries.put_postings(session, edition.id, weights)


def _draft(session: Session, actor: Actor, article: Article, wanted: EditionIn, replaces: int | None) -> Edition:
    at = now()
    edition = Edition(
        article_id=article.id,
        number=queries.newest_number(session, article.id) + 1,
        state=EDITIONS.initial.value,
        replaces=replaces,
        written_by=[actor.person],
        created_at=at,
        updated_at=at,
        **_columns(wanted),
    )
    session.add(edition)
    session.flush()
    _add_texts(session, edition, wanted)
    return edition


def _columns(wanted: EditionIn) -> Mapping[str, Any]:
    describes = wanted.describes
    return {
        "software": describes.software,
        "first_version": describes.first,
        "last_version": describes.last,
        "first_key": versions.first_key(describes.first),
        "last_key": versions.last_key(describes.last),
        "measurements": list(wanted.measurements),
    }


def _add_texts(session: Session, edition: Edition, wanted: EditionIn) -> None:
    for language, text in wanted.texts.items():
        session.add(
            EditionText(
                edition_id=edition.id,
                language=language,
                title=text.title,
                symptom=text.symptom,
                body=text.body,
            )
        )
    session.flush()
