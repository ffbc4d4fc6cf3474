"""What the actions of a complaint need besides their name."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from hub.core.money import Currency
from hub.tickets.details import Code, Details, MinorUnits, Words

How = Literal["in_person", "phone", "message", "letter"]


class ComplaintClass(StrEnum):
    """What a complaint is about (C1)."""

    PRODUCT_QUALITY = "product_quality"
    SERVICE_ATTITUDE = "service_attitude"
    LOGISTICS = "logistics"
    PRICE_PROMOTION = "price_promotion"


class Hazard(StrEnum):
    """What can hurt somebody; whatever it is, it goes first."""

    FIRE = "fire"
    SMOKE = "smoke"
    ELECTRIC_SHOCK = "electric_shock"
    BURN = "burn"
    INJURY = "injury"
    SWELLING_BATTERY = "swelling_battery"
    LEAK = "leak"


class RemedyKind(StrEnum):
    """What the customer gets."""

    EXPLANATION = "explanation"
    APOLOGY = "apology"
    REPAIR = "repair"
    EXCHANGE = "exchange"
    REFUND = "refund"
    REDELIVERY = "redelivery"
    OTHER = "other"


class Classify(Details):
    """What it is about, and what makes it urgent (C1)."""

    facts = frozenset({"complaint_class", "hazards", "exposed", "claimed_minor"})
    complaint_class: ComplaintClass
    hazards: Annotated[tuple[Hazard, ...], Field(max_length=10)] = Field(
        default=(), description="What the customer told; what the symptom names is found besides."
    )
    exposed: bool = Field(default=False, description="Children, old or ill people are concerned, or the public.")
    claimed_minor: MinorUnits = Field(default=0, description="What the customer claims.")


class Conclude(Details):
    """The root cause of a round, and what should become better (C2, C4)."""

    facts = frozenset({"cause"})
    cause: Code = Field(description="A code of the complaint policy.")
    because: Words = Field(description="From which facts it follows.")


class ProposeRemedy(Details):
    """What the customer is offered, without money."""

    facts = frozenset({"remedy"})
    remedy: RemedyKind
    offer: Words

    @field_validator("remedy")
    @classmethod
    def _no_money(cls, remedy: RemedyKind) -> RemedyKind:
        """S1: money has an amount, and takes one person who requests it, one who grants it and one who pays."""
        if remedy is RemedyKind.REFUND:
            raise PydanticCustomError(
                "remedy_money",
                "request money by request_compensation, with its amount, or take the goods back by a return ticket",
                {"zh-CN": "涉及金额的请用 request_compensation 申请并填写金额，或另建退换货工单"},
            )
        return remedy


class RequestCompensation(Details):
    """Money for the customer, which another person grants and a third one pays."""

    facts = frozenset({"compensation_minor", "currency"})
    compensation_minor: Annotated[int, Field(gt=0, le=10**12, description="In the currency's smallest unit.")]
    currency: Currency = "CNY"
    offer: Words


class Agree(Details):
    """The customer agrees to the remedy."""

    facts = frozenset({"how"})
    how: How


class TellProgress(Details):
    """What the customer was told meanwhile (C3)."""

    facts = frozenset({"how"})
    how: How
    said: Words


class Feedback(Details):
    """What came out of it, told to the customer with an apology (C2)."""

    facts = frozenset({"how"})
    how: How
    outcome: Words
    apology: Words


class ChangeOwner(Details):
    """Somebody else becomes responsible."""

    facts = frozenset({"owner"})
    owner: Code
    reason: Words

    def writes(self) -> dict[str, Any]:
        """See ``Details``."""
        return {"owner": self.owner}


DETAILS: dict[str, type[Details]] = {
    "classify": Classify,
    "change_owner": ChangeOwner,
    "conclude": Conclude,
    "propose_remedy": ProposeRemedy,
    "request_compensation": RequestCompensation,
    "agree": Agree,
    "tell_progress": TellProgress,
    "feedback": Feedback,
}
