import sqlite3
import subprocess
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from mosquitto import Mosquitto, mosquitto  # noqa: F401
from receiving_peer import ReceivingPeer
from sample_records import DEVICE, finished, started, step, taken
from waiting import wait_until

from edge_agent.spool import Spool
from edge_agent.uplink.commands import ALLOWED_ROLES, Refused
from edge_agent.uplink.connection import Connection, LinkDown, Waker, Will
from edge_agent.uplink.live import LiveFeed
from edge_agent.uplink.settings import UplinkSettings
from edge_agent.uplink.uplink import Uplink
from edge_agent.worklist import Worklist
from protocols.messages import control, topics
from protocols.messages.records import InstrumentStatus

BENCH = "bench-01"
METER = InstrumentStatus(role="meter", profile="keysight-34461a", healthy=True, identity="Keysight,34461A,MY1,1")


class FakeAgent:
    """What the uplink asks of the agent: a run that may be aborted, and watching."""

    def __init__(self, live):
        self.live = live
        self.aborted = []

    def describe(self):
        return {"run": "run-1", "instruments": 1}

    def abort_run(self, run, actor):
        if run != "run-1":
            raise Refused(f"run {run} is not in progress")
        self.aborted.append((run, actor))

    def watch(self, seconds):
        self.live.watch(seconds, time.monotonic())


class Bench:
    """Spool, worklist and uplink, as the agent composes them."""

    def __init__(self, folder, port, **settings):
        self.spool = Spool(folder / "spool.db")
        self.worklist = Worklist(folder / "worklist.db", self.spool)
        self.live = LiveFeed(BENCH)
        self.agent = FakeAgent(self.live)
        self.states = []
        options = {"reconnect_s": (0.05, 0.3), "resend_after_s": 0.3, "resend_cap_s": 1.0} | settings
        self.uplink = Uplink(
            BENCH,
            UplinkSettings(**{"host": "127.0.0.1", "port": port} | options),
            self.spool,
            worklist=self.worklist,
            desk=self.agent,
            live=self.live,
            boot="boot-1",
            version="0.1.0",
            instruments=lambda: (METER,),
            on_link=self.states.append,
        )

    def wait_empty(self, timeout_s=20):
        wait_until(lambda: self.spool.depth().waiting == 0, "the spool is empty", timeout_s)

    def close(self):
        self.uplink.stop()
        self.worklist.close()
        self.spool.close()


@contextmanager
def running_bench(folder, port, **settings):
    bench = Bench(folder, port, **settings)
    bench.uplink.start()
    try:
        yield bench
    finally:
        bench.close()


@pytest.fixture
def peer(mosquitto):  # noqa: F811
    with ReceivingPeer(mosquitto.port) as peer:
        yield peer


@pytest.fixture
def bench(tmp_path, mosquitto, peer):  # noqa: F811
    with running_bench(tmp_path, mosquitto.port) as bench:
        peer.wait_for(lambda: any(presence.online for presence in peer.presence), "birth")
        yield bench


def command(action, role="technician", expires_in_s=30.0, bench=BENCH):
    expires_at = datetime.now(UTC) + timedelta(seconds=expires_in_s)
    return control.Command(bench=bench, actor="li", role=role, action=action, expires_at=expires_at)


def desired(revision, *tickets):
    items = tuple(
        control.WorkItem(ticket=name, device=DEVICE, symptom="没有反应", state="assigned") for name in tickets
    )
    return control.Desired(bench=BENCH, revision=revision, worklist=items)


# -- records and receipts -----------------------------------------------------------------------------------------


def test_records_arrive_once_and_leave_on_the_receipt(bench, peer):
    bodies = [started(), *(step(number) for number in range(1200)), finished()]
    bench.spool.append_many(bodies)
    bench.wait_empty()
    assert [record.body for _, record in sorted(peer.committed.items())] == bodies
    assert max(peer.payload_sizes) <= topics.MAX_BATCH_BYTES
    assert max(len(batch.records) for batch in peer.batches) <= topics.MAX_BATCH_RECORDS
    assert len(peer.batches) < 60, "they travel in batches"


def test_without_a_receipt_nothing_leaves_and_everything_is_sent_again(bench, peer):
    peer.answers = False
    bench.spool.append(step(1))
    peer.wait_for(lambda: len(peer.batches) >= 3, "two resends of what the broker had acknowledged")
    assert bench.spool.depth().waiting == 1, "PUBACK is no receipt"
    assert bench.uplink.state.online
    peer.answers = True
    bench.wait_empty()
    assert peer.steps == ["step-1"]


