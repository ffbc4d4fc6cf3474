import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sample_records import finished, started, step, taken

from edge_agent.spool import DEFAULT_MAX_BYTES, Depth, Spool, SpoolError, SpoolFull, State
from protocols.messages import codec, records
from protocols.messages.control import Receipt, Refusal

TESTS = Path(__file__).parent.parent


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spool.db"


@pytest.fixture
def spool(path):
    spool = Spool(path)
    yield spool
    spool.close()


def receipt(spool, *ranges, refused=()):
    return Receipt(bench="bench-01", epoch=spool.epoch, committed=ranges, refused=tuple(refused))


def test_each_append_is_one_full_commit_that_another_connection_sees(spool, path):
    assert spool._db.execute("PRAGMA synchronous").fetchone() == (2,), "FULL: synced at each commit"
    assert spool._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other = sqlite3.connect(path)
    commits = []
    spool._db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    for number in range(1, 6):
        version = other.execute("PRAGMA data_version").fetchone()
        seq = spool.append(step(number))
        assert other.execute("PRAGMA data_version").fetchone() != version
        assert other.execute("SELECT max(seq) FROM record").fetchone() == (seq,)
        assert len(commits) == number
    assert not spool._db.in_transaction
    other.close()


def test_a_killed_writer_loses_nothing_that_append_returned_for(path):
    acknowledged, epoch = {}, None
    for attempt in range(4):
        writer = subprocess.Popen(
            [sys.executable, TESTS / "spool_writer.py", path],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(TESTS.parent)},
        )
        epochs = {writer.stdout.readline().strip()}
        epoch = epoch or epochs.copy()
        assert epochs == epoch, "the epoch belongs to the file"
        for _ in range(random.Random(attempt).randint(1, 120)):
            number, seq = map(int, writer.stdout.readline().split())
            assert seq not in acknowledged, "a number is never used again"
            acknowledged[seq] = number
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.readlines()  # communicate() would forget what readline() has read ahead
        writer.stdout.close()
        writer.wait(timeout=20)
        acknowledged |= {
            int(seq): int(number) for number, seq in (line.split() for line in rest if line.endswith("\n"))
        }
    spool = Spool(path)
    stored = {}
    while batch := spool.pending(after_seq=max(stored, default=0)):
        stored |= {waiting.seq: codec.decode(waiting.encoded, records.Record).body for waiting in batch}
    spool.close()
    assert {seq: stored[seq] for seq in acknowledged} == {seq: step(number) for seq, number in acknowledged.items()}
    assert len(stored) <= len(acknowledged) + 4, "at most the one append under way at each kill"


def test_numbers_rise_and_are_not_reused_after_everything_was_deleted(path):
    spool = Spool(path)
    assert spool.append_many([step(1), step(2), step(3)]) == (1, 2, 3)
    spool.apply_receipt(receipt(spool, (1, 3)))
    assert spool.depth().waiting == 0
    epoch = spool.epoch
    spool.close()
    spool = Spool(path)
    assert (spool.epoch, spool.append(step(4))) == (epoch, 4)
    spool.close()


def test_pending_keeps_order_and_both_limits(spool):
    spool.append_many([step(number) for number in range(1, 21)])
    assert [waiting.seq for waiting in spool.pending(limit_records=7)] == list(range(1, 8))
    assert [waiting.seq for waiting in spool.pending(after_seq=18)] == [19, 20]
    three = sum(len(waiting.encoded) + 1 for waiting in spool.pending()[:3])
    assert [len(spool.pending(limit_bytes=three + slack)) for slack in (-1, 0, 1)] == [2, 3, 3]
    assert len(spool.pending(limit_bytes=1)) == 1, "a record longer than the limit is not stuck"
    record = codec.decode(spool.pending()[4].encoded, records.Record)
    assert (record.seq, record.body, record.at.utcoffset().total_seconds()) == (5, step(5), 0)


def test_a_receipt_removes_exactly_what_it_names(spool):
    spool.append_many([step(number) for number in range(1, 11)])
    settled = spool.apply_receipt(receipt(spool, (1, 3), (7, 7), refused=[Refusal(5, "no such run")]))
    assert (settled.received, settled.refused) == (4, 1)
    assert [waiting.seq for waiting in spool.pending()] == [4, 6, 8, 9, 10]
    (refused,) = spool.refused()
    assert (refused.record.seq, refused.record.body, refused.reason) == (5, step(5), "no such run")
    assert spool.depth() == Depth(5, 1, spool.depth().size_bytes, DEFAULT_MAX_BYTES, settled=5)
    assert spool.apply_receipt(receipt(spool, (1, 3))).received == 0, "twice is harmless"


def test_receipts_of_another_epoch_or_for_unsent_numbers_change_nothing(spool):
    spool.append_many([step(1), step(2)])
    spool.apply_receipt(Receipt(bench="bench-01", epoch="0" * 32, committed=((1, 2),)))
    assert len(spool.pending()) == 2
    spool.apply_receipt(receipt(spool, (1, 2**53 - 1), refused=[Refusal(2, "x")]), sent_up_to=1)
    assert [waiting.seq for waiting in spool.pending()] == [2]
    assert spool.refused() == ()


def test_a_refused_record_that_the_hub_takes_later_leaves(spool):
    spool.append(step(1))
    spool.apply_receipt(receipt(spool, refused=[Refusal(1, "unknown plan")]))
    assert spool.apply_receipt(receipt(spool, (1, 1))).received == 1
    assert (spool.refused(), spool.depth().size_bytes) == ((), 0)


