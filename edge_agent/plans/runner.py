"""Runs a test plan on a rack, journals every outcome before the next step begins, and resumes an interrupted run."""

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from edge_agent.captures import CaptureStoreError
from edge_agent.kinds import DRIVING
from edge_agent.plans import events
from edge_agent.plans.actions import ACTIONS
from edge_agent.plans.asking import Asking, skipped
from edge_agent.plans.attempt import Attempt, StepContext, attempt, prepare
from edge_agent.plans.calibrated import flagged
from edge_agent.plans.captures import CaptureStore, files_of, record_of
from edge_agent.plans.clock import RunClock, SystemClock
from edge_agent.plans.conditions import not_needed
from edge_agent.plans.diagnosis import diagnose, evidence
from edge_agent.plans.elimination import order_of, why_next
from edge_agent.plans.ending import RunRefused, not_safe, refuse_unfit
from edge_agent.plans.flow import (
    Monitoring,
    Next,
    Progress,
    next_step,
    outcome_of_run,
    outcome_of_step,
    place_of,
    redo_after_interruption,
)
from edge_agent.plans.journal import Journal
from edge_agent.plans.load import LoadedPlan
from edge_agent.plans.measure import measurements_of, newest_of
from edge_agent.plans.model import Soak, Step
from edge_agent.plans.monitor import Monitor, waiting_words
from edge_agent.plans.pause import Pause
from edge_agent.plans.prompts import Operator
from edge_agent.plans.soak import GROUP, SoakState
from edge_agent.rack import Cancellation, Lease, Rack
from protocols.messages.records import (
    MAX_TEXT,
    Device,
    InstrumentStatus,
    Outcome,
    RunFinished,
    RunResumed,
    RunStarted,
    StepFinished,
    Suspect,
)

log = logging.getLogger(__name__)
SAFE_STATE_S = 5.0


