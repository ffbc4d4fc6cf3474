"""What the ticket API takes and gives."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from hub.core import masking
from hub.core.bodies import JsonBody
from hub.core.controls import ONE_LINE
from hub.core.i18n import Language
from hub.core.ids import public_id
from hub.core.labels import Model, Serial
from hub.core.people import Email, PersonName, Phone, UserNumber
from hub.customers.models import CUSTOMER_PREFIX
from hub.dispatch import priority as priorities
from hub.events.schemas import EventOut
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.measurements.schemas import RunDetail
from hub.tickets.actions import DETAILS
from hub.tickets.details import Code
from hub.tickets.intake import IntakePolicy
from hub.tickets.items import Item
from hub.tickets.kinds import Channel, Kind, State, Urgency
from hub.tickets.models import PREFIX, Attachment, Ticket
from hub.tickets.states import ADDRESSES, TABLES

Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True, pattern=ONE_LINE)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
Priority = Annotated[int, Field(ge=0, le=9, description="0 is the most urgent, 9 the least.", examples=[5])]


class Contact(JsonBody):
    """How to reach the customer."""

    name: PersonName = Field(examples=["李雷"])
    phone: Phone | None = Field(default=None, examples=["+86 138 0000 0000"])
    email: Email | None = Field(default=None, examples=["li.lei@example.com"])


class ContactOut(BaseModel):
    """How to reach the customer; in lists, and in what a command answers, masked."""

    name: str = Field(examples=["李*"])
    phone: str | None = Field(examples=["138****0000"])
    email: str | None = Field(examples=["l***@example.com"])

    @classmethod
    def of(cls, ticket: Ticket, *, masked: bool) -> "ContactOut | None":
        """Show a ticket's contact."""
        name, phone, email = ticket.contact_name, ticket.contact_phone, ticket.contact_email
        if name is None:
            return None
        if masked:
            name, phone, email = masking.name(name), masking.phone(phone) or None, masking.email(email) or None
        return cls(name=name, phone=phone, email=email)


class DeviceIn(JsonBody):
    """The device that the ticket is about."""

    model: Model | None = Field(default=None, examples=["SP-100"])
    serial: Serial | None = Field(default=None, examples=["SN-20260001"])


class DeviceOut(BaseModel):
    """The device that the ticket is about."""

    model: str | None = Field(examples=["SP-100"])
    serial: str | None = Field(examples=["SN-20260001"])


class ProofKind(StrEnum):
    """What the customer bought it with."""

    RECEIPT = "receipt"
    INVOICE = "invoice"
    ORDER = "order"
    WARRANTY_CARD = "warranty_card"
    NONE = "none"
    """The customer has no proof, and said so."""


class PurchaseProof(JsonBody):
    """The purchase proof; its picture can be attached."""

    kind: ProofKind
    number: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=ONE_LINE)] | None = Field(
        default=None, examples=["FP-20260131-0042"]
    )

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.kind is ProofKind.NONE and self.number is not None:
            raise PydanticCustomError(
                "number_of_nothing",
                "say which proof has this number, or leave the number out",
                {"zh-CN": "请填写该编号所属的凭证类型，或不填编号", "at": ("number",)},
            )
        return self


class Purpose(StrEnum):
    """What an attachment shows."""

    PHOTO = "photo"
    PURCHASE_PROOF = "purchase_proof"
    DOCUMENT = "document"


class AttachmentIn(JsonBody):
    """A file that was uploaded before under its SHA-256."""

    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] = Field(examples=["0f" * 32])
    purpose: Purpose = Purpose.PHOTO
    name: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^/\\\x00-\x1f]+$")] | None = Field(
        default=None, examples=["front.jpg"]
    )


