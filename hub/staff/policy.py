"""Pure decisions on staff: which training is due (H2), and what a quarter's assessment comes to (H3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

INDUCTION_WITHIN = timedelta(days=30)
"""A new person's induction takes one month."""
WEIGHTS = {"theory": 30, "practice": 40, "customer_rating": 30}
"""Percent that each part of an assessment counts."""


class Kind(StrEnum):
    """Kinds of training."""

    INDUCTION = "induction"
    QUARTERLY = "quarterly"
    SPECIAL = "special"


class Method(StrEnum):
    """How it is taught."""

    CLASSROOM = "classroom"
    ONLINE = "online"
    PRACTICE = "practice"
    MENTORING = "mentoring"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson as the decision sees it; ``passed`` is ``None`` until it was held."""

    kind: Kind
    planned_on: date
    held_on: date | None
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Due:
    """Training that a person lacks. ``planned_on`` is the earliest lesson that is planned for it."""

    kind: Kind
    due_on: date
    overdue: bool
    planned_on: date | None


def quarter(day: date) -> str:
    """Return a day's quarter, e.g. ``2026-Q4``."""
    return f"{day.year}-Q{(day.month - 1) // 3 + 1}"


def quarter_span(name: str) -> tuple[date, date]:
    """Return the first and the last day of a quarter."""
    year, number = int(name[:4]), int(name[6])
    first = date(year, 3 * number - 2, 1)
    following = date(year + 1, 1, 1) if number == 4 else date(year, 3 * number + 1, 1)
    return first, following - timedelta(days=1)


def due_training(joined_on: date, lessons: Iterable[Lesson], today: date) -> list[Due]:
    """Return what a person lacks: the induction within a month of joining, then one passed lesson a quarter."""
    taken = list(lessons)
    found = []
    last = joined_on + INDUCTION_WITHIN
    if not any(one.kind is Kind.INDUCTION and one.passed for one in taken):
        found.append(Due(Kind.INDUCTION, last, today > last, _planned(taken, Kind.INDUCTION)))
    first, end = quarter_span(quarter(today))
    inducted_now = joined_on >= first  # whoever joined in this quarter has the induction instead
    passed = any(
        one.kind is Kind.QUARTERLY and one.passed and one.held_on is not None and first <= one.held_on <= end
        for one in taken
    )
    if not passed and not inducted_now:
        found.append(Due(Kind.QUARTERLY, end, False, _planned(taken, Kind.QUARTERLY)))
    return found


def total(theory: int, practice: int, customer_rating: int) -> float:
    """Return an assessment's total of 100."""
    parts = {"theory": theory, "practice": practice, "customer_rating": customer_rating}
    return sum(parts[name] * weight for name, weight in WEIGHTS.items()) / 100


def _planned(lessons: Iterable[Lesson], kind: Kind) -> date | None:
    return min((one.planned_on for one in lessons if one.kind is kind and one.held_on is None), default=None)
