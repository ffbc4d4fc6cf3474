"""``benchwright agent`` as a person and a script use it, against a running agent."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mosquitto import mosquitto  # noqa: F401
from typer.testing import CliRunner
from waiting import wait_until

from benchwright.cli import app
from benchwright.errors import UsageError
from edge_agent import __main__ as agent_process
from edge_agent.agent import Agent, AgentOptions
from edge_agent.bench_config import parse_bench_config
from protocols.messages import control, records
from protocols.messages.control import Receipt, Refusal

PLAN = """
plan: questions
version: 1
model: SP-100
title: {en: Questions, zh-CN: 问题}
main:
  - id: lamp
    title: {en: Lamp, zh-CN: 灯}
    action: prompt
    skippable: true
    with: {text: {en: "Is the lamp lit?", zh-CN: "灯亮吗？"}}
    timeout: 60 s
    measure:
      - {name: lamp, field: answer, expected: true}
  - id: rail
    title: {en: Rail, zh-CN: 电源轨}
    action: prompt
    with: {kind: number, unit: V, text: {en: "How many volts [bold]are there[/]?", zh-CN: "多少伏？"}}
    timeout: 60 s
    measure:
      - {name: rail, field: answer, low: 3.2 V, high: 3.4 V}
"""


INSTRUMENT = '[bench]\nname = "b"\n[instruments.meter]\nprofile = "{}"\naddress = "{}"\n'


@pytest.fixture
def agent(tmp_path):
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "questions.plan.yaml").write_text(PLAN, encoding="utf-8")
    agent = Restartable(AgentOptions(tmp_path / "state", plan_folders=(tmp_path / "plans",)))
    yield agent
    agent.stop()


class Restartable:
    """A running agent, and after ``restart`` the next one on the same state."""

    def __init__(self, options, config='[bench]\nname = "bench-01"\n'):
        self._options, self._config = options, config.encode()
        self._agent = None
        self.restart()

    def __getattr__(self, name):
        return getattr(self._agent, name)

    def restart(self):
        if self._agent is not None:
            self._agent.stop()
        self._agent = Agent(parse_bench_config(self._config), self._options)
        self._agent.start()


def call(agent, *arguments, code=0):
    result = CliRunner().invoke(app, ["agent", *map(str, arguments), "--socket", str(agent.server.path)])
    assert result.exit_code == code, result.output + repr(result.exception)
    if isinstance(result.exception, UsageError):
        return str(result.exception)
    return json.loads(result.output) if "--json" in arguments else result.output


def wait_for_prompt(agent, step):
    def asked():
        state = agent.runs.state()
        return state is not None and state.prompt is not None and state.prompt.step == step

    wait_until(asked, f"a question of step {step}")


def test_a_bench_at_a_glance(agent):
    text = call(agent, "status")
    assert "bench-01" in text
    assert "this bench has no hub" in text
    about = call(agent, "status", "--json")
    assert (about["bench"], about["spool"]["waiting"], about["run"]) == ("bench-01", 0, None)


def test_tickets_and_what_the_hub_refused(agent):
    item = control.WorkItem(
        "T-1", records.Device("SP-100", "S-1"), "死机 [red] [/] \x1b[31m\x1b]0;x\x07", "assigned", "questions"
    )
    agent.worklist.apply(control.Desired(bench="bench-01", revision=7, worklist=(item,)))
    assert call(agent, "event", "T-1", "taken", "--operator", "li", "--json") == {"seq": 1}
    text = call(agent, "worklist")
    assert "死机 [red] [/] │" in text, "what looks like markup is text"
    assert not {"\x1b", "\x07"} & set(text)
    assert "taken (waiting" in text
    agent.spool.apply_receipt(Receipt("bench-01", agent.spool.epoch, refused=(Refusal(1, "already taken by wang"),)))
    depth = call(agent, "spool")
    assert "refused: 1 records" in depth
    assert "of 256 MB used" in depth, "as the documents say"
    assert "already taken by wang" in call(agent, "spool", "--refused", "--language", "zh-CN")
    (refused,) = call(agent, "spool", "--refused", "--json")
    assert (refused["reason"], refused["record"]["body"]["action"]) == ("already taken by wang", "taken")
    (ticket,) = call(agent, "worklist", "--json")["tickets"]
    assert ticket["events"][0]["state"] == "refused"


def test_a_run_from_the_command_line(agent):
    assert "questions v1  SP-100" in call(agent, "plans")
    start = ["start-run", "--serial", "S-1", "--plan", "questions", "--wait", "--language", "zh-CN"]
    start += ["--socket", str(agent.server.path)]
    follower = subprocess.Popen(
        [sys.executable, "-m", "benchwright", "agent", *start], stdout=subprocess.PIPE, text=True
    )
    wait_for_prompt(agent, "lamp")
    assert "say yes or no" in call(agent, "answer", "perhaps", code=1)
    call(agent, "answer", "yes")
    wait_for_prompt(agent, "rail")
    assert "How many volts [bold]are there[/]?" in call(agent, "run-state")
    assert "give one in V" in call(agent, "answer", "heavy", code=1)
    call(agent, "answer", "2.5")
    told, _ = follower.communicate(timeout=20)
    assert follower.returncode == 3, "a failed run is told apart by the exit code"
    assert "rail = 2.5 V  限值 3.2 V … 3.4 V  不合格" in told
    assert "结论：不合格" in told
    state = call(agent, "run-state", "--json")
    assert (state["status"], state["outcome"]) == ("finished", "failed")
    agent.restart()
    after = call(agent, "run-state", "--json") | {time: state[time] for time in ("started_at", "ended_at")}
    assert after == state, "the bench knows its runs without the hub, and after a restart"
    (one,) = call(agent, "runs", "--serial", "S-1", "--json")
    assert (one["run"], one["outcome"], one["failing"]) == (state["run"], "failed", ["rail"])
    listed = call(agent, "runs", "--language", "zh-CN")
    assert "不合格" in listed and state["run"] in listed and "超限或无法判定：rail" in listed
    assert "本工位尚无" in call(agent, "runs", "--ticket", "T-9", "--language", "zh-CN")
    assert "rail = 2.5 V  限值 3.2 V … 3.4 V  不合格" in call(agent, "run-state", state["run"], "--language", "zh-CN")
    assert "'benchwright agent runs' lists" in call(agent, "run-state", "b:none", code=1)
    assert "no question is open" in call(agent, "answer", "yes", code=1)


def test_a_run_is_skipped_through_and_aborted(agent):
    run = call(agent, "start-run", "--serial", "S-1", "--plan", "questions", "--json")["run"]
    wait_for_prompt(agent, "lamp")
    call(agent, "answer", "--skip", "lamp removed")
    wait_for_prompt(agent, "rail")
    call(agent, "abort", "--reason", "fire drill")
    wait_until(lambda: call(agent, "run-state", run, "--json")["status"] == "finished", "the run has ended")
    state = call(agent, "run-state", run, "--json")
    assert state["outcome"] == "aborted"
    assert state["steps"][0]["outcome"] == "skipped"
    assert "fire drill" in state["steps"][1]["detail"]


def test_what_the_hub_will_refuse_is_said_and_kept(agent):
    assert "does not know ticket T-9" in call(agent, "event", "T-9", "taken"), "its hub may not have told of it yet"
    item = control.WorkItem("T-1", records.Device("SP-100", "S-1"), "dead", "assigned")
    agent.worklist.apply(control.Desired(bench="bench-01", revision=7, worklist=(item,)))
    said = call(agent, "event", "T-1", "finding")
    assert "recorded as number 2" in said and "Nobody has taken this ticket" in said
    assert "尚未接单" in call(agent, "event", "T-1", "handed_over", "--language", "zh-CN")
    assert call(agent, "event", "T-1", "taken", "-l", "en").strip() == "recorded as number 4"
    assert "The ticket is in progress: the hub will refuse this (Hand over)" in call(
        agent, "event", "T-1", "handed_over", "-l", "en"
    )


def test_a_ticket_of_another_bench_takes_no_entry_while_the_hub_can_be_reached(tmp_path, mosquitto):  # noqa: F811
    config = f'[bench]\nname = "bench-01"\n[hub]\nmqtt = "{mosquitto.url}"\n'
    agent = Restartable(AgentOptions(tmp_path / "state"), config)
    try:
        wait_until(lambda: call(agent, "status", "--json")["link"]["online"], "the broker is reached")
        assert "does not know ticket T-9" in call(agent, "event", "T-9", "taken"), "the hub has told no tickets yet"
        agent.worklist.apply(control.Desired(bench="bench-01", revision=7))
        waiting = call(agent, "spool", "--json")["waiting"]
        assert "ticket T-9 is not on this bench's worklist" in call(agent, "event", "T-9", "taken", code=1)
        assert call(agent, "spool", "--json")["waiting"] == waiting
    finally:
        agent.stop()


def test_refusals_are_one_sentence(agent):
    assert "ticket T-9 is not on this bench's worklist" in call(
        agent, "start-run", "--serial", "S", "--ticket", "T-9", code=1
    )
    assert "there is no test plan" in call(agent, "start-run", "--serial", "S", "--plan", "nothing", code=1)
    assert "ticket: the text" in call(agent, "start-run", "--serial", "S", "--ticket", "with space", code=1)
    assert "is not interrupted" in call(agent, "resume", "run-9", code=1)
    assert "is not interrupted" in call(agent, "abandon", "run-9", code=1)
    assert "no run is in progress, and none has ended" in call(agent, "run-state", code=1)
    unknown = call(agent, "event", "T-1", "repared", code=1)
    assert "there is no action 'repared' on a ticket: give one of taken, finding, note" in unknown
    assert call(agent, "spool", "--json")["waiting"] == 0, "nothing of it is recorded"


@pytest.mark.parametrize(
    ("config", "options", "words"),
    [
        ("[bench]\n", [], "the key 'name' is missing"),
        ('[bench]\nname = "b"\n[hub]\nmqtt = "mqtt://li:secret@host"\n', [], "hub.username and hub.password_file"),
        ('[bench]\nname = "b"\n', ["--state", "/proc/nowhere"], "/proc/nowhere"),
        (
            INSTRUMENT.format("keysight-34461", "TCPIP::h::5025::SOCKET"),
            [],
            "line 4, instruments.meter.profile: there is no",
        ),
        (INSTRUMENT.format("keysight-34461a", "tcp://h"), [], "line 5, instruments.meter.address: 'tcp://h' is no"),
    ],
)
def test_what_keeps_the_agent_from_starting_is_one_sentence(tmp_path, capsys, config, options, words):
    (tmp_path / "bench.toml").write_text(config)
    arguments = ["--bench", str(tmp_path / "bench.toml"), "--state", str(tmp_path / "state"), *options]
    assert agent_process.main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert "secret" not in said


def test_a_second_agent_on_the_same_state_is_refused(agent, tmp_path):
    (tmp_path / "bench.toml").write_text('[bench]\nname = "bench-01"\n')
    command = [sys.executable, "-m", "benchwright", "agent", "run", "--bench", tmp_path / "bench.toml"]
    done = subprocess.run(
        [*command, "--state", tmp_path / "state"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "in use by another agent" in done.stderr
    assert "Traceback" not in done.stderr
    assert call(agent, "status", "--json")["bench"] == "bench-01", "the first one goes on"


def test_without_an_agent_the_remedy_is_named(tmp_path):
    result = CliRunner().invoke(app, ["agent", "status", "--socket", str(Path(tmp_path) / "none.sock")])
    assert "is 'benchwright agent run' up?" in str(result.exception)
