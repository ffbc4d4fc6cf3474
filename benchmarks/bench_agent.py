"""What a journalled step costs beside a bare durable commit, and what an idle agent costs."""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from benchmarks.row import Row
from edge_agent.local_api.client import AgentError, SyncAgentClient
from edge_agent.local_api.requests import Describe
from edge_agent.spool import Spool
from protocols.messages import codec, records

COMMITS = 400
IDLE_S = 3.0
START_S = 30.0
_IMPORT = """
import json, sys, time
began = time.process_time()
import edge_agent.agent
print(json.dumps([time.process_time() - began, sorted({"scipy", "numpy", "pyvisa"} & set(sys.modules))]))
"""


def rows() -> Iterator[Row]:
    """Measure on the disk of the temporary folder."""
    with tempfile.TemporaryDirectory(prefix="bench-agent-") as name:
        folder = Path(name)
        yield _journalled_step(folder)
        yield _import_cpu()
        yield from _idle(folder)


def _step(number: int) -> records.StepFinished:
    measurement = records.Measurement(
        name="rail-3v3",
        value=3.3 + number / 1e6,
        unit="V",
        standard_uncertainty=0.0004,
        limits=records.Limits(3.2, 3.4),
        verdict=records.Verdict.PASS,
        instrument="meter",
    )
    title = {"en": "3.3 V rail", "zh-CN": "3.3 V 电源轨电压"}
    outcome = records.Outcome.PASSED
    return records.StepFinished("run-1", f"step-{number}", "main", 1, outcome, 0.1, (measurement,), title)


def _journalled_step(folder: Path) -> Row:
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, encoded BLOB)")
    row = codec.encode(_step(1))
    with Spool(folder / "spool.db") as spool:
        device = records.Device("SP-100", "SP100-000042")
        spool.append(records.RunStarted("run-1", records.PlanReference("plan", 1, "0" * 64), device))
        bare_s, ours_s = [], []
        for number in range(COMMITS):  # turn by turn, so that both meet the same disk
            bare_s.append(_timed(lambda: bare.execute("INSERT INTO record (encoded) VALUES (?)", (row,))))
            ours_s.append(_timed(lambda number=number: spool.append(_step(number))))  # type: ignore[misc]
    bare.close()
    one = statistics.median(bare_s)
    note = f"median of {COMMITS}; one SQLite FULL commit of the same bytes takes {one * 1e6:.0f} µs here"
    return Row("journalled step ÷ one durable commit", statistics.median(ours_s) / one, 2.0, "lower", note)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _import_cpu() -> Row:
    runs = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True, timeout=60)
        runs.append(json.loads(done.stdout))
    seconds = statistics.median(cpu for cpu, _ in runs)
    heavy = ", ".join(runs[0][1]) or "none"
    return Row("agent import", seconds, 0.5, "lower", f"CPU, median of 5; heavy libraries loaded: {heavy}", "s")


def _idle(folder: Path) -> Iterator[Row]:
    bench = '[bench]\nname = "bench-01"\n[hub]\nmqtt = "mqtt://127.0.0.1:9"\nurl = "http://127.0.0.1:9"\n'
    (folder / "bench.toml").write_text(bench)
    yield _idle_memory("idle agent", folder, folder / "bench.toml", 50.0, "hub unreachable, no instruments")
    from drivers.simulated.bench import SimulatedBench

    with SimulatedBench(directory=folder / "simulator") as simulated:
        simulated.write_bench_toml(folder / "full.toml")
        note = f"{len(simulated.instruments)} instruments connected (with pyvisa, pymodbus, numpy)"
        yield _idle_memory("idle agent, all instruments", folder, folder / "full.toml", 50.0, note)


def _idle_memory(name: str, folder: Path, bench: Path, aim: float, note: str) -> Row:
    state = folder / bench.stem
    agent = subprocess.Popen(
        [sys.executable, "-m", "benchwright", "agent", "run", "--bench", bench, "--state", state],
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_settled(state / "agent.sock")
        process = psutil.Process(agent.pid)
        before = process.cpu_times()
        time.sleep(IDLE_S)
        after = process.cpu_times()
        busy = (after.user + after.system - before.user - before.system) / IDLE_S
        memory = process.memory_info().rss / 1e6
    finally:
        agent.terminate()
        agent.wait(30)
    note = f"{note}; resident; {busy:.1%} of one core while idle; {os.uname().machine}"
    return Row(name, memory, aim, "lower", note, "MB")


def _wait_until_settled(socket: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            with SyncAgentClient(socket) as client:
                while time.monotonic() < deadline:
                    if all(one.status.healthy for one in client.request(Describe()).instruments):
                        time.sleep(1.0)
                        return
                    time.sleep(0.2)
        except AgentError:
            time.sleep(0.1)
    raise RuntimeError(f"the agent was not ready within {START_S} s")
