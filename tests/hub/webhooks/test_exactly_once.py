"""Whatever dies when: one Idempotency-Key is one ticket, and one ticket is one webhook id."""

import json
import os
import random
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from typing import Any

import httpx
import pytest
from forked import start_hub
from hub_running import MakeKey, environment_of
from loopback import Gateway
from sqlalchemy import select
from waiting import wait_until

from hub.core.database import Database
from hub.core.settings import Settings
from hub.events.models import Event
from hub.events.service import verify_chain
from hub.tickets.models import Ticket

pytestmark = pytest.mark.any_database

NEW: dict[str, Any] = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": {"name": "Li Lei", "phone": "+86 138 0000 0000"},
}
BODY = json.dumps(NEW).encode()
PROGRAM = """
import os, signal
from datetime import timedelta
from hub.jobs import lease, scheduler
from hub.webhooks import service
lease.PATIENCE_S, lease.BEAT_S, scheduler.TICK_S = 0.6, 0.1, 0.05
service.SENDER_BACK_WITHIN = timedelta(seconds=1)
service.PAUSES = (timedelta(seconds=0.2),) * 1000
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session
dies = {"before": False, "after": False}
signal.signal(signal.SIGUSR1, lambda *_: dies.update(before=True))
signal.signal(signal.SIGUSR2, lambda *_: dies.update(after=True))
committed = []

@event.listens_for(Engine, "commit")
def committing(connection):
    if connection.get_execution_options().get("benchwright_writes"):
        if dies["before"]:
            os.kill(os.getpid(), signal.SIGKILL)
        committed.append(dies["after"])

@event.listens_for(Session, "after_transaction_end")
def ended(session, transaction):
    if committed and committed[-1] and transaction.parent is None:
        os.kill(os.getpid(), signal.SIGKILL)
"""


