"""What a run tells while it goes on; the journal, not these, is the record."""

from typing import TypeAlias

from msgspec import Struct

from edge_agent.plans.prompts import Prompt
from protocols.messages.records import Identifier, Measurement, RunFinished, StepFinished


class StepStarted(Struct, frozen=True, tag="step_started"):
    """A step (or another attempt of it) begins; ``index`` of ``total`` steps that are being done."""

    run: Identifier
    step: Identifier
    group: str
    attempt: int
    title: dict[str, str]
    index: int
    total: int
    timeout_s: float | None = None
    """How long it may take from now on; told again when its connections are made and that time begins."""


class StepProgress(Struct, frozen=True, tag="step_progress"):
    """A reading, or how far a long action is (0 … 1); ``newest`` holds the reading against the step's limits.

    ``fraction`` is ``None`` where nobody knows how far it is: a trigger is waited for.
    """

    run: Identifier
    step: Identifier
    fraction: float | None
    text: str
    newest: tuple[Measurement, ...] = ()


class PromptWanted(Struct, frozen=True, tag="prompt_wanted"):
    """The operator is asked."""

    run: Identifier
    prompt: Prompt


class PromptSettled(Struct, frozen=True, tag="prompt_settled"):
    """The question is answered, or no longer asked."""

    run: Identifier
    prompt_id: str


class StepEnded(Struct, frozen=True, tag="step_ended"):
    """The outcome, as journalled."""

    record: StepFinished


class RunEnded(Struct, frozen=True, tag="run_ended"):
    """The end, as journalled."""

    record: RunFinished


Event: TypeAlias = StepStarted | StepProgress | PromptWanted | PromptSettled | StepEnded | RunEnded
