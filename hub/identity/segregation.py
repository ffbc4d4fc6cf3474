"""Sensitive acts need several people (S1): no account, an administrator's included, can be two of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.core.decisions import Decision
from hub.core.i18n import Words
from hub.core.problems import Problem, ProblemType
from hub.identity.actors import Actor

CLAUSE = "S1 different people"
OWN_FILE = ProblemType(
    "own-file",
    403,
    {"en": "Nobody writes in their own file", "zh-CN": "不得填写本人档案"},
    {
        "en": "Let somebody else assess, train and certify you.",
        "zh-CN": "本人的评定、培训与资质请由他人填写。",
    },
)


@dataclass(frozen=True, slots=True)
class Act:
    """One step of a sensitive act, and who took it (``Actor.person``). ``name`` is what a reader calls the step."""

    step: Words
    person: str

    @classmethod
    def by(cls, actor: Actor, step: Words) -> "Act":
        """Return ``actor``'s step."""
        return cls(step, actor.person)


def different_people(acts: Sequence[Act]) -> Decision:
    """Decide whether every step was taken by another person; each repetition is a reason against.

    Give the steps in order, the one that is wanted now last. A key counts as the user who made it, so that nobody
    becomes two people by making a key.
    """
    first: dict[str, Words] = {}
    reasons: list[Words] = []
    for act in acts:
        before = first.get(act.person)
        if before is None:
            first[act.person] = act.step
        else:
            reasons.append(
                {
                    "en": f"whoever did “{before['en']}” may not do “{act.step['en']}” too; ask a colleague",
                    "zh-CN": f"“{before['zh-CN']}”与“{act.step['zh-CN']}”不得由同一人完成，请由同事操作",
                }
            )
    return Decision(not reasons, tuple(reasons), CLAUSE)


def require_other(actor: Actor, person: str) -> None:
    """Raise the own-file problem when ``person`` is who acts, be it by a key that they made."""
    if person in {actor.id, actor.person.removeprefix("user:")}:
        raise Problem(OWN_FILE)
