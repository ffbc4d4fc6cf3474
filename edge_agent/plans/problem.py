"""What a check finds wrong with a plan."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where in the file, and one sentence with the remedy."""

    path: tuple[str | int, ...]
    words: str
