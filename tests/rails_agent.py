"""An agent on the simulated bench with a plan that measures a rail and asks."""

from contextlib import contextmanager

from waiting import wait_until

from edge_agent.agent import Agent, AgentOptions
from edge_agent.bench_config import load_bench_config
from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.requests import GetRunState

PLAN = """
plan: rails
version: 1
model: SP-100
title: {en: Rails, zh-CN: 电源轨}
roles:
  supply: {kind: supply, title: {en: supply, zh-CN: 电源}}
  meter: {kind: multimeter, title: {en: meter, zh-CN: 万用表}}
points:
  TP_5V: {en: 5 V rail, zh-CN: 5 V 电源轨}
setup:
  - id: feed
    title: {en: Set the feed, zh-CN: 设置供电}
    action: supply.configure
    role: supply
    with: {voltage: 5 V, current_limit: 300 mA}
    timeout: 5 s
  - id: power-on
    title: {en: Switch on, zh-CN: 接通}
    action: supply.output
    role: supply
    with: {on: true, settle: 100 ms}
    timeout: 5 s
main:
  - id: rail-5v
    title: {en: 5 V rail, zh-CN: 5 V 电源轨}
    action: multimeter.read
    role: meter
    connect: {meter: TP_5V}
    with: {function: dc_voltage}
    timeout: 5 s
    measure:
      - {name: rail-5v, field: value, low: 4.75 V, high: 5.25 V}
  - id: look
    title: {en: Look, zh-CN: 观察}
    action: prompt
    skippable: true
    with: {text: {en: "Is the lamp lit?", zh-CN: "灯亮吗？"}}
    timeout: 60 s
    measure:
      - {name: lamp, field: answer, expected: true}
  - id: pause
    title: {en: Wait, zh-CN: 等待}
    action: wait
    with: {seconds: 300 ms}
    timeout: 5 s
"""
ROLES = ("meter", "supply")


@contextmanager
def running_agent(bench_folder, state, **options):
    folder, _ = bench_folder
    uplink = options.pop("uplink", None)
    config = load_bench_config(folder / "bench.toml")
    agent = Agent(config, AgentOptions(state, plan_folders=(folder / "plans",), **options), uplink=uplink)
    agent.start()
    try:
        with SyncAgentClient(state / "agent.sock") as client:
            yield agent, client
    finally:
        agent.stop()


def next_prompt(client):
    return wait_until(lambda: (client.request(GetRunState()) or _NOTHING).prompt, "a question")


class _NOTHING:
    prompt = None


def output_is_on(bench_folder):
    return bench_folder[1].device.state.feed.on
