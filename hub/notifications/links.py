"""The customer's link to the page of a ticket."""

from sqlalchemy.orm import Session

from hub.core.settings import Settings
from hub.tickets.models import Ticket


def customer_link(_session: Session, _settings: Settings, _ticket: Ticket) -> str | None:
    """Return the address of a ticket's page for its customer; ``None`` while the hub serves none."""
    return None