class Runner:
    """Runs one plan on one device, once: in the thread that calls ``run`` or ``resume``.

    ``abort`` and ``request_skip`` may be called from any thread. Instruments are leased for the whole run. ``memory``
    is a folder for what actions must know after the run (half-written devices); without it, only during the run.
    """

    def __init__(
        self,
        plan: LoadedPlan,
        rack: Rack,
        journal: Journal,
        captures: CaptureStore,
        operator: Operator,
        *,
        on_event: Callable[[events.Event], None] | None = None,
        safe_state_s: float = SAFE_STATE_S,
        clock: RunClock | None = None,
        memory: Path | None = None,
    ) -> None:
        self.plan = plan
        self._memory = memory
        self._device = ""
        self._rack = rack
        self._journal = journal
        self._captures = captures
        self._asking = Asking(plan.plan, operator, self._tell)
        self._on_event = on_event
        self._safe_state_s = safe_state_s
        self._clock = clock or SystemClock()
        self._soak_before: SoakState | None = None
        self._calibrations = rack.calibrations
        self._lock = threading.Lock()
        self._abort_reason: str | None = None
        self._stop: Cancellation | None = None
        self.pause = Pause()
        self._skips: dict[str, str] = {}
        self._progress = Progress({})
        self._redo: Mapping[str, int] = {}
        self._leases: Mapping[str, Lease] = {}
        self._run = ""
        self._steps = {step.id: step for _, _, step in plan.plan.steps()}
        self._order = order_of(plan.plan, plan.faults)

    def abort(self, reason: str) -> None:
        """Stop the run: the step under way ends at once, then teardown brings the outputs to a safe state."""
        with self._lock:
            if self._abort_reason is None:
                self._abort_reason = reason
            stop = self._stop
        self.pause.end()
        if stop is not None:
            stop.cancel(reason)

    def request_skip(self, step: str, reason: str) -> None:
        """Skip a step that has not begun; raise ``ValueError`` when the plan does not allow that."""
        wanted = self._steps.get(step)
        if wanted is None:
            raise ValueError(f"the plan has no step {step!r}")
        if not wanted.skippable:
            raise ValueError(f"the plan does not allow the step {step} to be skipped")
        if not reason.strip():
            raise ValueError("give the reason for skipping")
        with self._lock:
            self._skips[step] = reason

    def request_repeat(self, step: str) -> None:
        """Do a step of the main group again that has ended without passing; it comes next, then the run goes on.

        Raises ``ValueError`` when there is no such step, or the run has come to its teardown.
        """
        wanted = self._steps.get(step)
        done = None if wanted is None else self._progress.last(wanted)
        if done is None or done.group != "main":
            raise ValueError(f"the step {step} has not been done; only a step of the main part can be repeated")
        if done.outcome is Outcome.PASSED:
            raise ValueError(f"the step {step} has passed; run the plan again to repeat it")
        if any(one.group == "teardown" for one in self._progress.finals()):
            raise ValueError("the run is at its end; test again instead")
        with self._lock:
            self._redo = {**self._redo, step: len(self._progress.attempts[step])}

    def run(self, run: str, device: Device, *, ticket: str | None = None, operator: str | None = None) -> RunFinished:
        """Run the plan from the beginning; ``run`` is a new identifier. Return the final record.

        Raises ``RunRefused`` and ``LeaseRefused`` before anything is journalled, and the journal's own errors: then the
        outputs are in a safe state, and the run can be resumed.
        """
        if device.model != self.plan.plan.model:
            raise RunRefused(
                f"the plan {self.plan.plan.plan} is for {self.plan.plan.model}, not for {device.model}; choose another"
            )
        refuse_unfit(self.plan.plan, self._rack, self._today())
        with self._rack.leased(self.plan.plan.roles, f"run {run}") as leases:
            self._begin(run, leases, device)
            self._journal.append(RunStarted(run, self.plan.reference, device, ticket, operator, self._instruments()))
            return self._go()

    def resume(self, run: str) -> RunFinished:
        """Go on with a run that a crash or power cut interrupted.

        Outputs go to a safe state first, then the setup is done again, then the step that has no outcome.
        Raises ``RunRefused`` when there is no such run, the plan was changed, or the outputs cannot be made safe.
        """
        journalled = self._journal.run_records(run)
        records = [record.body for record in journalled]
        started = next((body for body in records if isinstance(body, RunStarted)), None)
        if started is None or any(isinstance(body, RunFinished) for body in records):
            raise RunRefused(f"the journal holds no unfinished run {run}; begin a new one")
        if started.plan.sha256 != self.plan.sha256:
            raise RunRefused(
                f"run {run} began with another state of the plan {started.plan.name} (version {started.plan.version}, "
                f"SHA-256 {started.plan.sha256[:12]}…); put that one back, or abandon the run and begin a new one"
            )
        refuse_unfit(self.plan.plan, self._rack, self._today())
        with self._rack.leased(self.plan.plan.roles, f"run {run}") as leases:
            self._begin(run, leases, started.device)
            self._rack.wait_connected(self._safe_state_s, self._outputs())
            failures = self._make_safe()
            if failures:
                words = "; ".join(f"{role}: {said}" for role, said in failures.items())
                raise RunRefused(f"run {run} cannot go on because outputs could not be made safe ({words})")
            self._progress = Progress.of(records)
            self._redo = redo_after_interruption(self.plan.plan, self._progress, self._order)
            pending = next_step(self.plan.plan, self._progress, {}, self._order)
            if isinstance(pending, Monitoring) and self.plan.plan.soak is not None:
                self._resume_soak(SoakState.of(self.plan.plan.soak, journalled))
            step = pending.step.id if isinstance(pending, Next) else None
            self._journal.append(RunResumed(run, step, self._instruments()))
            return self._go()

    def _begin(self, run: str, leases: Mapping[str, Lease], device: Device) -> None:
        self._run, self._leases, self._device = run, leases, device.serial
        self._asking.run = run

    def _resume_soak(self, state: SoakState) -> None:
        """Go on without asking: nobody moves the probes of a soak, and nobody may be there after a power cut."""
        self._soak_before = state
        if state.begun:
            for group in ("setup", "soak"):
                for step in self.plan.plan.group(group):
                    self._asking.is_connected(step)

    def _instruments(self) -> tuple[InstrumentStatus, ...]:
        """Return what is measured with, as the rack knows it: a number means something only with its instrument."""
        return tuple(one for one in self._rack.status() if one.role in self.plan.plan.roles)

    def _today(self) -> date:
        return self._clock.utc().date()

    def _growth(self, role: str | None) -> float:
        calibration = self._calibrations.get(role or "")
        return 1.0 if calibration is None else calibration.growth(self._today())

    def _go(self) -> RunFinished:
        try:
            prepare(list(self._steps.values()))
            with tempfile.TemporaryDirectory(prefix="benchwright-run-") as folder:
                while (turn := self._next()) is not None:
                    if isinstance(turn, Next):
                        self._do(turn, Path(folder))
                    elif self.plan.plan.soak is not None:
                        self._monitor(self.plan.plan.soak, Path(folder))
        except BaseException:
            for role, words in self._make_safe().items():
                log.error("run %s broke off, and the output of %s could not be made safe: %s", self._run, role, words)
            raise
        failures = self._make_safe()
        if failures:
            self._note(not_safe(self._run, failures))
        outcome = outcome_of_run(self.plan.plan, self._progress)
        finished = RunFinished(self._run, outcome, self._suspects() if outcome is not Outcome.PASSED else ())
        self._journal.append(finished)
        self._tell(events.RunEnded(finished))
        return finished

    def _next(self) -> Next | Monitoring | None:
        """Return what to do now, after a pause that somebody wants."""
        self.pause.wait()
        return next_step(self.plan.plan, self._progress, self._redo, self._order)

    def _chosen(self, turn: Next) -> str | None:
        """Say why elimination takes this step next, ``None`` where the plan's own order does."""
        return why_next(self.plan.plan, self.plan.faults, turn.step, self._progress) if turn.group == "main" else None

    def _outputs(self) -> dict[str, Lease]:
        """Return the instruments that can harm the device: those that drive something."""
        roles = self.plan.plan.roles
        return {role: lease for role, lease in self._leases.items() if roles[role].kind in DRIVING}

    def _make_safe(self) -> dict[str, str]:
        return self._rack.safe_state(self._outputs(), self._safe_state_s)

    def _monitor(self, soak: Soak, workspace: Path) -> None:
        stop = Cancellation()

        def do(turn: Next, elapsed_s: float) -> StepFinished:
            record = self._do(turn, workspace, elapsed_s)
            self._watch_for_abort(stop)
            return record

        def waiting(state: SoakState, left_s: float) -> None:
            title = waiting_words(state, left_s)
            place = place_of(soak.steps[0].id, self.plan.plan, self._progress)
            self._tell(events.StepStarted(self._run, GROUP, GROUP, state.rounds, title, *place))

        state = self._soak_before or SoakState(soak)
        self._soak_before = None
        self._watch_for_abort(stop)
        try:
            Monitor(self._run, state, self._clock, stop, do, self._note, waiting).go()
        finally:
            with self._lock:
                self._stop = None

    def _watch_for_abort(self, stop: Cancellation) -> None:
        with self._lock:
            self._stop, reason = stop, self._abort_reason
        if reason is not None:
            stop.cancel(reason)

    def _do(self, turn: Next, workspace: Path, elapsed_s: float | None = None) -> StepFinished:
        """Do one attempt and journal its outcome."""
        step = turn.step
        place = place_of(step.id, self.plan.plan, self._progress)
        title, timeout_s = step.title.as_dict(), float(step.timeout)
        started = events.StepStarted(self._run, step.id, turn.group, turn.attempt, title, *place, timeout_s)
        self._tell(started)
        chosen = self._chosen(turn)
        began = time.monotonic()
        stop = Cancellation()
        with self._lock:
            self._stop = stop if turn.group != "teardown" else None
            reason = self._abort_reason if turn.group != "teardown" else None
            skip = self._skips.pop(step.id, None)
        if reason is not None:
            stop.cancel(reason)
        try:
            done = self._skipped(step, skip) or self._asking.to_connect(step, stop)
            if done is None:
                if step.connect:
                    self._tell(started)
                began = time.monotonic()
                done = attempt(step, self._context(step, stop, workspace), stop)
        finally:
            with self._lock:
                self._stop = None
        duration_s = time.monotonic() - began
        if done.trouble is Outcome.ABORTED and (self._abort_reason is None or turn.group == "teardown"):
            done = replace(done, trouble=Outcome.ERROR)  # something within the step cancelled it
        if step.save and done.trouble is None and self._worth_keeping(turn, done):
            done = self._save(step, turn.attempt, done)
        missing = done.detail if done.trouble is not None else None
        measured = measurements_of(step, done.values, missing, needed=done.needed)
        measurements = flagged(measured, self._calibrations, self.plan.plan.calibration, self._today())
        outcome = done.trouble or outcome_of_step(measurements)
        said = " · ".join(filter(None, (done.detail, chosen)))
        detail = said[:MAX_TEXT] or None
        record = StepFinished(
            self._run,
            step.id,
            turn.group,
            turn.attempt,
            outcome,
            duration_s,
            measurements,
            step.title.as_dict(),
            detail,
            elapsed_s,
        )
        self._note(record)
        return record

    def _save(self, step: Step, number: int, done: Attempt) -> Attempt:
        """Keep what was captured, and say so in the journal; what cannot be kept is an error of the step."""
        name, captured = f"{step.id}-{number}", done.captured
        for file in files_of(name, captured.waveforms, captured.thermal, captured.files, captured.text):
            try:
                self._captures.save(file)
            except (OSError, CaptureStoreError) as error:
                return replace(done, detail=f"{file.name} could not be saved: {error}", trouble=Outcome.ERROR)
            self._journal.append(record_of(self._run, step.id, file, captured.waveforms))
        return done

    @staticmethod
    def _worth_keeping(turn: Next, done: Attempt) -> bool:
        """Return whether to save a capture: of a soak's thousand rounds, only those that did not pass."""
        if turn.group != GROUP:
            return True
        return outcome_of_step(measurements_of(turn.step, done.values)) is not Outcome.PASSED

    def _note(self, record: StepFinished) -> None:
        self._journal.append(record)
        self._progress = self._progress.with_record(record)
        self._tell(events.StepEnded(record))

    def _skipped(self, step: Step, reason: str | None) -> Attempt | None:
        if reason is not None:
            return skipped(reason)
        if step.only_if is None:
            return None
        why = not_needed(step.only_if, self.plan.faults, self._progress.measurements(), self._suspects)
        return None if why is None else Attempt(detail=why, trouble=Outcome.SKIPPED, needed=False)

    def _suspects(self) -> tuple[Suspect, ...]:
        if self.plan.faults is None:
            return ()
        return diagnose(self.plan.faults, evidence(self._progress.finals()))

    def _context(self, step: Step, stop: Cancellation, workspace: Path) -> StepContext:
        return StepContext(
            self._rack,
            self._leases,
            step.role,
            kind=ACTIONS[step.action].kind,
            cancellation=stop,
            deadline=time.monotonic() + step.timeout,
            timeout_s=float(step.timeout),
            files=self.plan.files,
            workspace=workspace,
            memory=self._memory or workspace,
            device=self._device,
            clock=self._clock,
            on_progress=lambda fraction, text, newest: self._tell(
                events.StepProgress(self._run, step.id, fraction, text, newest_of(step, newest))
            ),
            ask=lambda prompt, seconds: self._asking.ask(step, replace(prompt, timeout_s=seconds), stop),
            growth=self._growth(step.role),
        )

    def _tell(self, event: events.Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:  # whoever listens may fail at anything: a run that nobody sees is still journalled
            log.exception("a listener to run %s failed", self._run)
