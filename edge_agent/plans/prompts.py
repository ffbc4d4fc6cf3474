"""Questions to the operator, and who answers them."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from edge_agent.rack import Cancellation

MAX_ANSWER = 1000


class PromptKind(StrEnum):
    """What kind of answer is wanted."""

    CONFIRM = "confirm"
    CHOICE = "choice"
    TEXT = "text"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question. ``connect`` says, readable by machines, which instrument's probe belongs on which test point."""

    id: str
    """Unique within the run."""
    step: str
    kind: PromptKind
    text: dict[str, str]
    connect: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    unit: str = "1"
    timeout_s: float = 600.0
    skippable: bool = False
    picture: str | None = None
    """Name of a picture that belongs to the question."""
    picture_data: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the operator said (yes or no, a choice's name, text, a number), or that the step is to be skipped."""

    value: bool | str | float = True
    skip_reason: str | None = None


class PromptUnanswered(Exception):
    """Nobody answered in time, or the answer was no."""


class StepSkipped(Exception):
    """The operator skips the step; the message is the reason."""


class Operator(Protocol):
    """Answers prompts: a terminal, the local API, or a machine that moves probes."""

    def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:
        """Return the answer.

        Raises ``PromptUnanswered`` after ``prompt.timeout_s`` and ``CallCancelled`` when ``cancellation`` is set.
        """
        ...


def checked_answer(prompt: Prompt, answer: Answer) -> Answer:
    """Return the answer as ``prompt.kind`` wants it; raise ``ValueError`` in words when it does not fit."""
    value = answer.value
    if answer.skip_reason is not None:
        if not prompt.skippable:
            raise ValueError("the plan does not allow this step to be skipped")
        if not answer.skip_reason.strip():
            raise ValueError("give the reason for skipping")
        return answer
    match prompt.kind:
        case PromptKind.CONFIRM if isinstance(value, bool):
            return answer
        case PromptKind.CHOICE if value in prompt.choices:
            return answer
        case PromptKind.TEXT if isinstance(value, str) and len(value) <= MAX_ANSWER:
            return answer
        case PromptKind.NUMBER if not isinstance(value, bool | str) and math.isfinite(value):
            return Answer(float(value))
    wanted = {
        PromptKind.CONFIRM: "yes or no",
        PromptKind.CHOICE: f"one of {', '.join(prompt.choices)}",
        PromptKind.TEXT: f"text of at most {MAX_ANSWER} characters",
        PromptKind.NUMBER: f"a number in {prompt.unit}",
    }[prompt.kind]
    raise ValueError(f"{value!r} does not answer the question; give {wanted}")


class PromptDesk:
    """An operator whose answers come from elsewhere (the local API): at most one question is open."""

    def __init__(self, on_prompt: Callable[[Prompt], None] | None = None) -> None:
        self._on_prompt = on_prompt
        self._condition = threading.Condition()
        self._open: Prompt | None = None
        self._answer: Answer | None = None

    @property
    def pending(self) -> Prompt | None:
        """The question that waits for an answer."""
        return self._open

    def answer(self, prompt_id: str, answer: Answer) -> None:
        """Answer the open question; raise ``ValueError`` when it is another one or the answer does not fit."""
        with self._condition:
            if self._open is None or self._open.id != prompt_id:
                raise ValueError("this question is no longer asked")
            self._answer = checked_answer(self._open, answer)
            self._condition.notify_all()

    def ask(self, prompt: Prompt, cancellation: Cancellation) -> Answer:
        """Show the question and wait for ``answer``."""
        self._begin(prompt)
        if self._on_prompt is not None:
            self._on_prompt(prompt)
        detach = cancellation.attach(self._wake)
        deadline = time.monotonic() + prompt.timeout_s
        try:
            with self._condition:
                while self._answer is None:
                    cancellation.check()
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise PromptUnanswered(f"nobody answered within {prompt.timeout_s:.3g} s")
                    self._condition.wait(left)
                return self._answer
        finally:
            detach()
            with self._condition:
                self._open = None

    def _begin(self, prompt: Prompt) -> None:
        with self._condition:
            self._open, self._answer = prompt, None

    def _wake(self, _reason: str) -> None:
        with self._condition:
            self._condition.notify_all()
