"""One attempt of one step: its action, what runs beside it, its analyses. All of it ends by the step's deadline."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from drivers.capabilities import Instrument
from drivers.errors import InstrumentError
from edge_agent.analysis import registry
from edge_agent.analysis.registry import AnalysisError, InputKind, ParameterKind
from edge_agent.analysis.result import Accuracy
from edge_agent.firmware_profile import FirmwareError
from edge_agent.plans.actions import ACTIONS
from edge_agent.plans.actions.base import KINDS, THERMAL, Captured, Live, Result, Value
from edge_agent.plans.calibrated import grown
from edge_agent.plans.check import analysis_parameters
from edge_agent.plans.clock import RunClock
from edge_agent.plans.model import AnalysisUse, Step
from edge_agent.plans.prompts import Answer, Prompt, PromptUnanswered, StepSkipped
from edge_agent.plans.reference import reference_image, reference_mask, reference_waveform
from edge_agent.rack import (
    CallCancelled,
    CallTimeout,
    Cancellation,
    Lease,
    Rack,
    RackError,
    UnknownRole,
    WrongCapability,
    says,
)
from protocols.errors import ProtocolError
from protocols.messages.records import Outcome

log = logging.getLogger(__name__)
T = TypeVar("T")
LOOK_EVERY_S = 0.5
_LOOK_S = 0.02
IMPORTED_LATE = ("scipy.fft", "scipy.ndimage", "scipy.special")
"""What analyses of signals import when they first run, so that an idle agent does without: seconds on a busy machine.
"""
TOLD_FROM_S = 1.0
"""A shorter wait is over before anybody has read of it."""
EXPECTED = (RackError, InstrumentError, FirmwareError, AnalysisError, ProtocolError, OSError)
"""What may go wrong in a step for reasons outside this program."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt gave: ``trouble`` is the outcome when the action itself did not succeed."""

    values: Mapping[str, Value] = field(default_factory=dict)
    captured: Captured = field(default_factory=Captured)
    detail: str | None = None
    trouble: Outcome | None = None
    needed: bool = True
    """False when the step's condition was not met."""


