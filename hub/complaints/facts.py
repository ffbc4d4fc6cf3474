"""What the guards of a complaint look at besides the facts of every ticket."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ComplaintFacts:
    """How far a complaint is. Persons are known as ``Actor.person``."""

    classified: bool = False
    facts_recorded: bool = False
    """Whether a finding of the present round is there."""
    cause_named: bool = False
    """Whether the present round's investigation is concluded by a cause."""
    compensation: bool = False
    requested_by: str | None = None
    granted_by: str | None = None
