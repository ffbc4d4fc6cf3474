"""Questions about measured data (D5), commands to benches, and the API's own description."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from desk_roster import REPAIR, Roster
from hub_bench import DEVICE, FakeBench, finished, started, step
from hub_running import MakeKey, RunningHub
from sqlalchemy import event

from hub.core.database import Database
from hub.measurements.ingest.reading import Batch
from hub.measurements.ingest.storing import Patience, store_batches
from protocols.messages import codec, control
from protocols.messages import records as r

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def measured(database: Database) -> None:
    """Two devices on two benches, three runs, thirty steps."""
    other = r.Device("SP-200", "=SN-2")
    text = r.Measurement("banner", "=1+1", verdict=r.Verdict.FAIL, expected="boot ok")
    truth = r.Measurement("led", True, verdict=r.Verdict.PASS, expected=True)
    nothing = r.Measurement("ripple", None, "V", reason="the record is too short")
    facts = r.StepFinished("run-3", "boot", "main", 1, r.Outcome.FAILED, 1.5, (text, truth, nothing))
    bodies = {
        "bench-01": [
            started("run-1"),
            *(step("run-1", attempt=n, value=3.2 + n / 100) for n in range(1, 15)),
            finished("run-1", r.Outcome.FAILED),
            started("run-2", ticket="T-000001"),
            *(step("run-2", "rail-5v", attempt=n) for n in range(1, 15)),
            finished("run-2"),
        ],
        "bench-02": [started("run-3", device=other), facts],
    }
    for bench, listed in bodies.items():
        fake = FakeBench(bench, 0)
        records = tuple(fake.record(body) for body in listed)
        with database.write() as session:
            store_batches(session, [Batch(bench, "a" * 32, records)], Patience())


def names(client: httpx.Client, path: str, member: str, **parameters: object) -> list[object]:
    items = client.get(f"/api/v1/{path}", params=parameters).raise_for_status().json()["items"]  # type: ignore[arg-type]
    return [item[member] for item in items]


@pytest.mark.usefixtures("measured")
class TestQueries:
    def test_runs_are_found_by_what_they_are_about(self, staff: httpx.Client) -> None:
        assert names(staff, "runs", "key") == ["run-3", "run-2", "run-1"]
        assert names(staff, "runs", "key", serial=f" {DEVICE.serial.lower()}") == ["run-2", "run-1"]
        assert names(staff, "runs", "key", model="SP-200") == ["run-3"]
        assert names(staff, "runs", "key", ticket="T-000001") == ["run-2"]
        assert names(staff, "runs", "key", outcome="failed") == ["run-1"]
        assert names(staff, "runs", "key", bench="bench-02") == ["run-3"]
        assert names(staff, "runs", "key", plan="sp-100-repair", until="2020-01-01T00:00:00Z") == []

    def test_steps_are_found(self, staff: httpx.Client) -> None:
        assert names(staff, "steps", "attempt", step="rail-5v", limit=3) == [14, 13, 12]
        assert names(staff, "steps", "step", outcome="failed") == ["boot"]
        assert len(names(staff, "steps", "step", run="R-000001")) == 14
        assert names(staff, "steps", "step", run="nonsense") == []

    def test_measurements_are_found_page_by_page(self, staff: httpx.Client) -> None:
        seen: list[float] = []
        parameters: dict[str, str | int] = {"serial": "SN-1", "step": "rail-3v3", "name": "v_3v3", "limit": 5}
        while True:
            page = staff.get("/api/v1/measurements", params=parameters).raise_for_status().json()
            seen += [item["value"] for item in page["items"]]
            if page["next"] is None:
                break
            parameters["cursor"] = page["next"]
        assert seen == pytest.approx([3.2 + n / 100 for n in range(14, 0, -1)])

    def test_values_of_every_type_keep_it(self, staff: httpx.Client) -> None:
        items = staff.get("/api/v1/measurements", params={"serial": "=SN-2"}).json()["items"]
        assert [(item["name"], item["value"], item["expected"], item["verdict"]) for item in items] == [
            ("ripple", None, None, "none"),
            ("led", True, True, "pass"),
            ("banner", "=1+1", "boot ok", "fail"),
        ]
        assert items[0]["reason"] == "the record is too short"
        assert names(staff, "measurements", "name", verdict="fail") == ["banner"]

    def test_csv_has_the_same_rows_and_no_formula(self, staff: httpx.Client) -> None:
        first = staff.get("/api/v1/measurements.csv", params={"limit": 20, "bench": "bench-01"}).raise_for_status()
        assert first.headers["content-type"] == "text/csv; charset=utf-8"
        following = staff.get(first.links["next"]["url"]).raise_for_status()
        rows = [row for part in (first, following) for row in csv.DictReader(io.StringIO(part.text))]
        assert len(rows) == 28
        assert "next" not in following.links
        assert rows[-1]["value"] == "3.21" and rows[-1]["unit"] == "V" and rows[-1]["serial"] == "SN-1"
        hostile = staff.get("/api/v1/measurements.csv", params={"bench": "bench-02"}).text
        assert "'=1+1" in hostile and "'=SN-2" in hostile

    def test_a_run_shows_everything(self, staff: httpx.Client) -> None:
        run = staff.get("/api/v1/runs/R-000001").raise_for_status().json()
        assert (run["plan"]["version"], run["operator"], run["outcome"]) == (3, "韩梅梅", "failed")
        assert [one["attempt"] for one in run["steps"]] == list(range(1, 15))
        assert run["steps"][0]["title"] == {"en": "3.3 V rail", "zh-CN": "3.3 V 电源"}

    def test_the_number_of_queries_does_not_grow_with_the_rows(self, hub: RunningHub, staff: httpx.Client) -> None:
        most = {
            "/api/v1/runs": 2,
            "/api/v1/steps?limit=200": 2,
            "/api/v1/measurements?limit=200": 2,
            "/api/v1/runs/R-000001": 5,
            "/api/v1/tickets": 2,
            "/api/v1/benches": 2,
            "/api/v1/benches/bench-01/spools": 5,
        }
        for path, count in most.items():
            with recorded_queries(hub.app.state.database) as queries:
                staff.get(path).raise_for_status()
            assert len(queries) <= count, (path, queries)


@pytest.mark.usefixtures("measured")
def test_measured_data_and_benches_keep_to_the_stores(
    hub: RunningHub, admin: httpx.Client, make_key: MakeKey, database: Database
) -> None:
    """S5: a run is of its ticket's store, one without a ticket of its bench's; what a bench makes up is nobody's."""
    roster = Roster(admin, database)
    roster.stores("north", "south")
    roster.bench("bench-01", "north")
    roster.bench("bench-02", "south")
    admin.post("/api/v1/tickets", json={**REPAIR, "store": "south"}).raise_for_status()
    fake = FakeBench("bench-01", 0)
    with database.write() as session:
        odd = tuple(fake.record(started(f"odd-{n}", ticket=t)) for n, t in enumerate(("T-00001x", "T-", "x" * 128)))
        store_batches(session, [Batch("bench-01", "b" * 32, odd)], Patience())
    sha = "0" * 64
    hidden = ("runs/R-000001", "benches/bench-01", "benches/bench-01/spools")
    with hub.client(make_key("technician", stores=["south"])) as south:
        assert names(south, "runs", "key") == ["run-3", "run-2"]
        assert set(names(south, "steps", "run")) == {"R-000002", "R-000003"}
        assert len(names(south, "measurements", "name", bench="bench-01", limit=200)) == 14
        assert names(south, "benches", "name") == ["bench-02"]
        assert south.get("/api/v1/runs/R-000002").status_code == 200
        assert [south.get(f"/api/v1/{path}").status_code for path in hidden] == [404] * 3
        command = {"action": {"type": "describe"}}
        assert south.post("/api/v1/benches/bench-01/commands", json=command).status_code == 404
        assert south.post("/api/v1/benches/bench-02/commands", json=command).status_code == 503
        assert south.get(f"/api/v1/captures/{sha}").status_code == 404
        assert south.get("/api/v1/measurements.csv", params={"run": "R-000001"}).text.count("\n") == 1
    with hub.client(make_key("technician", stores=["north"])) as north:
        assert names(north, "runs", "key") == ["run-1"]


