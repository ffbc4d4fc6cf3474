"""Which of many readings a customer wants to see: those with limits, failed ones first, before and after the repair."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.core.i18n import Language
from hub.measurements import queries
from hub.measurements.models import Measurement, Run, Step
from protocols.quantity import format_value

MAX_ROWS = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """One value with its verdict; ``text`` is ``None`` where the instrument gave no answer."""

    text: str | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that was measured, before and after."""

    title: str
    limits: str
    before: Shown | None
    after: Shown | None


def essentials(
    session: Session, ticket: str, serial: str, worked_at: datetime | None, language: Language
) -> list[Reading]:
    """Return the readings that matter of a ticket's device: of the run that found the fault, and of the newest since.

    ``worked_at`` is when the newest work was done; ``None``: not yet, so that no run is one after the repair.
    """
    mine = select(Run).where(Run.ticket == ticket, Run.serial == serial, Run.outcome.is_not(None))
    earlier = mine if worked_at is None else mine.where(Run.started_at <= worked_at)
    failed_first = (Run.outcome == "passed", Run.id.desc())
    first = session.scalar(earlier.order_by(*failed_first).limit(1))
    later = None if worked_at is None else mine.where(Run.started_at > worked_at)
    newest = None if later is None else session.scalar(later.order_by(Run.id.desc()).limit(1))
    ids = [run.id for run in (first, newest) if run is not None]
    if not ids:
        return []
    titles = {(step.run_id, step.step): step for step in queries.steps_of_runs(session, ids)}
    by_name: dict[tuple[str, str], dict[int, Measurement]] = {}
    for one in queries.measurements_of_runs(session, ids):
        if one.low is not None or one.high is not None or one.expected is not None:
            by_name.setdefault((one.step, one.name), {})[one.run_id] = one  # the last attempt counts
    of_step = Counter(step for step, _ in by_name)
    rows = [
        _reading(key[1] if of_step[key[0]] > 1 else "", found, titles, first=first, newest=newest, language=language)
        for key, found in by_name.items()
    ]
    rows.sort(key=lambda row: not any(one is not None and one.verdict == "fail" for one in (row.before, row.after)))
    return rows[:MAX_ROWS]


def _reading(
    name: str,
    found: dict[int, Measurement],
    titles: dict[tuple[int, str], Step],
    *,
    first: Run | None,
    newest: Run | None,
    language: Language,
) -> Reading:
    any_one = next(iter(found.values()))
    step = titles.get((any_one.run_id, any_one.step))
    title = (step.title.get(language) or step.title.get("en") if step else None) or any_one.step
    if name:
        title = f"{title} ({name})"
    before = found.get(first.id) if first else None
    after = found.get(newest.id) if newest else None
    return Reading(str(title), _limits(any_one), _shown(before), _shown(after))


def _shown(one: Measurement | None) -> Shown | None:
    if one is None:
        return None
    if one.number is not None:
        return Shown(format_value(one.number, one.unit, 4), one.verdict)
    if one.truth is not None:
        return Shown("✓" if one.truth else "✗", one.verdict)
    return Shown(one.text, one.verdict)


def _limits(one: Measurement) -> str:
    low = None if one.low is None else format_value(one.low, one.unit, 4)
    high = None if one.high is None else format_value(one.high, one.unit, 4)
    if low is not None and high is not None:
        return f"{low} … {high}"
    if low is not None:
        return f"≥ {low}"
    return f"≤ {high}" if high is not None else (one.expected or "")
