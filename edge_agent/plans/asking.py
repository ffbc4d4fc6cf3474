"""What a run asks of the operator: the questions of its steps, and what to connect, unless it is connected already."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from edge_agent.plans import events
from edge_agent.plans.attempt import Attempt
from edge_agent.plans.model import Plan, Step
from edge_agent.plans.prompts import Answer, Operator, Prompt, PromptKind, PromptUnanswered, checked_answer
from edge_agent.rack import CallCancelled, Cancellation, RackError
from protocols.messages.records import Outcome

PROMPT_S = 1800.0
"""How long a request to connect something waits for the operator."""


class Asking:
    """For one run, in its thread. ``tell`` hears when a question is asked and when it is settled."""

    def __init__(self, plan: Plan, operator: Operator, tell: Callable[[events.Event], None]) -> None:
        self._plan = plan
        self._operator = operator
        self._tell = tell
        self._asked = 0
        self._connected: dict[str, str] = {}
        self.run = ""
        """The run whose name questions carry."""

    def is_connected(self, step: Step) -> None:
        """Take it that the connections of ``step`` are as it wants them, without asking."""
        self._connected |= step.connect

    def to_connect(self, step: Step, stop: Cancellation) -> Attempt | None:
        """Ask for the connections and instructions of a step; return how the attempt ended, if it ends with that."""
        wanted = {role: point for role, point in step.connect.items() if self._connected.get(role) != point}
        if step.instruction is None and not wanted:
            return None
        text = self._connect_text(wanted)
        if step.instruction is not None:
            extra = step.instruction.as_dict()
            text = {language: " ".join(filter(None, (extra[language], said))) for language, said in text.items()}
        prompt = Prompt("", step.id, PromptKind.CONFIRM, text, connect=wanted, timeout_s=PROMPT_S)
        for role in wanted:
            self._connected.pop(role, None)
        try:
            answer = self.ask(step, prompt, stop)
        except CallCancelled as error:
            return Attempt(detail=str(error), trouble=Outcome.ABORTED)
        except PromptUnanswered as error:
            return Attempt(detail=str(error), trouble=Outcome.TIMEOUT)
        except (RackError, OSError, ValueError) as error:
            return Attempt(detail=f"could not be connected: {error}", trouble=Outcome.ERROR)
        if answer.skip_reason is not None:
            return skipped(answer.skip_reason)
        if answer.value is not True:
            return Attempt(detail="the operator did not confirm the connection", trouble=Outcome.ERROR)
        self._connected |= wanted
        return None

    def ask(self, step: Step, prompt: Prompt, stop: Cancellation) -> Answer:
        """Ask one question of a step and return an answer that fits it.

        Raises ``CallCancelled``, ``PromptUnanswered``, and whatever the operator's side raises.
        """
        self._asked += 1
        prompt = replace(prompt, id=f"{self.run}:{self._asked}", step=step.id, skippable=step.skippable)
        stop.check()
        self._tell(events.PromptWanted(self.run, prompt))
        try:
            return checked_answer(prompt, self._operator.ask(prompt, stop))
        finally:
            self._tell(events.PromptSettled(self.run, prompt.id))

    def _connect_text(self, wanted: Mapping[str, str]) -> dict[str, str]:
        english, chinese = [], []
        for probe, point in wanted.items():
            role, _, number = probe.partition(".")
            title, place = self._plan.roles[role].title, self._plan.points[point]
            channel = f", channel {number}," if number else ""
            english.append(f"Connect {title.en}{channel} to {point} ({place.en}).")
            channel = f"通道 {number} " if number else ""
            chinese.append(f"将{title.zh_cn}{channel}连接到 {point}（{place.zh_cn}）。")
        return {"en": " ".join(english), "zh-CN": "".join(chinese)}


def skipped(reason: str) -> Attempt:
    """Return the attempt of a step that the operator skips."""
    return Attempt(detail=f"skipped by the operator: {reason}", trouble=Outcome.SKIPPED)
