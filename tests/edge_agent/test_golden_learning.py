"""Masks from the journal of good units' runs: which runs and captures count, and what is refused in words."""

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from product_runs import run_on
from typer.testing import CliRunner

from benchwright.commands.plan import app as plan_app
from drivers.simulated.bench import SimulatedBench
from drivers.simulated.products import known_product
from drivers.simulated.tolerances import unit
from edge_agent.analysis.features import MaskKind
from edge_agent.golden_learning import Subject, captures_of_good_runs, learn_step, load_subject
from edge_agent.golden_store import GoldenError, GoldenStore
from edge_agent.plans.captures import FolderCaptureStore, files_of, record_of
from edge_agent.plans.load import load_plan
from edge_agent.spool import Spool
from protocols.messages.records import Device, Outcome, PlanReference, RunFinished, RunStarted, StepFinished
from protocols.waveform import ThermalImage

PLAN = """
plan: warm
version: 2
model: M-1
title: {en: Warm, zh-CN: 温度}
roles: {camera: {kind: camera, title: {en: camera, zh-CN: 热像仪}}}
main:
  - id: heat
    title: {en: Heat, zh-CN: 热像}
    action: camera.capture
    role: camera
    analyse: [{analysis: golden_heat, name: map, reference: warm.mask.json}]
    measure: [{name: map, field: map.matches, expected: true}]
    save: true
"""
Add = Callable[..., None]


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    (tmp_path / "warm.plan.yaml").write_text(PLAN)
    return load_subject(tmp_path / "warm.plan.yaml")


@pytest.fixture
def add(tmp_path: Path, subject: Subject) -> Add:
    """Write the journal of one run, as a run does."""
    store = FolderCaptureStore(tmp_path / "captures")
    learning = load_plan(tmp_path / "warm.plan.yaml", learning=True).reference

    def one(run: str, serial: str, *, outcome: Outcome = Outcome.PASSED, plan: PlanReference = learning) -> None:
        rng = np.random.default_rng(zlib.crc32(run.encode()))
        field = 25 + rng.normal(0, 0.05, (24, 32)) + 5 * np.eye(24, 32) * (1 + 0.02 * rng.normal())
        (file,) = files_of("heat-1", (), ThermalImage(field.astype(np.float32), 0.95))
        store.save(file)
        with Spool(tmp_path / "journal.sqlite") as spool:
            spool.append(RunStarted(run, plan, Device("M-1", serial)))
            spool.append(record_of(run, "heat", file, ()))
            spool.append(RunFinished(run, outcome))

    return one


def test_one_capture_of_each_good_unit_makes_the_mask_that_the_plan_names(
    tmp_path: Path, subject: Subject, add: Add
) -> None:
    for number in range(6):
        add(f"r{number}", f"U-{number}")
    add("again", "U-0")
    add("bad", "U-9", outcome=Outcome.FAILED)
    (use,) = subject.uses()
    files = captures_of_good_runs(tmp_path, subject, use.step.id, use.kind)
    assert sorted(one.unit for one in files) == [f"U-{number}" for number in range(6)]
    store = GoldenStore(tmp_path / "golden")
    entry = learn_step(subject, use.step.id, use.kind, files, store)
    assert (entry.model, entry.plan_version, len(entry.captures)) == ("M-1", 2, 6)
    (tmp_path / use.reference).write_bytes(store.read(entry.sha256))
    whole = load_plan(tmp_path / "warm.plan.yaml")
    assert whole.sha256 in load_subject(tmp_path / "warm.plan.yaml").hashes, "passed runs of the whole plan count too"


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ((), "holds no passed run of the plan warm; run the good units with: benchwright plan run warm --learning"),
        (
            (("r1", PlanReference("warm", 1, "0" * 64)),),
            "are of version 1 of the plan warm, but this is 2; run the good",
        ),
        ((("r1", PlanReference("warm", 2, "0" * 64)),), "are of another text of the plan warm"),
    ],
)
def test_runs_of_another_plan_are_refused(
    tmp_path: Path, subject: Subject, add: Add, runs: tuple[tuple[str, PlanReference], ...], words: str
) -> None:
    Spool(tmp_path / "journal.sqlite").close()
    for run, plan in runs:
        add(run, run, plan=plan)
    with pytest.raises(GoldenError, match=words):
        captures_of_good_runs(tmp_path, subject, "heat", MaskKind.HEAT)


