"""The ingest of one process: an MQTT session, an inbox, and the thread that stores and answers.

A batch is receipted only after the commit that holds it. Whatever dies in between, the bench sends the batch again and
the record's key keeps it from being counted twice. Any number of workers shares the load through a shared subscription.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm import Session

from hub.core.database import Database
from hub.fleet import queries as fleet_queries
from hub.fleet import service as fleet
from hub.fleet.desired import DesiredPublisher
from hub.measurements.ingest.inbox import Inbox
from hub.measurements.ingest.reading import MAX_REASON, Batch, Refused, read_batch
from hub.measurements.ingest.storing import Patience, keep_dead_letter, store_batches
from hub.mqtt import Arrived, Endpoint, Link
from protocols.errors import ProtocolError
from protocols.messages import codec, topics
from protocols.messages.control import Presence, Receipt, Reported
from protocols.messages.reasons import reason_of

log = logging.getLogger(__name__)

M = TypeVar("M", Presence, Reported)
RECORDS = topics.topic("+", topics.UP_RECORDS)
SUBSCRIPTIONS = (
    f"$share/ingest/{RECORDS}",
    topics.topic("+", topics.UP_PRESENCE),  # not shared: a shared subscription gets no retained message
    topics.topic("+", topics.UP_REPORTED),
)
DESIRED_EVERY_S = 0.5
_NEW_SESSION = Arrived("", b"")


@dataclass(slots=True)
class Counts:
    """What a worker has done since it began; written by its thread alone."""

    stored: int = 0
    refused: int = 0
    dead_letters: int = 0


class Ingest:
    """Takes what benches send and stores it, until stopped."""

    def __init__(self, database: Database, endpoint: Endpoint, name: str = "ingest") -> None:
        self._database = database
        self._inbox = Inbox()
        self._patience = Patience()
        self.counts = Counts()
        self._stopping = threading.Event()
        self.link = Link(endpoint, name, SUBSCRIPTIONS, self._inbox.put, self._on_session)
        self._desired = DesiredPublisher(database, self.link)
        self._thread = threading.Thread(target=self._run, name=f"{name}-store", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self.link.start()

    def stop(self) -> None:
        """Finish the group in hand, send its receipts, and disconnect; what still waits is resent by its bench."""
        self._stopping.set()
        self._inbox.wake()
        self._thread.join(timeout=30)
        self.link.stop()

    @property
    def alive(self) -> bool:
        """Whether messages are being taken: connected, and the storing thread runs."""
        return self.link.connected and self._thread.is_alive()

    def _on_session(self) -> None:
        self._inbox.put(_NEW_SESSION)

    def _run(self) -> None:
        next_look = 0.0
        while not self._stopping.is_set():
            try:
                self._handle(self._inbox.take_group(timeout_s=0.2))
                if time.monotonic() >= next_look:
                    self._desired.publish_changes()
                    next_look = time.monotonic() + DESIRED_EVERY_S
            except OperationalError as error:
                log.error("the database is not available, nothing is receipted: %s", error.orig)
                self._begin_anew()
            except Exception:
                log.exception("a group of messages could not be handled; benches will send it again")
                self._begin_anew()

    def _begin_anew(self) -> None:
        """Drop the session: records are resent anyway, but presence comes again only on a new one."""
        self.link.drop()
        self._stopping.wait(0.5)

    def _handle(self, group: Sequence[Arrived]) -> None:
        batches: list[Batch] = []
        unreadable: list[tuple[Arrived, str]] = []
        for message in group:
            try:
                if message is _NEW_SESSION:
                    self._desired.forget()
                    with self._database.write() as session:
                        fleet_queries.forget_presence(session)
                elif message.topic.endswith(topics.UP_RECORDS):
                    batch = read_batch(message.topic, message.payload)
                    batches.append(batch)
                    if batch.unreadable is not None:
                        unreadable.append((message, batch.unreadable))
                else:
                    self._note_state(message)
            except ProtocolError as error:
                unreadable.append((message, str(error)))
        if unreadable:
            with self._database.write() as session:
                for message, reason in unreadable:
                    log.warning("unreadable message on %s: %s", message.topic, reason[:MAX_REASON])
                    keep_dead_letter(session, message.topic, message.payload, reason)
            self.counts.dead_letters += len(unreadable)
        for receipt in self._store([batch for batch in batches if batch.records or batch.refused]):
            self.counts.stored += sum(last - first + 1 for first, last in receipt.committed)
            self.counts.refused += len(receipt.refused)
            self.link.publish(topics.topic(receipt.bench, topics.DOWN_RECEIPT), codec.encode(receipt))

    def _store(self, batches: list[Batch]) -> list[Receipt]:
        """Commit batches and return their receipts; a record that cannot be stored is found by halving and refused."""
        if not batches:
            return []
        try:
            with self._database.write() as session:
                return store_batches(session, batches, self._patience)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - logged once the record that causes it is found
            if len(batches) > 1:
                middle = len(batches) // 2
                return self._store(batches[:middle]) + self._store(batches[middle:])
            return self._store_one_by_one(batches[0], error)

    def _store_one_by_one(self, batch: Batch, error: Exception) -> list[Receipt]:
        if len(batch.records) == 1 and not batch.refused:
            record = batch.records[0]
            log.error("record %d of bench %s cannot be stored", record.seq, batch.bench, exc_info=error)
            words = {"en": f"the hub cannot store this record: {error}", "zh-CN": f"中心无法保存此记录：{error}"}
            reason = reason_of(words, MAX_REASON)
            refused = (Refused(record.seq, reason, codec.encode(record)),)
            return self._store([Batch(batch.bench, batch.epoch, (), refused)])
        if not batch.records:
            raise error
        singles = [Batch(batch.bench, batch.epoch, (record,)) for record in batch.records]
        rest = [Batch(batch.bench, batch.epoch, (), batch.refused)] if batch.refused else []
        return [receipt for single in singles + rest for receipt in self._store([single])]

    def _note_state(self, message: Arrived) -> None:
        bench = topics.bench_of(message.topic)
        note: Callable[[Session], None]
        if message.topic.endswith(topics.UP_PRESENCE):
            note = partial(fleet.note_presence, presence=_from_bench(bench, codec.decode(message.payload, Presence)))
        else:
            note = partial(fleet.note_reported, reported=_from_bench(bench, codec.decode(message.payload, Reported)))
        try:
            with self._database.write() as session:
                note(session)
        except (DataError, ArithmeticError, ValueError) as error:
            # It is retained: raised, it would come again with every new session and keep the ingest from all else.
            raise ProtocolError(f"the hub cannot store this message: {error}") from error


def _from_bench(bench: str, message: M) -> M:
    if message.bench != bench:
        raise ProtocolError(f"a message of bench {message.bench!r} came on the topic of bench {bench!r}")
    return message
