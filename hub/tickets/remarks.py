"""Words that people write about tickets, kept beside the event chain so that they can be erased."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from hub.events.models import Event
from hub.events.schemas import EventOut
from hub.tickets import queries
from hub.tickets.models import Remark, Ticket


def add(session: Session, ticket: Ticket, content: Mapping[str, Any]) -> dict[str, Any]:
    """Keep ``content`` and return what the event's payload says of it: where it is, and a commitment to it."""
    remark = Remark(ticket_id=ticket.id, salt=secrets.token_hex(16), content=dict(content))
    session.add(remark)
    session.flush()
    return {"remark": remark.id, "commitment": commitment(remark)}


def commitment(remark: Remark) -> str | None:
    """Return the SHA-256 over salt and content; ``None`` once they are erased."""
    if remark.salt is None or remark.content is None:
        return None
    text = json.dumps(remark.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{remark.salt}:{text}".encode("utf-8", "surrogatepass")).hexdigest()


def erase(remark: Remark) -> None:
    """Forget the words; the event goes on to say that there were some."""
    remark.salt = remark.content = None


def shown(session: Session, events: Iterable[Event]) -> list[EventOut]:
    """Return events as a reader sees them: each with its words, or with ``erased`` in their place."""
    rows = list(events)
    found = queries.remarks(session, [event.payload["remark"] for event in rows if "remark" in event.payload])
    return [_shown(event, found) for event in rows]


def altered(session: Session, events: Iterable[Event]) -> list[int]:
    """Return the ids of events whose words are not those that were written; erased ones are not altered."""
    rows = [event for event in events if "remark" in event.payload]
    found = queries.remarks(session, [event.payload["remark"] for event in rows])
    wrong: list[int] = []
    for event in rows:
        remark = found.get(event.payload["remark"])
        now = commitment(remark) if remark else ""
        if now is not None and now != event.payload["commitment"]:
            wrong.append(event.id)
    return wrong


def _shown(event: Event, remarks: Mapping[int, Remark]) -> EventOut:
    out = EventOut.of(event)
    if "remark" in event.payload:
        remark = remarks.get(event.payload["remark"])
        words = remark.content if remark is not None and remark.content is not None else {"erased": True}
        kept = {name: value for name, value in event.payload.items() if name not in {"remark", "commitment"}}
        out.payload = {**words, **kept}
    return out
