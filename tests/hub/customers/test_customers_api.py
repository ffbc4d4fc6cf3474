"""Customers as the desk keeps them (M1, M2): known, tiers, merged, handed out, erased; every look is logged."""

import hashlib
from datetime import timedelta
from typing import Any

import httpx
import pytest
from desk_roster import OF_NO_STORE, REPAIR, Roster
from hub_running import MakeKey, RunningHub
from sqlalchemy import inspect, text

from hub.aftercare.models import FollowUp
from hub.appointments.models import Appointment
from hub.core.clock import now
from hub.core.database import Database
from hub.customers import service
from hub.events.service import verify_chain

CUSTOMERS = "/api/v1/customers"
LI = {"name": "李雷", "phones": ["+86 138 0000 0000"], "emails": ["Li.Lei@example.com"]}


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def add(client: httpx.Client, **values: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post(CUSTOMERS, json={**LI, **values}).raise_for_status().json()
    return found


def test_a_customer_is_known_again_by_any_contact(admin: httpx.Client) -> None:
    made = add(admin)
    assert made["phones"] == ["+86 138 0000 0000"]
    for query in ({"phone": "13800000000"}, {"email": "li.lei@EXAMPLE.com"}, {"name": "李"}):
        (found,) = admin.get(CUSTOMERS, params=query).raise_for_status().json()["items"]
        assert (found["id"], found["phones"], found["emails"]) == (made["id"], ["138****0000"], ["L***@example.com"])
    ticket = admin.post("/api/v1/tickets", json=OF_NO_STORE).raise_for_status().json()
    assert ticket["customer"] == made["id"], "the intake knows the same person"
    shown = admin.get(f"{CUSTOMERS}/{made['id']}").json()
    assert shown["devices"][0]["serial"] == "SN-1"
    assert shown["tickets"][0]["id"] == ticket["id"]


def test_nobody_is_added_without_a_contact_or_twice(admin: httpx.Client) -> None:
    answer = admin.post(CUSTOMERS, json={"name": "x"}, headers={"Accept-Language": "zh"})
    assert answer.json()["errors"][0]["detail"] == "请填写电话或电子邮箱"
    made = add(admin)
    again = admin.post(CUSTOMERS, json={"name": "Lei", "phones": ["13800000000"]})
    assert slug(again) == (409, "contact-taken")
    assert made["id"] in again.json()["detail"]


def test_a_change_against_an_older_version_is_refused(admin: httpx.Client) -> None:
    made = admin.post(CUSTOMERS, json=LI)
    path, tag = made.headers["location"], made.headers["etag"]
    changed = admin.patch(path, json={"phones": ["13900000000"]}, headers={"If-Match": tag})
    assert changed.raise_for_status().json()["phones"] == ["13900000000"]
    assert slug(admin.patch(path, json={"name": "韩"}, headers={"If-Match": tag})) == (412, "stale-version")
    assert admin.get(CUSTOMERS, params={"phone": "13800000000"}).json()["items"] == []
    same = admin.patch(path, json={"phones": ["139 0000 0000"], "name": "李雷"})
    assert same.json()["version"] > changed.json()["version"], "another spelling is kept as it was said"


def test_a_customer_keeps_a_way_to_be_reached(admin: httpx.Client) -> None:
    path = admin.post(CUSTOMERS, json={**LI, "emails": []}).headers["location"]
    for nothing, pointers in (({"phones": []}, ["#/phones"]), ({"phones": [], "emails": []}, ["#/phones", "#/emails"])):
        refused = admin.patch(path, json=nothing)
        assert slug(refused) == (422, "no-contact")
        assert [one["pointer"] for one in refused.json()["errors"]] == pointers
    moved = admin.patch(path, json={"phones": [], "emails": ["li@example.com"]}).raise_for_status().json()
    assert (moved["phones"], moved["emails"]) == ([], ["li@example.com"])


def test_every_look_is_logged(admin: httpx.Client, hub: RunningHub, make_key: MakeKey) -> None:
    made = add(admin)
    with hub.client(make_key("counter", name="Counter")) as counter:
        counter.get(f"{CUSTOMERS}/{made['id']}").raise_for_status()
        counter.get(CUSTOMERS, params={"name": "李"}).raise_for_status()
        assert counter.get(f"{CUSTOMERS}/{made['id']}/accesses").status_code == 403
    looks = admin.get(f"{CUSTOMERS}/{made['id']}/accesses").json()
    assert [(one["kind"], one["name"]) for one in looks] == [
        ("customer.listed", "Counter"),
        ("customer.read", "Counter"),
    ]


def test_a_look_by_another_way_is_logged_too(admin: httpx.Client, hub: RunningHub, make_key: MakeKey) -> None:
    """M1: an empty change, purchases, the preference, a ticket with the contact, and exported tickets."""
    ticket = admin.post("/api/v1/tickets", json=OF_NO_STORE).raise_for_status().json()
    place = f"{CUSTOMERS}/{ticket['customer']}"
    with hub.client(make_key("counter", name="Counter")) as counter:
        counter.patch(place, json={}).raise_for_status()
        for path in (f"{place}/purchases", f"{place}/contact-preference", f"/api/v1/tickets/{ticket['id']}"):
            counter.get(path).raise_for_status()
        counter.get("/api/v1/exports/tickets").raise_for_status()
    with hub.client(make_key("technician", name="Technician")) as technician:
        assert technician.get(f"/api/v1/tickets/{ticket['id']}").json()["contact"] is None
    looks = admin.get(f"{place}/accesses").json()
    assert [(one["kind"], one["name"]) for one in looks] == [
        ("customer.exported", "Counter"),
        *[("customer.read", "Counter")] * 4,
    ]


def test_lists_mask_contacts_or_log_who_read_them(
    admin: httpx.Client, hub: RunningHub, make_key: MakeKey, database: Database
) -> None:
    """M1: tickets are listed with masked contacts; a number that is to be called is shown, and the look is logged."""
    ticket = admin.post("/api/v1/tickets", json=OF_NO_STORE).raise_for_status().json()
    path = f"/api/v1/tickets/{ticket['id']}"
    noted = admin.post(f"{path}/actions", json={"action": "note", "note": "x"}).raise_for_status().json()
    (listed,) = admin.get("/api/v1/tickets").json()["items"]
    masked = {"name": "李*", "phone": "138****0000", "email": None}
    assert ticket["contact"] == noted["contact"] == listed["contact"] == masked
    place = f"{CUSTOMERS}/{ticket['customer']}"
    assert admin.get(f"{place}/accesses").json() == []
    with database.write() as session:
        at = now()
        session.add(FollowUp(ticket_id=1, policy_version=0, closed_at=at, callback_due_at=at))
        row = {"ticket_id": 1, "bench": "b", "person": "U-000001", "created_at": at, "starts_at": at}
        row |= {
            "state": "requested",
            "place": "on_site",
            "address": "漕溪北路 1 号",
            "ends_at": at + timedelta(hours=1),
        }
        session.add(Appointment(**row))
    with hub.client(make_key("counter", name="Counter")) as counter:
        assert counter.get("/api/v1/callbacks").json()["items"][0]["phone"] == OF_NO_STORE["contact"]["phone"]
        for address in ("/api/v1/appointments", "/api/v1/appointments/V-000001", f"{path}/appointments"):
            assert "漕溪北路" in counter.get(address).raise_for_status().text
    with hub.client(make_key("technician", name="Technician")) as technician:
        assert "漕溪北路" not in technician.get("/api/v1/appointments").raise_for_status().text
    looks = admin.get(f"{place}/accesses").json()
    assert [(one["kind"], one["name"]) for one in looks] == [("customer.listed", "Counter")] * 4


def test_customers_and_devices_keep_to_the_stores_that_dealt_with_them(
    admin: httpx.Client, hub: RunningHub, make_key: MakeKey, database: Database
) -> None:
    """S5: a ticket, a purchase or having made the record shows a customer; an exact contact finds anybody, masked."""
    Roster(admin, database).stores("north", "south")
    ticket = admin.post("/api/v1/tickets", json=REPAIR).raise_for_status().json()
    place = f"{CUSTOMERS}/{ticket['customer']}"
    with (
        hub.client(make_key("manager", stores=["south"])) as south,
        hub.client(make_key("staff", stores=["north"])) as north,
    ):

        def seen(client: httpx.Client) -> list[int]:
            addresses = (place, f"{place}/purchases", f"{place}/contact-preference", "/api/v1/devices/D-000001")
            return [client.get(one).status_code for one in addresses]

        assert (seen(north), seen(south)) == ([200] * 4, [404] * 4)
        assert south.patch(place, json={"name": "x"}).status_code == 404
        assert south.post(f"{place}/erasure", json={"confirm": ticket["customer"]}).status_code == 404
        assert south.patch("/api/v1/devices/D-000001", json={"customer": None}).status_code == 404
        for path in (CUSTOMERS, f"{CUSTOMERS}?name=李", "/api/v1/devices"):
            assert (len(north.get(path).json()["items"]), south.get(path).json()["items"]) == (1, []), path
        (found,) = south.get(CUSTOMERS, params={"phone": "13800000000"}).json()["items"]
        assert (found["id"], found["phones"]) == (ticket["customer"], ["138****0000"])
        for kind in ("customers", "devices"):
            assert ticket["customer"] not in south.get(f"/api/v1/exports/{kind}").raise_for_status().text
        own = south.post(CUSTOMERS, json={"name": "韩", "phones": ["13900000000"]}).raise_for_status().json()["id"]
        assert south.get(f"{CUSTOMERS}/{own}").status_code == 200 and north.get(f"{CUSTOMERS}/{own}").status_code == 404
        made = south.post("/api/v1/devices", json={"model": "M", "serial": "S-9"}).raise_for_status().json()["id"]
        assert [client.get(f"/api/v1/devices/{made}").status_code for client in (south, north)] == [200, 404]
        bought = {"number": "SO-9", "bought_on": "2026-11-01", "amount_minor": 1, "store": "south"}
        admin.post(f"{place}/purchases", json=bought).raise_for_status()
        shown = south.get(place).raise_for_status().json()
        assert shown["tickets"] == [], "the ticket stays the other store's"
        number = ticket["customer"]
        for method, path, body in (
            ("GET", f"{place}/export", None),
            ("POST", f"{place}/erasure", {"confirm": number}),
            ("POST", f"{place}/merge", {"into": own}),
            ("POST", f"{CUSTOMERS}/{own}/merge", {"into": number}),
        ):
            refused = south.request(method, path, json=body, headers={"Accept-Language": "zh-CN"})
            assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "customer-of-other-stores")
            assert number in refused.json()["detail"]
        assert south.get(f"{CUSTOMERS}/{own}/export").status_code == 200, "a customer of this store alone"
        with hub.client(make_key("manager", stores=["south", "north"])) as both:
            assert both.get(f"{place}/export").status_code == 200


