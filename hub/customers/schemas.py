"""What the customer and device API takes and gives."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from hub.core.bodies import JsonBody
from hub.core.ids import public_id
from hub.core.labels import Model, Serial
from hub.core.money import Currency
from hub.core.people import CustomerNumber, Email, PersonName, Phone
from hub.customers.models import CUSTOMER_PREFIX, ContactPoint, Customer, CustomerDevice, Purchase
from hub.customers.registry import ContactFacts
from hub.customers.tiers import Benefits
from hub.policies.values import Day, PastDay
from hub.tickets.details import Code, MinorUnits
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket


class NewCustomer(JsonBody):
    """Somebody to be known: a name and a way to reach them at least."""

    name: PersonName = Field(examples=["李雷"])
    phones: Annotated[list[Phone], Field(max_length=10)] = Field(default=[], examples=[["+86 138 0000 0000"]])
    emails: Annotated[list[Email], Field(max_length=10)] = Field(default=[], examples=[["li.lei@example.com"]])

    @model_validator(mode="after")
    def _reachable(self) -> "NewCustomer":
        if not self.phones and not self.emails:
            raise PydanticCustomError(
                "no_contact", "give a telephone number or an e-mail address", {"zh-CN": "请填写电话或电子邮箱"}
            )
        return self

    def points(self) -> list[tuple[str, str, str]]:
        """Return (kind, value, key) of every way to reach the customer, each once."""
        found = [point for one in self.phones for point in ContactFacts("", one, None).points()]
        found += [point for one in self.emails for point in ContactFacts("", None, one).points()]
        return list({(kind, key): (kind, value, key) for kind, value, key in found}.values())


class CustomerChange(JsonBody):
    """What changes; what is left out stays. A list replaces the whole list."""

    name: PersonName | None = None
    phones: Annotated[list[Phone], Field(max_length=10)] | None = None
    emails: Annotated[list[Email], Field(max_length=10)] | None = None


class BenefitsOut(BaseModel):
    """What a tier brings (M2)."""

    priority_raise: int = Field(description="By how much the customer's tickets are more urgent.")
    extra_warranty_days: int
    on_site_check: bool


class CustomerOut(BaseModel):
    """A customer as lists show one: the ways to reach them are masked."""

    id: str = Field(examples=["C-000007"])
    name: str | None = Field(description="`null`: erased.")
    phones: list[str] = Field(examples=[["138****0000"]])
    emails: list[str] = Field(examples=[["l***@example.com"]])
    tier: str | None = Field(examples=["gold"])
    merged_into: str | None
    erased_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def fields_of(cls, row: Customer, points: Sequence[ContactPoint], *, masked: bool) -> dict[str, Any]:
        """Return the members of one row."""
        shown = {
            kind: [mask(point) if masked else point.value for point in points if point.kind == kind]
            for kind in ("phone", "email")
        }
        return {
            "id": row.public_id,
            "name": row.name,
            "phones": shown["phone"],
            "emails": shown["email"],
            "tier": row.tier,
            "merged_into": None if row.merged_into is None else public_id(CUSTOMER_PREFIX, row.merged_into),
            "erased_at": row.erased_at,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "version": row.version,
        }


class TicketLine(BaseModel):
    """A ticket of a customer."""

    id: str = Field(examples=["T-000042"])
    kind: Kind
    state: State
    created_at: datetime

    @classmethod
    def of(cls, ticket: Ticket) -> "TicketLine":
        """Show one row."""
        return cls(id=ticket.public_id, kind=Kind(ticket.kind), state=State(ticket.state), created_at=ticket.created_at)


class DeviceOut(BaseModel):
    """A device in a customer's hands."""

    id: str = Field(examples=["D-000012"])
    model: str = Field(examples=["SP-100"])
    serial: str = Field(examples=["SN-20260001"])
    customer: str | None = Field(description="`null` too for callers without `customer:read`.", examples=["C-000007"])
    bought_on: date | None
    inspect_every_days: int | None
    inspection_due_on: date | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, row: CustomerDevice, *, with_customer: bool) -> "DeviceOut":
        """Show one row."""
        owner = row.customer_id if with_customer else None
        return cls(
            id=row.public_id,
            model=row.model,
            serial=row.serial,
            customer=None if owner is None else public_id(CUSTOMER_PREFIX, owner),
            bought_on=row.bought_on,
            inspect_every_days=row.inspect_every_days,
            inspection_due_on=row.inspection_due_on,
            created_at=row.created_at,
            version=row.version,
        )


