"""The hub's half of the contract at its smallest: a unique key, a commit, then the receipt. For tests of the bench."""

import threading
import time
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from protocols.messages import codec, control, records, topics
from protocols.messages.live import decode_frame


class ReceivingPeer:
    """Takes records of one bench from a real broker; ``answers`` may be switched off, ``refuse`` gives a reason."""

    def __init__(self, port: int, bench: str = "bench-01") -> None:
        self.bench = bench
        self.answers = True
        self.refuse: Callable[[records.Record], str | None] = lambda _record: None
        self.committed: dict[tuple[str, int], records.Record] = {}
        self.refused: dict[tuple[str, int], str] = {}
        self.batches: list[records.RecordBatch] = []
        self.payload_sizes: list[int] = []
        self.presence: list[control.Presence] = []
        self.reported: list[control.Reported] = []
        self.replies: list[tuple[bytes | None, control.Reply]] = []
        self.frames: list[control.LiveFrame] = []
        self._changed = threading.Condition()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_connect = lambda *_: self._client.subscribe(topics.topic(bench, "up/#"), qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._ready = threading.Event()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def __enter__(self) -> "ReceivingPeer":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait_for(self, condition: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), f"did not happen in {timeout_s} s: {what}"

    @property
    def steps(self) -> list[str]:
        return [record.body.step for record in self.committed.values() if isinstance(record.body, records.StepFinished)]

    def publish(self, leaf: str, message: control.Desired | control.Receipt, *, retain: bool = False) -> None:
        self._client.publish(topics.topic(self.bench, leaf), codec.encode(message), qos=1, retain=retain)

    def publish_raw(self, leaf: str, payload: bytes) -> None:
        self._client.publish(topics.topic(self.bench, leaf), payload, qos=1)

    def command(self, command: control.Command, correlation: bytes) -> None:
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = topics.topic(self.bench, topics.UP_REPLY)
        properties.CorrelationData = correlation
        payload = codec.encode(command)
        self._client.publish(topics.topic(self.bench, topics.DOWN_COMMAND), payload, qos=1, properties=properties)

    def ask(self, command: control.Command) -> control.Reply:
        correlation = f"{len(self.replies)}-{time.monotonic_ns()}".encode()
        self.command(command, correlation)
        self.wait_for(lambda: any(key == correlation for key, _ in self.replies), "a reply")
        return next(reply for key, reply in self.replies if key == correlation)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        leaf = message.topic.split("/", 3)[3]
        with self._changed:
            if leaf == topics.UP_RECORDS:
                self._take(message.payload)
            elif leaf == topics.UP_PRESENCE:
                self.presence.append(codec.decode(message.payload, control.Presence))
            elif leaf == topics.UP_REPORTED:
                self.reported.append(codec.decode(message.payload, control.Reported))
            elif leaf == topics.UP_REPLY:
                correlation = getattr(message.properties, "CorrelationData", None)
                self.replies.append((correlation, codec.decode(message.payload, control.Reply)))
            elif leaf.startswith(topics.UP_LIVE):
                self.frames.append(decode_frame(message.payload))
            self._changed.notify_all()

    def _take(self, payload: bytes) -> None:
        batch = codec.decode(payload, records.RecordBatch)
        self.batches.append(batch)
        self.payload_sizes.append(len(payload))
        refused = []
        for record in batch.records:
            key = (batch.epoch, record.seq)
            if reason := self.refuse(record):
                self.refused[key] = reason
                refused.append(control.Refusal(record.seq, reason))
            elif key in self.committed:
                assert self.committed[key] == record, "one number, two records"
            else:
                self.committed[key] = record
        if self.answers:
            numbers = [record.seq for record in batch.records if (batch.epoch, record.seq) in self.committed]
            ranges = tuple((number, number) for number in numbers)
            receipt = control.Receipt(bench=self.bench, epoch=batch.epoch, committed=ranges, refused=tuple(refused))
            self.publish(topics.DOWN_RECEIPT, receipt)
