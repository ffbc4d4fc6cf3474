"""Devices in customers' hands and their inspections (M1, M3)."""

from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from desk_roster import OF_NO_STORE
from hub_running import MakeKey, RunningHub
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hub.core.database import Database
from hub.customers.devices import LEAD, Due, due, due_inspections, next_due
from hub.customers.models import CustomerDevice
from hub.events.models import Event
from hub.fleet import service as fleet

DEVICES = "/api/v1/devices"
NEW = {"model": "SP-100", "serial": "SN-1", "bought_on": "2026-01-10", "inspect_every_days": 365}


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_device_is_kept_current(admin: httpx.Client) -> None:
    made = admin.post(DEVICES, json=NEW)
    path, tag = made.headers["location"], made.headers["etag"]
    assert made.json()["inspection_due_on"] == "2027-01-10"
    assert slug(admin.post(DEVICES, json={**NEW, "serial": "ｓｎ-1 "})) == (409, "device-exists")
    owner = admin.post("/api/v1/customers", json={"name": "李雷", "phones": ["13800000000"]}).json()["id"]
    changed = admin.patch(path, json={"customer": owner}, headers={"If-Match": tag}).raise_for_status()
    assert changed.json()["customer"] == owner
    assert slug(admin.patch(path, json={"customer": None}, headers={"If-Match": tag})) == (412, "stale-version")
    assert slug(admin.patch(path, json={"customer": "C-000099"})) == (404, "customer-not-found")
    (found,) = admin.get(DEVICES, params={"customer": owner, "serial": "sn-1"}).json()["items"]
    assert found["serial"] == "SN-1"
    assert admin.patch(path, json={"inspect_every_days": None}).json()["inspection_due_on"] is None


def test_technicians_see_devices_and_not_whose_they_are(
    admin: httpx.Client, hub: RunningHub, make_key: MakeKey
) -> None:
    admin.post("/api/v1/tickets", json=OF_NO_STORE).raise_for_status()
    with hub.client(make_key("technician")) as technician:
        (found,) = technician.get(DEVICES).raise_for_status().json()["items"]
        assert found["customer"] is None
        assert technician.get(f"{DEVICES}/{found['id']}").status_code == 200
        assert technician.patch(f"{DEVICES}/{found['id']}", json={}).status_code == 403
        assert technician.get(DEVICES, params={"customer": "C-000001"}).status_code == 403


def test_the_installed_base_per_model(admin: httpx.Client) -> None:
    admin.post(DEVICES, json=NEW).raise_for_status()
    admin.post(
        "/api/v1/tickets", json={**OF_NO_STORE, "device": {"model": "sp-100", "serial": "SN-2"}}
    ).raise_for_status()
    assert admin.get(f"{DEVICES}/installed-base").json() == [
        {"model": "SP-100", "devices": 2, "with_customer": 1, "under_inspection": 1}
    ]


def test_each_inspection_is_reminded_of_once(admin: httpx.Client, database: Database) -> None:
    admin.post(DEVICES, json=NEW).raise_for_status()
    early = datetime(2026, 12, 20, tzinfo=UTC)
    with database.write() as session:
        assert due_inspections(session, early) == 0
        assert due_inspections(session, early + timedelta(days=10)) == 1
        assert due_inspections(session, early + timedelta(days=11)) == 0
        (event,) = session.scalars(select(Event).where(Event.kind == "device.inspection_due")).all()
    assert event.payload == {
        "model": "SP-100",
        "serial": "SN-1",
        "due_on": "2027-01-10",
        "state": "coming",
        "on_site": False,
    }


def test_an_inspection_plans_the_next_one(admin: httpx.Client, database: Database) -> None:
    with database.write() as session:
        fleet.register(session, "bench-01")
    device = admin.post(DEVICES, json={**NEW, "bought_on": "2025-01-10"}).json()["id"]
    assert admin.get(f"{DEVICES}/inspections-due").json()[0]["state"] == "overdue"
    ticket = admin.post("/api/v1/tickets", json={**OF_NO_STORE, "kind": "inspection"}).raise_for_status().json()["id"]
    path = f"/api/v1/tickets/{ticket}"
    admin.put(f"{path}/assignment", json={"bench": "bench-01"}).raise_for_status()
    for body in (
        {"action": "taken"},
        {"action": "inspected", "details": {"result": "in_order", "report": "一切正常"}},
    ):
        admin.post(f"{path}/actions", json=body).raise_for_status()
    wanted = next_due(datetime.now(UTC).date(), 365).isoformat()
    assert admin.get(f"{DEVICES}/{device}").json()["inspection_due_on"] == wanted
    assert admin.get(f"{DEVICES}/inspections-due").json() == []


@given(
    st.lists(st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=8),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_what_is_due_is_told_by_the_day_alone(days: list[date | None], today: date) -> None:
    devices = [
        CustomerDevice(id=n, model="M", serial=str(n), inspection_due_on=day, created_at=datetime.now(UTC))
        for n, day in enumerate(days)
    ]
    found = due(devices, today)
    assert [one.due_on for one in found] == sorted(day for day in days if day is not None and day <= today + LEAD)
    for one in found:
        assert (one.due_on < today) == (one.state is Due.OVERDUE)
        assert (one.due_on == today) == (one.state is Due.DUE)


@pytest.mark.parametrize("body", [{"model": "", "serial": "x"}, {"model": "m", "serial": "x", "inspect_every_days": 0}])
def test_bad_devices_are_refused_by_place(body: dict[str, object], admin: httpx.Client) -> None:
    assert admin.post(DEVICES, json=body).status_code == 422
