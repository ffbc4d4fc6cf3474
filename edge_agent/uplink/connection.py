"""One MQTT 5 connection, from CONNECT to its end; after that it is never used again.

paho-mqtt is driven from the caller's thread, and every connection has a paho client of its own. That takes the ground
from under four traps: no loop thread can die unseen, since there is none; a client that is not connected is never
published to, so its offline queue stays empty; an acknowledgement that arrives late meets the client that it was
meant for, or nobody; nothing in flight survives into the next connection, so no in-flight limit is overrun by it.
"""

import logging
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.uplink.settings import UplinkError, UplinkSettings, read_secret

log = logging.getLogger(__name__)

MAX_IN_FLIGHT = 20
"""QoS 1 messages without PUBACK; the broker's Receive Maximum may ask for fewer."""
MAX_PACKET_BYTES = 4_000_000
"""The broker is told to send nothing longer: the largest is a worklist of 500 tickets."""
_RECEIVE_MAXIMUM = 50


class LinkDown(Exception):
    """The connection is gone, or never came about. ``hopeless``: trying again soon will not help."""

    def __init__(self, reason: str, *, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.hopeless = hopeless


@dataclass(frozen=True, slots=True)
class Message:
    """What the broker delivered."""

    topic: str
    payload: bytes
    response_topic: str | None = None
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when this connection ends without a word."""

    topic: str
    payload: bytes


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho-mqtt would leave it to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Waker:
    """Ends the wait in ``Connection.pump`` from any thread."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable."""
        return self._read.fileno()

    def wake(self) -> None:
        """Wake the waiting thread; many calls before it wakes are one."""
        try:
            self._write.send(b"!")
        except (BlockingIOError, OSError):  # full: it will wake anyway; closed: nobody waits
            return

    def clear(self) -> None:
        """Forget the calls so far."""
        try:
            while self._read.recv(4096):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """Release both ends."""
        self._read.close()
        self._write.close()


class Connection:
    """For one thread, which opens, publishes, pumps and closes. Every method but ``close`` raises ``LinkDown``."""

    def __init__(self, settings: UplinkSettings, client_id: str, will: Will, waker: Waker) -> None:
        self._settings = settings
        self._waker = waker
        self._inbox: deque[Message] = deque()
        self._in_flight: set[int] = set()
        self._limit = MAX_IN_FLIGHT
        self._connack: ReasonCode | None = None
        self._subscribed: dict[int, Sequence[ReasonCode]] = {}
        self._lost: str | None = None
        self._hopeless = False
        self.refusal: str | None = None
        """Why the broker would not take a message, when it said so."""
        self._closed = False
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5, reconnect_on_failure=False
        )
        client.max_inflight_messages_set(MAX_IN_FLIGHT)
        client.max_queued_messages_set(MAX_IN_FLIGHT)
        client.connect_timeout = settings.connect_timeout_s
        client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe

    @property
    def in_flight(self) -> int:
        """QoS 1 messages that the broker has not yet acknowledged."""
        return len(self._in_flight)

    def has_room(self, reserve: int = 0) -> bool:
        """Whether another QoS 1 message may go out now, keeping ``reserve`` places free (at least one goes)."""
        return len(self._in_flight) < max(1, self._limit - reserve)

    @property
    def is_backed_up(self) -> bool:
        """Whether bytes still wait for the socket."""
        return self._client.want_write()

    def open(self) -> None:
        """Connect with a clean start and wait for the broker's word, for at most the connect timeout each."""
        settings = self._settings
        try:
            if settings.username is not None:
                password = None
                if settings.password_file is not None:
                    password = read_secret(settings.password_file, "hub.password_file")
                self._client.username_pw_set(settings.username, password)
            if settings.tls:
                context = ssl.create_default_context(cafile=settings.ca_file)
                context.sslsocket_class = _ClosingSocket
                self._client.tls_set_context(context)
        except (UplinkError, OSError) as error:
            raise LinkDown(str(error), hopeless=True) from error
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0
        properties.ReceiveMaximum = _RECEIVE_MAXIMUM
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        where = f"{settings.host}:{settings.port}"
        try:
            self._client.connect(
                settings.host, settings.port, settings.keepalive_s, clean_start=True, properties=properties
            )
        except OSError as error:  # also ssl.SSLError and name lookups
            raise LinkDown(f"no connection to the broker at {where}: {error}") from error
        self._wait_for(lambda: self._connack is not None, f"the broker at {where} did not answer CONNECT")

    def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe at QoS 1 and wait until the broker has agreed to each."""
        self._check()
        result, mid = self._client.subscribe([(name, 1) for name in topics])
        self._succeeded(result)
        if mid is None:
            raise LinkDown("the subscription could not be sent")
        self._wait_for(lambda: mid in self._subscribed, "the broker did not answer SUBSCRIBE")
        for name, code in zip(topics, self._subscribed.pop(mid), strict=False):
            if code.is_failure:
                raise LinkDown(f"the broker refused the subscription to {name}: {code}", hopeless=True)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        expiry_s: int | None = None,
        correlation: bytes | None = None,
    ) -> None:
        """Hand a message to the socket. At QoS 1 ask ``has_room`` before: paho would queue what exceeds its limit."""
        self._check()
        if qos and not self.has_room():
            raise LinkDown("more messages were published than the broker takes at once")
        properties = _properties(PacketTypes.PUBLISH)
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        if correlation is not None:
            properties.CorrelationData = correlation
        info = self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        if qos:
            self._in_flight.add(info.mid)
        self._succeeded(info.rc)

    def pump(self, timeout_s: float) -> list[Message]:
        """Serve the socket until something happened or ``timeout_s`` passed; return what has arrived."""
        self._check()
        sock = self._client.socket()
        if sock is None:
            raise LinkDown(self._lost or "the connection to the broker was lost")
        poller = select.poll()
        poller.register(self._waker.fileno(), select.POLLIN)
        poller.register(sock.fileno(), select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        buffered = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        ready = dict(poller.poll(0 if buffered else max(0.0, timeout_s) * 1000))
        if self._waker.fileno() in ready:
            self._waker.clear()
        events = ready.get(sock.fileno(), 0)
        if buffered or events & ~select.POLLOUT:
            self._succeeded(self._client.loop_read())
        if self._client.want_write():
            self._succeeded(self._client.loop_write())
        self._succeeded(self._client.loop_misc())
        self._check()
        messages = list(self._inbox)
        self._inbox.clear()
        return messages

    def close(self, farewell: Will | None = None) -> None:
        """End the connection: with a ``farewell`` in words (retained), without one as if the bench had died."""
        try:
            if farewell is not None and not self._closed and self._lost is None and self.has_room():
                self.publish(farewell.topic, farewell.payload, retain=True)
                self._wait_for(lambda: not self._in_flight, "the broker did not acknowledge the farewell", 2.0)
                self._client.disconnect()
                self._client.loop_write()
        except (LinkDown, OSError) as error:
            log.info("the connection ended before the farewell was through: %s", error)
        self._closed = True
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        self._in_flight.clear()
        self._inbox.clear()

    # -- inside -------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self._closed:
            raise LinkDown("this connection has been closed")
        if self._lost is not None:
            raise LinkDown(self._lost, hopeless=self._hopeless)

    def _succeeded(self, code: MQTTErrorCode) -> None:
        if self._connack is not None and self._connack.is_failure:
            raise LinkDown(f"the broker refused the connection: {self._connack}", hopeless=True)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkDown(self._lost or paho.error_string(code), hopeless=self._hopeless)

    def _wait_for(self, condition: Any, complaint: str, timeout_s: float | None = None) -> None:
        deadline = time.monotonic() + (self._settings.connect_timeout_s if timeout_s is None else timeout_s)
        kept: list[Message] = []
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise LinkDown(complaint)
            kept += self.pump(min(left, 0.2))
        self._inbox.extendleft(reversed(kept))

    # Callbacks run inside the calls above. They only note what happened, so they have nothing to raise.

    def _on_connect(
        self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, properties: Properties | None
    ) -> None:
        self._connack = code
        maximum = getattr(properties, "ReceiveMaximum", None)
        if maximum:
            self._limit = min(MAX_IN_FLIGHT, maximum)

    def _on_disconnect(self, _client: Any, _data: Any, flags: Any, code: ReasonCode, _properties: Any) -> None:
        if self._lost is None:
            by_broker = flags.is_disconnect_packet_from_server
            self._lost = f"the broker ended the connection: {code}" if by_broker else f"connection lost: {code}"
            self._hopeless = by_broker and str(code) == "Session taken over"

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        if self._closed:
            return
        properties = message.properties
        self._inbox.append(
            Message(
                message.topic,
                bytes(message.payload),
                getattr(properties, "ResponseTopic", None),
                getattr(properties, "CorrelationData", None),
            )
        )

    def _on_publish(self, _client: Any, _data: Any, mid: int, code: ReasonCode, _properties: Any) -> None:
        self._in_flight.discard(mid)
        if code.is_failure:
            self.refusal = f"the broker refused a message of this bench ({code}): check the broker's access list"
            log.error("%s", self.refusal)

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, codes: list[ReasonCode], _properties: Any) -> None:
        self._subscribed[mid] = codes
