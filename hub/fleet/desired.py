"""The desired state of each bench, published retained whenever it changes and again on every new session."""

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from hub.core.database import Database
from hub.fleet import dossiers, queries
from hub.mqtt import Link
from hub.tickets import queries as ticket_queries
from hub.tickets.models import Ticket
from protocols.messages import codec, topics
from protocols.messages.control import Desired, WorkItem
from protocols.messages.dossiers import Dossier, settings_with
from protocols.messages.records import Device

log = logging.getLogger(__name__)

MAX_WORKLIST = 500
MAX_WORKLIST_BYTES = 240_000
"""So that the message stays below the broker's size limit; tickets beyond it follow as others leave the list."""
MAX_DESIRED_BYTES = 245_000
MAX_DOSSIERS = 40
"""The first tickets of the list come with what else is known of them."""


class DesiredPublisher:
    """Compares what was published in this session with the revisions in the database, and publishes the difference."""

    def __init__(self, database: Database, link: Link) -> None:
        self._database = database
        self._link = link
        self._published: dict[str, int] = {}

    def forget(self) -> None:
        """Publish everything again: the broker may have lost its retained messages."""
        self._published.clear()

    def publish_changes(self) -> None:
        """Publish the desired state of every bench whose revision is not the published one."""
        if not self._link.connected:
            return
        with self._database.read() as session:
            changed = [
                desired_state(session, name, revision)
                for name, revision in queries.desired_revisions(session)
                if self._published.get(name) != revision
            ]
        for desired in changed:
            topic = topics.topic(desired.bench, topics.DOWN_DESIRED)
            if self._link.publish(topic, codec.encode(desired), retain=True):
                self._published[desired.bench] = desired.revision


def desired_state(session: Session, bench: str, revision: int) -> Desired:
    """Return what the hub wants of a bench: its worklist, the most urgent and then the oldest ticket first."""
    items: list[WorkItem] = []
    size = 0
    tickets = ticket_queries.worklist(session, bench, MAX_WORKLIST)
    for ticket in tickets:
        item = WorkItem(
            ticket=ticket.public_id,
            device=Device(model=ticket.model, serial=ticket.serial),
            symptom=ticket.symptom,
            state=ticket.state,
            plan=ticket.plan,
            priority=ticket.priority,
        )
        size += len(msgspec.json.encode(item)) + 1
        if size > MAX_WORKLIST_BYTES:
            log.warning("the worklist of bench %s is too long for one message; %d tickets are sent", bench, len(items))
            break
        items.append(item)
    settings = _settings(session, tickets[: len(items)], MAX_DESIRED_BYTES - size)
    return Desired(bench=bench, revision=revision, worklist=tuple(items), settings=settings)


def _settings(session: Session, tickets: Sequence[Ticket], room: int) -> dict[str, Any]:
    """Return the dossiers of the first tickets, as many as there is room for, and the fault taxonomy."""
    if not tickets:
        return {}
    faults = dossiers.faults(session)
    room -= len(msgspec.json.encode(faults))
    known: dict[str, Dossier] = {}
    for ticket in tickets[:MAX_DOSSIERS]:
        one = dossiers.dossier(session, ticket)
        room -= len(msgspec.json.encode(one)) + 32
        if room < 0:
            break
        known[ticket.public_id] = one
    return settings_with(known, faults)
