"""The reading of the moment against its limits, while its step still measures: a real agent, a simulated meter."""

import re

import pytest
from bench_at_work import PLAN
from tui_driving import work_at

from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.requests import GetRunState
from protocols.messages.records import Verdict

STEPS = 40
STEP = """  - id: rail-{number}
    title: {{en: 3.3 V rail, zh-CN: 3.3 V 电源轨电压}}
    action: multimeter.read
    role: meter
    timeout: 60 s
    with: {{function: dc_voltage, readings: 1000}}
    measure:
      - {{name: rail-{number}, field: value, low: 3.2 V, high: 3.4 V, rule: guard_band}}
"""


@pytest.fixture
def long_reading(bench):
    """A plan that reads a meter for a minute, among the plans of the bench."""
    head, _, rest = PLAN.replace("plan: rails", "plan: long").partition("main:\n")
    steps = "".join(STEP.format(number=number) for number in range(STEPS))
    file = bench.folder / "plans" / "long.plan.yaml"
    file.write_text(
        f"{head.replace('faults: rails.faults.yaml', '')}main:\n{steps}teardown:\n{rest.partition('teardown:')[2]}"
    )
    bench.instruments.pace = 0.1  # a meter without pace would keep the processor from all else
    yield bench
    bench.instruments.pace = 0.0
    file.unlink()


def bar_of(hands):
    """Return the bar of the step in progress: the first one on the screen."""
    return next((line for line in hands.text.splitlines() if "├" in line), "")


def test_the_newest_reading_lies_between_its_limits_while_the_step_goes_on(long_reading):
    bench = long_reading

    def reading():
        with SyncAgentClient(bench.socket) as agent:
            step = agent.request(GetRunState()).step
        return None if step is None or not step.newest else (step, step.newest[0])

    async def work(hands):
        await hands.type("T-000102")
        await hands.press("f9")
        await hands.sees("Which test plan?")
        await hands.fill("long")
        await hands.press("enter")
        await hands.sees("rail-", "  3.", "3.2 V … 3.4 V", "%")
        await hands.until(lambda: re.search("├.*●.*┤", bar_of(hands)), "a value between its limits")
        bench.instruments.device.inject("leaky_ldo")
        await hands.until(lambda: "◀" in bar_of(hands).partition("├")[0], "the value leaves its limits")
        await hands.press("ctrl+l")
        await hands.sees("3.2 V … 3.4 V", "步骤", "%")
        await hands.until(lambda: "◀" in bar_of(hands).partition("├")[0], "the same in the other language")
        found = []
        await hands.until(lambda: found.append(reading()) or found[-1], "what a client gets that comes now")
        step, newest = found[-1]
        assert (newest.name, newest.verdict, newest.instrument) == (step.step, Verdict.FAIL, "meter")
        assert newest.standard_uncertainty > 0
        await hands.press("f8")
        await hands.sees("⏎ 确定")
        await hands.press("right", "enter")
        await hands.until(lambda: hands.app.bench.run.outcome is not None, "the end")

    work_at(bench.socket, work, size=(100, 30))
