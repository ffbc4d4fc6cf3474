"""The agent as a process: killed in the middle of a run, and at rest."""

import json
import subprocess
import sys

from agent_process import AgentProcess
from rails_agent import next_prompt
from waiting import wait_until

from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.requests import AnswerPrompt, GetRunState, StartRun
from edge_agent.spool import Spool
from protocols.messages.records import Outcome


def test_a_killed_agent_resumes_by_itself_and_no_record_is_lost_or_doubled(bench_folder, tmp_path):
    folder, _ = bench_folder
    process = AgentProcess(folder, "--resume", "--log-json", state=tmp_path / "state").start()
    try:
        with SyncAgentClient(process.socket) as client:
            run = client.request(StartRun(serial="SP100-000042", plan="rails"), timeout_s=60).run
            client.request(AnswerPrompt(next_prompt(client).id))
            wait_until(lambda: len(client.request(GetRunState()).steps) == 3, "the rail is measured")
        for _ in range(2):
            process.kill()
            process.start()
            with SyncAgentClient(process.socket) as client:
                prompt = next_prompt(client)
                assert prompt.step == "look"
        with SyncAgentClient(process.socket) as client:
            client.request(AnswerPrompt(prompt.id))
            end = wait_until(lambda: (s := client.request(GetRunState(run))).status == "finished" and s, "the end")
        assert end.outcome is Outcome.PASSED
        assert [step.step for step in end.steps].count("rail-5v") == 1
        assert process.end() == 0
    finally:
        process.kill()
    with Spool(tmp_path / "state" / "spool.db") as spool:
        numbers = [waiting.seq for waiting in spool.pending(limit_bytes=10**9)]
        assert numbers == list(range(1, numbers[-1] + 1))
    for line in process.log.read_text().splitlines():
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
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
