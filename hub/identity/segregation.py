"""Sensitive acts need several people (S1): no account, an administrator's included, can be two of them.

Nor can two accounts of which one was made by the other, or got its password from it: who made an account can use it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.core.decisions import Decision
from hub.core.i18n import Words
from hub.core.problems import Problem, ProblemType
from hub.identity import queries
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
NOR: Words = {
    "en": "nor may an account that they made or gave a password",
    "zh-CN": "（包括其创建或重置过密码的账号）",
}
"""Who else is meant where a sentence says that the same person may not."""


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
            en, zh = (before["en"], act.step["en"]), (before["zh-CN"], act.step["zh-CN"])
            reasons.append(
                {
                    "en": f"whoever did “{en[0]}” may not do “{en[1]}” too, {NOR['en']}; ask a colleague",
                    "zh-CN": f"“{zh[0]}”与“{zh[1]}”不得由同一人{NOR['zh-CN']}完成，请由同事操作",
                }
            )
    return Decision(not reasons, tuple(reasons), CLAUSE)


def as_seen_by(session: Session, actor: Actor, person: str) -> str:
    """Return ``person``, or the actor's own name where both are one hand: then no guard takes them for two people."""
    return actor.person if one_hand(session, actor.person, person) else person


def one_hand(session: Session, one: str, other: str) -> bool:
    """Whether two persons are the same, or one made the other's account or gave it a password, by whatever steps."""
    return one == other or one in _hands(session, other) or other in _hands(session, one)


def _hands(session: Session, person: str) -> set[str]:
    found: set[str] = set()
    ahead = [person]
    while ahead:
        user = queries.user(session, ahead.pop().removeprefix("user:"))
        new = {user.made_by, user.password_by} - found - {None} if user is not None else set()
        found |= {str(one) for one in new}
        ahead += [str(one) for one in new]
    return found


def require_other(actor: Actor, person: str) -> None:
    """Raise the own-file problem when ``person`` is who acts, be it by a key that they made."""
    if person in {actor.id, actor.person.removeprefix("user:")}:
        raise Problem(OWN_FILE)