def test_refused_records_are_kept_with_the_reason(bench, peer):
    peer.refuse = lambda record: "step-2 is not in this plan" if getattr(record.body, "step", "") == "step-2" else None
    bench.spool.append_many([step(1), step(2), step(3)])
    bench.wait_empty()
    (refused,) = bench.spool.refused()
    assert (refused.record.body, refused.reason) == (step(2), "step-2 is not in this plan")


def test_what_waits_while_the_hub_is_silent_stays_within_the_window(tmp_path, mosquitto, peer):  # noqa: F811
    peer.answers = False
    with running_bench(tmp_path, mosquitto.port, resend_after_s=30.0, max_batches=3) as bench:
        bench.spool.append_many([step(number) for number in range(2000)])
        peer.wait_for(lambda: len(peer.batches) == 3, "three batches")
        time.sleep(0.3)
        assert len(peer.batches) == 3, "no fourth before a receipt"
        peer.answers = True
        peer.publish(topics.DOWN_RECEIPT, control.Receipt(bench=BENCH, epoch=bench.spool.epoch, committed=((1, 400),)))
        bench.wait_empty(40)
        assert len(peer.committed) == 2000


# -- the broker comes and goes --------------------------------------------------------------------------------------


def test_a_killed_broker_costs_nothing(bench, peer, mosquitto):  # noqa: F811
    stop = threading.Event()
    written = []

    def write():
        while not stop.is_set():
            written.append(bench.spool.append(step(len(written))))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            time.sleep(0.4)
            mosquitto.kill()
            wait_until(lambda: not bench.uplink.state.online, "offline is noticed")
            mosquitto.start()
            wait_until(lambda: bench.uplink.state.online, "online again")
    finally:
        stop.set()
        writer.join()
    bench.wait_empty(40)
    assert [key[1] for key in sorted(peer.committed)] == written
    assert [state.online for state in bench.states].count(False) >= 3


def test_birth_death_and_farewell_are_retained(tmp_path, mosquitto, peer):  # noqa: F811
    bench = Bench(tmp_path, mosquitto.port)
    bench.uplink.start()
    peer.wait_for(lambda: len(peer.presence) == 1, "birth")
    birth = peer.presence[0]
    assert (birth.online, birth.boot, birth.epoch, birth.instruments) == (True, "boot-1", bench.spool.epoch, (METER,))
    bench.uplink.refresh_presence()
    peer.wait_for(lambda: len(peer.presence) == 2, "birth again after the instruments changed")
    bench.close()
    peer.wait_for(lambda: not peer.presence[-1].online, "farewell")
    with ReceivingPeer(mosquitto.port) as late:
        late.wait_for(lambda: late.presence == [peer.presence[-1]], "retained")


def test_the_last_will_speaks_for_a_dead_bench(mosquitto, peer):  # noqa: F811
    waker = Waker()
    will = Will(topics.topic(BENCH, topics.UP_PRESENCE), b'{"bench":"bench-01","online":false,"boot":"boot-1"}')
    connection = Connection(UplinkSettings("127.0.0.1", mosquitto.port), "bench-01", will, waker)
    connection.open()
    connection.close()
    peer.wait_for(lambda: [presence.online for presence in peer.presence] == [False], "the will")
    waker.close()


