"""The hub's MQTT 5 session, made so that nothing of it can fail silently.

paho-mqtt's traps, and what is done here about each:

- an exception in a callback ends paho's own loop thread while ``is_connected()`` stays true: the loop runs in a
  thread of ours, which logs any exception and connects again;
- ``publish()`` while offline queues *and* returns an error, and the queue goes out later to whatever is connected:
  every connection has a client object of its own, and ``publish`` here refuses when there is no connection;
- an acknowledgement of an old connection can hit a message of the new one: with one client a connection there is none.

Sessions are clean (``clean_start``, no expiry), and every connection subscribes anew: what was missed is resent by
the benches.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from hub.core.settings import Settings, SettingsError, read_secret

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
CONNECT_TIMEOUT_S = 5.0
BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
COMPLAIN_S = 60.0
"""How often the same trouble is told: it is met again every few seconds."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker is and who we are to it."""

    host: str
    port: int
    tls: bool = False
    ca_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Endpoint | None":
        """Return the broker that the settings name, if they name one."""
        if settings.mqtt is None:
            return None
        try:
            parts = urlsplit(settings.mqtt)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise SettingsError(f"mqtt {settings.mqtt}: {error}") from error
        tls = parts.scheme == "mqtts"
        if host is None:
            raise SettingsError(f"mqtt {settings.mqtt}: the host is missing; write it as mqtt://host:port")
        if parts.username or parts.password:
            raise SettingsError("mqtt must not hold a credential; use mqtt_username and mqtt_password_file")
        return cls(
            host,
            port or (8883 if tls else 1883),
            tls,
            settings.mqtt_ca_file,
            settings.mqtt_username,
            settings.mqtt_password_file,
        )


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message from the broker."""

    topic: str
    payload: bytes
    correlation: bytes | None = None


class Link:
    """One supervised MQTT session with fixed subscriptions.

    ``on_message`` is called in the link's thread and must return quickly; ``on_session`` when the broker has accepted a
    new session, before its subscriptions. An exception in either drops the connection, and the link connects again.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        name: str,
        subscriptions: Sequence[str],
        on_message: Callable[[Arrived], object],
        on_session: Callable[[], None] = lambda: None,
    ) -> None:
        self._endpoint = endpoint
        self._name = name
        self._subscriptions = tuple(subscriptions)
        self._on_message = on_message
        self._on_session = on_session
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._client: paho.Client | None = None
        self._trouble, self._complained_s = "", 0.0
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{name}", daemon=True)

    def start(self) -> None:
        """Begin to connect, in the background and for as long as it takes."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect and end the thread."""
        self._stopping.set()
        self.drop()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def drop(self) -> None:
        """End the present session: a new one brings retained messages and what benches resend."""
        client = self._client
        if client is not None:
            client.disconnect()  # queued, and wakes the loop

    @property
    def connected(self) -> bool:
        """Whether there is a connection whose subscriptions are in force."""
        return self._ready.is_set() and self._thread.is_alive()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until the link is connected; return whether it is."""
        return self._ready.wait(timeout_s)

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, properties: Properties | None = None
    ) -> bool:
        """Hand a message (QoS 1) to the present connection; return ``False``, nothing queued, where there is none."""
        client = self._client
        if client is None or not self.connected:
            return False
        info = client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def _run(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            try:
                if self._hold_connection():
                    attempt = 0
            except (OSError, ValueError) as error:
                self._complain(
                    f"no connection to the broker at {self._endpoint.host}:{self._endpoint.port} ({error}): is "
                    "'benchwright broker run' up, and are the settings mqtt… right?"
                )
            except Exception:
                log.exception("%s: the connection to the broker failed", self._name)
            finally:
                self._ready.clear()
                self._client = None
            self._stopping.wait(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
            attempt += 1

    def _complain(self, trouble: str) -> None:
        """Log a trouble, the same one once a minute; the link goes on trying."""
        if trouble != self._trouble or time.monotonic() - self._complained_s > COMPLAIN_S:
            self._trouble, self._complained_s = trouble, time.monotonic()
            log.warning(
                "%s: %s Trying again until it succeeds; the benches keep their records meanwhile.", self._name, trouble
            )

    def _hold_connection(self) -> bool:
        """Connect and serve until the connection ends; return whether it had been established."""
        client = self._make_client()
        established = False
        try:
            client.connect(
                self._endpoint.host,
                self._endpoint.port,
                keepalive=KEEPALIVE_S,
                clean_start=True,
                properties=_connect_properties(),
            )
            self._client = client
            deadline = time.monotonic() + CONNECT_TIMEOUT_S
            while True:
                code = client.loop(timeout=0.5)
                if self._stopping.is_set():
                    client.disconnect()
                    client.loop(timeout=0.1)
                    break
                if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    if established:
                        log.info("%s: disconnected from the broker (%s)", self._name, paho.error_string(code))
                    break
                established = established or self._ready.is_set()
                if not established and time.monotonic() > deadline:
                    self._complain("the broker did not accept the session in time: is something else at that port?")
                    break
        finally:
            sock = client.socket()
            if sock is not None:
                sock.close()
        return established

    def _make_client(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages = 1000
        if self._endpoint.username is not None:
            secret = read_secret(self._endpoint.password_file) if self._endpoint.password_file else None
            client.username_pw_set(self._endpoint.username, secret)
        if self._endpoint.tls:
            client.tls_set(ca_certs=str(self._endpoint.ca_file) if self._endpoint.ca_file else None)
        # With this set, publish() from another thread only queues and wakes our loop: one thread writes to the socket.
        client.on_socket_register_write = _woken
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._arrived
        return client

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._complain(f"the broker refused the session ({reason}): check mqtt_username and mqtt_password_file.")
            return
        self._on_session()
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._subscriptions])

    def _subscribed(self, _client: paho.Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        for topic, reason in zip(self._subscriptions, reasons, strict=False):
            if reason.is_failure:
                log.error("%s: the broker refused the subscription to %s: %s", self._name, topic, reason)
                return
        self._trouble = ""
        log.info("%s: connected to the broker at %s:%d", self._name, self._endpoint.host, self._endpoint.port)
        self._ready.set()

    def _arrived(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        correlation = getattr(message.properties, "CorrelationData", None) if message.properties else None
        self._on_message(Arrived(message.topic, bytes(message.payload), correlation))


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0
    return properties


def _woken(_client: paho.Client, _data: Any, _sock: Any) -> None:
    """Nothing to do: paho's own wake-up pipe has ended the wait of ``loop()``."""
