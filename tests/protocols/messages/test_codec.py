"""Strict decoding of the bench-hub contract."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.messages import asyncapi, codec, control, records, topics

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def batch_of(*bodies: records.Body) -> records.RecordBatch:
    rows = tuple(records.Record(seq, AT, body) for seq, body in enumerate(bodies, 1))
    return records.RecordBatch("bench-01", "0" * 32, rows)


EVERY_BODY = (
    records.RunStarted("run-1", records.PlanReference("sp100", 3, "a" * 64), records.Device("SP-100", "SN1")),
    records.RunResumed("run-1", "rail"),
    records.StepFinished("run-1", "rail", "main", 1, records.Outcome.PASSED, 0.5, title={"zh-CN": "电源轨"}),
    records.CaptureTaken("run-1", "ripple", "scope.sr", "b" * 64, 10, "application/x-sigrok"),
    records.RunFinished("run-1", records.Outcome.FAILED),
    records.TicketEvent("T-1", "finding", note="电容干涸"),
    records.InventoryChanged((records.InstrumentStatus("meter", "keysight-34461a", healthy=True),)),
)


def test_every_kind_of_record_survives_the_wire():
    assert set(map(type, EVERY_BODY)) == set(records.Body.__args__)
    batch = batch_of(*EVERY_BODY)
    assert codec.decode(codec.encode(batch), records.RecordBatch) == batch


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"bench": "no/slash"}, "$.bench"),
        ({"epoch": "xyz"}, "$.epoch"),
        ({"records": []}, "$.records"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(change, place):
    raw = json.loads(codec.encode(batch_of(EVERY_BODY[0]))) | change
    with pytest.raises(codec.MessageError, match="RecordBatch") as error:
        codec.decode(json.dumps(raw).encode(), records.RecordBatch)
    assert place in str(error.value)


def test_a_time_without_zone_is_refused():
    raw = codec.encode(batch_of(EVERY_BODY[0])).replace(b"08:00:00Z", b"08:00:00")
    with pytest.raises(codec.MessageError, match=r"at\b"):
        codec.decode(raw, records.RecordBatch)


@given(st.binary(max_size=200), st.sampled_from([channel.message for channel in asyncapi.CHANNELS]))
def test_garbage_raises_only_the_modules_own_error(payload, message_type):
    with pytest.raises(codec.MessageError):
        codec.decode(payload, message_type)


@given(st.data())
def test_a_mutated_batch_is_decoded_or_refused_but_never_crashes(data):
    payload = bytearray(codec.encode(batch_of(*EVERY_BODY)))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = codec.decode(bytes(payload), records.RecordBatch)
    except codec.MessageError:
        return
    assert isinstance(decoded, records.RecordBatch)


@pytest.mark.parametrize("depth", [10, 900, 5_000, 1_000_000])
def test_deep_nesting_is_decoded_or_refused_but_never_crashes(depth):
    payload = b'{"bench":"b","revision":1,"settings":{"a":' + b"[" * depth + b"]" * depth + b"}}"
    try:
        assert codec.decode(payload, control.Desired).revision == 1
    except codec.MessageError as error:
        assert depth > 900, error


@pytest.mark.parametrize("name", ["bw/v2/b/up", "x", "bw/v1//up/records", "bw/v1/b"])
def test_a_foreign_topic_is_refused(name):
    with pytest.raises(ProtocolError, match="bw/v1"):
        topics.bench_of(name)


def test_topic_and_bench_are_inverse():
    assert topics.bench_of(topics.topic("bench-01", topics.UP_RECORDS)) == "bench-01"


def test_messages_are_immutable():
    with pytest.raises(AttributeError):
        EVERY_BODY[0].run = "other"  # type: ignore[misc]
    assert isinstance(EVERY_BODY[0], msgspec.Struct)
