"""The customer's link to the page of a ticket."""

from sqlalchemy.orm import Session

from hub.core.settings import Settings
from hub.jobs.job import ACTOR
from hub.portal import links
from hub.tickets.models import Ticket


def customer_link(session: Session, settings: Settings, ticket: Ticket) -> str | None:
    """Return the address of a ticket's page for its customer; ``None`` while the hub has no public address."""
    return links.link_for(session, settings, ticket, ACTOR)
