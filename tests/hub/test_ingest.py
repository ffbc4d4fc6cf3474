"""Delivery from the benches: at least once on the wire, exactly once in the tables (E3)."""

import threading
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from forked import start_hub
from hub_bench import FakeBench, free_port, started, step
from hub_running import MakeKey, RunningHub, environment_of
from mosquitto import Mosquitto
from sqlalchemy import func, select
from waiting import wait_until

from hub.core.database import Database
from hub.core.settings import Settings
from hub.measurements.ingest import storing
from hub.measurements.ingest.reading import Batch
from hub.measurements.ingest.worker import Ingest
from hub.measurements.models import DeadLetter, Measurement, Record, RefusedRecord, Spool, Step
from hub.mqtt import Arrived, Endpoint, Link
from protocols.messages import codec, control, topics
from protocols.messages import records as r
from protocols.messages.reasons import reason_in


def counts(database: Database) -> tuple[int, int, int]:
    """Records, steps and measurements in the tables."""
    with database.read() as session:
        tables = (Record.seq, Step.id, Measurement.id)
        records, steps, measurements = (session.scalar(select(func.count(column))) or 0 for column in tables)
        return records, steps, measurements


def test_a_batch_sent_again_counts_once(connected_hub: RunningHub, database: Database, bench: FakeBench) -> None:
    records = [bench.record(started()), *(bench.record(step(attempt=n + 1)) for n in range(20))]
    for _ in range(3):
        bench.receipts.clear()
        bench.send(*records)
        bench.wait_settled(*range(1, 22))
    bench.receipts.clear()
    bench.send(*records[5:10], bench.record(step(attempt=99)))
    bench.wait_settled(22)
    assert counts(database) == (22, 21, 21)
    assert bench.receipts == [control.Receipt("bench-01", bench.epoch, committed=((6, 10), (22, 22)))]


def test_batches_that_waited_together_share_a_receipt(database: Database) -> None:
    fake = FakeBench("bench-01", 0)
    batches = [Batch("bench-01", fake.epoch, (fake.record(step(attempt=n)),)) for n in range(1, 6)]
    with database.write() as session:
        receipts = storing.store_batches(session, [*batches[:2], *batches[3:]], storing.Patience())
    assert receipts == [control.Receipt("bench-01", fake.epoch, committed=((1, 2), (4, 5)))]


def test_a_new_spool_file_counts_from_one_again(
    connected_hub: RunningHub, database: Database, bench: FakeBench
) -> None:
    bench.send(bench.record(started(), seq=1))
    bench.wait_settled(1)
    bench.receipts.clear()
    bench.epoch = "f" * 32
    bench.send(bench.record(step(), seq=1))
    bench.wait_settled(1)
    assert counts(database) == (2, 1, 1)
    assert bench.receipts[0].epoch == "f" * 32


def test_one_bad_record_costs_no_other(connected_hub: RunningHub, database: Database, bench: FakeBench) -> None:
    good, bad, late = (codec.encode(bench.record(step(attempt=n))).decode() for n in (1, 2, 3))
    bad = bad.replace('"duration_s":0.25', '"duration_s":-1')
    envelope = f'{{"bench":"bench-01","epoch":"{bench.epoch}","records":[{good},{bad},{{"junk":1}},{late}]}}'
    bench.send_raw(envelope.encode())
    bench.wait_settled(1, 2, 3)
    assert bench.committed == {1, 3}
    assert list(bench.refused) == [2]
    assert "duration_s" in bench.refused[2]
    with database.read() as session:
        kept = session.scalars(select(RefusedRecord)).one()
        assert (kept.seq, kept.body) == (2, bad.encode())
        assert "record 2" in session.scalars(select(DeadLetter)).one().reason
    bench.send_raw(envelope.encode())
    wait_until(lambda: len(bench.receipts) == 4, "the receipts again")
    assert bench.receipts[:2] == bench.receipts[2:]


GARBAGE = {
    "empty": b"",
    "not text": b"\xff\xfe garbage",
    "deep": b"[" * 100_000,
    "no records": b'{"bench":"bench-01"}',
    "another bench": b'{"bench":"bench-02","epoch":"0123456789abcdef0123456789abcdef","records":[{"seq":1}]}',
    "bad epoch": b'{"bench":"bench-01","epoch":"short","records":[{"seq":1}]}',
    "too long": b"x" * (topics.MAX_BATCH_BYTES * 5),
}