def test_the_journal_of_a_run_stays_until_it_is_finished(path):
    spool = Spool(path)
    bodies = [started(), step(1), step(2)]
    spool.append_many([started("run-0"), *bodies])
    spool.apply_receipt(receipt(spool, (1, 4)))
    assert spool.depth().waiting == 0
    spool.close()
    spool = Spool(path)
    assert spool.open_runs() == (started("run-0"), started())
    assert [record.body for record in spool.run_records("run-1")] == bodies
    spool.append(finished())
    assert spool.open_runs() == (started("run-0"),)
    assert spool.run_records("run-1") == ()
    spool.apply_receipt(receipt(spool, (5, 5)))
    spool.append(finished("run-0"))
    assert spool.depth().waiting == 1
    assert spool._db.execute("SELECT count(*) FROM record").fetchone() == (1,), "nothing received is left behind"
    spool.close()


def test_ticket_events_show_where_they_stand_until_the_ticket_is_gone(spool):
    spool.append_many([taken(), taken("T-2"), taken()])
    spool.apply_receipt(receipt(spool, (1, 2), refused=[Refusal(3, "already taken by wang")]))
    assert [(event.state, event.reason) for event in spool.ticket_events("T-1")] == [
        (State.RECEIVED, None),
        (State.REFUSED, "already taken by wang"),
    ]
    spool.forget_tickets(frozenset({"T-2"}))
    assert spool.ticket_events("T-1") == ()
    assert len(spool.ticket_events("T-2")) == 1
    assert [kept.record.seq for kept in spool.refused()] == [3], "what was refused stays visible"


def test_what_is_received_of_a_ticket_is_forgotten_up_to_a_record(spool):
    spool.append_many([taken(), taken("T-2"), taken(), taken(), taken()])
    spool.apply_receipt(receipt(spool, (1, 2), (4, 4), refused=[Refusal(3, "already taken by wang")]))
    for _ in range(2):
        spool.forget_received("T-1", 3)
        assert [kept.record.seq for kept in spool.ticket_events("T-1")] == [3, 4, 5]
    assert [kept.record.seq for kept in spool.ticket_events("T-2")] == [2]
    assert (spool.depth().waiting, spool.depth().refused) == (1, 1)


def test_a_full_spool_refuses_what_is_new_and_lets_a_run_end(path):
    spool = Spool(path, max_bytes=20_000)
    spool.append(started())
    number = 0
    with pytest.raises(SpoolFull, match="maximum is 20000"):
        while True:
            spool.append(started(f"run-{(number := number + 1)}"))
    waiting = spool.depth().waiting
    spool.append(finished())
    assert spool.depth().waiting == waiting + 1, "nothing was dropped"
    with pytest.raises(SpoolFull):
        for _ in range(100):
            spool.append(step(1))
    spool.apply_receipt(receipt(spool, (1, 10_000)))
    assert spool.depth().waiting == 0
    spool.close()


def test_a_full_disk_is_a_clear_error_and_leaves_no_half_record(spool):
    spool.append(step(1))
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(SpoolError, match="disk is full"):
        spool.append_many([step(number) for number in range(100)])
    assert [waiting.seq for waiting in spool.pending()] == [1]
    assert spool.depth().waiting == 1
    spool._db.execute("PRAGMA max_page_count = 1000000")
    assert spool.append(step(2)) == 2


@pytest.mark.parametrize("damage", ["header", "middle", "text"])
def test_a_corrupt_spool_is_set_aside_and_a_new_epoch_begins(path, damage):
    spool = Spool(path)
    spool.append_many([step(number) for number in range(200)])
    epoch = spool.epoch
    spool.close()
    content = bytearray(path.read_bytes())
    if damage == "header":
        content[:16] = b"\0" * 16
    elif damage == "middle":
        content[4096:] = random.Random(1).randbytes(len(content) - 4096)
    else:
        content[:] = b"this is no database\n" * 400
    path.write_bytes(content)
    spool = Spool(path)
    assert spool.epoch != epoch
    assert spool.set_aside is not None
    assert spool.set_aside.read_bytes() == content, "set aside, never deleted"
    assert (spool.append(step(1)), spool.depth().waiting) == (1, 1)
    spool.close()


def test_files_that_are_no_spool_are_left_alone(path, tmp_path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(SpoolError, match="is a SQLite file but no spool"):
        Spool(path)
    assert path.read_bytes() == before
    (tmp_path / "folder").mkdir()
    with pytest.raises(SpoolError, match="cannot be used"):
        Spool(tmp_path / "folder")


def test_one_agent_at_a_time(path, spool):
    with pytest.raises(SpoolError, match="in use by another agent"):
        Spool(path)


def test_a_record_that_fits_no_message_is_refused_with_the_remedy(spool):
    curve = records.Curve("a", "V", 0.0, 1e-9, tuple([1 / 3] * 1000), tuple([2 / 3] * 1000))
    body = records.CaptureTaken("run-1", "s", "a.sr", "0" * 64, 1, "application/zip", (curve,) * 4)
    with pytest.raises(SpoolError, match="shorten its curves"):
        spool.append(body)
    assert spool.depth().waiting == 0


def test_many_threads_append_and_settle_at_once(spool):
    calls = []
    spool.add_listener(lambda: calls.append(1))

    def append(start):
        for number in range(start, start + 25):
            spool.append(step(number))

    threads = [threading.Thread(target=append, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    received = 0
    deadline = time.monotonic() + 60
    while received < 100 and time.monotonic() < deadline:
        if batch := spool.pending(limit_records=10):
            received += spool.apply_receipt(receipt(spool, (batch[0].seq, batch[-1].seq))).received
    for thread in threads:
        thread.join()
    assert spool.depth() == Depth(0, 0, 0, DEFAULT_MAX_BYTES, settled=100)
    assert spool.append(step(1)) == 101
    assert len(calls) >= 100
