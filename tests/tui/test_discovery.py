"""The wizard that finds instruments, against a real agent and simulated instruments on real ports."""

from tui_driving import work_at

from edge_agent.agent import Agent, AgentOptions
from edge_agent.bench_config import load_bench_config

BENCH = '[bench]\nname = "bench-01"\n\n[instruments.supply]\nprofile = "riden-rd6006"\naddress = "{supply}"\n'


def test_an_instrument_is_found_taken_tried_and_written_into_bench_toml(instruments, tmp_path):
    _folder, simulator = instruments
    path = tmp_path / "bench.toml"
    path.write_text(BENCH.format(supply=simulator.instruments["supply"][1]))
    host, port = simulator.instruments["meter"][1].split("::")[1:3]
    agent = Agent(load_bench_config(path), AgentOptions(tmp_path / "state", bench_file=path))
    agent.start()

    async def work(hands):
        await hands.press("f4")
        await hands.sees("supply")
        await hands.press("f5")
        await hands.sees("Find instruments", "Searching")
        await hands.press("f8")
        await hands.sees("The search was stopped")
        await hands.press("f6")
        await hands.sees("Ask a place")
        await hands.fill(f"{host}:{port}")
        await hands.press("ctrl+s")
        await hands.sees("● ", "Keysight 34461A", "The search has ended")
        await hands.press("enter")
        await hands.sees("Take into the rack", "Role in test plans")
        await hands.press("end", "ctrl+u")
        await hands.fill("supply")
        await hands.press("ctrl+s")
        await hands.sees("Replace the instrument in this role?")
        await hands.press("escape")
        await hands.sees("Take into the rack")
        await hands.press("end", "ctrl+u")
        await hands.fill("dmm")
        await hands.press("ctrl+s")
        await hands.sees("✓ dmm", "Keysight Technologies,34461A")
        await hands.press("enter")
        await hands.sees("It is in the rack already, as dmm.")
        await hands.press("escape")
        await hands.sees("multimeter")

    try:
        work_at(tmp_path / "state" / "agent.sock", work)
    finally:
        agent.stop()
    assert load_bench_config(path).instruments["dmm"].profile == "keysight-34461a"


def test_a_search_that_finds_nothing_says_what_to_check(tmp_path):
    (tmp_path / "bench.toml").write_text('[bench]\nname = "bench-01"\n')
    path = tmp_path / "bench.toml"
    agent = Agent(load_bench_config(path), AgentOptions(tmp_path / "state", bench_file=path))
    agent.start()

    async def work(hands):
        await hands.press("f4")
        await hands.press("f5")
        await hands.sees("Find instruments", "Searching")
        await hands.press("f8")
        await hands.sees("The search was stopped")
        await hands.press("f6")
        await hands.fill("127.0.0.1:1")
        await hands.press("ctrl+s")
        await hands.sees("no instrument answered", "Nothing was found.", "Check that the instrument is on")
        await hands.press("ctrl+c")
        await hands.sees("Ctrl+Q leaves the bench")
        await hands.press("ctrl+l", "ctrl+c")
        await hands.sees("按 Ctrl+Q 退出", "⏎ 加入")

    try:
        work_at(tmp_path / "state" / "agent.sock", work)
    finally:
        agent.stop()
