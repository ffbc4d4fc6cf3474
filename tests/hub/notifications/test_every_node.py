"""T9: what the customer's page shows of a ticket is told by a message, too; or it stands here why it is not."""

from collections.abc import Iterator
from typing import NamedTuple

from hub.notifications.documents import delivered
from hub.portal.words import sections
from hub.tickets.actions import WaitingFor
from hub.tickets.kinds import Kind
from hub.tickets.states import TABLES

TOLD_BY_ANOTHER = frozenset({"part", "third_party"})


class Node(NamedTuple):
    """Something that happens to a ticket of one kind: ``case`` is the state that it leaves, or whom it waits for."""

    kind: str
    action: str
    case: str


class Unsent(NamedTuple):
    """What the page shows and no message tells. Empty: any kind, any case."""

    action: str
    because: str
    kinds: frozenset[Kind] = frozenset()
    cases: frozenset[str] = frozenset()

    def covers(self, node: Node) -> bool:
        kinds, cases = self.kinds or {node.kind}, self.cases or {node.case}
        return node.action == self.action and node.kind in kinds and node.case in cases


UNSENT = (
    Unsent("assign", "whose bench it is on is the store's matter; the customer hears when the work begins"),
    Unsent("name_owner", "the owner accepts the complaint next, which is told"),
    Unsent("taken", "the answer, or a promise of one, is told", frozenset({Kind.CONSULTATION})),
    Unsent("arrived", "we stand before the customer"),
    Unsent("installed", "the customer stands by, and accepts it"),
    Unsent("wait", "the clocks tell it as sla.date_slipped, with cause and date", cases=TOLD_BY_ANOTHER),
    Unsent("resume", "nothing is decided by it; the next node is told"),
    Unsent("reconsider", "nobody told the customer of the proposal", cases=frozenset({"in_review"})),
    Unsent("fulfil", "feedback tells the outcome of a complaint", frozenset({Kind.COMPLAINT})),
)


def shown() -> Iterator[Node]:
    for kind, table in TABLES.items():
        for row in table.transitions:
            if f"ticket.{row.action}" in sections()["events"]:
                cases = WaitingFor if row.action == "wait" else row.sources
                yield from (Node(kind, row.action, case) for case in cases)


def is_told(node: Node) -> bool:
    payload = {"waiting_for" if node.action == "wait" else "from": node.case}
    rules = delivered().about(f"ticket.{node.action}")
    return any(rule.to == "customer" and rule.fits(node.kind, payload) for rule in rules)


def test_whatever_the_page_shows_is_told_or_has_a_reason_not_to_be() -> None:
    nodes = list(shown())
    assert len(nodes) > 80
    silent = {node for node in nodes if not is_told(node)}
    excused = {node for node in nodes if any(one.covers(node) for one in UNSENT)}
    assert (silent - excused, excused - silent) == (set(), set()), "not told without a reason; told in spite of one"
    assert [one.action for one in UNSENT if not any(one.covers(node) for node in silent)] == []


def test_the_wait_that_the_clocks_tell_is_told() -> None:
    (rule,) = delivered().about("sla.date_slipped")
    assert rule.to == "customer" and rule.essential
    assert set(delivered().causes) >= TOLD_BY_ANOTHER


def test_every_event_of_the_page_is_one_of_the_tables() -> None:
    """``created`` is the begin of a ticket, before any table."""
    actions = {f"ticket.{action}" for table in TABLES.values() for action in table.actions}
    assert sections()["events"].keys() - actions == {"ticket.created"}
    assert any(rule.to == "customer" for rule in delivered().about("ticket.created"))
