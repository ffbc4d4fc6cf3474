"""Verified fixes: a closed repair whose device failed before and passes now becomes a draft (K4)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hub.core.bodies import readable
from hub.core.i18n import Language
from hub.core.labels import model_key
from hub.core.problems import Problem, ProblemType
from hub.events import queries as event_queries
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.knowledge import queries, service, versions
from hub.knowledge.models import Article
from hub.knowledge.schemas import Describes, EditionIn, NewArticle, TextIn
from hub.measurements import findings
from hub.tickets import outcomes, remarks
from hub.tickets import service as tickets
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket

FIX_NOT_VERIFIED = ProblemType(
    "fix-not-verified",
    409,
    {"en": "The repair does not prove a fix", "zh-CN": "该维修未能证明修复有效"},
    {"en": "Ticket {ticket}: {reason}.", "zh-CN": "工单 {ticket}：{reason}。"},
)
DRAFTED_BEFORE = ProblemType(
    "drafted-before",
    409,
    {"en": "There is an article from this repair", "zh-CN": "该维修已生成文章"},
    {"en": "An article was drafted from ticket {ticket} already.", "zh-CN": "工单 {ticket} 已生成过文章。"},
)


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair and the measurements that it mended."""

    ticket: Ticket
    fixed: tuple[str, ...]


def candidates(session: Session, actor: Actor, limit: int) -> list[Fix]:
    """Return the newest closed repairs that prove a fix and that nothing was drafted from."""
    actor.require(Permission.KNOWLEDGE_WRITE)
    closed = outcomes.closed_repairs(session, actor, limit=500)
    mended = findings.mended_measurements(session, [ticket.public_id for ticket in closed])
    drafted = queries.drafted_from(session, list(mended))
    found = [Fix(ticket, mended[ticket.public_id]) for ticket in closed if ticket.public_id in mended]
    return [fix for fix in found if fix.ticket.public_id not in drafted][:limit]


def draft_new(session: Session, actor: Actor, limit: int) -> list[Article]:
    """Draft an article from each repair that proves a fix of something that no article is about yet."""
    known = [_Subject(article, frozenset(names)) for article, names in queries.subjects(session)]
    drafted: list[Article] = []
    for fix in candidates(session, actor, limit=200):
        if len(drafted) == limit:
            break
        of_model = [one for one in known if one.is_about(fix.ticket.model)]
        if any(one.covers(fix) for one in of_model):
            continue
        line = of_model[0].article.product_line if of_model else fix.ticket.model
        article = draft(session, actor, fix.ticket.public_id, line)
        drafted.append(article)
        known.insert(0, _Subject(article, frozenset(fix.fixed)))
    return drafted


@dataclass(frozen=True, slots=True)
class _Subject:
    """What an article is about."""

    article: Article
    measurements: frozenset[str]

    def is_about(self, model: str) -> bool:
        """Whether the article is about a model, in whatever case either is written."""
        return model_key(model) in map(model_key, self.article.models)

    def covers(self, fix: Fix) -> bool:
        """Whether the fix is of the same fault, or of one of the same measurements."""
        same_fault = fix.ticket.fault is not None and fix.ticket.fault == self.article.fault
        return same_fault or bool(self.measurements & set(fix.fixed))


