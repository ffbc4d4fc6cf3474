"""The runs of this bench: one at a time, in a thread of its own, resumed after a crash, suspended by a stop."""

import logging
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.bus import EventBus
from edge_agent.local_api import events as told
from edge_agent.local_api.views import (
    Interrupted,
    RunState,
    RunSummary,
)
from edge_agent.outputs import driven, make_safe
from edge_agent.plan_shelf import PlanShelf
from edge_agent.plans.prompts import Answer, PromptDesk
from edge_agent.rack import Rack
from edge_agent.run_history import HistoryError, RunHistory, known_serial, summary_of
from edge_agent.run_journal import RunJournal, RunSuspended
from edge_agent.run_telling import RunTelling
from edge_agent.run_view import RunView
from edge_agent.spool import Spool, SpoolError
from edge_agent.worklist import Worklist
from protocols.messages.records import Device, RunFinished, RunStarted, StepFinished
from protocols.serial_numbers import serial_form

if TYPE_CHECKING:  # numpy comes with these; an idle agent does without
    from edge_agent.plans.captures import CaptureStore
    from edge_agent.plans.load import LoadedPlan
    from edge_agent.plans.runner import Runner

log = logging.getLogger(__name__)

BEGIN_S = 60.0
"""Longest time from a request to the first record of the run (a resume brings outputs to a safe state first)."""
ENDING_S = 15.0
"""Longest time that the begin of a run, or the end of another interrupted one, waits while one is being ended."""
SUSPEND_S = 15.0
_CONNECT_S = 5.0
_READY_S = 15.0
_LONGEST_SERIAL = 64


class RunError(Exception):
    """What was asked of a run cannot be done: one sentence with the reason."""


