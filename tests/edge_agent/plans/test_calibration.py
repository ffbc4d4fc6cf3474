"""Q7: what an overdue, unknown or old calibration does to numbers, verdicts and runs."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from plan_texts import plan
from scripted_instrument import ScriptedInstrument

from edge_agent.analysis.result import Accuracy
from edge_agent.bench_config import BenchConfigError, InstrumentConfig, parse_bench_config
from edge_agent.calibration import Calibration, standing
from edge_agent.plans.actions.base import Captured, Result, Value
from edge_agent.plans.calibrated import grown
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.clock import SystemClock
from edge_agent.plans.ending import RunRefused
from edge_agent.plans.load import LoadedPlan
from edge_agent.plans.prompts import PromptDesk
from edge_agent.plans.runner import Runner
from edge_agent.rack import Rack, Timing
from edge_agent.spool import Spool
from protocols.messages import codec
from protocols.messages.records import Device, Measurement, Outcome, Record, RunStarted, StepFinished, Verdict
from protocols.quantity import Quantity

TODAY = date(2026, 7, 1)
READ = """
  - id: read
    title: {en: Read, zh-CN: 读数}
    action: multimeter.read
    role: meter
    with: {function: dc_voltage, range: 10 V}
    measure: [{name: volts, field: value, low: 3 V, high: 3.6 V}]
