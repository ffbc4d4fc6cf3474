"""The jobs of webhooks: follow the events, and push what is due.

A killed sender may have delivered what it could not note: such a message comes again under the same ``webhook-id``, by
which a receiver knows it (Standard Webhooks: at least once).
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from hub.core.clock import now, rfc3339
from hub.events.models import Event
from hub.jobs.job import JobRun
from hub.webhooks import service
from hub.webhooks.models import WebhookDelivery, WebhookEndpoint
from hub.webhooks.outbound import Answer, post
from hub.webhooks.schemas import message_id

BATCH = 50
OF_EACH = 10


def send_webhooks(work: JobRun) -> str | None:
    """Push deliveries that are due, a batch at a time and all at once."""
    with work.transaction() as session:
        batch = list(service.claim(session, work.at, BATCH, OF_EACH))
        endpoints = {one.endpoint_id: session.get_one(WebhookEndpoint, one.endpoint_id) for one in batch}
        events = {one.event_id: session.get_one(Event, one.event_id) for one in batch}
    messages = [(endpoints[one.endpoint_id], events[one.event_id]) for one in batch]
    answers = asyncio.run(_post_all(messages, allow_private=work.settings.webhook_allow_private))
    for one, answer in zip(batch, answers, strict=True):
        _keep(work, one, answer)
    return f"{sum(answer.taken for answer in answers)} of {len(batch)} delivered"


def payload(event: Event) -> str:
    """Return the body of an event's message. It holds no personal data, as events hold none."""
    body: dict[str, Any] = {
        "type": event.kind,
        "timestamp": rfc3339(event.occurred_at),
        "data": {
            "id": event.id,
            "record": {"type": event.record_type, "id": event.record_id},
            "actor": {"kind": event.actor_kind, "id": event.actor_id},
            "recorded_at": rfc3339(event.recorded_at),
            "payload": event.payload,
        },
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def signed_headers(endpoint: WebhookEndpoint, event: Event, body: str, at: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks: with the former secret's signature, too, while it is valid."""
    secrets = [endpoint.secret]
    if endpoint.former_secret is not None and endpoint.former_until is not None and at < endpoint.former_until:
        secrets.append(endpoint.former_secret)
    number = message_id(event)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Benchwright",
        "webhook-id": number,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(number, at, body) for secret in secrets),
    }


async def _post_all(messages: Sequence[tuple[WebhookEndpoint, Event]], *, allow_private: bool) -> list[Answer]:
    async def one(endpoint: WebhookEndpoint, event: Event) -> Answer:
        body = payload(event)
        headers = signed_headers(endpoint, event, body, now())
        return await post(endpoint.url, headers, body, allow_private=allow_private)

    return list(await asyncio.gather(*(one(*message) for message in messages)))


def _keep(work: JobRun, delivery: WebhookDelivery, answer: Answer) -> None:
    with work.transaction() as session:
        service.settle(session, delivery.id, delivery.attempts, answer)
