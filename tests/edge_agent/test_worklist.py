"""The bench's copy of its tickets: what it remembers of those that it handed over."""

import pytest

from edge_agent.spool import Spool
from edge_agent.worklist import REMEMBERED, Worklist
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


def desired(revision, *tickets):
    return Desired(
        "bench-01", revision, tuple(WorkItem(one, Device("SP-100", one), "没有反应", "x") for one in tickets)
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


def test_only_the_newest_are_remembered(worklist):
    tickets = [f"T-{number}" for number in range(REMEMBERED + 2)]
    worklist.apply(desired(1, *tickets))
    for ticket in tickets:
        worklist.record(TicketEvent(ticket, "handed_over", "li"))
    worklist.apply(desired(2))
    assert [one.item.ticket for one in worklist.handed_over()] == tickets[:1:-1]
