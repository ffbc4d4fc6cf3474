"""What the hub tells a bench, what the bench says of itself, and live previews."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from protocols.messages.records import (
    Device,
    Epoch,
    Identifier,
    InstrumentStatus,
    SequenceNumber,
    Text,
    _Frozen,
)


class Refusal(_Frozen, frozen=True):
    """A record that the hub will never take, and why."""

    seq: SequenceNumber
    reason: Text
    """In English, and in Chinese within the same text (``protocols.messages.reasons``)."""


class Receipt(_Frozen, frozen=True):
    """Sequence ranges (first, last) that the hub has committed, and numbers that it refuses."""

    bench: Identifier
    epoch: Epoch
    committed: tuple[tuple[SequenceNumber, SequenceNumber], ...] = ()
    refused: tuple[Refusal, ...] = ()


class Presence(_Frozen, frozen=True):
    """Birth of a bench's session (``online``), or its death by last will."""

    bench: Identifier
    online: bool
    boot: Identifier
    """Made anew at each start of the agent."""
    version: Annotated[str, Meta(max_length=32)] = ""
    epoch: Epoch | None = None
    instruments: Annotated[tuple[InstrumentStatus, ...], Meta(max_length=64)] = ()


class WorkItem(_Frozen, frozen=True):
    """A ticket that is assigned to this bench, as far as the bench needs it."""

    ticket: Identifier
    device: Device
    symptom: Text
    state: Identifier
    plan: Identifier | None = None
    """Name of the test plan to run, when the hub knows it."""
    priority: Annotated[int, Meta(ge=0, le=9)] = 5


class Desired(_Frozen, frozen=True):
    """What the hub wants of a bench; retained, and the newest revision wins."""

    bench: Identifier
    revision: Annotated[int, Meta(ge=0)]
    worklist: Annotated[tuple[WorkItem, ...], Meta(max_length=500)] = ()
    settings: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it


class Reported(_Frozen, frozen=True):
    """What is active on the bench."""

    bench: Identifier
    revision: Annotated[int, Meta(ge=0)]
    """Revision of the desired state that is in force."""
    healthy: bool = True
    detail: Text | None = None


class Describe(_Frozen, frozen=True, tag="describe"):
    """Ask the bench for its instruments, spool depth and the run in progress."""


class AbortRun(_Frozen, frozen=True, tag="abort_run"):
    """Stop a run: teardown puts the outputs in a safe state."""

    run: Identifier


class Watch(_Frozen, frozen=True, tag="watch"):
    """Ask for live previews for a while; repeated while somebody watches."""

    seconds: Annotated[int, Meta(ge=1, le=60)] = 10


Action = Describe | AbortRun | Watch


class Command(_Frozen, frozen=True):
    """A request of a person or system at the hub; the answer goes to the MQTT response topic."""

    bench: Identifier
    actor: Annotated[str, Meta(min_length=1, max_length=64)]
    role: Annotated[str, Meta(min_length=1, max_length=32)]
    action: Action
    expires_at: Annotated[datetime, Meta(tz=True)]
    lease: Identifier | None = None


class Reply(_Frozen, frozen=True):
    """The answer to one command."""

    bench: Identifier
    ok: bool
    detail: Text | None = None
    data: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it


class LiveFrame(_Frozen, frozen=True):
    """A preview frame (CBOR on the wire), sent only while somebody watches and never resent."""

    bench: Identifier
    stream: Identifier
    at: Annotated[datetime, Meta(tz=True)]
    data: dict[str, Any]
