"""D7: an agent that is killed in the middle of a soak goes on by itself when it starts again, and tells the gap."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from drivers.simulated.bench import SimulatedBench
from edge_agent.local_api.client import AgentError, SyncAgentClient
from edge_agent.local_api.requests import GetRunState, StartRun
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
      measure: [{name: output-on, field: output_on, expected: true}]
"""


def client(path: Path) -> SyncAgentClient:
    deadline = time.monotonic() + 30
    while True:
        try:
            return SyncAgentClient(path)
        except (AgentError, OSError):
            assert time.monotonic() < deadline, "the agent does not answer"
            time.sleep(0.05)


def test_a_killed_agent_goes_on_with_the_soak(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "short-soak.plan.yaml").write_text(PLAN)
    with SimulatedBench(directory=tmp_path / "bench") as bench:
        profile, address = bench.instruments["supply"]
        text = f'[bench]\nname = "b1"\n[instruments.supply]\nprofile = "{profile}"\naddress = "{address}"\n'
        (tmp_path / "bench.toml").write_text(text)
        command = [sys.executable, "-m", "benchwright", "agent", "run", "--bench", str(tmp_path / "bench.toml"),
                   "--state", str(tmp_path / "state"), "--plans", str(tmp_path / "plans")]  # fmt: skip
        socket = tmp_path / "state" / "agent.sock"
        first = subprocess.Popen(command)
        try:
            run = client(socket).request(StartRun(serial="S1", plan="short-soak"), timeout_s=60).run
            time.sleep(1.5)
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait(10)
        assert bench.device.state.feed.on, "the supply does not know that its agent is gone"
        second = subprocess.Popen(command)
        try:
            agent = client(socket)
            deadline = time.monotonic() + 40
            while (state := agent.request(GetRunState(run))).outcome is None:
                assert time.monotonic() < deadline, state
                time.sleep(0.2)
        finally:
            second.terminate()
            second.wait(20)
    assert state.outcome is Outcome.PASSED
    steps = {step.step: step for step in state.steps}
    assert steps["soak-gap"].measurements[0].value > 0
    assert 0 < (steps["soak-gap"].elapsed_s or 0) < 4
    summary = {one.name: one.value for one in steps["soak-summary"].measurements}
    assert 4 <= summary["soak-elapsed"] < 5
    assert summary["soak-gaps"] == 1