def test_garbage_is_kept_once_with_a_reason_and_hurts_nobody(
    connected_hub: RunningHub, database: Database, bench: FakeBench
) -> None:
    for payload in GARBAGE.values():
        for _ in range(3):
            bench.send_raw(payload)
    bench.send(bench.record(started()))
    bench.wait_settled(1)
    with database.read() as session:
        letters = {letter.size: letter for letter in session.scalars(select(DeadLetter))}
    for name, payload in GARBAGE.items():
        letter = letters.pop(len(payload))
        assert letter.times == 3, name
        assert letter.payload == payload[: storing.KEPT_BODY_BYTES], name
        assert letter.reason, name
    assert not letters


def test_dead_letters_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "MAX_DEAD_LETTERS", 5)
    for number in range(12):
        with database.write() as session:
            storing.keep_dead_letter(session, "bw/v1/b/up/records", b"%d" % number, "unreadable")
    with database.read() as session:
        kept = session.scalars(select(DeadLetter.payload).order_by(DeadLetter.id)).all()
    assert kept == [b"7", b"8", b"9", b"10", b"11"]


def test_an_envelope_of_another_version_is_refused_by_number(connected_hub: RunningHub, bench: FakeBench) -> None:
    record = codec.encode(bench.record(started())).decode()
    text = f'{{"bench":"bench-01","epoch":"{bench.epoch}","colour":"red","records":[{record}]}}'
    bench.send_raw(text.encode())
    bench.wait_settled(1)
    assert "colour" in bench.refused[1]


def test_a_record_that_the_database_cannot_hold_is_refused_alone(
    connected_hub: RunningHub, database: Database, bench: FakeBench
) -> None:
    huge = r.CaptureTaken("run-1", "s", "c.sr", "ab" * 32, 2**80, "application/zip")
    bench.send_bodies(started(), huge, step())
    bench.wait_settled(1, 2, 3)
    assert bench.committed == {1, 3}
    assert "cannot store" in bench.refused[2]
    assert counts(database) == (2, 1, 1)


def test_times_at_the_edge_of_the_calendar_are_refused(connected_hub: RunningHub, bench: FakeBench) -> None:
    record = codec.encode(bench.record(step())).decode()
    at = record.split('"at":"')[1].split('"')[0]
    early = record.replace(at, "0001-01-01T00:00:00+14:00")
    bench.send_raw(f'{{"bench":"bench-01","epoch":"{bench.epoch}","records":[{early}]}}'.encode())
    bench.wait_settled(1)
    assert "calendar" in bench.refused[1]


def test_steps_may_arrive_before_their_run(connected_hub: RunningHub, bench: FakeBench, make_key: MakeKey) -> None:
    begin, middle = bench.record(started("run-9")), bench.record(step("run-9"))
    bench.send(middle)
    bench.wait_settled(2)
    bench.send(begin)
    bench.wait_settled(1)
    with connected_hub.client(make_key("staff")) as staff:
        runs = staff.get("/api/v1/runs", params={"serial": "SN-1"}).json()["items"]
        assert [run["key"] for run in runs] == ["run-9"]
        assert len(staff.get(f"/api/v1/runs/{runs[0]['id']}").json()["steps"]) == 1


def _assigned_ticket(hub: RunningHub, make_key: MakeKey) -> str:
    make_key("bench", bench="bench-01")
    with hub.client(make_key("staff")) as staff:
        contact = {"name": "李雷", "phone": "+86 138 0000 0000"}
        body = {"device": {"model": "SP-100", "serial": "SN-1"}, "symptom": "dark", "contact": contact}
        ticket: str = staff.post("/api/v1/tickets", json=body).raise_for_status().json()["id"]
        agreed = {"limit_minor": 0, "how": "in_person", "said_by": "李雷"}
        body = {"action": "preapprove", "details": agreed}
        staff.post(f"/api/v1/tickets/{ticket}/actions", json=body).raise_for_status()
        staff.put(f"/api/v1/tickets/{ticket}/assignment", json={"bench": "bench-01"}).raise_for_status()
        return ticket