class IntakeParts(JsonBody):
    """What is taken down at an intake (T3)."""

    device: DeviceIn | None = None
    symptom: Prose | None = Field(
        default=None, description="What is wrong or wanted.", examples=["No power; the LED stays dark"]
    )
    contact: Contact | None = None
    urgency: Urgency | None = None
    purchase_proof: PurchaseProof | None = None
    accessories: Annotated[list[Line], Field(max_length=50)] | None = Field(
        default=None, description="What came with the device; empty: nothing.", examples=[["power adapter"]]
    )
    appearance: Prose | None = Field(default=None, examples=["Scratch on the left side"])
    fault: Code | None = Field(
        default=None, description="Code of the fault taxonomy (D1), where it is known.", examples=["no_power"]
    )


_INTAKE: dict[str, Any] = {
    "kind": "repair",
    "channel": "web",
    "device": {"model": "SP-100", "serial": "SN-20260001"},
    "symptom": "No power; the LED stays dark",
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
}
"""What every hub takes; all members together would be refused (a draft of a kind without drafts, a file …)."""


class NewTicket(IntakeParts):
    """An intake. What a kind wants on which channel is in `GET /api/v1/ticket-kinds`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_INTAKE]})

    kind: Kind = Field(default=Kind.REPAIR, description="What is wanted (T1).")
    channel: Channel | None = Field(default=None, description="How the customer reached us (T2).", examples=["web"])
    draft: bool = Field(default=False, description="Keep it as a draft; it is submitted later by `submit`.")
    store: Code | None = Field(default=None, examples=["xujiahui"])
    waited_s: Annotated[int, Field(ge=0, le=86_400)] | None = Field(
        default=None, description="Seconds that the customer waited to be answered (T2).", examples=[12]
    )
    attachments: Annotated[list[AttachmentIn], Field(max_length=20)] = Field(default=[])
    priority: Priority | None = Field(
        default=None,
        description="Left out: computed from urgency, tier and batch problems (T5). Takes `ticket:assign`.",
        examples=[5],
    )
    plan: Name | None = Field(default=None, description="Name of the test plan to run.", examples=["sp-100-repair"])


class Assignment(JsonBody):
    """Which bench gets the ticket; what is left out stays as it is."""

    bench: Name = Field(examples=["bench-01"])
    person: UserNumber | None = Field(default=None, description="Who is to do it.", examples=["U-000007"])
    plan: Name | None = Field(default=None, examples=["sp-100-repair"])
    priority: Priority | None = None


class ActionIn(JsonBody):
    """One step of a ticket's life."""

    action: Name = Field(examples=["close"], description="One of the ticket's `actions` without `address`.")
    note: Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True)] | None = Field(
        default=None, examples=["Delivered"]
    )
    details: dict[str, Any] = Field(
        default={}, description="What this action needs besides; see `GET /api/v1/ticket-kinds`.", examples=[{}]
    )


class ActionOut(BaseModel):
    """An action that the caller may take now."""

    action: str = Field(examples=["assign"])
    title: str = Field(examples=["Assign to a bench"])
    address: str | None = Field(
        description="Where it is done, below the ticket or, with `/`, from the root; `null`: by POST …/actions.",
        examples=["assignment"],
    )


