"""A bench as a technician finds it: the simulated instruments, a running agent, and tickets on its worklist."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from waiting import wait_until

from drivers.simulated.bench import SimulatedBench
from edge_agent.agent import Agent, AgentOptions
from edge_agent.bench_config import load_bench_config
from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.manual import SetSupply, SwitchOutput
from edge_agent.local_api.requests import AcquireLease, Describe, Operate, ReleaseLease
from protocols.messages.control import Desired, WorkItem
from protocols.messages.records import Device

SERIAL = "SP100-000042"
PLAN = """
plan: rails
version: 1
model: SP-100
title: {en: Supply rails, zh-CN: 电源轨检测}
faults: rails.faults.yaml
roles:
  supply: {kind: supply, title: {en: supply, zh-CN: 电源}}
  meter: {kind: multimeter, title: {en: meter, zh-CN: 万用表}}
points:
  TP_3V3: {en: 3.3 V rail, zh-CN: 3.3 V 电源轨}
setup:
  - id: feed
    title: {en: Set the feed, zh-CN: 设置供电}
    action: supply.configure
    role: supply
    with: {voltage: 5 V, current_limit: 300 mA}
  - id: power-on
    title: {en: Switch the feed on, zh-CN: 接通供电}
    action: supply.output
    role: supply
    with: {on: true, settle: 50 ms}
main:
  - id: rail-3v3
    title: {en: 3.3 V rail, zh-CN: 3.3 V 电源轨电压}
    action: multimeter.read
    role: meter
    connect: {meter: TP_3V3}
    with: {function: dc_voltage}
    measure:
      - {name: rail-3v3, field: value, low: 3.2 V, high: 3.4 V, rule: guard_band}
  - id: look
    title: {en: Look at the lamp, zh-CN: 观察指示灯}
    action: prompt
    skippable: true
    with:
      kind: choice
      text: {en: "What does the lamp do?", zh-CN: "指示灯状态如何？"}
      picture: lamp.png
      choices:
        steady: {en: it is steady, zh-CN: 常亮}
        blinks: {en: it blinks, zh-CN: 闪烁}
        dark: {en: it is dark, zh-CN: 不亮}
    measure:
      - {name: lamp, field: answer, expected: steady}
  - id: label
    title: {en: Read the label, zh-CN: 读取标签}
    action: prompt
    with: {kind: text, text: {en: "Scan the label of the board.", zh-CN: "扫描主板标签。"}}
    measure:
      - {name: label, field: answer}
  - id: distance
    title: {en: Measure the gap, zh-CN: 测量间隙}
    action: prompt
    skippable: true
    with: {kind: number, unit: "1", text: {en: "How many screws are there?", zh-CN: "有几颗螺丝？"}}
    measure:
      - {name: screws, field: answer, low: 3.5, high: 4.5}
teardown:
  - id: power-off
    title: {en: Switch the feed off, zh-CN: 切断供电}
    action: supply.output
    role: supply
    with: {on: false}
"""
ITEMS = (
    WorkItem(
        "T-000101", Device("SP-100", SERIAL), "指示灯不亮，插座无法开关（客户称雷雨后出现）", "assigned", "rails", 2
    ),
    WorkItem("T-000102", Device("SP-100", "SP100-000043"), "Switches off by itself after an hour", "in_progress", None),
    WorkItem("T-000103", Device("SP-100", "SP100-000044"), "Smells burnt", "assigned", "sp100-functional", 7),
)


def lamp() -> bytes:
    """Return a picture of a lamp: a yellow square in a black one."""
    from PIL import Image

    out = io.BytesIO()
    picture = Image.new("RGB", (40, 40), "#000000")
    picture.paste("#ffff00", (10, 10, 30, 30))
    picture.save(out, "PNG")
    return out.getvalue()


@dataclass
class BenchAtWork:
    """``instruments`` is the simulated bench; ``agent`` is running and is replaced by ``restart``."""

    folder: Path
    instruments: SimulatedBench
    agent: Agent

    @property
    def socket(self) -> Path:
        """The agent's socket."""
        return self.folder / "state" / "agent.sock"

    def restart(self) -> None:
        """Stop the agent and start another one on the same state."""
        self.agent.stop()
        self.start()

    def start(self) -> None:
        """Start an agent."""
        self.agent = new_agent(self.folder)
        self.agent.start()
        self.agent.rack.wait_connected(20)


def new_agent(folder: Path) -> Agent:
    """Return an agent of the bench in ``folder``, not started."""
    options = AgentOptions(folder / "state", plan_folders=(folder / "plans",))
    return Agent(load_bench_config(folder / "bench.toml"), options)


@contextmanager
def simulated(folder: Path, *, roles: tuple[str, ...] = ("meter", "supply")) -> Iterator[SimulatedBench]:
    """Run simulated instruments and write bench.toml and the plan into ``folder``."""
    plans = folder / "plans"
    plans.mkdir(parents=True)
    (plans / "lamp.png").write_bytes(lamp())
    (plans / "rails.plan.yaml").write_text(PLAN.replace("faults: rails.faults.yaml\n", ""))
    with SimulatedBench(directory=folder / "simulator") as instruments:
        instruments.connect("meter", "TP_3V3")
        instruments.write_bench_toml(folder / "bench.toml", roles=roles)
        yield instruments


@contextmanager
def at_work(folder: Path, instruments: SimulatedBench) -> Iterator[BenchAtWork]:
    """Run an agent with tickets on its worklist."""
    bench = BenchAtWork(folder, instruments, new_agent(folder))
    bench.agent.worklist.apply(Desired("bench-01", 1, ITEMS))
    bench.agent.start()
    bench.agent.rack.wait_connected(20)
    try:
        yield bench
    finally:
        bench.agent.stop()


def give_power(socket: Path) -> None:
    """Switch the device under test on, by hand, when all instruments are there."""
    with SyncAgentClient(socket) as agent:
        wait_until(
            lambda: all(one.status.healthy for one in agent.request(Describe()).instruments),
            "every instrument is connected",
        )
        token = agent.request(AcquireLease("supply", "test")).token
        agent.request(Operate(token, SetSupply(5.0, 0.5)))
        agent.request(Operate(token, SwitchOutput(on=True)))
        agent.request(ReleaseLease(token))
