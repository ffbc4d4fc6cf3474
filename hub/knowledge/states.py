"""How an edition of an article becomes public, as a table."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hub.core.i18n import Words
from hub.core.states import Transition, TransitionTable
from hub.identity.permissions import Permission
from hub.identity.segregation import Act, different_people


class ArticleKind(StrEnum):
    """What an article is (K1)."""

    ARTICLE = "article"
    FAQ = "faq"
    SCRIPT = "script"
    """What to say to a customer (话术)."""


class EditionState(StrEnum):
    """Where an edition is."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class EditionFacts:
    """What guards look at."""

    languages: frozenset[str] = frozenset()
    """Languages in which the edition has a title and a text."""
    written_by: tuple[str, ...] = ()
    """Persons who wrote in it."""
    actor: str = ""
    """The person who wants to act."""


_WRITE: Words = {"en": "write the article", "zh-CN": "撰写文章"}
_APPROVE: Words = {"en": "approve the article", "zh-CN": "批准文章"}


def has_text(facts: EditionFacts) -> Words | None:
    """Return why not, where there is nothing to review."""
    if facts.languages:
        return None
    return {"en": "it has no text in any language; write one first", "zh-CN": "尚无任何语言的正文；请先撰写"}


def not_an_author(facts: EditionFacts) -> Words | None:
    """S1: whoever wrote in an edition does not approve it, an administrator's account included."""
    acts = [Act(_WRITE, facts.actor)] if facts.actor in facts.written_by else []
    decision = different_people([*acts, Act(_APPROVE, facts.actor)])
    return decision.reasons[0] if decision.reasons else None


Row = Transition[EditionState, EditionFacts]
Table = TransitionTable[EditionState, EditionFacts]
S, P = EditionState, Permission


def _row(  # noqa: PLR0917 - a table's columns
    source: EditionState,
    action: str,
    target: EditionState | None,
    permission: Permission,
    english: str,
    chinese: str,
    *guards: Callable[[EditionFacts], Words | None],
) -> Row:
    return Transition(frozenset({source}), action, target, permission, {"en": english, "zh-CN": chinese}, guards)


EDITIONS: Table = TransitionTable(
    S.DRAFT,
    (
        _row(S.DRAFT, "edit", None, P.KNOWLEDGE_WRITE, "Change the draft", "修改草稿"),
        _row(S.DRAFT, "submit", S.IN_REVIEW, P.KNOWLEDGE_WRITE, "Submit for review", "提交审核", has_text),
        _row(S.DRAFT, "discard", S.RETIRED, P.KNOWLEDGE_WRITE, "Discard the draft", "废弃草稿"),
        _row(S.IN_REVIEW, "withdraw", S.DRAFT, P.KNOWLEDGE_WRITE, "Take back to change", "撤回修改"),
        _row(S.IN_REVIEW, "send_back", S.DRAFT, P.KNOWLEDGE_APPROVE, "Send back", "退回修改"),
        _row(
            S.IN_REVIEW, "approve", S.PUBLISHED, P.KNOWLEDGE_APPROVE, "Approve and publish", "批准发布", not_an_author
        ),
        _row(S.PUBLISHED, "confirm", None, P.KNOWLEDGE_APPROVE, "Confirm that it still holds", "复核确认有效"),
        _row(S.PUBLISHED, "retire", S.RETIRED, P.KNOWLEDGE_APPROVE, "Retire", "停用"),
    ),
    {
        S.DRAFT: {"en": "draft", "zh-CN": "草稿"},
        S.IN_REVIEW: {"en": "in review", "zh-CN": "审核中"},
        S.PUBLISHED: {"en": "published", "zh-CN": "已发布"},
        S.RETIRED: {"en": "retired", "zh-CN": "已停用"},
    },
)
NEEDS_REASON = frozenset({"send_back", "retire"})
"""Actions that have to say why."""