"""


class Noon(SystemClock):
    def utc(self) -> datetime:
        return datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)


Run = Callable[..., tuple[Outcome, Measurement]]


@pytest.fixture
def run(
    meter: ScriptedInstrument, spool: Spool, captures: FolderCaptureStore, plan_of: Callable[..., LoadedPlan]
) -> Run:
    def one(calibration: Calibration | None, rule: str = "flag", **options: float) -> tuple[Outcome, Measurement]:
        loaded = plan_of(plan(main=READ).replace("version: 1", f"version: 1\ncalibration: {rule}", 1))
        config = InstrumentConfig("keysight-34461a", meter.address, dict(options), calibration)
        with Rack({"meter": config}, timing=Timing(open_s=1.0, quiet_s=0.3, backoff_s=(0.05, 0.2))) as rack:
            assert rack.wait_connected(20)
            status = rack.status()[0]
            assert status.calibrated_on == ("" if calibration is None else str(calibration.on))
            runner = Runner(loaded, rack, spool, captures, PromptDesk(), clock=Noon())
            finished = runner.run(f"r{len(spool.pending(500, 10_000_000))}", Device(loaded.plan.model, "1"))
        bodies = [codec.decode(row.encoded, Record).body for row in spool.pending(500, 10_000_000)]
        started = [body for body in bodies if isinstance(body, RunStarted)][-1]
        (used,) = started.instruments  # the run says what it was measured with
        assert (used.role, used.identity) == ("meter", "Keysight Technologies,34461A,MY00000001,A.03.03")
        assert used.calibrated_on == ("" if calibration is None else str(calibration.on))
        steps = [body for body in bodies if isinstance(body, StepFinished)]
        return finished.outcome, steps[-1].measurements[0]

    return one


def test_a_valid_calibration_changes_nothing(run: Run) -> None:
    outcome, one = run(Calibration(on=date(2026, 1, 10)), "undecided")
    assert (outcome, one.verdict, one.reason) == (Outcome.PASSED, Verdict.PASS, None)


def test_an_overdue_calibration_is_told_with_the_value(run: Run) -> None:
    outcome, one = run(Calibration(on=date(2026, 1, 10), due=date(2026, 6, 30)))
    assert (outcome, one.verdict) == (Outcome.PASSED, Verdict.PASS)
    assert one.reason == "the calibration of meter was due on 2026-06-30; have it calibrated"


@pytest.mark.parametrize("calibration", [None, Calibration(on=date(2024, 1, 10))])
def test_it_takes_a_verdict_back_where_the_plan_says_so(run: Run, calibration: Calibration | None) -> None:
    outcome, one = run(calibration, "undecided")
    assert (outcome, one.verdict) == (Outcome.UNDECIDED, Verdict.UNDECIDED)
    assert one.value == pytest.approx(3.3)


@pytest.mark.parametrize(
    ("calibration", "words"),
    [
        (None, "not recorded; enter it in bench.toml"),
        (Calibration(on=date(2030, 1, 1)), "of 2030-01-01, a day to come"),
        (Calibration(on=date(2025, 1, 1)), "was due on 2026-01-01"),
    ],
)
def test_it_stops_the_run_where_the_plan_says_so(
    run: Run, spool: Spool, calibration: Calibration | None, words: str
) -> None:
    with pytest.raises(RunRefused, match=words):
        run(calibration, "block")
    assert not spool.pending(500, 10_000_000), "nothing is journalled of a run that was refused"


def test_uncertainty_grows_with_the_age_of_the_calibration_and_with_heat(run: Run) -> None:
    stated_v = (0.000035 * 3.3 + 0.000005 * 10) / 3**0.5
    fresh, old, hot = (
        run(calibration, **options)[1].standard_uncertainty or 0.0
        for calibration, options in (
            (Calibration(on=date(2026, 6, 1)), {}),
            (Calibration(on=date(2024, 7, 1)), {}),
            (Calibration(on=date(2026, 6, 1)), {"ambient_c": 38.0}),
        )
    )
    assert fresh == pytest.approx(stated_v, rel=1e-6)
    assert old == pytest.approx(2 * stated_v, rel=1e-3)
    assert hot == pytest.approx((0.000085 * 3.3 + 0.000015 * 10) / 3**0.5, rel=1e-6)


def test_an_old_calibration_widens_readings_and_what_analyses_are_told_of_scopes_and_cameras() -> None:
    accuracies = {"ch1": Accuracy(0.01, 0.02, 1e-6), "thermal": Accuracy(offset=1.0)}
    values: dict[str, Value] = {"value": Quantity(5.0, "V", 0.1), "bare": Quantity(5.0, "V"), "on": True}
    wide = grown(Result(values, Captured(accuracies=accuracies)), 2.0)
    assert wide.values == {"value": Quantity(5.0, "V", 0.2), "bare": Quantity(5.0, "V"), "on": True}
    assert wide.captured.accuracies == {"ch1": Accuracy(0.02, 0.04, 2e-6), "thermal": Accuracy(offset=2.0)}


def test_a_limit_never_shrinks_below_what_is_stated_and_the_last_day_counts() -> None:
    one = Calibration(on=date(2026, 1, 1))
    assert one.growth(date(2026, 1, 2)) == 1.0
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2027, 1, 1), date(2027, 1, 2))
    assert [standing(one, day) for day in days] == ["future", "valid", "valid", "overdue"]


def test_bench_toml_holds_the_record_and_the_bench_tells_its_meters_how_warm_it_is() -> None:
    text = b"""
[bench]
name = "b1"
ambient_c = 31.5
[instruments.meter]
profile = "keysight-34461a"
address = "TCPIP::192.0.2.1::5025::SOCKET"
[instruments.meter.calibration]
on = 2026-01-15
due = 2027-01-15
certificate = "K-2026-0042"
[instruments.console]
profile = "serial-console"
address = "serial:/dev/ttyUSB0"
"""
    config = parse_bench_config(text, "bench.toml")
    record = config.instruments["meter"].calibration
    assert record == Calibration(on=date(2026, 1, 15), due=date(2027, 1, 15), certificate="K-2026-0042")
    assert config.rack()["meter"].options == {"ambient_c": 31.5}
    assert config.rack()["console"].options == {}
    with pytest.raises(BenchConfigError, match=r"due .* is before on"):
        parse_bench_config(text.replace(b"2027-01-15", b"2025-01-15"), "bench.toml")
