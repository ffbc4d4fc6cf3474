"""D6: a repair closes with a passing functional test, or a supervisor's recorded exception; readings never change."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hub.measurements.models import Capture, Measurement, Record, Run, Step
from protocols.messages import records as r

pytestmark = pytest.mark.any_database

AGREED = {"limit_minor": 0, "how": "in_person", "said_by": "李雷"}
DONE = {"work": "更换 C5", "parts": ["C5"], "minutes": 20, "root_cause": "dried_capacitor"}


@pytest.fixture
def repaired(shop):
    """A ticket whose device was just repaired, five minutes ago."""
    ticket = shop.intake()
    shop.act(shop.counter, ticket, "preapprove", **AGREED).raise_for_status()
    at = datetime.now(UTC) - timedelta(minutes=5)
    shop.bench.does(ticket, "taken", at=at - timedelta(minutes=30))
    shop.bench.test(ticket, "run-before", at=at - timedelta(minutes=10))
    assert not shop.bench.does(ticket, "repaired", at=at, **DONE)
    return ticket


def handing_over(shop, ticket):
    (reason,) = shop.bench.does(ticket, "handed_over") or [""]
    return reason


def test_only_the_right_run_after_the_repair_lets_the_device_leave(shop, repaired):
    assert "began before the work was done" in handing_over(shop, repaired), "it passed, but before the repair"
    shop.bench.test(repaired, "run-other-device", device=r.Device("SP-100", "SN-OTHER"))
    shop.bench.test("T-999999", "run-other-ticket")
    assert "began before the work" in handing_over(shop, repaired)
    shop.bench.test(repaired, "run-other-plan", plan=r.PlanReference("incoming", 1, "cd" * 32))
    assert "of plan incoming v1; wanted is sp-100-repair" in handing_over(shop, repaired)
    shop.bench.test(repaired, "run-fails", r.Outcome.FAILED, value=3.05)
    assert "ended as failed" in handing_over(shop, repaired)
    shop.bench.test(repaired, "run-passes", device=r.Device("SP-100", "sn-２０２６０００１ "))  # typed at the bench
    assert handing_over(shop, repaired) == ""
    shop.bench.test(repaired, "run-fails-late", r.Outcome.FAILED, value=3.05)
    refused = shop.act(shop.counter, repaired, "close")
    assert (refused.status_code, "ended as failed" in refused.text) == (409, True)
    shop.bench.test(repaired, "run-passes-again")
    closed = shop.act(shop.counter, repaired, "close").raise_for_status().json()
    assert (closed["state"], closed["root_cause"]) == ("closed", "dried_capacitor")
    evidence = shop.shown(repaired)["timeline"][0]["payload"]["evidence"]
    assert evidence["plan_version"] == 3 and evidence["run"].startswith("R-")


def test_a_rule_asks_for_a_version_of_the_plan(shop, repaired):
    rule = {"rules": [{"models": ["SP-*"], "plan": "sp-100-repair", "from_version": 4}]}
    address = "/api/v1/functional-test-rules/versions/1"
    assert shop.technician.put(address, json={"document": rule}).status_code == 403
    shop.manager.put(address, json={"document": rule}).raise_for_status()
    shop.bench.test(repaired, "run-v3")
    assert "wanted is sp-100-repair in version 4 or later" in handing_over(shop, repaired)
    shop.bench.test(repaired, "run-v4", plan=r.PlanReference("sp-100-repair", 4, "ef" * 32))
    assert handing_over(shop, repaired) == ""


def test_an_exception_is_a_second_persons_and_ends_with_rework(shop, repaired, hub, make_key):
    assert shop.act(shop.technician, repaired, "waive_test", reason="no plan").status_code == 403
    with hub.client(make_key("supervisor", name="韩梅梅")) as same_name:
        refused = shop.act(same_name, repaired, "waive_test", reason="I know it works")
        assert "ask another person" in refused.text, "who worked at the bench under this name"
    assert shop.act(shop.supervisor, repaired, "waive_test").status_code == 422, "an exception says why"
    shop.act(shop.supervisor, repaired, "waive_test", reason="fixture broken").raise_for_status()
    assert not shop.bench.does(repaired, "rework", reason="hums")
    assert not shop.bench.does(repaired, "repaired", **DONE)
    assert "test" in handing_over(shop, repaired), "another repair, another test"
    shop.act(shop.supervisor, repaired, "waive_test", reason="fixture still broken").raise_for_status()
    assert handing_over(shop, repaired) == ""
    shop.act(shop.counter, repaired, "close").raise_for_status()
    told = [(one["kind"], one["payload"]) for one in shop.shown(repaired)["timeline"]]
    assert told[0][1]["test_waived"] is True
    assert next(payload for kind, payload in told if kind == "ticket.waive_test")["reason"] == "fixture still broken"


def test_a_supervisor_who_repaired_does_not_excuse_it(shop):
    ticket = shop.intake(serial="SN-2")
    shop.act(shop.counter, ticket, "preapprove", **AGREED).raise_for_status()
    for action, done in (("taken", {}), ("repaired", DONE)):
        shop.act(shop.supervisor, ticket, action, **done).raise_for_status()
    refused = shop.act(shop.supervisor, ticket, "waive_test", reason="trust me")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:benchwright:problem:action-guarded")
    shop.act(shop.manager, ticket, "waive_test", reason="seen it work").raise_for_status()


def test_no_call_of_the_whole_api_changes_a_reading(shop, admin):
    """Walks the OpenAPI document as an administrator: every writing operation, on what is really there."""
    ticket = shop.closed()
    run = shop.shown(ticket)["runs"][0]["id"]

    def held():
        tables = (Run, Step, Measurement, Capture, Record)
        with shop.database.read() as session:
            rows = [row.model_dump(mode="json") for table in tables for row in session.scalars(select(table))]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest(), len(rows)

    before = held()
    assert before[1] > 10
    there = {"ticket": ticket, "run": run, "bench": "bench-01", "sha256": "0" * 64, "version": "1", "name": "standard"}
    writing = 0
    for path, operations in admin.get("/openapi.json").json()["paths"].items():
        assert not ({"put", "patch", "delete"} & operations.keys()) or "run" not in path, "readings have no writers"
        for method in operations.keys() - {"get", "head", "parameters"}:
            writing += 1
            place = re.sub(r"\{(\w+)\}", lambda match: there.get(match[1], "1"), path)
            for body in ({}, {"value": 1, "verdict": "pass", "outcome": "passed", "number": 0}):
                assert admin.request(method, place, json=body).status_code < 500, (method, place)
            if "/benches/" not in path:
                for below in (f"/api/v1/runs/{run}", "/api/v1/measurements", "/api/v1/steps", "/api/v1/measurements/1"):
                    assert admin.request(method, below, json={}).status_code in {404, 405}, (method, below)
    assert writing > 20
    assert held() == before


def test_the_device_stays_once_the_work_has_begun(shop):
    """D6, T15: nothing that was proven of one device becomes another's, whoever writes the intake anew."""

    def amend(ticket, language="en", **device):
        path, headers = f"/api/v1/tickets/{ticket}/intake", {"Accept-Language": language}
        return shop.counter.patch(path, json={"device": device}, headers=headers)

    ticket = shop.intake(serial="SN-1")
    amend(ticket, serial="SN-2").raise_for_status()  # a slip of the counter, put right before anybody works on it
    assert not shop.bench.does(ticket, "taken")
    refused = amend(ticket, serial="SN-3")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "device-fixed")
    assert [one["pointer"] for one in refused.json()["errors"]] == ["#/device/serial"]
    assert "已开始处理，不得再更改型号和序列号" in amend(ticket, "zh", model="SP-200", serial="SN-3").json()["detail"]
    amend(ticket, model="SP-100", serial="sn-2").raise_for_status()  # the same once more
    shop.act(shop.counter, ticket, "preapprove", **AGREED).raise_for_status()
    assert not shop.bench.does(ticket, "repaired", **DONE)
    shop.act(shop.supervisor, ticket, "waive_test", reason="无测试夹具").raise_for_status()
    assert amend(ticket, serial="SN-3").status_code == 409
    assert shop.shown(ticket)["device"] == {"model": "SP-100", "serial": "SN-2"}
