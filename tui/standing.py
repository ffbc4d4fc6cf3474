"""How a ticket stands as far as this bench knows, and which entries the hub will refuse then: pure functions.

The hub decides. What it will refuse is said before it is recorded, from its last word, what was done here since, and
the part of its transition tables that benches can see; a test holds the copy against the tables.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from edge_agent.local_api.views import RunSummary, TicketEventView, TicketView
from protocols.messages.records import Outcome, hand_over_in
from tui.i18n import _
from tui.words import ENTRIES, STATES, called


class Row(NamedTuple):
    """In any of the states ``of``, the action leads to ``to`` (empty: the state stays)."""

    of: frozenset[str]
    to: str = ""


Table = Mapping[str, Row]
Whereabouts = Literal["here", "done", "handed_over", "gone"]


def _row(of: str, to: str = "") -> Row:
    return Row(frozenset(of.split()), to)


_AT_ANY_BENCH = {
    "taken": _row("assigned", "in_progress"),
    "finding": _row("in_progress"),
    "wait": _row("in_progress", "waiting"),
    "resume": _row("waiting", "in_progress"),
}
TABLES: Mapping[str, Table] = {
    "repair": {
        **_AT_ANY_BENCH,
        "propose_plan": _row("in_progress awaiting_approval declined", "awaiting_approval"),
        "name_cause": _row("in_progress declined repaired handed_over"),
        "repaired": _row("in_progress", "repaired"),
        "rework": _row("repaired", "in_progress"),
        "give_back": _row("declined", "handed_over"),
        "handed_over": _row("repaired", "handed_over"),
    },
    "upgrade": {
        **_AT_ANY_BENCH,
        "upgraded": _row("in_progress", "upgraded"),
        "rework": _row("upgraded", "in_progress"),
        "handed_over": _row("upgraded", "handed_over"),
    },
    "inspection": {
        **_AT_ANY_BENCH,
        "inspected": _row("in_progress", "inspected"),
        "recheck": _row("inspected", "in_progress"),
    },
}
"""By the ticket's kind; a note can always be added."""
DONE = frozenset({"repaired", "upgraded", "inspected"})
AGREED = frozenset({"approved", "in_advance"})


def standings(view: TicketView) -> tuple[str, ...]:
    """Return the states that the ticket may be in when the hub has all that was done here, the likeliest first.

    They are several for a moment: what the hub has received may or may not be in its last word yet. What was done
    before the ticket came here anew the agent has forgotten.
    """
    told = view.item.state
    done = [one for one in view.events if one.state != "refused"]
    received = [one.action for one in done if one.state == "received"]
    waiting = [one.action for one in done if one.state == "waiting"]
    found = []
    for number in range(len(received) + 1):
        state: str | None = told
        for action in received[len(received) - number :]:
            state = None if state is None else _after(view, state, action)
        if state is None:
            continue
        for action in waiting:
            state = _after(view, state, action) or state
        found.append(state)
    return tuple(dict.fromkeys(reversed(found) if told == "assigned" else found))


def _tables(view: TicketView) -> tuple[Table, ...]:
    """Return the table of the ticket's kind; all of them where the hub has not told the kind."""
    kind = "" if view.dossier is None else view.dossier.kind
    return tuple(table for name, table in TABLES.items() if kind in {"", name})


def _after(view: TicketView, state: str, action: str) -> str | None:
    """Return the state after an action, ``None`` where it is not possible."""
    if action == "note":
        return state
    rows = (table[action] for table in _tables(view) if action in table)
    return next((row.to or state for row in rows if state in row.of), None)


def objection(view: TicketView, action: str, tests: Sequence[RunSummary] | None = None) -> str:
    """Return why the hub will refuse an action on a ticket, as far as is known here; empty if nothing is.

    ``tests`` are the newest test runs of the ticket on this bench, ``None`` if they are not known.
    """
    tables = _tables(view)
    if action == "note" or not tables:
        return ""
    states = standings(view)
    if all(_after(view, state, action) is None for state in states):
        if states[0] == "assigned":
            return _("Nobody has taken this ticket: the hub will refuse this until it is taken.")
        possible = [_(words) for name, words in ENTRIES.items() if _after(view, states[0], name) is not None]
        words = _("The ticket is {state}: the hub will refuse this ({action}). Possible now: {possible}.")
        return words.format(
            state=called(STATES, states[0]), action=called(ENTRIES, action), possible=_(", ").join(possible)
        )
    if action == "repaired" and view.dossier is not None and view.dossier.approval not in AGREED:
        return _("The bench knows of no consent to the repair: until the customer agrees, the hub will refuse this.")
    if action == "handed_over" and tests is not None and is_untested(view, tests):
        return _(
            "No test here has passed since the repair: unless the device was tested elsewhere, or the test is waived, "
            "the hub will refuse this."
        )
    return ""


def handed_over(view: TicketView) -> TicketView:
    """Return a ticket that has left the worklist by a hand-over, whose last word of the hub is of before."""
    return replace(view, item=replace(view.item, state="handed_over"), events=())


def whereabouts(view: TicketView | None, handed_over: TicketView | None) -> Whereabouts:
    """Return where a ticket is that was here, from what the worklist has of it, and what has left it by a hand-over.

    It is ``done`` when its work is, so that more of it begins with a rework.
    """
    if view is None:
        return "gone" if handed_over is None else "handed_over"
    if hand_over_of(view) is not None:
        return "handed_over"
    return "done" if standings(view)[0] in DONE else "here"


def is_untaken(view: TicketView) -> bool:
    """Return whether nobody works on a ticket: neither at the hub, nor here since it last left this bench."""
    return set(standings(view)) == {"assigned"}


def is_waiting(view: TicketView | None) -> bool:
    """Return whether a ticket waits: what was done here last counts before what the hub said."""
    if view is None:
        return False
    done = [one.action for one in _counting(view) if one.action in {"wait", "resume"}]
    return done[-1] == "wait" if done else view.item.state == "waiting"


def is_untested(view: TicketView, tests: Sequence[RunSummary]) -> bool:
    """Return whether the newest of a ticket's test runs is no passed test of the device as it is now."""
    newest = max(tests, key=lambda one: one.started_at, default=None)
    work = (one.at for one in _counting(view) if one.action in {"repaired", "upgraded"})
    return newest is None or newest.outcome is not Outcome.PASSED or any(at > newest.started_at for at in work)


def hand_over_of(view: TicketView) -> TicketEventView | None:
    """Return the event by which the device left the bench, ``None`` when it did not, or was taken again since."""
    return hand_over_in((one.action, one) for one in _counting(view))


def _counting(view: TicketView) -> Iterable[TicketEventView]:
    return (one for one in view.events if one.state != "refused")