class Runs:
    """Starts, resumes and ends runs, and knows how they stand. Every method may be called from any thread."""

    def __init__(
        self,
        bench: str,
        spool: Spool,
        rack: Rack,
        *,
        captures: "CaptureStore",
        worklist: Worklist,
        bus: EventBus,
        plan_folders: tuple[Path, ...] = (),
        history: RunHistory,
        memory: Path | None = None,
    ) -> None:
        self._history = history
        self._bench = bench
        self._spool = spool
        self._rack = rack
        self._captures = captures
        self._worklist = worklist
        self._bus = bus
        self.shelf = PlanShelf(plan_folders)
        self._memory = memory
        self._telling = RunTelling(bus, spool)
        # A question is told once it can be answered: the runner's own event comes a moment too early for that.
        self._desk = PromptDesk(self._telling.asked)
        self._mutex = threading.Lock()
        self._ended = threading.Condition(self._mutex)
        self._ending: str | None = None
        """The interrupted run that is being ended: it holds its outputs' leases, so no other begins or is ended."""
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._runner: Runner | None = None
        self._journal: RunJournal | None = None
        self._error: Exception | None = None
        self._faults: dict[str, str] = {}

    # -- what clients ask -----------------------------------------------------------------------------------------

    @property
    def current(self) -> str | None:
        """The run in progress."""
        view = self._telling.view
        return view.started.run if view is not None and self._is_running() else None

    def state(self, run: str | None = None) -> RunState | None:
        """Return how a run stands: the one in progress or the last one, or the one named as long as it is known.

        Raises ``SpoolError`` or ``HistoryError``.
        """
        view = self._telling.view
        if view is not None and run in {None, view.started.run}:
            return self._completed(view.state(running=self._is_running()))
        if run is None:  # none since the agent began: the last one before, unless that one waits to be gone on with
            run = None if self._spool.open_runs() else self._history.newest()
        if run is None:
            return None
        journalled = RunView.of(self._spool.run_records(run))
        state = self._history.state(run) if journalled is None else journalled.state(running=False)
        return None if state is None else self._completed(state)

    def summaries(self, *, ticket: str | None, serial: str | None, limit: int) -> tuple[RunSummary, ...]:
        """Return the runs without an end, then those that ended, the newest first. Raises like ``state``."""
        serial = serial and known_serial(serial)
        unfinished = (self.state(one.run) for one in reversed(self._spool.open_runs()))
        first = [
            summary_of(one)
            for one in unfinished
            if one is not None and ticket in {None, one.ticket} and serial in {None, known_serial(one.device.serial)}
        ]
        known = {one.run for one in first}  # a kill may have come between the history and the run's last record
        ended = self._history.summaries(ticket=ticket, serial=serial, limit=limit)
        return (*first, *(one for one in ended if one.run not in known))[:limit]

    def _completed(self, state: RunState) -> RunState:
        """Return the state with what the journal does not tell: a pause, and what would tell the suspects apart."""
        from msgspec.structs import replace

        if state.status in {"running", "asking"}:
            runner = self._runner
            return replace(state, paused=runner is not None and runner.pause.wanted)
        if state.outcome is None or len(state.suspects) < 2:
            return state
        return replace(state, next_best=self.shelf.next_best(state))

    def interrupted(self) -> tuple[Interrupted, ...]:
        """Return the runs that were begun, are not finished and not in progress, oldest first."""
        current, not_off = self.current, self._rack.not_off
        return tuple(
            Interrupted(
                run.run,
                run.plan,
                run.device,
                run.ticket,
                self._faults.get(run.run),
                {role: not_off[role] for role in driven(run.instruments) if role in not_off},
            )
            for run in self._spool.open_runs()
            if run.run != current
        )

    def start(
        self, serial: str, *, plan: str | None, model: str | None, ticket: str | None, operator: str | None
    ) -> str:
        """Begin a run and return its name once it is journalled.

        Raises ``RunError``, ``PlanError``, ``LeaseRefused``, ``SpoolError``.
        """
        serial = serial_form(serial)
        if not 1 <= len(serial) <= _LONGEST_SERIAL:
            raise RunError(
                f"a serial number has 1 to {_LONGEST_SERIAL} characters besides blanks: scan or type it again"
            )
        known = None if ticket is None else self._worklist.ticket(ticket)
        if known is not None:
            item = known.item
            if serial_form(item.device.serial) != serial:
                raise RunError(
                    f"ticket {ticket} is for the serial {item.device.serial}, not for {serial}: scan it again"
                )
            plan, model = plan or item.plan, model or item.device.model
        if plan is None and ticket is not None and known is None:
            raise RunError(
                f"ticket {ticket} is not on this bench's worklist: check its number, or give the name of a test plan"
            )
        if plan is None:
            raise RunError("no plan is named, neither in the request nor by the ticket: give the name of a test plan")
        loaded = self.shelf.load(plan)
        device = Device(model or loaded.plan.model, serial)
        run = f"{self._bench}:{datetime.now(UTC):%Y%m%dT%H%M%SZ}:{secrets.token_hex(3)}"
        self._begin(run, loaded, lambda runner: runner.run(run, device, ticket=ticket, operator=operator))
        return run

    def resume(self, run: str) -> str:
        """Go on with an interrupted run; returns when it has. Raises like ``start``."""
        started = next((one for one in self._spool.open_runs() if one.run == run), None)
        if started is None or run == self.current:
            raise RunError(
                f"run {run} is not interrupted: only an unfinished run that is not in progress can be resumed"
            )
        self._begin(run, self.shelf.load(started.plan.name), lambda runner: runner.resume(run))
        return run

    def abandon(self, run: str) -> RunFinished:
        """End an interrupted run as aborted and return its last record.

        What it drove is switched off; what cannot be is in its records: so a second end of the same run is refused
        while the first is at the outputs, and that of another run waits. Raises ``RunError`` and ``SpoolError``.
        """
        from edge_agent.plans.ending import abandon

        with self._mutex:
            if self._ending == run:
                raise RunError(f"run {run} is being ended already: wait for the result of that")
            if not self._ended.wait_for(lambda: self._ending is None, ENDING_S):
                raise RunError("another interrupted run is still being ended: end this one when it has")
            started = self._interrupted(run)
            self._ending = run
        try:
            # Without the lock: while instruments take seconds to answer, another run can be aborted or paused.
            unsafe = make_safe(self._rack, driven(started.instruments), f"the end of run {run}")
            with self._mutex:
                finished = abandon(RunJournal(self._spool, self._telling.journalled, self._keep), run, unsafe)
                self._faults.pop(run, None)
        finally:
            with self._mutex:
                self._ending = None
                self._ended.notify_all()
        return finished

    def abort(self, run: str, reason: str) -> None:
        """Begin to stop the run in progress. Raises ``RunError`` when it is another one."""
        self._running(run).abort(reason)

    def skip(self, step: str, reason: str) -> None:
        """Skip a step of the run in progress that has not begun. Raises ``RunError`` or ``ValueError``."""
        self._running(None).request_skip(step, reason)

    def pause(self, run: str, *, on: bool) -> None:
        """Hold the run in progress before its next step, or let it go on. Raises ``RunError``."""
        runner = self._running(run)
        runner.pause.hold() if on else runner.pause.go_on()
        self._bus.publish(told.RunPaused(run, runner.pause.wanted))

    def repeat(self, step: str) -> None:
        """Do a step that ended without passing again. Raises ``RunError`` or ``ValueError``."""
        self._running(None).request_repeat(step)

    def answer(self, prompt: str, value: bool | float | str, skip_reason: str | None) -> None:
        """Answer the open question. Raises ``ValueError`` when it is another one or the answer does not fit."""
        self._desk.answer(prompt, Answer(value, skip_reason))

    # -- what the agent does ----------------------------------------------------------------------------------------

    def prepare(self, *, resume: bool) -> None:
        """Bring all outputs to a safe state; then, if wanted, go on with what was interrupted. Blocks."""
        try:
            self._rack.wait_connected(_CONNECT_S)
            with self._rack.leased(self._rack.roles, "agent start") as leases:
                for role, words in self._rack.safe_state(leases).items():
                    log.warning("at start, %s could not be brought to a safe state: %s", role, words)
        finally:
            self._ready.set()
        for interrupted in self.interrupted():
            log.warning("run %s of plan %s was interrupted", interrupted.run, interrupted.plan.name)
            if interrupted.unsafe:
                fault = f"outputs are not known to be off: {', '.join(interrupted.unsafe)}; switch them off by hand"
                self._bus.publish(told.RunEnded(interrupted.run, fault=fault))
            if self.current is not None or not (resume or self._monitors(interrupted)):
                continue
            try:
                self.resume(interrupted.run)
            except Exception as error:
                self._faults[interrupted.run] = str(error)
                log.exception("run %s could not be resumed", interrupted.run)

    def _interrupted(self, run: str) -> RunStarted:
        """Return how an interrupted run began. Raises ``RunError`` when it is none."""
        started = next((one for one in self._spool.open_runs() if one.run == run), None)
        if started is None or run == self.current:
            raise RunError(f"run {run} is not interrupted: abort the one in progress instead")
        return started

    def _monitors(self, interrupted: Interrupted) -> bool:
        """Return whether a run is in its stability monitoring, and its plan lets it go on by itself (D7)."""
        from edge_agent.plans.load import PlanError

        try:
            soak = self.shelf.load(interrupted.plan.name).plan.soak
        except PlanError:
            return False
        return (
            soak is not None
            and soak.resume == "by_itself"
            and any(
                isinstance(record.body, StepFinished) and record.body.group == "soak"
                for record in self._spool.run_records(interrupted.run)
            )
        )

    def wait_ready(self) -> None:
        """Wait until ``prepare`` has brought the outputs to a safe state; raise ``RunError`` when it takes too long."""
        if not self._ready.wait(_READY_S):
            raise RunError("the bench is still starting: try again in a few seconds")

    def suspend(self) -> None:
        """Stop the run in progress so that it can be resumed: outputs to a safe state, nothing more journalled."""
        with self._mutex:
            runner, journal, thread = self._runner, self._journal, self._thread
        if runner is None or journal is None or thread is None:
            return
        journal.suspend()
        runner.abort("the agent is stopping")
        thread.join(SUSPEND_S)

    # -- inside -------------------------------------------------------------------------------------------------

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _running(self, run: str | None) -> "Runner":
        with self._mutex:
            current = self.current
            if self._runner is None or current is None or run not in {None, current}:
                raise RunError(f"run {run} is not in progress" if run else "no run is in progress")
            return self._runner

    def _begin(self, run: str, plan: "LoadedPlan", go: "Callable[[Runner], RunFinished]") -> None:
        from edge_agent.plans.ending import RunRefused
        from edge_agent.plans.runner import Runner

        self.wait_ready()
        with self._mutex:
            if not self._ended.wait_for(lambda: self._ending is None, ENDING_S):
                raise RunError("an interrupted run is still being ended: begin again when it has")
            if self._is_running():
                raise RunError(f"run {self.current or run} is in progress: end it first")
            self._telling.begun.clear()
            self._error = None
            journal = RunJournal(self._spool, self._telling.journalled, self._keep)
            runner = Runner(
                plan,
                self._rack,
                journal,
                self._captures,
                self._desk,
                on_event=self._telling.happened,
                memory=self._memory,
            )
            thread = threading.Thread(target=self._work, args=(run, runner, go), name=f"run-{run}", daemon=True)
            self._journal, self._runner, self._thread = journal, runner, thread
            thread.start()
            if not self._telling.begun.wait(BEGIN_S):
                runner.abort("the run did not begin in time")
                raise RunError(f"the run did not begin within {BEGIN_S:g} s")
            if isinstance(self._error, RunRefused):
                raise RunError(str(self._error)) from self._error
            if self._error is not None:
                raise self._error

    def _work(self, run: str, runner: "Runner", go: "Callable[[Runner], RunFinished]") -> None:
        try:
            go(runner)
            self._faults.pop(run, None)
        except Exception as error:
            self._faults[run] = str(error)
            if not self._telling.begun.is_set():
                self._error = error
            else:
                if isinstance(error, RunSuspended):
                    log.info("run %s is suspended", run)
                else:
                    log.exception("run %s stopped without an end", run)
                if self._telling.view is not None:
                    self._telling.view.stopped(str(error))
                self._bus.publish(told.RunEnded(run, fault=str(error)))
        finally:
            self._telling.begun.set()

    def _keep(self, finished: RunFinished) -> None:
        """Put a run that is about to end into the history; that this fails does not keep the run from ending."""
        try:
            journalled = RunView.of(self._spool.run_records(finished.run))
            if journalled is not None:
                self._history.keep(journalled.state(running=False), finished)
        except (HistoryError, SpoolError) as error:
            log.error("run %s is not in this bench's list of runs: %s", finished.run, error)
