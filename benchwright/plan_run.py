"""One run of a plan from the command line: terminal prompts, Ctrl-C to a safe state, results at the end."""

import contextlib
import select
import signal
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from benchwright.errors import UsageError
from benchwright.plan_view import print_results, results_as_data, step_line
from benchwright.printing import print_json
from benchwright.terminal import Terminal, styled
from drivers.simulated.control import ask
from edge_agent.bench_config import BenchConfigError, load_bench_config
from edge_agent.plans import events
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.clock import SystemClock
from edge_agent.plans.ending import RunRefused
from edge_agent.plans.load import LoadedPlan
from edge_agent.plans.prompts import Answer, Prompt, PromptDesk, PromptKind
from edge_agent.plans.runner import Runner
from edge_agent.plans.soak import GAP, GROUP, SUMMARY
from edge_agent.rack import Cancellation, Rack, RackError
from edge_agent.spool import Spool, SpoolError
from protocols.messages.records import Device, Outcome, RunFinished, StepFinished
from protocols.serial_numbers import NO_SERIAL, serial_form
from tui.heard import AND, heard
from tui.i18n import _, pick

CONNECT_S = 20.0
_POLL_S = 0.2
_ROUNDS_A_LINE = 72
"""How often the progress of a soak is told."""


@dataclass(frozen=True)
class Request:
    """What the command line asked for."""

    plan: LoadedPlan
    bench: Path
    serial: str
    operator: str | None
    state: Path | None
    resume: bool
    yes: bool
    simulator: Path | None
    as_json: bool
    skip_waits: bool = False


def run_plan(request: Request) -> bool:
    """Run (or resume) and print; return whether the device passed. Raises ``UsageError`` for what cannot be run."""
    try:
        config = load_bench_config(request.bench)
    except BenchConfigError as error:
        raise UsageError(str(error)) from error
    roles = request.plan.plan.roles
    absent = [role for role in roles if role not in config.instruments]
    if absent:
        raise UsageError(f"{request.bench}: the plan needs the roles {', '.join(absent)}; add them to the bench")
    instruments = {role: one for role, one in config.rack().items() if role in roles}
    with _folder(request.state) as folder, Rack(instruments) as rack:
        if not rack.wait_connected(CONNECT_S):
            faults = AND.join(f"{one.role}: {one.fault}" for one in rack.status() if not one.healthy)
            raise UsageError(f"not all instruments answer ({faults})")
        try:
            with Spool(folder / "journal.sqlite") as spool:
                session = _Session(request, rack, spool, folder)
                finished = session.run()
        except SpoolError as error:
            raise UsageError(str(error)) from error
    if request.as_json:
        print_json(results_as_data(session.steps, finished))
    else:
        print_results(session.steps, finished)
    return finished.outcome is Outcome.PASSED


class _Session:
    """The run on its own thread; this one talks with the person."""

    def __init__(self, request: Request, rack: Rack, spool: Spool, folder: Path) -> None:
        self.request = request
        self.spool = spool
        self.steps: list[StepFinished] = []
        self._console = Terminal(stderr=True)
        self._desk = PromptDesk()
        operator = self._desk if request.simulator is None else _ProbeMover(request.simulator, self._desk)
        clock = _SkippingClock(request.simulator) if request.simulator is not None and request.skip_waits else None
        self._runner = Runner(
            request.plan,
            rack,
            spool,
            FolderCaptureStore(folder / "captures"),
            operator,
            on_event=self._on_event,
            clock=clock,
            memory=folder / "memory",
        )
        self._finished: RunFinished | None = None
        self._error: BaseException | None = None

    def run(self) -> RunFinished:
        """Run to the end, answering prompts; Ctrl-C and SIGTERM abort."""
        thread = threading.Thread(target=self._body, name="plan-run")
        with _signals(self._abort):
            thread.start()
            while thread.is_alive():
                prompt = self._desk.pending
                if prompt is not None:
                    self._answer(prompt)
                thread.join(_POLL_S)
        if isinstance(self._error, RunRefused | RackError):
            raise UsageError(str(self._error)) from self._error
        if self._error is not None or self._finished is None:
            raise self._error or RuntimeError("the run ended without an outcome")
        return self._finished

    def _body(self) -> None:
        try:
            if self.request.resume:
                self._finished = self._runner.resume(self._interrupted())
                return
            self._refuse_over_another()
            device = Device(self.request.plan.plan.model, self.request.serial)
            run = f"{self.request.plan.plan.plan}-{uuid.uuid4().hex[:8]}"
            self._finished = self._runner.run(run, device, operator=self.request.operator)
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self._error = error

    def _interrupted(self) -> str:
        """Return the interrupted run of this plan and, if it was named, this device."""
        wanted = self.request.serial
        runs = [one for one in self.spool.open_runs() if one.plan.name == self.request.plan.plan.plan]
        if not runs:
            raise RunRefused(f"{self.request.state} holds no interrupted run of this plan; leave out --resume")
        of_device = [
            one for one in runs if wanted == NO_SERIAL or serial_form(wanted) == serial_form(one.device.serial)
        ]
        if not of_device:
            raise RunRefused(
                f"the interrupted run in {self.request.state} is of {runs[0].device.serial}, not of {wanted}; "
                "name that device, or leave out --serial"
            )
        run = of_device[0].run
        self.steps += [one.body for one in self.spool.run_records(run) if isinstance(one.body, StepFinished)]
        return run

    def _refuse_over_another(self) -> None:
        """Refuse a new run where an interrupted one waits: its outputs may still be on."""
        for one in self.spool.open_runs():
            raise RunRefused(
                f"{self.request.state} holds an interrupted run of {one.plan.name} on {one.device.serial}; "
                "go on with it by --resume, or give another folder"
            )

    def _abort(self, name: str) -> None:
        words = _("{signal}: stopping; outputs go to a safe state").format(signal=name)
        self._console.print(words, style="bold red")
        # Elsewhere, because a signal handler must not wait for a lock.
        threading.Thread(target=self._runner.abort, args=(f"stopped by {name}",), daemon=True).start()

    def _on_event(self, event: events.Event) -> None:
        if isinstance(event, events.StepEnded):
            self._take(event.record)
        elif isinstance(event, events.StepStarted) and event.step == GROUP and event.attempt % _ROUNDS_A_LINE == 1:
            self._console.print(pick(event.title), style="dim")

    def _take(self, record: StepFinished) -> None:
        """Show an outcome; of a soak's rounds, those that did not pass, and the last."""
        if record.group == GROUP and record.outcome is Outcome.PASSED:
            self.steps = [one for one in self.steps if one.step != record.step or one.outcome is not Outcome.PASSED]
            if record.step not in (SUMMARY, GAP):
                self.steps.append(record)
                return
        self.steps = [*self.steps, record]
        self._console.print(step_line(record))

    def _answer(self, prompt: Prompt) -> None:
        text = pick(prompt.text)
        if self.request.yes and prompt.kind is PromptKind.CONFIRM:
            self._console.print(f"{text} ({_('confirmed by --yes')})", style="dim")
            self._give(prompt, Answer(True))
            return
        if prompt.picture is not None:
            words = _("picture: {path}").format(path=self._picture(prompt))
            self._console.print(words, style="dim")
        how = hint(prompt)
        self._console.print(styled((text, "bold"), f" ({how})" if how else ""))
        while self._desk.pending is prompt:
            if not select.select([sys.stdin], [], [], _POLL_S)[0]:
                continue
            line = sys.stdin.readline()
            if not line:
                words = _("nobody is there to answer; use --yes or --simulator")
                self._console.print(words, style="bold red")
                self._runner.abort("nobody was there to answer")
                return
            if self._give(prompt, _parse(prompt, line.strip())):
                return

    def _picture(self, prompt: Prompt) -> Path:
        """Write the question's picture where any viewer can open it."""
        path = Path(tempfile.gettempdir()) / f"benchwright-{Path(prompt.picture or '').name}"
        path.write_bytes(prompt.picture_data)
        return path

    def _give(self, prompt: Prompt, answer: Answer) -> bool:
        try:
            self._desk.answer(prompt.id, answer)
        except ValueError as error:
            self._console.print(heard(error), style="yellow")
            return False
        return True


