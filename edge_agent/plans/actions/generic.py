"""Actions that need no instrument."""

from collections.abc import Mapping
from dataclasses import replace

from msgspec import field

from edge_agent.plans.actions.base import FLAG, TEXT, Action, Context, Field, Result, Value
from edge_agent.plans.model import Strict, Words
from edge_agent.plans.prompts import Prompt, PromptKind
from edge_agent.plans.units import Seconds
from protocols.quantity import Quantity


class WaitParameters(Strict, frozen=True):
    """How long."""

    seconds: Seconds


class Wait(Action[WaitParameters]):
    """Let time pass."""

    name = "wait"
    kind = None
    parameters = WaitParameters
    summary = "Wait."

    def run(self, context: Context, parameters: WaitParameters) -> Result:
        """Wait."""
        context.settle(parameters.seconds, detail="waiting as long as the plan says")
        return Result()


class PromptParameters(Strict, frozen=True):
    """The question, the kind of answer, for a choice the answers by name, and a picture (PNG, JPEG) beside the plan."""

    text: Words
    kind: PromptKind = PromptKind.CONFIRM
    choices: dict[str, Words] = field(default={})
    unit: str = "1"
    picture: str | None = None


_PICTURES = (".png", ".jpg", ".jpeg")


class Ask(Action[PromptParameters]):
    """Ask the operator; the step's timeout is the time for the answer."""

    name = "prompt"
    kind = None
    parameters = PromptParameters
    summary = "Ask the operator to confirm, choose, or enter text or a number."

    def problems(self, parameters: PromptParameters) -> list[str]:
        """Check that a choice, and only a choice, has choices."""
        found = []
        if (parameters.kind is PromptKind.CHOICE) != bool(parameters.choices):
            found.append("choices belong to the kind choice, which needs at least one")
        if parameters.picture is not None and not parameters.picture.endswith(_PICTURES):
            found.append(f"the picture {parameters.picture!r} is neither .png nor .jpg: terminals draw no other")
        return found

    def files(self, parameters: PromptParameters) -> tuple[str, ...]:
        """Name the picture."""
        return () if parameters.picture is None else (parameters.picture,)

    def fields(self, parameters: PromptParameters) -> Mapping[str, Field]:
        """Give the answer as ``answer`` (for ``confirm``: yes or no)."""
        match parameters.kind:
            case PromptKind.CONFIRM:
                return {"answer": FLAG}
            case PromptKind.NUMBER:
                return {"answer": Field(parameters.unit)}
        return {"answer": TEXT}

    def run(self, context: Context, parameters: PromptParameters) -> Result:
        """Ask."""
        choices = {name: words.as_dict() for name, words in parameters.choices.items()}
        prompt = Prompt("", "", parameters.kind, parameters.text.as_dict(), choices=choices, unit=parameters.unit)
        if parameters.picture is not None:
            picture = context.file(parameters.picture)
            prompt = replace(prompt, picture=parameters.picture, picture_data=picture)
        answer = context.ask(prompt).value
        value: Value = Quantity(answer, parameters.unit) if isinstance(answer, float) else answer
        return Result({"answer": value}, detail=f"answer: {answer}")
