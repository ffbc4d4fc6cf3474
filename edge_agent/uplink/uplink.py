"""The uplink's thread: connects, sends the spool, takes receipts, desired state and commands, and never gives up."""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from edge_agent.spool import Spool, SpoolError
from edge_agent.uplink.commands import Desk, answer
from edge_agent.uplink.connection import Connection, LinkDown, Message, Waker, Will
from edge_agent.uplink.live import EXPIRY_S, MIN_INTERVAL_S, LiveFeed
from edge_agent.uplink.settings import UplinkSettings
from edge_agent.uplink.window import Batch, SendWindow, envelope
from edge_agent.worklist import Worklist, WorklistError
from protocols.messages import codec, control, topics
from protocols.messages.live import encode_frame
from protocols.messages.records import MAX_TEXT, InstrumentStatus

log = logging.getLogger(__name__)

RESERVED = 4
"""Places in flight that batches leave free for presence, reports and replies."""
MAX_REPLIES = 64
STEADY_S = 10.0
"""A connection that lasted this long ends the growing of pauses between attempts."""
_IDLE_S = 1.0
_ANSWER_EXPIRY_S = 60


@dataclass(frozen=True, slots=True)
class LinkState:
    """Whether the bench is connected to the broker, since when (UTC), why not, and when the hub last answered."""

    online: bool
    since: datetime
    detail: str = ""
    last_receipt_at: datetime | None = None