def hint(prompt: Prompt) -> str:
    """Return in words how a question can be answered, or skipped."""
    if prompt.choices:
        answers = ", ".join(f"{name}: {pick(words)}" for name, words in prompt.choices.items())
    elif prompt.kind is PromptKind.CONFIRM:
        answers = _("Enter, or n")
    else:
        answers = prompt.unit if prompt.kind is PromptKind.NUMBER else ""
    if not prompt.skippable:
        return answers
    return answers + _(", or s REASON to skip") if answers else _("s REASON to skip")


def _parse(prompt: Prompt, line: str) -> Answer:
    if prompt.skippable and line.startswith("s "):
        return Answer(skip_reason=line[2:])
    if prompt.kind is PromptKind.CONFIRM:
        return Answer(line.lower() not in ("n", "no"))
    if prompt.kind is PromptKind.NUMBER:
        with contextlib.suppress(ValueError):
            return Answer(float(line))
    return Answer(line)


class _ProbeMover:
    """Connects by itself on the simulated bench; other questions go to the person."""

    def __init__(self, control: Path, desk: PromptDesk) -> None:
        self._control = control
        self._desk = desk

    def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:
        """Move the probes that the question is about."""
        if prompt.kind is not PromptKind.CONFIRM or not prompt.connect:
            return self._desk.ask(prompt, cancellation)
        for probe, point in prompt.connect.items():
            _tell(self._control, {"do": "connect", "instrument": probe, "point": point})
        return Answer(True)


class _SkippingClock(SystemClock):
    """Lets the time between the rounds of a soak pass at once, on the simulated device too: 72 hours in minutes."""

    def __init__(self, control: Path) -> None:
        self._control = control
        self._skipped_s = 0.0

    def monotonic(self) -> float:
        """Return the machine's seconds and those that were skipped."""
        return super().monotonic() + self._skipped_s

    def wait(self, seconds: float, stop: Cancellation) -> bool:
        """Skip it."""
        if stop.reason is None and seconds > 0:
            _tell(self._control, {"do": "skip", "seconds": repr(seconds)})
            self._skipped_s += seconds
        return stop.reason is not None


def _tell(control: Path, request: dict[str, str]) -> None:
    """Have the simulated bench do something; raise ``OSError`` when it does not."""
    answer = ask(control, request, 5.0)
    if not answer["ok"]:
        raise OSError(answer["error"])


@contextlib.contextmanager
def _folder(state: Path | None) -> Iterator[Path]:
    if state is not None:
        try:
            state.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"the folder --state {state} cannot be made: {error.strerror}") from error
        yield state
        return
    with tempfile.TemporaryDirectory(prefix="benchwright-plan-") as folder:
        yield Path(folder)


@contextlib.contextmanager
def _signals(abort: Callable[[str], None]) -> Iterator[None]:
    def handle(number: int, _frame: FrameType | None) -> None:
        abort("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
