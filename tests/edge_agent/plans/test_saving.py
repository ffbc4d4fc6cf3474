"""What a step saves: a full store, or a line that said nothing, is an outcome and not the end of the run."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.bench_config import InstrumentConfig
from edge_agent.captures import BenchCaptures
from edge_agent.plans.load import LoadedPlan
from edge_agent.plans.prompts import PromptDesk
from edge_agent.plans.runner import Runner
from edge_agent.rack import Rack
from edge_agent.spool import Spool
from protocols.messages.records import CaptureTaken, Device, Outcome, RunFinished, StepFinished

PLAN = """
plan: listen
version: 1
model: SP-100
title: {en: Listen, zh-CN: 监听}
roles:
  console: {kind: console, title: {en: the console, zh-CN: 串口}}
main:
  - id: boot-log
    title: {en: Boot log, zh-CN: 启动日志}
    action: console.listen
    role: console
    with: {seconds: 200 ms}
    timeout: 5 s
    save: true
    measure:
      - {name: bytes, field: bytes}
"""


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


class Remembering(Spool):
    """A spool that also keeps what was appended in memory."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.bodies: list[object] = []

    def append(self, body, **keywords):  # type: ignore[no-untyped-def]
        self.bodies.append(body)
        return super().append(body, **keywords)


def listen(tmp_path: Path, plan: LoadedPlan, device: str, captures: BenchCaptures) -> list[object]:
    console = InstrumentConfig("serial-console", f"serial:{device}")
    with Rack({"console": console}) as rack, Remembering(tmp_path / "spool.db") as spool:
        assert rack.wait_connected(20)
        Runner(plan, rack, spool, captures, PromptDesk()).run("run-1", Device("SP-100", "SN-1"))
        return spool.bodies


def test_a_silent_console_is_measured_and_leaves_no_capture(
    tmp_path: Path, plan_of: Callable[..., LoadedPlan], line: tuple[int, str]
) -> None:
    bodies = listen(tmp_path, plan_of(PLAN), line[1], BenchCaptures(tmp_path / "captures"))
    (step,) = [body for body in bodies if isinstance(body, StepFinished)]
    assert (step.outcome, step.measurements[0].value) == (Outcome.PASSED, 0.0)
    assert not [body for body in bodies if isinstance(body, CaptureTaken)]
    assert isinstance(bodies[-1], RunFinished)


def test_a_full_store_of_captures_is_an_error_of_the_step_and_the_run_ends(
    tmp_path: Path, plan_of: Callable[..., LoadedPlan], line: tuple[int, str]
) -> None:
    stopped = threading.Event()

    def talk() -> None:
        while not stopped.wait(0.02):
            os.write(line[0], b"booting\n")

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        bodies = listen(tmp_path, plan_of(PLAN), line[1], BenchCaptures(tmp_path / "captures", max_waiting_bytes=1))
    finally:
        stopped.set()
        talker.join()
    (step,) = [body for body in bodies if isinstance(body, StepFinished)]
    assert step.outcome is Outcome.ERROR
    assert "connect the bench to the hub" in (step.detail or "")
    assert bodies[-1] == RunFinished("run-1", Outcome.ERROR)
