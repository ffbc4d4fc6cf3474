"""E3: nothing is lost or doubled when agent, broker and hub are killed at random moments; runs resume where they were.

Real processes, SIGKILL, and a broker that keeps nothing on disk. Twenty runs of a plan of a dozen steps; between them
every one of the three is killed several times, wherever it happens to be.
"""

import random
import re
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from waiting import wait_until

from benchwright.demo.processes import Processes
from benchwright.demo.scene import BENCH, build
from edge_agent.local_api.client import AgentError, SyncAgentClient
from edge_agent.local_api.requests import AnswerPrompt, GetRunState, GetSpool, StartRun
from protocols.messages.records import Outcome

RUNS = 20
CAMPAIGN_KILLS = 10_000
VICTIMS = ("agent", "broker", "hub")
RUN_TIMEOUT_S = 60.0
SETTLE_S = 60.0
PLAN = "kill-proof"
MAIN_STEPS = {f"rail-{number}" for number in range(1, 9)}


@pytest.fixture
def stage(tmp_path):
    with Processes(tmp_path / "logs") as processes:
        plans = Path(__file__).parent / "plans"
        scene = build(tmp_path / "scene", processes, (), ("--plans", str(plans), "--resume"))
        processes.kill("agent")
        keep_instruments(scene.bench_file, {"supply", "meter"})
        processes.restart("agent")
        processes.wait_until("agent", scene.agent_answers)
        yield scene, processes


def keep_instruments(bench_file, roles):
    """Leave only what the plan uses on the bench: an agent that starts quickly can be killed more often."""
    sections = re.split(r"(?m)^(?=\[)", bench_file.read_text())
    unused = re.compile(rf"\[instruments\.(?!({'|'.join(roles)})[\].])")
    bench_file.write_text("".join(section for section in sections if not unused.match(section)))


class Killer:
    """Kills one of the victims at a random moment and starts it again, over and over, until told to stop.

    The pause begins when the last victim is up again: what is killed while it still starts makes no progress.
    """

    def __init__(self, scene, processes, seed):
        desk = scene.desk()
        self._ready = {"agent": scene.agent_answers, "hub": desk.ready, "broker": scene.broker_listens}
        self.killed = Counter()
        self._random = random.Random(seed)
        self._processes = processes
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join()

    def _work(self):
        turns = []
        while not self._stopped.wait(self._random.uniform(0.1, 2.0)):
            turns = turns or self._random.sample(VICTIMS, len(VICTIMS))
            victim = turns.pop()
            self._processes.kill(victim)
            self.killed[victim] += 1
            self._stopped.wait(self._random.uniform(0, 0.3))
            self._processes.restart(victim)
            self._processes.wait_until(victim, self._ready[victim])


def asking_anew(scene, request, deadline):
    """Ask the agent, again and again while it is down; a run that is refused because another goes on is not asked."""
    while True:
        try:
            with SyncAgentClient(scene.agent_socket) as client:
                return client.request(request, timeout_s=5)
        except (AgentError, OSError) as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"the agent did not come back: {error}") from error
            time.sleep(0.05)


def start_run(scene, number):
    """Start a run; a killed agent may have begun it before it could say so, so it is looked for first."""
    serial = f"KILL-{number:05}"
    deadline = time.monotonic() + RUN_TIMEOUT_S
    while True:
        state = asking_anew(scene, GetRunState(), deadline)
        if state is not None and state.device.serial == serial:
            return state.run
        try:
            with SyncAgentClient(scene.agent_socket) as client:
                return client.request(StartRun(plan=PLAN, serial=serial), timeout_s=10).run
        except (AgentError, OSError) as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"run {number} could not be started: {error}") from error
            time.sleep(0.1)


def see_through(scene, run):
    """Answer what the run asks until it has ended."""
    deadline = time.monotonic() + RUN_TIMEOUT_S
    while True:
        state = asking_anew(scene, GetRunState(run=run), deadline)
        if state is None or state.outcome is not None:
            return
        if state.prompt is not None:
            for role, point in state.prompt.connect.items():
                scene.hand(do="connect", instrument=role, point=point)
            try:
                with SyncAgentClient(scene.agent_socket) as client:
                    client.request(AnswerPrompt(prompt=state.prompt.id), timeout_s=5)
            except (AgentError, OSError):
                pass  # killed, or settled in between: the next look tells
        assert time.monotonic() < deadline, f"run {run} is {state.status}, {state.fault}"
        time.sleep(0.05)


@pytest.mark.timeout(400)
def test_every_record_reaches_the_hub_once_however_often_all_are_killed(stage):
    scene, processes = stage
    runs = []
    with Killer(scene, processes, seed=20261123) as killer:
        for number in range(RUNS):
            run = start_run(scene, number)
            see_through(scene, run)
            runs.append(run)
    check_everything(scene, processes, killer, runs)


@pytest.mark.campaign
def test_ten_thousand_kills(stage):
    """The same for half a day: ``make campaign TESTS=tests/system``."""
    scene, processes = stage
    runs = []
    with Killer(scene, processes, seed=1) as killer:
        while sum(killer.killed.values()) < CAMPAIGN_KILLS:
            run = start_run(scene, len(runs))
            see_through(scene, run)
            runs.append(run)
    check_everything(scene, processes, killer, runs)


def every_run(desk):
    page = {"next": None}
    while page is not None:
        query = {"limit": "200"} | ({"cursor": page["next"]} if page["next"] else {})
        page = desk.call("GET", "/api/v1/runs", **query)
        yield from page["items"]
        page = page if page["next"] else None


def check_everything(scene, processes, killer, runs):
    assert set(killer.killed) == set(VICTIMS), killer.killed
    for name in VICTIMS:
        assert processes.alive(name)

    deadline = time.monotonic() + SETTLE_S
    wait_until(lambda: not asking_anew(scene, GetSpool(), deadline).waiting, "a receipt for every record", SETTLE_S)
    assert asking_anew(scene, GetSpool(), deadline).refused == 0

    desk = scene.desk()
    (spool,) = desk.call("GET", f"/api/v1/benches/{BENCH}/spools")
    # Numbers are given without gaps, so as many as the highest one, beginning at 1, is each exactly once.
    assert (spool["first"], spool["records"], spool["refused"]) == (1, spool["last"], 0)

    at_hub = {run["key"]: run for run in every_run(desk)}
    assert set(at_hub) == set(runs)
    resumed = 0
    for run in runs:
        detail = desk.call("GET", f"/api/v1/runs/{at_hub[run]['id']}")
        resumed += len(detail["resumes"])
        assert detail["outcome"] == Outcome.PASSED
        judged = Counter((step["step"], step["attempt"]) for step in detail["steps"] if step["group"] == "main")
        # A step without an outcome is done again; one with an outcome never is.
        assert set(judged.values()) == {1}, judged
        assert {step for step, _ in judged} == MAIN_STEPS
    assert resumed >= killer.killed["agent"] // 3
