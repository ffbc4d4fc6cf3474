import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from mosquitto import mosquitto  # noqa: F401
from receiving_peer import ReceivingPeer

from drivers.simulated.bench import SimulatedBench
from edge_agent.agent import Agent, AgentOptions
from edge_agent.bench_config import load_bench_config
from edge_agent.local_api import events, manual
from edge_agent.local_api.client import AgentError, SyncAgentClient
from edge_agent.local_api.requests import (
    AbandonRun,
    AbortRun,
    AcquireLease,
    AnswerPrompt,
    Describe,
    GetPlanOutline,
    GetPlans,
    GetRuns,
    GetRunState,
    GetSpool,
    GetWorklist,
    Monitor,
    Operate,
    RecordTicketEvent,
    ReleaseLease,
    ResumeRun,
    SkipStep,
    StartRun,
    Subscribe,
)
from edge_agent.spool import Spool
from edge_agent.uplink.settings import UplinkSettings
from protocols.messages import control, records
from protocols.messages.records import Outcome

PLAN = """
plan: rails
version: 1
model: SP-100
title: {en: Rails, zh-CN: 电源轨}
roles:
  supply: {kind: supply, title: {en: supply, zh-CN: 电源}}
  meter: {kind: multimeter, title: {en: meter, zh-CN: 万用表}}
points:
  TP_5V: {en: 5 V rail, zh-CN: 5 V 电源轨}
setup:
  - id: feed
    title: {en: Set the feed, zh-CN: 设置供电}
    action: supply.configure
    role: supply
    with: {voltage: 5 V, current_limit: 300 mA}
    timeout: 5 s
  - id: power-on
    title: {en: Switch on, zh-CN: 接通}
    action: supply.output
    role: supply
    with: {on: true, settle: 100 ms}
    timeout: 5 s
main:
  - id: rail-5v
    title: {en: 5 V rail, zh-CN: 5 V 电源轨}
    action: multimeter.read
    role: meter
    connect: {meter: TP_5V}
    with: {function: dc_voltage}
    timeout: 5 s
    measure:
      - {name: rail-5v, field: value, low: 4.75 V, high: 5.25 V}
  - id: look
    title: {en: Look, zh-CN: 观察}
    action: prompt
    skippable: true
    with: {text: {en: "Is the lamp lit?", zh-CN: "灯亮吗？"}}
    timeout: 60 s
    measure:
      - {name: lamp, field: answer, expected: true}
  - id: pause
    title: {en: Wait, zh-CN: 等待}
    action: wait
    with: {seconds: 300 ms}
    timeout: 5 s
"""
ROLES = ("meter", "supply")


