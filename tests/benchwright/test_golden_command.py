"""Masks from the command line: learned from runs on the simulated bench, used by a plan, kept by model and version."""

import hashlib
import json
import re
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest
from command_line import called

from benchwright.commands.golden import learn
from benchwright.errors import UsageError
from edge_agent.plans.load import PlanError, load_plan
from protocols.captures.sigrok_write import write_sr
from protocols.waveform import Capture, Waveform

PLAN = """
plan: edge
version: 3
model: M-1
title: {en: Edge, zh-CN: 边沿}
roles: {scope: {kind: oscilloscope, title: {en: scope, zh-CN: 示波器}}}
main:
  - id: pulse
    title: {en: Pulse, zh-CN: 脉冲}
    action: oscilloscope.capture
    role: scope
    with: {span: 1 ms, channels: [{channel: 1, scale: 1 V}]}
    save: true
"""
USE = """    analyse:
      - {analysis: golden_mask, name: shape, reference: pulse.mask.json}
    measure:
      - {name: shape, field: shape.matches, expected: true}
      - {name: shape-worst, field: shape.worst, high: 10}
      - {name: shape-deviation, field: shape.deviation}
"""


def run(folder: Path, *arguments: str) -> CompletedProcess[str]:
    return called("plan", *arguments, folder=folder)


def captures(folder: Path, count: int) -> list[str]:
    rng = np.random.default_rng(2)
    names = []
    for number in range(count):
        t = np.arange(1200) / 1.2e6
        volts = (1 + 0.01 * rng.normal()) * np.exp(-(((t - 5e-4) / 1e-4) ** 2)) + rng.normal(0, 2e-3, t.size)
        codes = np.round(volts / 1e-3).astype(np.int16)
        name = f"unit{number}.sr"
        (folder / name).write_bytes(write_sr(Capture(analog=(Waveform("ch1", codes, 1 / 1.2e6, scale=1e-3),))))
        names.append(name)
    return names


def test_learn_show_and_use(tmp_path: Path) -> None:
    (tmp_path / "edge.plan.yaml").write_text(PLAN)
    names = captures(tmp_path, 8)
    done = run(tmp_path, "golden", "learn", "edge.plan.yaml", "pulse", *names, "--of", "ch1",
               "--output", "new/pulse.mask.json", "--store", "golden")  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    content = (tmp_path / "new" / "pulse.mask.json").read_bytes()
    assert said["sha256"] == hashlib.sha256(content).hexdigest()
    assert (tmp_path / "golden" / said["sha256"]).read_bytes() == content
    assert (said["model"], said["plan"], said["plan_version"], said["step"]) == ("M-1", "edge", 3, "pulse")
    assert said["captures"] == [hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in names]
    assert 0.3 < said["false_reject_at_most_with_95_percent_confidence"] < 0.5, "eight units prove little"
    shown = json.loads(run(tmp_path, "golden", "show", "--store", "golden").stdout)
    assert shown == [said]

    (tmp_path / "new" / "pulse.mask.json").rename(tmp_path / "pulse.mask.json")
    (tmp_path / "edge.plan.yaml").write_text(PLAN + USE)
    before = load_plan(tmp_path / "edge.plan.yaml").sha256
    (tmp_path / "pulse.mask.json").write_bytes(content.replace(b'"units":8', b'"units":9'))
    assert load_plan(tmp_path / "edge.plan.yaml").sha256 != before, "the mask is part of the plan's identity"
    (tmp_path / "pulse.mask.json").write_bytes(content)
    for old, new, words in (
        (
            "version: 3",
            "version: 4",
            "learned for version 3 of the plan edge, but this is version 4; learn it from good",
        ),
        ("span: 1 ms", "span: 2 ms", "learned when the step pulse captured otherwise"),
        (
            "model: M-1",
            "model: M-2",
            r"learned for step pulse of the plan edge (M-1), not for step pulse of edge (M-2)",
        ),
        ("name: shape, ref", "name: shape, with: {kind: spectrum}, ref", "is a mask of the kind waveform"),
        ("name: shape, ref", "name: shape, of: [ch1], ref", None),
    ):
        (tmp_path / "edge.plan.yaml").write_text((PLAN + USE).replace(old, new))
        if words is None:
            load_plan(tmp_path / "edge.plan.yaml")
            continue
        with pytest.raises(PlanError, match=re.escape(words)):
            load_plan(tmp_path / "edge.plan.yaml")
        learning = load_plan(tmp_path / "edge.plan.yaml", learning=True).plan.main[0]
        assert (learning.analyse, learning.measure, learning.save) == ((), (), True)
    (tmp_path / "golden" / said["sha256"]).write_bytes(content[:-1] + b" ")
    changed = run(tmp_path, "golden", "show", "--store", "golden")
    assert (changed.returncode, "was changed after it was learned" in changed.stderr) == (2, True)


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "edge.plan.yaml").write_text(PLAN)
    names = captures(tmp_path, 5)
    (tmp_path / "notes.sr").write_text("no capture")
    for arguments, words in (
        (["pulse", *names[:3]], "3 good units are too few"),
        (["edge", *names], "has no step 'edge'"),
        (["pulse", *names, "--of", "ch7"], "holds no channel 'ch7'; it holds ch1"),
        (["pulse", *names, "--kind", "smell"], "there is no kind 'smell'"),
        (["pulse", "notes.sr"], "notes.sr"),
        (["pulse", "absent.sr"], "absent.sr: No such file"),
        (["pulse", *names, names[0]], "unit0.sr and unit0.sr are the same capture; give one of each good unit"),
        ([], "the plan edge compares nothing with good units"),
        (["pulse", "--runs", "."], "is no folder of runs"),
    ):
        done = run(tmp_path, "golden", "learn", "edge.plan.yaml", *arguments)
        assert done.returncode == 2, (arguments, done.stdout)
        assert words in done.stderr.replace("\n", " "), done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "heat"}, "--kind and --of say how one step is compared"),
        ({"of": ["ch1"]}, "--kind and --of say how one step is compared"),
        ({"step": "unit0.sr"}, "unit0.sr is a file, where the STEP belongs"),
    ],
)
def test_what_would_mean_nothing_without_a_step_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("edge.plan.yaml").write_text(PLAN)
    captures(tmp_path, 1)
    with pytest.raises(UsageError, match=words):
        learn("edge.plan.yaml", **arguments)
