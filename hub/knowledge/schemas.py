"""What the knowledge API takes and gives."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from hub.core.bodies import JsonBody
from hub.core.controls import ONE_LINE
from hub.core.i18n import Language
from hub.identity.actors import Actor
from hub.knowledge import versions
from hub.knowledge.index import Match
from hub.knowledge.models import Article, Edition, EditionText
from hub.knowledge.queries import Counts
from hub.knowledge.states import EDITIONS, ArticleKind, EditionState
from hub.policies.values import wrong
from hub.tickets.details import Code

ProductLine = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True, pattern=ONE_LINE)]
Version = Annotated[str, StringConstraints(max_length=32, pattern=versions.PATTERN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True, pattern=ONE_LINE)]
Measured = Annotated[str, StringConstraints(min_length=1, max_length=72, strip_whitespace=True, pattern=ONE_LINE)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=ONE_LINE)]
Symptom = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)]
Body = Annotated[str, StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class TextIn(JsonBody):
    """An edition in one language."""

    title: Title = Field(examples=["SP-100 无法开机：检查保险丝 F1"])
    symptom: Symptom = Field(
        default="", description="What a customer or technician notices.", examples=["插上后指示灯不亮"]
    )
    body: Body = Field(description="Markdown.", examples=["测量 F1 两端；断路则更换 F1 并检查 C3 是否短路。"])


class Describes(JsonBody):
    """The versions that the text holds for (K2); both ends are included, an end that is left out is open."""

    software: Name = Field(default="firmware", description="What the versions count.", examples=["firmware"])
    first: Version | None = Field(default=None, examples=["1.2"])
    last: Version | None = Field(default=None, description="`1.4` includes 1.4.2.", examples=["1.4"])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if versions.first_key(self.first) > versions.last_key(self.last):
            raise wrong(
                "versions",
                "first is a later version than last; exchange them",
                "first 的版本晚于 last，请对调",
            )
        return self


class EditionIn(JsonBody):
    """What an edition says."""

    describes: Describes = Field(default=Describes())
    measurements: Annotated[list[Measured], Field(max_length=50)] = Field(
        default=[], description="Names of the measurements that fail.", examples=[["rail-3v3"]]
    )
    texts: Annotated[dict[Language, TextIn], Field(min_length=1)] = Field(
        description="One text per language (K3): `zh-CN`, `en`.",
        examples=[{"zh-CN": {"title": "SP-100 无法开机", "symptom": "指示灯不亮", "body": "更换保险丝 F1。"}}],
    )


class NewEdition(EditionIn):
    """Another edition of an article."""

    replaces: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="The published edition that retires when this one is published.", examples=[1]
    )


class NewArticle(JsonBody):
    """An article with its first edition."""

    kind: ArticleKind = ArticleKind.ARTICLE
    product_line: ProductLine = Field(examples=["smart-plug"])
    models: Annotated[list[Name], Field(max_length=100)] = Field(
        default=[], description="Left out: all of the line.", examples=[["SP-100"]]
    )
    fault: Code | None = Field(default=None, examples=["no_power"])
    training: bool = Field(default=False, description="Used as training material (K4).")
    edition: EditionIn


class ArticleChange(JsonBody):
    """What an article is filed under; what is left out stays."""

    product_line: ProductLine | None = Field(default=None, examples=["smart-plug"])
    models: Annotated[list[Name], Field(max_length=100)] | None = Field(default=None, examples=[["SP-100"]])
    fault: Code | None = Field(default=None, examples=["no_power"])
    training: bool | None = Field(default=None, examples=[True])


class EditionAction(JsonBody):
    """One step of an edition's life."""

    action: Annotated[str, StringConstraints(min_length=1, max_length=32)] = Field(
        examples=["submit"], description="One of the edition's `actions`."
    )
    reason: Reason | None = Field(default=None, description="Wanted by `send_back` and `retire`.")


class Verdict(JsonBody):
    """Whether an edition helped."""

    helpful: bool
    ticket: Annotated[str, StringConstraints(max_length=40, pattern="^T-[0-9]{6,15}$")] | None = Field(
        default=None, description="The ticket that it was read for.", examples=["T-000042"]
    )


class TextOut(BaseModel):
    """An edition in one language."""

    language: Language
    title: str
    symptom: str
    body: str


class DescribesOut(BaseModel):
    """The versions that the text holds for."""

    software: str = Field(examples=["firmware"])
    first: str | None = Field(examples=["1.2"])
    last: str | None = Field(examples=["1.4"])


class ActionOut(BaseModel):
    """An action that the caller may take now."""

    action: str = Field(examples=["approve"])
    title: str = Field(examples=["Approve and publish"])


class UsesOut(BaseModel):
    """How often an edition was used."""

    shown: int = Field(description="Tickets that it was suggested for.")
    helpful: int
    not_helpful: int

    @classmethod
    def of(cls, counts: Counts) -> "UsesOut":
        """Show counts."""
        return cls(shown=counts.shown, helpful=counts.helpful, not_helpful=counts.not_helpful)


