"""Appointments as the desk makes them (T11): free times, booked, confirmed, moved, called off, kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from desk_roster import REPAIR, Roster
from hub_running import MakeKey, RunningHub
from sqlalchemy import select

from hub.appointments.models import Appointment
from hub.core.database import Database

pytestmark = pytest.mark.any_database
PROOF = {"purchase_proof": {"kind": "receipt", "number": "FP-1"}}
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)


def at(hour: float) -> str:
    return (TOMORROW + timedelta(hours=hour - 9)).isoformat()


def comes(database: Database) -> None:
    """The time of all appointments comes."""
    with database.write() as session:
        for row in session.scalars(select(Appointment)):
            row.starts_at, row.ends_at = datetime.now(UTC), datetime.now(UTC) + (row.ends_at - row.starts_at)


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.fixture
def roster(admin: httpx.Client, database: Database) -> Roster:
    """One technician for repairs and visits, from 9 to 13 o'clock tomorrow."""
    roster = Roster(admin, database)
    roster.stores("north")
    roster.bench("bench-01", group=None)
    wang = roster.person("王芳", board_repair=2, service=1, inspection=1)
    body = {"bench": "bench-01", "person": wang, "starts_at": at(9), "ends_at": at(13)}
    admin.post("/api/v1/shifts", json=body).raise_for_status()
    return roster


def take_in(client: httpx.Client, **values: Any) -> str:
    ticket: str = client.post("/api/v1/tickets", json={**REPAIR, **PROOF, **values}).raise_for_status().json()["id"]
    return f"/api/v1/tickets/{ticket}"


@pytest.mark.usefixtures("roster")
def test_a_repair_gets_a_time_that_is_moved_and_called_off(admin: httpx.Client) -> None:
    path = take_in(admin)
    slots = admin.get(f"{path}/appointment-slots", params={"minutes": 60}).raise_for_status().json()
    assert [one["starts_at"][11:16] for one in slots] == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00"]
    booked = admin.post(f"{path}/appointments", json={"starts_at": at(10), "place": "store"})
    assert booked.status_code == 201, booked.text
    appointment = booked.headers["location"]
    assert booked.json()["state"] == "requested"
    assert (
        slug(admin.post(f"{path}/appointments", json={"starts_at": at(11), "place": "store"}))[1]
        == "appointment-exists"
    )
    other = take_in(admin, device={"model": "SP-100", "serial": "SN-2"})
    taken = admin.post(f"{other}/appointments", json={"starts_at": at(10.5), "place": "store"})
    assert slug(taken) == (409, "time-not-free")
    assert "the next free time is" in taken.json()["detail"]
    assert admin.post(f"{appointment}/confirmation").raise_for_status().json()["state"] == "confirmed"
    assert slug(admin.post(f"{appointment}/confirmation")) == (409, "appointment-state")
    event = admin.get(path).json()["timeline"][0]
    assert (event["kind"], event["payload"]["appointment_at"]) == (
        "ticket.schedule",
        booked.json()["starts_at"],
    )
    stale = admin.patch(appointment, json={"starts_at": at(11)}, headers={"If-Match": booked.headers["etag"]})
    assert slug(stale) == (412, "stale-version")
    moved = admin.patch(appointment, json={"starts_at": at(11)}).raise_for_status().json()
    assert moved["starts_at"][11:16] == "11:00"
    assert admin.post(f"{other}/appointments", json={"starts_at": at(10), "place": "store"}).status_code == 201
    assert admin.delete(appointment).raise_for_status().json()["state"] == "called_off"
    kinds = [one["kind"] for one in admin.get(path).json()["timeline"]]
    assert kinds[:2] == ["ticket.call_off", "appointment.call_off"]
    assert [one["state"] for one in admin.get("/api/v1/appointments").json()["items"]] == ["called_off", "requested"]


