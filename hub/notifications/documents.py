"""Which event tells whom what: a document that a manager writes and reads."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.i18n import Language
from hub.policies import queries as versions
from hub.policies import service as policies
from hub.policies.loading import load
from hub.policies.values import BothLanguages, Document, wrong
from hub.sla.documents import Level
from hub.tickets.kinds import Kind

FAMILY = "notifications"
STANDARD = "standard"
FIELDS = frozenset(
    {
        *("ticket", "name", "model", "kind", "store", "link", "reason", "remedy", "due", "appointment", "options"),
        *("clock", "level", "percent", "symptom", "state", "number"),
    }
)
"""What templates can say; what a ticket does not have is left empty."""


class Channel(StrEnum):
    """How a customer is reached."""

    SMS = "sms"
    EMAIL = "email"
    WECOM = "wecom"


class MessageText(Document):
    """A message in one language. ``{names}`` are filled in."""

    subject: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class MessageTemplate(Document):
    """A message in both languages."""

    en: MessageText
    zh_cn: MessageText = Field(alias="zh-CN")

    def text(self, language: Language) -> MessageText:
        """Return the message in one language."""
        return self.en if language == "en" else self.zh_cn


class SlipCause(Document):
    """Why a date slips, in the customer's words, and what the store offers (T7)."""

    reason: BothLanguages
    remedy: BothLanguages


class NotificationRule(Document):
    """An event, and what it tells whom. All rules that fit an event hold."""

    event: Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$")] = Field(examples=["ticket.created"])
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = Field(
        default=None, description="Left out: every kind of ticket."
    )
    when: dict[str, str | int | bool] = Field(default={}, description="What the event's payload must say.")
    to: Literal["customer", "staff"] = "customer"
    level: Level | None = Field(default=None, description="Staff: whom; left out: as the event says.")
    template: str
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=3)] | None = Field(
        default=None, description="Left out: the customer's preferred channel, or else the first that works."
    )
    essential: bool = Field(default=False, description="Sent to customers who want no messages, too.")

    def fits(self, kind: str | None, payload: Mapping[str, Any]) -> bool:
        """Whether it holds for what an event says of a ticket of ``kind``; ``None``: of another record."""
        if self.kinds is not None and kind not in self.kinds:
            return False
        return all(payload.get(name) == value for name, value in self.when.items())


class NotificationPolicy(Document):
    """Everything that is told."""

    rules: Annotated[tuple[NotificationRule, ...], Field(max_length=200)]
    templates: Annotated[dict[str, MessageTemplate], Field(max_length=200)]
    causes: dict[Literal["part", "third_party", "workload"], SlipCause]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for number, rule in enumerate(self.rules):
            if rule.template not in self.templates:
                raise wrong(
                    "template_missing",
                    "rules.{number}: there is no template {name}",
                    "rules.{number}：没有模板 {name}",
                    number=number,
                    name=rule.template,
                )
        for name, template in self.templates.items():
            for text in (template.en, template.zh_cn):
                _check_fields(name, text.subject + text.text)
        absent = {"part", "third_party", "workload"} - self.causes.keys()
        if absent:
            raise wrong(
                "cause_missing", "causes: say what {name} means, too", "causes：还须说明 {name}", name=min(absent)
            )
        return self

    def about(self, event: str) -> tuple[NotificationRule, ...]:
        """Return the rules of one kind of event."""
        return tuple(rule for rule in self.rules if rule.event == event)


def _check_fields(name: str, text: str) -> None:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        parts = [("", "{", None, None)]
    for _, field, spec, conversion in parts:
        if field is not None and (field not in FIELDS or spec or conversion):
            raise wrong(
                "template_field",
                "templates.{name}: {{{field}}} is not known; there are {fields}; write a brace itself twice",
                "templates.{name}：没有字段 {{{field}}}；可用字段：{fields}；花括号本身请写两次",
                name=name,
                field=field,
                fields=", ".join(sorted(FIELDS)),
            )


def in_force(session: Session) -> NotificationPolicy:
    """Return the policy that holds now."""
    row = policies.in_force(policies.in_order(session, FAMILY, STANDARD), now())
    return delivered() if row is None else versions.document(session, row, NotificationPolicy)


@cache
def delivered() -> NotificationPolicy:
    """Return the policy that comes with the hub."""
    return load(NotificationPolicy, Path(__file__).with_name("standard.yaml"))
