"""T12, T15: random lives of one repair; whatever happens, nothing is done that the customer did not agree to."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from databases import NewDatabase
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from hub.core.clock import now
from hub.core.database import Database
from hub.core.problems import Problem
from hub.events import service as events
from hub.identity.actors import Actor, bench_actor
from hub.identity.permissions import Role
from hub.repairs import queries
from hub.tickets import service
from hub.tickets.actions import DETAILS
from hub.tickets.kinds import State
from hub.tickets.models import Ticket

DESK = Actor("user", "U-000001", "counter", Role.COUNTER)
MOSTLY_1, MOSTLY_0 = st.sampled_from([1, 1, 1, 2, 5]), st.sampled_from([0, 0, 0, 1])
COSTS = st.sampled_from([0, 5_000, 20_000])


@pytest.fixture(scope="module")
def repairs_database(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with new_database(tmp_path_factory.mktemp("plans")) as url:
        database = Database(url)
        yield database
        database.close()


class RepairMachine(RuleBasedStateMachine):
    """A model of what was agreed, beside the hub."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        at = now()
        with self.database.write() as session:
            ticket = Ticket(
                kind="repair", state="in_progress", priority=5, model="M", serial=f"S-{at.timestamp()}", symptom="s",
                created_at=at, updated_at=at,
            )  # fmt: skip
            session.add(ticket)
            session.flush()
            facts = {"to": ticket.state, "priority": 5}
            events.append(session, DESK, "ticket.created", ticket.record, facts, occurred_at=at)
            self.number, self.id = ticket.public_id, ticket.id
        self.limit: int | None = None
        self.offered: list[int] = []
        self.repairs = 0
        self.state = "in_progress"

    def act(self, action: str, actor: Actor, details: dict[str, Any], at: datetime | None = None) -> bool:
        try:
            with self.database.write() as session:
                ticket = service.get(session, DESK, self.number, for_update=True)
                service.apply(session, ticket, action, actor, details={"details": details}, occurred_at=at)
                self.state = ticket.state
            return True
        except Problem as problem:
            assert problem.kind.status in {403, 409, 422}
            return False

    @rule(costs=st.lists(COSTS, min_size=1, max_size=3))
    def propose(self, costs: list[int]) -> None:
        details = {"options": [{"work": "w", "cost_minor": cost} for cost in costs], "only_option_because": "x"}
        if self.act("propose_plan", bench_actor("bench-01", "li"), details):
            self.offered, self.limit = costs, None

    @precondition(lambda self: self.state == "awaiting_approval")
    @rule(option=MOSTLY_1, back=MOSTLY_0, days=st.sampled_from([0, 0, 0, 15]))
    def approve(self, option: int, back: int, days: int) -> None:
        with self.database.read() as session:
            newest = queries.newest_plan(session, self.id)
        revision = (newest.revision if newest else 0) - back
        details = {"option": option, "how": "phone", "said_by": "李雷", "revision": max(revision, 1)}
        if self.act("approve_plan", DESK, details, now() + timedelta(days=days)):
            assert newest is not None and newest.status == "proposed" and (back == 0 or newest.revision == 1)
            assert option <= len(self.offered) and days == 0, "neither an option that is none nor an old price"
            self.limit = self.offered[option - 1]

    @precondition(lambda self: self.state == "awaiting_approval")
    @rule(really=st.sampled_from([False, False, True]))
    def decline(self, really: bool) -> None:
        if really and self.act("decline_plan", DESK, {"how": "phone"}):
            self.limit = None

    @precondition(lambda self: self.state == "in_progress")
    @rule(limit=COSTS)
    def preapprove(self, limit: int) -> None:
        if self.act("preapprove", DESK, {"limit_minor": limit, "how": "phone", "said_by": "李雷"}):
            with self.database.read() as session:
                newest = queries.newest_plan(session, self.id)
            approved = newest is not None and newest.status == "approved"
            self.limit = self.limit if approved else limit

    @rule(cost=st.none() | st.none() | COSTS)
    def repair(self, cost: int | None) -> None:
        if self.act("repaired", bench_actor("bench-01", "li"), {} if cost is None else {"cost_minor": cost}):
            assert self.limit is not None, "nobody had agreed"
            assert cost is None or cost <= self.limit, "dearer than agreed"
            self.repairs += 1

    @precondition(lambda self: self.state == "repaired")
    @rule()
    def rework(self) -> None:
        self.act("rework", bench_actor("bench-01", "li"), {})

    @rule(action=st.sampled_from(["approve_plan", "decline_plan", "rework", "preapprove"]))
    def out_of_turn(self, action: str) -> None:
        """A bench never speaks for the customer, whatever the state is."""
        details = {"option": 1, "limit_minor": 1, "how": "phone", "said_by": "li"}
        wanted = {name: value for name, value in details.items() if name in DETAILS[action].model_fields}
        done = self.act(action, bench_actor("bench-01", "li"), wanted)
        assert not done or action == "rework"

    @invariant()
    def the_newest_revision_alone_counts(self) -> None:
        with self.database.read() as session:
            plans = queries.plans(session, self.id)
            ticket = service.get(session, DESK, self.number)
            assert [one.revision for one in plans] == list(range(len(plans), 0, -1))
            assert all(one.status != "proposed" for one in plans[1:])
            assert (ticket.state == State.AWAITING_APPROVAL) == bool(plans and plans[0].status == "proposed")
            assert len(queries.repairs(session, self.id)) == self.repairs


def test_random_repairs(repairs_database: Database) -> None:
    machine = type("Machine", (RepairMachine,), {"database": repairs_database})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
