"""Installation 安装调试 (T1, T11): a visit that the roster can keep, and the customer's acceptance."""

from datetime import timedelta

import pytest
from kinds_chain import TOMORROW_9, Chain

pytestmark = pytest.mark.any_database


def test_a_gateway_is_installed_at_home(chain: Chain) -> None:
    ticket = chain.takes_in(
        "installation",
        channel="app",
        device={"model": "GW-200"},
        symptom="安装网关并接入 12 个设备",
        purchase_proof={"kind": "order", "number": "SO-7"},
    )
    # Free times with the way there and back; Li Lei takes the first after ten.
    slots = chain.counter.get(f"{ticket}/appointment-slots", params={"place": "on_site", "minutes": 120}).json()
    wanted = (TOMORROW_9 + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert {"person": chain.wang, "bench": "bench-01"}.items() <= next(
        one for one in slots if one["starts_at"] == wanted
    ).items()
    body = {"starts_at": wanted, "minutes": 120, "place": "on_site"}
    refused = chain.counter.post(f"{ticket}/appointments", json=body)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["#/address"]
    booked = chain.counter.post(f"{ticket}/appointments", json={**body, "address": "漕溪北路 1 号"})
    appointment = booked.headers["location"]
    chain.counter.post(f"{appointment}/confirmation").raise_for_status()
    assert chain.sees(ticket)["state"] == "scheduled"
    # He asks for the afternoon instead.
    later = {"starts_at": (TOMORROW_9 + timedelta(hours=4)).isoformat()}
    tag = chain.counter.get(appointment).headers["etag"]
    chain.counter.patch(appointment, json=later, headers={"If-Match": tag}).raise_for_status()
    chain.time_of_appointments_comes()
    chain.counter.post(f"{appointment}/outcome", json={"outcome": "kept"}).raise_for_status()
    # The serial number is read from the gateway's label there, once.
    chain.counter.patch(f"{ticket}/intake", json={"device": {"serial": "SN-7"}}).raise_for_status()
    other = chain.counter.patch(f"{ticket}/intake", json={"device": {"serial": "SN-8"}})
    assert other.json()["type"].endswith(":device-fixed")
    chain.does(chain.counter, ticket, "installed", result="in_order", report="12 个设备全部在线")
    # One device drops out while he looks; it is put right, and then he accepts.
    chain.does(chain.counter, ticket, "reject", reason="卧室灯离线")
    chain.does(chain.counter, ticket, "installed", result="in_order", report="重新配网后稳定")
    assert chain.does(chain.counter, ticket, "close")["state"] == "closed"
    assert chain.history(ticket) == [
        *("created", "appointment.requested", "appointment.confirm", "schedule", "appointment.move", "reschedule"),
        *("appointment.keep", "arrived", "amend", "installed", "reject", "installed", "close"),
    ]
