"""Knowledge at work: suggestions for a ticket, what they were asked for, and fixes that become drafts."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import labelled
import pytest
from hub_running import MakeKey, RunningHub
from sqlalchemy import update

from hub.core.clock import now
from hub.core.database import Database
from hub.events.service import verify_chain
from hub.fleet import service as fleet
from hub.jobs.job import ACTOR
from hub.knowledge import fixes, reviews
from hub.knowledge.models import Edition
from hub.measurements.models import Measurement, Run
from hub.tickets.models import Ticket
from hub.tickets.queries import row_number

TICKETS = "/api/v1/tickets"
NEW: dict[str, Any] = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "李雷说插上后没反应，电话 138 0000 0000",
    "fault": "no_power",
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
}
MakeTicket = Callable[..., str]


@pytest.fixture
def library(database: Database) -> dict[str, str]:
    with database.write() as session:
        fleet.register(session, "bench-01")
        return labelled.write_all(session)


@pytest.fixture
def repair(database: Database, staff: httpx.Client) -> Iterator[MakeTicket]:
    """Make a ticket with runs: each is the names that failed in it, the last is the retest."""

    def make(*runs: list[str], closed: bool = True, **changes: Any) -> str:
        number: str = staff.post(TICKETS, json={**NEW, **changes}).raise_for_status().json()["id"]
        names = sorted({name for failed in runs for name in failed})
        with database.write() as session:
            fleet.register(session, "bench-01")
            for index, failed in enumerate(runs):
                key, outcome = f"{number}-{index}", "failed" if failed else "passed"
                run = Run(bench="bench-01", key=key, ticket=number, serial="SN-1", outcome=outcome, started_at=now())
                session.add(run)
                session.flush()
                for name in names:
                    session.add(_measured(run.id, name, "fail" if name in failed else "pass"))
                session.add(_measured(run.id, "firmware-version", "pass", text="1.4.2"))
        if closed:
            close(database, number)
        return number

    yield make
    with database.read() as session:
        assert verify_chain(session).broken_at is None


def close(database: Database, ticket: str) -> None:
    with database.write() as session:
        row = session.get_one(Ticket, row_number("T", ticket))
        row.state, row.closed_at = "closed", now()


def _measured(run: int, name: str, verdict: str, text: str | None = None) -> Measurement:
    return Measurement(
        run_id=run, spool_id=1, seq=1, step="s", attempt=1, at=now(), name=name, text=text, unit="", rule="simple",
        verdict=verdict,
    )  # fmt: skip


def test_suggestions_from_symptom_measurements_and_fault(
    staff: httpx.Client, library: dict[str, str], repair: MakeTicket
) -> None:
    """K1: what failed in the newest run counts, what it read of the firmware too, and each thing found says why."""
    ticket = repair(["crystal-hz"], ["rail-3v3"], closed=False)
    found = staff.get(f"{TICKETS}/{ticket}/suggestions").raise_for_status().json()
    assert (found["failing"], found["firmware"]) == (["rail-3v3"], "1.4.2")
    first = found["items"][0]
    assert first["article"] == library["plug_dead"]
    assert {one["what"] for one in first["because"]} == {"measurement", "fault", "model", "words"}
    assert staff.get(f"{TICKETS}/T-000099/suggestions").status_code == 404


def test_what_was_suggested_is_counted_once_a_ticket(
    staff: httpx.Client, library: dict[str, str], repair: MakeTicket
) -> None:
    ticket = repair(["rail-3v3"], closed=False)
    for _ in range(2):
        staff.get(f"{TICKETS}/{ticket}/suggestions", params={"limit": 1}).raise_for_status()
    shown = staff.get(f"/api/v1/knowledge/articles/{library['plug_dead']}").json()["editions"][0]
    assert shown["uses"] == {"shown": 1, "helpful": 0, "not_helpful": 0}


def test_what_is_asked_most_is_reviewed_first(
    staff: httpx.Client, database: Database, library: dict[str, str], repair: MakeTicket
) -> None:
    """K2: monthly; what was confirmed within the month is not due, and faults without an article are named."""
    for _ in range(2):
        ticket = repair(["rail-3v3"], closed=False)
        staff.get(f"{TICKETS}/{ticket}/suggestions", params={"limit": 1}).raise_for_status()
    repair(closed=False, fault="housing_damage")
    repair(closed=False, fault="no_power", device={"model": "sp-100", "serial": "SN-77"})
    with database.write() as session:
        session.execute(update(Edition).values(reviewed_at=datetime(2026, 1, 31, tzinfo=UTC)))
    queue = staff.get("/api/v1/knowledge/review-queue").raise_for_status().json()
    first, second = queue["items"][:2]
    assert (first["article"], first["uses"]["shown"], first["due"]) == (library["plug_dead"], 2, True)
    assert second["uses"]["shown"] == 0
    assert queue["gaps"] == [{"model": "SP-100", "fault": "housing_damage", "tickets": 1}]
    article = f"/api/v1/knowledge/articles/{library['plug_dead']}"
    staff.post(f"{article}/editions/1/actions", json={"action": "confirm"})
    with database.write() as session:
        session.execute(update(Edition).where(Edition.id == 1).values(reviewed_at=now()))
    assert staff.get("/api/v1/knowledge/review-queue").json()["items"][0]["due"] is False
    last_year = staff.get("/api/v1/knowledge/review-queue", params={"month": "2025-12"}).json()
    assert last_year["items"][0]["uses"]["shown"] == 0
    assert staff.get("/api/v1/knowledge/review-queue", params={"month": "2025-13"}).status_code == 422


def test_a_month_is_the_stores_month() -> None:
    since, until = reviews.span_of("2026-12", ZoneInfo("Asia/Shanghai"))
    assert since.astimezone(UTC) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert until - since == timedelta(days=31)


def test_a_verified_fix_becomes_a_draft(staff: httpx.Client, repair: MakeTicket, database: Database) -> None:
    """K4: what failed before and passes now, what was done, without the customer's name and number."""
    ticket = repair(["rail-3v3", "rail-5v"], ["rail-5v"], [], closed=False)
    note = {"action": "note", "note": "不是原因"}
    staff.post(f"{TICKETS}/{ticket}/actions", json=note).raise_for_status()
    agreed = {"limit_minor": 0, "how": "in_person", "said_by": "李雷"}
    staff.post(f"{TICKETS}/{ticket}/actions", json={"action": "preapprove", "details": agreed}).raise_for_status()
    staff.put(f"{TICKETS}/{ticket}/assignment", json={"bench": "bench-01"}).raise_for_status()
    for action, said in (("taken", None), ("finding", "F1 断路"), ("repaired", "更换 F1，告知李雷 138 0000 0000")):
        body: dict[str, Any] = {"action": action, "note": said}
        if action == "repaired":
            body = {"action": action, "details": {"work": said, "parts": ["F1-250mA"]}}
        staff.post(f"{TICKETS}/{ticket}/actions", json=body).raise_for_status()
    path = "/api/v1/knowledge/verified-fixes"
    refused = staff.post(path, json={"ticket": ticket, "product_line": "smart-plug"})
    assert refused.json()["type"].endswith("fix-not-verified")
    close(database, ticket)
    (candidate,) = staff.get(path).raise_for_status().json()
    assert (candidate["ticket"], candidate["fixed"]) == (ticket, ["rail-3v3", "rail-5v"])
    article = staff.post(path, json={"ticket": ticket, "product_line": "smart-plug"}).raise_for_status().json()
    (edition,) = article["editions"]
    assert (article["source_ticket"], edition["state"]) == (ticket, "draft")
    assert edition["describes"] == {"software": "firmware", "first": "1.4.2", "last": "1.4.2"}
    (text,) = edition["texts"]
    assert text["language"] == "zh-CN"
    assert (
        "F1 断路" in text["body"]
        and "更换 F1" in text["body"]
        and "F1-250mA" in text["body"]
        and "不是原因" not in text["body"]
    )
    assert "李雷" not in str(article) and "138" not in str(article)
    assert staff.get(path).json() == []
    again = staff.post(path, json={"ticket": ticket, "product_line": "smart-plug"})
    assert again.json()["type"].endswith("drafted-before")


