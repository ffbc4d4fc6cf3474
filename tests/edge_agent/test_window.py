import random

from edge_agent.spool import Waiting
from edge_agent.uplink.window import SendWindow
from protocols.messages.control import Receipt, Refusal


def window(**options):
    return SendWindow(max_batches=2, resend_after_s=2.0, resend_cap_s=10.0, rng=random.Random(1), **options)


def batch(*numbers):
    return [Waiting(number, b"%d" % number) for number in numbers]


def receipt(*ranges, refused=()):
    return Receipt(bench="b", epoch="0" * 32, committed=ranges, refused=tuple(Refusal(seq, "no") for seq in refused))


def test_the_window_is_bounded_and_remembers_where_to_read_on():
    out = window()
    out.add(batch(1, 2), 0.0)
    assert (out.has_room, out.cursor) == (True, 2)
    out.add(batch(3, 5), 0.0)
    assert (out.has_room, out.cursor, out.sent_up_to) == (False, 5, 5)
    out.settle(receipt((1, 2)), 0.1)
    assert (out.has_room, len(out)) == (True, 1)
    out.restart()
    assert (len(out), out.cursor, out.sent_up_to) == (0, 0, 5), "a new connection sends everything again"


def test_a_receipt_takes_out_exactly_what_it_names_and_the_rest_is_sent_again():
    out = window()
    out.add(batch(1, 2, 3, 4), 0.0)
    out.add(batch(5, 6, 9), 0.0)
    assert out.settle(receipt((2, 3), (8, 20), refused=[5]), 0.1)
    assert [dict(left.records) for left in out.due(2.5)] == [{1: b"1", 4: b"4"}, {6: b"6"}]
    assert not out.settle(receipt((2, 3)), 0.2), "a receipt that came twice answers for nothing"
    assert out.settle(receipt((1, 100)), 0.3)
    assert (len(out), out.next_due()) == (0, None)


def test_resends_wait_ever_longer_up_to_the_cap_and_at_once_when_the_hub_speaks():
    out = window()
    first = out.add(batch(1), 0.0)
    second = out.add(batch(2), 0.0)
    now, waits = 0.0, []
    for _ in range(5):
        assert out.due(first.due - 0.01) in ([], [second])
        waits.append(first.due - now)
        now = first.due
        out.sent_again(first, now)
        out.sent_again(second, now)
    low = [2.0, 4.0, 8.0, 10.0, 10.0]
    assert all(bound <= wait <= 1.2 * bound for bound, wait in zip(low, waits, strict=True))
    out.settle(receipt((2, 2)), now + 3)
    assert out.due(now + 3) == [first], "a live hub ends the waiting"
    out.sent_again(first, now + 3)
    assert first.due - (now + 3) <= 2 * 2.4