class TestTiers:
    """M2."""

    def buy(self, client: httpx.Client, customer: str, n: int, amount: int, day: str = "2026-11-01") -> dict[str, Any]:
        body = {"number": f"SO-{n}", "bought_on": day, "amount_minor": amount}
        found: dict[str, Any] = client.post(f"{CUSTOMERS}/{customer}/purchases", json=body).raise_for_status().json()
        return found

    def test_a_tier_follows_spending_and_frequency_and_raises_open_tickets(self, admin: httpx.Client) -> None:
        customer = add(admin)["id"]
        ticket = admin.post("/api/v1/tickets", json=OF_NO_STORE).json()["id"]
        assert self.buy(admin, customer, 1, 500_000)["tier"] is None, "one purchase alone is no frequency"
        assert self.buy(admin, customer, 2, 1)["tier"] == "silver"
        shown = admin.get(f"/api/v1/tickets/{ticket}").json()
        assert (shown["priority"], shown["priority_reasons"][-1]) == (4, "vip:silver")
        assert admin.get(f"{CUSTOMERS}/{customer}").json()["benefits"]["extra_warranty_days"] == 30
        back = admin.delete(f"{CUSTOMERS}/{customer}/purchases/SO-2").raise_for_status().json()
        assert back["tier"] is None
        assert admin.get(f"/api/v1/tickets/{ticket}").json()["priority"] == 5

    def test_the_same_order_counts_once(self, admin: httpx.Client) -> None:
        customer = add(admin)["id"]
        body = {"number": "SO-1", "bought_on": "2026-11-01", "amount_minor": 100}
        path = f"{CUSTOMERS}/{customer}/purchases"
        assert [admin.post(path, json=body).status_code for _ in range(2)] == [201, 200]
        assert slug(admin.post(path, json={**body, "amount_minor": 1})) == (409, "purchase-taken")
        assert [one["amount_minor"] for one in admin.get(path).json()] == [100]

    def test_nobody_has_bought_tomorrow(self, admin: httpx.Client) -> None:
        body = {"number": "SO-9", "bought_on": "2199-12-31", "amount_minor": 1_000_000}
        path = f"{CUSTOMERS}/{add(admin)['id']}/purchases"
        refused = admin.post(path, json=body, headers={"Accept-Language": "zh-CN"})
        assert (refused.status_code, refused.json()["errors"][0]["detail"]) == (422, "日期晚于今天")

    def test_old_purchases_count_no_more(self, admin: httpx.Client, database: Database) -> None:
        customer = add(admin)["id"]
        self.buy(admin, customer, 1, 500_000)
        assert self.buy(admin, customer, 2, 100)["tier"] == "silver"
        with database.write() as session:
            session.execute(text("UPDATE purchase SET bought_on = '2020-01-01'"))
            assert service.recompute_tiers(session) == (1, None)
        assert admin.get(f"{CUSTOMERS}/{customer}").json()["tier"] is None


