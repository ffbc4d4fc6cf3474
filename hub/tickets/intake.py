"""What an intake has to have (T3): rules as data, and a pure function that names everything that is missing."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.core.i18n import Words
from hub.core.problems import FieldError, ProblemType
from hub.policies import queries as versions
from hub.policies import service as policies
from hub.policies.loading import load
from hub.policies.values import Document, wrong
from hub.tickets.kinds import Channel, Kind

FAMILY = "intake"
STANDARD = "standard"
INTAKE_INCOMPLETE = ProblemType(
    "intake-incomplete",
    422,
    {"en": "The intake is not complete", "zh-CN": "受理信息不完整"},
    {
        "en": "{count} thing(s) are missing for a ticket of kind {ticket_kind}: {missing}; see errors.",
        "zh-CN": "{ticket_kind} 工单缺少 {count} 项信息：{missing}；详见 errors。",
    },
)
NO_DRAFT = ProblemType(
    "no-draft",
    422,
    {"en": "This kind of ticket has no drafts", "zh-CN": "该类工单不支持草稿"},
    {
        "en": "A ticket of kind {ticket_kind} is taken in at once; give the whole intake and leave draft out.",
        "zh-CN": "{ticket_kind} 工单须一次性受理；请提供完整信息，不要使用 draft。",
    },
)


class Item(StrEnum):
    """One thing that an intake can have."""

    CONTACT = "contact"
    MODEL = "model"
    SERIAL = "serial"
    PURCHASE_PROOF = "purchase_proof"
    SYMPTOM = "symptom"
    URGENCY = "urgency"
    ACCESSORIES = "accessories"
    APPEARANCE = "appearance"
    PHOTOS = "photos"
    WAITED_S = "waited_s"


_POINTERS = {Item.MODEL: "#/device/model", Item.SERIAL: "#/device/serial", Item.PHOTOS: "#/attachments"}
_WORDS: dict[Item, tuple[Words, Words]] = {
    Item.CONTACT: (
        {"en": "contact", "zh-CN": "联系方式"},
        {
            "en": "give the customer's name and a telephone number or e-mail address",
            "zh-CN": "请填写客户姓名，以及电话或电子邮箱",
        },
    ),
    Item.MODEL: (
        {"en": "product", "zh-CN": "产品型号"},
        {"en": "give the product's model", "zh-CN": "请填写产品型号"},
    ),
    Item.SERIAL: (
        {"en": "serial number", "zh-CN": "序列号"},
        {"en": "give the serial number on the device's label", "zh-CN": "请填写设备铭牌上的序列号"},
    ),
    Item.PURCHASE_PROOF: (
        {"en": "purchase proof", "zh-CN": "购买凭证"},
        {
            "en": "give kind and number of the purchase proof; kind none when the customer has none",
            "zh-CN": "请填写购买凭证的类型和编号；客户没有凭证时类型填 none",
        },
    ),
    Item.SYMPTOM: (
        {"en": "symptom or question", "zh-CN": "故障现象或问题"},
        {"en": "say what is wrong or wanted, in the customer's words", "zh-CN": "请按客户描述填写现象或诉求"},
    ),
    Item.URGENCY: (
        {"en": "urgency", "zh-CN": "紧急程度"},
        {"en": "say low, normal, high or critical", "zh-CN": "请填写 low、normal、high 或 critical"},
    ),
    Item.ACCESSORIES: (
        {"en": "accessories", "zh-CN": "随附配件"},
        {
            "en": "list what came with the device; an empty list when nothing did",
            "zh-CN": "请列出随设备交来的配件；没有则填空数组",
        },
    ),
    Item.APPEARANCE: (
        {"en": "appearance", "zh-CN": "外观"},
        {"en": "describe the device's appearance, scratches and damage", "zh-CN": "请描述设备外观、划痕和损伤"},
    ),
    Item.PHOTOS: (
        {"en": "photos", "zh-CN": "照片"},
        {"en": "attach at least one photo of the device", "zh-CN": "请至少附一张设备照片"},
    ),
    Item.WAITED_S: (
        {"en": "waiting time", "zh-CN": "等待时间"},
        {"en": "say for how many seconds the customer waited", "zh-CN": "请填写客户等待的秒数"},
    ),
}


class KindRules(Document):
    """What one kind of ticket wants."""

    draft: bool = Field(description="Whether an intake may be kept as a draft.")
    always: Annotated[tuple[Item, ...], Field(max_length=20)]
    at_counter: Annotated[tuple[Item, ...], Field(max_length=20)] = ()


class IntakePolicy(Document):
    """What intakes have to have, for every kind of ticket."""

    kinds: dict[Kind, KindRules]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        absent = [kind for kind in Kind if kind not in self.kinds]
        if absent:
            raise wrong(
                "kinds_missing",
                "kinds: say what {absent} wants, too",
                "kinds：还须说明 {absent} 的要求",
                absent=", ".join(absent),
            )
        return self

    def wanted(self, kind: Kind, channel: Channel | None) -> tuple[Item, ...]:
        """Return what a ticket of ``kind`` that comes over ``channel`` wants."""
        rules = self.kinds[kind]
        return rules.always + (rules.at_counter if channel is Channel.COUNTER else ())


def missing(policy: IntakePolicy, kind: Kind, channel: Channel | None, given: frozenset[Item]) -> tuple[Item, ...]:
    """Return everything that is wanted and not ``given``, in the policy's order."""
    return tuple(item for item in policy.wanted(kind, channel) if item not in given)


def later(policy: IntakePolicy, kind: Kind, given: frozenset[Item]) -> tuple[Item, ...]:
    """Return what is still to be taken down when the device comes to the counter."""
    return missing(policy, kind, Channel.COUNTER, given)


def names(items: Iterable[Item]) -> Words:
    """Return the names of some items as one text."""
    found = [_WORDS[item][0] for item in items]
    return {"en": ", ".join(one["en"] for one in found), "zh-CN": "、".join(one["zh-CN"] for one in found)}


def name(item: Item) -> Words:
    """Return what an item is called."""
    return _WORDS[item][0]


def field_errors(items: Iterable[Item]) -> tuple[FieldError, ...]:
    """Return where each missing item belongs, and how to give it."""
    return tuple(FieldError(_POINTERS.get(item, f"#/{item}"), _WORDS[item][1]) for item in items)


def in_force(session: Session) -> IntakePolicy:
    """Return the policy that holds now."""
    row = policies.in_force(policies.in_order(session, FAMILY, STANDARD), now())
    return delivered() if row is None else versions.document(session, row, IntakePolicy)


@cache
def delivered() -> IntakePolicy:
    """Return the policy that comes with the hub."""
    return load(IntakePolicy, Path(__file__).with_name("intake.yaml"))
