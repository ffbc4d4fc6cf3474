"""No filter of the ticket list reads all tickets: of a million, those with a rare value are found by an index."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from hub.core.database import Database
from hub.core.sql import not_by_index
from hub.fleet.models import Bench
from hub.identity.actors import Actor
from hub.identity.permissions import Role
from hub.measurements import queries as measured
from hub.measurements.models import Run
from hub.tickets import queries
from hub.tickets.kinds import State
from hub.tickets.models import Ticket
from hub.tickets.queries import TicketFilter

any_database = pytest.mark.any_database
AT = datetime(2026, 11, 1, tzinfo=UTC)
FILTERS: list[dict[str, Any]] = [
    {"states": (State.IN_REVIEW,)},
    {"kind": "inspection"},
    {"channel": "email"},
    {"priority": 0},
    {"store": "new"},
    {"customer": "C-000007"},
    {"bench": "bench-01"},
    {"fault": "no_power"},
    {"model": "SP-100"},
    {"serial": "SN-1"},
    {"created_since": AT},
    {"created_until": AT},
    {"updated_since": AT},
    {"updated_until": AT},
]
SORTED = {"model"}
"""Found by an index that has another order; the tickets of one model are sorted."""
CHAIN = Actor("key", "K", "whole chain", Role.MANAGER)
SHOP = Actor("key", "K", "one store", Role.MANAGER, stores=frozenset({"north"}))


def plan(database: Database, actor: Actor, wanted: TicketFilter) -> list[str]:
    """Return how SQLite goes through the ticket list."""
    *before, steps = plans(database, lambda session: queries.tickets(session, actor, wanted, None, 50))
    assert not any(step.startswith("SCAN ticket") for one in before for step in one), before
    return steps


def plans(database: Database, ask: Callable[[Session], object]) -> list[list[str]]:
    """Return how the database goes through each statement of a question; PostgreSQL with its indexes at any price."""
    asked: list[tuple[str, Any]] = []
    with database.read() as session:
        connection = session.connection()
        if not database.is_sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(connection, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
        ask(session)
        explain, place = ("EXPLAIN QUERY PLAN", 3) if database.is_sqlite else ("EXPLAIN", 0)
        return [
            [row[place] for row in connection.exec_driver_sql(f"{explain} {statement}", values)]
            for statement, values in tuple(asked)
        ]


@pytest.fixture
def sqlite(database: Database) -> Database:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by what is in a table, and small ones it reads whole")
    return database


@any_database
def test_each_filter_is_served_by_an_index_in_the_lists_order(sqlite: Database) -> None:
    assert {name for one in FILTERS for name in one} == {field.name for field in fields(TicketFilter)}
    for wanted in FILTERS:
        steps = plan(sqlite, CHAIN, TicketFilter(**wanted))
        assert steps[0].startswith("SEARCH ticket USING INDEX ix_ticket_"), (wanted, steps)
        assert (len(steps) == 1) or SORTED & wanted.keys(), (wanted, steps)


@any_database
def test_the_list_of_a_store_is_read_in_its_order(sqlite: Database) -> None:
    """By the store's index each page would sort all tickets of the store, those sent to it besides."""
    assert not any("TEMP B-TREE" in step for step in plan(sqlite, SHOP, TicketFilter()))


@any_database
def test_tickets_alike_are_found_by_their_index(sqlite: Database) -> None:
    """T5: each intake with a fault asks whether it is one of a batch problem."""
    ticket = Ticket(model="SP-100", fault="no_power", serial="SN-1")
    ((*_, count),) = plans(sqlite, lambda session: queries.count_others_alike(session, ticket, AT))
    assert count.startswith("SEARCH ticket USING COVERING INDEX ix_ticket_alike (model_key=? AND fault=? AND"), count
    ((open_ones,),) = plans(sqlite, lambda session: queries.open_alike(session, ticket, 10))
    assert open_ones.endswith("USING INDEX ix_ticket_open_alike (model_key=? AND fault=?)"), open_ones


@any_database
@pytest.mark.parametrize("ask", [measured.runs, measured.steps, measured.measurements])
def test_what_was_measured_of_a_model_is_bounded(sqlite: Database, monkeypatch: pytest.MonkeyPatch, ask: Any) -> None:
    """Few runs are found by their index; of many no page sorts all that was measured, but goes back from the newest.

    A list of runs in one spelling has its order from the index, however many there are.
    """
    wanted = measured.DataFilter(model="SP-100")
    with sqlite.write() as session:
        session.add(Bench(name="bench-01", registered_at=AT))
        session.flush()
        session.add(Run(bench="bench-01", key="run-1", model="SP-100"))
    *before, few = plans(sqlite, lambda session: ask(session, CHAIN, wanted, None, 50))
    assert not any(step.startswith(("SCAN run", "SCAN measurement", "SCAN step")) for one in before for step in one)
    assert any(step.startswith("SEARCH run USING") and "ix_run_model" in step for step in few), few
    monkeypatch.setattr(measured, "FEW_RUNS", -1)
    *_, many = plans(sqlite, lambda session: ask(session, CHAIN, wanted, None, 50))
    assert any("ix_run_model (model=?)" in step for step in many) is (ask is measured.runs), many
    assert not any("TEMP B-TREE" in step for step in many), many
    *_, keyed = plans(sqlite, lambda session: ask(session, CHAIN, replace(wanted, serial="SN-1"), None, 50))
    assert any("ix_run_serial" in step for step in keyed), keyed
    with sqlite.write() as session:
        session.add(Run(bench="bench-01", key="run-2", model="sp-100"))
    *_, several = plans(sqlite, lambda session: ask(session, CHAIN, wanted, None, 50))
    assert not any("ix_run_model" in step or "TEMP B-TREE" in step for step in several), several


def test_neither_database_looks_up_what_is_kept_from_the_index(database: Database) -> None:
    """The measured data of many runs of a model would else be sorted for each page."""
    for name, looked_up in ((Run.model, True), (not_by_index(Run.model), False)):
        asked = select(Run.id).where(name.in_(["SP-100", "sp-100"]))
        (steps,) = plans(database, lambda session, asked=asked: session.scalars(asked))  # type: ignore[misc]
        assert any(step.startswith("SEARCH run") or "Index Cond:" in step for step in steps) is looked_up, steps