@pytest.fixture(scope="module")
def bench_folder(tmp_path_factory):
    """A simulated bench (of its instruments, meter and supply are in the configuration), and a folder of plans."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "plans").mkdir()
    (folder / "plans" / "rails.plan.yaml").write_text(PLAN)
    (folder / "plans" / "broken.plan.yaml").write_text("plan: [")
    strict = PLAN.replace("plan: rails", "plan: strict").replace("version: 1", "version: 1\ncalibration: block", 1)
    (folder / "plans" / "strict.plan.yaml").write_text(strict)
    with SimulatedBench(directory=folder / "simulator") as bench:
        bench.connect("meter", "TP_5V")
        lines = ["[bench]", 'name = "bench-01"']
        for role in ROLES:
            profile, address = bench.instruments[role]
            lines += [f"[instruments.{role}]", f'profile = "{profile}"', f'address = "{address}"']
        (folder / "bench.toml").write_text("\n".join(lines))
        folder.joinpath("bench-object").touch()
        yield folder, bench


@contextmanager
def running_agent(bench_folder, state, **options):
    folder, _ = bench_folder
    uplink = options.pop("uplink", None)
    config = load_bench_config(folder / "bench.toml")
    agent = Agent(config, AgentOptions(state, plan_folders=(folder / "plans",), **options), uplink=uplink)
    agent.start()
    try:
        with SyncAgentClient(state / "agent.sock") as client:
            yield agent, client
    finally:
        agent.stop()


@pytest.fixture
def agent(bench_folder, tmp_path):
    with running_agent(bench_folder, tmp_path / "state") as (agent, client):
        assert agent.rack.wait_connected(10)
        yield agent, client


def wait_for(condition, what, timeout_s=20.0):
    deadline = time.monotonic() + timeout_s
    while not (result := condition()):
        assert time.monotonic() < deadline, f"did not happen in {timeout_s} s: {what}"
        time.sleep(0.02)
    return result


def next_prompt(client):
    return wait_for(lambda: (client.request(GetRunState()) or _NOTHING).prompt, "a question")


class _NOTHING:
    prompt = None


def output_is_on(bench_folder):
    return bench_folder[1].device.state.feed.on


# -- a run ----------------------------------------


def test_a_run_from_start_to_verdict_seen_by_two_clients(agent):
    agent, client = agent
    with SyncAgentClient(agent.server.path) as watcher:
        watcher.request(Subscribe(streams=("run",)))
        run = client.request(StartRun(serial="SP100-000042", plan="rails", operator="li")).run
        assert client.request(Describe()).run == run
        first = next_prompt(client)
        assert (first.step, first.kind, first.connect) == ("rail-5v", "confirm", {"meter": "TP_5V"})
        assert "5 V 电源轨" in first.text["zh-CN"]
        with pytest.raises(AgentError, match="does not answer the question"):
            client.request(AnswerPrompt(first.id, "maybe"))
        client.request(AnswerPrompt(first.id))
        second = wait_for(lambda: (p := next_prompt(client)).id != first.id and p, "the second question")
        with pytest.raises(AgentError, match="no longer asked"):
            client.request(AnswerPrompt(first.id))
        during = watcher.request(GetRunState())
        assert (during.status, during.step.step, during.prompt) == ("asking", "look", second)
        assert [step.step for step in during.steps] == ["feed", "power-on", "rail-5v"]
        client.request(AnswerPrompt(second.id, True))
        happened = []
        for event in watcher.events(timeout_s=15):
            happened.append(event)
            if isinstance(event, events.RunEnded):
                break
    state = client.request(GetRunState(run))
    assert (state.status, state.outcome, state.operator) == ("finished", Outcome.PASSED, "li")
    rail = state.steps[2].measurements[0]
    assert rail.value == pytest.approx(5.0, abs=0.1)
    assert rail.standard_uncertainty > 0
    ended = [event.record.step for event in happened if isinstance(event, events.StepEnded)]
    assert ended == ["feed", "power-on", "rail-5v", "look", "pause"]
    assert isinstance(happened[0], events.RunBegan)
    assert [type(event) for event in happened].count(events.PromptWanted) == 2
    waiting = agent.spool.pending()
    kinds = [json.loads(one.encoded)["body"]["type"] for one in waiting]
    assert [kind for kind in kinds if kind != "inventory_changed"] == [
        "run_started",
        *["step_finished"] * 5,
        "run_finished",
    ]
    assert agent.spool.open_runs() == ()


def test_what_cannot_run_is_refused_in_words(agent):
    _, client = agent
    for request, words in [
        (StartRun(serial="X", plan="no-such-plan"), "there is no test plan 'no-such-plan'"),
        (StartRun(serial="X", plan="broken"), "broken.plan.yaml"),
        (StartRun(serial="X", plan="rails", model="SP-200"), "is for SP-100, not for SP-200"),
        (StartRun(serial="X", plan="sp100-functional"), "which this bench does not have"),
        (StartRun(serial="X"), "no plan is named"),
        (ResumeRun("run-7"), "is not interrupted"),
        (AbandonRun("run-7"), "is not interrupted"),
        (AbortRun("run-7"), "is not in progress"),
        (SkipStep("look", "no"), "no run is in progress"),
        (AnswerPrompt("run-7:1"), "no longer asked"),
    ]:
        with pytest.raises(AgentError, match=words) as caught:
            client.request(request)
        assert caught.value.kind == "refused", request
    views = {view.name: view for view in client.request(GetPlans())}
    assert views["rails"].title == {"en": "Rails", "zh-CN": "电源轨"}
    assert "broken.plan.yaml" in views["broken"].fault
    outline = client.request(GetPlanOutline("rails"))
    assert [(step.group, step.step, step.skippable) for step in outline.steps] == [
        ("setup", "feed", False),
        ("setup", "power-on", False),
        ("main", "rail-5v", False),
        ("main", "look", True),
        ("main", "pause", False),
    ]
    assert (outline.reference.version, outline.steps[3].title["zh-CN"]) == (1, "观察")


def test_abort_leads_to_a_safe_state(agent, bench_folder):
    agent, client = agent
    run = client.request(StartRun(serial="SP100-000042", plan="rails")).run
    next_prompt(client)
    assert output_is_on(bench_folder)
    with pytest.raises(AgentError, match="is in progress: end it first"):
        client.request(StartRun(serial="SP100-000043", plan="rails"))
    with pytest.raises(AgentError, match="controlled by run"):
        client.request(AcquireLease("meter", "li"))
    client.request(AbortRun(run))
    state = wait_for(lambda: (s := client.request(GetRunState())).status == "finished" and s, "the end")
    assert state.outcome is Outcome.ABORTED
    assert not output_is_on(bench_folder)


def test_a_stopped_agent_suspends_the_run_and_the_next_one_resumes_it(bench_folder, tmp_path):
    state = tmp_path / "state"
    with running_agent(bench_folder, state) as (_, client):
        run = client.request(StartRun(serial="SP100-000042", plan="rails")).run
        client.request(AnswerPrompt(next_prompt(client).id))
        wait_for(lambda: len(client.request(GetRunState()).steps) == 3, "the rail is measured")
        assert output_is_on(bench_folder)
    assert not output_is_on(bench_folder)
    with running_agent(bench_folder, state) as (_, client):
        (interrupted,) = client.request(Describe()).interrupted
        assert (interrupted.run, interrupted.plan.name, interrupted.device.serial) == (run, "rails", "SP100-000042")
        before = client.request(GetRunState(run))
        assert (before.status, [step.step for step in before.steps]) == ("interrupted", ["feed", "power-on", "rail-5v"])
        assert client.request(ResumeRun(run), timeout_s=60).run == run
        prompt = next_prompt(client)
        assert prompt.step == "look", "what was measured is not measured again"
        client.request(AnswerPrompt(prompt.id))
        after = wait_for(lambda: (s := client.request(GetRunState(run))).status == "finished" and s, "the end")
        assert after.outcome is Outcome.PASSED
        assert [step.step for step in after.steps] == [
            "feed", "power-on", "rail-5v", "feed", "power-on", "look", "pause",
        ]  # fmt: skip
        assert client.request(Describe()).interrupted == ()


def test_a_changed_plan_is_not_resumed_and_the_run_can_be_abandoned(bench_folder, tmp_path):
    folder, _ = bench_folder
    changing = folder / "plans" / "changing.plan.yaml"
    changing.write_text(PLAN.replace("plan: rails", "plan: changing"))
    state = tmp_path / "state"
    with running_agent(bench_folder, state) as (_, client):
        run = client.request(StartRun(serial="SP100-000042", plan="changing")).run
        next_prompt(client)
    changing.write_text(PLAN.replace("plan: rails", "plan: changing").replace("4.75 V", "4.7 V"))
    with running_agent(bench_folder, state, resume=True) as (_, client):
        fault = wait_for(lambda: client.request(Describe()).interrupted[0].fault, "the reason")
        assert "began with another state of the plan changing" in fault
        (waiting,) = client.request(GetRuns())
        assert (waiting.run, waiting.status, waiting.outcome) == (run, "interrupted", None)
        assert client.request(AbandonRun(run)).outcome is Outcome.ABORTED
        assert client.request(Describe()).interrupted == ()
        (ended,) = client.request(GetRuns(serial="SP100-000042"))
        assert (ended.run, ended.status, ended.outcome) == (run, "finished", Outcome.ABORTED)
    changing.unlink()


def test_the_journal_full_ends_the_run_safely_and_says_so(bench_folder, tmp_path):
    with running_agent(bench_folder, tmp_path / "state", max_spool_bytes=5000) as (agent, client):
        agent.rack.wait_connected(10)
        client.request(StartRun(serial="SP100-000042", plan="rails"))
        prompt = next_prompt(client)
        agent.spool._max_bytes = 10
        client.request(AnswerPrompt(prompt.id))
        state = wait_for(lambda: (s := client.request(GetRunState())).status == "interrupted" and s, "the stop")
        assert "its maximum is" in state.fault
        assert not output_is_on(bench_folder)


# -- the process ----------------------------------------


def start_process(bench_folder, state, *options):
    folder, _ = bench_folder
    command = [sys.executable, "-m", "benchwright", "agent", "run", "--bench", folder / "bench.toml", "--state", state]
    log = state.parent / "agent.log"
    with log.open("ab") as out:
        return subprocess.Popen(
            [*command, "--plans", folder / "plans", "--log-json", *options],
            stderr=out,
            env=os.environ | {"PYTHONPATH": str(folder_of_repository())},
        )


def folder_of_repository():
    from pathlib import Path

    return Path(__file__).resolve().parents[2]


def connect(state, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return SyncAgentClient(state / "agent.sock")
        except AgentError:
            assert time.monotonic() < deadline, "the agent did not come up"
            time.sleep(0.05)


def test_a_killed_agent_resumes_by_itself_and_no_record_is_lost_or_doubled(bench_folder, tmp_path):
    state = tmp_path / "state"
    process = start_process(bench_folder, state, "--resume")
    try:
        with connect(state) as client:
            run = client.request(StartRun(serial="SP100-000042", plan="rails"), timeout_s=60).run
            client.request(AnswerPrompt(next_prompt(client).id))
            wait_for(lambda: len(client.request(GetRunState()).steps) == 3, "the rail is measured")
        for _ in range(2):
            process.kill()
            process.wait()
            process = start_process(bench_folder, state, "--resume")
            with connect(state) as client:
                prompt = next_prompt(client)
                assert prompt.step == "look"
        with connect(state) as client:
            client.request(AnswerPrompt(prompt.id))
            end = wait_for(lambda: (s := client.request(GetRunState(run))).status == "finished" and s, "the end")
        assert end.outcome is Outcome.PASSED
        assert [step.step for step in end.steps].count("rail-5v") == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    with Spool(state / "spool.db") as spool:
        numbers = [waiting.seq for waiting in spool.pending(limit_bytes=10**9)]
        assert numbers == list(range(1, numbers[-1] + 1))
    for line in (tmp_path / "agent.log").read_text().splitlines():
        assert {"time", "level", "logger", "message"} <= json.loads(line).keys()


def test_an_idle_agent_carries_no_heavy_library(tmp_path):
    """Neither scipy nor numpy nor an instrument library before something needs it."""
    (tmp_path / "bench.toml").write_text(
        '[bench]\nname = "bench-01"\n[hub]\nmqtt = "mqtt://127.0.0.1:1"\nurl = "http://127.0.0.1:1"\n'
    )
    script = """