class CustomerDetail(CustomerOut):
    """A customer with everything that the desk needs. Reading it is logged."""

    spent_minor: int = Field(description="All purchases together, in the currency's smallest unit.")
    purchases: int
    benefits: BenefitsOut
    devices: list[DeviceOut]
    tickets: list[TicketLine] = Field(description="The 50 newest, the newest first.")


class NewPurchase(JsonBody):
    """What was bought once. An order's number belongs to one purchase for ever."""

    number: Code = Field(examples=["SO-20260131-0042"])
    bought_on: PastDay
    amount_minor: MinorUnits = Field(examples=[129900])
    currency: Currency = "CNY"
    store: Code | None = None


class PurchaseOut(BaseModel):
    """What was bought once."""

    number: str
    bought_on: date
    amount_minor: int
    currency: str
    store: str | None

    @classmethod
    def of(cls, row: Purchase) -> "PurchaseOut":
        """Show one row."""
        return cls.model_validate(row, from_attributes=True)


class MergeIn(JsonBody):
    """Which customer goes on."""

    into: CustomerNumber = Field(examples=["C-000003"])


class ErasureIn(JsonBody):
    """The customer's number once more, so that nobody erases by mistake."""

    confirm: CustomerNumber = Field(examples=["C-000007"])


class ErasedOut(BaseModel):
    """What was erased."""

    customer: str = Field(examples=["C-000007"])
    contact_points: int
    tickets: int
    remarks: int
    attachments: int
    messages: int


class AccessOut(BaseModel):
    """Somebody who read a customer's personal data."""

    at: datetime
    kind: str = Field(examples=["customer.read"])
    who: str = Field(examples=["user:U-000007"])
    name: str = Field(examples=["Counter, Xujiahui"])


class NewDevice(JsonBody):
    """A device by what its label says."""

    model: Model = Field(examples=["SP-100"])
    serial: Serial = Field(examples=["SN-20260001"])
    customer: CustomerNumber | None = None
    bought_on: PastDay | None = None
    inspect_every_days: Annotated[int, Field(ge=1, le=3660)] | None = Field(
        default=None, description="How often it is to be inspected (M3); left out: not."
    )


class DeviceChange(JsonBody):
    """What changes; what is left out stays as it is."""

    customer: CustomerNumber | None = None
    bought_on: PastDay | None = None
    inspect_every_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    inspection_due_on: Day | None = None


class InstalledOut(BaseModel):
    """How many devices of a model are in customers' hands."""

    model: str = Field(examples=["SP-100"])
    devices: int
    with_customer: int = Field(description="Those whose owner is known.")
    under_inspection: int = Field(description="Those that are inspected regularly.")


class DueOut(BaseModel):
    """A device that is due for inspection."""

    device: DeviceOut
    due_on: date
    state: Literal["overdue", "due", "coming"]
    on_site: bool = Field(description="Whether the owner's tier brings the check to their home (M2).")
    reminded: bool = Field(description="Whether the owner was reminded of this inspection.")


def benefits_out(benefits: Benefits) -> BenefitsOut:
    """Show a tier's benefits."""
    return BenefitsOut.model_validate(benefits, from_attributes=True)


def mask(point: ContactPoint) -> str:
    """Return a way to reach somebody so that it can be recognised and not used."""
    if point.kind == "phone":
        return f"{point.key[:3]}****{point.key[-4:]}" if len(point.key) >= 9 else f"****{point.key[-2:]}"
    name, _, domain = point.value.rpartition("@")
    return f"{name[:1]}***@{domain}"
