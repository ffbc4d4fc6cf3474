"""What is known of a run, gathered from its journal and events, so that a client may come at any moment."""

import threading
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from edge_agent.local_api.views import PromptView, RunState, RunStatus, StepView
from protocols.messages.records import (
    Body,
    CaptureTaken,
    Measurement,
    Outcome,
    Record,
    RunFinished,
    RunStarted,
    StepFinished,
    Suspect,
)

SOAK_TROUBLES_KEPT = 20
"""Rounds of one step of a soak that did not pass, the newest, which a run's state carries; the journal has all."""
CURVES_KEPT = 8
"""Captures whose previews a run's state carries, the newest; the files themselves are on the bench."""


@dataclass
class _Parts:
    steps: list[StepFinished] = field(default_factory=list)
    captures: list[CaptureTaken] = field(default_factory=list)
    step: StepView | None = None
    prompt: PromptView | None = None
    outcome: Outcome | None = None
    ended_at: datetime | None = None
    suspects: tuple[Suspect, ...] = ()
    fault: str | None = None


class RunView:
    """Thread-safe: the runner's thread writes, clients read snapshots."""

    def __init__(self, started: RunStarted, started_at: datetime) -> None:
        self.started = started
        self._started_at = started_at
        self._mutex = threading.Lock()
        self._parts = _Parts()

    @classmethod
    def of(cls, records: tuple[Record, ...]) -> "RunView | None":
        """Return the view of a run from its journal, ``None`` when that does not begin with its start."""
        first = next((record for record in records if isinstance(record.body, RunStarted)), None)
        if first is None or not isinstance(first.body, RunStarted):
            return None
        view = cls(first.body, first.at)
        for record in records:
            view.journalled(record.body, record.at)
        return view

    def journalled(self, body: Body, at: datetime) -> None:
        """Take in a record of the run, which was made ``at`` this time."""
        with self._mutex:
            match body:
                case StepFinished():
                    self._take_step(body)
                    self._parts.step = self._parts.prompt = None
                case CaptureTaken():
                    self._parts.captures.append(body)
                case RunFinished():
                    self._parts.outcome, self._parts.suspects = body.outcome, body.suspects
                    self._parts.ended_at = at
                    self._parts.step = self._parts.prompt = None
                case _:
                    pass

    def _take_step(self, body: StepFinished) -> None:
        """Add an outcome. Of a soak's many rounds the last is shown, and every round that did not pass."""
        steps = self._parts.steps
        if body.group == "soak":
            old = [one for one in steps if one.step == body.step and one.outcome is Outcome.PASSED]
            steps[:] = [one for one in steps if one not in old]
            unwell = [one for one in steps if one.step == body.step]
            for one in unwell[: len(unwell) - SOAK_TROUBLES_KEPT]:
                steps.remove(one)
        steps.append(body)

    def began(self, step: StepView) -> None:
        """A step is in progress."""
        with self._mutex:
            self._parts.step = step

    def progressed(self, fraction: float | None, text: str, newest: tuple[Measurement, ...] = ()) -> None:
        """The step in progress is so far."""
        with self._mutex:
            if self._parts.step is not None:
                self._parts.step = msgspec.structs.replace(
                    self._parts.step, fraction=fraction, text=text, newest=newest
                )

    def asked(self, prompt: PromptView | None) -> None:
        """The operator is asked, or (``None``) no longer."""
        with self._mutex:
            self._parts.prompt = prompt

    def stopped(self, fault: str) -> None:
        """The run stopped without an end."""
        with self._mutex:
            self._parts.fault = fault
            self._parts.step = self._parts.prompt = None

    def state(self, *, running: bool) -> RunState:
        """Return everything as it is now."""
        with self._mutex:
            parts = self._parts
            captures = [
                capture if number < CURVES_KEPT else msgspec.structs.replace(capture, curves=())
                for number, capture in enumerate(reversed(parts.captures))
            ]
            return RunState(
                run=self.started.run,
                status=self._status(running),
                plan=self.started.plan,
                device=self.started.device,
                started_at=self._started_at,
                ticket=self.started.ticket,
                operator=self.started.operator,
                step=parts.step,
                prompt=parts.prompt,
                steps=tuple(parts.steps),
                captures=tuple(reversed(captures)),
                outcome=parts.outcome,
                suspects=parts.suspects,
                fault=parts.fault,
                ended_at=parts.ended_at,
            )

    def _status(self, running: bool) -> RunStatus:
        if self._parts.outcome is not None:
            return "finished"
        if not running:
            return "interrupted"
        return "asking" if self._parts.prompt is not None else "running"
