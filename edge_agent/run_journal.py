"""The journal of a run on this bench: the spool, and what has to happen with what is written into it."""

import threading
from collections.abc import Callable, Sequence

from edge_agent.spool import Spool
from protocols.messages.records import Body, Record, RunFinished


class RunSuspended(Exception):
    """The agent stops: the run is left in the journal as it is and can be resumed."""


class RunJournal:
    """The runner's journal: the spool, with an ear on it and a gate that a stopping agent shuts.

    ``before_end`` is called before a run's last record, with which the spool begins to let the run go.
    """

    def __init__(
        self, spool: Spool, on_body: Callable[[Body], None], before_end: Callable[[RunFinished], None]
    ) -> None:
        self._spool = spool
        self._on_body = on_body
        self._before_end = before_end
        self._suspended = threading.Event()

    def suspend(self) -> None:
        """Take nothing more."""
        self._suspended.set()

    def append(self, body: Body, /) -> int:
        """Write a record; raises ``RunSuspended`` once the agent stops, and ``SpoolError``."""
        if self._suspended.is_set():
            raise RunSuspended("the agent was stopped during the run; it can be resumed")
        if isinstance(body, RunFinished):
            self._before_end(body)
        seq = self._spool.append(body)
        self._on_body(body)
        return seq

    def run_records(self, run: str, /) -> Sequence[Record]:
        """Return every record of an unfinished run."""
        return self._spool.run_records(run)
