"""D2, D6, D8: the SP-100 plans on the simulated bench pass a good device and find each of its eight faults.

Instruments are real drivers on sockets and pseudo-terminals; what a plan waits for the device to settle is skipped.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from product_runs import SkippingClock, Technician

from drivers.simulated.bench import SimulatedBench
from drivers.simulated.firmware import good_image
from drivers.simulated.products import sp100
from edge_agent.bench_config import InstrumentConfig
from edge_agent.firmware_profile import FOLDER_VARIABLE, checked_image, firmware_folder, load_firmware_profile
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.events import StepStarted
from edge_agent.plans.load import SHIPPED_PLANS, find_plan, load_plan
from edge_agent.plans.runner import Runner
from edge_agent.rack import Rack
from edge_agent.spool import Spool
from protocols.captures import read_capture
from protocols.messages import codec
from protocols.messages.records import CaptureTaken, Device, Measurement, Outcome, Record, RunFinished, StepFinished

AT_ONCE = 5
FAULTS = sp100.PRODUCT.faults_found_by("functional")


@dataclass(frozen=True)
class Ran:
    finished: RunFinished
    steps: list[StepFinished]
    captures: list[CaptureTaken]
    folder: Path

    @property
    def measurements(self) -> Mapping[str, Measurement]:
        return {one.name: one for step in self.steps for one in step.measurements}

    @property
    def outcomes(self) -> dict[str, Outcome]:
        return {step.step: step.outcome for step in self.steps}


def run_on(bench: SimulatedBench, folder: Path, plan: str) -> Ran:
    loaded = load_plan(find_plan(plan))
    config = {role: InstrumentConfig(*bench.instruments[role]) for role in loaded.plan.roles}
    with Rack(config) as rack, Spool(folder / f"{plan}.sqlite") as spool:
        assert rack.wait_connected(20), [one.fault for one in rack.status()]
        store = FolderCaptureStore(folder / "captures")
        runner = Runner(loaded, rack, spool, store, Technician(bench), clock=SkippingClock(bench))
        finished = runner.run("r1", Device("SP-100", "SP100-1"))
        bodies = [codec.decode(one.encoded, Record).body for one in spool.pending(500, 10_000_000)]
    steps = [body for body in bodies if isinstance(body, StepFinished)]
    captures = [body for body in bodies if isinstance(body, CaptureTaken)]
    return Ran(finished, steps, captures, folder / "captures")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """One functional test of a good device and of one with each fault."""

    def one(fault: str) -> Ran:
        folder = tmp_path_factory.mktemp(fault or "good")
        with SimulatedBench([fault] if fault else [], directory=folder / "bench") as bench:
            ran = run_on(bench, folder, "sp100-functional")
            assert not bench.device.state.feed.on, "teardown left the feed on"
            return ran

    tmp_path_factory.getbasetemp()  # made before the threads would make it all at once
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(["", *FAULTS], pool.map(one, ["", *FAULTS]), strict=True))


def test_a_good_device_passes(runs: dict[str, Ran]) -> None:
    ran = runs[""]
    assert ran.finished == RunFinished("r1", Outcome.PASSED)
    measured = ran.measurements
    assert measured["rail-3v3"].value == pytest.approx(3.2975, abs=0.002)
    assert measured["rail-5v"].value == pytest.approx(4.96, abs=0.03)
    assert measured["firmware-version"].value == "1.4.2"
    assert measured["crystal-frequency"].value == pytest.approx(8e6, rel=80e-6)
    judged = [one for one in measured.values() if one.limits is not None and one.verdict.value != "none"]
    assert len(judged) >= 12
    assert all(one.standard_uncertainty is not None and one.unit for one in judged)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_the_first_suspect(runs: dict[str, Ran], fault: str) -> None:
    ran = runs[fault]
    assert ran.finished.outcome is Outcome.FAILED
    first = ran.finished.suspects[0]
    assert first.cause == fault
    assert set(first.title) == set(first.remedy) == {"en", "zh-CN"}
    assert any("as this cause makes it" in words["en"] for words in first.evidence)


def test_a_short_circuit_stops_the_test_before_more_is_harmed(runs: dict[str, Ran]) -> None:
    assert list(runs["shorted_load"].outcomes) == ["feed", "power-on", "short", "short-heat", "power-off"]


def test_the_firmware_is_looked_at_only_when_it_is_suspected(runs: dict[str, Ran]) -> None:
    assert runs[""].outcomes["firmware-image"] is Outcome.SKIPPED
    assert runs["corrupted_firmware"].outcomes["chip"] is Outcome.PASSED
    assert runs["corrupted_firmware"].measurements["firmware-released"].value is False


def test_captures_are_files_that_other_programs_open_with_previews_in_the_records(runs: dict[str, Ran]) -> None:
    ran = runs["dried_capacitor"]
    taken = next(one for one in ran.captures if one.step == "ripple")
    content = (ran.folder / taken.sha256).read_bytes()
    assert len(content) == taken.size
    analog = read_capture(content, taken.name).analog
    assert [wave.name for wave in analog] == ["ch1", "ch2"]
    assert [one.name for one in taken.curves] == ["ch1", "ch2"]
    values = analog[1].values()
    assert min(taken.curves[1].minimum) == pytest.approx(values.min(), rel=1e-5)
    assert max(taken.curves[1].maximum) == pytest.approx(values.max(), rel=1e-5)
    assert {one.media_type for one in ran.captures} >= {"application/vnd.sigrok.session", "application/x-npz"}


def test_an_aborted_run_suspects_by_what_was_measured(tmp_path: Path) -> None:
    """D8: that somebody stopped the run in the boot log is no silent log, and so no sign of a dead processor."""
    with SimulatedBench(["leaky_ldo"], directory=tmp_path / "bench", pace=1.0) as bench:
        loaded = load_plan(find_plan("sp100-functional"))
        config = {role: InstrumentConfig(*bench.instruments[role]) for role in loaded.plan.roles}
        with Rack(config) as rack, Spool(tmp_path / "journal.sqlite") as spool:
            assert rack.wait_connected(20), [one.fault for one in rack.status()]

            def stop(event: object) -> None:
                if isinstance(event, StepStarted) and event.step == "boot-log":
                    runner.abort("seen enough")

            runner = Runner(
                loaded, rack, spool, FolderCaptureStore(tmp_path / "captures"), Technician(bench), on_event=stop
            )
            finished = runner.run("r1", Device("SP-100", "SP100-1"))
    assert finished.outcome is Outcome.ABORTED
    assert finished.suspects[0].cause == "leaky_ldo"
    assert "as this cause makes it" in finished.suspects[0].evidence[0]["en"]
    assert not any("no answer" in words["en"] for one in finished.suspects for words in one.evidence)


def test_elimination_needs_fewer_steps_than_the_whole_test(tmp_path: Path, runs: dict[str, Ran]) -> None:
    """D3: after the first failure, each step is the one that tells the suspects apart best; it ends when settled."""
    with SimulatedBench(["broken_sensor_bus"], directory=tmp_path / "bench") as bench:
        ran = run_on(bench, tmp_path, "sp100-diagnose")
    assert ran.finished.suspects[0].cause == "broken_sensor_bus"
    assert len(ran.steps) < 0.7 * len(runs["broken_sensor_bus"].steps)
    assert "power-off" in ran.outcomes
    assert any("chosen to tell" in (step.detail or "") and "用于区分" in (step.detail or "") for step in ran.steps)


def test_the_retest_does_not_hear_what_the_device_said_before_its_repair(tmp_path: Path) -> None:
    """D6: a console stays open between two runs, and a cold joint resets the device again and again meanwhile."""
    loaded = load_plan(find_plan("sp100-functional"))
    with SimulatedBench(["cold_joint"], directory=tmp_path / "bench") as bench:
        config = {role: InstrumentConfig(*bench.instruments[role]) for role in loaded.plan.roles}
        with Rack(config) as rack, Spool(tmp_path / "journal.sqlite") as spool:
            assert rack.wait_connected(20), [one.fault for one in rack.status()]

            def run(name: str) -> Outcome:
                store = FolderCaptureStore(tmp_path / "captures")
                runner = Runner(loaded, rack, spool, store, Technician(bench), clock=SkippingClock(bench))
                return runner.run(name, Device("SP-100", "SP100-1")).outcome

            assert run("r1") is Outcome.FAILED
            bench.device.repair_all()
            assert run("r2") is Outcome.PASSED


def test_corrupted_firmware_is_repaired_and_the_old_content_kept(tmp_path: Path) -> None:
    with SimulatedBench(["corrupted_firmware"], directory=tmp_path / "bench") as bench:
        before = bytes(bench.device.mcu_flash[:24576])
        ran = run_on(bench, tmp_path, "sp100-reflash")
        assert ran.finished.outcome is Outcome.PASSED
        assert bench.device.faults == frozenset()
        assert bytes(bench.device.mcu_flash[:24576]) == good_image()
        backup = next(one for one in ran.captures if one.name == "firmware-backup.bin")
        assert (ran.folder / backup.sha256).read_bytes() == before
        assert ran.measurements["new-firmware-version"].value == "1.4.2"


def test_a_wrong_chip_stops_the_reflash_before_harm(tmp_path: Path) -> None:
    with SimulatedBench(directory=tmp_path / "bench") as bench:
        bench.misbehave("mcu", "wrong_identity")
        before = bytes(bench.device.mcu_flash)
        ran = run_on(bench, tmp_path, "sp100-reflash")
        assert ran.finished.outcome in (Outcome.FAILED, Outcome.ERROR)
        assert "flash" not in ran.outcomes
        assert bytes(bench.device.mcu_flash) == before
        words = " ".join(step.detail or "" for step in ran.steps)
        assert "0x0440" in words


def test_a_wrong_image_stops_the_reflash_before_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "firmware"
    folder.mkdir()
    for file in firmware_folder().iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    image = folder / "sp100-1.4.2.bin"
    image.write_bytes(image.read_bytes()[:-1] + b"\0")
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    with SimulatedBench(directory=tmp_path / "bench") as bench:
        before = bytes(bench.device.mcu_flash)
        ran = run_on(bench, tmp_path, "sp100-reflash")
        assert ran.outcomes["flash"] is Outcome.ERROR
        assert "verify" not in ran.outcomes
        assert "is not the released firmware 1.4.2" in next(s.detail or "" for s in ran.steps if s.step == "flash")
        assert bytes(bench.device.mcu_flash) == before


def test_the_released_image_is_the_one_that_the_profile_names() -> None:
    profile = load_firmware_profile("sp100")
    assert checked_image(profile.image()).read_bytes() == good_image()


@pytest.mark.parametrize("path", sorted(SHIPPED_PLANS.glob("*.plan.yaml")), ids=lambda path: path.name)
def test_every_shipped_plan_is_right(path: Path) -> None:
    assert load_plan(path).plan.plan == path.name.removesuffix(".plan.yaml")