class EditionOut(BaseModel):
    """An edition of an article."""

    number: int = Field(examples=[1])
    state: EditionState
    describes: DescribesOut
    measurements: list[str]
    texts: list[TextOut]
    replaces: int | None
    said: str | None = Field(description="What was said when it was sent back or retired.")
    uses: UsesOut
    actions: list[ActionOut]
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    reviewed_at: datetime | None = Field(description="When it was last found to hold.")
    version: int = Field(description="Counts the changes of this edition.")


class ArticleOut(BaseModel):
    """An article as lists show it."""

    id: str = Field(examples=["K-000007"])
    kind: ArticleKind
    product_line: str = Field(examples=["smart-plug"])
    models: list[str]
    fault: str | None
    training: bool
    source_ticket: str | None = Field(description="The repair that it was drafted from (K4).", examples=["T-000042"])
    title: str | None = Field(description="Of its newest edition, in the caller's language if there is one.")
    editions: list[int] = Field(description="Numbers of the published ones.")
    created_at: datetime


class ArticleDetail(BaseModel):
    """An article with its editions."""

    id: str = Field(examples=["K-000007"])
    kind: ArticleKind
    product_line: str
    models: list[str]
    fault: str | None
    training: bool
    source_ticket: str | None
    created_at: datetime
    editions: list[EditionOut] = Field(description="The newest first.")


class BecauseOut(BaseModel):
    """One reason why it was found."""

    what: Literal["words", "measurement", "fault", "model"]
    text: str = Field(examples=["无法开机"])


class HitOut(BaseModel):
    """Something that was found."""

    article: str = Field(examples=["K-000007"])
    edition: int
    kind: ArticleKind
    product_line: str
    models: list[str]
    describes: DescribesOut
    language: Language = Field(description="Of the text shown: the caller's if there is one.")
    title: str
    symptom: str
    score: float = Field(description="Comparable within one answer only.")
    because: list[BecauseOut] = Field(description="Why it was found.")


class SuggestionsOut(BaseModel):
    """What may help with a ticket."""

    symptom: str | None
    failing: list[str] = Field(description="Failing measurements of the ticket's newest finished run.")
    firmware: str | None = Field(description="As the ticket's runs read it from the device.")
    items: list[HitOut]


class ReviewItem(BaseModel):
    """A published edition in the review queue."""

    article: str
    edition: int
    kind: ArticleKind
    product_line: str
    title: str
    uses: UsesOut = Field(description="Within the month.")
    reviewed_at: datetime
    due: bool = Field(description="Not confirmed since the month began.")


class GapOut(BaseModel):
    """A fault that tickets have and no published article is about."""

    model: str
    fault: str
    tickets: int


class ReviewQueue(BaseModel):
    """What to review this month (K2): by what is asked most."""

    month: str = Field(examples=["2026-11"])
    items: list[ReviewItem]
    gaps: list[GapOut]


class FixOut(BaseModel):
    """A repair that proved a fix, and that no article was drafted from yet."""

    ticket: str = Field(examples=["T-000042"])
    model: str
    fault: str | None
    fixed: list[str] = Field(description="Measurements that failed before and passed in the last run.")
    closed_at: datetime


class FixIn(JsonBody):
    """A repair to draft an article from."""

    ticket: Annotated[str, StringConstraints(max_length=40)] = Field(examples=["T-000042"])
    product_line: ProductLine = Field(examples=["smart-plug"])


def by_language(texts: Iterable[EditionText], language: Language) -> list[EditionText]:
    """Return texts, the one in ``language`` first."""
    return sorted(texts, key=lambda text: (text.language != language, text.language))


def edition_out(
    edition: Edition, texts: Sequence[EditionText], uses: Counts, caller: Actor, language: Language
) -> EditionOut:
    """Show one edition to ``caller``."""
    rows = EDITIONS.offered(EditionState(edition.state))
    return EditionOut.model_validate(
        {
            **_plain(edition),
            "describes": describes_out(edition),
            "texts": [text.model_dump() for text in by_language(texts, language)],
            "uses": UsesOut.of(uses),
            "actions": [
                ActionOut(action=row.action, title=row.title[language])
                for row in rows
                if row.action != "edit" and caller.may(row.permission)
            ],
        }
    )


def _plain(edition: Edition) -> dict[str, Any]:
    names = EditionOut.model_fields.keys() - {"describes", "texts", "uses", "actions"}
    return {name: getattr(edition, name) for name in names}


def describes_out(edition: Edition) -> DescribesOut:
    """Show the versions that an edition is about."""
    return DescribesOut(software=edition.software, first=edition.first_version, last=edition.last_version)


def article_fields(article: Article) -> dict[str, Any]:
    """Return what both views of an article show."""
    return {
        "id": article.public_id,
        "kind": article.kind,
        "product_line": article.product_line,
        "models": article.models,
        "fault": article.fault,
        "training": article.training,
        "source_ticket": article.source_ticket,
        "created_at": article.created_at,
    }


def because_out(matches: Iterable[Match]) -> list[BecauseOut]:
    """Show why something was found."""
    return [BecauseOut.model_validate({"what": match.what, "text": match.text}) for match in matches]


def grouped(texts: Iterable[EditionText]) -> Mapping[int, list[EditionText]]:
    """Return texts by their edition."""
    found: dict[int, list[EditionText]] = {}
    for text in texts:
        found.setdefault(text.edition_id, []).append(text)
    return found
