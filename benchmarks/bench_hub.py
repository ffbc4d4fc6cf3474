"""Ingest at the hub against receiving the same messages and doing nothing with them.

A full batch (at most 500 records or 64 kB) is what a bench sends after a time offline; at work it sends a record as
each step ends. Both sides run in a process of their own behind the same Mosquitto, subscribe alike, and get the same
messages from the same publisher. The clock runs from the first publish to the last message received, or to the last
receipt, which the hub sends after its commit to SQLite on disk (``synchronous=FULL``).
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.row import Row
from protocols.messages import codec, control, topics
from protocols.messages import records as r

BENCH = "bench-01"
EPOCH = "0123456789abcdef0123456789abcdef"
ROUNDS = 3
TOPIC = topics.topic(BENCH, topics.UP_RECORDS)
SHARED = f"$share/ingest/{topics.topic('+', topics.UP_RECORDS)}"


def rows() -> Iterator[Row]:
    """Measure and yield the ratio for full batches and for those of benches at work; the best of some rounds."""
    yield _row("hub ingest ÷ paho receive-only, full batches", 40_000, topics.MAX_BATCH_RECORDS)
    yield _row("hub ingest ÷ paho receive-only, one record a message", 5_000, 1)


def _row(name: str, count: int, most: int) -> Row:
    batches = _batches(count, most)
    size = sum(map(len, batches)) / 1e6
    received, ingested = 0.0, 0.0
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder, _broker(Path(folder)) as port:
            received = max(received, count / _receive_only(port, batches))
            ingested = max(ingested, count / _ingest(port, batches, count, Path(folder)))
    note = (
        f"{ingested:,.0f} ÷ {received:,.0f} records/s; {count:,} records with {count * 2:,} measurements, "
        f"{size:.1f} MB in {len(batches):,} messages; bounded by strict decoding and SQLite's inserts"
    )
    return Row(name, ingested / received, 0.7, "higher", note)


def receive_only(port: int, count: int) -> None:
    """Receive ``count`` messages and say so (the peer's process)."""
    done = threading.Event()
    seen = 0

    def arrived(_client: object, _data: object, _message: object) -> None:
        nonlocal seen
        seen += 1
        if seen == count:
            done.set()

    def subscribe(*_: object) -> None:
        client.subscribe(SHARED, qos=1)

    client = _client()
    client.on_message = arrived
    client.on_connect = subscribe
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", port)
    client.loop_start()
    if done.wait(120):
        print("done", flush=True)
    client.loop_stop()


def _receive_only(port: int, batches: list[bytes]) -> float:
    """Return the seconds that receiving takes."""
    program = f"from benchmarks.bench_hub import receive_only; receive_only({port}, {len(batches)})"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdout is not None
        assert peer.stdout.readline() == "ready\n"
        with _publisher(port) as client:
            begun = time.perf_counter()
            for batch in batches:
                client.publish(TOPIC, batch, qos=1)
            assert peer.stdout.readline() == "done\n"
            return time.perf_counter() - begun


def _ingest(port: int, batches: list[bytes], count: int, folder: Path) -> float:
    """Return the seconds until the hub has receipted every record."""
    environment = {
        **os.environ,
        "BENCHWRIGHT_HUB_DATA_DIR": str(folder / "hub"),
        "BENCHWRIGHT_HUB_MQTT": f"mqtt://127.0.0.1:{port}",
    }
    program = "from benchwright.cli import main; main()"
    command = [sys.executable, "-c", program, "hub", "ingest", "--log-level", "error"]
    waiting = count + 1
    changed = threading.Event()

    def arrived(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        nonlocal waiting
        receipt = codec.decode(bytes(message.payload), control.Receipt)
        waiting -= sum(last - first + 1 for first, last in receipt.committed)
        if waiting <= 0 or waiting == count:
            changed.set()

    with subprocess.Popen(command, env=environment) as hub, _publisher(port) as client:
        client.on_message = arrived
        client.subscribe(topics.topic(BENCH, topics.DOWN_RECEIPT), qos=1)
        try:
            start = r.Record(1, datetime.now(UTC), r.RunStarted("run-1", _PLAN, _DEVICE))
            first = codec.encode(r.RecordBatch(BENCH, EPOCH, (start,)))
            deadline = time.monotonic() + 60
            while waiting > count and time.monotonic() < deadline:  # until the hub is there
                client.publish(TOPIC, first, qos=1)
                changed.wait(0.2)
            waiting = count
            changed.clear()
            begun = time.perf_counter()
            for batch in batches:
                client.publish(TOPIC, batch, qos=1)
            assert changed.wait(120)
            return time.perf_counter() - begun
        finally:
            hub.terminate()


_PLAN = r.PlanReference("sp-100-repair", 3, "ab" * 32)
_DEVICE = r.Device("SP-100", "SN-1")


def _batches(count: int, most: int) -> list[bytes]:
    """Return ``count`` records of two measurements each, numbered from 2, in messages as an uplink makes them."""
    batches: list[bytes] = []
    part: list[r.Record] = []
    size = 0
    for seq in range(2, count + 2):
        record = r.Record(seq, datetime.now(UTC), _step(seq))
        length = len(codec.encode(record)) + 1
        if len(part) == most or size + length > topics.MAX_BATCH_BYTES - 200:
            batches.append(codec.encode(r.RecordBatch(BENCH, EPOCH, tuple(part))))
            part, size = [], 0
        part.append(record)
        size += length
    batches.append(codec.encode(r.RecordBatch(BENCH, EPOCH, tuple(part))))
    return batches


def _step(number: int) -> r.StepFinished:
    measured = tuple(
        r.Measurement(
            name,
            3.3 + number * 1e-7,
            "V",
            0.0012,
            r.Limits(3.2, 3.4),
            rule=r.DecisionRule.GUARD_BAND,
            verdict=r.Verdict.PASS,
            instrument="meter",
        )
        for name in ("rail_mean", "rail_ripple")
    )
    title = {"en": "3.3 V rail", "zh-CN": "3.3 V 电源"}
    return r.StepFinished("run-1", "rail-3v3", "main", 1, r.Outcome.PASSED, 0.25, measured, title)


@contextmanager
def _broker(folder: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        "max_queued_messages 100000\nmax_inflight_messages 100\n"
    )
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "mosquitto"
    with subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield port
        process.kill()


@contextmanager
def _publisher(port: int) -> Iterator[paho.Client]:
    connected = threading.Event()
    client = _client()
    client.max_inflight_messages = 100
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert connected.wait(10)
    yield client
    client.disconnect()
    client.loop_stop()


def _client(**options: Any) -> paho.Client:
    return paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5, **options)