class TicketOut(BaseModel):
    """A ticket as lists show it."""

    id: str = Field(examples=["T-000042"])
    kind: Kind
    state: State
    priority: int
    priority_reasons: list[str] = Field(description="What made the priority (T5).", examples=[["urgency:high"]])
    channel: Channel | None
    store: str | None
    customer: str | None = Field(description="`null` too for callers without `contact:read`.", examples=["C-000007"])
    urgency: Urgency | None
    fault: str | None
    device: DeviceOut | None
    symptom: str | None
    contact: ContactOut | None = Field(
        description="`null` too for callers without `contact:read`. Whole where one ticket is shown; that is logged."
    )
    plan: str | None
    bench: str | None
    owner: str | None = Field(description="Who is responsible for a complaint.")
    approval: str | None = Field(description="What the customer said to the newest repair plan.", examples=["approved"])
    root_cause: str | None = Field(description="Code in the fault taxonomy (D1).", examples=["dried_capacitor"])
    merged_into: str | None = Field(description="The ticket that goes on with it.", examples=[None])
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    version: int = Field(description="Counts the changes of this ticket.", examples=[3])

    @classmethod
    def fields_of(cls, ticket: Ticket, caller: Actor, *, masked: bool = True) -> dict[str, Any]:
        """Return the members of one row that ``caller`` may see; who shows them not ``masked`` logs it (M1)."""
        contact = ContactOut.of(ticket, masked=masked) if caller.may(Permission.CONTACT_READ) else None
        return {
            "id": ticket.public_id,
            "kind": ticket.kind,
            "state": ticket.state,
            "priority": ticket.priority,
            "priority_reasons": ticket.priority_reasons,
            "channel": ticket.channel,
            "store": ticket.store,
            "customer": _customer(ticket) if caller.may(Permission.CONTACT_READ) else None,
            "urgency": ticket.urgency,
            "fault": ticket.fault,
            "device": _device(ticket),
            "symptom": ticket.symptom or None,
            "contact": contact,
            "plan": ticket.plan,
            "bench": ticket.bench,
            "owner": ticket.owner,
            "approval": ticket.approval,
            "root_cause": ticket.root_cause,
            "merged_into": None if ticket.merged_into is None else public_id(PREFIX, ticket.merged_into),
            "created_at": ticket.created_at,
            "updated_at": ticket.updated_at,
            "closed_at": ticket.closed_at,
            "version": ticket.version,
        }

    @classmethod
    def of(cls, ticket: Ticket, caller: Actor) -> "TicketOut":
        """Show one row to ``caller``."""
        return cls(**cls.fields_of(ticket, caller))


class TwinOut(BaseModel):
    """An open ticket that may be about the same."""

    ticket: str = Field(examples=["T-000041"])
    kind: Kind
    state: State
    because: list[Literal["serial", "customer"]]
    title: str = Field(examples=["T-000041 is open for the same serial number"])


class TicketCreated(TicketOut):
    """A new ticket, with what it may be a repetition of."""

    possible_duplicates: list[TwinOut]
    still_wanted: list[Item] = Field(description="What is to be taken down when the device comes to the counter.")


class AttachmentOut(BaseModel):
    """A file of a ticket."""

    id: str = Field(examples=["A-000003"])
    sha256: str
    media_type: str = Field(examples=["image/jpeg"])
    size: int = Field(description="Bytes.")
    purpose: Purpose
    name: str | None
    created_at: datetime

    @classmethod
    def of(cls, row: Attachment) -> "AttachmentOut":
        """Show one row."""
        return cls(
            id=public_id("A", row.id),
            sha256=row.sha256,
            media_type=row.media_type,
            size=row.size,
            purpose=Purpose(row.purpose),
            name=row.name,
            created_at=row.created_at,
        )


class ProofOut(BaseModel):
    """The purchase proof."""

    kind: ProofKind
    number: str | None = Field(examples=["FP-20260131-0042"])


class IntakeOut(BaseModel):
    """What was taken down besides what lists show."""

    accessories: list[str] | None
    appearance: str | None
    purchase_proof: ProofOut | None
    waited_s: int | None
    still_wanted: list[Item] = Field(description="What is to be taken down when the device comes to the counter.")


class TicketDetail(TicketOut):
    """A ticket with everything that was measured and done for it."""

    intake: IntakeOut
    attachments: list[AttachmentOut]
    priority_because: list[str] = Field(description="The priority's reasons in words.")
    actions: list[ActionOut] = Field(description="What the caller may do with the ticket in its present state.")
    runs: list[RunDetail] = Field(description="Its 20 newest test runs, the newest first.")
    timeline: list[EventOut] = Field(description="Its 200 newest events, the newest first.")


