"""The local API's requests: each names the type of its result. How they travel is in ``frames``."""

from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar, get_args

from msgspec import Meta, Struct

from edge_agent.local_api.events import Stream
from edge_agent.local_api.firmware import FirmwareAct, FirmwareJob, FirmwareView
from edge_agent.local_api.heat import HeatFrame, HeatView
from edge_agent.local_api.manual import Manual, ReadMeter, ReadSupply
from edge_agent.local_api.scope import Saved, ScopeFrame, ScopeSetup, ScopeView
from edge_agent.local_api.views import (
    Adopted,
    ConsoleTail,
    Description,
    DiscoveryState,
    Done,
    Instrument,
    Kept,
    LeaseView,
    PlanOutline,
    PlanView,
    Quantity,
    Recorded,
    RefusedRecord,
    RunState,
    RunSummary,
    SpoolDepth,
    Started,
    Worklist,
)
from protocols.messages.records import Identifier, RunFinished, Text

R_co = TypeVar("R_co", covariant=True)
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Reason = Annotated[str, Meta(min_length=1, max_length=1000)]
Seconds = Annotated[float, Meta(gt=0, le=600)]


class Request(Struct, Generic[R_co], frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do"):
    """A request whose result is of type ``R_co``."""


def result_type(request: type[Request[Any]]) -> Any:
    """Return the type of a request's result."""
    return get_args(request.__orig_bases__[0])[0]  # type: ignore[attr-defined]


class Describe(Request[Description], frozen=True, tag="describe"):
    """The bench at a glance."""


class GetInstruments(Request[tuple[Instrument, ...]], frozen=True, tag="instruments"):
    """The rack."""


class GetWorklist(Request[Worklist], frozen=True, tag="worklist"):
    """The bench's tickets."""


class RecordTicketEvent(Request[Recorded], frozen=True, tag="ticket_event"):
    """Keep what the technician did (one of ``records.TICKET_ACTIONS``), also while offline."""

    ticket: Identifier
    action: Identifier
    operator: Name | None = None
    note: Text | None = None
    details: dict[str, Any] = {}


class GetPlans(Request[tuple[PlanView, ...]], frozen=True, tag="plans"):
    """The test plans that this bench has."""


class GetPlanOutline(Request[PlanOutline], frozen=True, tag="plan_outline"):
    """The steps of one of these plans."""

    plan: Name


class StartRun(Request[Started], frozen=True, tag="start_run"):
    """Run a plan on a device. ``model`` may be left out: it is the plan's. ``plan`` too, when the ticket names one."""

    serial: Name
    plan: str | None = None
    model: Name | None = None
    ticket: Identifier | None = None
    operator: Name | None = None


class ResumeRun(Request[Started], frozen=True, tag="resume_run"):
    """Go on with an interrupted run: outputs to a safe state, setup again, then the step without an outcome."""

    run: Identifier


class AbandonRun(Request[RunFinished], frozen=True, tag="abandon_run"):
    """End an interrupted run as aborted."""

    run: Identifier


class GetRunState(Request[RunState | None], frozen=True, tag="run_state"):
    """The run in progress, else the last one; or the one named, as long as this bench knows it."""

    run: Identifier | None = None


class GetRuns(Request[tuple[RunSummary, ...]], frozen=True, tag="runs"):
    """The runs of this bench, of a ticket or a device if one is named: those without an end, then the newest first.

    They are kept here, also while offline and after the hub has them; ``run_state`` tells all of one.
    """

    ticket: Identifier | None = None
    serial: Name | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class AnswerPrompt(Request[Done], frozen=True, tag="answer_prompt"):
    """Answer the open question (yes or no, a choice's name, text, a number), or skip its step with a reason."""

    prompt: str
    value: bool | float | str = True
    skip_reason: Reason | None = None


class SkipStep(Request[Done], frozen=True, tag="skip_step"):
    """Skip a step that has not begun, where the plan allows it."""

    step: Identifier
    reason: Reason


class PauseRun(Request[Done], frozen=True, tag="pause_run"):
    """Hold the run in progress before its next step (outputs stay as they are), or let it go on (``on`` false)."""

    run: Identifier
    on: bool = True


class RepeatStep(Request[Done], frozen=True, tag="repeat_step"):
    """Do a step of the main part again that ended without passing, before the run goes on."""

    step: Identifier


class AbortRun(Request[Done], frozen=True, tag="abort_run"):
    """Stop the run in progress; teardown brings the outputs to a safe state."""

    run: Identifier
    reason: Reason = "aborted by the operator"


class GetSpool(Request[SpoolDepth], frozen=True, tag="spool"):
    """How much waits for the hub."""


class GetRefused(Request[tuple[RefusedRecord, ...]], frozen=True, tag="refused"):
    """What the hub refused, and why; oldest first, at most 500."""


class AcquireLease(Request[LeaseView], frozen=True, tag="acquire"):
    """Take control of one instrument."""

    role: Identifier
    holder: Name
    ttl_s: Seconds = 30.0


class RenewLease(Request[Done], frozen=True, tag="renew"):
    """Go on controlling an instrument that nothing is being done with."""

    token: Name


class ReleaseLease(Request[Done], frozen=True, tag="release"):
    """Give control back; a monitor under this lease ends."""

    token: Name


class Operate(Request[tuple[Quantity, ...]], frozen=True, tag="operate"):
    """Do one thing with a leased instrument and return what it measured, if anything."""

    token: Name
    manual: Manual
    timeout_s: Seconds = 10.0


class Monitor(Request[Done], frozen=True, tag="monitor"):
    """Read a leased instrument again and again into the ``readings`` stream, for ``seconds``; repeat it to go on.

    It ends early when the lease is over, which it does not renew. Another one on the same instrument takes its place.
    """

    token: Name
    manual: ReadMeter | ReadSupply
    seconds: Seconds = 60.0
    interval_s: Annotated[float, Meta(ge=0.05, le=600)] = 0.5
    timeout_s: Seconds = 10.0


class Discover(Request[DiscoveryState], frozen=True, tag="discover"):
    """Begin to look for instruments; findings come on the stream ``discovery``, and ``discovery`` asks for them all.

    ``ports`` and ``hosts`` (``name`` or ``name:port``) are further places that may be asked. One search at a time.
    """

    where: tuple[Literal["usb", "serial", "lan"], ...] = ("usb", "serial", "lan")
    ports: tuple[Annotated[str, Meta(min_length=1, max_length=512)], ...] = ()
    hosts: tuple[Annotated[str, Meta(min_length=1, max_length=256)], ...] = ()


class GetDiscovery(Request[DiscoveryState | None], frozen=True, tag="discovery"):
    """The search in progress, else the last one."""


class CancelDiscovery(Request[Done], frozen=True, tag="cancel_discovery"):
    """End the search in progress; what it found so far is kept."""


class Adopt(Request[Adopted], frozen=True, tag="adopt"):
    """Write an instrument into ``bench.toml`` and take it into the rack under ``role``, at once.

    A role that has an instrument is refused unless ``replace`` is set, and while somebody uses that instrument.
    """

    role: Identifier
    profile: Annotated[str, Meta(min_length=1, max_length=64)]
    address: Annotated[str, Meta(min_length=1, max_length=512)]
    options: dict[str, Any] = {}
    replace: bool = False


class StopMonitor(Request[Done], frozen=True, tag="stop_monitor"):
    """End what is read again and again under this lease (readings, records, pictures, a console)."""

    token: Name


class CaptureScope(Request[ScopeFrame], frozen=True, tag="scope_single"):
    """Take one record with a leased oscilloscope; it stays in the agent, the frame of it comes back."""

    token: Name
    setup: ScopeSetup
    view: ScopeView = ScopeView()
    timeout_s: Seconds = 20.0


class RunScope(Request[Done], frozen=True, tag="scope_run"):
    """Take records again and again into the ``readings`` stream, for ``seconds``; repeat it to go on."""

    token: Name
    setup: ScopeSetup
    view: ScopeView = ScopeView()
    seconds: Seconds = 60.0
    interval_s: Annotated[float, Meta(ge=0.0, le=600)] = 0.1
    timeout_s: Seconds = 20.0


class LookAtScope(Request[ScopeFrame], frozen=True, tag="scope_look"):
    """The newest record of an oscilloscope in another view: a window, a spectrum, decoded …; needs no lease."""

    role: Identifier
    view: ScopeView


class RunThermal(Request[Done], frozen=True, tag="thermal_run"):
    """Take pictures with a leased camera again and again into the ``readings`` stream; repeat it to go on."""

    token: Name
    view: HeatView = HeatView()
    emissivity: Annotated[float, Meta(gt=0, le=1)] = 0.95
    frames: Annotated[int, Meta(ge=1, le=64)] = 1
    seconds: Seconds = 60.0
    interval_s: Annotated[float, Meta(ge=0.05, le=600)] = 0.25


class LookAtThermal(Request[HeatFrame], frozen=True, tag="thermal_look"):
    """The newest picture of a camera in another view; needs no lease."""

    role: Identifier
    view: HeatView


class KeepGolden(Request[Kept], frozen=True, tag="keep_golden"):
    """Keep the newest record or picture of an instrument as that of a good unit; ``forget`` drops all of them."""

    role: Identifier
    forget: bool = False


class SaveRecord(Request[Saved], frozen=True, tag="save_record"):
    """Write the newest record or picture as a file on the bench (``sr`` is for oscilloscopes only)."""

    role: Identifier
    kind: Literal["sr", "csv", "npz", "png"]


class ListenConsole(Request[Done], frozen=True, tag="console_listen"):
    """Stream and log what a leased console's device says, for ``seconds``; repeat it to go on."""

    token: Name
    seconds: Seconds = 60.0


class SendConsole(Request[Done], frozen=True, tag="console_send"):
    """Send one line to the device."""

    token: Name
    text: Annotated[str, Meta(max_length=1000)]
    ending: Literal["", "\r", "\n", "\r\n"] = "\r\n"


class GetConsoleTail(Request[ConsoleTail], frozen=True, tag="console_tail"):
    """The newest part of a console's log."""

    role: Identifier


class GetFirmware(Request[tuple[FirmwareView, ...]], frozen=True, tag="firmware"):
    """The firmware profiles of this bench."""


class StartFirmware(Request[FirmwareJob], frozen=True, tag="firmware_start"):
    """Begin a job with a programmer, which leases itself for it; ``version`` is the profile's current one."""

    role: Identifier
    holder: Name
    act: FirmwareAct
    profile: Name
    version: Name | None = None


class CancelFirmware(Request[Done], frozen=True, tag="firmware_cancel"):
    """End the job in progress."""

    role: Identifier


class GetFirmwareJob(Request[FirmwareJob | None], frozen=True, tag="firmware_job"):
    """The job in progress on a programmer, or the last one."""

    role: Identifier


class Subscribe(Request[Done], frozen=True, tag="subscribe"):
    """Send events of these streams (all by default) on this connection from now on."""

    streams: tuple[Stream, ...] = get_args(Stream)


AnyRequest: TypeAlias = (
    Describe
    | GetInstruments
    | GetWorklist
    | RecordTicketEvent
    | GetPlans
    | GetPlanOutline
    | StartRun
    | ResumeRun
    | AbandonRun
    | GetRunState
    | GetRuns
    | AnswerPrompt
    | SkipStep
    | PauseRun
    | RepeatStep
    | AbortRun
    | GetSpool
    | GetRefused
    | AcquireLease
    | RenewLease
    | ReleaseLease
    | Operate
    | Monitor
    | Discover
    | GetDiscovery
    | CancelDiscovery
    | Adopt
    | StopMonitor
    | CaptureScope
    | RunScope
    | LookAtScope
    | RunThermal
    | LookAtThermal
    | KeepGolden
    | SaveRecord
    | ListenConsole
    | SendConsole
    | GetConsoleTail
    | GetFirmware
    | StartFirmware
    | CancelFirmware
    | GetFirmwareJob
    | Subscribe
)