class Uplink:
    """Runs in a thread of its own between ``start`` and ``stop``. Nothing that arrives can end that thread."""

    def __init__(
        self,
        bench: str,
        settings: UplinkSettings,
        spool: Spool,
        *,
        worklist: Worklist,
        desk: Desk,
        live: LiveFeed,
        boot: str,
        version: str,
        instruments: Callable[[], Sequence[InstrumentStatus]] = lambda: (),
        on_link: Callable[[LinkState], None] = lambda _state: None,
        on_desired: Callable[[control.Desired], None] = lambda _desired: None,
    ) -> None:
        self._bench = bench
        self._settings = settings
        self._spool = spool
        self._worklist = worklist
        self._desk = desk
        self._live = live
        self._boot = boot
        self._version = version
        self._instruments = instruments
        self._on_link = on_link
        self._on_desired = on_desired
        self._window = SendWindow(
            max_batches=settings.max_batches,
            resend_after_s=settings.resend_after_s,
            resend_cap_s=settings.resend_cap_s,
        )
        self._head, self._tail = envelope(bench, spool.epoch)
        self._handlers: dict[str, Callable[[Message], None]] = {
            topics.topic(bench, topics.DOWN_RECEIPT): self._take_receipt,
            topics.topic(bench, topics.DOWN_DESIRED): self._take_desired,
            topics.topic(bench, topics.DOWN_COMMAND): self._take_command,
        }
        self._replies: deque[tuple[bytes, bytes | None]] = deque(maxlen=MAX_REPLIES)
        self._presence_due = True
        self._reported_due = False
        self._fault: str | None = None
        self._waker = Waker()
        self._stopping = threading.Event()
        self._state = LinkState(False, datetime.now(UTC), "not connected yet")
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)
        spool.add_listener(self._waker.wake)

    @property
    def state(self) -> LinkState:
        """How the link stands."""
        return self._state

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Say goodbye (retained presence) and end the thread; what is not sent stays in the spool."""
        self._stopping.set()
        self._waker.wake()
        if self._thread.ident is None:
            self._waker.close()
        elif self._thread.is_alive():
            self._thread.join(timeout_s)

    def refresh_presence(self) -> None:
        """Publish the birth message again, since the instruments changed. From any thread."""
        self._presence_due = True
        self._waker.wake()

    # -- the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            hopeless = False
            try:
                self._serve_one_connection()
            except LinkDown as error:
                detail, hopeless = str(error), error.hopeless
            except Exception as error:  # an error of ours must cost one connection, never the uplink
                log.exception("the uplink failed in an unexpected way and connects anew")
                detail = f"{type(error).__name__}: {error}"
            else:
                detail = "stopped"
            failures = 0 if time.monotonic() - began > STEADY_S else failures + 1
            self._set_state(online=False, detail=detail)
            first, longest = self._settings.reconnect_s
            pause = longest if hopeless else min(longest, first * 2 ** min(failures - 1, 10))
            self._stopping.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing
        self._waker.close()

    def _serve_one_connection(self) -> None:
        presence = topics.topic(self._bench, topics.UP_PRESENCE)
        death = Will(presence, codec.encode(self._presence(online=False)))
        connection = Connection(self._settings, f"bench-{self._bench}", death, self._waker)
        farewell = None
        try:
            connection.open()
            connection.subscribe(list(self._handlers))
            self._window.restart()
            self._replies.clear()
            self._presence_due = self._reported_due = True
            self._set_state(online=True, detail="")
            while not self._stopping.is_set():
                for message in connection.pump(self._send(connection)):
                    self._handle(message)
                if connection.refusal and connection.refusal != self._state.detail:
                    self._set_state(online=True, detail=connection.refusal)
            farewell = death
        finally:
            connection.close(farewell)

    def _send(self, connection: Connection) -> float:
        """Send whatever is due and fits; return how long nothing else will be, in seconds."""
        now = time.monotonic()
        self._send_control(connection)
        for batch in self._window.due(now):
            if not connection.has_room(RESERVED):
                break
            self._publish_batch(connection, batch)
            self._window.sent_again(batch, now)
        limit = topics.MAX_BATCH_BYTES - len(self._head) - len(self._tail)
        while self._window.has_room and connection.has_room(RESERVED):
            records = self._spool.pending(limit_bytes=limit, after_seq=self._window.cursor)
            if not records:
                break
            self._publish_batch(connection, self._window.add(records, now))
        self._send_live(connection, now)
        wait = MIN_INTERVAL_S if self._live.is_watched(now) else _IDLE_S
        next_due = self._window.next_due()
        # A batch that is due but finds no room waits for a PUBACK, which ends the wait by itself.
        return wait if next_due is None or next_due <= now else min(wait, next_due - now)

    def _publish_batch(self, connection: Connection, batch: Batch) -> None:
        payload = self._head + b",".join(batch.records.values()) + self._tail
        connection.publish(topics.topic(self._bench, topics.UP_RECORDS), payload)

    def _send_control(self, connection: Connection) -> None:
        if self._presence_due and connection.has_room():
            self._presence_due = False
            birth = codec.encode(self._presence(online=True))
            connection.publish(topics.topic(self._bench, topics.UP_PRESENCE), birth, retain=True)
        if self._reported_due and connection.has_room():
            self._reported_due = False
            report = control.Reported(
                bench=self._bench, revision=self._worklist.revision, healthy=self._fault is None, detail=self._fault
            )
            connection.publish(topics.topic(self._bench, topics.UP_REPORTED), codec.encode(report), retain=True)
        while self._replies and connection.has_room():
            reply, correlation = self._replies.popleft()
            connection.publish(
                topics.topic(self._bench, topics.UP_REPLY), reply, expiry_s=_ANSWER_EXPIRY_S, correlation=correlation
            )

    def _send_live(self, connection: Connection, now: float) -> None:
        for frame in self._live.due(now):
            if connection.is_backed_up:
                return  # a preview is worth nothing late
            try:
                payload = encode_frame(frame)
            except codec.MessageError as error:
                log.warning("%s", error)
                continue
            connection.publish(
                topics.topic(self._bench, f"{topics.UP_LIVE}/{frame.stream}"), payload, qos=0, expiry_s=EXPIRY_S
            )

    # -- what arrives -------------------------------------------------------------------------------------------

    def _handle(self, message: Message) -> None:
        """Dispatch one message; whatever its handler does, the connection and the other messages go on."""
        handler = self._handlers.get(message.topic)
        if handler is None:
            return
        try:
            handler(message)
        except (codec.MessageError, SpoolError, WorklistError) as error:
            log.error("message on %s was not taken: %s", message.topic, error)
        except Exception:
            log.exception("handling a message on %s failed", message.topic)

    def _take_receipt(self, message: Message) -> None:
        receipt = codec.decode(message.payload, control.Receipt)
        self._check_bench(receipt.bench)
        if receipt.epoch != self._spool.epoch:
            log.warning("ignored a receipt for epoch %s: this spool's is %s", receipt.epoch, self._spool.epoch)
            return
        # First the spool: a receipt that could not be stored must be earned again by a resend.
        settled = self._spool.apply_receipt(receipt, sent_up_to=self._window.sent_up_to)
        self._window.settle(receipt, time.monotonic())
        if settled.refused:
            log.warning("the hub refused %d record(s): see 'benchwright agent spool --refused'", settled.refused)
        state = self._state
        self._state = LinkState(state.online, state.since, state.detail, datetime.now(UTC))

    def _take_desired(self, message: Message) -> None:
        if not message.payload:
            return
        self._reported_due = True
        try:
            desired = codec.decode(message.payload, control.Desired)
            self._check_bench(desired.bench)
            is_new = self._worklist.apply(desired)
        except (codec.MessageError, SpoolError, WorklistError) as error:
            self._fault = str(error)[:MAX_TEXT]
            raise
        self._fault = None
        if is_new:
            self._on_desired(desired)
        elif desired.revision < self._worklist.revision:
            log.warning("ignored desired revision %d: %d is in force", desired.revision, self._worklist.revision)

    def _take_command(self, message: Message) -> None:
        reply = answer(message.payload, self._bench, self._desk)
        expected = topics.topic(self._bench, topics.UP_REPLY)
        if message.response_topic not in {None, expected}:
            log.warning("a command wanted its answer on %s: it goes to %s", message.response_topic, expected)
        self._replies.append((codec.encode(reply), message.correlation))

    def _check_bench(self, named: str) -> None:
        if named != self._bench:
            raise codec.MessageError(f"the message is for bench {named}, this is bench {self._bench}")

    # -- state --------------------------------------------------------------------------------------------------

    def _presence(self, *, online: bool) -> control.Presence:
        return control.Presence(
            bench=self._bench,
            online=online,
            boot=self._boot,
            version=self._version if online else "",
            epoch=self._spool.epoch if online else None,
            instruments=tuple(self._instruments()) if online else (),
        )

    def _set_state(self, *, online: bool, detail: str) -> None:
        old = self._state
        if (online, detail) == (old.online, old.detail):
            return
        since = old.since if online == old.online else datetime.now(UTC)
        self._state = LinkState(online, since, detail, old.last_receipt_at)
        if online != old.online:
            log.info("online" if online else "offline: %s", *([] if online else [detail]))
        try:
            self._on_link(self._state)
        except Exception:
            log.exception("a listener to the link's state failed")
