"""A store that repairs: its people over HTTP, and its bench through the ingest."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hub_running import MakeKey, RunningHub

from hub.core.database import Database
from hub.measurements.ingest.reading import Batch
from hub.measurements.ingest.storing import Patience, store_batches
from protocols.messages import records as r

EPOCH = "0123456789abcdef0123456789abcdef"
PLAN = r.PlanReference("sp-100-repair", 3, "ab" * 32)
DEVICE = r.Device("SP-100", "SN-20260001")
OFFER: dict[str, Any] = {
    "options": [
        {
            "work": "更换滤波电容 C5",
            "parts": [{"part": "C5-220u", "name": "滤波电容 220 µF", "quantity": 1}],
            "cost_minor": 8000,
            "ready_in_days": 1,
        },
        {"work": "更换电源板", "parts": [{"part": "PSU-100", "name": "电源板"}], "cost_minor": 19900},
    ]
}


@dataclass
class Bench:
    """bench-01 as the ingest hears it; what it sends may be old."""

    database: Database
    name: str = "bench-01"
    seq: int = 0
    refused: dict[int, str] = field(default_factory=dict)

    def send(self, *bodies: r.Body, at: datetime | None = None) -> list[str]:
        """Store records and return the reasons for which some were refused."""
        records = []
        for body in bodies:
            self.seq += 1
            records.append(r.Record(self.seq, at or datetime.now(UTC), body))
        with self.database.write() as session:
            receipts = store_batches(session, [Batch(self.name, EPOCH, tuple(records))], Patience())
        found = {one.seq: one.reason for receipt in receipts for one in receipt.refused}
        self.refused |= found
        return list(found.values())

    def does(
        self, ticket: str, action: str, at: datetime | None = None, operator: str = "韩梅梅", **details: Any
    ) -> list[str]:
        return self.send(r.TicketEvent(ticket, action, operator=operator, details=details), at=at)

    def test(
        self,
        ticket: str,
        run: str,
        outcome: r.Outcome = r.Outcome.PASSED,
        *,
        plan: r.PlanReference = PLAN,
        device: r.Device = DEVICE,
        value: float = 3.301,
        at: datetime | None = None,
    ) -> None:
        verdict = r.Verdict.PASS if outcome is r.Outcome.PASSED else r.Verdict.FAIL
        measured = r.Measurement(
            "v_3v3", value, "V", 0.0012, r.Limits(3.2, 3.4), rule=r.DecisionRule.GUARD_BAND, verdict=verdict
        )
        title = {"en": "3.3 V rail", "zh-CN": "3.3 V 电源"}
        assert not self.send(
            r.RunStarted(run, plan, device, ticket=ticket, operator="韩梅梅"),
            r.StepFinished(run, "rail-3v3", "main", 1, outcome, 0.25, (measured,), title),
            r.RunFinished(run, outcome),
            at=at,
        )


@dataclass
class Shop:
    """Who works there, and what they do again and again."""

    hub: RunningHub
    database: Database
    counter: httpx.Client
    technician: httpx.Client
    supervisor: httpx.Client
    manager: httpx.Client
    bench: Bench

    def intake(self, serial: str = DEVICE.serial, **more: Any) -> str:
        body = {
            "device": {"model": "SP-100", "serial": serial},
            "symptom": "按下电源键没有反应",
            "contact": {"name": "李雷", "phone": "+86 138 0000 1234", "email": "lilei@example.com"},
            **more,
        }
        answer = self.counter.post("/api/v1/tickets", json=body)
        assert answer.status_code == 201, answer.text
        ticket: str = answer.json()["id"]
        assign = {"bench": "bench-01", "plan": PLAN.name}
        self.counter.put(f"/api/v1/tickets/{ticket}/assignment", json=assign).raise_for_status()
        return ticket

    def on_bench(self, **more: Any) -> str:
        ticket = self.intake(**more)
        assert not self.bench.does(ticket, "taken")
        return ticket

    def act(self, who: httpx.Client, ticket: str, action: str, **details: Any) -> httpx.Response:
        return who.post(f"/api/v1/tickets/{ticket}/actions", json={"action": action, "details": details})

    def shown(self, ticket: str) -> dict[str, Any]:
        found: dict[str, Any] = self.supervisor.get(f"/api/v1/tickets/{ticket}").raise_for_status().json()
        return found

    def closed(self, **more: Any) -> str:
        """One whole repair, as it should go."""
        ticket = self.on_bench(**more)
        device = r.Device("SP-100", more.get("serial", DEVICE.serial))
        self.bench.test(ticket, f"{ticket}-before", r.Outcome.FAILED, value=3.05, device=device)
        assert not self.bench.does(ticket, "propose_plan", **OFFER)
        self.act(self.counter, ticket, "approve_plan", option=1, how="in_person", said_by="李雷").raise_for_status()
        done = {"work": "更换 C5", "parts": ["C5 220 µF"], "minutes": 25, "root_cause": "dried_capacitor"}
        assert not self.bench.does(ticket, "repaired", **done)
        self.bench.test(ticket, f"{ticket}-after", device=device)
        assert not self.bench.does(ticket, "handed_over")
        self.act(self.counter, ticket, "close").raise_for_status()
        return ticket


@pytest.fixture
def shop(hub: RunningHub, make_key: MakeKey, database: Database) -> Iterator[Shop]:
    with ExitStack() as stack:
        client: Callable[[str], httpx.Client] = lambda role: stack.enter_context(  # noqa: E731
            hub.client(make_key(role, name=role))
        )
        make_key("bench", bench="bench-01")
        yield Shop(
            hub,
            database,
            client("counter"),
            client("technician"),
            client("supervisor"),
            client("manager"),
            Bench(database),
        )
