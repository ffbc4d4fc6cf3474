"""An agent for the benchmarks of the terminal: ``python -m benchmarks.streaming_agent <folder>``.

All of it is the real agent; the one thing made up is the oscilloscope, which gives records of a million samples at
once, so that what is measured is the way from a record to the screen and not the speed of an instrument.
"""

import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from drivers.capabilities import ChannelSetup, Oscilloscope
from drivers.guard import Guard
from edge_agent.agent import Agent, AgentOptions
from edge_agent.bench_config import load_bench_config
from edge_agent.local_api import events
from edge_agent.local_api.views import Quantity
from protocols.messages.control import Desired, WorkItem
from protocols.messages.records import Device
from protocols.waveform import Waveform

SAMPLES = 1_000_000
ROUNDS_A_SECOND = 25
"""Each is two events: a reading, and how far the run is, or else the depth of the spool."""
PLAN = """
plan: long
version: 1
model: SP-100
title: {en: A long step, zh-CN: 一个长步骤}
main:
  - id: long
    title: {en: Watch for an hour, zh-CN: 观察一小时}
    action: wait
    timeout: 2 h
    with: {seconds: 1 h}
"""


class RecordScope(Oscilloscope):
    """Holds four records of noise on a sine, each with a glitch of one sample elsewhere."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        noise = np.random.default_rng(1).normal(0, 2, SAMPLES)
        sine = 128 + 60 * np.sin(np.arange(SAMPLES) / 20_000)
        self._records = [np.roll(sine + noise, number * 7919).astype(np.uint8) for number in range(4)]
        for number, record in enumerate(self._records):
            record[number * 123_457 + 1000] = 255
        self._number = 0

    def identify(self) -> str:
        """See ``Instrument``."""
        return "records of the benchmark"

    def close(self) -> None:
        """See ``Instrument``."""

    def capture(self, channels: Any, **_: Any) -> tuple[Waveform, ...]:
        """Return the next record for every channel."""
        self._number += 1
        codes = self._records[self._number % len(self._records)]
        return tuple(
            Waveform(f"ch{one.channel}", codes, 1e-8, scale=0.04, offset=-5.12)
            for one in channels
            if isinstance(one, ChannelSetup)
        )


def main() -> None:
    """Serve until SIGTERM, with an endless stream of readings beside."""
    folder = Path(sys.argv[1])
    file = folder / "bench.toml"
    file.write_text(
        '[bench]\nname = "bench-01"\n\n[instruments.scope]\n'
        'profile = "rigol-ds1054z"\naddress = "TCPIP::127.0.0.1::1::SOCKET"\n'
    )
    plans = folder / "plans"
    plans.mkdir()
    (plans / "long.plan.yaml").write_text(PLAN, encoding="utf-8")
    config = load_bench_config(file)
    options = AgentOptions(folder, plan_folders=(plans,))
    agent = Agent(config, options, opener=lambda *_, guard=None, **__: RecordScope(guard or Guard()))
    items = tuple(WorkItem(f"T-{n:06}", Device("SP-100", f"SP100-{n:06}"), "dead", "assigned") for n in range(1, 41))
    agent.worklist.apply(Desired("bench-01", 1, items))
    agent.start()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    number = 0
    while not stop.wait(1 / ROUNDS_A_SECOND):
        number += 1
        reading = Quantity("dc_voltage", 3.3 + number % 10 / 1000, "V", 0.001)
        agent.bus.publish(events.Reading("meter", datetime.now(UTC), (reading,)), key="reading:meter")
        if (run := agent.runs.current) is not None:
            progressed = events.StepProgressed(run, "long", number % 1000 / 1000, f"{number} readings")
            agent.bus.publish(progressed, key="progress")
        else:
            agent.bus.publish(events.SpoolChanged(agent.desk.depth()), key="spool")
    agent.stop()


if __name__ == "__main__":
    main()
