"""Nothing that was confirmed is lost, and the screen says what happened, when any part is killed in the middle.

The agent is a process of its own on the simulated bench; it and the broker are killed with SIGKILL. That the terminal
itself is killed is in ``test_in_terminal``.
"""

import pytest
from agent_process import AgentProcess
from bench_at_work import ITEMS, new_agent
from mosquitto import Mosquitto
from receiving_peer import ReceivingPeer
from tui_driving import work_at

from edge_agent import runs
from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.requests import Describe, GetRunState
from edge_agent.plans.runner import Runner
from protocols.messages.control import Desired
from protocols.messages.records import Outcome, TicketEvent


@pytest.fixture
def broker(tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    with Mosquitto(folder) as running:
        yield running


@pytest.fixture
def killable(instruments, tmp_path, broker):
    """The agent in a process of its own, with tickets that a hub's stand-in gave it through the broker."""
    folder, simulator = instruments
    text = (folder / "bench.toml").read_text()
    (tmp_path / "bench.toml").write_text(f'{text}\n[hub]\nmqtt = "{broker.url}"\n')
    (tmp_path / "plans").symlink_to(folder / "plans")
    simulator.connect("meter", "TP_3V3")
    with ReceivingPeer(broker.port) as hub:
        hub.answers = False
        hub.publish("down/desired", Desired("bench-01", 1, ITEMS), retain=True)
        agent = AgentProcess(tmp_path).start()
        try:
            yield agent, hub
        finally:
            agent.kill()


def test_the_agent_is_killed_around_an_entry(killable):
    """Before it is confirmed the words come back; once it is said to be kept, it is on the disk."""
    agent, _hub = killable

    async def work(hands):
        await hands.sees("T-000101", "● online")
        await hands.press("f5")
        await hands.sees("T-000101: kept", "↑ taken")
        agent.kill()
        await hands.sees("▲ no agent", "cannot be reached")
        await hands.press("f6")
        await hands.sees("Put on hold")
        await hands.press("enter")
        await hands.fill("C5 is out of stock")
        await hands.press("ctrl+s")
        await hands.sees("Not kept:", "C5 is out of stock")
        agent.start()
        await hands.until(lambda: hands.app.bench.connected, "connected again")
        await hands.press("ctrl+s")
        await hands.sees("↑ put on hold")

    work_at(agent.socket, work)
    agent.kill()
    agent.start()
    assert [(one.action, one.note) for one in agent.events()] == [("taken", None), ("wait", "C5 is out of stock")]


def test_the_agent_is_killed_in_a_run_and_in_a_panel(killable):
    """What was measured is kept, the run is called interrupted, and a panel takes control again."""
    agent, _hub = killable

    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f9")
        await hands.sees("meter → TP_3V3")
        await hands.type("y")
        await hands.sees("What does the lamp do?", "✓  3.3 V rail")
        agent.kill()
        await hands.sees("▲ no agent")
        await hands.type("1")
        await hands.sees("cannot be reached")
        agent.start()
        await hands.sees("INTERRUPTED", "✓  3.3 V rail")
        await hands.press("f7")
        await hands.sees("What does the lamp do?")
        for answer in ("1", "x", "4"):
            asked = hands.app.bench.run.prompt.id
            await hands.type(answer)
            await hands.until(
                lambda asked=asked: (
                    (run := hands.app.bench.run)
                    and (run.outcome is not None or (run.prompt and run.prompt.id != asked))
                ),
                "the next question",
            )
        await hands.sees("✓  PASSED")
        await hands.press("f4")
        await hands.sees("Controlled by", "multimeter")
        hands.app.screen.rows.move_to("meter")
        await hands.press("enter")
        await hands.sees("n 2", "(k = 2)")
        agent.kill()
        await hands.sees("▲ no agent", "not under your control")
        agent.start()
        await hands.until(lambda: hands.app.screen.lease is not None, "control again")
        seen = hands.app.bench.readings_seen["meter"]
        await hands.until(lambda: hands.app.bench.readings_seen["meter"] > seen, "readings again")

    work_at(agent.socket, work)
    with SyncAgentClient(agent.socket) as client:
        run = client.request(GetRunState())
        assert client.request(Describe()).interrupted == ()
    if run is not None:  # an agent that was started anew knows of a finished run by its journal alone
        assert run.outcome is Outcome.PASSED


def test_the_network_goes_and_comes_back_in_the_middle_of_the_work(killable, broker):
    """The screen says offline and what waits; all of it is sent when there is a hub again, each entry once."""
    agent, hub = killable

    async def work(hands):
        await hands.sees("T-000101", "● online")
        broker.kill()
        await hands.sees("○ offline")
        await hands.press("f5")
        await hands.sees("T-000101: kept here, and sent when the hub can be reached.", "↑ taken", "wait")
        await hands.press("ctrl+o")
        await hands.fill("seen offline")
        await hands.press("ctrl+s")
        await hands.sees("↑ note")
        hub.answers = True
        broker.start()
        await hands.sees("● online")
        await hands.sees("✓ note", "nothing waits")

    work_at(agent.socket, work)
    sent = [one.body for one in hub.committed.values() if isinstance(one.body, TicketEvent)]
    assert [(one.action, one.note) for one in sent] == [("taken", None), ("note", "seen offline")]


def test_ending_an_interrupted_run_names_the_outputs_that_may_be_on(bench, monkeypatch):
    """The supply, switched on by the run, cannot be reached after the agent went away: a person has to (T7)."""
    monkeypatch.setattr(runs, "_CONNECT_S", 0.3)
    monkeypatch.setitem(Runner.__init__.__kwdefaults__, "safe_state_s", 2.0)

    async def work(hands):
        await hands.sees("T-000101")
        await hands.press("f9")
        await hands.sees("meter → TP_3V3")
        bench.agent.stop()
        await hands.sees("▲ no agent")
        bench.instruments.misbehave("supply", "unplug")
        bench.agent = new_agent(bench.folder)
        bench.agent.start()
        await hands.sees("INTERRUPTED", "Not known to be off: supply. Switch it off")
        await hands.press("f7")
        await hands.sees("Outputs go to a safe state, then")
        await hands.press("f8", "right", "enter")
        await hands.sees("ABORTED", "switch supply off by hand", "·  Teardown: Switch the feed")
        assert "Outputs go to a safe state, then" not in hands.text

    try:
        work_at(bench.socket, work)
    finally:
        bench.instruments.misbehave("supply", "unplug", on=False)
    with SyncAgentClient(bench.socket) as agent:
        (last,) = [one for one in agent.request(GetRunState()).steps if one.step == "safe-state"]
    assert (last.outcome, last.group) == (Outcome.ERROR, "teardown")