def test_a_refused_ticket_event_is_kept_with_its_reason(
    connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench
) -> None:
    ticket = _assigned_ticket(connected_hub, make_key)
    bench.send_bodies(
        r.TicketEvent(ticket, "repaired"),
        r.TicketEvent(ticket, "taken"),
        r.TicketEvent("T-999999", "taken"),
        r.TicketEvent(ticket, "close"),
        r.TicketEvent(ticket, "repaired"),
        r.TicketEvent(ticket, "handed_over"),
    )
    bench.wait_settled(*range(1, 7))
    assert bench.committed == {2, 5}
    assert "repaired is not possible" in bench.refused[1]
    assert "no ticket T-999999" in bench.refused[3]
    assert "close is not possible" in bench.refused[4]
    assert "no finished test run" in bench.refused[6]
    with connected_hub.client(make_key("admin")) as admin:
        kept = admin.get("/api/v1/refused-records", params={"bench": "bench-01"}).json()["items"]
        assert [one["seq"] for one in kept] == [6, 4, 3, 1]
        assert '"handed_over"' in kept[0]["body"]
        assert "zh-CN" not in kept[2]["reason"]
        chinese = admin.get("/api/v1/refused-records", headers={"Accept-Language": "zh-CN"}).json()["items"]
        assert chinese[2]["reason"] == "没有您可查看的工单 T-999999。" == reason_in("zh-CN", bench.refused[3])
        spool = admin.get("/api/v1/benches/bench-01/spools").json()[0]
        assert (spool["records"], spool["refused"], spool["first"], spool["last"]) == (2, 4, 1, 6)


def test_ticket_events_out_of_order_wait_for_what_is_missing(
    connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench
) -> None:
    ticket = _assigned_ticket(connected_hub, make_key)
    taken = bench.record(r.TicketEvent(ticket, "taken"))
    repaired = bench.record(r.TicketEvent(ticket, "repaired"))
    marker = bench.record(started())
    bench.send(repaired, marker)
    bench.wait_settled(3)
    assert 2 not in bench.refused and 2 not in bench.committed
    bench.send(taken)
    bench.wait_settled(1)
    bench.send(repaired)
    bench.wait_settled(2)
    assert bench.refused == {}


def test_a_bench_cannot_act_on_the_ticket_of_another(
    connected_hub: RunningHub, make_key: MakeKey, broker: Mosquitto
) -> None:
    ticket = _assigned_ticket(connected_hub, make_key)
    with FakeBench("bench-02", broker.port) as other:
        other.send_bodies(r.TicketEvent(ticket, "taken"))
        other.wait_settled(1)
        assert "no ticket" in other.refused[1]


def _ingest_process(settings: Settings, broker: Mosquitto) -> ForkServerProcess:
    return start_hub("ingest", environment=environment_of(settings) | {"BENCHWRIGHT_HUB_MQTT": broker.url})


def test_killing_the_ingest_loses_and_doubles_nothing(
    settings: Settings, broker: Mosquitto, database: Database, bench: FakeBench
) -> None:
    """Two SIGKILLs while 6,000 records are sent and resent until receipted."""
    batches = [[bench.record(step(attempt=n)) for n in range(1, 101)] for _ in range(60)]
    everything = {record.seq for batch in batches for record in batch}
    done = threading.Event()

    def resend() -> None:
        while not done.wait(0.1):
            committed = bench.committed
            missing = [batch for batch in batches if batch[-1].seq not in committed]
            for batch in missing[:8]:
                bench.send(*batch)

    process = _ingest_process(settings, broker)
    sender = threading.Thread(target=resend)
    sender.start()
    try:
        for kill in range(1, 3):
            goal = kill * 2000
            wait_until(lambda goal=goal: len(bench.committed) >= goal, f"{goal} records", 60)  # type: ignore[misc]
            process.kill()
            process.join(10)
            process = _ingest_process(settings, broker)
        wait_until(lambda: bench.committed == everything, "all receipts", 60)
    finally:
        done.set()
        sender.join()
        process.terminate()
        process.join(20)
        assert process.exitcode == 0
    assert counts(database) == (6000, 6000, 6000)
    with database.read() as session:
        assert set(session.scalars(select(Record.seq))) == everything
        assert session.scalar(select(func.count(Spool.id))) == 1


