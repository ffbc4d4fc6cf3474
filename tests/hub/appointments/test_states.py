"""Every state of an appointment against every action: the table is what happens."""

from datetime import timedelta

import pytest

from hub.appointments import service
from hub.appointments.models import Appointment
from hub.appointments.schemas import Move
from hub.appointments.states import TABLE, State
from hub.core.clock import now
from hub.core.database import Database
from hub.core.etags import ANY_VERSION
from hub.core.problems import Problem
from hub.fleet import service as fleet
from hub.identity.actors import Actor, command_line_actor
from hub.identity.permissions import Permission, Role, may
from hub.tickets import reception
from hub.tickets.kinds import Kind
from hub.tickets.schemas import Contact, DeviceIn, NewTicket

pytestmark = pytest.mark.any_database
DO = {
    "confirm": service.confirm,
    "call_off": service.call_off,
    "keep": lambda session, actor, number: service.close(session, actor, number, "kept"),
    "miss": lambda session, actor, number: service.close(session, actor, number, "missed"),
    "move": lambda session, actor, number: service.move(
        session, actor, number, Move(starts_at=now() + timedelta(days=1)), ANY_VERSION
    ),
}


@pytest.fixture
def number(database: Database) -> str:
    with database.write() as session:
        fleet.register(session, "bench-01")
        body = NewTicket(
            kind=Kind.REPAIR,
            device=DeviceIn(model="M", serial="S"),
            symptom="x",
            contact=Contact(name="n", phone="13800000000"),
        )
        ticket = reception.create(session, command_line_actor(), body)
        at = now() - timedelta(minutes=5)
        row = Appointment(
            ticket_id=ticket.id,
            state="requested",
            place="store",
            bench="bench-01",
            person="U-000001",
            starts_at=at,
            ends_at=at + timedelta(hours=1),
            created_at=now(),
        )
        session.add(row)
        session.flush()
        return row.public_id


def test_states_by_actions(database: Database, number: str) -> None:
    assert TABLE.actions == DO.keys()
    for state in State:
        for action, do in DO.items():
            row = TABLE.find(state, action)
            with database.write() as session:
                found = session.get(Appointment, 1)
                assert found is not None
                found.state = state.value
                session.flush()
                attempt = session.begin_nested()
                try:
                    after = do(session, command_line_actor(), number)[1].state
                except Problem as refused:
                    # nobody is rostered, so that a move that the table allows fails at the roster
                    assert (row is None) == (refused.kind is service.APPOINTMENT_ENDED) or action == "move"
                else:
                    assert row is not None
                    assert after == (row.target or state)
                attempt.rollback()


def test_roles_by_permission(database: Database, number: str) -> None:
    for role in Role:
        actor = Actor("key", "k", "k", role, bench="bench-02" if role is Role.BENCH else None)
        with database.write() as session:
            attempt = session.begin_nested()
            try:
                service.confirm(session, actor, number)
                done = True
            except Problem:
                done = False
            attempt.rollback()
        assert done == may(role, Permission.APPOINTMENT_BOOK), role