def draft(session: Session, actor: Actor, public_id: str, product_line: str) -> Article:
    """Draft an article from a repair: what was noticed, what failed, what was done, what passed afterwards."""
    ticket = tickets.get(session, actor, public_id, for_update=True)
    actor.require(Permission.KNOWLEDGE_WRITE)
    mended = findings.mended_measurements(session, [ticket.public_id]).get(ticket.public_id, ())
    objection = _objection(ticket, mended)
    if objection is not None:
        raise Problem(FIX_NOT_VERIFIED, ticket=ticket.public_id, reason=objection)
    if queries.drafted_from(session, [ticket.public_id]):
        raise Problem(DRAFTED_BEFORE, ticket=ticket.public_id)
    firmware = findings.measured_text(session, ticket.public_id, "firmware-version")
    language: Language = "zh-CN" if re.search(r"[\u4e00-\u9fff]", ticket.symptom) else "en"
    timeline = event_queries.timeline(session, ticket.record, None, limit=200)
    done = _what_was_done(remarks.shown(session, list(reversed(timeline))))
    symptom, done = (_without_names(ticket, readable(text)) for text in (ticket.symptom, done))
    model = _one_line(ticket.model)
    wanted = NewArticle(
        product_line=_one_line(product_line),
        models=[model],
        fault=ticket.fault,
        edition=EditionIn(
            describes=Describes(first=firmware, last=firmware) if is_version(firmware) else Describes(),
            measurements=[name[:72] for name in mended[:50]],
            texts={language: _text(symptom, mended, done, model, ticket, language)},
        ),
    )
    return service.create(session, actor, wanted, source_ticket=ticket.public_id)


def _objection(ticket: Ticket, mended: Sequence[str]) -> dict[str, str] | None:
    if ticket.kind != Kind.REPAIR or ticket.state != State.CLOSED:
        return {"en": "it is no closed repair", "zh-CN": "不是已关闭的维修工单"}
    if ticket.test_waived:
        return {"en": "its final test was waived", "zh-CN": "最终检测被免除"}
    if not mended:
        return {
            "en": "no measurement failed before and passed in the last run",
            "zh-CN": "没有测量项先不合格而后在最后一次检测中合格",
        }
    return None


def is_version(text: str | None) -> bool:
    """Whether a text that a device said of itself is a version that can be compared."""
    return text is not None and len(text) <= 32 and re.fullmatch(versions.PATTERN, text) is not None


_SAYS = {"ticket.finding", "ticket.repaired"}


def _what_was_done(timeline: Sequence[Any]) -> str:
    lines: list[str] = []
    for event in timeline:
        if event.kind not in _SAYS:
            continue
        lines += [f"- {text}" for text in _sentences(event.payload)]
    return "\n".join(dict.fromkeys(lines))


def _sentences(said: Any) -> list[str]:
    """Return the texts that people wrote, wherever they stand in an event."""
    if isinstance(said, dict):
        names = ("note", "work", "root_cause", "parts", "part", "details", "text", "finding", "cause")
        return [text for name in names if name in said for text in _sentences(said[name])]
    if isinstance(said, list | tuple):
        return [text for one in said for text in _sentences(one)]
    return [said.strip()] if isinstance(said, str) and said.strip() else []


def _without_names(ticket: Ticket, text: str) -> str:
    """Take the customer's name and addresses out of a text; who reviews the draft looks again."""
    for known in (ticket.contact_name, ticket.contact_phone, ticket.contact_email):
        if known:
            text = text.replace(known, "…")
    text = re.sub(r"[^\s@]{1,64}@[^\s@]{1,253}", "…", text)
    return re.sub(r"\+?[0-9][0-9 -]{6,18}[0-9]", "…", text)


def _one_line(text: str) -> str:
    return " ".join(readable(text).split()) or "–"


def _text(  # noqa: PLR0917 - one caller, above
    symptom: str, mended: Sequence[str], done: str, model: str, ticket: Ticket, language: Language
) -> TextIn:
    failing = "\n".join(f"- `{name}`" for name in mended)
    subject = ticket.fault or _one_line(symptom.partition("\n")[0])[:80]
    if language == "zh-CN":
        return TextIn(
            title=f"{model}：{subject}"[:200],
            symptom=symptom[:2000],
            body=(
                f"## 检测\n以下测量项不合格：\n{failing}\n\n## 处理\n{done or '（请补充）'}\n\n"
                f"## 验证\n处理后上述测量项全部合格（{ticket.public_id}）。"
            )[:20_000],
        )
    return TextIn(
        title=f"{model}: {subject}"[:200],
        symptom=symptom[:2000],
        body=(
            f"## Measured\nThese failed:\n{failing}\n\n## Done\n{done or '(to be written)'}\n\n"
            f"## Verified\nAll of them passed afterwards ({ticket.public_id})."
        )[:20_000],
    )
