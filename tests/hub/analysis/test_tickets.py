"""Figures about tickets against a count that is done by hand, in Python, on the same tickets (T16)."""

import csv
import io
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from hub_running import MakeKey, RunningHub
from sqlalchemy import event

from hub.analysis.days import Segment, day_of, segments, week_of
from hub.core.database import Database
from hub.events import service as events
from hub.identity.actors import command_line_actor
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket

PATH = "/api/v1/analysis/tickets"
SHANGHAI = ZoneInfo("Asia/Shanghai")
SINCE = datetime(2026, 1, 1, tzinfo=SHANGHAI)
RANGE = {"since": SINCE.isoformat(), "until": datetime(2026, 4, 1, tzinfo=SHANGHAI).isoformat()}


@pytest.fixture
def quality(hub: RunningHub, make_key: MakeKey) -> Iterator[httpx.Client]:
    with hub.client(make_key("quality")) as client:
        yield client


@pytest.fixture
def tickets(database: Database) -> list[Ticket]:
    """Two hundred tickets of a quarter, a third of them closed, some answered."""
    chance, made = random.Random(7), []
    with database.write() as session:
        for number in range(200):
            at = SINCE + timedelta(minutes=chance.randrange(90 * 24 * 60))
            state = chance.choice([State.NEW, State.CLOSED, State.CLOSED, State.CANCELLED, State.DRAFT])
            over = state in {State.CLOSED, State.CANCELLED}
            ticket = Ticket(
                kind=chance.choice([Kind.REPAIR, Kind.CONSULTATION]).value,
                state=state.value,
                priority=5,
                model=chance.choice(["SP-100", "=DL-20"]),
                serial="",
                symptom="s",
                store=chance.choice(["north", "south", None]),
                fault=chance.choice(["no_power", None]),
                created_at=at,
                updated_at=at,
                closed_at=at + timedelta(hours=chance.randrange(1, 200)) if over else None,
            )
            session.add(ticket)
            session.flush()
            if number % 2:
                later = at + timedelta(minutes=30)
                for kind in ("ticket.taken", "ticket.answer"):
                    events.append(session, command_line_actor(), kind, ticket.record, {}, occurred_at=later)
            made.append(ticket)
    return made


def real(tickets: list[Ticket]) -> list[Ticket]:
    return [ticket for ticket in tickets if ticket.state != State.DRAFT]


def test_volume_over_time_and_store(quality: httpx.Client, tickets: list[Ticket]) -> None:
    """T16: by the month of the stores' wall clock."""
    found = quality.get(PATH, params={**RANGE, "by": ["month", "store"]}).raise_for_status().json()
    assert found["time_zone"] == "Asia/Shanghai"
    counted = Counter((f"{one.created_at.astimezone(SHANGHAI):%Y-%m}", one.store) for one in real(tickets))
    assert {(row["key"]["month"], row["key"]["store"]): row["created"] for row in found["rows"]} == counted
    assert found["total"]["created"] == len(real(tickets))


@pytest.mark.parametrize("by", ["day", "week"])
def test_days_and_weeks(quality: httpx.Client, tickets: list[Ticket], by: str) -> None:
    found = quality.get(PATH, params={**RANGE, "by": by}).raise_for_status().json()["rows"]
    days = [one.created_at.astimezone(SHANGHAI).date() for one in real(tickets)]
    counted = Counter(day.isoformat() if by == "day" else week_of(day) for day in days)
    assert {row["key"][by]: row["created"] for row in found} == counted
    assert [row["key"][by] for row in found] == sorted(counted)


def test_efficiency(quality: httpx.Client, tickets: list[Ticket]) -> None:
    """T16: how long until somebody responded and until it was closed."""
    total = quality.get(PATH, params={**RANGE, "kind": "repair"}).raise_for_status().json()["total"]
    mine = [one for one in real(tickets) if one.kind == Kind.REPAIR]
    hours = [
        (one.closed_at - one.created_at).total_seconds() / 3600
        for one in mine
        if one.state == State.CLOSED and one.closed_at
    ]
    assert total["closed"] == len(hours)
    assert total["hours_to_close"] == pytest.approx(sum(hours) / len(hours), abs=0.01)
    assert total["closed_within_24h"] == pytest.approx(sum(h <= 24 for h in hours) / len(hours), abs=1e-4)
    assert total["closed_within_72h"] == pytest.approx(sum(h <= 72 for h in hours) / len(hours), abs=1e-4)
    assert total["hours_to_response"] == 0.5
    assert total["responded"] == sum(number % 2 and one in mine for number, one in enumerate(tickets))
    assert total["created"] == total["open"] + total["closed"] + total["cancelled"]


def test_problem_types_by_model(quality: httpx.Client, tickets: list[Ticket]) -> None:
    """T16: and as CSV that no spreadsheet runs."""
    wanted = {**RANGE, "by": ["model", "fault"], "store": "north"}
    counted = Counter((one.model, one.fault) for one in real(tickets) if one.store == "north")
    found = quality.get(PATH, params=wanted).raise_for_status().json()["rows"]
    assert {(row["key"]["model"], row["key"]["fault"]): row["created"] for row in found} == counted
    answer = quality.get(f"{PATH}.csv", params=wanted).raise_for_status()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {(row["model"], row["fault"] or None): int(row["created"]) for row in rows} == {
        (f"'{model}" if model.startswith("=") else model, fault): count for (model, fault), count in counted.items()
    }


def test_as_many_statements_for_all_dimensions(quality: httpx.Client, hub: RunningHub, tickets: list[Ticket]) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine, counts = hub.app.state.database.engine, []
    quality.get(PATH, params=RANGE | {"by": "store"}).raise_for_status()  # reads the policies, which are then known
    for by in (["store"], ["day", "model", "fault"]):
        statements.clear()
        event.listen(engine, "before_cursor_execute", note)
        quality.get(PATH, params={**RANGE, "by": by}).raise_for_status()
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6


@pytest.mark.parametrize(
    ("wanted", "slug"),
    [
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "span-wrong"),
        ({"since": "2001-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "span-wrong"),
        ({"until": "0001-01-01T00:00:00Z"}, "invalid-request"),
        ({"by": ["day", "month"]}, "dimensions-wrong"),
        ({"by": ["store", "store"]}, "dimensions-wrong"),
        ({"by": "colour"}, "invalid-request"),
    ],
)
def test_mistakes_are_named(quality: httpx.Client, wanted: dict[str, object], slug: str) -> None:
    answer = quality.get(PATH, params=wanted)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, slug)


def test_days_of_a_place_that_changes_its_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    found = segments(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), berlin)
    assert found == [
        Segment(datetime(2026, 3, 29, 1, tzinfo=UTC), 3600),
        Segment(datetime(2026, 10, 25, 1, tzinfo=UTC), 7200),
        Segment(datetime(2026, 11, 1, tzinfo=UTC), 3600),
    ]
    assert len(segments(datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), SHANGHAI)) == 1
    assert day_of(20_454).isoformat() == "2026-01-01"
