"""The transition tables: well-formed, and the only way in which a ticket moves."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from databases import NewDatabase
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.complaints.models import Complaint
from hub.core.clock import now
from hub.core.database import Database
from hub.core.i18n import Words
from hub.core.problems import Problem
from hub.core.states import Transition, TransitionTable
from hub.events import service as events
from hub.events.models import Event
from hub.events.service import verify_chain
from hub.fleet import service as fleet
from hub.fleet.models import Bench
from hub.identity import users
from hub.identity.actors import Actor, command_line_actor
from hub.identity.permissions import ROLE_PERMISSIONS, Permission, Role
from hub.repairs.models import RepairPlan
from hub.tickets import remarks, service
from hub.tickets.actions import DETAILS, checked
from hub.tickets.guards import (
    Facts,
    customer_agrees,
    not_who_worked,
    passing_test,
    proven_or_unrepaired,
    second_person,
)
from hub.tickets.kinds import ON_BENCH, OPEN, STATES, Kind, State
from hub.tickets.models import Ticket
from hub.tickets.states import TABLES
from protocols.messages.records import TICKET_ACTIONS

ACTORS = {role: Actor("key", role.value, role.value, role, "bench-01" if role is Role.BENCH else None) for role in Role}


@pytest.fixture(scope="module")
def table_database(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with new_database(tmp_path_factory.mktemp("states")) as url:
        database = Database(url)
        with database.write() as session:
            fleet.register(session, "bench-01")
            users.create(
                session,
                command_line_actor(),
                login="han.meimei",
                name="韩梅梅",
                role=Role.COUNTER,
                stores=None,
                password_hash="x",
                must_change_password=False,
            )
        yield database
        database.close()


def used(kind: Kind) -> set[State]:
    rows = TABLES[kind].transitions
    return {state for row in rows for state in (*row.sources, row.target) if state is not None}


@pytest.mark.parametrize("kind", list(Kind))
def test_every_state_is_reached_and_open_ones_can_be_left(kind: Kind) -> None:
    table = TABLES[kind]
    reached = {table.initial, State.DRAFT}
    while True:
        more = {row.target for row in table.transitions if row.target and row.sources & reached} - reached
        if not more:
            break
        reached |= more
    assert reached == used(kind)
    for state in reached:
        leaving = [row for row in table.offered(state) if row.target not in {None, state}]
        assert bool(leaving) == (state in OPEN), state


def test_no_state_is_without_a_kind() -> None:
    assert set().union(*(used(kind) for kind in Kind)) == set(State)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_row_speaks_both_languages_and_somebody_may_use_it(kind: Kind) -> None:
    for row in TABLES[kind].transitions:
        assert row.title["en"] and row.title["zh-CN"]
        assert any(row.permission in permissions for permissions in ROLE_PERMISSIONS.values())


def test_a_bench_records_exactly_the_actions_that_a_bench_may_do() -> None:
    permitted = ROLE_PERMISSIONS[Role.BENCH]
    allowed = {row.action for table in TABLES.values() for row in table.transitions if row.permission in permitted}
    assert allowed == set(TICKET_ACTIONS)


def test_every_action_with_details_is_in_a_table() -> None:
    assert set().union(*(table.actions for table in TABLES.values())) >= DETAILS.keys()


def test_two_rows_for_one_case_are_a_mistake() -> None:
    words = {"en": "x", "zh-CN": "x"}
    row: Transition[State, Facts] = Transition(
        frozenset({State.NEW}), "go", State.CLOSED, Permission.TICKET_WORK, words
    )
    with pytest.raises(ValueError, match="'go'"):
        TransitionTable(State.NEW, [row, row], STATES)


def test_no_role_may_upload_evidence_but_a_bench() -> None:
    assert [role for role in Role if Permission.CAPTURE_UPLOAD in ROLE_PERMISSIONS[role]] == [Role.BENCH]


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("kind", "ready"),
    [*((kind, False) for kind in Kind), (Kind.COMPLAINT, True), (Kind.RETURN_EXCHANGE, True)],
)
def test_every_state_action_and_role(kind: Kind, ready: bool, table_database: Database) -> None:
    """T1, S1. Exhaustive: what table, permissions and guards say is what happens, and a refusal changes nothing.

    ``ready``: what the guards of a kind ask for is there.
    """
    table = TABLES[kind]
    for state in sorted(used(kind)):
        with table_database.write() as session:
            ticket = _ticket(kind, state)
            session.add(ticket)
            session.flush()
            if state is State.AWAITING_APPROVAL:
                session.add(_plan(ticket))
            if ready and kind is Kind.COMPLAINT:
                session.add(_complaint(ticket))
            if ready and kind is Kind.RETURN_EXCHANGE:
                facts = {"decision": "refund", "by": "user:U-000009"}
                for past in ("ticket.propose", "ticket.approve"):
                    events.append(session, ACTORS[Role.ADMIN], past, ticket.record, facts)
            session.flush()
            before = session.scalar(select(func.count()).select_from(Event))
            for action in [*sorted(table.actions), "explode"]:
                row = table.find(state, action)
                for role, actor in ACTORS.items():
                    expected = _expected(session, ticket, row, actor)
                    given = {"details": GIVEN.get(action), "note": "李雷"}
                    if expected is not None:
                        with pytest.raises(Problem) as refused:
                            service.apply(session, ticket, action, actor, details=given)
                        assert refused.value.kind.slug == expected, (state, action, role)
                        continue
                    with session.begin_nested() as savepoint:
                        service.apply(session, ticket, action, actor, details=given)
                        assert row is not None
                        assert ticket.state == (row.target or state), (action, role)
                        savepoint.rollback()
                    session.refresh(ticket)
            assert ticket.state == state
            assert session.scalar(select(func.count()).select_from(Event)) == before, "a refusal changes nothing"


def _expected(session: Session, ticket: Ticket, row: Transition[State, Facts] | None, actor: Actor) -> str | None:
    if row is None:
        return "action-not-possible"
    if not actor.may(row.permission):
        return "forbidden"
    facts = service.facts_of(session, ticket, actor)
    return "action-guarded" if any(guard(facts) for guard in row.guards) else None


def test_a_recorded_exception_takes_the_place_of_the_test() -> None:
    missing: Words = {"en": "no run", "zh-CN": "无检测"}
    assert passing_test(Facts(test_objection=missing)) == missing
    assert passing_test(Facts(test_objection=missing, test_waived=True)) is None
    assert proven_or_unrepaired(Facts(test_objection=missing)) == missing
    assert proven_or_unrepaired(Facts(test_objection=missing, given_back=True)) is None


def test_nobody_excuses_their_own_work() -> None:
    assert not_who_worked(Facts(worked_by=("user:U-000001", "韩梅梅"), actor="user:U-000002", actor_name="Li")) is None
    assert not_who_worked(Facts(worked_by=("user:U-000001", "韩梅梅"), actor="user:U-000001")) is not None
    at_bench = Facts(worked_by=("bench:bench-01", "韩梅梅"), actor="user:U-000002", actor_name="韩梅梅")
    assert not_who_worked(at_bench) is not None


@pytest.mark.parametrize(
    ("approval", "agrees"),
    [(None, False), ("approved", True), ("in_advance", True), ("proposed", False), ("declined", False)],
)
def test_nothing_is_repaired_against_the_customer(approval: str | None, agrees: bool) -> None:
    assert (customer_agrees(Facts(approval=approval)) is None) == agrees


def test_nobody_decides_on_their_own_proposal() -> None:
    assert second_person(Facts(proposed_by="user:U-000001", actor="user:U-000002")) is None
    assert second_person(Facts(proposed_by="user:U-000001", actor="user:U-000001")) is not None
    assert second_person(Facts(proposed_by=None, actor="user:U-000001")) is not None


GIVEN: dict[str, dict[str, Any]] = {
    "wait": {"waiting_for": "part"},
    "promise": {"promised_at": "2096-02-01T08:00:00Z"},
    "answer": {"answer": "yes"},
    "inform": {"outcome": "told"},
    "dispute": {"reason": "no"},
    "reject": {"reason": "no"},
    "refuse": {"reason": "no"},
    "schedule": {"appointment_at": "2026-02-01T08:00:00Z", "place": "on_site"},
    "reschedule": {"appointment_at": "2026-02-02T08:00:00Z", "place": "store"},
    "name_owner": {"owner": "U-000001"},
    "prioritise": {"priority": 1, "reason": "fair"},
    "reviewed": {"advice": "look at U3"},
    "waive_test": {"reason": "no plan for this model"},
    "propose_plan": {"options": [{"work": "replace C3", "cost_minor": 5000}], "only_option_because": "nothing else"},
    "preapprove": {"limit_minor": 10000, "how": "in_person", "said_by": "李雷"},
    "approve_plan": {"option": 1, "how": "in_person", "said_by": "李雷"},
    "decline_plan": {"how": "phone"},
    "repaired": {"work": "C3 replaced", "parts": ["C3"], "minutes": 20},
    "rework": {"reason": "hums again"},
    "close": {"explained": "C3 was dry"},
    "name_cause": {"root_cause": "dried_capacitor"},
    "propose": {"decision": "refund", "reason": "dead on arrival"},
    "inspected": {"result": "in_order", "report": "fine"},
    "installed": {"result": "in_order", "report": "fine"},
    "classify": {"complaint_class": "logistics", "hazards": ["burn"]},
    "change_owner": {"owner": "U-000001", "reason": "holiday"},
    "conclude": {"cause": "carrier", "because": "the box was wet"},
    "propose_remedy": {"remedy": "redelivery", "offer": "we send another one"},
    "request_compensation": {"compensation_minor": 100, "offer": "the postage"},
    "agree": {"how": "phone"},
    "tell_progress": {"how": "phone", "said": "we have asked the carrier"},
    "feedback": {"how": "phone", "outcome": "it was lost", "apology": "we are sorry"},
}


@pytest.mark.parametrize("action", sorted(DETAILS))
def test_details_are_wanted_with_their_place(action: str) -> None:
    assert checked(action, GIVEN[action]) is not None
    with pytest.raises(Problem) as refused:
        checked(action, {"surprise": 1})
    places = {error.where for error in refused.value.errors}
    assert "#/details/surprise" in places
    wanted = {f"#/details/{name}" for name, field in DETAILS[action].model_fields.items() if field.is_required()}
    assert wanted <= places


def _ticket(kind: Kind, state: State) -> Ticket:
    at = now()
    return Ticket(
        kind=kind.value, state=state.value, priority=5, model="M", serial="S", symptom="s", created_at=at, updated_at=at
    )


def _plan(ticket: Ticket) -> RepairPlan:
    return RepairPlan(
        ticket_id=ticket.id,
        revision=1,
        options=[{"work": "replace C3", "cost_minor": 5000}],
        currency="CNY",
        status="proposed",
        proposed_by="user:U-000001",
        proposed_at=now(),
        valid_until=now() + timedelta(days=1),
    )


def _complaint(ticket: Ticket) -> Complaint:
    return Complaint(
        ticket_id=ticket.id,
        complaint_class="logistics",
        found_round=1,
        concluded_round=1,
        compensation_minor=100,
        currency="CNY",
        requested_by="user:U-000009",
        granted_by="user:U-000008",
        told_at=now(),
    )


class TicketMachine(RuleBasedStateMachine):
    """Random histories of one ticket: state, events and worklist revision always agree."""

    database: Database
    kind: Kind

    def __init__(self) -> None:
        super().__init__()
        with self.database.write() as session:
            at = now()
            ticket = _ticket(self.kind, TABLES[self.kind].initial)
            session.add(ticket)
            session.flush()
            payload = {"to": ticket.state, "priority": 5}
            events.append(session, ACTORS[Role.STAFF], "ticket.created", ticket.record, payload, occurred_at=at)
            self.ticket = ticket.public_id
        self.expected = State.NEW
        self.kinds = ["ticket.created"]

    @rule(data=st.data(), role=st.sampled_from(list(Role)))
    def act(self, data: st.DataObject, role: Role) -> None:
        table = TABLES[self.kind]
        likely = sorted({row.action for row in table.offered(self.expected)})
        action = data.draw(st.sampled_from(likely * 3 + sorted(table.actions) + ["explode"]))
        row = table.find(self.expected, action)
        before = self._revision()
        try:
            with self.database.write() as session:
                ticket = service.get(session, ACTORS[Role.ADMIN], self.ticket, for_update=True)
                writes = {"assign": {"bench": "bench-01"}, "unassign": {"bench": None}}.get(action)
                details = {"details": GIVEN.get(action), "note": "李雷"}
                service.apply(session, ticket, action, ACTORS[role], writes=writes, details=details)
                on_bench = ticket.bench is not None
        except Problem:
            assert self._revision() == before
            return
        assert row is not None
        if row.target not in {None, self.expected} and (on_bench or action == "unassign"):
            assert (self._revision() > before) == bool({self.expected, row.target} & ON_BENCH)
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
            found = session.scalars(mine).all()
            assert remarks.altered(session, found) == []
            assert all(one.payload["note"] == "李雷" for one in remarks.shown(session, found[1:]))
        assert [event.kind for event in found] == self.kinds
        states = [event.payload["to"] for event in found]
        assert states[-1] == self.expected
        assert [event.payload["from"] for event in found[1:]] == states[:-1]
        assert "李雷" not in str([event.payload for event in found]), "the chain outlives the erasure of personal data"

    def teardown(self) -> None:
        with self.database.read() as session:
            assert verify_chain(session).broken_at is None

    def _revision(self) -> int:
        with self.database.read() as session:
            return session.get_one(Bench, "bench-01").desired_revision


@pytest.mark.any_database
@pytest.mark.parametrize("kind", list(Kind))
def test_random_histories(kind: Kind, table_database: Database) -> None:
    machine = type(f"{kind}Machine", (TicketMachine,), {"database": table_database, "kind": kind})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=5, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