class Hub:
    """A hub in a process of its own, started anew whenever it has died."""

    def __init__(self, settings: Settings, token: str) -> None:
        self.port = _own_port()
        self._headers = {"Authorization": f"Bearer {token}"}
        self.starts = 0
        self._environment = environment_of(settings)
        self._process: ForkServerProcess | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ensure(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        self.starts += 1
        self._process = start_hub("serve", "--port", str(self.port), environment=self._environment, program=PROGRAM)
        wait_until(self._answers, "the hub", 40)

    def signal(self, number: int) -> None:
        assert self._process is not None and self._process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        assert self._process is not None
        with suppress(httpx.TransportError):
            answer = httpx.get(f"{self.url}/api/v1/me", headers=self._headers, timeout=5)
            assert answer.status_code == 200, f"somebody else answers at {self.url}: {answer.text}"
            return True
        return not self._process.is_alive()

    def __enter__(self) -> "Hub":
        self.ensure()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()


def _own_port() -> int:
    """Return a port that the system gives to nobody else while the hub is dead, being none of those it gives away."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Trouble:
    """One request with a key, and what goes wrong with it."""

    OF_CONNECTIONS = ("cut", "half", "impatient")
    OF_PROCESSES = ("kill", "dies_before", "dies_after")

    def __init__(self, hub: Hub, token: str, pick: random.Random) -> None:
        self.hub, self.token, self.pick = hub, token, pick
        self.met: dict[str, int] = defaultdict(int)

    def create(self, key: str, trouble: str) -> str:
        """Get the ticket made, come what may; return its number."""
        self.met[trouble] += 1
        getattr(self, trouble)(key)
        for _ in range(200):
            self.hub.ensure()
            with suppress(httpx.TransportError):
                answer = self.post(key, timeout_s=20)
                if answer.status_code == 201:
                    return str(answer.json()["id"])
                assert answer.status_code == 409, answer.text
            time.sleep(0.02)
        raise AssertionError(f"{key} was never answered")

    def post(self, key: str, timeout_s: float) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": f'"{key}"',
            "Content-Type": "application/json",
        }
        return httpx.post(f"{self.hub.url}/api/v1/tickets", content=BODY, headers=headers, timeout=timeout_s)

    def impatient(self, key: str) -> None:
        with suppress(httpx.TransportError):
            self.post(key, timeout_s=self.pick.uniform(0.001, 0.05))

    def cut(self, key: str) -> None:
        self._raw(key, whole=True)

    def half(self, key: str) -> None:
        self._raw(key, whole=False)

    def kill(self, key: str) -> None:
        self._raw(key, whole=True)
        time.sleep(self.pick.uniform(0, 0.03))
        self.hub.signal(signal.SIGKILL)

    def dies_before(self, key: str) -> None:
        self.hub.signal(signal.SIGUSR1)
        self.impatient(key)

    def dies_after(self, key: str) -> None:
        self.hub.signal(signal.SIGUSR2)
        self.impatient(key)

    def _raw(self, key: str, *, whole: bool) -> None:
        head = (
            f"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n"
            f'Idempotency-Key: "{key}"\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n'
        ).encode()
        sent = head + (BODY if whole else BODY[: self.pick.randrange(len(BODY))])
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.hub.port), timeout=5) as connection:
            connection.sendall(sent)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        yield server


def test_twenty_troubles(settings: Settings, database: Database, make_key: MakeKey, gateway: Gateway) -> None:
    """Each way to kill the process once (a start takes seconds), and troubles of the connection."""
    pick = random.Random(11)
    kinds = [*Trouble.OF_PROCESSES, *pick.choices(Trouble.OF_CONNECTIONS, k=17)]
    pick.shuffle(kinds)
    _run(settings, database, make_key, gateway, kinds, pick)


@pytest.mark.campaign
def test_a_thousand_troubles(settings: Settings, database: Database, make_key: MakeKey, gateway: Gateway) -> None:
    pick = random.Random(int(os.environ.get("SEED", "1")))
    kinds = pick.choices(Trouble.OF_PROCESSES + Trouble.OF_CONNECTIONS, k=int(os.environ.get("TROUBLES", "1000")))
    _run(settings, database, make_key, gateway, kinds, pick)


def _run(
    settings: Settings,
    database: Database,
    make_key: MakeKey,
    gateway: Gateway,
    kinds: list[str],
    pick: random.Random,
) -> None:
    settings = settings.model_copy(update={"webhook_allow_private": True})
    token, admin = make_key("staff"), make_key("admin")
    with Hub(settings, token) as hub:
        body = {"url": f"http://127.0.0.1:{gateway.port}/hook", "events": ["ticket.created"]}
        headers = {"Authorization": f"Bearer {admin}"}
        url = f"{hub.url}/api/v1/webhook-endpoints"
        httpx.post(url, json=body, headers=headers, timeout=20).raise_for_status()
        trouble = Trouble(hub, token, pick)
        answered = {f"key-{number}": trouble.create(f"key-{number}", kind) for number, kind in enumerate(kinds)}
        hub.ensure()
        for key, ticket in answered.items():
            assert trouble.post(key, timeout_s=20).json()["id"] == ticket, "a repetition gets the same answer"
        with database.read() as session:
            tickets = [ticket.public_id for ticket in session.scalars(select(Ticket).order_by(Ticket.id))]
        assert sorted(answered.values()) == sorted(tickets), "one ticket a key"
        wait_until(lambda: _told(gateway).keys() >= set(tickets), "the webhooks", 60)
    told = _told(gateway)
    assert set(told) == set(tickets)
    assert {len(numbers) for numbers in told.values()} == {1}, "one webhook id a ticket"
    assert len({number for numbers in told.values() for number in numbers}) == len(kinds)
    assert hub.starts > 2 and set(trouble.met) == {*Trouble.OF_PROCESSES, *Trouble.OF_CONNECTIONS}
    with database.read() as session:
        assert verify_chain(session).broken_at is None
        created = session.scalars(select(Event).where(Event.kind == "ticket.created")).all()
    assert len(created) == len(kinds)


def _told(gateway: Gateway) -> dict[str, set[str]]:
    """Return the ids of the messages about each ticket."""
    found: dict[str, set[str]] = defaultdict(set)
    for _, headers, body in list(gateway.requests):
        found[json.loads(body)["data"]["record"]["id"]].add(headers["webhook-id"])
    return found
