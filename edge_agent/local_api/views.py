"""What the local API tells: the results of requests, and the parts that events share with them."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from protocols.messages.control import WorkItem
from protocols.messages.dossiers import Dossier, FaultName
from protocols.messages.records import (
    CaptureTaken,
    Device,
    Identifier,
    InstrumentStatus,
    Measurement,
    Outcome,
    PlanReference,
    Record,
    StepFinished,
    Suspect,
)

RunStatus = Literal["running", "asking", "finished", "interrupted"]


class View(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Strict and immutable."""


class Done(View, frozen=True):
    """It is done; there is nothing more to say."""


class Link(View, frozen=True):
    """The way to the hub. ``configured`` is false for a bench without one; ``detail`` tells why it is offline."""

    configured: bool
    online: bool
    since: datetime | None = None
    detail: str = ""
    last_receipt_at: datetime | None = None


class SpoolDepth(View, frozen=True):
    """What waits for the hub: records and captures, and what the hub refused."""

    waiting: int
    refused: int
    size_bytes: int
    max_bytes: int
    captures_waiting: int = 0
    captures_waiting_bytes: int = 0
    captures_refused: int = 0
    upload_fault: str | None = None
    """Why captures are not being uploaded at the moment."""
    settled: int = 0
    """How many records the hub has answered for since the agent began: while it grows, the hub is at work."""


class Instrument(View, frozen=True):
    """One instrument of the rack; ``holder`` controls it now.

    ``kind`` is what plans call it (``multimeter``, ``supply`` …), ``title`` its make for people; neither is known of a
    profile that does not exist.
    """

    status: InstrumentStatus
    holder: str | None = None
    kind: str | None = None
    title: dict[str, str] = {}


class Interrupted(View, frozen=True):
    """A run that was begun and not finished; ``fault`` tells why it could not be resumed by itself.

    ``unsafe`` names the roles that drive something and could not be switched off when the agent began, and why.
    """

    run: Identifier
    plan: PlanReference
    device: Device
    ticket: str | None = None
    fault: str | None = None
    unsafe: dict[str, str] = {}


class Description(View, frozen=True):
    """The bench at a glance. ``set_aside`` is the damaged spool that was put aside at this start, if any."""

    bench: str
    version: str
    boot: str
    epoch: str
    instruments: tuple[Instrument, ...]
    link: Link
    spool: SpoolDepth
    worklist_revision: int
    run: Identifier | None
    interrupted: tuple[Interrupted, ...] = ()
    clock_offset_s: float | None = None
    set_aside: str | None = None


class TicketEventView(View, frozen=True):
    """What was done on a ticket here. ``state``: waiting, received or refused (then with the hub's ``reason``)."""

    seq: int
    at: datetime
    action: str
    state: Literal["waiting", "received", "refused"]
    operator: str | None = None
    note: str | None = None
    details: dict[str, Any] = {}
    reason: str | None = None


class TicketView(View, frozen=True):
    """A ticket as the hub knows it, what else the hub tells of it, and what was done here."""

    item: WorkItem
    events: tuple[TicketEventView, ...]
    dossier: Dossier | None = None


class Worklist(View, frozen=True):
    """The bench's tickets in the hub's order; ``revision`` 0 means that the hub has never sent any."""

    revision: int
    tickets: tuple[TicketView, ...]
    faults: tuple[FaultName, ...] = ()
    """The fault taxonomy in force at the hub, empty before it was told."""
    handed_over: tuple[TicketView, ...] = ()
    """What was handed over here and has left the list, the newest first, each with the event of the hand-over."""


class Recorded(View, frozen=True):
    """It is durable on this bench under this number of the spool."""

    seq: int


class RefusedRecord(View, frozen=True):
    """A record that the hub will not take, and why."""

    record: Record
    reason: str
    refused_at: datetime | None = None


class PlanView(View, frozen=True):
    """A test plan that can be run here; ``fault`` tells why one cannot."""

    name: str
    version: int | None = None
    model: str | None = None
    title: dict[str, str] = {}
    fault: str | None = None


class PlanStep(View, frozen=True):
    """A step as the plan lists it. A ``branch`` step is done only when the one before its branch fails."""

    step: Identifier
    group: str
    title: dict[str, str]
    skippable: bool = False
    branch: bool = False
    conditional: bool = False
    """It is done only when an earlier result asks for it."""


class PlanOutline(View, frozen=True):
    """What a plan is going to do, in its order; the ``reference`` tells whether a run was of this very plan."""

    reference: PlanReference
    model: str
    title: dict[str, str]
    steps: tuple[PlanStep, ...]


class Started(View, frozen=True):
    """The run has begun and is journalled."""

    run: Identifier


