"""The transition tables: well-formed, and the only way in which a ticket moves."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import URL, select

from hub.core.database import Database
from hub.core.problems import Problem
from hub.core.states import Transition, TransitionTable
from hub.events.models import Event
from hub.events.service import verify_chain
from hub.fleet import service as fleet
from hub.fleet.models import Bench
from hub.identity.actors import Actor
from hub.identity.permissions import ROLE_PERMISSIONS, Permission, Role
from hub.tickets import service
from hub.tickets.models import Ticket
from hub.tickets.schemas import DeviceIn, NewTicket
from hub.tickets.states import OPEN, REPAIR, TABLES, Facts, Kind, State, passing_test

ACTORS = {role: Actor("key", role.value, role.value, role, "bench-01" if role is Role.BENCH else None) for role in Role}
ACTIONS = [*sorted(REPAIR.actions), "explode"]


@pytest.fixture(scope="module")
def table_database(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("states") / "hub.db"
    shutil.copy(empty_database, path)
    database = Database(URL.create("sqlite", database=str(path)))
    with database.write() as session:
        fleet.register(session, "bench-01")
    yield database
    database.close()


@pytest.mark.parametrize("kind", list(Kind))
def test_every_state_is_reached_and_open_ones_can_be_left(kind: Kind) -> None:
    table = TABLES[kind]
    reached = {table.initial}
    while True:
        more = {row.target for row in table.transitions if row.target and row.sources & reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(State)
    for state in State:
        leaving = [row for row in table.offered(state) if row.target not in {None, state}]
        assert bool(leaving) == (state in OPEN), state


@pytest.mark.parametrize("kind", list(Kind))
def test_every_row_speaks_both_languages_and_somebody_may_use_it(kind: Kind) -> None:
    for row in TABLES[kind].transitions:
        assert row.title["en"] and row.title["zh-CN"]
        assert any(row.permission in permissions for permissions in ROLE_PERMISSIONS.values())


def test_two_rows_for_one_case_are_a_mistake() -> None:
    words = {"en": "x", "zh-CN": "x"}
    row: Transition[State, Facts] = Transition(
        frozenset({State.NEW}), "go", State.CLOSED, Permission.TICKET_WORK, words
    )
    with pytest.raises(ValueError, match="'go'"):
        TransitionTable(State.NEW, [row, row])


def test_no_role_may_upload_evidence_but_a_bench() -> None:
    assert [role for role in Role if Permission.CAPTURE_UPLOAD in ROLE_PERMISSIONS[role]] == [Role.BENCH]


def test_every_state_action_and_role(table_database: Database) -> None:
    """Exhaustive: what the table and the permissions say is what happens, and a refusal changes nothing."""
    for state in State:
        for action in ACTIONS:
            for role, actor in ACTORS.items():
                row = REPAIR.find(state, action)
                with table_database.read() as session:
                    ticket = _ticket(state)
                    session.add(ticket)
                    session.flush()
                    allowed = row is not None and row.permission in ROLE_PERMISSIONS[role] and not row.guards
                    try:
                        service.apply(session, ticket, action, actor)
                        happened = True
                    except Problem as problem:
                        happened = False
                        expected = "action-not-possible" if row is None else "forbidden"
                        if row is not None and row.permission in ROLE_PERMISSIONS[role]:
                            expected = "action-guarded"
                        assert problem.kind.slug == expected, (state, action, role)
                        assert ticket.state == state
                        assert not session.scalars(select(Event).where(Event.record_id == ticket.public_id)).all()
                    assert happened == allowed, (state, action, role)
                    if row is not None and happened:
                        assert ticket.state == (row.target or state)


@pytest.mark.parametrize(
    ("outcome", "passes"), [("passed", True), ("failed", False), ("aborted", False), (None, False)]
)
def test_only_a_passing_run_is_evidence(outcome: str | None, passes: bool) -> None:
    objection = passing_test(Facts(outcome))
    assert (objection is None) == passes
    if objection is not None:
        assert objection["en"] and objection["zh-CN"]


def _ticket(state: State) -> Ticket:
    from hub.core.clock import now

    return Ticket(
        kind="repair",
        state=state.value,
        priority=5,
        model="M",
        serial="S",
        symptom="s",
        created_at=now(),
        updated_at=now(),
    )


class TicketMachine(RuleBasedStateMachine):
    """Random histories of one ticket: state, events and worklist revision always agree."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        with self.database.write() as session:
            wanted = NewTicket(device=DeviceIn(model="SP-100", serial="SN-1"), symptom="dark")
            self.ticket = service.create(session, ACTORS[Role.STAFF], wanted).public_id
        self.expected = State.NEW
        self.kinds = ["ticket.created"]

    @rule(action=st.sampled_from(ACTIONS), role=st.sampled_from(list(Role)))
    def act(self, action: str, role: Role) -> None:
        row = REPAIR.find(self.expected, action)
        before = self._revision()
        try:
            with self.database.write() as session:
                ticket = service.get(session, ACTORS[Role.ADMIN], self.ticket, for_update=True)
                writes = {"assign": {"bench": "bench-01"}, "unassign": {"bench": None}}.get(action)
                service.apply(session, ticket, action, ACTORS[role], writes=writes)
        except Problem:
            assert self._revision() == before
            return
        assert row is not None
        if row.target not in {None, self.expected}:
            listed = {State.ASSIGNED, State.IN_PROGRESS, State.REPAIRED}
            assert (self._revision() > before) == bool({self.expected, row.target} & listed)
        self.expected = row.target or self.expected
        self.kinds.append(f"ticket.{action}")

    @precondition(lambda self: self.expected in OPEN)
    @rule()
    def fail_in_the_middle(self) -> None:
        """An error after the change, in the same unit of work, leaves neither the change nor its event."""
        with pytest.raises(RuntimeError), self.database.write() as session:
            ticket = service.get(session, ACTORS[Role.ADMIN], self.ticket, for_update=True)
            service.apply(session, ticket, "note", ACTORS[Role.ADMIN])
            raise RuntimeError("lost power")

    @invariant()
    def state_and_events_agree(self) -> None:
        with self.database.read() as session:
            ticket = service.get(session, ACTORS[Role.ADMIN], self.ticket)
            assert ticket.state == self.expected
            assert (ticket.closed_at is not None) == (self.expected not in OPEN)
            mine = select(Event).where(Event.record_id == self.ticket).order_by(Event.id)
            events = session.scalars(mine).all()
        assert [event.kind for event in events] == self.kinds
        states = [event.payload["to"] for event in events]
        assert states[-1] == self.expected
        assert [event.payload["from"] for event in events[1:]] == states[:-1]

    def teardown(self) -> None:
        with self.database.read() as session:
            assert verify_chain(session).broken_at is None

    def _revision(self) -> int:
        with self.database.read() as session:
            return session.get_one(Bench, "bench-01").desired_revision


def test_random_histories(table_database: Database) -> None:
    TicketMachine.database = table_database
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        TicketMachine,
        settings=settings(
            max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
