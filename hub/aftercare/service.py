"""One function per command of after-care (T14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hub.aftercare import policy as policies
from hub.aftercare import queries, warranty
from hub.aftercare.models import FollowUp, ImprovementTask
from hub.aftercare.policy import AftercarePolicy
from hub.aftercare.states import TaskState
from hub.calendars import service as calendars
from hub.core.clock import now
from hub.core.problems import Problem, ProblemType
from hub.events import service as events
from hub.identity.actors import Actor
from hub.policies import routes
from hub.tickets.kinds import Kind
from hub.tickets.models import Ticket

NOTHING_TO_ASK = ProblemType(
    "nothing-to-ask",
    409,
    {"en": "Nothing is to be asked about this ticket", "zh-CN": "该工单无需回访或评价"},
    {
        "en": "Ticket {ticket} is not closed, its kind is not asked about, or its time is over.",
        "zh-CN": "工单 {ticket} 尚未关闭、该类工单不回访，或已超过期限。",
    },
)
ANSWERED_ALREADY = ProblemType(
    "answered-already",
    409,
    {"en": "This was answered already", "zh-CN": "已有答复"},
    {
        "en": "The answer about ticket {ticket} is of {at}; it does not change.",
        "zh-CN": "工单 {ticket} 已于 {at} 答复，不可更改。",
    },
)
BATCH = 500
REMINDED_FOR = timedelta(days=7)
"""Of older call-backs nobody is reminded: an imported history does not fill the inboxes. They stay on the list."""


def in_force(session: Session) -> tuple[int, AftercarePolicy]:
    """Return the policy that holds now, with its version."""
    return routes.in_force(session, policies.FAMILY, AftercarePolicy, policies.delivered())


def closed(session: Session, ticket: Ticket) -> None:
    """Note what is to be asked about a ticket that was just closed, and warrant its repair."""
    if ticket.closed_at is None:
        return
    version, policy = in_force(session)
    kind, at = Kind(ticket.kind), ticket.closed_at
    asked, called = kind in policy.survey.kinds, kind in policy.callback.kinds
    if asked or called:
        session.add(
            FollowUp(
                ticket_id=ticket.id,
                policy_version=version,
                closed_at=at,
                survey_due_at=at + policy.survey.ask_after if asked else None,
                survey_ends_at=at + timedelta(days=policy.survey.open_for_days) if asked else None,
                callback_due_at=at + policy.callback.within if called else None,
            )
        )
    warranty.grant(session, ticket)


def due_surveys(session: Session, at: datetime) -> Sequence[tuple[FollowUp, Ticket]]:
    """Return the closed tickets whose customers are to be asked by ``at`` and were not (within 24 h of the close)."""
    return queries.due_surveys(session, at, BATCH)


def due_callbacks(session: Session, at: datetime) -> Sequence[tuple[FollowUp, Ticket]]:
    """Return the closed tickets whose customers should have been called by ``at`` (within 48 h of the close)."""
    return queries.due_callbacks(session, at, BATCH)


def ask_due(session: Session, at: datetime, actor: Actor) -> int:
    """Let every customer be asked who is due; the notification follows the event. Return how many."""
    found = due_surveys(session, at)
    for row, ticket in found:
        row.asked_at = at
        events.append(session, actor, "ticket.survey_asked", ticket.record, {})
    return len(found)


def remind_due(session: Session, at: datetime, actor: Actor) -> int:
    """Remind staff of call-backs whose time is nearly over and of improvements whose day is, once each."""
    policy = in_force(session)[1]
    found = queries.unreminded_callbacks(session, at - REMINDED_FOR, at + policy.callback.remind_before, BATCH)
    for row, ticket in found:
        row.callback_reminded_at = at
        due = row.callback_due_at.isoformat() if row.callback_due_at else None
        events.append(session, actor, "ticket.callback_due", ticket.record, {"due": due})
    return len(found) + _tell_overdue(session, at, actor)


def _tell_overdue(session: Session, at: datetime, actor: Actor) -> int:
    """Tell management of improvements whose day is over, once each."""
    found = queries.overdue_tasks(session, _day(session, at), BATCH)
    for task, ticket in found:
        task.overdue_told_at = at
        facts = {"task": task.public_id, "owner": task.owner, "due_on": task.due_on.isoformat()}
        if ticket is not None:
            events.append(session, actor, "ticket.improvement_overdue", ticket.record, facts)
        else:
            events.append(session, actor, "improvement_task.overdue", task.record, {**facts, "number": task.public_id})
    return len(found)


def _day(session: Session, at: datetime) -> date:
    return at.astimezone(calendars.time_zone(session)).date()


def can_answer(row: FollowUp | None, at: datetime) -> bool:
    """Whether the customer can still answer the survey."""
    return row is not None and row.answered_at is None and row.survey_ends_at is not None and at < row.survey_ends_at


@dataclass(frozen=True, slots=True)
class Answer:
    """A customer's scores, from 1 (bad) to 5 (very good), with their words, and how they came."""

    attitude: int
    speed: int
    effectiveness: int
    words: str | None
    channel: str

    @property
    def scores(self) -> dict[str, int]:
        """The three scores by name."""
        return {"attitude": self.attitude, "speed": self.speed, "effectiveness": self.effectiveness}


