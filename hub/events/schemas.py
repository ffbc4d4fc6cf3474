"""What the API shows of an event."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from hub.events.models import Event


class ActorOut(BaseModel):
    """Who did it."""

    kind: str = Field(examples=["key"])
    id: str = Field(examples=["3f9a1c20b7de"])
    name: str = Field(examples=["Counter, Xujiahui"])


class EventOut(BaseModel):
    """One entry of a timeline."""

    id: int = Field(examples=[17])
    kind: str = Field(examples=["ticket.assign"])
    actor: ActorOut
    recorded_at: datetime
    occurred_at: datetime = Field(description="When it happened; earlier than `recorded_at` for work done offline.")
    payload: dict[str, Any] = Field(examples=[{"from": "new", "to": "assigned", "bench": "bench-01"}])

    @classmethod
    def of(cls, event: Event) -> "EventOut":
        """Show one row."""
        return cls(
            id=event.id,
            kind=event.kind,
            actor=ActorOut(kind=event.actor_kind, id=event.actor_id, name=event.actor_name),
            recorded_at=event.recorded_at,
            occurred_at=event.occurred_at,
            payload=event.payload,
        )


class RecordedEventOut(EventOut):
    """One event with the record that it is about."""

    record_type: str = Field(examples=["ticket"])
    record: str = Field(examples=["T-000042"])
    hash: str = Field(description="Its link in the chain.")

    @classmethod
    def of(cls, event: Event) -> "RecordedEventOut":
        """Show one row."""
        fields = EventOut.of(event).model_dump()
        return cls(**fields, record_type=event.record_type, record=event.record_id, hash=event.hash)
