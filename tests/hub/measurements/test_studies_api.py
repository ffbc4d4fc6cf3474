"""Q7: what benches read of reference boxes, with operator, instrument and calibration, as charts and gauge R&R."""

from collections.abc import Sequence
from datetime import timedelta

import httpx
import pytest
from hub_bench import FakeBench
from sqlalchemy import update

from hub.core.clock import now
from hub.core.database import Database
from hub.fleet.models import Bench
from hub.fleet.schemas import InstrumentOut
from hub.measurements.ingest.reading import Batch
from hub.measurements.ingest.storing import Patience, store_batches
from hub.measurements.models import Run
from protocols.messages import records as r

pytestmark = pytest.mark.any_database
PLAN = r.PlanReference("bench-check", 1, "cd" * 32)
IDENTITY = "Keysight Technologies,34461A,MY53220001,A.02.17"
METER = r.InstrumentStatus("meter", "keysight-34461a", True, IDENTITY, None, "2026-01-15", "2027-01-15")
REPEATS = ("meter-2v5-a", "meter-2v5-b", "meter-2v5-c")


def bench_check(run: str, serial: str, operator: str, values: Sequence[float]) -> list[r.Body]:
    steps = [
        r.StepFinished(
            run, name, "main", 1, r.Outcome.PASSED, 0.1,
            (r.Measurement(name, value, "V", 1e-5, r.Limits(2.4997, 2.5003), instrument="meter"),),
        )
        for name, value in zip(REPEATS, values, strict=True)
    ]  # fmt: skip
    begun = r.RunStarted(run, PLAN, r.Device("RB-1", serial), operator=operator, instruments=(METER,))
    return [begun, *steps, r.RunFinished(run, r.Outcome.PASSED)]


@pytest.fixture
def checked(database: Database) -> None:
    """Ten daily checks of one box, and four of another, by two operators."""
    fake, bodies = FakeBench("bench-01", 0), []
    for day in range(10):
        off = 1e-5 * (day % 3 - 1)
        bodies += bench_check(f"a{day}", "RB1-0007", ("li", "wang")[day % 2], [2.5 + off, 2.50001, 2.49999])
    for day in range(4):
        bodies += bench_check(f"b{day}", "RB1-0008", ("li", "wang")[day % 2], [2.5002, 2.50021, 2.50019])
    with database.write() as session:
        store_batches(session, [Batch("bench-01", "a" * 32, tuple(map(fake.record, bodies)))], Patience())


def test_readings_become_charts_and_studies(checked: None, staff: httpx.Client) -> None:
    rows = staff.get("/api/v1/measurements", params={"serial": "RB1-0007", "name": REPEATS[0]}).json()["items"]
    assert {(row["operator"], row["plan"], row["instrument_identity"], row["calibration_due"]) for row in rows} == {
        (who, "bench-check", IDENTITY, "2027-01-15") for who in ("li", "wang")
    }
    sheet = staff.get("/api/v1/measurements.csv", params={"serial": "RB1-0007"}).text.splitlines()
    assert {"operator", "instrument_identity", "calibrated_on", "standard_uncertainty"} <= set(sheet[0].split(","))
    run = staff.get(f"/api/v1/runs/{rows[0]['run']}").json()
    assert [one["role"] for one in run["instruments"]] == ["meter"]

    names = [("name", name) for name in REPEATS]
    chart = staff.get(
        "/api/v1/control-charts", params=[*names, ("serial", "RB1-0007"), ("bench", "bench-01")]
    ).raise_for_status().json()  # fmt: skip
    assert (chart["readings_per_point"], chart["unit"], chart["in_control"]) == (3, "V", True)
    assert len(chart["location"]["points"]) == len(chart["subgroups"]) == 10
    assert chart["subgroups"][0]["operator"] == "li", "the oldest first"
    assert chart["location"]["low"] < chart["location"]["centre"] < chart["location"]["high"]

    study = staff.get("/api/v1/gauge-studies", params=[*names, ("model", "RB-1")]).raise_for_status().json()
    assert (study["parts"], study["appraisers"], study["trials"]) == (["RB1-0007", "RB1-0008"], ["li", "wang"], 6)
    assert study["part_variation"] == pytest.approx(0.0002 / 2**0.5, rel=0.05)
    assert study["percent_of_tolerance"] == pytest.approx(100 * 6 * study["gauge"] / 0.0006)


