"""Devices on their way between stores, and merged tickets (S5, M1, T6)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from desk_roster import OF_NO_STORE, REPAIR, Roster
from hub_running import RunningHub

from hub.core.database import Database
from hub.fleet import service as fleet
from hub.identity.actors import command_line_actor
from hub.identity.permissions import Role
from hub.identity.service import create_key

TICKETS = "/api/v1/tickets"
AtStore = Callable[..., httpx.Client]


@pytest.fixture
def at_store(hub: RunningHub, admin: httpx.Client, database: Database) -> Iterator[AtStore]:
    """Staff of one store, each a person of their own."""
    Roster(admin, database).stores("north", "south", "west")
    with ExitStack() as stack:

        def client(store: str, role: str = "supervisor") -> httpx.Client:
            with database.write() as session:
                _, token = create_key(session, command_line_actor(), name=store, role=Role(role), stores=[store])
            return stack.enter_context(hub.client(token))

        yield client


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_device_goes_to_another_store_that_receives_it(at_store: AtStore, database: Database) -> None:
    north, south, west = at_store("north"), at_store("south"), at_store("west")
    with database.write() as session:
        fleet.register(session, "bench-01")
    ticket = north.post(TICKETS, json={**REPAIR, "store": None}).raise_for_status().json()
    assert ticket["store"] == "north", "who works for one store takes in for it"
    path = f"{TICKETS}/{ticket['id']}"
    north.put(f"{path}/assignment", json={"bench": "bench-01"}).raise_for_status()
    assert south.get(path).status_code == 404
    assert slug(north.post(f"{path}/transfer", json={"to_store": "north", "reason": "x"})) == (422, "same-store")
    body = {"to_store": "south", "reason": "需要返修台"}
    north.post(f"{path}/transfer", json=body).raise_for_status()
    shown = south.get(path).raise_for_status().json()
    assert (shown["state"], shown["bench"], shown["store"]) == ("in_transit", None, "north")
    assert west.get(path).status_code == 404
    (location,) = south.get("/api/v1/device-locations").json()["items"]
    assert (location["in_transit_to"], location["store"]) == ("south", "north")
    assert slug(north.post(f"{path}/transfer/receipt", json={})) == (403, "other-store-decides")
    south.post(f"{path}/transfer/receipt", json={"note": "封条完好"}).raise_for_status()
    assert south.get(path).json()["store"] == "south"
    assert north.get(path).status_code == 404, "it is the other store's now"
    (done,) = south.get(f"{path}/transfers").json()
    assert done["outcome"] == "received"
    (location,) = south.get("/api/v1/device-locations", params={"store": "south"}).json()["items"]
    assert location["in_transit_to"] is None
    notes = [one["payload"].get("note") for one in south.get(f"{path}/timeline").json()["items"]]
    assert "封条完好" in notes and "需要返修台" in notes


def test_a_device_is_refused_or_called_back(at_store: AtStore) -> None:
    north, south = at_store("north"), at_store("south")
    path = f"{TICKETS}/{north.post(TICKETS, json=REPAIR).json()['id']}"
    body = {"to_store": "south", "reason": "BGA"}
    assert slug(north.delete(f"{path}/transfer")) == (409, "action-not-possible")
    north.post(f"{path}/transfer", json=body).raise_for_status()
    assert slug(south.delete(f"{path}/transfer")) == (403, "other-store-decides")
    south.post(f"{path}/transfer/refusal", json={"reason": "空包裹"}).raise_for_status()
    assert north.get(path).json()["state"] == "new"
    north.post(f"{path}/transfer", json=body).raise_for_status()
    north.delete(f"{path}/transfer").raise_for_status()
    assert [one["outcome"] for one in north.get(f"{path}/transfers").json()] == ["called_back", "refused"]


def test_who_sends_cannot_receive(admin: httpx.Client, at_store: AtStore) -> None:
    assert at_store("north").get(TICKETS).json()["items"] == []
    path = f"{TICKETS}/{admin.post(TICKETS, json=REPAIR).json()['id']}"
    admin.post(f"{path}/transfer", json={"to_store": "south", "reason": "BGA"}).raise_for_status()
    answer = admin.post(f"{path}/transfer/receipt", json={}, headers={"Accept-Language": "zh"})
    assert slug(answer) == (403, "sender-receives")
    assert "不得由同一人（包括其创建或重置过密码的账号）完成" in answer.json()["detail"]


def test_staff_take_in_for_their_own_stores_alone(at_store: AtStore) -> None:
    assert slug(at_store("south").post(TICKETS, json=REPAIR)) == (422, "not-your-store")


def test_a_ticket_in_work_moves_to_another_bench(admin: httpx.Client, database: Database) -> None:
    with database.write() as session:
        for name in ("bench-01", "bench-02"):
            fleet.register(session, name)
    path = f"{TICKETS}/{admin.post(TICKETS, json=OF_NO_STORE).json()['id']}"
    admin.put(f"{path}/assignment", json={"bench": "bench-01"}).raise_for_status()
    admin.post(f"{path}/actions", json={"action": "taken"}).raise_for_status()
    moved = admin.put(f"{path}/assignment", json={"bench": "bench-02"}).raise_for_status().json()
    assert (moved["state"], moved["bench"]) == ("in_progress", "bench-02")
    assert admin.get(path).json()["timeline"][0]["kind"] == "ticket.move"


class TestMerge:
    def test_two_tickets_about_the_same_device_become_one(self, admin: httpx.Client) -> None:
        first = admin.post(TICKETS, json=OF_NO_STORE).json()["id"]
        second = admin.post(TICKETS, json=OF_NO_STORE).json()
        assert second["possible_duplicates"][0]["ticket"] == first
        path = f"{TICKETS}/{second['id']}"
        merged = admin.post(f"{path}/merge", json={"into": first, "note": "重复登记"}).raise_for_status().json()
        assert merged["id"] == first
        gone = admin.get(path).json()
        assert (gone["state"], gone["merged_into"]) == ("cancelled", first)
        assert admin.get(f"{TICKETS}/{first}").json()["timeline"][0]["payload"] == {
            "from": second["id"],
            "attachments": 0,
        }
        assert slug(admin.post(f"{TICKETS}/{first}/merge", json={"into": second["id"]})) == (409, "merge-target")

    def test_what_is_not_the_same_is_not_merged(self, admin: httpx.Client) -> None:
        first = admin.post(TICKETS, json=OF_NO_STORE).json()["id"]
        other = {
            **OF_NO_STORE,
            "device": {"model": "SP-100", "serial": "SN-9"},
            "contact": {"name": "韩", "phone": "13900000000"},
        }
        second = admin.post(TICKETS, json=other).json()["id"]
        assert slug(admin.post(f"{TICKETS}/{second}/merge", json={"into": first})) == (409, "not-the-same")
        assert slug(admin.post(f"{TICKETS}/{first}/merge", json={"into": first})) == (409, "merge-target")
        assert slug(admin.post(f"{TICKETS}/{first}/merge", json={"into": "T-000099"})) == (404, "ticket-not-found")

    def test_other_addresses_are_told(self, admin: httpx.Client) -> None:
        ticket = admin.post(TICKETS, json=OF_NO_STORE).json()["id"]
        answer = admin.post(f"{TICKETS}/{ticket}/actions", json={"action": "send"})
        assert "…/transfer" in answer.json()["detail"]
