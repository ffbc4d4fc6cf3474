"""From the bytes of one message to records: strictly, and as far as it goes when something is wrong.

No I/O happens here. A batch that follows the contract takes the quick path; otherwise each record is judged alone, so
that one bad record costs no other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from protocols.errors import ProtocolError
from protocols.messages import topics
from protocols.messages.codec import MessageError, decode
from protocols.messages.reasons import reason_of
from protocols.messages.records import Epoch, Identifier, Record, RecordBatch, SequenceNumber

MAX_MESSAGE_BYTES = 4 * topics.MAX_BATCH_BYTES
"""Benches keep to ``MAX_BATCH_BYTES``; what is a little over it is still better read than lost."""
MAX_REASON = 1000
"""Characters, both languages together."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that cannot be taken, with the bytes that came."""

    seq: int
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """What could be read from one message."""

    bench: str
    epoch: str
    records: tuple[Record, ...]
    refused: tuple[Refused, ...] = ()
    unreadable: str | None = None
    """Why a part that has no sequence number was not understood; then the message is a dead letter besides."""


class _LooseBatch(msgspec.Struct, forbid_unknown_fields=True):
    bench: Identifier
    epoch: Epoch
    records: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=topics.MAX_BATCH_RECORDS)]


class _LooseRecord(msgspec.Struct):
    seq: SequenceNumber


class _Numbers(msgspec.Struct):
    bench: Identifier
    epoch: Epoch
    records: Annotated[list[_LooseRecord], msgspec.Meta(max_length=topics.MAX_BATCH_RECORDS)]


_quick = msgspec.json.Decoder(RecordBatch)


def read_batch(topic: str, payload: bytes) -> Batch:
    """Read one message of ``up/records``; raise ``ProtocolError`` where not even bench, epoch and records are there."""
    bench = topics.bench_of(topic)
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MessageError(f"a message of {len(payload)} bytes; at most {MAX_MESSAGE_BYTES} are taken")
    try:
        batch = _quick.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_loosely(bench, payload)
    _check_bench(bench, batch.bench)
    if all(_fits_calendar(record.at) for record in batch.records):
        return Batch(batch.bench, batch.epoch, batch.records)
    return _read_loosely(bench, payload)


def _read_loosely(bench: str, payload: bytes) -> Batch:
    try:
        loose = decode(payload, _LooseBatch)
    except MessageError as error:
        return _refuse_whole(bench, payload, error)
    _check_bench(bench, loose.bench)
    records: list[Record] = []
    refused: list[Refused] = []
    unreadable: str | None = None
    for index, raw in enumerate(loose.records):
        try:
            records.append(_read_record(raw))
        except MessageError as error:
            try:
                refused.append(Refused(decode(raw, _LooseRecord).seq, _unreadable(error), bytes(raw)))
            except MessageError:
                unreadable = unreadable or f"record {index}: {error}"[:MAX_REASON]
    return Batch(loose.bench, loose.epoch, tuple(records), tuple(refused), unreadable)


def _read_record(raw: msgspec.Raw) -> Record:
    record = decode(raw, Record)
    if not _fits_calendar(record.at):
        raise MessageError("`at` is outside the calendar in UTC")
    return record


def _refuse_whole(bench: str, payload: bytes, error: MessageError) -> Batch:
    """Refuse every record of a batch whose envelope is wrong; raise ``error`` where not even their numbers show."""
    try:
        numbers = decode(payload, _Numbers)
    except MessageError:
        raise error from None
    _check_bench(bench, numbers.bench)
    if not numbers.records:
        raise error
    refused = tuple(Refused(one.seq, _unreadable(error), b"") for one in numbers.records)
    return Batch(bench, numbers.epoch, (), refused, str(error)[:MAX_REASON])


def _unreadable(error: MessageError) -> str:
    return reason_of({"en": str(error), "zh-CN": f"中心无法读取此记录：{error}"}, MAX_REASON)


def _check_bench(topic_bench: str, payload_bench: str) -> None:
    if topic_bench != payload_bench:
        raise ProtocolError(
            f"a batch of bench {payload_bench[:128]!r} came on the topic of bench {topic_bench[:128]!r}"
        )


def _fits_calendar(at: datetime) -> bool:
    """Whether ``at`` exists in UTC too: year 1 and year 9999 have edges."""
    if 1 < at.year < 9999:
        return True
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True
