"""What a bench journals in its spool and sends up to the hub, one record an event of a run or a ticket."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

Identifier = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
"""A name made by a machine or chosen for one: bench, run, step, ticket, instrument role."""
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
MAX_TEXT = 4000
"""Characters of a text in a record or message; who makes one cuts it."""
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
IsoDate = Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
"""A day without time of day, or nothing."""
SequenceNumber = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Epoch = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
"""Made with the spool file: a sequence number means something only within its epoch."""

_Event = TypeVar("_Event")


class Outcome(StrEnum):
    """How a step or a run ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    ERROR = "error"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"
    ABORTED = "aborted"


class Verdict(StrEnum):
    """A measurement against its limits under a stated decision rule (ILAC-G8)."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNDECIDED = "undecided"
    NONE = "none"
    """No limits were set: the value is recorded, not judged."""


class DecisionRule(StrEnum):
    """ILAC-G8:09/2019 decision rules."""

    SIMPLE = "simple"
    """Simple acceptance (4.2.1): the value alone is compared with the limits."""
    GUARD_BAND = "guard_band"
    """Guard band w = U, k = 2 (4.2.2, 4.2.3): inside by w pass, outside by more than w fail, else undecided."""


class _Frozen(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Strict and immutable; defaults are left off the wire."""


class Limits(_Frozen, frozen=True):
    """Acceptance limits in the measurement's unit; an absent side is open."""

    low: float | None = None
    high: float | None = None


class Measurement(_Frozen, frozen=True):
    """One number (or text) of a step with everything that makes it believable.

    ``unit`` is a UCUM code; ``standard_uncertainty`` (k = 1) is in the same unit, ``None`` when unknown.
    ``value`` is ``None`` when there is no answer, and then ``reason`` says why in words.
    """

    name: Identifier
    value: float | str | bool | None
    unit: Annotated[str, Meta(max_length=16)] = "1"
    standard_uncertainty: float | None = None
    limits: Limits | None = None
    expected: str | bool | None = None
    """The required value of a text or yes/no measurement."""
    rule: DecisionRule = DecisionRule.SIMPLE
    verdict: Verdict = Verdict.NONE
    instrument: Identifier | None = None
    """Role of the instrument in the rack."""
    reason: Text | None = None


class PlanReference(_Frozen, frozen=True):
    """Exactly which plan was run."""

    name: Identifier
    version: Annotated[int, Meta(ge=1)]
    sha256: Sha256


class Device(_Frozen, frozen=True):
    """The device under repair."""

    model: Annotated[str, Meta(min_length=1, max_length=64)]
    serial: Annotated[str, Meta(min_length=1, max_length=64)]


class InstrumentStatus(_Frozen, frozen=True):
    """One instrument of the rack as last seen."""

    role: Identifier
    profile: Annotated[str, Meta(max_length=64)]
    healthy: bool
    identity: Text | None = None
    """What the instrument answered when asked who it is."""
    fault: Text | None = None
    calibrated_on: IsoDate = ""
    """Date of the last calibration as the bench's configuration has it, empty where none is recorded."""
    calibration_due: IsoDate = ""
    """Last day on which that calibration holds."""


class RunStarted(_Frozen, frozen=True, tag="run_started"):
    """A test plan began on a device."""

    run: Identifier
    plan: PlanReference
    device: Device
    ticket: Identifier | None = None
    operator: Annotated[str, Meta(max_length=64)] | None = None
    instruments: Annotated[tuple[InstrumentStatus, ...], Meta(max_length=64)] = ()
    """What it is measured with: the instruments of the plan's roles, with identity and calibration (Q7)."""


class RunResumed(_Frozen, frozen=True, tag="run_resumed"):
    """An interrupted run goes on at ``step`` after outputs were put in a safe state."""

    run: Identifier
    step: Identifier | None
    instruments: Annotated[tuple[InstrumentStatus, ...], Meta(max_length=64)] = ()
    """What it is measured with from here on."""


class StepFinished(_Frozen, frozen=True, tag="step_finished"):
    """One attempt of one step ended. ``duration_s`` is monotonic."""

    run: Identifier
    step: Identifier
    group: Annotated[str, Meta(max_length=32)]
    attempt: Annotated[int, Meta(ge=1)]
    outcome: Outcome
    duration_s: Annotated[float, Meta(ge=0)]
    measurements: tuple[Measurement, ...] = ()
    title: Annotated[dict[str, str], Meta(max_length=8)] = {}
    """Language tag (``en``, ``zh-CN``) to the step's name for people."""
    detail: Text | None = None
    """Why it did not pass, or what the operator answered."""
    elapsed_s: Annotated[float, Meta(ge=0)] | None = None
    """In stability monitoring (group ``soak``, ``attempt`` is the round): how long the device has been watched."""


