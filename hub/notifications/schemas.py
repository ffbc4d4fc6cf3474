"""What the API takes and gives about notifications."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from hub.core.bodies import JsonBody
from hub.core.controls import ONE_LINE
from hub.core.ids import public_id
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.notifications.documents import Channel
from hub.notifications.models import Notification
from hub.notifications.states import State
from hub.tickets.models import PREFIX as TICKET_PREFIX


class NotificationOut(BaseModel):
    """One message. `address`, `subject` and `body` are `null` for who may not see contacts, and once erased."""

    id: str = Field(examples=["N-000007"])
    ticket: str | None = Field(examples=["T-000042"])
    event: int
    audience: Literal["customer", "staff"]
    channel: str = Field(description="For staff: their level.", examples=["sms"])
    template: str = Field(examples=["received"])
    language: str = Field(examples=["zh-CN"])
    state: State
    reason: str | None = Field(
        description="Why it is not sent: `opted_out`, `no_address`, `no_channel`, `unwritable` (its event could not "
        "be put into words), `erased`, `refused` by the provider."
    )
    attempts: int
    created_at: datetime
    due_at: datetime | None = Field(description="When it is tried next.")
    sent_at: datetime | None
    address: str | None = Field(examples=["+86 138 0000 0000"])
    subject: str | None
    body: str | None

    @classmethod
    def of(cls, row: Notification, actor: Actor) -> "NotificationOut":
        """Show one row as ``actor`` may see it."""
        personal = actor.may(Permission.CONTACT_READ)
        return cls(
            id=row.public_id,
            ticket=public_id(TICKET_PREFIX, row.ticket_id) if row.ticket_id is not None else None,
            event=row.event_id,
            audience="staff" if row.audience == "staff" else "customer",
            channel=row.channel,
            template=row.template,
            language=row.language,
            state=State(row.state),
            reason=row.reason,
            attempts=row.attempts,
            created_at=row.created_at,
            due_at=row.due_at if row.state == State.WAITING else None,
            sent_at=row.sent_at,
            address=row.address if personal else None,
            subject=row.subject if personal else None,
            body=row.body if personal else None,
        )


class PreferenceIn(JsonBody):
    """How a customer wants to be told."""

    channel: Channel | None = Field(default=None, description="Left out: the first that works.")
    language: Literal["en", "zh-CN"] | None = Field(default=None, description="Left out: the hub's.")
    wecom: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=ONE_LINE)] | None = Field(
        default=None, description="The customer's user id at WeCom.", examples=["wmqfasd1e1927831291723123109"]
    )
    opted_out: bool = Field(default=False, description="Only what is essential is sent.")


class PreferenceOut(BaseModel):
    """How a customer is told."""

    channel: Channel | None = Field(default=None, description="`null`: the first that works.")
    language: Literal["en", "zh-CN"] | None = Field(default=None, description="`null`: the hub's.")
    wecom: str | None = Field(
        default=None, description="The customer's user id at WeCom.", examples=["wmqfasd1e1927831291723123109"]
    )
    opted_out: bool = Field(default=False, description="Only what is essential is sent.")
    updated_at: datetime | None = Field(default=None, description="`null`: nobody has said anything yet.")