@pytest.mark.usefixtures("roster")
def test_a_visit_is_kept_and_the_work_begins(admin: httpx.Client, database: Database) -> None:
    path = take_in(admin, kind="installation")
    body = {"starts_at": at(9.5), "minutes": 90, "place": "on_site", "address": "漕溪北路 1 号", "confirmed": True}
    booked = admin.post(f"{path}/appointments", json=body)
    assert booked.status_code == 201, booked.text
    assert booked.json()["state"] == "confirmed"
    assert admin.get(path).json()["state"] == "scheduled"
    outcome = f"{booked.headers['location']}/outcome"
    for how in ("kept", "missed"):
        assert slug(admin.post(outcome, json={"outcome": how})) == (409, "appointment-ahead")
    comes(database)
    kept = admin.post(outcome, json={"outcome": "kept"}).raise_for_status().json()
    assert kept["state"] == "kept"
    assert admin.get(path).json()["state"] == "in_progress"


@pytest.mark.usefixtures("roster")
def test_a_customer_who_was_not_there_gets_another_time(admin: httpx.Client, database: Database) -> None:
    path = take_in(admin, kind="installation")
    body = {"starts_at": at(9.5), "place": "on_site", "address": "x", "confirmed": True}
    appointment = admin.post(f"{path}/appointments", json=body).headers["location"]
    comes(database)
    admin.post(f"{appointment}/outcome", json={"outcome": "missed"}).raise_for_status()
    assert admin.get(path).json()["state"] == "new"
    assert admin.post(f"{path}/appointments", json=body).status_code == 201


@pytest.mark.usefixtures("roster")
def test_what_is_missing_for_an_appointment_is_named(admin: httpx.Client) -> None:
    ticket = admin.post("/api/v1/tickets", json={**REPAIR, "channel": "phone"}).raise_for_status().json()["id"]
    answer = admin.post(
        f"/api/v1/tickets/{ticket}/appointments",
        json={"starts_at": at(10), "place": "on_site"},
        headers={"Accept-Language": "zh"},
    )
    assert slug(answer) == (422, "appointment-not-ready")
    assert [one["detail"] for one in answer.json()["errors"]] == ["请先填写购买凭证", "请填写上门地址"]
    complaint = {**REPAIR, "kind": "complaint"}
    ticket = admin.post("/api/v1/tickets", json=complaint).raise_for_status().json()["id"]
    refused = admin.post(f"/api/v1/tickets/{ticket}/appointments", json={"starts_at": at(10), "place": "store"})
    assert slug(refused) == (409, "action-not-possible")


def test_appointments_are_made_only_where_the_roster_is_asked(admin: httpx.Client) -> None:
    """T11: no raw action tells the customer of a time that nobody has."""
    path = take_in(admin, store=None)
    own = "/api/v1/appointments/{appointment}"
    places = {"schedule": "…/appointments", "reschedule": own, "call_off": own, "arrived": f"{own}/outcome"}
    for action, place in places.items():
        details = {"appointment_at": "2020-01-01T08:00:00Z", "place": "on_site"}
        answer = admin.post(f"{path}/actions", json={"action": action, "details": details})
        assert slug(answer) == (409, "action-guarded")
        assert answer.json()["detail"].endswith(f"there is an address for it: {place}.")
    shown = admin.get(path).json()
    assert [one["kind"] for one in shown["timeline"]] == ["ticket.created"]
    plain = {one["action"] for one in shown["actions"] if one["address"] is None}
    assert not plain & {"schedule", "reschedule", "call_off", "assign", "amend", "merge", "send"}
    assert {"prioritise", "note", "cancel"} <= plain


