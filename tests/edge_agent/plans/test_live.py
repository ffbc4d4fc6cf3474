"""What a step tells while it goes on: readings that disturb nothing, or what is waited for."""

import re
from pathlib import Path

import pytest

from drivers.simulated.bench import SimulatedBench
from edge_agent.bench_config import InstrumentConfig
from edge_agent.plans import events
from edge_agent.plans.captures import FolderCaptureStore
from edge_agent.plans.load import parse_plan
from edge_agent.plans.prompts import PromptDesk
from edge_agent.plans.runner import Runner
from edge_agent.rack import Rack
from edge_agent.spool import Spool
from protocols.messages.records import Device, Outcome

PLAN = """
plan: live
version: 1
model: SP-100
title: {en: Live, zh-CN: 实时}
roles:
  supply: {kind: supply, title: {en: supply, zh-CN: 电源}}
  scope: {kind: oscilloscope, title: {en: scope, zh-CN: 示波器}}
  camera: {kind: camera, title: {en: camera, zh-CN: 热像仪}}
  console: {kind: console, title: {en: console, zh-CN: 串口}}
setup:
  - id: feed
    title: {en: Set, zh-CN: 设置}
    action: supply.configure
    role: supply
    with: {voltage: 5 V, current_limit: 300 mA}
main:
  - {id: on, title: {en: On, zh-CN: 接通}, action: supply.output, role: supply, with: {on: true, settle: 1100 ms}}
  - {id: log, title: {en: Log, zh-CN: 日志}, action: console.listen, role: console, with: {seconds: 600 ms}}
  - id: draw
    title: {en: Draw, zh-CN: 电流}
    action: supply.read
    role: supply
    with: {settle: 1100 ms}
    measure:
      - {name: current, field: current, low: 1 mA, high: 300 mA}
  - id: heat
    title: {en: Heat, zh-CN: 温度}
    action: camera.capture
    role: camera
    with: {settle: 1500 ms}
    measure:
      - {name: hottest, field: maximum, high: 90 Cel}
  - id: record
    title: {en: Record, zh-CN: 记录}
    action: oscilloscope.capture
    role: scope
    with: {span: 1 ms, channels: [{channel: 1, scale: 1 V}], trigger: {channel: 1, level: 1.5 V}}
    timeout: 7 s
  - {id: pause, title: {en: Wait, zh-CN: 等待}, action: wait, with: {seconds: 1 s}}
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[events.Event]:
    """What a run of the plan told, in order."""
    folder: Path = tmp_path_factory.mktemp("live")
    loaded = parse_plan(PLAN.encode(), "live.plan.yaml", lambda name: b"")
    happened: list[events.Event] = []
    with SimulatedBench(directory=folder / "bench") as bench:
        bench.connect("scope", "TP_XTAL")
        config = {role: InstrumentConfig(*bench.instruments[role]) for role in loaded.plan.roles}
        with Rack(config) as rack, Spool(folder / "spool.db") as spool:
            assert rack.wait_connected(20), [one.fault for one in rack.status()]
            store = FolderCaptureStore(folder / "captures")
            runner = Runner(loaded, rack, spool, store, PromptDesk(), on_event=happened.append)
            assert runner.run("r1", Device("SP-100", "SP100-1")).outcome is Outcome.PASSED
    return happened


def progress(told: list[events.Event], step: str) -> list[events.StepProgress]:
    return [one for one in told if isinstance(one, events.StepProgress) and one.step == step]


def test_a_supply_is_read_back_while_the_device_settles(told: list[events.Event]) -> None:
    shown = progress(told, "on")
    assert re.fullmatch(r"(4\.99|5\.?).* V  \d.* m?A", shown[0].text), shown
    assert [one.fraction for one in shown] == sorted(one.fraction or 0 for one in shown)
    (newest,) = progress(told, "draw")[0].newest
    assert (newest.name, newest.limits is not None, newest.unit) == ("current", True, "A")


def test_a_camera_shows_its_last_frame_while_the_device_warms_up(told: list[events.Event]) -> None:
    shown = progress(told, "heat")
    assert re.fullmatch(r"\d\d\.\d … \d\d\.\d °C", shown[0].text)
    assert shown[0].newest[0].name == "hottest"
    assert (shown[-1].fraction, shown[-1].text) == (None, "taking the heat map, frames: 1")


def test_a_console_shows_what_the_device_says(told: list[events.Event]) -> None:
    shown = [one.text for one in progress(told, "log")]
    assert shown[0] == "listening to the device"
    assert any(len(text) > 5 for text in shown[1:]), shown


def test_where_nothing_can_be_read_it_is_said_what_is_waited_for_and_how_long(told: list[events.Event]) -> None:
    assert progress(told, "record")[0].text == "waiting for the trigger, then reading the record"
    assert progress(told, "pause")[0].text == "waiting as long as the plan says"
    started = {one.step: one.timeout_s for one in told if isinstance(one, events.StepStarted)}
    assert started["record"] == 7.0
