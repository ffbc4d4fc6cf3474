"""The agent and the terminal are killed (SIGKILL) in the middle of work by hand.

Nothing that was confirmed is lost, the screen says what is known and what is not, and the instrument is free again.
"""

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
from agent_process import AgentProcess
from bench_at_work import give_power
from terminal import Terminal
from tui_driving import Hands, work_at
from waiting import wait_until

from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.requests import Describe, GetDiscovery

AWAY, NOT_OURS = "▲ no agent", "not under your control"


def holders(socket):
    with SyncAgentClient(socket) as agent:
        return {one.status.role: one.holder for one in agent.request(Describe()).instruments}


def search_of(socket):
    with SyncAgentClient(socket) as agent:
        return agent.request(GetDiscovery())


# -- the agent -------------------------------------------------------------------------------------------------------


async def save_a_record_and_run(hands):
    await hands.press("f8")
    await hands.sees("record 1", "samples")
    await hands.press("f12")
    await hands.sees("sigrok session")
    await hands.press("enter")
    await hands.sees("Saved:")
    await hands.press("f7")
    await hands.sees("▶ runs")


async def ask_the_version(hands):
    await hands.type("version")
    await hands.sees(">>> version", "SP-100 1.4.2")


async def keep_a_golden_picture(hands):
    await hands.sees("32×24")
    await hands.press("f9")
    await hands.sees("Kept as that of a good board")


async def show_the_difference(hands):
    await hands.press("f8")
    await hands.sees("difference to", " K")


async def drive(hands):
    await hands.press("f5")
    await hands.sees("Set the generator")
    await hands.press("ctrl+s")
    await hands.sees("sine  offset 0 V")
    await hands.press("f6")
    await hands.sees("Switch the output on?")
    await hands.press("right", "enter")
    await hands.sees("OUTPUT ON")


async def switch_off(hands):
    await hands.press("f8")
    await hands.sees("output off", "All outputs are off")


async def nothing(_hands):
    pass


@dataclass(frozen=True)
class Flow:
    """What is going on when the agent is killed, what is seen then and when another one is there, and what works."""

    role: str
    panel: str
    begin: Callable[[Hands], Awaitable[None]]
    away: tuple[str, ...]
    back: tuple[str, ...]
    goes_on: Callable[[Hands], Awaitable[None]] = nothing


FLOWS = (  # an agent that starts finds outputs off: what the device says comes first
    Flow(
        "console",
        "Serial console by hand",
        ask_the_version,
        (NOT_OURS, "SP-100 1.4.2"),
        (">>> version", "SP-100 1.4.2"),
    ),
    Flow("scope", "Oscilloscope by hand", save_a_record_and_run, (NOT_OURS,), ("▶ runs",)),
    Flow("camera", "32×24", keep_a_golden_picture, (NOT_OURS, "32×24"), ("32×24",), show_the_difference),
    Flow("generator", "Signal generator by hand", drive, (NOT_OURS,), ("? output not known", "sine"), switch_off),
    Flow("", "Searching", nothing, ("? How the search is",), ("✗ the agent was restarted", "F5 searches again")),
)


async def open_panel(hands, flow):
    await hands.press("f4")
    await hands.sees("Controlled by")
    if flow.role:
        await hands.until(lambda: hands.app.bench.instrument(flow.role), "the rack is known")
        hands.app.screen.rows.move_to(flow.role)
        await hands.press("enter")
        await hands.until(lambda: getattr(hands.app.screen, "lease", None) is not None, f"control of {flow.role}")
    else:
        await hands.press("f5")
    await hands.sees(flow.panel)


