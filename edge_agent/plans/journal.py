"""Where a run writes down what happened: ``edge_agent.spool.Spool`` is one."""

from collections.abc import Sequence
from typing import Protocol

from protocols.messages.records import Body, Record


class Journal(Protocol):
    """Durable records of runs."""

    def append(self, body: Body, /) -> int:
        """Return the record's number once it would survive a power cut."""
        ...

    def run_records(self, run: str, /) -> Sequence[Record]:
        """Return every record of an unfinished run, in order; none for one that is finished or unknown."""
        ...
