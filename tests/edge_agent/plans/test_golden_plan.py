"""Golden units end to end: shipped masks pass a good unit that they never saw, and fail units that only look good.

``scripts/golden_masks.py`` learned them from sixty units; the campaign runs every fault.
"""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from product_runs import run_on

from drivers.simulated.bench import SimulatedBench
from drivers.simulated.device import Device
from drivers.simulated.mcu import StageMode
from drivers.simulated.products import known_product
from drivers.simulated.tolerances import unit
from edge_agent.analysis.features import MaskKind
from edge_agent.plans.golden import golden_uses
from edge_agent.plans.load import find_plan, load_plan
from protocols.messages.records import Measurement, Outcome, RunFinished

PRODUCT = known_product("camera-supply")
UNSEEN = 501
"""Number of a unit that no mask was learned from."""


def ran(
    fault: str, folder: Path, number: int = UNSEEN, slow_s: float = 0.0
) -> tuple[RunFinished, dict[str, Measurement]]:
    """Run the plan on a device with a fault, on a machine that takes ``slow_s`` longer for each step."""
    folder.mkdir()
    modes: dict[str, StageMode] = {}
    with SimulatedBench([fault] if fault else [], product=unit(PRODUCT, number)) as bench:

        def before(step: str) -> None:
            modes[step] = bench.device.state.mode
            bench.device.skip(slow_s)

        finished, steps = run_on(bench, load_plan(find_plan("cs12-golden")), folder, before=before)
    if fault != "corrupted_firmware":
        assert modes.get("ripple", StageMode.ON) is StageMode.ON, "the spectrum is that of a steady output"
    return finished, {one.name: one for step in steps for one in step.measurements}


def test_a_good_unit_passes_and_faulty_ones_fail_where_they_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Device.command

    def slow(device: Device, line: str) -> None:
        time.sleep(0.5 if line == "output on" else 0.0)
        take(device, line)

    monkeypatch.setattr(Device, "command", slow)
    uses = {use.step.id: use.kind for use in golden_uses(load_plan(find_plan("cs12-golden")).plan)}
    assert set(uses.values()) == {MaskKind.VI, MaskKind.SPECTRUM, MaskKind.WAVEFORM, MaskKind.HEAT}
    with ThreadPoolExecutor(4) as pool:
        late = pool.submit(ran, "", tmp_path / "late", slow_s=3.0)
        faults = ("", "worn_switch", "dried_capacitor")
        good, worn, dried = pool.map(lambda fault: ran(fault, tmp_path / (fault or "good")), faults)
    for passed in (good, late.result()):
        assert passed[0].outcome is Outcome.PASSED, {n: (m.value, m.reason) for n, m in passed[1].items()}
    for step in ("signature", "ripple-spectrum", "soft-start", "heat-map"):
        assert good[1][f"{step}-false-reject"].value == pytest.approx(0.1), "% asked for when it was learned"
        assert good[1][f"{step}-false-reject-bound"].value == pytest.approx(100 * (1 - 0.05 ** (1 / 60)), abs=5)
    assert worn[0].outcome is dried[0].outcome is Outcome.FAILED
    assert worn[0].suspects[0].cause == "worn_switch"
    assert dried[0].suspects[0].cause == "dried_capacitor"
    assert {name for name, one in worn[1].items() if one.value is False} == {"soft-start", "heat-map"} | {
        "current-limited"
    }
    assert str(worn[1]["heat-map-place"].value).startswith("row 1"), "Q1 is in row 12"


def test_a_frequency_response_shows_the_treble_that_a_single_tone_does_not(tmp_path: Path) -> None:
    plan = load_plan(find_plan("ss50-golden"))
    assert [use.kind for use in golden_uses(plan.plan)] == [MaskKind.RESPONSE]
    speaker, found = known_product("speaker"), {}
    assert speaker.faults_found_by("golden") == ("dull_treble",)

    def before(step: str) -> None:
        if step == "silence":
            time.sleep(0.3)  # a busy machine: the answer to the command before is out by now

    for fault in ("", "dull_treble"):
        (tmp_path / (fault or "good")).mkdir()
        with SimulatedBench([fault] if fault else [], product=unit(speaker, UNSEEN)) as bench:
            finished, steps = run_on(bench, plan, tmp_path / (fault or "good"), before=before)
        found[fault] = finished, {one.name: one.value for step in steps for one in step.measurements}
    (good, _), (dull, said) = found[""], found["dull_treble"]
    assert good.outcome is Outcome.PASSED
    assert dull.outcome is Outcome.FAILED
    assert dull.suspects[0].cause == "dull_treble"
    assert said["response"] is False
    assert isinstance(said["gain-middle"], float)
    assert said["gain-middle"] == pytest.approx(20 * math.log10(3.0), abs=0.5), "1 kHz is as loud as ever"
    assert str(said["response-place"]).endswith(" kHz")


@pytest.mark.campaign
def test_every_fault_is_found_and_suspected_first(tmp_path: Path) -> None:
    faults = ["", *PRODUCT.faults]
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(lambda n: ran(faults[n], tmp_path / str(n), UNSEEN + n), range(len(faults))))
    for fault, (finished, _) in zip(faults, found, strict=True):
        assert (finished.outcome is Outcome.PASSED) == (not fault), fault
        if fault:
            assert finished.suspects[0].cause == fault