class StepContext:
    """What the running action may use (``actions.base.Context``); every wait ends at the deadline or a cancel."""

    def __init__(
        self,
        rack: Rack,
        leases: Mapping[str, Lease],
        role: str | None,
        *,
        kind: str | None,
        cancellation: Cancellation,
        deadline: float,
        timeout_s: float,
        files: Mapping[str, bytes],
        workspace: Path,
        memory: Path,
        device: str,
        clock: RunClock,
        on_progress: Callable[[float | None, str, Mapping[str, Value]], None],
        ask: Callable[[Prompt, float], Answer],
        growth: float = 1.0,
    ) -> None:
        self._rack = rack
        self._leases = leases
        self._role = role
        self._kind = kind
        self._cancellation = cancellation
        self._deadline = deadline
        self._timeout_s = timeout_s
        self._files = files
        self._ask = ask
        self.growth = growth
        """How many times its stated limits the step's instrument may be off, by the age of its calibration."""
        self.workspace = workspace
        self.memory = memory
        self.device = device
        self._clock = clock
        self._on_progress = on_progress
        self.at_work = threading.Event()
        """Set once the step's instrument does what the action asked for: a queue or a busy machine may delay that."""

    @property
    def role(self) -> str:
        """Role of the step's instrument."""
        return self._role or ""

    def beside(self, role: str | None, kind: str | None) -> "StepContext":
        """Return the same context for another instrument, whose result fields are not those of the step."""
        return StepContext(
            self._rack,
            self._leases,
            role,
            kind=kind,
            cancellation=self._cancellation,
            deadline=self._deadline,
            timeout_s=self._timeout_s,
            files=self._files,
            workspace=self.workspace,
            memory=self.memory,
            device=self.device,
            clock=self._clock,
            on_progress=lambda fraction, text, _: self._on_progress(fraction, text, {}),
            ask=self._ask,
            growth=self.growth,
        )

    def remaining_s(self) -> float:
        """Return the time that the step has left; raise when it is over."""
        self._cancellation.check()
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def call(self, function: Callable[[Any], T]) -> T:
        """Run on the worker of the step's instrument."""
        if self._role is None or self._kind is None:
            raise RackError("this action has no instrument")
        if self._role not in self._leases:
            raise UnknownRole(f"the plan has no role {self._role!r}; add it to the plan's roles")
        role, kind = self._role, self._kind

        def checked(driver: Instrument) -> T:
            if not isinstance(driver, KINDS[kind]):
                raise WrongCapability(f"{role} is a {type(driver).__name__}, but the plan needs a {kind} there")
            self.at_work.set()
            return function(driver)

        return self._rack.call(role, self._leases[role], checked, self.remaining_s(), self._cancellation)

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than the step may take."""
        left = self.remaining_s()
        if seconds <= 0:
            return
        if self._clock.wait(min(seconds, left), self._cancellation):
            self._cancellation.check()
        if seconds > left:
            raise self._late()

    def settle(self, seconds: float, look: Callable[[Any], Live] | None = None, *, detail: str = "") -> None:
        """Wait, and tell how far that is; an instrument that cannot be read meanwhile is only waited for."""
        if seconds < TOLD_FROM_S:
            self.wait(seconds)
            return
        if not detail:
            detail = "waiting for the device to settle"
        ends_s, took_s = self._clock.monotonic() + seconds, 0.0
        while (left := ends_s - self._clock.monotonic()) > 0:
            live: Live = (detail, {})
            if look is not None and left > LOOK_EVERY_S + 2 * took_s:
                looked = self._clock.monotonic()
                try:
                    live = self.call(look)
                except InstrumentError:
                    look = None
                took_s = self._clock.monotonic() - looked
            self.progress(1 - left / seconds, live[0] or detail, live[1])
            self.wait(min(LOOK_EVERY_S, max(0.0, ends_s - self._clock.monotonic())))

    def progress(self, fraction: float | None, text: str, newest: Mapping[str, Value] | None = None) -> None:
        """Tell how far the action is, and what it reads: as uncertain as the calibration makes it."""
        self._on_progress(fraction, text, grown(Result(newest or {}), self.growth).values)

    def ask(self, prompt: Prompt) -> Answer:
        """Ask the operator; the step's deadline is the time for the answer."""
        answer = self._ask(prompt, self.remaining_s())
        if answer.skip_reason is not None:
            raise StepSkipped(answer.skip_reason)
        return answer

    def file(self, name: str) -> bytes:
        """Return a file that belongs to the plan."""
        return self._files[name]

    def aside(self, function: Callable[[], T]) -> T:
        """Run a pure function, giving it up at the deadline: it can go on for a while, but changes nothing any more."""
        left = self.remaining_s()
        finished: list[T] = []
        failed: list[BaseException] = []

        def body() -> None:
            try:
                finished.append(function())
            except Exception as error:  # noqa: BLE001 - raised again in the step's own thread
                failed.append(error)
            done.cancel("finished")

        done = Cancellation()
        detach = self._cancellation.attach(done.cancel)
        threading.Thread(target=body, name="analysis", daemon=True).start()
        done.wait(left)
        detach()
        if failed:
            raise failed[0]
        if finished:
            return finished[0]
        self._cancellation.check()
        raise self._late()

    def _late(self) -> CallTimeout:
        return CallTimeout(f"the step did not finish within its timeout of {self._timeout_s:g} s")


def attempt(step: Step, context: StepContext, cancellation: Cancellation) -> Attempt:
    """Run one attempt; everything that goes wrong becomes an outcome with words."""
    result = Result()
    try:
        result = grown(_with_meanwhile(step, context, cancellation), context.growth)
        values = dict(result.values)
        for use in step.analyse:
            values.update(_analyse(use, result.captured, context))
        return Attempt(values, result.captured, result.detail)
    except (CallTimeout, PromptUnanswered) as error:
        return Attempt(result.values, result.captured, str(error), Outcome.TIMEOUT)
    except CallCancelled as error:
        return Attempt(result.values, result.captured, str(error), Outcome.ABORTED)
    except StepSkipped as error:
        return Attempt(detail=f"skipped by the operator: {error}", trouble=Outcome.SKIPPED)
    except EXPECTED as error:
        return Attempt(result.values, result.captured, says(error), Outcome.ERROR)
    except Exception as error:
        log.exception("step %s failed in an unexpected way", step.id)
        words = f"defect in {step.action}: {type(error).__name__}: {error}"
        return Attempt(result.values, result.captured, words, Outcome.ERROR)


