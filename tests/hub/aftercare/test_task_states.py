"""T14: improvement tasks move by their table alone, and nobody verifies their own work."""

import itertools
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from hub.aftercare import service, tasks
from hub.aftercare.models import ImprovementTask
from hub.aftercare.schemas import ImprovementTaskOut, TaskActionIn
from hub.aftercare.states import TASKS, TaskFacts, TaskState, asked_of, second_person
from hub.core.clock import now
from hub.core.database import Database
from hub.core.i18n import Language
from hub.core.problems import Problem
from hub.core.settings import Settings
from hub.events.models import Event
from hub.identity import users
from hub.identity.actors import Actor, command_line_actor
from hub.identity.permissions import ROLE_PERMISSIONS, Permission, Role
from hub.jobs.job import ACTOR as JOB
from hub.notifications import planning
from hub.notifications.channels import Channels
from hub.notifications.models import Notification
from hub.sla.documents import Level
from hub.tickets.models import Ticket

pytestmark = pytest.mark.any_database

ACTORS = {role: Actor("key", role.value, role.value, role, "bench-01" if role is Role.BENCH else None) for role in Role}


def test_every_state_is_reached_and_left_until_it_is_verified() -> None:
    reached = {TASKS.initial}
    while more := {row.target for row in TASKS.transitions if row.target and row.sources & reached} - reached:
        reached |= more
    assert reached == set(TaskState)
    for state in TaskState:
        assert bool([row for row in TASKS.offered(state) if row.target]) == (state is not TaskState.VERIFIED)


def test_nobody_verifies_their_own_work() -> None:
    assert second_person(TaskFacts("user:U-000001", "user:U-000002")) is None
    objection = second_person(TaskFacts("user:U-000001", "user:U-000001"))
    assert objection is not None and objection["zh-CN"]


@pytest.mark.parametrize("state", list(TaskState))
def test_every_action_and_role(state: TaskState, database: Database) -> None:
    """Exhaustive: a refusal changes nothing and leaves no event."""
    at = now()
    with database.write() as session:
        owner = users.create(
            session, command_line_actor(), login="wang.fang", name="W", role=Role.SUPERVISOR, stores=None,
            password_hash="x", must_change_password=False,
        ).public_id  # fmt: skip
        ticket = Ticket(kind="repair", state="closed", priority=5, model="M", serial="S", symptom="s", bench=None,
                        created_at=at, updated_at=at, closed_at=at)  # fmt: skip
        session.add(ticket)
        session.flush()
        task = ImprovementTask(
            ticket_id=ticket.id, source="survey", state=state.value, owner=owner, due_on=at.date(), opened_at=at,
            done_by="key:manager" if state is TaskState.DONE else None,
        )  # fmt: skip
        session.add(task)
        session.flush()
        number, before = task.public_id, len(session.scalars(select(Event.id)).all())
        for action, (role, actor) in itertools.product([*sorted(TASKS.actions), "explode"], ACTORS.items()):
            wanted = TaskActionIn(action=action, owner=owner, measure="m", effect="e")
            row = TASKS.find(state, action)
            with session.begin_nested() as savepoint:
                slug = None
                try:
                    tasks.act(session, actor, number, wanted)
                except Problem as problem:
                    slug = problem.kind.slug
                if role is Role.BENCH:
                    expected = "improvement-task-not-found"
                elif Permission.AFTERCARE_READ not in ROLE_PERMISSIONS[role]:
                    expected = "forbidden"
                elif row is None:
                    expected = "improvement-task-action"
                elif row.permission not in ROLE_PERMISSIONS[role]:
                    expected = "forbidden"
                elif row.guards and role is Role.MANAGER:
                    expected = "improvement-task-guarded"
                else:
                    expected = None
                assert slug == expected, (state, action, role)
                if slug is None:
                    assert row is not None and task.state == (row.target or state)
                savepoint.rollback()
            session.refresh(task)
        assert len(session.scalars(select(Event.id)).all()) == before


def test_what_is_every_stores_business_takes_more_than_a_counter_of_one_store() -> None:
    """C4: such an improvement begins by ``complaint:review``; who sees all stores works on it as on any other."""
    start = TASKS.find(TaskState.OPEN, "start")
    assert start is not None
    for role, stores, chain_wide, may in (
        (Role.COUNTER, frozenset({"north"}), True, False),
        (Role.COUNTER, frozenset({"north"}), False, True),
        (Role.COUNTER, None, True, True),
        (Role.SUPERVISOR, frozenset({"north"}), True, True),
    ):
        actor = replace(ACTORS[role], stores=stores)
        assert all(map(actor.may, asked_of(actor, start, chain_wide=chain_wide))) is may, (role, stores, chain_wide)


def test_a_counter_of_one_store_is_neither_offered_nor_allowed_to_finish_it(database: Database) -> None:
    actor, at = replace(ACTORS[Role.COUNTER], stores=frozenset({"north"})), now()
    with database.write() as session:
        task = ImprovementTask(
            source="complaint", state="open", owner="role:quality", due_on=at.date(), opened_at=at, cause="packaging"
        )
        session.add(task)
        session.flush()
        shown = ImprovementTaskOut.of(task, today=at.date(), caller=actor, language="en")
        assert shown.actions == []
        with pytest.raises(Problem) as refused:
            tasks.act(session, actor, task.public_id, TaskActionIn(action="finish", measure="m"))
        assert (refused.value.kind.slug, task.state) == ("forbidden", "open")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_management_hears_of_a_late_improvement_that_has_no_ticket(
    language: Language, database: Database, settings: Settings
) -> None:
    """C4, T14: the message names the improvement and its day."""
    channels = Channels(staff={Level.MANAGEMENT: ["json://127.0.0.1:9/"]})
    with database.write() as session:
        task = ImprovementTask(
            source="complaint", state="open", owner="role:quality", due_on=date(2026, 1, 31), opened_at=now(), cause="x"
        )
        session.add(task)
        session.flush()
        assert [service.remind_due(session, now(), JOB) for _ in "12"] == [1, 0]
        planning.plan(session, settings.model_copy(update={"language": language}), channels)
        told = session.scalars(select(Notification)).one()
        assert (told.audience, told.channel, told.state) == ("staff", "management", "waiting")
        assert f"{told.subject}".startswith(task.public_id)
        assert task.public_id in f"{told.body}" and "2026-01-31" in f"{told.body}"
