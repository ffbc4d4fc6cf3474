"""A chain of two stores as its people see it: the counter, a technician with a bench, a supervisor, a manager."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import select

from hub.appointments.models import Appointment
from hub.core.database import Database
from hub.measurements.ingest.reading import Batch
from hub.measurements.ingest.storing import Patience, store_batches
from protocols.messages import records as r

TOMORROW_9 = (datetime.now(UTC) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
LI_LEI: dict[str, Any] = {"name": "李雷", "phone": "+86 138 0000 1234"}


@dataclass
class Chain:
    """Who works there, and what they do again and again."""

    counter: httpx.Client
    technician: httpx.Client
    supervisor: httpx.Client
    manager: httpx.Client
    database: Database
    wang: str
    seq: int = 0

    def takes_in(self, kind: str, **more: Any) -> str:
        """The counter of the store north writes down what Li Lei wants; returns the ticket's address."""
        body = {"kind": kind, "store": "north", "contact": LI_LEI, **more}
        answer = self.counter.post("/api/v1/tickets", json=body)
        assert answer.status_code == 201, answer.text
        return f"/api/v1/tickets/{answer.json()['id']}"

    def does(self, who: httpx.Client, ticket: str, action: str, **details: Any) -> dict[str, Any]:
        answer = who.post(f"{ticket}/actions", json={"action": action, "details": details})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def may_not(self, who: httpx.Client, ticket: str, action: str, **details: Any) -> str:
        """The action is refused; returns why, as a caller hears it."""
        answer = who.post(f"{ticket}/actions", json={"action": action, "details": details})
        assert answer.status_code in {403, 409, 422}, answer.text
        problem: str = answer.json()["type"].rpartition(":")[2]
        return problem

    def sees(self, ticket: str) -> dict[str, Any]:
        found: dict[str, Any] = self.supervisor.get(ticket).raise_for_status().json()
        return found

    def history(self, ticket: str) -> list[str]:
        """What happened to a ticket, the oldest first (T6)."""
        return [one["kind"].removeprefix("ticket.") for one in reversed(self.sees(ticket)["timeline"])]

    def time_of_appointments_comes(self) -> None:
        with self.database.write() as session:
            for row in session.scalars(select(Appointment)):
                row.starts_at, row.ends_at = datetime.now(UTC), datetime.now(UTC) + (row.ends_at - row.starts_at)

    def bench_tests(self, ticket: str, serial: str, outcome: r.Outcome = r.Outcome.PASSED) -> None:
        """bench-01 runs the plan on the device and sends what it measured."""
        number = ticket.rpartition("/")[2]
        run = f"run-{number}-{self.seq}"
        verdict = r.Verdict.PASS if outcome is r.Outcome.PASSED else r.Verdict.FAIL
        value = 3.301 if outcome is r.Outcome.PASSED else 2.7
        measured = r.Measurement(
            "v_3v3", value, "V", 0.0012, r.Limits(3.2, 3.4), rule=r.DecisionRule.GUARD_BAND, verdict=verdict
        )
        bodies: tuple[r.Body, ...] = (
            r.RunStarted(run, r.PlanReference("sp-100", 1, "ab" * 32), r.Device("SP-100", serial), ticket=number),
            r.StepFinished(
                run, "rail", "main", 1, outcome, 0.25, (measured,), {"en": "3.3 V rail", "zh-CN": "3.3 V 电源"}
            ),
            r.RunFinished(run, outcome),
        )
        first, self.seq = self.seq + 1, self.seq + len(bodies)
        records = tuple(r.Record(first + n, datetime.now(UTC), body) for n, body in enumerate(bodies))
        with self.database.write() as session:
            receipts = store_batches(session, [Batch("bench-01", "0123456789abcdef" * 2, records)], Patience())
        assert not any(receipt.refused for receipt in receipts)
