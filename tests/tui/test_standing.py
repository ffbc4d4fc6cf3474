"""How a ticket stands as far as its bench knows, and what is said of an entry before the hub refuses it."""

from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.local_api.views import RunSummary, TicketEventView, TicketView
from hub.tickets import states
from protocols.messages.control import WorkItem
from protocols.messages.dossiers import Dossier
from protocols.messages.records import TICKET_ACTIONS, Device, Outcome, PlanReference
from tui import i18n
from tui.standing import TABLES, hand_over_of, handed_over, is_untaken, is_untested, objection, standings, whereabouts

AT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
DEVICE = Device("SP-100", "1")


def ticket(state, *events, kind="repair", approval="in_advance"):
    told = tuple(TicketEventView(number, AT + timedelta(minutes=number), *one) for number, one in enumerate(events))
    return TicketView(WorkItem("T-1", DEVICE, "dark", state), told, Dossier(kind=kind, approval=approval))


def run_of(outcome, minutes=0.5):
    began = AT + timedelta(minutes=minutes)
    return RunSummary("r1", "finished", PlanReference("rails", 1, "0" * 64), DEVICE, began, outcome=outcome)


def received(*actions):
    return tuple((action, "received") for action in actions)


def waiting(*actions):
    return tuple((action, "waiting") for action in actions)


def test_the_bench_knows_the_hubs_tables_as_far_as_it_acts_by_them():
    at_benches = {kind.value: table for kind, table in states.TABLES.items() if "assign" in table.actions}
    assert TABLES.keys() == at_benches.keys()
    for kind, table in at_benches.items():
        rows = {
            (state.value, one.action): (one.target or state).value
            for one in table.transitions
            if one.action in TICKET_ACTIONS and one.action != "note"
            for state in one.sources
        }
        known = {(state, action): row.to or state for action, row in TABLES[kind].items() for state in row.of}
        assert known == rows, kind


@pytest.mark.parametrize(
    ("state", "events", "stands"),
    [
        ("assigned", (), ("assigned",)),
        ("assigned", waiting("taken", "wait"), ("waiting",)),
        ("assigned", (("taken", "refused"),), ("assigned",)),
        ("assigned", received("taken"), ("in_progress", "assigned")),
        ("assigned", received("taken", "repaired", "handed_over"), ("handed_over", "assigned")),
        ("in_progress", received("taken"), ("in_progress",)),
        ("in_progress", received("taken", "repaired", "rework"), ("in_progress",)),
        ("in_progress", received("taken", "propose_plan"), ("in_progress", "awaiting_approval")),
        ("in_progress", (*received("taken"), *waiting("note", "repaired")), ("repaired",)),
        ("repaired", waiting("finding", "handed_over"), ("handed_over",)),
    ],
)
def test_a_ticket_stands_where_the_hub_says_and_where_what_was_done_leads(state, events, stands):
    assert standings(ticket(state, *events)) == stands


@pytest.mark.parametrize(
    ("view", "action", "words"),
    [
        (ticket("assigned"), "finding", "Nobody has taken this ticket"),
        (ticket("assigned"), "handed_over", "Nobody has taken this ticket"),
        (ticket("assigned", *waiting("taken")), "finding", ""),
        (
            ticket("in_progress", *received("taken")),
            "handed_over",
            "in progress: the hub will refuse this (Hand over)",
        ),
        (ticket("in_progress"), "taken", "The ticket is in progress"),
        (ticket("repaired"), "finding", "Possible now: Rework, Hand over, Root cause, Note."),
        (ticket("in_progress", *waiting("repaired")), "wait", "The ticket is repaired"),
        (ticket("repaired", *received("repaired")), "handed_over", ""),
        (ticket("waiting"), "repaired", "The ticket is waiting"),
        (ticket("in_progress", approval=None), "repaired", "no consent to the repair"),
        (ticket("in_progress", approval="proposed"), "repaired", "no consent to the repair"),
        (ticket("in_progress", approval="approved"), "repaired", ""),
        (ticket("in_progress", kind="upgrade"), "repaired", "Possible now: Hold, Finding, Upgraded, Note."),
        (ticket("in_progress", kind="upgrade", approval=None), "upgraded", ""),
        (ticket("upgraded", kind=""), "handed_over", ""),
        (ticket("in_progress", kind="of a later hub"), "handed_over", ""),
        (ticket("assigned"), "note", ""),
        (handed_over(ticket("repaired", *received("handed_over"))), "handed_over", "The ticket is handed over"),
        (handed_over(ticket("repaired", *received("handed_over"))), "name_cause", ""),
    ],
)
def test_what_the_hub_will_refuse_is_said_before(view, action, words):
    said = objection(view, action)
    assert (words in said) if words else not said, said
    i18n.use("zh-CN")
    in_chinese = objection(view, action)
    assert bool(in_chinese) is bool(said)
    assert "hub" not in in_chinese


@pytest.mark.parametrize(
    ("state", "events", "untaken"),
    [
        ("assigned", (), True),
        ("in_progress", (), False),
        ("assigned", waiting("taken"), False),
        ("assigned", (("taken", "refused"),), True),
        ("assigned", received("taken", "handed_over"), True),
        ("assigned", (("taken", "received"), ("handed_over", "refused")), False),
        ("assigned", (*received("taken", "give_back"), *waiting("taken")), False),
        ("assigned", waiting("taken", "repaired", "handed_over"), False),
    ],
)
def test_a_ticket_is_to_be_taken_while_nobody_works_on_it(state, events, untaken):
    assert is_untaken(ticket(state, *events)) is untaken


@pytest.mark.parametrize(
    ("tests", "events", "untested"),
    [
        ((), (), True),
        ((run_of(Outcome.FAILED),), (), True),
        ((run_of(Outcome.PASSED),), (), False),
        ((run_of(Outcome.FAILED), run_of(Outcome.PASSED, 2)), (), False),
        ((run_of(Outcome.FAILED, 2), run_of(Outcome.PASSED)), (), True),
        ((run_of(None),), (), True),
        ((run_of(Outcome.PASSED),), (*received("taken"), *waiting("repaired")), True),
        ((run_of(Outcome.PASSED, 2),), (*received("taken"), *waiting("repaired")), False),
        ((run_of(Outcome.PASSED),), (("taken", "received"), ("repaired", "refused")), False),
    ],
)
def test_a_hand_over_is_warned_of_without_a_test_since_the_repair(tests, events, untested):
    view = ticket("repaired", *events)
    assert is_untested(view, tests) is untested
    assert bool(objection(view, "handed_over", tests)) is untested
    assert not objection(view, "handed_over", None), "nothing is known of its tests"


def test_a_ticket_is_here_or_handed_over_or_gone():
    left = ticket("repaired", *waiting("handed_over"))
    assert whereabouts(ticket("assigned", *waiting("taken")), None) == "here"
    assert hand_over_of(left) is not None
    found = [whereabouts(*one) for one in ((ticket("repaired"), None), (left, None), (None, left), (None, None))]
    assert found == ["done", "handed_over", "handed_over", "gone"]
