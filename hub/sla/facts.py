"""What a clock looks at: the things that happened to a ticket, and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.sla.documents import WaitingFor


class What(StrEnum):
    """What happened."""

    CREATED = "created"
    RESPONDED = "responded"
    """Somebody who can help spoke to the customer for the first time."""
    ANSWERED = "answered"
    """The customer's question or feedback was answered."""
    FEEDBACK = "feedback"
    """The customer came back to it after an answer; that is to be answered in time again (T7)."""
    PRIORITY_CHANGED = "priority_changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CANCELLED = "cancelled"
    MAJOR_DECLARED = "major_declared"
    TEAM_FORMED = "team_formed"
    UPDATE_GIVEN = "update_given"
    MAJOR_ENDED = "major_ended"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, at an aware moment.

    ``priority`` belongs to ``CREATED`` and ``PRIORITY_CHANGED``, ``waiting_for`` to ``PAUSED``.
    """

    what: What
    at: datetime
    priority: int | None = None
    waiting_for: WaitingFor | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise FactsError(f"{self.what} at {self.at} has no time zone")
        if (self.priority is not None) is not (self.what in {What.CREATED, What.PRIORITY_CHANGED}):
            raise FactsError(f"{self.what} at {self.at}: the priority belongs to created and priority_changed alone")
        if (self.waiting_for is not None) is not (self.what is What.PAUSED):
            raise FactsError(f"{self.what} at {self.at}: what it waits for belongs to paused alone")


class FactsError(ValueError):
    """Facts that are no ticket's history."""
