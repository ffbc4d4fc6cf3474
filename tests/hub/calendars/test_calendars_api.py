"""Calendars over HTTP: versions that never change, and what a store manager sees of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from example_calendars import MALL, STORE, week
from hub_running import MakeKey, RunningHub

from hub.core.clock import now

pytestmark = pytest.mark.any_database

PATH = "/api/v1/calendars/xujiahui"


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def put(client: httpx.Client, number: int, document: dict[str, Any], **more: Any) -> httpx.Response:
    return client.put(f"{PATH}/versions/{number}", json={"document": document, **more})


def test_store_manager_sees_what_the_standard_calendar_means(staff: httpx.Client) -> None:
    shown = staff.get("/api/v1/calendars/standard").raise_for_status().json()
    assert (shown["version"], shown["document"]["time_zone"]) == (0, "Asia/Shanghai")
    this_year = now().year
    headers = {"Accept-Language": "zh-CN"}
    days = staff.get(f"/api/v1/calendars/standard/days?first={this_year}-10-01&count=3", headers=headers).json()["days"]
    assert [(one["kind"], one["hours"], one["reason"]) for one in days] == [("public_holiday", [], "国庆节")] * 3


def test_year_that_nobody_knows_yet_is_told_in_words(staff: httpx.Client) -> None:
    year = now().year + 2
    found = staff.get(f"/api/v1/calendars/standard/days?first={year}-01-01&count=366").raise_for_status().json()
    assert f"make-up working days for {year} (CN) was not yet known" in found["doubts"][0]


def test_new_version_is_put_once_and_never_changed(admin: httpx.Client) -> None:
    first = put(admin, 1, STORE)
    assert (first.status_code, first.json()["document"]["opening_hours"]["monday"]) == (
        201,
        ["09:00-12:00", "13:00-18:00"],
    )
    again = put(admin, 1, STORE)
    assert (again.status_code, again.json()) == (200, first.json())
    other = put(admin, 1, MALL)
    assert (other.status_code, other.json()["type"]) == (409, "urn:benchwright:problem:version-taken")
    assert "put version 2" in other.json()["detail"]
    assert put(admin, 3, MALL).json()["detail"] == "The next version of xujiahui is 2, not 3."
    assert put(admin, 2, MALL).status_code == 201
    listed = admin.get(f"{PATH}/versions").json()["items"]
    assert [one["version"] for one in listed] == [2, 1]
    assert admin.get(f"{PATH}/versions/1").json() == first.json()
    assert admin.get("/api/v1/calendars").json() == ["standard", "xujiahui"]


def test_new_hours_hold_from_their_first_day_on(admin: httpx.Client) -> None:
    plain = {"time_zone": "Asia/Shanghai", "opening_hours": week(["09:00-17:00"], ["09:00-17:00"], ["09:00-17:00"])}
    late = {**plain, "opening_hours": week(["12:00-20:00"], ["12:00-20:00"], ["12:00-20:00"])}
    put(admin, 1, plain).raise_for_status()
    put(admin, 2, late, valid_from=day(30)).raise_for_status()
    hours = [one["hours"] for one in admin.get(f"{PATH}/days?first={day(28)}&count=4").json()["days"]]
    assert hours == [["09:00-17:00"], ["09:00-17:00"], ["12:00-20:00"], ["12:00-20:00"]]
    assert admin.get(PATH).json()["version"] == 1
    put(admin, 3, plain, valid_from=day(20)).raise_for_status()
    hours = [one["hours"] for one in admin.get(f"{PATH}/days?first={day(28)}&count=4").json()["days"]]
    assert hours == [["09:00-17:00"]] * 4, "a new version takes the place of what was planned after it"


def test_past_is_not_rewritten_and_the_time_zone_stays(admin: httpx.Client) -> None:
    early = put(admin, 1, STORE, valid_from=day(-3))
    assert (early.status_code, early.json()["type"]) == (422, "urn:benchwright:problem:valid-too-early")
    put(admin, 1, STORE).raise_for_status()
    moved = put(admin, 2, {**STORE, "time_zone": "Europe/Berlin", "public_holidays": None})
    assert (moved.status_code, moved.json()["type"]) == (422, "urn:benchwright:problem:other-time-zone")


def test_mistakes_are_named_with_their_place_in_both_languages(admin: httpx.Client) -> None:
    document = {**STORE, "opening_hours": week(["9-12"])}
    body = {"document": document}
    chinese = admin.put(f"{PATH}/versions/1", json=body, headers={"Accept-Language": "zh-CN"}).json()["errors"][0]
    assert chinese == {
        "pointer": "#/document/opening_hours/monday/0",
        "detail": "营业时间请写成 09:00-12:00，须在同一天内（最晚 24:00），而不是 '9-12'",
    }
    english = admin.put(f"{PATH}/versions/1", json=body).json()["errors"][0]
    assert english["detail"].startswith("write opening hours like 09:00-12:00")
    unknown = put(admin, 1, {**STORE, "public_holidays": {"country": "DE", "subdivision": "ZZ"}})
    assert (unknown.status_code, unknown.json()["detail"][:44]) == (422, "The public holidays of DE-ZZ are not known; ")


def test_only_who_may_write_policies_puts_a_version(hub: RunningHub, make_key: MakeKey, staff: httpx.Client) -> None:
    assert put(staff, 1, STORE).status_code == 403
    assert staff.get(PATH).status_code == 404
    assert staff.get(f"{PATH}/versions/1").status_code == 404
    assert staff.get(f"{PATH}/days?first=2026-01-01").status_code == 404
    with hub.client(make_key("bench", bench="bench-01")) as bench:
        assert bench.get("/api/v1/calendars/standard").status_code == 403


def test_adding_a_version_leaves_an_event(admin: httpx.Client, hub: RunningHub) -> None:
    from hub.events.models import Event

    put(admin, 1, STORE).raise_for_status()
    with hub.app.state.database.read() as session:
        event = session.query(Event).order_by(Event.id.desc()).first()
    assert (event.kind, event.record_id, event.payload["version"]) == ("policy.version_added", "calendar/xujiahui", 1)
