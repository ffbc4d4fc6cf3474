"""``benchwright plan`` as a developer at a bench uses it: real processes, the simulated bench behind real ports."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plan_texts
import pytest
from bench_at_work import lamp
from command_line import called
from msgspec.structs import replace
from plan_texts import plan, read
from waiting import wait_until

from benchwright.plan_run import hint
from benchwright.plan_view import notes
from drivers.simulated.bench import SimulatedBench
from drivers.simulated.control import control_endpoint
from edge_agent.plans.prompts import Prompt, PromptKind
from protocols.messages.records import DecisionRule, Limits, Measurement, Verdict
from tui import i18n

PROGRAM = str(Path(sys.executable).with_name("benchwright"))


def benchwright(*arguments: object, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60.0, input=typed, check=False)


@dataclass
class Place:
    bench: SimulatedBench
    toml: Path
    control: Path


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with SimulatedBench(directory=tmp_path / "bench") as bench:
        toml, control = tmp_path / "bench.toml", tmp_path / "control"
        bench.write_bench_toml(toml)
        endpoint = control_endpoint(bench, control)
        endpoint.start()
        yield Place(bench, toml, control)
        endpoint.stop()


def test_check_and_show_need_no_instrument(tmp_path: Path) -> None:
    done = called("plan", "check", "sp100-functional", "sp100-reflash", "--json")
    assert done.returncode == 0
    assert [one["ok"] for one in json.loads(done.stdout)] == [True, True]
    shown = called("plan", "show", "sp100-functional", "--language", "zh-CN")
    assert "继电器" in shown.stdout and "版本 1，用于 SP-100" in shown.stdout
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(plan(main=read("a").replace("role: meter", "role: metre")))
    done = called("plan", "check", wrong)
    assert done.returncode == 2
    assert f"{wrong}: line 14: step a: the role 'metre' is not among the plan's roles (meter)" in done.stderr
    assert "Traceback" not in done.stderr


def test_schema_is_json(tmp_path: Path) -> None:
    assert json.loads(called("plan", "schema").stdout)["title"] == "Benchwright test plan"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["plan", "run", "nonesuch", "--bench", "b.toml"],
            "there is no test plan 'nonesuch'; there are bench-check",
        ),
        (["plan", "run", "sp100-reflash", "--bench", "none.toml"], "none.toml: cannot be read"),
        (["plan", "run", "sp100-reflash", "--bench", "none.toml", "--resume"], "--resume needs --state"),
        (["plan", "show", "sp100-reflash", "--language", "fr"], "there is no language 'fr'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments: list[str], words: str) -> None:
    done = called(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_bench_without_the_instruments_is_told_which(tmp_path: Path) -> None:
    toml = tmp_path / "bench.toml"
    toml.write_text('[bench]\nname = "b"\n')
    done = called("plan", "run", "sp100-reflash", "--bench", toml)
    assert done.returncode == 2
    assert "needs the roles supply, console, mcu" in done.stderr


def test_a_state_folder_that_cannot_be_made_is_one_sentence(place: Place) -> None:
    done = called("plan", "run", "sp100-reflash", "--bench", place.toml, "--state", "/proc/nowhere/runs")
    assert done.returncode == 2
    assert "/proc/nowhere/runs cannot be made" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_run_gives_its_records_as_json(place: Place) -> None:
    done = benchwright("plan", "run", "sp100-reflash", "--bench", place.toml, "--json")
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    assert data["outcome"] == "passed"
    assert [step["step"] for step in data["steps"]][-1] == "power-off"


def test_what_does_not_pass_gives_exit_code_1_and_says_why(place: Place) -> None:
    place.bench.misbehave("mcu", "wrong_identity")
    done = benchwright("plan", "run", "sp100-reflash", "--bench", place.toml, "--yes", "--language", "zh-CN")
    assert done.returncode == 1, done.stderr
    assert "0x0440" in done.stderr
    assert "结论：出错" in done.stdout or "结论：不合格" in done.stdout
    assert not {"passed", "failed", "error"} & set(f"{done.stdout} {done.stderr}".split())


def test_ctrl_c_stops_with_the_outputs_safe_and_the_run_can_be_followed(place: Place, tmp_path: Path) -> None:
    command = [PROGRAM, "plan", "run", "sp100-functional", "--bench", str(place.toml)]
    process = subprocess.Popen(
        [*command, "--simulator", str(place.control), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    wait_until(lambda: place.bench.device.state.feed.on, "the device has power", 30)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1, err
    assert json.loads(out)["outcome"] == "aborted"
    assert not place.bench.device.state.feed.on
    assert "stopped by Ctrl-C" in err


def test_a_killed_run_resumes_from_its_folder(place: Place, tmp_path: Path) -> None:
    state = tmp_path / "state"
    command = [PROGRAM, "plan", "run", "sp100-reflash", "--bench", str(place.toml), "--state", str(state), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "Identify the MCU" in line:
            break
    process.kill()
    process.communicate(timeout=10)
    assert place.bench.device.state.feed.on, "nobody switched it off: the resumed run has to"
    for words, wrong in (("holds an interrupted run", []), ("not of K2", ["--resume", "--serial", "K2"])):
        done = subprocess.run([*command, *wrong], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert words in done.stderr
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    steps = [(step["step"], step["attempt"]) for step in json.loads(done.stdout)["steps"]]
    assert [step for step in steps if step[0] == "power-on"] == [("power-on", 1), ("power-on", 2)]
    assert [step for step in steps if step[0] == "identify"] == [("identify", 1)]
    assert not place.bench.device.state.feed.on


@pytest.mark.parametrize(
    ("prompt", "english", "chinese"),
    [
        (Prompt("1", "a", PromptKind.CONFIRM, {}, skippable=True), "Enter, or n, or s REASON to skip", "以跳过"),
        (Prompt("1", "a", PromptKind.NUMBER, {}, unit="V"), "V", "V"),
        (Prompt("1", "a", PromptKind.TEXT, {}), "", ""),
        (Prompt("1", "a", PromptKind.TEXT, {}, skippable=True), "s REASON to skip", "以跳过"),
        (Prompt("1", "a", PromptKind.CHOICE, {}, choices={"y": {"en": "red", "zh-CN": "红"}}), "y: red", "y: 红"),
    ],
)
def test_how_to_answer_is_said_in_the_readers_language(prompt: Prompt, english: str, chinese: str) -> None:
    assert hint(prompt) == english
    i18n.use("zh-CN")
    assert hint(prompt).endswith(chinese)


def test_what_is_to_be_said_of_values_is_said_once_in_the_readers_language() -> None:
    due = "the calibration of meter was due on 2026-01-01; have it calibrated"
    close = "the value is closer to a limit than its expanded uncertainty (k = 2)"
    one = Measurement(
        "volts", 3.0, "V", 0.1, Limits(3.0, 3.6), None, DecisionRule.GUARD_BAND, Verdict.UNDECIDED, "meter", due
    )
    measured = [one, replace(one, name="amps"), replace(one, name="ohms", reason=f"{close} · {due}")]
    assert notes([*measured, replace(one, value=None)]) == [f"volts, amps: {due}", f"ohms: {close} · {due}"]
    i18n.use("zh-CN")
    assert "meter 的校准已于 2026-01-01 到期；请送校" in notes(measured)[0]
    assert notes(measured)[1].endswith(" · meter 的校准已于 2026-01-01 到期；请送校")


def test_without_anybody_to_answer_the_run_ends_safely(place: Place, tmp_path: Path) -> None:
    text = plan(main=read("a", extra="connect: {meter: TP_3V3}\n"), head=plan_texts.HEAD)
    path = tmp_path / "p.yaml"
    path.write_text(text)
    done = called("plan", "run", path, "--bench", place.toml, "--language", "zh-CN")
    assert done.returncode == 1
    assert "按回车，或输入 n" in done.stderr
    assert "没有人回答；请使用 --yes 或 --simulator" in done.stderr


def test_what_a_plan_asks_is_printed_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "[b]"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    (tmp_path / "lamp.png").write_bytes(lamp())
    (tmp_path / "bench.toml").write_text('[bench]\nname = "b"\n')
    (tmp_path / "p.yaml").write_text(
        "plan: p\nversion: 1\nmodel: M\ntitle: {en: P, zh-CN: 方案}\nmain:\n"
        '  - {id: a, title: {en: A, zh-CN: 甲}, action: prompt, with: {text: {en: "[ok] or [/x]?", zh-CN: 一}}}\n'
        "  - {id: b, title: {en: B, zh-CN: 乙}, action: prompt,\n"
        '     with: {kind: text, picture: lamp.png, text: {en: "Type [/red] [ok].", zh-CN: 二}},\n'
        '     measure: [{name: code, field: answer, expected: "[abc]"}]}\n'
    )
    command = ("plan", "run", tmp_path / "p.yaml", "--bench", tmp_path / "bench.toml", "--yes")
    done = benchwright(*command, typed="[/] \x1b[31m[bold]\n")
    said = done.stderr.replace("\n", "")
    assert done.returncode == 1, said
    assert "[ok] or [/x]? (confirmed by --yes)" in said
    assert f"picture: {folder}/benchwright-lamp.png" in said
    assert "Type [/red] [ok]." in said and "()" not in said
    assert "[/] �[31m[bold]" in done.stdout and "[abc]" in done.stdout and "\x1b" not in done.stdout