def test_the_agent_is_killed_in_the_middle_of_every_panel(many_instruments, tmp_path):
    """H4, S3: records, logs and golden pictures that were confirmed are there; what is not known is not claimed."""
    folder, _simulator = many_instruments
    (tmp_path / "bench.toml").write_text((folder / "bench.toml").read_text())
    (tmp_path / "plans").symlink_to(folder / "plans")
    agent = AgentProcess(tmp_path).start()
    give_power(agent.socket)

    async def work(hands):
        for flow in FLOWS:
            await open_panel(hands, flow)
            await flow.begin(hands)
            agent.kill()
            await hands.sees(AWAY, "cannot be reached", *flow.away)
            assert "OUTPUT ON" not in hands.text
            agent.start()
            await hands.until(lambda: hands.app.bench.connected, "connected again")
            if flow.role:
                await hands.until(lambda: hands.app.screen.lease is not None, f"control of {flow.role} again")
            await hands.sees(*flow.back)
            await flow.goes_on(hands)
            await hands.press("escape")
            await hands.sees("Controlled by")
            await hands.until(lambda: set(holders(agent.socket).values()) == {None}, f"{flow.role} is free")

    try:
        work_at(agent.socket, work, size=(100, 30))
    finally:
        agent.kill()
    (saved,) = (tmp_path / "state" / "saved").iterdir()
    assert saved.read_bytes().startswith(b"\x89PNG")
    (log,) = (tmp_path / "state" / "consoles").iterdir()
    assert ">>> version" in log.read_text() and "SP-100 1.4.2" in log.read_text()
    assert (tmp_path / "bench.toml").read_text() == (folder / "bench.toml").read_text()


# -- the terminal ----------------------------------------------------------------------------------------------------

SHORT_LEASES = (
    "from tui.screens import by_hand; by_hand.LEASE_S, by_hand.RENEW_S = 2.0, 0.5; "
    "from benchwright.__main__ import main; main()"
)
"""The real program with a lease that runs out in two seconds, not thirty."""
KEYS = {
    "scope": (("F8", "record 1"), ("F7", "▶ runs")),
    "console": (("version", ">>> version"),),
    "camera": (("F9", "Kept as that of a good board"),),
    "generator": (("F5", "Set the generator"), ("C-s", "offset 0 V")),
    "": (),
}
"""What is pressed (or typed) in each real terminal, and what is seen of it, before all are killed."""
LATER = {
    "scope": ("record ", "samples"),
    "console": ("status: up",),
    "camera": ("32×24",),
    "generator": ("? output not known", "Nothing has been set from here"),
    "": ("The search has ended",),
}


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed (apt install tmux)")
def test_terminals_are_killed_in_the_middle_of_every_panel(full_bench, tmp_path):
    """The instruments are free when the leases run out, also those that streamed; what was confirmed is there again."""
    roles = list(holders(full_bench.socket))
    terminals = {}
    try:
        for flow in FLOWS:
            (place := tmp_path / f"terminal-{flow.role}").mkdir()
            arguments = ["tui", "--socket", str(full_bench.socket), "--language", "en", "--operator", "li"]
            command = shlex.join([sys.executable, "-c", SHORT_LEASES, *arguments])
            terminals[flow.role] = Terminal(place, 100, 30, command)
        for flow in FLOWS:
            screen = terminals[flow.role]
            screen.sees("T-000103")
            screen.keys("F4")
            screen.sees("Controlled by", "mcu")
            if flow.role:
                screen.keys("Home", *["Down"] * roles.index(flow.role), "Enter")
            else:
                screen.keys("F5")
            screen.sees(flow.panel)
            if flow.role == "console":
                screen.sees("status: up")  # a device that still boots hears nothing
            for key, seen in KEYS[flow.role]:
                screen.scan(key) if key.islower() else screen.keys(key)
                screen.sees(seen)
        search = search_of(full_bench.socket)
        assert search.status == "running"
        held = {role for role, holder in holders(full_bench.socket).items() if holder == "li"}
        assert held == {flow.role for flow in FLOWS if flow.role}
        for screen in terminals.values():
            os.kill(screen.pid(), signal.SIGKILL)
    finally:
        for screen in terminals.values():
            screen.close()
    wait_until(lambda: set(holders(full_bench.socket).values()) == {None}, "nobody holds an instrument")

    async def work(hands):
        for flow in FLOWS:
            await open_panel(hands, replace(flow, panel=LATER[flow.role][0]))
            await hands.sees(*LATER[flow.role])
            if flow.role == "camera":
                await show_the_difference(hands)
            await hands.press("escape")

    work_at(full_bench.socket, work, size=(100, 30))
    (log,) = (full_bench.folder / "state" / "consoles").iterdir()
    assert ">>> version" in log.read_text() and "SP-100 1.4.2" in log.read_text()
    assert search_of(full_bench.socket).id == search.id, "a search goes on without its screen"
