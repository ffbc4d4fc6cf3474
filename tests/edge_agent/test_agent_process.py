"""The agent as a process: killed in the middle of a run, and at rest."""

import json
import os
import signal
import subprocess
import sys

from rails_agent import next_prompt
from waiting import wait_until

from edge_agent.local_api.client import AgentError, SyncAgentClient
from edge_agent.local_api.requests import AnswerPrompt, GetRunState, StartRun
from edge_agent.spool import Spool
from protocols.messages.records import Outcome


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


def connect(state):
    def answering():
        try:
            return SyncAgentClient(state / "agent.sock")
        except AgentError:
            return None

    return wait_until(answering, "the agent has come up")


def test_a_killed_agent_resumes_by_itself_and_no_record_is_lost_or_doubled(bench_folder, tmp_path):
    state = tmp_path / "state"
    process = start_process(bench_folder, state, "--resume")
    try:
        with connect(state) as client:
            run = client.request(StartRun(serial="SP100-000042", plan="rails"), timeout_s=60).run
            client.request(AnswerPrompt(next_prompt(client).id))
            wait_until(lambda: len(client.request(GetRunState()).steps) == 3, "the rail is measured")
        for _ in range(2):
            process.kill()
            process.wait()
            process = start_process(bench_folder, state, "--resume")
            with connect(state) as client:
                prompt = next_prompt(client)
                assert prompt.step == "look"
        with connect(state) as client:
            client.request(AnswerPrompt(prompt.id))
            end = wait_until(lambda: (s := client.request(GetRunState(run))).status == "finished" and s, "the end")
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
