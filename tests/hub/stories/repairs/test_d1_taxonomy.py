"""D1: a fault taxonomy as data that grows, and one root cause for every repair that closes."""

import pytest

pytestmark = pytest.mark.any_database

AGREED = {"limit_minor": 0, "how": "in_person", "said_by": "李雷"}


def test_a_repair_ends_with_one_root_cause_by_its_code(shop):
    ticket = shop.intake()
    shop.act(shop.counter, ticket, "preapprove", **AGREED).raise_for_status()
    shop.bench.does(ticket, "taken")
    assert not shop.bench.does(ticket, "repaired", root_cause="电容坏了", parts=["C5"]), "words are kept, not lost"
    shop.bench.test(ticket, "run-1")
    assert not shop.bench.does(ticket, "handed_over")
    refused = shop.act(shop.counter, ticket, "close")
    assert (refused.status_code, "root cause is not named" in refused.text) == (409, True)
    unknown = shop.act(shop.technician, ticket, "name_cause", root_cause="gremlins")
    wrong = {"action": "name_cause", "details": {"root_cause": "gremlins"}}
    told = shop.technician.post(f"/api/v1/tickets/{ticket}/actions", json=wrong, headers={"Accept-Language": "zh-CN"})
    assert "认定故障根因（name_cause）" in told.json()["detail"], "an action has its words, not its code alone"
    assert unknown.json()["errors"][0]["pointer"] == "#/details/root_cause"
    shop.act(shop.technician, ticket, "name_cause", root_cause="dried_capacitor").raise_for_status()
    shop.act(shop.technician, ticket, "name_cause", root_cause="cold_joint").raise_for_status()
    shop.act(shop.counter, ticket, "close").raise_for_status()
    assert shop.shown(ticket)["root_cause"] == "cold_joint", "one, the last that was named"
    assert shop.act(shop.technician, ticket, "name_cause", root_cause="dried_capacitor").status_code == 409


def test_the_taxonomy_covers_all_groups_in_both_languages(shop):
    found = shop.technician.get("/api/v1/fault-taxonomy").raise_for_status().json()
    assert found["version"] == 0
    groups = {one["code"]: one for one in found["document"]["groups"]}
    assert {"hardware", "software", "functional", "use"} <= groups.keys()
    assert {fault["code"] for fault in groups["use"]["faults"]} >= {"user_error", "incompatibility"}
    for group in groups.values():
        assert all(fault["title"]["en"] and fault["title"]["zh-CN"] for fault in group["faults"])


def test_it_grows_and_loses_nothing(shop):
    document = shop.manager.get("/api/v1/fault-taxonomy").json()["document"]
    address = "/api/v1/fault-taxonomy/versions/1"
    fewer = {"groups": document["groups"][1:]}
    lost = shop.manager.put(address, json={"document": fewer})
    assert (lost.status_code, lost.json()["type"]) == (422, "urn:benchwright:problem:fault-removed")
    new = {"code": "swollen_battery", "title": {"en": "Swollen battery", "zh-CN": "电池鼓包"}}
    document["groups"][0]["faults"].append(new)
    assert shop.manager.put(address, json={"document": document}).status_code == 201
    assert shop.manager.put(address, json={"document": document}).status_code == 200
    twice = {"groups": [*document["groups"], document["groups"][0]]}
    wrong = shop.manager.put("/api/v1/fault-taxonomy/versions/2", json={"document": twice})
    assert (wrong.status_code, "there twice" in wrong.text) == (422, True)
    ticket = shop.intake()
    shop.act(shop.counter, ticket, "preapprove", **AGREED).raise_for_status()
    shop.bench.does(ticket, "taken")
    shop.act(shop.technician, ticket, "name_cause", root_cause="swollen_battery").raise_for_status()
    listed = shop.manager.get("/api/v1/fault-taxonomy/versions").json()["items"]
    assert [one["version"] for one in listed] == [1]