def test_two_records_of_one_person_become_one(admin: httpx.Client) -> None:
    first = add(admin)["id"]
    second = add(admin, name="Lei Li", phones=["13900000000"], emails=[])["id"]
    other = {**OF_NO_STORE, "contact": {"name": "Lei Li", "phone": "13900000000"}}
    ticket = admin.post("/api/v1/tickets", json=other).json()["id"]
    merged = admin.post(f"{CUSTOMERS}/{second}/merge", json={"into": first}).raise_for_status().json()
    assert merged["id"] == first
    assert sorted(merged["phones"]) == ["138****0000", "139****0000"]
    assert admin.get(f"/api/v1/tickets/{ticket}").json()["customer"] == first
    gone = admin.get(f"{CUSTOMERS}/{second}").json()
    assert (gone["merged_into"], gone["name"]) == (first, None)
    assert slug(admin.patch(f"{CUSTOMERS}/{second}", json={"name": "x"})) == (409, "customer-ended")
    assert slug(admin.post(f"{CUSTOMERS}/{first}/merge", json={"into": first})) == (422, "merge-into-itself")
    assert admin.post("/api/v1/tickets", json=other).json()["customer"] == first


@pytest.mark.parametrize("role", ["counter", "supervisor"])
def test_export_and_erasure_are_the_managers(
    role: str, admin: httpx.Client, hub: RunningHub, make_key: MakeKey
) -> None:
    customer = add(admin)["id"]
    with hub.client(make_key(role)) as client:
        assert client.get(f"{CUSTOMERS}/{customer}/export").status_code == 403
        assert client.post(f"{CUSTOMERS}/{customer}/erasure", json={"confirm": customer}).status_code == 403


