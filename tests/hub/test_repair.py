"""One repair as the hub sees it, over real HTTP and a real broker."""

import httpx
import msgspec
import pytest
from hub_bench import FakeBench, finished, started, step
from hub_running import MakeKey, RunningHub
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from waiting import wait_until

from hub.measurements.ingest import worker
from protocols.messages import records as r
from protocols.messages.control import Presence, Reported
from protocols.messages.topics import UP_PRESENCE, UP_REPORTED

NEW = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power; the LED stays dark",
    "plan": "sp-100-repair",
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
}
METER_WITH_ODD_DAYS = r.InstrumentStatus(
    "meter", "keysight-34461a", healthy=True, calibrated_on="2026-01-31", calibration_due="2026-13-99"
)
"""By its form a day, but no calendar has it."""


def test_ticket_goes_from_the_counter_over_the_bench_to_the_customer(
    connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench
) -> None:
    make_key("bench", bench="bench-01")
    with connected_hub.client(make_key("staff")) as staff:
        ticket = staff.post("/api/v1/tickets", json=NEW).raise_for_status().json()["id"]
        agreed = {"limit_minor": 0, "how": "in_person", "said_by": "李雷"}
        body = {"action": "preapprove", "details": agreed}
        staff.post(f"/api/v1/tickets/{ticket}/actions", json=body).raise_for_status()
        staff.put(f"/api/v1/tickets/{ticket}/assignment", json={"bench": "bench-01"}).raise_for_status()
        wait_until(lambda: bench.desired and bench.desired[-1].worklist, "the ticket on the bench's worklist")
        item = bench.desired[-1].worklist[0]
        assert (item.ticket, item.device.serial, item.plan, item.state) == (ticket, "SN-1", "sp-100-repair", "assigned")

        curve = r.Curve("CH1", "V", 0.0, 1e-6, (3.1, 3.2), (3.4, 3.5))
        evidence = {"en": "ripple is 0.2 V, above its limit of 0.05 V", "zh-CN": "ripple 为 0.2 V，高于上限 0.05 V"}
        suspect = r.Suspect("dried_capacitor", {"en": "Dried capacitor", "zh-CN": "电容干涸"}, (evidence,))
        numbers = bench.send_bodies(
            r.TicketEvent(ticket, "taken", operator="韩梅梅"),
            started("run-1", ticket),
            step("run-1", value=3.05),
            r.CaptureTaken("run-1", "ripple", "ripple.sr", "cd" * 32, 4096, "application/zip", (curve,)),
            r.RunFinished("run-1", r.Outcome.FAILED, (suspect,)),
            r.TicketEvent(ticket, "finding", note="C3 dried out"),
            r.TicketEvent(ticket, "repaired", note="C3 replaced", details={"root_cause": "dried_capacitor"}),
            msgspec.structs.replace(started("run-2", ticket), instruments=(METER_WITH_ODD_DAYS,)),
            step("run-2", value=3.301),
            finished("run-2"),
            r.TicketEvent(ticket, "handed_over"),
        )
        bench.wait_settled(*numbers)
        assert bench.refused == {}
        staff.post(f"/api/v1/tickets/{ticket}/actions", json={"action": "close", "note": "paid"}).raise_for_status()

        shown = staff.get(f"/api/v1/tickets/{ticket}").raise_for_status().json()
        assert shown["state"] == "closed"
        assert [run["outcome"] for run in shown["runs"]] == ["passed", "failed"]
        used = staff.get(f"/api/v1/runs/{shown['runs'][0]['id']}").raise_for_status().json()["instruments"][0]
        assert (used["role"], used["calibrated_on"], used["calibration_due"]) == ("meter", "2026-01-31", None)
        failed = shown["runs"][1]
        assert failed["suspects"][0]["title"]["zh-CN"] == "电容干涸"
        assert failed["steps"][0]["measurements"][0] == {
            "name": "v_3v3",
            "value": 3.05,
            "unit": "V",
            "standard_uncertainty": 0.0012,
            "low": 3.2,
            "high": 3.4,
            "expected": None,
            "rule": "guard_band",
            "verdict": "pass",
            "instrument": "meter",
            "reason": None,
        }
        assert failed["captures"][0]["curves"][0]["maximum"] == [3.4, 3.5]
        assert [event["kind"] for event in reversed(shown["timeline"])] == [
            "ticket.created",
            "ticket.preapprove",
            "ticket.assign",
            "ticket.taken",
            "ticket.finding",
            "ticket.repaired",
            "ticket.handed_over",
            "ticket.close",
        ]
        taken = shown["timeline"][-4]
        assert taken["actor"] == {"kind": "bench", "id": "bench-01", "name": "韩梅梅"}
        wait_until(lambda: not bench.desired[-1].worklist, "an empty worklist")


def test_presence_is_not_lost_while_the_database_is_away(
    connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A birth is sent once: when it cannot be stored, the hub takes the retained one on a new session."""
    store, failures = worker.fleet.note_presence, []

    def fail_once(session: Session, presence: Presence) -> None:
        if not failures:
            failures.append(presence)
            raise OperationalError("UPDATE", None, Exception("disk I/O error"))
        store(session, presence)

    monkeypatch.setattr(worker.fleet, "note_presence", fail_once)
    make_key("bench", bench="bench-01")
    with connected_hub.client(make_key("staff")) as staff:
        bench.send_state(Presence("bench-01", True, "boot-1"), UP_PRESENCE)
        wait_until(lambda: staff.get("/api/v1/benches/bench-01").json()["online"], "the birth")
    assert len(failures) == 1


def test_presence_and_reported_state_are_shown(connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench) -> None:
    meter = r.InstrumentStatus("meter", "keysight-34461a", healthy=True, identity="Keysight,34461A,MY1,1.0")
    with connected_hub.client(make_key("staff")) as staff:

        def shown() -> dict[str, object]:
            answer: httpx.Response = staff.get("/api/v1/benches/bench-01")
            found: dict[str, object] = answer.json()
            return found

        bench.send_state(Presence("bench-01", True, "boot-1", "0.1.0", bench.epoch, (meter,)), UP_PRESENCE)
        wait_until(lambda: shown().get("online") is True, "the birth")
        assert shown()["instruments"] == [
            {
                "role": "meter",
                "profile": "keysight-34461a",
                "healthy": True,
                "identity": "Keysight,34461A,MY1,1.0",
                "fault": None,
                "calibrated_on": None,
                "calibration_due": None,
                "calibration": "unknown",
            }
        ]
        odd = (METER_WITH_ODD_DAYS,)
        bench.send_state(Presence("bench-01", True, "boot-1", "0.1.1", bench.epoch, odd), UP_PRESENCE)
        wait_until(lambda: shown()["version"] == "0.1.1", "a rack whose calibration days no calendar has")
        bench.send_state(Presence("bench-01", True, "boot-2"), UP_PRESENCE)
        bench.send_state(Presence("bench-01", False, "boot-1"), UP_PRESENCE)  # the late death of the boot before
        bench.send_state(Reported("bench-01", 7, healthy=False, detail="meter unplugged"), UP_REPORTED)
        wait_until(lambda: shown()["reported_revision"] == 7, "the report")
        assert (shown()["online"], shown()["healthy"], shown()["health_detail"]) == (True, False, "meter unplugged")
        bench.send_state(Presence("bench-01", False, "boot-2"), UP_PRESENCE)
        wait_until(lambda: shown()["online"] is False, "the death")
