"""Filters by model find every spelling: two devices can be known by two."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from seeded import END

from hub.analysis.days import segments
from hub.analysis.queries import Dimension, TicketsWanted, sums
from hub.core.database import Database
from hub.customers import queries as customers
from hub.customers.models import CustomerDevice
from hub.identity.actors import command_line_actor
from hub.tickets import queries
from hub.tickets.models import Ticket
from hub.tickets.queries import TicketFilter

KEPT = ("SP-100", "sp-100", "SP-1000", "Größe 5", "")
FOUND = {
    "Ｓp-100 ": ["sp-100", "SP-100"],
    "SP-1000": ["SP-1000"],
    "GRÖSSE  5": ["Größe 5"],
    "SP-1": [],
    "SP-1%": [],
}


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