class PromptView(View, frozen=True):
    """A question to the operator. ``connect`` says which instrument's probe belongs on which test point."""

    id: str
    step: str
    kind: Literal["confirm", "choice", "text", "number"]
    text: dict[str, str]
    connect: dict[str, str] = {}
    choices: dict[str, dict[str, str]] = {}
    unit: str = "1"
    skippable: bool = False
    picture: str = ""
    """Name of the picture that belongs to the question (SVG or PNG), empty without one."""
    picture_data: bytes = b""


class StepView(View, frozen=True):
    """The step in progress; ``fraction`` (0 … 1), ``text`` and ``newest`` are its latest progress.

    ``newest`` is the reading of this moment as its measurement would judge it; the result comes with the step's end.
    From ``began_at`` it may take ``timeout_s``.
    """

    step: Identifier
    group: str
    attempt: int
    title: dict[str, str]
    index: int
    total: int
    fraction: float | None = None
    text: str = ""
    newest: tuple[Measurement, ...] = ()
    began_at: datetime | None = None
    timeout_s: float | None = None


class NextMeasurement(View, frozen=True):
    """What to measure next to tell the suspects ``apart``: ``step`` of the plan measures it, unless it is ``None``."""

    name: Identifier
    gain_bits: float
    apart: tuple[str, ...] = ()
    step: Identifier | None = None
    title: dict[str, str] = {}


class RunState(View, frozen=True):
    """Everything about a run that a client needs to draw it, whenever it connects."""

    run: Identifier
    status: RunStatus
    plan: PlanReference
    device: Device
    started_at: datetime
    ticket: str | None = None
    operator: str | None = None
    step: StepView | None = None
    prompt: PromptView | None = None
    steps: tuple[StepFinished, ...] = ()
    captures: tuple[CaptureTaken, ...] = ()
    outcome: Outcome | None = None
    suspects: tuple[Suspect, ...] = ()
    fault: str | None = None
    """Why the run stopped without an end (it can be resumed)."""
    paused: bool = False
    """It holds before its next step, or will."""
    ended_at: datetime | None = None
    next_best: tuple[NextMeasurement, ...] = ()
    """Of a run that did not pass: the most telling first."""


class RunSummary(View, frozen=True):
    """A run in a list of runs. ``failing`` names the measurements that failed or stayed undecided."""

    run: Identifier
    status: RunStatus
    plan: PlanReference
    device: Device
    started_at: datetime
    ended_at: datetime | None = None
    ticket: str | None = None
    operator: str | None = None
    outcome: Outcome | None = None
    failing: tuple[str, ...] = ()
    suspect: Suspect | None = None
    """The likeliest cause."""


class LeaseView(View, frozen=True):
    """Control of one instrument; every call with the ``token`` renews it for ``ttl_s``."""

    role: str
    holder: str
    token: str
    ttl_s: float


class ProfileCandidate(View, frozen=True):
    """A driver profile that may be the right one, ready to be adopted under ``role``.

    ``confidence``: 1 it told its identity, 0.9 the network announced it, 0.8 its frames decode, 0.6 several profiles
    fit, 0.4 only a USB id speaks for it.
    """

    profile: str
    address: str
    confidence: float
    title: dict[str, str]
    kind: str | None
    role: str
    toml: str


class Finding(View, frozen=True):
    """Something that is connected; ``address`` names it. ``candidates`` are sorted, best first; there may be none.

    ``place`` is where it is, ``identity`` what it said, ``note`` what a person should know (by language). ``role`` and
    ``toml`` are those of the best candidate. ``in_use`` is the role that has this address already.
    """

    address: str
    transport: Literal["serial", "tcp", "visa", "hid", "usb", "video", "modbus"]
    place: str
    confidence: float = 0.0
    identity: str | None = None
    candidates: tuple[ProfileCandidate, ...] = ()
    note: dict[str, str] = {}
    in_use: str | None = None
    role: str | None = None
    toml: str | None = None


class DiscoveryState(View, frozen=True):
    """A search for instruments: how far it is, and what it found so far.

    ``toml`` is the whole ``bench.toml`` that an ended search proposes; ``text`` is what was looked at last.
    """

    id: str
    status: Literal["running", "finished", "cancelled", "failed"]
    fraction: float = 0.0
    text: str = ""
    findings: tuple[Finding, ...] = ()
    fault: str | None = None
    toml: str | None = None


class Adopted(View, frozen=True):
    """The rack has it; ``saved`` is the ``bench.toml`` that it was written to, if the agent runs from one."""

    role: str
    toml: str
    saved: str | None = None


class Quantity(View, frozen=True):
    """A value in a UCUM unit with its standard uncertainty (k = 1; ``None``: unknown). ``None`` is no reading (OL)."""

    name: str
    value: float | bool | str | None
    unit: str = "1"
    standard_uncertainty: float | None = None


class ConsoleTail(View, frozen=True):
    """The newest part of a console's log, and the file (empty, as long as nothing was said)."""

    path: str
    text: str


class Kept(View, frozen=True):
    """How many good records of this instrument the bench has now."""

    count: int