SOAK_GROUP = "soak"
"""Group of the steps of stability monitoring (D7)."""
SOAK_ALARM = "soak-alarm"
"""The step of that group that a bench journals for each alarm; ``detail`` says which drift, dropout, limit or gap."""


class Curve(_Frozen, frozen=True):
    """A preview of a captured channel: minimum and maximum of each of at most 1,000 equal spans."""

    name: Annotated[str, Meta(max_length=64)]
    unit: Annotated[str, Meta(max_length=16)]
    start_s: float
    span_s: float
    """Duration of one span."""
    minimum: Annotated[tuple[float, ...], Meta(max_length=1000)]
    maximum: Annotated[tuple[float, ...], Meta(max_length=1000)]


class CaptureTaken(_Frozen, frozen=True, tag="capture_taken"):
    """A step saved a capture file; the bytes follow over HTTP under their hash."""

    run: Identifier
    step: Identifier
    name: Annotated[str, Meta(max_length=128)]
    sha256: Sha256
    size: Annotated[int, Meta(ge=0)]
    media_type: Annotated[str, Meta(max_length=64)]
    curves: Annotated[tuple[Curve, ...], Meta(max_length=8)] = ()


class Suspect(_Frozen, frozen=True):
    """A suspected cause with the evidence for it."""

    cause: Identifier
    title: Annotated[dict[str, str], Meta(max_length=8)]
    evidence: Annotated[tuple[dict[str, Text], ...], Meta(max_length=32)]
    """Sentences, each by language tag."""
    remedy: Annotated[dict[str, str], Meta(max_length=8)] = {}


class RunFinished(_Frozen, frozen=True, tag="run_finished"):
    """A run ended; suspects are ranked, the likeliest first."""

    run: Identifier
    outcome: Outcome
    suspects: Annotated[tuple[Suspect, ...], Meta(max_length=32)] = ()


TICKET_ACTIONS = (
    "taken",
    "finding",
    "note",
    "wait",
    "resume",
    "propose_plan",
    "name_cause",
    "repaired",
    "upgraded",
    "inspected",
    "recheck",
    "rework",
    "give_back",
    "handed_over",
)
"""What can be done on a ticket at a bench; whether it can be now, the hub's transition tables decide."""
HANDING_OVER = frozenset({"handed_over", "give_back"})
"""Those by which the device leaves the bench for the counter."""


def hand_over_in(done: Iterable[tuple[str, _Event]]) -> _Event | None:
    """Return the event by which a device left the bench, ``None`` when it did not, or was taken again since.

    ``done`` is what was done on its ticket, in order, each action with its event; without those that were refused.
    """
    left: _Event | None = None
    for action, event in done:
        if action in HANDING_OVER:
            left = event
        elif action == "taken":
            left = None
    return left


class TicketEvent(_Frozen, frozen=True, tag="ticket_event"):
    """What the technician did on a ticket at the bench (also offline): one of ``TICKET_ACTIONS``."""

    ticket: Identifier
    action: Identifier
    operator: Annotated[str, Meta(max_length=64)] | None = None
    note: Text | None = None
    details: dict[str, Any] = {}


class InventoryChanged(_Frozen, frozen=True, tag="inventory_changed"):
    """The rack's instruments, recorded when their identity or health changes."""

    instruments: Annotated[tuple[InstrumentStatus, ...], Meta(max_length=64)]


Body = RunStarted | RunResumed | StepFinished | CaptureTaken | RunFinished | TicketEvent | InventoryChanged


class Record(_Frozen, frozen=True):
    """A spool row. ``at`` is UTC; ``clock_offset_s`` is the bench clock minus UTC as last known, if known."""

    seq: SequenceNumber
    at: Annotated[datetime, Meta(tz=True)]
    body: Body
    clock_offset_s: float | None = None
    trace: Annotated[str, Meta(max_length=64)] | None = None


class RecordBatch(_Frozen, frozen=True):
    """At most 500 records or 64 kB, in ascending order of ``seq``."""

    bench: Identifier
    epoch: Epoch
    records: Annotated[tuple[Record, ...], Meta(min_length=1, max_length=500)]
