"""The runs that ended on a bench can be looked at afterwards: bounded, also damaged, and never at the run's cost."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.local_api.views import RunState
from edge_agent.run_history import HistoryError, RunHistory
from edge_agent.run_view import RunView
from protocols.messages.records import (
    CaptureTaken,
    Device,
    Limits,
    Measurement,
    Outcome,
    PlanReference,
    RunFinished,
    RunStarted,
    StepFinished,
    Suspect,
    Verdict,
)

BEGAN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PLAN = PlanReference("rails", 1, "0" * 64)
SUSPECT = Suspect(
    "leaky_ldo", {"en": "Leaky regulator", "zh-CN": "稳压器漏电"}, ({"en": "3.3 V is low", "zh-CN": "偏低"},)
)


def ended(name: str, *, ticket: str | None = None, serial: str = "S1", note: str = "") -> tuple[RunState, RunFinished]:
    """Return a run that failed, and its end."""
    rail = Measurement("rail", 3.05, "V", 0.01, Limits(3.2, 3.4), verdict=Verdict.FAIL)
    view = RunView(RunStarted(name, PLAN, Device("SP-100", serial), ticket, "li"), BEGAN)
    again = Measurement("lamp", True, verdict=Verdict.PASS)
    view.journalled(StepFinished(name, "lamp", "main", 1, Outcome.FAILED, 1.0, (Measurement("lamp", None),)), BEGAN)
    view.journalled(StepFinished(name, "lamp", "main", 2, Outcome.PASSED, 1.0, (again,), detail=note or None), BEGAN)
    view.journalled(StepFinished(name, "rail", "main", 1, Outcome.FAILED, 1.0, (rail,), {"en": "Rail"}), BEGAN)
    for number in (1, 2):
        view.journalled(CaptureTaken(name, "rail", f"{number}.npz", str(number) * 64, 10, "application/x-npz"), BEGAN)
    return view.state(running=False), RunFinished(name, Outcome.FAILED, (SUSPECT,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "runs.db"


def test_all_of_a_run_comes_back_after_a_restart(path: Path) -> None:
    state, finished = ended("b:1", ticket="T-1")
    history = RunHistory(path)
    history.keep(state, finished, BEGAN + timedelta(minutes=3))
    history.close()
    assert path.stat().st_mode & 0o777 == 0o600
    history = RunHistory(path)
    found = history.state("b:1")
    assert found is not None
    assert (found.status, found.outcome, found.suspects) == ("finished", Outcome.FAILED, (SUSPECT,))
    assert (found.steps, found.captures, found.started_at) == (state.steps, state.captures, BEGAN)
    assert (found.ticket, found.operator, found.device.serial) == ("T-1", "li", "S1")
    (line,) = history.summaries()
    assert (line.run, line.failing, line.suspect) == ("b:1", ("rail",), SUSPECT)
    assert line.ended_at == BEGAN + timedelta(minutes=3)
    assert history.state("b:2") is None
    history.close()


def test_runs_of_a_ticket_or_device_the_newest_first(path: Path) -> None:
    history = RunHistory(path)
    for name, ticket, serial in (("b:1", "T-1", "S1"), ("b:2", None, "S1"), ("b:3", "T-2", "S2"), ("b:4", "T-1", "S1")):
        history.keep(*ended(name, ticket=ticket, serial=serial))
    history.keep(*ended("b:2", serial="S1"))  # ended once more after a kill: once in the list, the newest
    names = lambda **of: [one.run for one in history.summaries(**of)]  # noqa: E731
    assert names() == ["b:2", "b:4", "b:3", "b:1"]
    assert names(ticket="T-1") == ["b:4", "b:1"]
    assert names(serial="S1", limit=2) == ["b:2", "b:4"]
    assert history.newest() == "b:2"
    history.close()


def test_a_device_is_found_however_its_serial_number_is_typed_and_also_without_a_form(path: Path) -> None:
    history = RunHistory(path)
    history.keep(*ended("b:1", serial="ａ 1"))
    history.keep(*ended("b:2", serial="\u200b"))
    for typed, found in (("A1", "b:1"), ("a1 ", "b:1"), ("\u200b", "b:2")):
        assert [one.run for one in history.summaries(serial=typed)] == [found]
    history.close()


def test_a_file_of_an_older_version_is_brought_up_once(path: Path) -> None:
    history = RunHistory(path)
    history.keep(*ended("b:1", serial="A1"))
    history._db.execute("UPDATE run SET serial = 'a 1'")
    history._db.execute("PRAGMA user_version = 0")  # as it was before serial numbers had one form
    history.close()
    for spelt, found in (("A1", ["b:1"]), ("a 1", [])):  # the second start leaves what it finds
        history = RunHistory(path)
        assert [one.run for one in history.summaries(serial="A1")] == found
        assert history._db.execute("SELECT serial FROM run").fetchall() == [(spelt,)]
        history._db.execute("UPDATE run SET serial = 'a 1'")
        history.close()


@pytest.mark.parametrize(("bounds", "left"), [({"max_runs": 3}, ["b:9", "b:8", "b:7"]), ({"max_bytes": 1}, ["b:9"])])
def test_the_oldest_make_room(path: Path, bounds: dict[str, int], left: list[str]) -> None:
    history = RunHistory(path, **bounds)
    for number in range(10):
        history.keep(*ended(f"b:{number}"))
    assert [one.run for one in history.summaries()] == left
    history.close()


def test_a_damaged_file_is_begun_anew(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    history = RunHistory(path)
    assert history.summaries() == ()
    history.keep(*ended("b:1"))
    assert history.newest() == "b:1"
    history.close()
    with pytest.raises(HistoryError, match=r"cannot be used .*: check its disk"):
        history.newest()


def _spoil(path: Path) -> None:
    """Overwrite all pages but the first one."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize("killed", [True, False])
