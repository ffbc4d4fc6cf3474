"""What clients of the local API, and people at the hub, can ask of this bench."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from drivers.errors import InstrumentError
from edge_agent.bus import EventBus
from edge_agent.by_hand.desk import ByHandDesk
from edge_agent.captures import BenchCaptures, CaptureStoreError
from edge_agent.clock import BenchClock
from edge_agent.discovery import Discoveries
from edge_agent.kinds import KINDS
from edge_agent.local_api import events, frames, requests, views
from edge_agent.local_api.server import Handler
from edge_agent.manual_control import ManualControl
from edge_agent.rack import CallCancelled, CallTimeout, InstrumentUnavailable, Rack, RackError
from edge_agent.run_history import HistoryError
from edge_agent.run_journal import RunSuspended
from edge_agent.runs import RunError, Runs
from edge_agent.spool import Kept, Spool, SpoolError, State
from edge_agent.uplink.commands import Refused
from edge_agent.uplink.live import LiveFeed
from edge_agent.uplink.uplink import LinkState
from edge_agent.worklist import Ticket, Worklist
from protocols.messages.records import TICKET_ACTIONS, TicketEvent

log = logging.getLogger(__name__)
_STATES: Mapping[State, Any] = {State.WAITING: "waiting", State.RECEIVED: "received", State.REFUSED: "refused"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an agent that answer questions."""

    bench: str
    boot: str
    spool: Spool
    worklist: Worklist
    captures: BenchCaptures
    clock: BenchClock
    rack: Rack
    runs: Runs
    manual: ManualControl
    discoveries: Discoveries
    by_hand: ByHandDesk
    live: LiveFeed
    bus: EventBus
    link: Callable[[], LinkState | None]
    """How the way to the hub stands; ``None`` on a bench without one."""
    upload_fault: Callable[[], str | None]


class AgentDesk:
    """Thread-safe: it only asks the parts, which are."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    # -- the hub (edge_agent.uplink.commands.Desk) --------------------------------------------------------------------

    def describe(self) -> Mapping[str, Any]:
        """Return what the local API's ``describe`` tells, as plain data."""
        described: dict[str, Any] = msgspec.to_builtins(self.description())
        return described

    def abort_run(self, run: str, actor: str) -> None:
        """Stop a run for somebody at the hub."""
        try:
            self._parts.runs.abort(run, f"aborted by {actor} at the hub")
        except RunError as error:
            raise Refused(str(error)) from error

    def watch(self, seconds: int) -> None:
        """Send previews for so long."""
        self._parts.live.watch(seconds, time.monotonic())

    # -- the local API ----------------------------------------------------------------------------------------------

    def handlers(self) -> dict[type[requests.Request[Any]], Handler]:
        """Return what fulfils each type of request."""
        runs, control, discoveries = self._parts.runs, self._parts.manual, self._parts.discoveries
        return {
            requests.Describe: lambda _: self.description(),
            requests.GetInstruments: lambda _: self.instruments(),
            requests.GetWorklist: lambda _: self._worklist(),
            requests.RecordTicketEvent: self._record_ticket_event,
            requests.GetPlans: lambda _: runs.shelf.plans(),
            requests.GetPlanOutline: lambda r: runs.shelf.outline(r.plan),
            requests.StartRun: lambda r: views.Started(
                runs.start(r.serial, plan=r.plan, model=r.model, ticket=r.ticket, operator=r.operator)
            ),
            requests.ResumeRun: lambda r: views.Started(runs.resume(r.run)),
            requests.AbandonRun: lambda r: runs.abandon(r.run),
            requests.GetRunState: lambda r: runs.state(r.run),
            requests.GetRuns: lambda r: runs.summaries(ticket=r.ticket, serial=r.serial, limit=r.limit),
            requests.AnswerPrompt: _act(lambda r: runs.answer(r.prompt, r.value, r.skip_reason)),
            requests.SkipStep: _act(lambda r: runs.skip(r.step, r.reason)),
            requests.PauseRun: _act(lambda r: runs.pause(r.run, on=r.on)),
            requests.RepeatStep: _act(lambda r: runs.repeat(r.step)),
            requests.AbortRun: _act(lambda r: runs.abort(r.run, r.reason)),
            requests.GetSpool: lambda _: self.depth(),
            requests.GetRefused: lambda _: self._refused(),
            requests.AcquireLease: lambda r: control.acquire(r.role, r.holder, r.ttl_s),
            requests.RenewLease: _act(lambda r: control.renew(r.token)),
            requests.ReleaseLease: _act(lambda r: control.release(r.token)),
            requests.Operate: lambda r: control.operate(r.token, r.manual, r.timeout_s),
            requests.Monitor: _act(
                lambda r: control.monitor(
                    r.token, r.manual, seconds=r.seconds, interval_s=r.interval_s, timeout_s=r.timeout_s
                )
            ),
            requests.Discover: discoveries.start,
            requests.GetDiscovery: lambda _: discoveries.state(),
            requests.CancelDiscovery: _act(lambda _: discoveries.cancel()),
            requests.Adopt: discoveries.adopt,
            **self._parts.by_hand.handlers(),
        }

    def description(self) -> views.Description:
        """Return the bench at a glance."""
        parts = self._parts
        return views.Description(
            bench=parts.bench,
            version=agent_version(),
            boot=parts.boot,
            epoch=parts.spool.epoch,
            instruments=self.instruments(),
            link=self.link(),
            spool=self.depth(),
            worklist_revision=parts.worklist.revision,
            run=parts.runs.current,
            interrupted=parts.runs.interrupted(),
            clock_offset_s=parts.clock.offset_s(),
            set_aside=None if parts.spool.set_aside is None else str(parts.spool.set_aside),
        )

    def instruments(self) -> tuple[views.Instrument, ...]:
        """Return the rack with who controls what."""
        rack = self._parts.rack
        return tuple(
            views.Instrument(status, rack.holder(status.role), *_make_of(status.profile)) for status in rack.status()
        )

    def link(self) -> views.Link:
        """Return how the way to the hub stands."""
        state = self._parts.link()
        if state is None:
            return views.Link(configured=False, online=False, detail="this bench has no hub")
        return views.Link(True, state.online, state.since, state.detail, state.last_receipt_at)

    def depth(self) -> views.SpoolDepth:
        """Return what waits for the hub."""
        depth, captures = self._parts.spool.depth(), self._parts.captures.counts()
        return views.SpoolDepth(
            depth.waiting,
            depth.refused,
            depth.size_bytes,
            depth.max_bytes,
            captures.waiting,
            captures.waiting_bytes,
            captures.refused,
            self._parts.upload_fault(),
            depth.settled,
        )

    def _refused(self) -> tuple[views.RefusedRecord, ...]:
        refused = self._parts.spool.refused()
        return tuple(views.RefusedRecord(kept.record, kept.reason or "", kept.refused_at) for kept in refused)

    def _worklist(self) -> views.Worklist:
        worklist = self._parts.worklist
        tickets = tuple(_ticket_view(ticket) for ticket in worklist.tickets())
        handed_over = tuple(_ticket_view(ticket) for ticket in worklist.handed_over())
        return views.Worklist(worklist.revision, tickets, worklist.faults(), handed_over)

    def _record_ticket_event(self, request: requests.RecordTicketEvent) -> views.Recorded:
        if request.action not in TICKET_ACTIONS:
            known = ", ".join(TICKET_ACTIONS)
            raise ValueError(f"there is no action {request.action!r} on a ticket: give one of {known}")
        event = TicketEvent(request.ticket, request.action, request.operator, request.note, request.details)
        seq = self._parts.worklist.record(event)
        self._parts.bus.publish(events.WorklistChanged(self._parts.worklist.revision), key="worklist")
        return views.Recorded(seq)


