"""The broker's configuration, proven with the real Mosquitto."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from hub_bench import free_port
from hub_running import MOSQUITTO, MakeKey, RunningHub
from paho.mqtt.enums import CallbackAPIVersion
from waiting import wait_until

from hub.broker import BrokerError, Listener, configure, present_listener
from hub.core.settings import Settings
from protocols.messages import codec, topics
from protocols.messages import records as r

pytestmark = pytest.mark.any_database

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed (apt install mosquitto)")


class Account:
    """One connection with a name and a password; what arrives is kept."""

    def __init__(self, port: int, name: str | None, password: str | None) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.outcome: str | None = None
        self.lost = threading.Event()
        self.publish_failed: list[bool] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5, reconnect_on_failure=False)
        if name is not None:
            self._client.username_pw_set(name, password)
        self._client.on_connect = self._connected
        self._client.on_disconnect = lambda *_: self.lost.set()
        self._client.on_message = lambda _c, _d, message: self.seen.append((message.topic, message.payload))
        self._client.on_publish = lambda _c, _d, _mid, reason, _p: self.publish_failed.append(reason.is_failure)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_until(lambda: self.outcome is not None, "the broker's answer")

    def _connected(self, _client: object, _data: object, _flags: object, reason: object, _properties: object) -> None:
        self.outcome = str(reason)

    def subscribe(self, topic: str) -> None:
        done = threading.Event()
        self._client.on_subscribe = lambda *_: done.set()
        self._client.subscribe(topic, qos=1)
        assert done.wait(10)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Publish and return whether the broker took it."""
        count = len(self.publish_failed)
        self._client.publish(topic, payload, qos=1)
        wait_until(lambda: len(self.publish_failed) > count, "the acknowledgement")
        return not self.publish_failed[-1]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "broker"


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """A broker that `benchwright broker run` started, with the accounts bench-01 and bench-02."""
    port = free_port()
    configure(folder, Listener(port=port), ["bench-01", "bench-02"])
    command = [sys.executable, "-c", "from benchwright.cli import main; main()", "broker", "run", "--dir", str(folder)]
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as process:
        wait_until(lambda: _listens(port), "Mosquitto's port")
        yield port
        process.kill()


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _password(folder: Path, name: str) -> str:
    return (folder / "credentials" / f"{name}.password").read_text().strip()


@needs_mosquitto
def test_a_bench_reaches_its_own_topics_only(folder: Path, port: int) -> None:
    one = Account(port, "bench-01", _password(folder, "bench-01"))
    two = Account(port, "bench-02", _password(folder, "bench-02"))
    hub = Account(port, "hub", _password(folder, "hub"))
    try:
        hub.subscribe("$share/ingest/bw/v1/+/up/records")
        for topic in ("#", "bw/v1/bench-02/down/#", "bw/v1/bench-02/up/#", "bw/v1/bench-01/down/#"):
            one.subscribe(topic)
        two.subscribe("bw/v1/bench-02/down/#")

        assert two.publish("bw/v1/bench-02/up/records", b"mine")
        assert not two.publish("bw/v1/bench-01/up/records", b"forged")
        assert not two.publish("bw/v1/bench-01/down/receipt", b"forged")
        assert not two.publish("bw/v1/bench-02/down/desired", b"forged")
        assert not two.publish("anything", b"forged")
        assert hub.publish("bw/v1/bench-02/down/receipt", b"for two")
        assert hub.publish("bw/v1/bench-01/down/receipt", b"for one")

        wait_until(lambda: one.seen and two.seen and hub.seen, "the messages")
        assert one.seen == [("bw/v1/bench-01/down/receipt", b"for one")] * len(one.seen)
        assert two.seen == [("bw/v1/bench-02/down/receipt", b"for two")]
        assert hub.seen == [("bw/v1/bench-02/up/records", b"mine")]
    finally:
        for account in (one, two, hub):
            account.close()


@needs_mosquitto
def test_strangers_are_refused(port: int) -> None:
    for name, password in ((None, None), ("bench-01", "guess"), ("bench-03", "x"), ("hub", "")):
        stranger = Account(port, name, password)
        assert stranger.outcome == "Not authorized", name
        stranger.close()


@needs_mosquitto
def test_a_revoked_bench_is_out_at_once_and_the_others_keep_their_passwords(folder: Path, port: int) -> None:
    kept = _password(folder, "bench-02")
    lost = _password(folder, "bench-01")
    one = Account(port, "bench-01", lost)
    written = configure(folder, Listener(port=port), ["bench-03"], ["bench-01"])
    assert written.reloaded
    assert sorted(written.credentials) == ["bench-02", "bench-03", "hub"]
    assert one.lost.wait(10), "the broker drops the revoked bench's session"
    one.close()
    for name, password, outcome in (
        ("bench-01", lost, "Not authorized"),
        ("bench-02", kept, "Success"),
        ("bench-03", _password(folder, "bench-03"), "Success"),
    ):
        account = Account(port, name, password)
        assert account.outcome == outcome, name
        account.close()


@needs_mosquitto
def test_the_hub_works_under_this_access_list(folder: Path, port: int, settings: Settings, make_key: MakeKey) -> None:
    secret = folder / "credentials" / "hub.password"
    given = settings.model_copy(
        update={"mqtt": f"mqtt://127.0.0.1:{port}", "mqtt_username": "hub", "mqtt_password_file": secret}
    )
    with RunningHub(given, ingest_workers=1) as hub, hub.client() as client:
        wait_until(lambda: client.get("/readyz").status_code == 200, "the hub's readiness")
        bench = Account(port, "bench-01", _password(folder, "bench-01"))
        bench.subscribe("bw/v1/bench-01/down/#")
        event = r.Record(1, datetime(2026, 1, 31, tzinfo=UTC), r.InventoryChanged(()))
        batch = r.RecordBatch("bench-01", "a" * 32, (event,))
        assert bench.publish(topics.topic("bench-01", topics.UP_RECORDS), codec.encode(batch))
        wait_until(lambda: any(topic.endswith("receipt") for topic, _ in bench.seen), "the receipt")
        bench.close()


def test_configuring_again_changes_nothing(folder: Path) -> None:
    configure(folder, Listener("0.0.0.0", 8884, user="nobody"), ["bench-01"])
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert not configure(folder, present_listener(folder)).reloaded
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    for path in before:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    secrets = {path.read_text().strip() for path in before if path.suffix == ".password"}
    assert not any(secret in path.read_text() for secret in secrets for path in before if path.suffix != ".password")


@pytest.mark.parametrize(
    ("add", "revoke", "listener", "word"),
    [
        (["bench/01"], [], Listener(), "bench/01"),
        (["#"], [], Listener(), "'#'"),
        (["a:b"], [], Listener(), "a:b"),
        (["bench\nuser x"], [], Listener(), "cannot be used"),
        (["hub"], [], Listener(), "hub"),
        ([], ["bench-07"], Listener(), "bench-07"),
        ([], ["hub"], Listener(), "own account"),
        (["b"], ["b"], Listener(), "choose one"),
        ([], [], Listener(certificate=Path("x")), "both"),
        ([], [], Listener(host="127.0.0.1\nallow_anonymous true"), "control characters"),
    ],
)
def test_bad_input_is_named(folder: Path, add: list[str], revoke: list[str], listener: Listener, word: str) -> None:
    with pytest.raises(BrokerError, match=word):
        configure(folder, listener, add, revoke)
