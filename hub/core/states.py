"""State machines as tables that a person can read.

A domain writes one tuple of ``Transition`` per kind of record. Everything else derives from it: what ``apply``
allows, the actions that the API offers a caller, and the diagram in the documentation.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from hub.core.i18n import Words, coded, listed
from hub.identity.permissions import Permission

S = TypeVar("S", bound=StrEnum)
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Transition(Generic[S, F]):
    """One row: in any of ``sources``, ``action`` leads to ``target`` (``None``: the state stays).

    ``permission`` is what the actor needs; each guard looks at the facts and returns why not, or ``None``. ``writes``
    are the record's fields that the action may change.
    """

    sources: frozenset[S]
    action: str
    target: S | None
    permission: Permission
    title: Words
    guards: tuple[Callable[[F], Words | None], ...] = ()
    writes: frozenset[str] = frozenset()


class TransitionTable(Generic[S, F]):
    """The transitions of one kind of record, by state and action; ``states`` is what its states are called."""

    def __init__(self, initial: S, transitions: Iterable[Transition[S, F]], states: Mapping[S, Words]) -> None:
        self.initial = initial
        self.transitions = tuple(transitions)
        self._states = states
        self._rows: dict[tuple[S, str], Transition[S, F]] = {}
        for row in self.transitions:
            for source in row.sources:
                if (source, row.action) in self._rows:
                    raise ValueError(f"two transitions for {row.action!r} in state {source!r}")
                self._rows[source, row.action] = row
        self._titles = {row.action: row.title for row in self.transitions}

    @property
    def actions(self) -> frozenset[str]:
        """Every action of the table."""
        return frozenset(row.action for row in self.transitions)

    def find(self, state: S, action: str) -> Transition[S, F] | None:
        """Return the row for ``action`` in ``state``, or ``None`` where the table has none."""
        return self._rows.get((state, action))

    def state_words(self, state: S) -> Words:
        """Return what a sentence calls a state."""
        return coded(state.value, self._states[state])

    def action_words(self, action: str) -> Words:
        """Return what a sentence calls an action, one that the table does not have, too."""
        return coded(action, self._titles.get(action))

    def refusal(self, state: S, action: str) -> dict[str, Any]:
        """Return what a refusal says of an action that is not possible in ``state``: both, and what would be."""
        possible = listed(coded(row.action, row.title) for row in self.offered(state))
        return {"state": self.state_words(state), "action": self.action_words(action), "possible": possible}

    def offered(self, state: S) -> tuple[Transition[S, F], ...]:
        """Return the rows that lead out of ``state``, in the order of the table."""
        return tuple(row for row in self.transitions if state in row.sources)
