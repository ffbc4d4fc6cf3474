"""The transition table of improvement tasks."""

from dataclasses import dataclass
from enum import StrEnum

from hub.core.i18n import Words
from hub.core.states import Transition, TransitionTable
from hub.identity.actors import Actor
from hub.identity.permissions import Permission


class TaskState(StrEnum):
    """Where an improvement task is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What guards look at."""

    done_by: str | None
    actor: str


def second_person(facts: TaskFacts) -> Words | None:
    """Nobody verifies their own work."""
    if facts.done_by != facts.actor:
        return None
    return {
        "en": "who did the work cannot verify it; ask another person",
        "zh-CN": "完成者不得自行验收；请由他人验收",
    }


S, P = TaskState, Permission
_GOING = frozenset({S.OPEN, S.IN_PROGRESS})
_ASSIGN: Words = {"en": "Give it to somebody else", "zh-CN": "转交他人"}
_START: Words = {"en": "Begin", "zh-CN": "开始"}
_FINISH: Words = {"en": "Record what was done", "zh-CN": "记录改进措施"}
_VERIFY: Words = {"en": "Verify the effect", "zh-CN": "验收改进效果"}
_REOPEN: Words = {"en": "It did not help: go on", "zh-CN": "未见成效，继续改进"}
TASKS: TransitionTable[TaskState, TaskFacts] = TransitionTable(
    S.OPEN,
    (
        Transition(_GOING, "assign", None, P.AFTERCARE_WORK, _ASSIGN, writes=frozenset({"owner"})),
        Transition(frozenset({S.OPEN}), "start", S.IN_PROGRESS, P.AFTERCARE_WORK, _START),
        Transition(_GOING, "finish", S.DONE, P.AFTERCARE_WORK, _FINISH, writes=frozenset({"measure", "done_by"})),
        Transition(
            frozenset({S.DONE}),
            "verify",
            S.VERIFIED,
            P.AFTERCARE_VERIFY,
            _VERIFY,
            (second_person,),
            frozenset({"effect", "ended_at"}),
        ),
        Transition(frozenset({S.DONE}), "reopen", S.IN_PROGRESS, P.AFTERCARE_VERIFY, _REOPEN),
    ),
    {
        S.OPEN: {"en": "open", "zh-CN": "待处理"},
        S.IN_PROGRESS: {"en": "in progress", "zh-CN": "改进中"},
        S.DONE: {"en": "done", "zh-CN": "待验收"},
        S.VERIFIED: {"en": "verified", "zh-CN": "已验收"},
    },
)


def asked_of(actor: Actor, step: Transition[TaskState, TaskFacts], *, chain_wide: bool) -> tuple[Permission, ...]:
    """Return the permissions that a step needs.

    An improvement without a ticket is every store's business: who works for some stores alone needs, beside the
    step's own, what it takes to begin one.
    """
    return (step.permission, P.COMPLAINT_REVIEW) if chain_wide and actor.stores is not None else (step.permission,)