def _make_of(profile: str) -> tuple[str | None, dict[str, str]]:
    """Return kind and title of a profile, as far as it is known."""
    from drivers.registry import find_profile

    try:
        described = find_profile(profile)
    except InstrumentError:
        return None, {}
    return KINDS.get(described.capability), {str(tag): text for tag, text in described.title.items()}


def agent_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("benchwright")[:32]
    except PackageNotFoundError:
        return "0"


def explain(error: Exception) -> frames.Error:
    """Return an error as the local API tells it; what nobody foresaw is a defect and goes to the log."""
    stored = (SpoolError, CaptureStoreError, HistoryError)
    failed = (InstrumentError, InstrumentUnavailable, CallTimeout, CallCancelled, RunSuspended)
    if isinstance(error, (*stored, *failed, OSError)):
        return frames.Error("failed", str(error))
    if isinstance(
        error, RunError | RackError | ValueError
    ):  # ValueError: also plans, names and answers that do not fit
        return frames.Error("refused", str(error))
    log.error("a request failed in an unexpected way", exc_info=error)
    return frames.Error("defect", f"{type(error).__name__}: {error} (see the agent's log)")


def _act(act: Callable[[Any], None]) -> Handler:
    def handle(request: Any) -> views.Done:
        act(request)
        return views.Done()

    return handle


def _ticket_view(ticket: Ticket) -> views.TicketView:
    events = tuple(view for kept in ticket.events if (view := _event_view(kept)))
    return views.TicketView(ticket.item, events, ticket.dossier)


def _event_view(kept: Kept) -> views.TicketEventView | None:
    body = kept.record.body
    if not isinstance(body, TicketEvent):
        return None
    return views.TicketEventView(
        kept.record.seq,
        kept.record.at,
        body.action,
        _STATES[kept.state],
        body.operator,
        body.note,
        body.details,
        kept.reason,
    )