def test_a_stored_day_that_no_calendar_has_is_not_known(checked: None, database: Database, staff: httpx.Client) -> None:
    """It was taken once, before such days were refused at the door."""
    told = {"role": "meter", "profile": "keysight-34461a", "identity": None, "healthy": True, "fault": None}
    impossible = [{**told, "calibrated_on": "2026-02-31", "calibration_due": "2027-13-01"}]
    with database.write() as session:
        session.execute(update(Run).values(instruments=impossible))
        session.execute(update(Bench).values(instruments=impossible))
    chart = {"serial": "RB1-0007", "bench": "bench-01", "name": REPEATS[0]}
    for path, query in (("runs", {}), ("runs/R-000001", {}), ("measurements", {}), ("measurements.csv", {}),
                        ("control-charts", chart), ("benches", {}), ("benches/bench-01", {})):  # fmt: skip
        answer = staff.get(f"/api/v1/{path}", params=query)
        assert (answer.status_code, "2027-13" in answer.text) == (200, False), path
    assert staff.get("/api/v1/runs/R-000001").json()["instruments"][0]["calibration_due"] is None
    assert staff.get("/api/v1/benches/bench-01").json()["instruments"][0]["calibration"] == "unknown"


def test_what_cannot_be_computed_is_said(checked: None, staff: httpx.Client) -> None:
    few = {"name": REPEATS[0], "serial": "RB1-0008", "bench": "bench-01"}
    refused = staff.get("/api/v1/control-charts", params=few, headers={"Accept-Language": "zh-CN"})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:benchwright:problem:chart-not-possible")
    assert "现有 4 次" in refused.json()["detail"]
    one = {"name": REPEATS[0], "model": "RB-1", "appraiser": "bench"}
    refused = staff.get("/api/v1/gauge-studies", params=one)
    assert refused.status_code == 422
    assert "there are 2 parts and 1 appraisers" in refused.json()["detail"]


def test_the_hub_says_whose_calibration_no_longer_holds(database: Database, staff: httpx.Client) -> None:
    overdue = r.InstrumentStatus("scope", "rigol-ds1054z", True, None, None, "2020-01-15", "2021-01-15")
    never = r.InstrumentStatus("camera", "mlx90640", True)
    valid = r.InstrumentStatus("meter", "keysight-34461a", True, IDENTITY, None, "2026-01-15", "2126-01-15")
    record = FakeBench("bench-01", 0).record(r.InventoryChanged((valid, overdue, never)))
    flagged = r.Measurement("v", 3.3, "V", 1e-3, r.Limits(3, 4), verdict=r.Verdict.PASS, instrument="scope",
                            reason="the calibration of scope was due on 2021-01-15; have it calibrated")  # fmt: skip
    run = [r.RunStarted("r1", PLAN, r.Device("RB-1", "RB1-0007"), instruments=(overdue,)),
           r.StepFinished("r1", "v", "main", 1, r.Outcome.PASSED, 0.1, (flagged,))]  # fmt: skip
    fake = FakeBench("bench-01", 0)
    with database.write() as session:
        store_batches(session, [Batch("bench-01", "a" * 32, (record,))], Patience())
        store_batches(session, [Batch("bench-01", "b" * 32, tuple(map(fake.record, run)))], Patience())
    shown = staff.get("/api/v1/benches/bench-01").raise_for_status().json()["instruments"]
    assert {one["role"]: one["calibration"] for one in shown} == {
        "meter": "valid",
        "scope": "overdue",
        "camera": "unknown",
    }
    (row,) = staff.get("/api/v1/measurements", params={"name": "v"}).json()["items"]
    assert (row["calibration_due"], row["verdict"]) == ("2021-01-15", "pass")
    assert "was due on 2021-01-15" in row["reason"]


@pytest.mark.parametrize(
    ("on", "due", "standing"),
    [
        (-1, 0, "valid"),
        (0, 1, "valid"),
        (-9, -1, "overdue"),
        (1, 9, "future"),
        (1, None, "future"),
        (-1, None, "unknown"),
    ],
)
def test_whether_a_calibration_holds_today(on: int, due: int | None, standing: str) -> None:
    """Q7: one of a day to come is none, as the bench has it."""
    days = [None if n is None else (now().date() + timedelta(days=n)).isoformat() for n in (on, due)]
    told = {"role": "meter", "profile": "keysight-34461a", "identity": None, "healthy": True, "fault": None}
    shown = InstrumentOut.of({**told, "calibrated_on": days[0], "calibration_due": days[1]})
    assert shown.calibration == standing