def test_nobody_arrives_without_an_outcome_of_the_appointment(admin: httpx.Client, roster: Roster) -> None:
    """T11: the raw action of a visit is refused; an appointment that was kept says so, and begins the work."""
    path = take_in(admin, kind="installation")
    body = {"starts_at": at(9.5), "place": "on_site", "address": "x", "confirmed": True}
    admin.post(f"{path}/appointments", json=body).raise_for_status()
    raw = admin.post(f"{path}/actions", json={"action": "arrived"}, headers={"Accept-Language": "zh-CN"})
    assert slug(raw) == (409, "action-guarded") and "到场开始（arrived）" in raw.json()["detail"]
    assert [one["address"] for one in admin.get(path).json()["actions"] if one["action"] == "arrived"] == [
        "/api/v1/appointments/{appointment}/outcome"
    ]
    assert admin.get(f"{path}/appointments").json()[0]["state"] == "confirmed"


def test_a_store_system_makes_the_appointments_of_its_store(
    hub: RunningHub, admin: httpx.Client, make_key: MakeKey, roster: Roster
) -> None:
    """E5, T1, T3, T6, T11: takes in, sees free times, books, confirms, moves, calls off, follows; its stores only."""
    roster.stores("south")
    elsewhere = take_in(admin, store="south", device={"model": "SP-100", "serial": "SN-2"})
    with hub.client(make_key("store_system", stores=["north"])) as system:
        path = take_in(system, channel="web")
        slots = system.get(f"{path}/appointment-slots").raise_for_status().json()
        booked = system.post(f"{path}/appointments", json={"starts_at": slots[0]["starts_at"], "place": "store"})
        assert booked.status_code == 201, booked.text
        appointment = booked.headers["location"]
        system.post(f"{appointment}/confirmation").raise_for_status()
        system.patch(appointment, json={"starts_at": slots[2]["starts_at"]}).raise_for_status()
        assert system.get("/api/v1/appointments").json()["items"][0]["starts_at"] == slots[2]["starts_at"]
        outcome = system.post(f"{appointment}/outcome", json={"outcome": "kept"})
        assert slug(outcome) == (403, "forbidden"), "how it went is said by who was there"
        assert system.delete(appointment).raise_for_status().json()["state"] == "called_off"
        kinds = [one["kind"] for one in system.get(path).json()["timeline"]]
        assert kinds[:2] == ["ticket.call_off", "appointment.call_off"]
        for method, place in (("GET", "appointment-slots"), ("GET", "appointments"), ("POST", "appointments")):
            body = {"starts_at": at(9), "place": "store"}
            assert system.request(method, f"{elsewhere}/{place}", json=body).status_code == 404
        faults = system.get("/api/v1/fault-taxonomy").raise_for_status()
        assert faults.json()["document"]["groups"], "what an intake can name can be looked up"


def test_a_store_system_keeps_the_register_of_its_consultations(hub: RunningHub, make_key: MakeKey) -> None:
    """T2: question, wait, promise, answer, and what the customer was told; what binds the store stays with people."""
    contact = {"name": "李雷", "phone": "13800000000"}
    ahead = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    with hub.client(make_key("store_system")) as system:
        asked = {
            "kind": "consultation",
            "channel": "app",
            "symptom": "如何重置网关？",
            "contact": contact,
            "waited_s": 8,
        }
        path = f"/api/v1/tickets/{system.post('/api/v1/tickets', json=asked).raise_for_status().json()['id']}"
        for action, details in (
            ("promise", {"promised_at": ahead}),
            ("answer", {"answer": "长按 10 秒"}),
            ("inform", {"outcome": "已解决"}),
        ):
            body = {"action": action, "details": details}
            system.post(f"{path}/actions", json=body).raise_for_status()
        (row,) = system.get("/api/v1/consultations").json()["items"]
        assert (row["answer"], row["promise_kept"], row["outcome"]) == ("长按 10 秒", True, "已解决")
        returned = {**REPAIR, **PROOF, "kind": "return_exchange", "store": None}
        ticket = system.post("/api/v1/tickets", json=returned).raise_for_status().json()["id"]
        taken = system.post(f"/api/v1/tickets/{ticket}/actions", json={"action": "taken"})
        assert slug(taken) == (403, "forbidden")