def test_a_fix_told_in_odd_characters_becomes_a_draft(
    staff: httpx.Client, repair: MakeTicket, database: Database
) -> None:
    """K4: a tab between the words of a symptom, and characters that older rules took, are no failure of the hub."""
    tabbed = repair(["rail-3v3"], [], fault=None, symptom="没反应\t插上后\n指示灯不亮")
    older = repair(["rail-3v3"], [], fault=None, device={"model": "SP-100", "serial": "SN-2"})
    with database.write() as session:
        row = session.get_one(Ticket, row_number("T", older))
        row.symptom, row.model = "\u202e\x1b[31m\x0b", "SP\t100"
    path = "/api/v1/knowledge/verified-fixes"
    for ticket, title in ((tabbed, "SP-100：没反应 插上后"), (older, "SP 100: [31m")):
        made = staff.post(path, json={"ticket": ticket, "product_line": "smart-plug"})
        assert made.status_code == 201, made.text
        assert made.json()["editions"][0]["texts"][0]["title"] == title


def test_fixes_of_other_stores_are_not_there(
    admin: httpx.Client, hub: RunningHub, make_key: MakeKey, repair: MakeTicket
) -> None:
    """S5: what proves a fix is a ticket, and keeps to the ticket's store."""
    repair(["rail-3v3"], [])
    path = "/api/v1/knowledge/verified-fixes"
    assert len(admin.get(path).json()) == 1
    admin.post("/api/v1/stores", json={"code": "south", "name": "s"}).raise_for_status()
    with hub.client(make_key("technician", stores=["south"])) as south:
        assert south.get(path).json() == []


def test_what_proves_no_fix_is_no_candidate(staff: httpx.Client, repair: MakeTicket, database: Database) -> None:
    repair([], [])
    repair(["rail-3v3"])
    repair(["rail-3v3"], ["rail-3v3"])
    waived = repair(["rail-3v3"], [])
    with database.write() as session:
        session.get_one(Ticket, row_number("T", waived)).test_waived = True
    assert staff.get("/api/v1/knowledge/verified-fixes").json() == []
    refused = staff.post("/api/v1/knowledge/verified-fixes", json={"ticket": waived, "product_line": "x"})
    assert refused.json()["type"].endswith("fix-not-verified")


def test_new_fixes_are_drafted_daily_and_known_ones_are_not(
    database: Database, library: dict[str, str], repair: MakeTicket
) -> None:
    """K4: one draft for many repairs of the same."""
    repair(["rail-3v3"], [])
    repair(["led-v"], [], fault="function_degraded")
    repair(["led-v"], [], fault="function_degraded")
    with database.write() as session:
        (article,) = fixes.draft_new(session, ACTOR, limit=20)
        assert (article.product_line, article.fault) == ("smart-plug", "function_degraded")
        assert fixes.draft_new(session, ACTOR, limit=20) == []
