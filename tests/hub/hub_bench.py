"""A bench as the broker sees it: sends records, collects receipts, answers commands. For tests of the hub."""

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from waiting import wait_until

from protocols.messages import codec, control, topics
from protocols.messages import records as r

EPOCH = "0123456789abcdef0123456789abcdef"
PLAN = r.PlanReference("sp-100-repair", 3, "ab" * 32)
DEVICE = r.Device("SP-100", "SN-1")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class FakeBench:
    def __init__(self, name: str, port: int, epoch: str = EPOCH) -> None:
        self.name, self.epoch = name, epoch
        self.receipts: list[control.Receipt] = []
        self.desired: list[control.Desired] = []
        self.commands: list[control.Command] = []
        self.answer_with: Callable[[control.Command], bytes | None] = lambda _command: None
        self._seq = 0
        self._at = datetime.min.replace(tzinfo=UTC)
        self._ready = threading.Event()
        self._port = port
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.max_inflight_messages = 1000
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda *_: self._client.subscribe(topics.topic(name, "down/#"), qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._arrived

    def __enter__(self) -> "FakeBench":
        self._client.connect("127.0.0.1", self._port, clean_start=True)
        self._client.loop_start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def record(self, body: r.Body, seq: int | None = None) -> r.Record:
        if seq is None:
            self._seq += 1
            seq = self._seq
        self._at = max(datetime.now(UTC), self._at + timedelta(microseconds=1))  # a real bench is never this fast
        return r.Record(seq, self._at, body)

    def send(self, *records: r.Record) -> None:
        self.send_raw(codec.encode(r.RecordBatch(self.name, self.epoch, records)))

    def send_bodies(self, *bodies: r.Body) -> list[int]:
        records = [self.record(body) for body in bodies]
        self.send(*records)
        return [record.seq for record in records]

    def send_raw(self, payload: bytes, leaf: str = topics.UP_RECORDS, *, retain: bool = False) -> None:
        self._client.publish(topics.topic(self.name, leaf), payload, qos=1, retain=retain)

    def send_state(self, message: msgspec.Struct, leaf: str) -> None:
        self.send_raw(codec.encode(message), leaf, retain=True)

    @property
    def committed(self) -> set[int]:
        return {n for one in self.receipts for first, last in one.committed for n in range(first, last + 1)}

    @property
    def refused(self) -> dict[int, str]:
        return {one.seq: one.reason for receipt in self.receipts for one in receipt.refused}

    def wait_settled(self, *numbers: int) -> None:
        wait_until(lambda: set(numbers) <= self.committed | self.refused.keys(), f"receipts for {numbers}")

    def _arrived(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        leaf = message.topic.removeprefix(topics.topic(self.name, ""))
        if leaf == topics.DOWN_RECEIPT:
            self.receipts.append(codec.decode(message.payload, control.Receipt))
        elif leaf == topics.DOWN_DESIRED:
            self.desired.append(codec.decode(message.payload, control.Desired))
        elif leaf == topics.DOWN_COMMAND:
            command = codec.decode(message.payload, control.Command)
            self.commands.append(command)
            answer = self.answer_with(command)
            assert message.properties is not None
            if answer is not None:
                properties = Properties(PacketTypes.PUBLISH)
                properties.CorrelationData = message.properties.CorrelationData
                client.publish(message.properties.ResponseTopic, answer, qos=1, properties=properties)


def started(run: str = "run-1", ticket: str | None = None, device: r.Device = DEVICE) -> r.RunStarted:
    return r.RunStarted(run, PLAN, device, ticket=ticket, operator="韩梅梅")


def step(run: str = "run-1", name: str = "rail-3v3", value: float = 3.3, attempt: int = 1) -> r.StepFinished:
    measured = r.Measurement(
        "v_3v3",
        value,
        "V",
        0.0012,
        r.Limits(3.2, 3.4),
        rule=r.DecisionRule.GUARD_BAND,
        verdict=r.Verdict.PASS,
        instrument="meter",
    )
    title = {"en": "3.3 V rail", "zh-CN": "3.3 V 电源"}
    return r.StepFinished(run, name, "main", attempt, r.Outcome.PASSED, 0.25, (measured,), title)


def finished(run: str = "run-1", outcome: r.Outcome = r.Outcome.PASSED) -> r.RunFinished:
    return r.RunFinished(run, outcome)
