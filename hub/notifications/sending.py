"""The jobs of notifications: follow the events, and send what waits.

Sending is outside of any transaction, so a killed sender may have sent what it could not note: such a message is sent
again (at least once), with the same number for providers that take one.
"""

from collections import Counter

from hub.jobs.job import ACTOR, JobRun
from hub.notifications import queries, service
from hub.notifications.channels import Channels, load_channels, send
from hub.notifications.models import Notification
from hub.notifications.planning import plan

BATCH = 50
FAILURES_OF_A_CHANNEL = 3
"""So many failures in a row, and the channel counts as down for the rest of the batch."""


def plan_messages(work: JobRun) -> str | None:
    """Turn new events into messages."""
    channels = load_channels(work.settings)
    with work.transaction() as session:
        planned = plan(session, work.settings, channels)
    return f"{planned} planned"


def send_messages(work: JobRun) -> str | None:
    """Send messages that are due, a batch at a time."""
    channels = load_channels(work.settings)
    with work.transaction() as session:
        batch = list(service.claim(session, ACTOR, work.at, BATCH))
        stores = queries.stores(session, {one.ticket_id for one in batch if one.ticket_id is not None})
    down: Counter[tuple[str, str, str | None]] = Counter()
    sent = 0
    for one in batch:
        route = (one.audience, one.channel, stores.get(one.ticket_id or 0) if one.audience == "staff" else None)
        if work.stopping.is_set() or down[route] >= FAILURES_OF_A_CHANNEL:
            with work.transaction() as session:
                service.put_back(session, one.id, one.attempts, work.at)
            continue
        taken = _send(channels, one, stores.get(one.ticket_id or 0))
        down[route] = 0 if taken else down[route] + 1
        sent += taken
        with work.transaction() as session:
            service.settle(session, ACTOR, one.id, one.attempts, taken=taken)
    return f"{sent} of {len(batch)} sent"


def _send(channels: Channels, one: Notification, store: str | None) -> bool:
    urls = channels.urls(one.audience, one.channel, to=one.address or "", number=one.public_id, store=store)
    if not urls or one.body is None:
        return False
    taken = [send(url, one.subject or "", one.body) for url in urls]  # each of them is tried
    return any(taken)