@contextmanager
def recorded_queries(database: Database) -> Iterator[list[str]]:
    queries: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            queries.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield queries
    event.remove(database.engine, "before_cursor_execute", note)


class TestCommands:
    def test_a_bench_answers(self, connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench) -> None:
        make_key("bench", bench="bench-01")
        bench.answer_with = lambda _: codec.encode(control.Reply("bench-01", True, data={"spool": {"waiting": 0}}))
        with connected_hub.client(make_key("staff", name="Remote desk")) as staff:
            answer = staff.post("/api/v1/benches/bench-01/commands", json={"action": {"type": "watch", "seconds": 5}})
            assert answer.json() == {"ok": True, "detail": None, "data": {"spool": {"waiting": 0}}}
        command = bench.commands[0]
        assert (command.actor, command.role, command.action) == ("Remote desk", "staff", control.Watch(5))

    def test_silence_forgery_and_nonsense(self, connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench) -> None:
        make_key("bench", bench="bench-01")
        with connected_hub.client(make_key("staff")) as staff:

            def ask(bench_name: str = "bench-01") -> httpx.Response:
                body = {"action": {"type": "describe"}, "timeout_s": 0.4}
                return staff.post(f"/api/v1/benches/{bench_name}/commands", json=body)

            assert (ask().status_code, ask().json()["type"][-9:]) == (504, "no-answer")
            bench.answer_with = lambda _: codec.encode(control.Reply("bench-02", True))
            assert ask().status_code == 504
            bench.answer_with = lambda _: b"nonsense"
            assert ask().json()["ok"] is False
            assert ask("bench-99").status_code == 404
        with connected_hub.client(make_key("store_system")) as store:
            refused = store.post("/api/v1/benches/bench-01/commands", json={"action": {"type": "describe"}})
            assert refused.status_code == 403

    def test_without_a_broker_the_caller_is_told(self, staff: httpx.Client, make_key: MakeKey) -> None:
        make_key("bench", bench="bench-01")
        answer = staff.post("/api/v1/benches/bench-01/commands", json={"action": {"type": "describe"}})
        assert (answer.status_code, answer.json()["type"][-9:]) == (503, "no-broker")
