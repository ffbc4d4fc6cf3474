"""D7: alarms reach hub and bench while a soak runs; a killed agent goes on with it by itself and tells the gap."""

from pathlib import Path

from agent_process import AgentProcess
from mosquitto import Mosquitto, mosquitto  # noqa: F401
from receiving_peer import ReceivingPeer
from waiting import wait_until

from drivers.simulated.bench import SimulatedBench
from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.events import StepEnded
from edge_agent.local_api.requests import GetRunState, StartRun, Subscribe
from protocols.messages.records import Outcome

PLAN = """
plan: short-soak
version: 1
model: SP-100
title: {en: Soak, zh-CN: 老化}
roles: {supply: {kind: supply, title: {en: supply, zh-CN: 电源}}}
setup:
  - id: power-on
    title: {en: On, zh-CN: 接通}
    action: supply.output
    role: supply
    with: {on: true}
    timeout: 5 s
main:
  - id: begin
    title: {en: Begin, zh-CN: 开始}
    action: wait
    with: {seconds: 1 ms}
soak:
  duration: 4 s
  every: 250 ms
  steps:
    - id: output
      title: {en: Output on, zh-CN: 输出接通}
      action: supply.read
      role: supply
      timeout: 3 s
      measure:
        - {name: output-on, field: output_on, expected: true}
        - {name: feed, field: voltage, low: 4 V}
"""


def test_an_alarm_reaches_hub_and_bench_at_once_and_a_killed_agent_goes_on(
    tmp_path: Path,
    mosquitto: Mosquitto,  # noqa: F811
) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "short-soak.plan.yaml").write_text(PLAN)
    with SimulatedBench(directory=tmp_path / "bench") as bench, ReceivingPeer(mosquitto.port, "b1") as hub:
        bench.write_bench_toml(tmp_path / "bench.toml", "b1", roles=("supply",))
        with (tmp_path / "bench.toml").open("a") as configuration:
            configuration.write(f'[hub]\nmqtt = "mqtt://127.0.0.1:{mosquitto.port}"\n')
        process = AgentProcess(tmp_path).start()
        try:
            agent = SyncAgentClient(process.socket)
            agent.request(Subscribe(streams=("run",)))
            run = agent.request(StartRun(serial="S1", plan="short-soak"), timeout_s=60).run
            hub.wait_for(lambda: "output" in hub.steps, "a round at the hub")
            bench.device.inject("shorted_load")
            ended = (one.record for one in agent.events(timeout_s=20) if isinstance(one, StepEnded))
            alarm = next(record for record in ended if record.step == "soak-alarm")
            assert "feed is outside its limits" in (alarm.detail or "")
            assert "超出限值" in (alarm.detail or "")
            hub.wait_for(lambda: "soak-alarm" in hub.steps, "the alarm at the hub")
            assert agent.request(GetRunState(run)).outcome is None, "told while it goes on"
            bench.device.repair("shorted_load")
        finally:
            process.kill()
        assert bench.device.state.feed.on, "the supply does not know that its agent is gone"
        process.start()
        try:
            agent = SyncAgentClient(process.socket)
            wait_until(lambda: agent.request(GetRunState(run)).outcome, "the run has ended", 40)
            state = agent.request(GetRunState(run))
            hub.wait_for(lambda: "soak-summary" in hub.steps, "the summary at the hub")
        finally:
            assert process.end() == 0
    assert state.outcome is Outcome.FAILED
    assert hub.steps.count("soak-alarm") == 1, "one alarm for one trouble, whatever happens to the agent"
    steps = {step.step: step for step in state.steps}
    assert steps["soak-gap"].measurements[0].value > 0
    assert 0 < (steps["soak-gap"].elapsed_s or 0) < 4
    summary = {one.name: one.value for one in steps["soak-summary"].measurements}
    assert 4 <= summary["soak-elapsed"] < 5
    assert summary["soak-gaps"] == 1
    assert summary["soak-out-of-limits"] >= 1
