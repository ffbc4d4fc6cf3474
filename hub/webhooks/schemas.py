"""What the API takes and gives about webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from hub.core.bodies import JsonBody
from hub.core.controls import ONE_LINE
from hub.events.models import Event
from hub.policies.values import Moment
from hub.stores.schemas import StoreCode
from hub.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from hub.webhooks.states import State

Pattern = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z_]+\.(\*|[a-z_]+))$", max_length=64)]
Url = Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[^\s]+$")]
Patterns = Annotated[
    list[Pattern],
    Field(min_length=1, max_length=50, description="`ticket.created`, `ticket.*`, or `*`.", examples=[["ticket.*"]]),
]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=ONE_LINE)]


class NewWebhookEndpoint(JsonBody):
    """Where events shall be pushed to."""

    url: Url = Field(examples=["https://erp.example.com/hooks/benchwright"])
    description: Line | None = None
    events: Patterns
    stores: Annotated[list[StoreCode], Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="Only what concerns these stores; left out: all that you see."
    )


class WebhookEndpointChange(JsonBody):
    """What changes; what is left out stays."""

    url: Url | None = Field(default=None, examples=["https://erp.example.com/hooks/benchwright"])
    description: Line | None = None
    events: Patterns | None = None
    enabled: bool | None = Field(default=None, description="Switch it off, or on again.")
    take_over: bool = Field(
        default=False,
        description="Become its owner: from now on it hears of what you may read, whoever made it. What happened while "
        "it had no owner needs a replay.",
    )


class WebhookEndpointOut(BaseModel):
    """One endpoint, without its secret."""

    id: str = Field(examples=["WH-000001"])
    version: int
    url: str
    description: str | None
    events: list[str]
    stores: list[str] | None
    enabled: bool
    disabled_because: str | None = Field(description="`hand`, `failing` for days, or `gone` (it answered 410).")
    silent_because: Literal["owner_gone"] | None = Field(
        description="`owner_gone`: its owner's account is disabled, the key revoked, or the role has no webhooks: "
        "it hears nothing; `take_over` gives it a new owner."
    )
    failing_since: datetime | None
    made_by: str = Field(examples=["key:3f9a1c20b7de"])
    created_at: datetime

    @classmethod
    def fields_of(cls, row: WebhookEndpoint, *, owned: bool) -> dict[str, object]:
        """Return the members for one row, and whether its owner may still hear of anything."""
        names = (cls.model_fields.keys() & type(row).model_fields.keys()) - {"id"}
        return {
            "id": row.public_id,
            "enabled": row.disabled_at is None,
            "silent_because": None if owned else "owner_gone",
            **{name: getattr(row, name) for name in names},
        }

    @classmethod
    def of(cls, row: WebhookEndpoint, *, owned: bool) -> "WebhookEndpointOut":
        """Show one row."""
        return cls.model_validate(cls.fields_of(row, owned=owned))


class MadeWebhookEndpointOut(WebhookEndpointOut):
    """A new endpoint, or one with a new secret."""

    secret: str = Field(
        description="Sign-key of its messages (Standard Webhooks), shown this once.", examples=["whsec_MfKQ9r8G…"]
    )
    former_until: datetime | None = Field(description="Until when messages carry the former secret's signature, too.")


class Replay(JsonBody):
    """What is to be sent again: one event, or all since a moment."""

    event: Annotated[int, Field(ge=1, lt=2**63)] | None = Field(default=None, examples=[4711])
    since: Moment | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.event is None) is (self.since is None):
            raise PydanticCustomError(
                "replay_one", "name either event or since", {"zh-CN": "请填写 event 或 since 其中之一"}
            )
        return self


class ReplayOut(BaseModel):
    """How much will be sent again."""

    deliveries: int
    more_since: datetime | None = Field(
        description="There is more: replay again since then. `null`: that was all.", examples=[None]
    )


class AttemptOut(BaseModel):
    """One attempt of a delivery."""

    at: datetime
    duration_ms: int
    status: int | None = Field(examples=[204])
    error: str | None = Field(description="Why there was no answer.")
    answer: str | None = Field(description="The first 400 characters of the answer.")


class DeliveryOut(BaseModel):
    """One event on its way to one endpoint, with the log."""

    message_id: str = Field(description="The `webhook-id`: one for each event, the same in every attempt and replay.")
    event: int
    type: str = Field(examples=["ticket.created"])
    state: State
    attempts: int
    due_at: datetime | None = Field(description="When it is tried next.")
    delivered_at: datetime | None
    log: list[AttemptOut]

    @classmethod
    def of(cls, row: WebhookDelivery, event: Event, log: Sequence[WebhookAttempt]) -> "DeliveryOut":
        """Show one row."""
        return cls(
            message_id=message_id(event),
            event=event.id,
            type=event.kind,
            state=State(row.state),
            attempts=row.attempts,
            due_at=row.due_at if row.state == State.WAITING else None,
            delivered_at=row.delivered_at,
            log=[AttemptOut.model_validate(one, from_attributes=True) for one in log],
        )


def message_id(event: Event) -> str:
    """Return the id of an event's message, by which a receiver knows that it has it already."""
    return f"evt_{event.id}"
