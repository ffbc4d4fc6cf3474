"""A running agent, as clients and the hub see it."""

import json
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from mosquitto import mosquitto  # noqa: F401
from rails_agent import PLAN, ROLES, next_prompt, output_is_on, running_agent
from receiving_peer import ReceivingPeer
from waiting import PATIENCE_S, wait_until

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
from edge_agent.uplink.settings import UplinkSettings
from protocols.messages import control, records
from protocols.messages.records import Outcome

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
        second = wait_until(lambda: (p := next_prompt(client)).id != first.id and p, "the second question")
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
    state = wait_until(lambda: (s := client.request(GetRunState())).status == "finished" and s, "the end")
    assert state.outcome is Outcome.ABORTED
    assert not output_is_on(bench_folder)


def test_a_stopped_agent_suspends_the_run_and_the_next_one_resumes_it(bench_folder, tmp_path):
    state = tmp_path / "state"
    with running_agent(bench_folder, state) as (_, client):
        run = client.request(StartRun(serial="SP100-000042", plan="rails")).run
        client.request(AnswerPrompt(next_prompt(client).id))
        wait_until(lambda: len(client.request(GetRunState()).steps) == 3, "the rail is measured")
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
        after = wait_until(lambda: (s := client.request(GetRunState(run))).status == "finished" and s, "the end")
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
        fault = wait_until(lambda: client.request(Describe()).interrupted[0].fault, "the reason")
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
        agent.rack.wait_connected(20)
        client.request(StartRun(serial="SP100-000042", plan="rails"))
        prompt = next_prompt(client)
        agent.spool._max_bytes = 10
        client.request(AnswerPrompt(prompt.id))
        state = wait_until(lambda: (s := client.request(GetRunState())).status == "interrupted" and s, "the stop")
        assert "its maximum is" in state.fault
        assert not output_is_on(bench_folder)


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
    assert next(client.events(timeout_s=PATIENCE_S)) == events.WorklistChanged(1)
    with pytest.raises(AgentError, match="is for the serial SP100-000042, not for SP100-000099"):
        client.request(StartRun(serial="SP100-000099", ticket="T-1"))
    run = client.request(StartRun(serial=" sp100-０00042", ticket="T-1")).run  # however it is typed
    assert [one.run for one in client.request(GetRuns(serial="sp100-000042"))] == [run]
    state = client.request(GetRunState(run))
    assert (state.plan.name, state.device, state.ticket) == ("rails", device, "T-1")
    client.request(AbortRun(run))
    wait_until(lambda: client.request(GetRunState()).status == "finished", "the end")


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
    assert len(list(islice(client.events(timeout_s=0.5), 100))) < 100, "the monitor ends with its lease"
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
            agent.rack.wait_connected(20)
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
            wait_until(lambda: client.request(GetRunState()).status == "finished", "the end")
            wait_until(lambda: client.request(GetSpool()).waiting == 0, "everything is at the hub")
            finished = [r.body for r in peer.committed.values() if isinstance(r.body, records.RunFinished)]
            assert [body.outcome for body in finished] == [Outcome.ABORTED]
            aborted = [r.body for r in peer.committed.values() if getattr(r.body, "outcome", None) is Outcome.ABORTED]
            assert any("zhao" in (getattr(body, "detail", "") or "") for body in aborted)
        peer.wait_for(lambda: not peer.presence[-1].online, "the broker tells that the bench left")