def test_a_person_gets_their_data_and_is_forgotten(admin: httpx.Client, database: Database, hub: RunningHub) -> None:
    photo = b"\xff\xd8\xff\xe0" + b"face" * 20
    sha256 = hashlib.sha256(photo).hexdigest()
    headers = {"Content-Range": f"bytes 0-{len(photo) - 1}/{len(photo)}", "Content-Type": "application/octet-stream"}
    admin.put(f"/api/v1/attachments/{sha256}", content=photo, headers=headers).raise_for_status()
    body = {
        **OF_NO_STORE,
        "symptom": "李雷说没电",
        "appearance": "贴有李雷的名字",
        "attachments": [{"sha256": sha256}],
        "purchase_proof": {"kind": "order", "number": "SO-LI-1"},
    }
    made = admin.post("/api/v1/tickets", json=body).raise_for_status().json()
    path, customer = f"/api/v1/tickets/{made['id']}", made["customer"]
    admin.post(f"{path}/actions", json={"action": "note", "note": "李雷周末来取"}).raise_for_status()
    refused = admin.post(f"{CUSTOMERS}/{customer}/erasure", json={"confirm": customer})
    assert slug(refused) == (409, "open-tickets")
    admin.post(f"{path}/actions", json={"action": "cancel"}).raise_for_status()

    document = admin.get(f"{CUSTOMERS}/{customer}/export").raise_for_status().json()
    assert document["contact_points"] == [{"kind": "phone", "value": "13800000000"}]
    (ticket,) = document["tickets"]
    assert ticket["symptom"] == "李雷说没电"
    assert "李雷周末来取" in str(ticket["timeline"])
    assert ticket["attachments"][0]["sha256"] == sha256
    assert document["accesses"][0]["kind"] == "customer.exported"

    assert slug(admin.post(f"{CUSTOMERS}/{customer}/erasure", json={"confirm": "C-000099"}))[0] == 422
    erased = admin.post(f"{CUSTOMERS}/{customer}/erasure", json={"confirm": customer}).raise_for_status().json()
    assert (erased["tickets"], erased["remarks"], erased["attachments"], erased["contact_points"]) == (1, 1, 1, 1)
    shown = admin.get(path).json()
    assert (shown["contact"], shown["symptom"], shown["attachments"]) == (None, "–", [])
    assert shown["device"]["serial"] == "SN-1", "facts stay"
    assert "erased" in str(shown["timeline"])
    with database.read() as session:
        assert verify_chain(session).broken_at is None
        tables = inspect(session.connection()).get_table_names()
        for table in tables:
            rows = session.execute(text(f'SELECT * FROM "{table}"')).all()
            for word in ("李雷", "13800000000", "SO-LI-1", sha256):
                assert not any(word in str(row) for row in rows), (table, word)
    stored = list((hub.app.state.settings.data_dir / "attachments").rglob(sha256))
    assert stored == []
    assert slug(admin.post(f"{CUSTOMERS}/{customer}/erasure", json={"confirm": customer})) == (409, "customer-ended")
