"""Preventive inspection 例行检查 (T1, M3, T11): due, reminded of, made, and planned anew."""

from datetime import UTC, datetime, timedelta

import pytest
from kinds_chain import Chain

from hub.customers.devices import due_inspections
from hub.papers import content
from hub.tickets.models import Ticket

pytestmark = pytest.mark.any_database


def test_a_device_is_inspected_every_year(chain: Chain) -> None:
    # A device that was bought a year ago is due next week; the job reminds of it once.
    bought = (datetime.now(UTC) - timedelta(days=358)).date()
    device = chain.counter.post(
        "/api/v1/devices",
        json={"model": "SP-100", "serial": "SN-1", "bought_on": bought.isoformat(), "inspect_every_days": 365},
    ).raise_for_status()
    with chain.database.write() as session:
        assert due_inspections(session, datetime.now(UTC)) == 1
    (due,) = chain.counter.get("/api/v1/devices/inspections-due").json()
    assert (due["state"], due["reminded"]) == ("coming", True)
    # Li Lei brings it; the hub knows the device and gives it to somebody who inspects.
    ticket = chain.takes_in("inspection", channel="web", device={"model": "SP-100", "serial": "SN-1"})
    assert chain.sees(ticket)["bench"] == "bench-01"
    chain.does(chain.technician, ticket, "taken")
    chain.does(chain.technician, ticket, "inspected", result="in_order", report="接触电阻、温升均正常")
    assert chain.does(chain.counter, ticket, "close")["state"] == "closed"
    # He takes a report home: its result, not an empty repair (T13).
    with chain.database.read() as session:
        row = session.get_one(Ticket, int(ticket.rpartition("-")[2]))
        paper = content.report(session, row, None, None, "zh-CN")
    assert (paper["title"], paper["headings"]["repair"]) == ("检查报告", "服务内容")
    assert paper["done"][1:] == [("结果", "正常"), ("情况说明", "接触电阻、温升均正常")]
    # The next inspection is in a year, and the device is Li Lei's now (M1).
    shown = chain.counter.get(device.headers["location"]).json()
    assert shown["inspection_due_on"] == (datetime.now(UTC).date() + timedelta(days=365)).isoformat()
    assert shown["customer"] == chain.sees(ticket)["customer"]
    assert chain.counter.get("/api/v1/devices/inspections-due").json() == []
