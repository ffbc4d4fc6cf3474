"""What a bench is told of its tickets beyond the worklist."""

import httpx
import msgspec
from hub_bench import FakeBench
from hub_running import MakeKey, RunningHub
from waiting import wait_until

from hub.core.database import Database
from hub.fleet import desired as fleet_desired
from hub.fleet.desired import desired_state
from protocols.messages import codec, control, dossiers
from protocols.messages import records as r
from protocols.messages.dossiers import Dossier, dossiers_of, faults_of

NEW = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "Ripple on the 5 V rail; relay chatters",
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000", "email": "lilei@example.com"},
}
PLAN = {
    "options": [
        {"work": "Replace C5", "cost_minor": 4500, "parts": [{"part": "C5-220U", "name": "C5", "quantity": 2}]},
        {"work": "Replace the board", "cost_minor": 19900},
    ]
}
LATE = {"waiting_for": "part", "until": "2020-01-01T00:00:00Z"}
"""What a bench recorded offline may be over when it arrives."""
REQUEST = {"parts_requested": [{"part": "C5 220 µF", "quantity": 2, "fault": "dried_capacitor"}]}


def assigned(staff: httpx.Client) -> str:
    ticket = str(staff.post("/api/v1/tickets", json=NEW).raise_for_status().json()["id"])
    staff.put(f"/api/v1/tickets/{ticket}/assignment", json={"bench": "bench-01"}).raise_for_status()
    return ticket


def test_history_plan_deadlines_and_taxonomy_reach_the_bench_and_the_customers_data_do_not(
    connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench
) -> None:
    make_key("bench", bench="bench-01")
    with connected_hub.client(make_key("staff")) as staff:
        first = assigned(staff)
        agreed = {"limit_minor": 0, "how": "in_person", "said_by": "李雷"}
        body = {"action": "preapprove", "details": agreed}
        staff.post(f"/api/v1/tickets/{first}/actions", json=body).raise_for_status()
        repair = {"root_cause": "dried_capacitor", "parts": ["C5 220 µF"]}
        bench.wait_settled(
            *bench.send_bodies(
                r.TicketEvent(first, "taken"),
                r.TicketEvent(first, "wait", note="C5 is out of stock", details=LATE),
                r.TicketEvent(first, "resume"),
                r.TicketEvent(first, "note", note="bulged", details=REQUEST),
                r.TicketEvent(first, "finding", note="8 µF", details={"root_cause": "dried_capacitor"}),
                r.TicketEvent(first, "repaired", note="replaced", details=repair),
                r.TicketEvent(first, "rework", details={"reason": "still chatters"}),
            )
        )
        second = assigned(staff)
        offered = bench.send_bodies(r.TicketEvent(second, "taken"), r.TicketEvent(second, "propose_plan", details=PLAN))
        bench.wait_settled(*offered)
    assert bench.refused == {}, "what the terminal records is what the hub takes"
    wait_until(
        lambda: (
            bench.desired
            and (found := dossiers_of(bench.desired[-1]).get(second)) is not None
            and found.plan is not None
        ),
        "the dossier with the plan",
    )
    told = bench.desired[-1]
    dossier = dossiers_of(told)[second]
    assert [(one.ticket, one.root_cause, one.parts) for one in dossier.history] == [
        (first, "dried_capacitor", ("C5 220 µF",))
    ]
    assert dossier.plan is not None
    assert (dossier.plan.status, dossier.approval) == ("proposed", "proposed")
    assert [(one.work, one.cost_minor, one.currency, one.parts) for one in dossier.plan.options] == [
        ("Replace C5", 4500, "CNY", ("C5 × 2",)),
        ("Replace the board", 19900, "CNY", ()),
    ]
    assert dossier.deadlines
    faults = {one.code: one for one in faults_of(told)}
    assert faults["dried_capacitor"].title["zh-CN"] == "电容干涸"
    assert faults["dried_capacitor"].group["en"] == "Hardware"
    text = codec.encode(told).decode()
    assert not any(secret in text for secret in ("李雷", "138 0000", "lilei"))


def test_a_long_worklist_keeps_below_the_brokers_limit(
    hub: RunningHub, make_key: MakeKey, database: Database, monkeypatch
) -> None:
    monkeypatch.setattr(fleet_desired, "MAX_DESIRED_BYTES", 12_000)
    make_key("bench", bench="bench-01")
    with hub.client(make_key("staff")) as staff:
        for _ in range(12):
            assigned(staff)
    with database.read() as session:
        told = desired_state(session, "bench-01", 1)
    assert len(told.worklist) == 12
    assert 1 <= len(dossiers_of(told)) < 12
    assert len(codec.encode(told)) < 13_000


def test_an_agent_reads_what_it_knows_and_ignores_the_rest() -> None:
    item = control.WorkItem("T-1", r.Device("SP-100", "1"), "dead", "assigned")
    settings = dossiers.settings_with({"T-1": Dossier(kind="repair", proof="receipt 1")}, ())
    settings["dossiers"]["T-1"]["from_the_future"] = {"a": 1}
    settings["dossiers"]["T-2"] = {"kind": 7}
    settings["faults"] = "none"
    told = codec.decode(codec.encode(control.Desired("b", 1, (item,), settings)), control.Desired)
    assert dossiers_of(told) == {"T-1": Dossier(kind="repair", proof="receipt 1")}
    assert faults_of(told) == ()
    assert msgspec.to_builtins(dossiers_of(told)["T-1"]) == {"kind": "repair", "proof": "receipt 1"}