def prepare(steps: list[Step]) -> None:
    """Import the modules of all analyses now, so that a step's time is not spent on that."""
    specs = [registry.analysis(use.analysis) for step in steps for use in step.analyse]
    for spec in specs:
        import_module(f"edge_agent.analysis.{spec.target.partition(':')[0]}")
    if any(spec.input_kind is not InputKind.TEXT for spec in specs):
        for name in IMPORTED_LATE:
            import_module(name)


def _with_meanwhile(step: Step, context: StepContext, cancellation: Cancellation) -> Result:
    """Run the step's action, and what is to happen meanwhile on a second thread; neither outlives this call.

    The second begins when the first's instrument is at work: what it brings about must not be over before that.
    """
    action = ACTIONS[step.action]
    other = step.meanwhile
    if other is None:
        return action.run(context, action.decode(step.parameters))
    second = ACTIONS[other.action]
    beside = context.beside(other.role, second.kind)
    failed: list[Exception] = []

    def body() -> None:
        try:
            while not context.at_work.wait(_LOOK_S):
                beside.remaining_s()
            beside.wait(other.after)
            second.run(beside, second.decode(other.parameters))
        except Exception as error:  # noqa: BLE001 - raised again in the step's own thread
            failed.append(error)
            if not isinstance(error, CallTimeout | CallCancelled):
                cancellation.cancel(f"{other.action} beside it failed: {says(error)}")

    if step.role is None:
        context.at_work.set()
    thread = threading.Thread(target=body, name=f"meanwhile-{step.id}", daemon=True)
    thread.start()
    try:
        result = action.run(context, action.decode(step.parameters))
        context.at_work.set()
    except BaseException as error:
        cancellation.cancel(f"{step.action} ended: {error}")
        thread.join()
        genuine = [one for one in failed if not isinstance(one, CallCancelled)]
        if isinstance(error, CallCancelled) and genuine:
            raise genuine[0] from error
        raise
    thread.join()
    if failed:
        raise failed[0]
    return result


def _analyse(use: AnalysisUse, captured: Captured, context: StepContext) -> dict[str, Value]:
    spec = registry.analysis(use.analysis)
    supplied: dict[str, Any] = {}
    for name, parameter in spec.parameters.items():
        if parameter.kind is ParameterKind.ACCURACY:
            accuracy = _accuracy(use, captured)
            if accuracy is not None:
                supplied[name] = accuracy
        elif use.reference is not None and parameter.kind is ParameterKind.THERMAL:
            supplied[name] = reference_image(context.file(use.reference), use.reference)
        elif use.reference is not None and parameter.kind is ParameterKind.MASK:
            supplied[name] = reference_mask(context.file(use.reference), use.reference)
        elif use.reference is not None and parameter.kind is ParameterKind.WAVEFORM:
            supplied[name] = reference_waveform(context.file(use.reference), use.reference)
    signal = _signal(spec.input_kind, use, captured)
    given = {name: value for name, value in use.parameters.items() if name not in supplied}
    parameters = {**_plain(spec, given), **supplied}
    values = context.aside(lambda: registry.run(use.analysis, signal, **parameters))
    return {f"{use.label}.{name}": value for name, value in values.items()}


def _accuracy(use: AnalysisUse, captured: Captured) -> Accuracy | None:
    """Return the accuracy of the (first) waveform, or of the image, that is analysed."""
    names = use.of or tuple(wave.name for wave in captured.waveforms) or (THERMAL,)
    return captured.accuracies.get(names[0])


def _plain(spec: registry.AnalysisSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    asked = {name: one for name, one in spec.parameters.items() if name in given}
    return analysis_parameters(replace(spec, parameters=asked), given)


def _signal(kind: InputKind, use: AnalysisUse, captured: Captured) -> object:
    if kind is InputKind.THERMAL:
        return captured.thermal
    if kind is InputKind.TEXT:
        return captured.text
    by_name = {wave.name: wave for wave in captured.waveforms}
    chosen = [by_name[name] for name in use.of] or list(captured.waveforms)
    return chosen if kind is InputKind.WAVEFORMS else chosen[0]
