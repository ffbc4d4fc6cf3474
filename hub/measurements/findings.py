"""What other domains ask about what the runs of a ticket found."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub.measurements.models import Measurement, Run


def failing_measurements(session: Session, ticket: str) -> tuple[str, ...]:
    """Return the names of what failed in the newest finished run of a ticket, in the order in which it was measured."""
    newest = _finished([ticket]).order_by(Run.id.desc()).limit(1).subquery()
    statement = (
        select(Measurement.name, Measurement.verdict)
        .join(newest, newest.c.id == Measurement.run_id)
        .where(Measurement.verdict != "none")
        .order_by(Measurement.id)
    )
    last = {row[0]: row[1] for row in session.execute(statement)}
    return tuple(name for name, verdict in last.items() if verdict == "fail")


def measured_text(session: Session, ticket: str, name: str) -> str | None:
    """Return the newest text that was measured under a name for a ticket, e.g. its firmware's version."""
    return session.scalar(
        select(Measurement.text)
        .join(Run, Run.id == Measurement.run_id)
        .where(Run.ticket == ticket, Measurement.name == name, Measurement.text.is_not(None))
        .order_by(Measurement.id.desc())
        .limit(1)
    )


def mended_measurements(session: Session, tickets: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return for each ticket whose newest finished run passed what failed in an earlier one and passes now.

    Tickets of which nothing was mended are left out. Two statements.
    """
    by_ticket: dict[str, list[tuple[int, str]]] = {}
    for run_id, ticket, outcome in session.execute(_finished(tickets).order_by(Run.id)):
        by_ticket.setdefault(ticket, []).append((run_id, outcome))
    passing = {ticket: found for ticket, found in by_ticket.items() if len(found) > 1 and found[-1][1] == "passed"}
    wanted = [run_id for found in passing.values() for run_id, _ in found]
    statement = (
        select(Measurement.run_id, Measurement.name, Measurement.verdict)
        .where(Measurement.run_id.in_(wanted), Measurement.verdict.in_(("pass", "fail")))
        .order_by(Measurement.id)
    )
    verdicts: dict[int, dict[str, str]] = {}
    for run_id, name, verdict in session.execute(statement):
        verdicts.setdefault(run_id, {})[name] = verdict
    mended: dict[str, tuple[str, ...]] = {}
    for ticket, found in passing.items():
        now = verdicts.get(found[-1][0], {})
        failed = [
            name
            for run_id, _ in found[:-1]
            for name, verdict in verdicts.get(run_id, {}).items()
            if verdict == "fail" and now.get(name) == "pass"
        ]
        if failed:
            mended[ticket] = tuple(dict.fromkeys(failed))
    return mended


def _finished(tickets: Collection[str]) -> Select[*tuple[Any, ...]]:
    return select(Run.id, Run.ticket, Run.outcome).where(Run.ticket.in_(tickets), Run.outcome.is_not(None))
