"""Filters and counts by model find every spelling: two devices can be known by two."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from seeded import END

from hub.analysis.days import segments
from hub.analysis.queries import Dimension, TicketsWanted, sums
from hub.analysis.service import analyse
from hub.core.database import Database
from hub.customers import queries as customers
from hub.customers.models import CustomerDevice
from hub.fleet.models import Bench
from hub.identity.actors import command_line_actor
from hub.measurements import queries as measured
from hub.measurements.models import Measurement, Run, Spool, Step
from hub.tickets import queries
from hub.tickets.models import Ticket
from hub.tickets.outcomes import faults_asked
from hub.tickets.queries import TicketFilter

KEPT = ("SP-100", "sp-100", "SP-1000", "Größe 5", "")
FOUND = {
    "Ｓp-100 ": ["sp-100", "SP-100"],
    "SP-1000": ["SP-1000"],
    "GRÖSSE  5": ["Größe 5"],
    "SP-1": [],
    "SP-1%": [],
}


def test_measured_data_are_found_in_each_spelling_of_their_model(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D5: benches send the name as their plan spells it; few runs are found by an index, many by going back."""
    with database.write() as session:
        session.add(Bench(name="bench-01", registered_at=END))
        session.flush()
        session.add(Spool(bench="bench-01", epoch="0" * 32, first_seen_at=END))
        for number, model in enumerate((*KEPT, None), start=1):
            session.add(Run(id=number, bench="bench-01", key=f"run-{number}", model=model, started_at=END))
            session.flush()
            of_run = {"run_id": number, "spool_id": 1, "seq": number, "step": "rail", "attempt": 1, "at": END}
            session.add(Step(**of_run, group="main", outcome="passed", duration_s=1.0, title={}))
            session.add(Measurement(**of_run, name="v", number=3.3, unit="V", rule="simple", verdict="pass"))
    actor = command_line_actor()
    for few in (measured.FEW_RUNS, 0):
        monkeypatch.setattr(measured, "FEW_RUNS", few)
        with database.read() as session:
            for asked, found in FOUND.items():
                wanted = measured.DataFilter(model=asked)
                assert [one.model for one in measured.runs(session, actor, wanted, None, 10)] == found
                steps = measured.steps(session, actor, wanted, None, 10)
                assert [(KEPT[one.run_id - 1]) for one in steps] == found
                for pairs in (
                    measured.measurements(session, actor, wanted, None, 10),
                    measured.readings(session, actor, wanted, ["v"], 10),
                ):
                    assert [run.model for _, run in pairs] == found


def test_a_model_is_one_row_of_the_analysis(database: Database) -> None:
    """T16: it is called as most of its tickets call it."""
    of_ticket = {"kind": "repair", "state": "new", "priority": 5, "symptom": "-", "created_at": END, "updated_at": END}
    with database.write() as session:
        for number, model in enumerate(("sp-100", "SP-100", "SP-100", "SP-1000", "")):
            session.add(Ticket(model=model, serial=f"SN-{number}", fault="no_power", **of_ticket))
    span = TicketsWanted(END - timedelta(days=1), END + timedelta(days=1))
    with database.read() as session:
        rows = analyse(session, command_line_actor(), span, [Dimension.MONTH, Dimension.MODEL], ZoneInfo("UTC"))
        asked = faults_asked(session, span.since, span.until, 10)
    assert [(row.key[1], row.sums.created) for row in rows] == [(None, 1), ("SP-100", 3), ("SP-1000", 1)]
    assert asked == [("SP-100", "no_power", 3), ("", "no_power", 1), ("SP-1000", "no_power", 1)]


def test_a_model_is_found_in_each_of_its_spellings(database: Database) -> None:
    """D6: full-width letters, capitals and blanks make no other model; a part of a name does."""
    of_ticket = {"kind": "repair", "state": "new", "priority": 5, "symptom": "-", "created_at": END, "updated_at": END}
    with database.write() as session:
        for number, model in enumerate(KEPT):
            session.add(Ticket(model=model, serial=f"SN-{number}", **of_ticket))
            session.flush()
            due = {"created_at": END, "inspection_due_on": END.date()}
            session.add(CustomerDevice(model=model, serial=f"SN-{number}", **due))
            session.flush()
    actor = command_line_actor()
    span = (END - timedelta(days=1), END + timedelta(days=1))
    any_device = {"serial": None, "customer_id": None, "cursor": None, "limit": 10}
    with database.read() as session:
        for asked, found in FOUND.items():
            tickets = queries.tickets(session, actor, TicketFilter(model=asked), None, 10)
            assert [one.model for one in tickets] == found
            assert [one.model for one in customers.devices(session, actor, model=asked, **any_device)] == found
            assert {one.model for one in customers.devices_due(session, actor, END.date(), asked, 10)} == set(found)
            counted = sums(
                session, actor, TicketsWanted(*span, model=asked), [Dimension.MODEL], segments(*span, ZoneInfo("UTC"))
            )
            assert sum(figures.created for _, figures in counted) == len(found)
