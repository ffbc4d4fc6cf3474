"""Every state, action and role of escalations and major incidents: what the tables say is what happens."""

import itertools

import pytest
from hub_running import MakeKey, RunningHub

from hub.core.clock import now
from hub.core.database import Database
from hub.core.problems import Problem
from hub.core.states import TransitionTable
from hub.escalations import service as escalations
from hub.escalations.models import Escalation
from hub.escalations.states import TABLE as ESCALATIONS
from hub.identity.actors import Actor
from hub.identity.permissions import Permission, Role, may
from hub.incidents import service as incidents
from hub.incidents.models import MajorIncident
from hub.incidents.states import TABLE as INCIDENTS
from hub.notifications.states import TABLE as NOTIFICATIONS
from hub.tickets.models import Ticket
from hub.webhooks.states import TABLE as DELIVERIES

AT = now()


def actor(role: Role) -> Actor:
    return Actor(kind="user", id="U-000001", name="x", role=role)


@pytest.fixture
def ticket(database: Database) -> Ticket:
    with database.write() as session:
        ticket = Ticket(
            kind="repair", state="new", priority=5, model="", serial="", symptom="x", created_at=AT, updated_at=AT
        )
        session.add(ticket)
        session.flush()
    return ticket


def expected(table: TransitionTable, state: str, action: str, role: Role) -> str:  # type: ignore[type-arg]
    row = next((one for one in table.transitions if state in one.sources and one.action == action), None)
    if row is None:
        return "impossible"
    return row.target or state if may(role, row.permission) else "forbidden"


def test_escalations(database: Database, ticket: Ticket) -> None:
    states = sorted({state for row in ESCALATIONS.transitions for state in (*row.sources, row.target) if state})
    for state, action, role, level in itertools.product(states, ESCALATIONS.actions, Role, ("expert", "management")):
        wanted = expected(ESCALATIONS, state, action, role)
        if wanted not in {"impossible", "forbidden"} and level == "management":
            wanted = wanted if may(role, Permission.ESCALATION_MANAGE) else "forbidden"
        with pytest.raises(_Undone), database.write() as session:
            row = Escalation(ticket_id=ticket.id, level=level, cause="hand", state=state, raised_by="x", raised_at=AT)
            session.add(row)
            session.flush()
            try:
                escalations.apply(session, row, ticket, action, actor(role), writes={})
                found = row.state
            except Problem as problem:
                found = "impossible" if problem.kind is escalations.ESCALATION_OVER else "forbidden"
            assert found == wanted, (state, action, role, level)
            raise _Undone


def test_major_incidents(database: Database, ticket: Ticket) -> None:
    states = sorted({state for row in INCIDENTS.transitions for state in (*row.sources, row.target) if state})
    for state, action, role in itertools.product(states, INCIDENTS.actions, Role):
        with pytest.raises(_Undone), database.write() as session:
            row = MajorIncident(ticket_id=ticket.id, state=state, declared_at=AT)
            session.add(row)
            session.flush()
            try:
                incidents.apply(session, row, ticket, action, actor(role), writes={})
                found = row.state
            except Problem as problem:
                found = "impossible" if problem.kind is incidents.INCIDENT_STATE else "forbidden"
            assert found == expected(INCIDENTS, state, action, role), (state, action, role)
            raise _Undone


class _Undone(Exception):
    """Each case is thrown away."""


@pytest.mark.parametrize("table", [ESCALATIONS, INCIDENTS, NOTIFICATIONS, DELIVERIES])
def test_every_state_is_reached_and_named(table: TransitionTable) -> None:  # type: ignore[type-arg]
    reached = {table.initial} | {row.target for row in table.transitions if row.target is not None}
    assert {state for row in table.transitions for state in row.sources} <= reached
    assert all(set(row.title) == {"en", "zh-CN"} for row in table.transitions)


def test_a_level_that_is_not_there_is_refused(hub: RunningHub, make_key: MakeKey, ticket: Ticket) -> None:
    with hub.client(make_key("staff")) as staff:
        body = {"level": "front_line", "reason": "x"}
        assert staff.post(f"/api/v1/tickets/{ticket.public_id}/escalations", json=body).status_code == 422
