"""D2, D3, D6, D7: every product's plan passes a good device and finds each of its faults, on real drivers.

The suite runs a good device and two faults of each product, drawn by the day's seed; ``make campaign`` runs them all.
"""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from product_runs import run_on

from drivers.simulated.bench import SimulatedBench
from drivers.simulated.products import PRODUCTS, Product, known_product
from edge_agent.plans.load import find_plan, load_plan, parse_plan
from protocols.messages.records import Outcome, RunFinished, StepFinished

AT_ONCE = 12
REPAIRED = tuple(product for product in PRODUCTS.values() if product.faults_found_by("functional"))
FURTHER = tuple(product for product in REPAIRED if product.key != "plug")
"""The plug has a file of its own (test_sp100)."""
SEED = 20260


@dataclass(frozen=True)
class Ran:
    product: Product
    fault: str
    finished: RunFinished
    steps: list[StepFinished]

    @property
    def not_passed(self) -> dict[str, str]:
        return {s.step: f"{s.outcome} {s.detail or ''}" for s in self.steps if s.outcome is not Outcome.PASSED}


def functional(product: Product, fault: str, folder: Path) -> Ran:
    with SimulatedBench([fault] if fault else [], directory=folder / "bench", product=product) as bench:
        return Ran(product, fault, *run_on(bench, load_plan(find_plan(f"{product.slug}-functional")), folder))


def run_all(jobs: Iterable[tuple[Product, str]], factory: pytest.TempPathFactory) -> list[Ran]:
    def one(job: tuple[Product, str]) -> Ran:
        return functional(*job, factory.mktemp(f"{job[0].key}-{job[1] or 'good'}"))

    factory.getbasetemp()  # made before the threads would make it all at once
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, jobs))


def check(runs: list[Ran]) -> None:
    for ran in runs:
        name = f"{ran.product.key} {ran.fault or 'good'}"
        if not ran.fault:
            assert ran.finished == RunFinished("r1", Outcome.PASSED), f"{name}: {ran.not_passed}"
            continue
        assert ran.finished.outcome is Outcome.FAILED, f"{name}: {ran.not_passed}"
        suspects = [suspect.cause for suspect in ran.finished.suspects]
        assert ran.fault in suspects[:2], f"{name}: {suspects}, {ran.not_passed}"


def test_a_good_device_passes_and_two_faults_of_each_product_are_found(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    draw = random.Random(SEED)
    jobs = [(product, "") for product in FURTHER]
    jobs += [(one, fault) for one in FURTHER for fault in draw.sample(one.faults_found_by("functional"), 2)]
    check(run_all(jobs, tmp_path_factory))


@pytest.mark.campaign
def test_every_fault_of_every_product_is_ranked_first_or_second(tmp_path_factory: pytest.TempPathFactory) -> None:
    runs = run_all(
        [(one, fault) for one in FURTHER for fault in ("", *one.faults_found_by("functional"))], tmp_path_factory
    )
    check(runs)
    first = sum(bool(ran.fault) and ran.finished.suspects[0].cause == ran.fault for ran in runs)
    assert first >= len(runs) - len(FURTHER) - 2


@pytest.mark.parametrize("product", REPAIRED, ids=lambda product: product.key)
def test_the_fault_dictionary_knows_every_fault_that_the_plan_finds(product: Product) -> None:
    faults = load_plan(find_plan(f"{product.slug}-functional")).faults
    assert faults is not None
    assert {cause.cause for cause in faults.causes} >= set(product.faults_found_by("functional"))
    assert len(product.faults) >= 5


def test_the_creeping_reference_that_a_short_test_misses_is_found_by_the_soak(tmp_path: Path) -> None:
    path = find_plan("th300-soak")
    text = path.read_text().replace("every: 5 min", "every: 3 h").replace("settle: 2 s", "settle: 300 ms")
    plan = parse_plan(text.encode(), path.name, lambda name: (path.parent / name).read_bytes())
    with SimulatedBench(["creeping_reference"], directory=tmp_path / "bench", product=PRODUCTS["thermostat"]) as bench:
        finished, steps = run_on(bench, plan, tmp_path)
    assert finished.outcome is Outcome.FAILED
    alarms = [step.detail or "" for step in steps if step.step == "soak-alarm"]
    assert len(alarms) == 1
    assert "soak-rail-3v3 has drifted" in alarms[0]
    summary = {one.name: one for step in steps if step.step == "soak-summary" for one in step.measurements}
    assert summary["soak-rail-3v3.drift"].value == pytest.approx(-0.6e-3 * 72, rel=0.01)


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        ("", set()),
        ("drifted_reference", {"meter-2v5-a", "meter-2v5-b", "meter-2v5-c", "handheld-2v5"}),
        ("drifted_resistor", {"meter-10k-a", "meter-10k-b", "meter-10k-c"}),
    ],
)
def test_the_daily_bench_check_passes_a_good_bench_and_tells_what_drifted(
    tmp_path: Path, fault: str, wrong: set[str]
) -> None:
    """Q7: every result is a measurement with unit and uncertainty under the box's serial."""
    with SimulatedBench([fault] if fault else [], directory=tmp_path, product=PRODUCTS["reference-box"]) as bench:
        finished, steps = run_on(bench, load_plan(find_plan("bench-check")), tmp_path)
    measured = [one for step in steps for one in step.measurements]
    assert {one.name for one in measured if one.verdict.value == "fail"} == wrong
    assert finished.outcome is (Outcome.FAILED if fault else Outcome.PASSED)
    assert all(one.standard_uncertainty for one in measured)


def test_an_unknown_product_or_fault_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no product 'toaster'; there are plug"):
        known_product("toaster")
    with pytest.raises(ValueError, match="LM-200 can have dried_capacitor"):
        SimulatedBench(["weak_relay_drive"], product=PRODUCTS["lamp"])