def offered_actions(ticket: Ticket, caller: Actor, language: Language) -> list[ActionOut]:
    """Return the actions that ``caller`` may take now."""
    rows = TABLES[Kind(ticket.kind)].offered(State(ticket.state))
    return [
        ActionOut(action=row.action, title=row.title[language], address=ADDRESSES.get(row.action))
        for row in rows
        if caller.may(row.permission)
    ]


def intake_of(ticket: Ticket, still_wanted: Sequence[Item]) -> IntakeOut:
    """Return what was taken down."""
    proof = ProofOut(kind=ProofKind(ticket.proof_kind), number=ticket.proof_number) if ticket.proof_kind else None
    return IntakeOut(
        accessories=ticket.accessories,
        appearance=ticket.appearance,
        purchase_proof=proof,
        waited_s=ticket.waited_s,
        still_wanted=list(still_wanted),
    )


def priority_because(ticket: Ticket, language: Language) -> list[str]:
    """Return why the ticket is as urgent as it is."""
    return [priorities.words(code)[language] for code in ticket.priority_reasons]


def twins_of(ticket: Ticket, found: Sequence[Ticket], language: Language) -> list[TwinOut]:
    """Say which open tickets may be about the same, and why."""
    return [_twin(ticket, other, language) for other in found]


def _twin(ticket: Ticket, other: Ticket, language: Language) -> TwinOut:
    because: list[Literal["serial", "customer"]] = []
    if ticket.serial and (other.serial, other.model) == (ticket.serial, ticket.model):
        because.append("serial")
    if ticket.customer_id is not None and other.customer_id == ticket.customer_id:
        because.append("customer")
    words = {
        "en": {"serial": "serial number", "customer": "customer"},
        "zh-CN": {"serial": "序列号", "customer": "客户"},
    }
    same = [words[language][one] for one in because]
    title = (
        f"{other.public_id} is open for the same {' and '.join(same)}"
        if language == "en"
        else f"{other.public_id} 未关闭，{'和'.join(same)}相同"
    )
    return TwinOut(
        ticket=other.public_id, kind=Kind(other.kind), state=State(other.state), because=because, title=title
    )


def _customer(ticket: Ticket) -> str | None:
    return None if ticket.customer_id is None else public_id(CUSTOMER_PREFIX, ticket.customer_id)


def _device(ticket: Ticket) -> DeviceOut | None:
    if not ticket.model and not ticket.serial:
        return None
    return DeviceOut(model=ticket.model or None, serial=ticket.serial or None)


class KindActionOut(BaseModel):
    """One action of a kind."""

    action: str = Field(examples=["answer"])
    title: str = Field(examples=["Answer the question"])
    sources: list[State]
    target: State | None = Field(description="`null`: the state stays.")
    permission: Permission
    details: dict[str, Any] | None = Field(description="JSON Schema of the `details` that it needs; `null`: none.")


class KindOut(BaseModel):
    """One kind of ticket."""

    kind: Kind
    draft: bool = Field(description="Whether an intake may be kept as a draft.")
    intake: list[Item] = Field(description="What an intake has to have on every channel.")
    intake_at_counter: list[Item] = Field(description="What it has to have besides at the counter.")
    actions: list[KindActionOut]


def kinds_of(policy: IntakePolicy, language: Language) -> list[KindOut]:
    """Return what there is to know about each kind."""
    schemas = {action: model.model_json_schema() for action, model in DETAILS.items()}
    return [
        KindOut(
            kind=kind,
            draft=policy.kinds[kind].draft,
            intake=list(policy.kinds[kind].always),
            intake_at_counter=list(policy.kinds[kind].at_counter),
            actions=[
                KindActionOut(
                    action=row.action,
                    title=row.title[language],
                    sources=sorted(row.sources),
                    target=row.target,
                    permission=row.permission,
                    details=schemas.get(row.action),
                )
                for row in table.transitions
            ],
        )
        for kind, table in TABLES.items()
    ]
