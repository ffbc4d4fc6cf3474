"""Work on improvement tasks, tracked until a second person has seen the effect (T14)."""

from typing import Any

from sqlalchemy.orm import Session

from hub.aftercare import queries
from hub.aftercare.models import ImprovementTask
from hub.aftercare.schemas import TaskActionIn
from hub.aftercare.states import TASKS, TaskFacts, TaskState, asked_of
from hub.core.clock import now
from hub.core.etags import ANY_VERSION, Precondition
from hub.core.i18n import Words
from hub.core.problems import FieldError, Problem, ProblemType
from hub.events import service as events
from hub.identity import duties
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.identity.segregation import as_seen_by
from hub.tickets.models import Ticket

TASK_NOT_FOUND = ProblemType(
    "improvement-task-not-found",
    404,
    {"en": "No such improvement task", "zh-CN": "改进任务不存在"},
    {"en": "There is no improvement task {task}.", "zh-CN": "没有改进任务 {task}。"},
)
TASK_ACTION_NOT_POSSIBLE = ProblemType(
    "improvement-task-action",
    409,
    {"en": "The task's state does not allow this", "zh-CN": "任务当前状态不允许该操作"},
    {
        "en": "Task {task} is {state}: {action} is not possible there; possible: {possible}.",
        "zh-CN": "任务 {task} 当前为{state}，不能执行{action}；可执行：{possible}。",
    },
)
TASK_GUARDED = ProblemType(
    "improvement-task-guarded",
    409,
    {"en": "Another person is needed", "zh-CN": "须由他人操作"},
    {"en": "{action} of task {task}: {reason}.", "zh-CN": "任务 {task} 执行{action}：{reason}。"},
)
TASK_DETAILS = ProblemType(
    "improvement-task-details",
    422,
    {"en": "The action needs more", "zh-CN": "操作缺少必要信息"},
    {"en": "{action} needs one more thing; see errors.", "zh-CN": "执行{action}还缺少信息，详见 errors。"},
)
_WANTS: dict[str, tuple[str, Words]] = {
    "assign": ("owner", {"en": "name the number of a user who works here", "zh-CN": "请填写在职用户的编号"}),
    "finish": ("measure", {"en": "say what was done", "zh-CN": "请说明改进措施"}),
    "verify": ("effect", {"en": "say what it brought", "zh-CN": "请说明改进效果"}),
}


def get(session: Session, actor: Actor, number: str, *, for_update: bool = False) -> ImprovementTask:
    """Return one task; raise not-found before forbidden."""
    found = queries.task(session, actor, number, for_update=for_update)
    if found is None:
        raise Problem(TASK_NOT_FOUND, task=number[:40])
    actor.require(Permission.AFTERCARE_READ)
    return found


def act(
    session: Session, actor: Actor, number: str, wanted: TaskActionIn, expected: Precondition = ANY_VERSION
) -> ImprovementTask:
    """Move a task by one action: version, table, permissions, what it needs, second person; then state and event."""
    task = get(session, actor, number, for_update=True)
    expected.check(task.version)
    before, action = TaskState(task.state), wanted.action
    row = TASKS.find(before, action)
    if row is None:
        raise Problem(TASK_ACTION_NOT_POSSIBLE, task=task.public_id, **TASKS.refusal(before, action))
    for permission in asked_of(actor, row, chain_wide=task.ticket_id is None):
        actor.require(permission)
    writes = _writes(session, actor, task, wanted)
    facts = TaskFacts(task.done_by and as_seen_by(session, actor, task.done_by), actor.person)
    reason = next((words for guard in row.guards if (words := guard(facts)) is not None), None)
    if reason is not None:
        raise Problem(TASK_GUARDED, task=task.public_id, action=TASKS.action_words(action), reason=reason)
    for name, value in writes.items():
        setattr(task, name, value)
    task.state = (row.target or before).value
    session.flush()
    payload = {"from": before.value, "to": task.state, "owner": task.owner}
    events.append(session, actor, f"improvement_task.{action}", task.record, payload)
    return task


def _writes(session: Session, actor: Actor, task: ImprovementTask, wanted: TaskActionIn) -> dict[str, Any]:
    name, words = _WANTS.get(wanted.action, ("", {"en": "", "zh-CN": ""}))
    if not name:
        return {}
    value = getattr(wanted, name)
    if name == "owner" and value is not None:
        ticket = session.get(Ticket, task.ticket_id) if task.ticket_id is not None else None
        store = ticket.store if ticket is not None else None
        reason = duties.objection(session, actor, value, store, Permission.AFTERCARE_WORK)
        value, words = (None, reason) if reason is not None else (value, words)
    if value is None:
        raise Problem(TASK_DETAILS, errors=(FieldError(f"#/{name}", words),), action=TASKS.action_words(wanted.action))
    more: dict[str, dict[str, Any]] = {"finish": {"done_by": actor.person}, "verify": {"ended_at": now()}}
    return {name: value, **more.get(wanted.action, {})}