def answer_survey(session: Session, actor: Actor, ticket: Ticket, answer: Answer) -> FollowUp:
    """Take the customer's answer, once."""
    at = now()
    row = queries.follow_up(session, ticket.id, for_update=True)
    if row is None or row.survey_ends_at is None:
        raise Problem(NOTHING_TO_ASK, ticket=ticket.public_id)
    if row.answered_at is not None:
        raise Problem(ANSWERED_ALREADY, ticket=ticket.public_id, at=row.answered_at.isoformat(timespec="minutes"))
    if not can_answer(row, at):
        raise Problem(NOTHING_TO_ASK, ticket=ticket.public_id)
    row.answered_at, row.answered_by, row.channel = at, actor.person, answer.channel
    row.attitude, row.speed, row.effectiveness = answer.attitude, answer.speed, answer.effectiveness
    row.words = answer.words
    bad = in_force(session)[1].is_bad((answer.attitude, answer.speed, answer.effectiveness))
    facts = {**answer.scores, "channel": answer.channel, "bad": bad}
    events.append(session, actor, "ticket.survey_answered", ticket.record, facts)
    if bad:
        open_task(session, actor, ticket, "survey", answer.scores)
    return row


def record_callback(
    session: Session, actor: Actor, ticket: Ticket, *, reached: bool, satisfied: bool | None, said: str | None
) -> FollowUp:
    """Take down a call. Who was not reached stays on the list, as often as the policy says."""
    at = now()
    row = queries.follow_up(session, ticket.id, for_update=True)
    if row is None or row.callback_due_at is None:
        raise Problem(NOTHING_TO_ASK, ticket=ticket.public_id)
    if row.called_at is not None:
        raise Problem(ANSWERED_ALREADY, ticket=ticket.public_id, at=row.called_at.isoformat(timespec="minutes"))
    policy = in_force(session)[1]
    row.attempts += 1
    row.reached, row.satisfied, row.said = reached, satisfied, said
    over = reached or row.attempts >= policy.callback.attempts
    if over:
        row.called_at, row.called_by = at, actor.person
    facts = {"reached": reached, "satisfied": satisfied, "attempt": row.attempts, "over": over}
    events.append(session, actor, "ticket.called_back", ticket.record, facts)
    if satisfied is False:
        open_task(session, actor, ticket, "callback", {})
    return row


def open_task(session: Session, actor: Actor, ticket: Ticket, source: str, scores: dict[str, int]) -> ImprovementTask:
    """Open the improvement task of a bad answer, with its owner; the same answer opens no second one."""
    found = queries.task_of(session, ticket.id, source)
    if found is not None:
        return found
    policy = in_force(session)[1]
    owner = _owner(session, ticket.store, policy)
    due_on = _day(session, now() + timedelta(days=policy.improvement.due_days))
    task = _begin(session, actor, ticket, source=source, owner=owner, due_on=due_on, scores=scores)
    events.append(session, actor, "ticket.improvement_opened", ticket.record, {"task": task.public_id})
    return task


def improve_cause(  # noqa: PLR0917 - who, what, by whom, until when
    session: Session, actor: Actor, cause: str, plan: str, owner: str, due_on: date, ticket: Ticket | None
) -> ImprovementTask:
    """Begin an improvement about a cause of complaints (C4); its work goes on as after a bad answer."""
    return _begin(session, actor, ticket, source="complaint", owner=owner, due_on=due_on, cause=cause, plan=plan)


def _begin(
    session: Session, actor: Actor, ticket: Ticket | None, *, source: str, owner: str, due_on: date, **more: Any
) -> ImprovementTask:
    task = ImprovementTask(
        ticket_id=ticket.id if ticket else None,
        source=source,
        state=TaskState.OPEN.value,
        owner=owner,
        due_on=due_on,
        opened_at=now(),
        **more,
    )
    session.add(task)
    session.flush()
    facts = {"source": source, "owner": owner, "due_on": due_on.isoformat()}
    facts |= {"ticket": ticket.public_id} if ticket else {}
    facts |= {"cause": task.cause} if task.cause else {}
    events.append(session, actor, "improvement_task.opened", task.record, facts)
    return task


def _owner(session: Session, store: str | None, policy: AftercarePolicy) -> str:
    """Return the first person with one of the policy's roles in the ticket's store; a role where nobody has it."""
    for role in policy.improvement.owners:
        for user in queries.people_with_role(session, role):
            if user.stores is None or store in user.stores:
                return user.public_id
    return f"role:{policy.improvement.owners[0].value}"