import sys, threading
from pathlib import Path
from edge_agent.agent import Agent, AgentOptions
from edge_agent.bench_config import load_bench_config
from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.requests import Describe, GetRunState, GetWorklist
folder = Path(sys.argv[1])
agent = Agent(load_bench_config(folder / "bench.toml"), AgentOptions(folder / "state"))
agent.start()
with SyncAgentClient(folder / "state" / "agent.sock") as client:
    for request in (Describe(), GetWorklist(), GetRunState()):
        client.request(request)
agent.stop()
print(sorted({"scipy", "numpy", "pyvisa", "pymodbus", "serial", "usb", "cbor2"} & set(sys.modules)))
"""
    environment = os.environ | {"PYTHONPATH": str(folder_of_repository())}
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


# -- tickets and instruments -------


def test_tickets_are_worked_offline_and_their_device_is_checked(agent):
    agent, client = agent
    device = records.Device("SP-100", "SP100-000042")
    item = control.WorkItem(ticket="T-1", device=device, symptom="没有反应", state="assigned", plan="rails")
    agent.worklist.apply(control.Desired(bench="bench-01", revision=1, worklist=(item,)))
    client.request(Subscribe(streams=("worklist",)))
    seq = client.request(RecordTicketEvent("T-1", "finding", "li", "电容鼓包", {"part": "C7"})).seq
    (ticket,) = client.request(GetWorklist()).tickets
    (event,) = ticket.events
    assert (event.seq, event.action, event.note, event.details, event.state) == (
        seq, "finding", "电容鼓包", {"part": "C7"}, "waiting",
    )  # fmt: skip
    assert next(client.events(timeout_s=5)) == events.WorklistChanged(1)
    with pytest.raises(AgentError, match="is for the serial SP100-000042, not for SP100-000099"):
        client.request(StartRun(serial="SP100-000099", ticket="T-1"))
    run = client.request(StartRun(serial="SP100-000042", ticket="T-1")).run
    state = client.request(GetRunState(run))
    assert (state.plan.name, state.device, state.ticket) == ("rails", device, "T-1")
    client.request(AbortRun(run))
    wait_for(lambda: client.request(GetRunState()).status == "finished", "the end")


def test_instruments_by_hand(agent, bench_folder):
    agent, client = agent
    supply = client.request(AcquireLease("supply", "li"))
    with pytest.raises(AgentError, match="controlled by li"):
        client.request(AcquireLease("supply", "wang"))
    rack = client.request(Describe()).instruments
    assert {one.status.role: one.holder for one in rack} == {"meter": None, "supply": "li"}
    assert {one.status.role: one.kind for one in rack} == {"meter": "multimeter", "supply": "supply"}
    assert all(set(one.title) == {"en", "zh-CN"} for one in rack)
    client.request(Operate(supply.token, manual.SetSupply(voltage_v=5.0, current_limit_a=0.3)))
    client.request(Operate(supply.token, manual.SwitchOutput(on=True)))
    values = {one.name: one for one in client.request(Operate(supply.token, manual.ReadSupply()))}
    assert values["voltage"].value == pytest.approx(5.0, abs=0.1)
    assert (values["voltage"].unit, values["output_on"].value) == ("V", True)
    with pytest.raises(AgentError, match="supply is no multimeter"):
        client.request(Operate(supply.token, manual.ReadMeter("dc_voltage")))
    with pytest.raises(AgentError) as caught:
        client.request(Operate(supply.token, manual.SetSupply(voltage_v=5000.0, current_limit_a=0.3)))
    assert caught.value.kind == "failed"

    meter = client.request(AcquireLease("meter", "li"))
    with pytest.raises(AgentError, match="there is no MeterFunction 'volts': use one of dc_voltage"):
        client.request(Operate(meter.token, manual.ReadMeter("volts")))
    client.request(Subscribe(streams=("readings",)))
    client.request(Monitor(meter.token, manual.ReadMeter("dc_voltage"), seconds=30, interval_s=0.05))
    readings = []
    for reading in client.events(timeout_s=10):
        readings.append(reading)
        if len(readings) == 3:
            break
    assert {reading.role for reading in readings} == {"meter"}
    assert all(reading.values[0].value == pytest.approx(5.0, abs=0.1) for reading in readings)
    client.request(ReleaseLease(meter.token))
    assert list(client.events(timeout_s=0.5))[1:] == [], "the monitor ends with its lease"
    client.request(Operate(supply.token, manual.SafeState()))
    assert not output_is_on(bench_folder)
    client.request(ReleaseLease(supply.token))
    with pytest.raises(AgentError, match="acquire the instrument first"):
        client.request(Operate(supply.token, manual.Identify()))


def test_a_plan_that_blocks_on_calibration_is_refused_before_anything_is_switched(agent):
    """Q7: the bench says which instruments are not calibrated, and how to mend it."""
    _, client = agent
    with pytest.raises(AgentError) as caught:
        client.request(StartRun(serial="SP100-000042", plan="strict"), timeout_s=30)
    assert "the plan strict asks for calibrated instruments" in str(caught.value)
    assert "enter it in bench.toml under [instruments.meter.calibration]" in str(caught.value)


# -- with a hub ----------------------------------------


def test_the_hub_describes_watches_and_aborts(bench_folder, tmp_path, mosquitto):  # noqa: F811
    uplink = UplinkSettings("127.0.0.1", mosquitto.port, reconnect_s=(0.05, 0.3), resend_after_s=0.5)

    def command(action):
        expires_at = datetime.now(UTC) + timedelta(seconds=20)
        return control.Command(bench="bench-01", actor="zhao", role="supervisor", action=action, expires_at=expires_at)

    with ReceivingPeer(mosquitto.port) as peer:
        with running_agent(bench_folder, tmp_path / "state", uplink=uplink) as (agent, client):
            agent.rack.wait_connected(10)
            peer.wait_for(
                lambda: any(p.online and all(i.healthy for i in p.instruments) for p in peer.presence),
                "healthy presence",
            )
            assert client.request(Describe()).link.online
            assert peer.ask(command(control.Watch(seconds=30))).ok
            run = client.request(StartRun(serial="SP100-000042", plan="rails")).run
            next_prompt(client)
            described = peer.ask(command(control.Describe()))
            assert described.data["run"] == run
            assert {one["status"]["role"] for one in described.data["instruments"]} == set(ROLES)
            peer.wait_for(lambda: any(frame.stream == "run" for frame in peer.frames), "live progress")
            assert peer.ask(command(control.AbortRun(run))).ok
            wait_for(lambda: client.request(GetRunState()).status == "finished", "the end")
            wait_for(lambda: client.request(GetSpool()).waiting == 0, "everything is at the hub")
            finished = [r.body for r in peer.committed.values() if isinstance(r.body, records.RunFinished)]
            assert [body.outcome for body in finished] == [Outcome.ABORTED]
            aborted = [r.body for r in peer.committed.values() if getattr(r.body, "outcome", None) is Outcome.ABORTED]
            assert any("zhao" in (getattr(body, "detail", "") or "") for body in aborted)
        peer.wait_for(lambda: not peer.presence[-1].online, "the broker tells that the bench left")