def test_a_wrong_password_is_told_and_not_hammered(tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    with Mosquitto(folder, anonymous=False) as broker:
        (tmp_path / "password").write_text("s3cret-of-the-bench\n")
        options = {"username": BENCH, "password_file": tmp_path / "password", "reconnect_s": (0.05, 30.0)}
        with running_bench(tmp_path, broker.port, **options) as bench:
            wait_until(lambda: "refused the connection: Not authorized" in bench.uplink.state.detail, "the reason")
            time.sleep(0.5)
            assert broker.log.count("CONNACK") <= 2
            assert "s3cret" not in bench.uplink.state.detail


def test_tls_is_verified_against_the_ca(tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    certificate, key = folder / "broker.pem", folder / "broker.key"
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=broker -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*request.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    listener = f"certfile {certificate}\nkeyfile {key}"
    with Mosquitto(folder, listener=listener) as broker:
        with running_bench(tmp_path, broker.port, tls=True, ca_file=certificate) as bench:
            wait_until(lambda: bench.uplink.state.online, "online over TLS")
        (tmp_path / "stranger").mkdir()
        with running_bench(tmp_path / "stranger", broker.port, tls=True) as bench:
            wait_until(lambda: "certificate verify failed" in bench.uplink.state.detail, "an unknown CA is refused")


def test_a_missing_password_file_is_told(tmp_path, mosquitto):  # noqa: F811
    with running_bench(tmp_path, mosquitto.port, username=BENCH, password_file=tmp_path / "no-file") as bench:
        wait_until(lambda: "hub.password_file" in bench.uplink.state.detail, "the reason")


# -- traps of the MQTT library ----------------------------------------------------------------------------------------


def test_an_exception_in_a_handler_ends_neither_thread_nor_connection(bench, peer, caplog):
    bench.worklist.apply = lambda _desired: 1 / 0
    peer.publish(topics.DOWN_DESIRED, desired(1, "T-1"))
    wait_until(lambda: "ZeroDivisionError" in caplog.text, "the error is logged")
    bench.spool.append(step(1))
    bench.wait_empty()
    assert bench.uplink.state.online
    assert len(peer.presence) == 1, "one connection throughout"


def test_an_exception_inside_the_loop_costs_one_connection(bench, peer, monkeypatch, caplog):
    real, calls = bench.spool.pending, []

    def failing(**options):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a defect")
        return real(**options)

    monkeypatch.setattr(bench.spool, "pending", failing)
    bench.spool.append(step(1))
    bench.wait_empty()
    assert peer.steps == ["step-1"]
    assert "connects anew" in caplog.text
    assert len([presence for presence in peer.presence if presence.online]) == 2


def test_garbage_from_the_broker_is_survived(bench, peer):
    for leaf in (topics.DOWN_RECEIPT, topics.DOWN_DESIRED, topics.DOWN_COMMAND):
        for payload in (b"", b"{", b"\xff\xfe", b"null", b"[" * 2000, b'{"bench":"x"}'):
            peer.publish_raw(leaf, payload)
    foreign = control.Receipt(bench="bench-02", epoch=bench.spool.epoch, committed=((1, 9),))
    peer.answers = False
    bench.spool.append(step(1))
    peer.wait_for(lambda: len(peer.batches) >= 1, "sent")
    peer.publish(topics.DOWN_RECEIPT, foreign)
    peer.wait_for(lambda: len(peer.batches) >= 3, "still sent again")
    assert bench.spool.depth().waiting == 1
    peer.answers = True
    bench.wait_empty()
    peer.wait_for(
        lambda: any(not report.healthy for report in peer.reported), "an unreadable desired state is reported"
    )


def test_nothing_is_published_or_queued_while_disconnected(mosquitto):  # noqa: F811
    waker = Waker()
    settings = UplinkSettings("127.0.0.1", mosquitto.port)
    connection = Connection(settings, "c", Will("t", b"x"), waker)
    connection.open()
    mosquitto.kill()
    with pytest.raises(LinkDown):
        for _ in range(100):
            connection.pump(0.1)
    for _ in range(100):
        with pytest.raises(LinkDown):
            connection.publish("t", b"payload")
    assert not connection._client._out_messages, "paho would send these on its next connection"
    connection.close()
    waker.close()


def test_a_late_acknowledgement_of_an_old_connection_frees_nothing_of_the_new_one(mosquitto):  # noqa: F811
    waker = Waker()
    settings = UplinkSettings("127.0.0.1", mosquitto.port)
    first = Connection(settings, "c", Will("t", b"x"), waker)
    first.open()
    first.publish("t", b"first")  # its PUBACK is on the way and not yet read
    second = Connection(settings, "c", Will("t", b"x"), waker)
    second.open()  # same client id: the broker hands the session over
    second.publish("t", b"second")
    assert (first.in_flight, second.in_flight) == (1, 1)
    assert list(first._in_flight) == list(second._in_flight), "both count their messages from 1"
    with pytest.raises(LinkDown):
        for _ in range(100):
            first.pump(0.05)
    assert (first.in_flight, second.in_flight) == (0, 1), "the first one's acknowledgement is the first one's"
    while second.in_flight:
        second.pump(0.1)
    first.close()
    assert second.pump(0.05) == [], "closing the old one disturbs nothing"
    second.close()
    waker.close()


def test_our_own_window_holds_over_reconnects(tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    with Mosquitto(folder, "max_inflight_messages 2") as broker, ReceivingPeer(broker.port) as peer:
        seen = []
        real = Connection.publish

        def publish(self, *arguments, **options):
            real(self, *arguments, **options)
            seen.append((self.in_flight, len(self._client._out_messages), self._client._inflight_messages))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Connection, "publish", publish)
            with running_bench(tmp_path, broker.port) as bench:
                bench.spool.append_many([step(number) for number in range(3000)])
                peer.wait_for(lambda: len(peer.batches) >= 2, "some are through")
                broker.kill()
                broker.start()
                bench.wait_empty(60)
        assert len(peer.committed) == 3000
        assert max(seen) <= (2, 2, 2), "the broker's Receive Maximum is kept, also right after a reconnect"


# -- desired state, commands, live frames ------------------------------------------------------------------------------


def test_the_worklist_arrives_is_reported_and_survives_offline(tmp_path, bench, peer, mosquitto):  # noqa: F811
    peer.publish(topics.DOWN_DESIRED, desired(3, "T-1", "T-2"), retain=True)
    peer.wait_for(lambda: any(report.revision == 3 for report in peer.reported), "reported")
    peer.publish(topics.DOWN_DESIRED, desired(2, "T-9"))
    peer.publish(topics.DOWN_DESIRED, desired(4, "T-2", "T-1", "T-3"), retain=True)
    peer.wait_for(lambda: any(report.revision == 4 for report in peer.reported), "reported")
    mosquitto.kill()
    seq = bench.worklist.record(taken("T-1"))
    bench.uplink.stop()
    bench.worklist.close()
    again = Worklist(tmp_path / "worklist.db", bench.spool)
    assert [ticket.item.ticket for ticket in again.tickets()] == ["T-2", "T-1", "T-3"]
    assert again.revision == 4
    (event,) = again.ticket("T-1").events
    assert (event.record.seq, event.record.body) == (seq, taken("T-1"))
    assert again.ticket("T-9") is None
    again.close()


def test_a_list_that_the_spool_does_not_let_in_is_reported(tmp_path, bench, peer):
    """The retained message does not come again by itself, so the hub has to hear that the bench works by the old."""
    peer.publish(topics.DOWN_DESIRED, desired(1, "T-1"))
    peer.wait_for(lambda: any(report.revision == 1 for report in peer.reported), "reported")
    bench.worklist.record(taken("T-1"))
    bench.wait_empty()
    with closing(sqlite3.connect(tmp_path / "spool.db", isolation_level=None)) as other:
        other.execute("CREATE TRIGGER full BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'no space'); END")
        peer.publish(topics.DOWN_DESIRED, desired(2, "T-1"))
        peer.wait_for(lambda: not peer.reported[-1].healthy, "the fault is reported")
        assert peer.reported[-1].revision == bench.worklist.revision == 1
        assert "spool.db cannot be used (no space)" in peer.reported[-1].detail
        other.execute("DROP TRIGGER full")
    peer.publish(topics.DOWN_DESIRED, desired(2, "T-1"))
    peer.wait_for(lambda: peer.reported[-1].healthy and peer.reported[-1].revision == 2, "it is in force")


def test_a_damaged_worklist_is_begun_anew(tmp_path):
    (tmp_path / "worklist.db").write_bytes(b"no database at all" * 300)
    with Spool(tmp_path / "spool.db") as spool:
        worklist = Worklist(tmp_path / "worklist.db", spool)
        assert (worklist.revision, worklist.tickets()) == (0, ())
        assert worklist.apply(desired(1, "T-1"))
        worklist.close()


def test_commands_are_checked_executed_and_answered(bench, peer):
    assert peer.ask(command(control.Describe(), "quality")).data == {"run": "run-1", "instruments": 1}
    assert peer.ask(command(control.AbortRun("run-1"))).ok
    assert bench.agent.aborted == [("run-1", "li")]
    for bad, words in [
        (command(control.AbortRun("run-7")), "run run-7 is not in progress"),
        (command(control.AbortRun("run-1"), role="store_system"), "not for the role 'store_system'"),
        (command(control.Describe(), expires_in_s=-1), "expired at"),
        (command(control.Describe(), bench="bench-02"), "the command is for bench-02"),
    ]:
        reply = peer.ask(bad)
        assert not reply.ok
        assert words in reply.detail
    assert len(bench.agent.aborted) == 1


def test_every_action_has_a_table_of_roles():
    assert set(ALLOWED_ROLES) == set(control.Action.__args__)
    assert "store_system" not in ALLOWED_ROLES[control.AbortRun]
    assert "remote_engineer" in ALLOWED_ROLES[control.Watch]


def test_live_frames_flow_only_while_somebody_watches(bench, peer):
    stop = threading.Event()

    def measure():
        count = 0
        while not stop.wait(0.002):
            count += 1
            bench.live.offer("meter", {"value": float(count), "unit": "V"}, time.monotonic())

    source = threading.Thread(target=measure)
    source.start()
    try:
        time.sleep(0.5)
        assert peer.frames == []
        assert peer.ask(command(control.Watch(seconds=1), "remote_engineer")).ok
        peer.wait_for(lambda: len(peer.frames) >= 2, "frames")
        wait_until(lambda: not bench.live.is_watched(time.monotonic()), "the watch is over")

        def silent():
            count = len(peer.frames)
            time.sleep(0.5)
            return len(peer.frames) == count

        wait_until(silent, "what was on its way has come, and nothing more comes")
        assert len(peer.frames) <= 8, "some 500 readings became a few frames"
    finally:
        stop.set()
        source.join()
    assert peer.frames[0].stream == "meter"
    values = [frame.data["value"] for frame in peer.frames]
    assert values == sorted(values)
