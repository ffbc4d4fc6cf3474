"""The bench's copy of its tickets: what it remembers of those that it handed over."""

import sqlite3
from contextlib import closing

import pytest

from edge_agent.spool import Spool, State
from edge_agent.worklist import REMEMBERED, Worklist, WorklistError
from protocols.messages.control import Desired, Receipt, Refusal, WorkItem
from protocols.messages.records import Device, TicketEvent


@pytest.fixture
def spool(tmp_path):
    with Spool(tmp_path / "spool.db") as spool:
        yield spool


@pytest.fixture
def worklist(tmp_path, spool):
    worklist = Worklist(tmp_path / "worklist.db", spool)
    yield worklist
    worklist.close()


def desired(revision, *tickets, state="x"):
    return Desired(
        "bench-01", revision, tuple(WorkItem(one, Device("SP-100", one), "没有反应", state) for one in tickets)
    )


def remembered(worklist):
    return [(one.item.ticket, one.events[0].record.body.operator) for one in worklist.handed_over()]


def test_who_handed_a_ticket_over_is_known_after_it_has_left_and_after_a_restart(tmp_path, spool, worklist):
    worklist.apply(desired(1, "T-1", "T-2", "T-3"))
    worklist.record(TicketEvent("T-1", "handed_over", "li"))
    worklist.record(TicketEvent("T-2", "give_back", "wang"))
    assert worklist.handed_over() == (), "they are on the list still"
    worklist.apply(desired(2, "T-3"))
    assert remembered(worklist) == [("T-2", "wang"), ("T-1", "li")], "the newest first"
    worklist.close()
    again = Worklist(tmp_path / "worklist.db", spool)
    assert remembered(again) == [("T-2", "wang"), ("T-1", "li")]
    again.apply(desired(3, "T-1"))
    assert remembered(again) == [("T-2", "wang")], "T-1 came back"
    again.close()


def test_what_left_for_another_reason_was_not_handed_over(spool, worklist):
    worklist.apply(desired(1, "T-1", "T-2", "T-3"))
    worklist.record(TicketEvent("T-1", "finding"))
    worklist.record(TicketEvent("T-2", "handed_over", "li"))
    worklist.record(TicketEvent("T-2", "taken", "li"))
    seq = worklist.record(TicketEvent("T-3", "handed_over", "li"))
    worklist.apply(desired(2))
    assert remembered(worklist) == [("T-3", "li")]
    spool.apply_receipt(Receipt("bench-01", spool.epoch, refused=(Refusal(seq, "it is not repaired"),)))
    assert worklist.handed_over() == (), "the hub refused it afterwards"


def test_a_hand_over_waits_until_the_hub_has_it(spool, worklist):
    worklist.apply(desired(1, "T-1"))
    seq = worklist.record(TicketEvent("T-1", "handed_over", "li"))
    worklist.apply(desired(2))
    states = lambda: [one.events[0].state for one in worklist.handed_over()]  # noqa: E731
    assert states() == [State.WAITING]
    spool.apply_receipt(Receipt("bench-01", spool.epoch, committed=((seq, seq),)))
    assert states() == [State.RECEIVED]


def test_what_cannot_be_read_of_the_handed_over_does_not_keep_the_list_from_being_told(tmp_path, worklist, caplog):
    worklist.apply(desired(1, "T-1", "T-2", "T-3"))
    for ticket in ("T-1", "T-2"):
        worklist.record(TicketEvent(ticket, "handed_over", "li"))
    worklist.apply(desired(2, "T-3"))
    with closing(sqlite3.connect(tmp_path / "worklist.db", isolation_level=None)) as other:
        other.execute("UPDATE handed_over SET item = x'7b' WHERE ticket = 'T-2'")
        assert remembered(worklist) == [("T-1", "li")]
        assert "cannot be read in" in caplog.text
        other.execute("DROP TABLE handed_over")
    assert worklist.handed_over() == ()
    assert "does not tell what was handed over here (no such table" in caplog.text
    assert [one.item.ticket for one in worklist.tickets()] == ["T-3"]


def test_what_was_done_before_a_ticket_came_here_anew_is_forgotten(spool, worklist):
    done = lambda: [(kept.record.body.action, kept.state.name) for kept in worklist.tickets()[0].events]  # noqa: E731
    worklist.apply(desired(1, "T-1", state="assigned"))
    first = worklist.record(TicketEvent("T-1", "note", "li"))
    last = worklist.record(TicketEvent("T-1", "taken", "li"))
    worklist.apply(desired(2, "T-1", state="assigned"))
    assert done() == [("note", "WAITING"), ("taken", "WAITING")], "the hub did not know of it"
    spool.apply_receipt(Receipt("bench-01", spool.epoch, committed=((first, first),)))
    worklist.apply(desired(3, "T-1", state="assigned"))
    assert done() == [("note", "RECEIVED"), ("taken", "WAITING")], "a note does not take it"
    spool.apply_receipt(Receipt("bench-01", spool.epoch, committed=((last, last),)))
    finding = worklist.record(TicketEvent("T-1", "finding", "li"))
    worklist.apply(desired(4, "T-1", state="in_progress"))
    assert len(done()) == 3
    # It was sent to another store and came back while the bench was alone.
    worklist.apply(desired(5, "T-1", state="assigned"))
    assert done() == [("finding", "WAITING")]
    spool.apply_receipt(Receipt("bench-01", spool.epoch, refused=(Refusal(finding, "it is not taken"),)))
    worklist.record(TicketEvent("T-1", "taken", "li"))
    assert done() == [("finding", "REFUSED"), ("taken", "WAITING")]


def test_a_list_is_stored_whole_or_not_at_all(tmp_path, spool, worklist):
    worklist.apply(desired(1, "T-1"))
    worklist.record(TicketEvent("T-1", "handed_over", "li"))
    with closing(sqlite3.connect(tmp_path / "worklist.db", isolation_level=None)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON desired BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        with pytest.raises(WorklistError, match="cannot be written"):
            worklist.apply(desired(2))
        assert worklist.handed_over() == () and worklist.revision == 1
        other.execute("DROP TRIGGER full")
    assert worklist.apply(desired(2))
    assert remembered(worklist) == [("T-1", "li")]


def test_a_list_is_in_force_before_the_spool_forgets_what_left(tmp_path, spool, worklist, caplog):
    worklist.apply(desired(1, "T-1"))
    seq = worklist.record(TicketEvent("T-1", "taken", "li"))
    spool.apply_receipt(Receipt("bench-01", spool.epoch, committed=((seq, seq),)))
    with closing(sqlite3.connect(tmp_path / "spool.db", isolation_level=None)) as other:
        other.execute("CREATE TRIGGER full BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'no space'); END")
        assert worklist.apply(desired(2, "T-2")), "who shows the list is told"
        assert "is not forgotten yet, the next list does it: spool" in caplog.text
        assert worklist.revision == 2 and len(spool.ticket_events("T-1")) == 1
        other.execute("DROP TRIGGER full")
    assert worklist.apply(desired(3, "T-2"))
    assert spool.ticket_events("T-1") == ()


def test_only_the_newest_are_remembered(worklist):
    tickets = [f"T-{number}" for number in range(REMEMBERED + 2)]
    worklist.apply(desired(1, *tickets))
    for ticket in tickets:
        worklist.record(TicketEvent(ticket, "handed_over", "li"))
    worklist.apply(desired(2))
    assert [one.item.ticket for one in worklist.handed_over()] == tickets[:1:-1]
