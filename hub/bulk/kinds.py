"""What can be imported and exported."""

from enum import StrEnum

from hub.bulk import customers, devices, tickets
from hub.bulk.tables import Table


class Kind(StrEnum):
    """What a file has rows of."""

    CUSTOMERS = "customers"
    DEVICES = "devices"
    TICKETS = "tickets"


TABLES: dict[Kind, Table] = {
    Kind.CUSTOMERS: customers.TABLE,
    Kind.DEVICES: devices.TABLE,
    Kind.TICKETS: tickets.TABLE,
}
