"""The transition tables of tickets, one per kind, and where an action is done. Guards are in ``guards``."""

from hub.core.i18n import Words, coded
from hub.tickets.desk_states import COMPLAINT, CONSULTATION, INSTALLATION, RETURN_EXCHANGE
from hub.tickets.guards import Facts
from hub.tickets.kinds import ON_BENCH, OPEN, Channel, Kind, State
from hub.tickets.rows import Row, Table
from hub.tickets.workshop_states import INSPECTION, REPAIR, UPGRADE

__all__ = ["ADDRESSES", "ON_BENCH", "OPEN", "TABLES", "Channel", "Facts", "Kind", "Row", "State", "Table"]

ADDRESSES = {
    "assign": "assignment",
    "move": "assignment",
    "amend": "intake",
    "merge": "merge",
    "send": "transfer",
    "receive": "transfer/receipt",
    "send_back": "transfer/refusal",
    "call_back": "transfer",
    "schedule": "appointments",
    "reschedule": "/api/v1/appointments/{appointment}",
    "call_off": "/api/v1/appointments/{appointment}",
    "arrived": "/api/v1/appointments/{appointment}/outcome",
}
"""Actions that have an address of their own: below the ticket, or from the root."""

TABLES: dict[Kind, Table] = {
    Kind.CONSULTATION: CONSULTATION,
    Kind.REPAIR: REPAIR,
    Kind.RETURN_EXCHANGE: RETURN_EXCHANGE,
    Kind.COMPLAINT: COMPLAINT,
    Kind.INSTALLATION: INSTALLATION,
    Kind.UPGRADE: UPGRADE,
    Kind.INSPECTION: INSPECTION,
}


def action_words(action: str, kind: str | None = None) -> Words:
    """Return what a sentence calls an action of a ticket's ``kind``, or of any where that has none of the name.

    What the kinds call differently has no name but its code there.
    """
    if kind is not None and action in TABLES[Kind(kind)].actions:
        return TABLES[Kind(kind)].action_words(action)
    titles = [row.title for table in TABLES.values() for row in table.transitions if row.action == action]
    return coded(action, titles[0] if titles and all(one == titles[0] for one in titles) else None)
