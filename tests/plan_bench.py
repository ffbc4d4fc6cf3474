"""Plans at work on a rack with a durable spool, and what they journal."""

from collections.abc import Callable
from typing import Any

from edge_agent.plans import events
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.load import LoadedPlan
from edge_agent.plans.prompts import Answer, Prompt
from edge_agent.plans.runner import Runner
from edge_agent.rack import Cancellation, Rack, Timing
from edge_agent.spool import Spool
from protocols.messages.records import Device, Measurement, RunFinished, StepFinished

Make = Callable[..., LoadedPlan]
DEVICE = Device("SP-100", "SP100-0001")
QUICK = Timing(open_s=1.0, quiet_s=0.3, backoff_s=(0.05, 0.2))


class PowerCut(BaseException):
    """The process is gone."""


class Yes:
    """An operator who confirms everything and remembers what was asked."""

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        self.asked: list[Prompt] = []
        self.answers = answers or {}

    def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:
        self.asked.append(prompt)
        return self.answers.get(prompt.step, Answer(True))


class Bench:
    """Runs plans and keeps what was journalled."""

    def __init__(self, rack: Rack, spool: Spool, captures: FolderCaptureStore) -> None:
        self.rack, self.spool, self.captures = rack, spool, captures
        self.bodies: list[Any] = []
        self.events: list[events.Event] = []
        self.operator: Any = Yes()

    def append(self, body: Any) -> int:
        seq = self.spool.append(body)
        self.bodies.append(body)
        return seq

    def run_records(self, run: str) -> Any:
        return self.spool.run_records(run)

    def runner(self, loaded: LoadedPlan) -> Runner:
        return Runner(loaded, self.rack, self, self.captures, self.operator, on_event=self.events.append)

    def run(self, loaded: LoadedPlan, run: str = "r1") -> RunFinished:
        return self.runner(loaded).run(run, DEVICE)

    @property
    def steps(self) -> list[StepFinished]:
        return [body for body in self.bodies if isinstance(body, StepFinished)]

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(step.step, step.outcome.value) for step in self.steps]

    def measurement(self, name: str) -> Measurement:
        return next(one for step in reversed(self.steps) for one in step.measurements if one.name == name)
