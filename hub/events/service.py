"""Append to the spine, and check that nobody edited it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now, rfc3339
from hub.events import queries
from hub.events.models import Event
from hub.identity.actors import Actor

FIRST_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened, for which an event is still to be appended in the same transaction."""

    kind: str
    record: tuple[str, str]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a check of the chain found; ``broken_at`` is the first event that does not fit, if any."""

    events: int
    head: str
    broken_at: int | None = None


def append(
    session: Session,
    actor: Actor,
    kind: str,
    record: tuple[str, str],
    payload: Mapping[str, Any],
    *,
    occurred_at: datetime | None = None,
) -> int:
    """Add one event about ``record`` (type, id) in the caller's transaction and return its number.

    ``payload`` must be JSON. What the session holds is written first.
    """
    session.flush()
    head = queries.chain_head(session) or FIRST_HASH
    return queries.add(session, _values(actor, kind, record, payload, head, occurred_at))


def append_each(
    session: Session, actor: Actor, kind: str, records: Iterable[tuple[str, str]], payload: Mapping[str, Any]
) -> None:
    """Add one event about each of ``records``, in two statements however many there are."""
    append_all(session, actor, [News(kind, record, payload) for record in records])


def append_all(session: Session, actor: Actor, news: Iterable[News]) -> None:
    """Add some events in their order, in two statements however many there are."""
    session.flush()
    head = queries.chain_head(session) or FIRST_HASH
    rows: list[dict[str, Any]] = []
    for one in news:
        rows.append(_values(actor, one.kind, one.record, one.payload, rows[-1]["hash"] if rows else head))
    if rows:
        queries.add_all(session, rows)


def _values(  # noqa: PLR0917 - an event's columns
    actor: Actor,
    kind: str,
    record: tuple[str, str],
    payload: Mapping[str, Any],
    head: str,
    occurred_at: datetime | None = None,
) -> dict[str, Any]:
    recorded_at = now()
    values: dict[str, Any] = {
        "recorded_at": recorded_at,
        "occurred_at": occurred_at or recorded_at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "record_type": record[0],
        "record_id": record[1],
        "kind": kind,
        "payload": dict(payload),
        "previous_hash": head,
    }
    return {**values, "hash": _content_hash(values)}


def event_hash(event: Event) -> str:
    """Return the hash that an event must have."""
    return _content_hash(vars(event))


def _content_hash(event: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) over an event's content and the hash of the one before."""
    content = [
        event["previous_hash"],
        rfc3339(event["recorded_at"]),
        rfc3339(event["occurred_at"]),
        event["actor_kind"],
        event["actor_id"],
        event["actor_name"],
        event["record_type"],
        event["record_id"],
        event["kind"],
        event["payload"],
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def verify_chain(session: Session) -> ChainReport:
    """Walk all events in order and recompute the chain."""
    previous, count = FIRST_HASH, 0
    for event in queries.all_events(session):
        if event.previous_hash != previous or event.hash != event_hash(event):
            return ChainReport(count, previous, broken_at=event.id)
        previous, count = event.hash, count + 1
    return ChainReport(count, previous)