def test_damaged_pages_are_found_and_mended_at_opening_after_a_kill_and_otherwise_by_the_first_call(
    path: Path, caplog: pytest.LogCaptureFixture, killed: bool
) -> None:
    history = RunHistory(path)
    history.keep(*ended("b:1"))
    log = path.with_name(path.name + "-wal")
    history.close()
    assert not log.exists()
    _spoil(path)
    if killed:
        log.touch()
    history = RunHistory(path)
    assert ("is damaged" in caplog.text) is killed
    assert history.summaries() == ()
    assert "is damaged" in caplog.text
    history.keep(*ended("b:2"))
    assert history.newest() == "b:2"
    history.close()


@pytest.mark.parametrize("reads", [True, False])
def test_pages_that_are_damaged_in_use_are_mended_by_the_next_call(path: Path, reads: bool) -> None:
    history = RunHistory(path)
    history.keep(*ended("b:1"))
    history._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    history._db.execute("PRAGMA cache_size = 0")
    history._db.execute("PRAGMA shrink_memory")
    _spoil(path)
    if reads:
        assert history.summaries() == ()
    history.keep(*ended("b:2"))
    assert [one.run for one in history.summaries()] == ["b:2"]
    history.close()


def test_a_place_that_cannot_be_written_is_named_and_does_not_stop_the_bench(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "runs.db").mkdir()
    history = RunHistory(tmp_path / "runs.db")
    assert "runs.db cannot be opened (unable to open database file): check owner and mode" in caplog.text
    history.keep(*ended("b:1"))
    assert history.newest() == "b:1"
    history.close()


def test_another_program_that_holds_the_file_is_told(path: Path) -> None:
    history = RunHistory(path)
    history._db.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HistoryError, match=r"is held by another program .*: end that one"):
        history.keep(*ended("b:1"))
    other.close()
    history.keep(*ended("b:1"))
    history.close()