def test_too_few_units_are_refused(tmp_path: Path, subject: Subject, add: Add) -> None:
    for number in range(4):
        add(f"r{number}", f"U-{number}")
    files = captures_of_good_runs(tmp_path, subject, "heat", MaskKind.HEAT)
    with pytest.raises(GoldenError, match="step heat: 4 good units are too few to know how they differ"):
        learn_step(subject, "heat", MaskKind.HEAT, files, GoldenStore(tmp_path / "golden"))


SOUND = """
plan: sound
version: 1
model: SS-50
title: {en: Sound, zh-CN: 声音}
roles:
  supply: {kind: supply, title: {en: supply, zh-CN: 电源}}
  scope: {kind: oscilloscope, title: {en: scope, zh-CN: 示波器}}
points: {TP_SPK: {en: loudspeaker, zh-CN: 扬声器}}
setup:
  - {id: feed, title: {en: Feed, zh-CN: 供电}, action: supply.configure, role: supply,
     with: {voltage: 12 V, current_limit: 500 mA}}
  - {id: power-on, title: {en: "On", zh-CN: 接通}, action: supply.output, role: supply,
     with: {on: true, settle: 900 ms}}
main:
  - id: tone
    title: {en: Tone, zh-CN: 音调}
    action: oscilloscope.capture
    role: scope
    connect: {scope.3: TP_SPK}
    with: {span: 12 ms, points: 12000, channels: [{channel: 3, scale: 1 V}]}
    analyse: [{analysis: golden_mask, name: sound, of: [ch3], reference: sound.mask.json}]
    measure:
      - {name: sound, field: sound.matches, expected: true}
      - {name: sound-false-reject-bound, field: sound.false_reject_bound}
    save: true
"""


def test_what_good_units_on_the_bench_taught_judges_the_next_ones(tmp_path: Path) -> None:
    """Units are run, their masks learned by the command, and the same plan passes a good unit and fails a bad one."""
    path = tmp_path / "sound.plan.yaml"
    path.write_text(SOUND)
    product, learning = known_product("speaker"), load_plan(path, learning=True)

    def ran(job: tuple[int, str]) -> tuple[RunFinished, list[StepFinished]]:
        number, fault = job
        folder = tmp_path / f"unit-{number}"
        folder.mkdir()
        plan = learning if number < 7 else load_plan(path)
        with SimulatedBench([fault] if fault else [], product=unit(product, number)) as bench:
            done = run_on(bench, plan, folder)
        (folder / "spool.sqlite").rename(folder / "journal.sqlite")
        return done

    with ThreadPoolExecutor(6) as pool:
        assert {done[0].outcome for done in pool.map(ran, [(number, "") for number in range(1, 7)])} == {Outcome.PASSED}
        runs = [word for number in range(1, 7) for word in ("--runs", str(tmp_path / f"unit-{number}"))]
        command = ["golden", "learn", str(path), *runs, "--output", str(tmp_path), "--store", str(tmp_path / "golden")]
        command += ["--false-reject", "0.001"]
        taught = CliRunner().invoke(plan_app, command)
        assert taught.exit_code == 0, taught.output
        (good, steps), (bad, _) = pool.map(ran, [(7, ""), (8, "leaking_coupling")])
    assert (good.outcome, bad.outcome) == (Outcome.PASSED, Outcome.FAILED)
    bound = {one.name: one.value for step in steps for one in step.measurements}["sound-false-reject-bound"]
    assert bound == pytest.approx(100 * (1 - 0.05 ** (1 / 6)), abs=20), "six units prove little, and the record says so"