def test_nothing_is_receipted_before_it_is_committed(
    connected_hub: RunningHub, database: Database, bench: FakeBench
) -> None:
    """While another process holds the write lock there is no receipt; after it, one."""
    with database.write() as session:
        session.execute(select(func.count(Record.seq)))
        bench.send_bodies(started())
        assert not _receipt_within(bench, 1.0)
    bench.wait_settled(1)


def _receipt_within(bench: FakeBench, seconds: float) -> bool:
    return threading.Event().wait(seconds) or bool(bench.receipts)


def test_the_hub_comes_back_after_the_broker_did(
    connected_hub: RunningHub, broker: Mosquitto, bench: FakeBench, make_key: MakeKey
) -> None:
    ticket = _assigned_ticket(connected_hub, make_key)
    wait_until(lambda: bench.desired and bench.desired[-1].worklist, "the worklist")
    bench.desired.clear()
    broker.kill()
    with connected_hub.client() as client:
        wait_until(lambda: client.get("/readyz").status_code == 503, "the hub to notice")
        broker.start()
        wait_until(lambda: client.get("/readyz").status_code == 200, "the hub's reconnection")
    wait_until(lambda: bench.desired, "the retained worklist, which the broker had forgotten")
    assert bench.desired[-1].worklist[0].ticket == ticket

    def sent_and_settled() -> bool:
        bench.send(bench.record(started(), seq=1))
        return bool(bench.receipts)

    wait_until(sent_and_settled, "a receipt")


class TestLink:
    """paho's traps."""

    def test_an_exception_in_a_callback_does_not_leave_a_deaf_session(
        self, broker: Mosquitto, bench: FakeBench
    ) -> None:
        seen: list[bytes] = []

        def explode_once(message: Arrived) -> None:
            seen.append(message.payload)
            if len(seen) == 1:
                raise RuntimeError("a defect")

        endpoint = Endpoint("127.0.0.1", broker.port)
        link = Link(endpoint, "test", [topics.topic("+", topics.UP_RECORDS)], explode_once)
        link.start()
        try:
            assert link.wait_connected(10)
            bench.send_raw(b"first")
            wait_until(lambda: len(seen) == 1, "the first message")

            def heard_again() -> bool:
                bench.send_raw(b"second")
                return b"second" in seen

            wait_until(heard_again, "a message after the exception")
            assert link.connected
        finally:
            link.stop()

    def test_publishing_offline_fails_and_queues_nothing(self, tmp_path: Path, broker: Mosquitto) -> None:
        broker.kill()
        link = Link(Endpoint("127.0.0.1", broker.port), "test", ["bw/v1/+/up/reply"], lambda _: None)
        link.start()
        try:
            assert not link.publish("bw/v1/bench-01/down/receipt", b"stale")
            broker.start()
            with FakeBench("bench-01", broker.port) as bench:
                assert link.wait_connected(10)
                assert link.publish(
                    topics.topic("bench-01", topics.DOWN_RECEIPT),
                    codec.encode(control.Receipt("bench-01", bench.epoch)),
                )
                wait_until(lambda: bench.receipts, "the receipt")
                assert len(bench.receipts) == 1
        finally:
            link.stop()

    def test_a_broker_that_is_not_there_is_tried_again_and_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        link = Link(Endpoint("127.0.0.1", free_port()), "test", ["bw/v1/+/up/reply"], lambda _: None)
        link.start()
        assert not link.wait_connected(0.5)
        link.stop()
        assert not link.connected
        told = [one.getMessage() for one in caplog.records if "no connection to the broker" in one.getMessage()]
        assert len(told) == 1, "not at each attempt"
        assert "is 'benchwright broker run' up" in told[0] and "Trying again until it succeeds" in told[0]


def test_two_workers_share_the_load(
    settings: Settings, broker: Mosquitto, database: Database, bench: FakeBench
) -> None:
    endpoint = Endpoint("127.0.0.1", broker.port)
    workers = [Ingest(database, endpoint, f"w{n}") for n in range(2)]
    for worker in workers:
        worker.start()
    try:
        wait_until(lambda: all(worker.alive for worker in workers), "both workers")
        for _ in range(50):
            bench.send_bodies(*(step(attempt=n) for n in range(1, 11)))
        wait_until(lambda: len(bench.committed) == 500, "500 receipts")
        assert counts(database) == (500, 500, 500)
    finally:
        for worker in workers:
            worker.stop()
