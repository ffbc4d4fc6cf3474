"""All SQL that asks for measured data."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from hub.core.labels import serial_kept
from hub.core.paging import after_cursor
from hub.core.spellings import is_spelt, spellings_in
from hub.core.sql import not_by_index
from hub.dispatch.places import in_stores_of
from hub.identity.actors import Actor
from hub.measurements import visibility
from hub.measurements.models import Capture, DeadLetter, Measurement, Record, RefusedRecord, Run, Spool, Step

FEW_RUNS = 1000
"""Of so many runs at most, what was measured is found run by run and sorted; of more, by going back from the newest."""


@dataclass(frozen=True, slots=True)
class DataFilter:
    """What to look for; absent members do not restrict. ``since`` is inclusive, ``until`` exclusive."""

    serial: str | None = None
    model: str | None = None
    ticket: str | None = None
    bench: str | None = None
    plan: str | None = None
    run_id: int | None = None
    step: str | None = None
    name: str | None = None
    outcome: str | None = None
    verdict: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def runs(session: Session, actor: Actor, wanted: DataFilter, cursor: str | None, limit: int) -> Sequence[Run]:
    """Return runs, the newest first, one more than ``limit`` when there are more."""
    statement = _of_runs(session, select(Run), actor, wanted, listed=True)
    statement = _where(statement, {Run.outcome: wanted.outcome})
    statement = _between(statement, Run.started_at, wanted)
    return session.scalars(after_cursor(statement, [Run.id], [int], cursor, limit)).all()


def run(session: Session, actor: Actor, run_id: int) -> Run | None:
    """Return one run that ``actor`` may see."""
    found: Run | None = session.scalar(_seen_by(select(Run).where(Run.id == run_id), actor))
    return found


def runs_of_ticket(session: Session, ticket: str, limit: int) -> Sequence[Run]:
    """Return the newest runs that name a ticket."""
    return session.scalars(select(Run).where(Run.ticket == ticket).order_by(Run.id.desc()).limit(limit)).all()


def steps(session: Session, actor: Actor, wanted: DataFilter, cursor: str | None, limit: int) -> Sequence[Step]:
    """Return steps, the newest first, one more than ``limit`` when there are more."""
    statement = _of_runs(session, select(Step).join(Run, Run.id == Step.run_id), actor, wanted)
    statement = _where(statement, {Step.step: wanted.step, Step.outcome: wanted.outcome})
    statement = _between(statement, Step.at, wanted)
    return session.scalars(after_cursor(statement, [Step.id], [int], cursor, limit)).all()


def measurements(
    session: Session, actor: Actor, wanted: DataFilter, cursor: str | None, limit: int
) -> Sequence[tuple[Measurement, Run]]:
    """Return measurements with their runs, the newest first, one more than ``limit`` when there are more."""
    statement: Select[*tuple[Any, ...]] = _of_runs(
        session, select(Measurement, Run).join(Run, Run.id == Measurement.run_id), actor, wanted
    )
    statement = _where(
        statement,
        {Measurement.step: wanted.step, Measurement.name: wanted.name, Measurement.verdict: wanted.verdict},
    )
    statement = _between(statement, Measurement.at, wanted)
    statement = after_cursor(statement, [Measurement.id], [int], cursor, limit)
    return [(row[0], row[1]) for row in session.execute(statement)]


def readings(
    session: Session, actor: Actor, wanted: DataFilter, names: Sequence[str], limit: int
) -> Sequence[tuple[Measurement, Run]]:
    """Return the newest ``limit`` numbers measured under some names (any if empty), with their runs, newest first."""
    statement: Select[*tuple[Any, ...]] = _of_runs(
        session, select(Measurement, Run).join(Run, Run.id == Measurement.run_id), actor, wanted
    )
    statement = statement.where(Measurement.number.is_not(None))
    if names:
        statement = statement.where(Measurement.name.in_(names))
    statement = _between(statement, Measurement.at, wanted).order_by(Measurement.id.desc()).limit(limit)
    return [(row[0], row[1]) for row in session.execute(statement)]


def steps_of_runs(session: Session, run_ids: Collection[int]) -> Sequence[Step]:
    """Return all steps of some runs in the order of their bench."""
    return session.scalars(
        select(Step).where(Step.run_id.in_(run_ids)).order_by(Step.run_id, Step.spool_id, Step.seq)
    ).all()


def measurements_of_runs(session: Session, run_ids: Collection[int]) -> Sequence[Measurement]:
    """Return all measurements of some runs in the order of their bench."""
    statement = select(Measurement).where(Measurement.run_id.in_(run_ids))
    return session.scalars(statement.order_by(Measurement.spool_id, Measurement.seq, Measurement.id)).all()


def captures_of_runs(session: Session, run_ids: Collection[int]) -> Sequence[Capture]:
    """Return all captures of some runs in the order of their bench."""
    statement = select(Capture).where(Capture.run_id.in_(run_ids))
    return session.scalars(statement.order_by(Capture.spool_id, Capture.seq)).all()


def captures_by_hash(session: Session, actor: Actor, sha256: str, limit: int) -> Sequence[Capture]:
    """Return the newest records of a capture file in runs that ``actor`` may see."""
    statement = select(Capture).join(Run, Run.id == Capture.run_id).where(Capture.sha256 == sha256)
    return session.scalars(_seen_by(statement, actor).order_by(Capture.id.desc()).limit(limit)).all()


def spools(session: Session, bench: str, limit: int = 50) -> Sequence[Spool]:
    """Return a bench's spools, the newest first."""
    return session.scalars(select(Spool).where(Spool.bench == bench).order_by(Spool.id.desc()).limit(limit)).all()


def number_ranges(
    session: Session, model: type[Record] | type[RefusedRecord], spool_ids: Collection[int]
) -> dict[int, tuple[int, int, int]]:
    """Return count, lowest and highest number of the committed or refused records of some spools."""
    statement = select(model.spool_id, func.count(), func.min(model.seq), func.max(model.seq))
    statement = statement.where(model.spool_id.in_(spool_ids)).group_by(model.spool_id)
    return {row[0]: (row[1], row[2], row[3]) for row in session.execute(statement)}


def refused_records(
    session: Session, actor: Actor, bench: str | None, cursor: str | None, limit: int
) -> Sequence[tuple[RefusedRecord, Spool]]:
    """Return refused records of one bench or of all that ``actor`` sees, the newest spool first.

    One more than ``limit`` at most.
    """
    statement = select(RefusedRecord, Spool).join(Spool, Spool.id == RefusedRecord.spool_id)
    if bench is not None:
        statement = statement.where(Spool.bench == bench)
    within = in_stores_of(actor, Spool.bench)
    if within is not None:
        statement = statement.where(within)
    key = [RefusedRecord.spool_id, RefusedRecord.seq]
    return [(row[0], row[1]) for row in session.execute(after_cursor(statement, key, [int, int], cursor, limit))]


def dead_letters(session: Session, cursor: str | None, limit: int) -> Sequence[DeadLetter]:
    """Return dead letters, the newest first, one more than ``limit`` when there are more."""
    return session.scalars(after_cursor(select(DeadLetter), [DeadLetter.id], [int], cursor, limit)).all()


def _seen_by(statement: Select[*tuple[Any, ...]], actor: Actor) -> Select[*tuple[Any, ...]]:
    within = visibility.of_runs(actor)
    return statement if within is None else statement.where(within)


def _of_runs(
    session: Session, statement: Select[*tuple[Any, ...]], actor: Actor, wanted: DataFilter, *, listed: bool = False
) -> Select[*tuple[Any, ...]]:
    statement = _seen_by(statement, actor)
    if wanted.model is not None:
        statement = statement.where(
            _is_of_model(session, wanted.model, in_order=listed and not _has_another_key(wanted))
        )
    return _where(
        statement,
        {
            Run.id: wanted.run_id,
            Run.serial: wanted.serial and serial_kept(wanted.serial),
            Run.ticket: wanted.ticket,
            Run.bench: wanted.bench,
            Run.plan: wanted.plan,
        },
    )


def _has_another_key(wanted: DataFilter) -> bool:
    return any(one is not None for one in (wanted.run_id, wanted.serial, wanted.ticket, wanted.bench))


def _is_of_model(session: Session, asked: str, *, in_order: bool) -> ColumnElement[bool]:
    """Return the condition that a run is of a model, in whatever spelling its bench sent it.

    The index has the runs of one spelling in the order of a list, so that one ``in_order`` is read from it. By the
    index all else that was measured of the model would be sorted for one page; that is kept from it where there is
    much. What has another key besides, a serial number, is found by that.
    """
    found = spellings_in(session, Run.model, asked)
    if in_order and len(found) == 1:
        return is_spelt(Run.model, found)
    some = select(Run.id).where(is_spelt(Run.model, found)).limit(FEW_RUNS + 1).subquery()
    few = (session.scalar(select(func.count()).select_from(some)) or 0) <= FEW_RUNS
    return is_spelt(Run.model if few else not_by_index(Run.model), found)


def _where(statement: Select[*tuple[Any, ...]], equals: dict[Any, Any]) -> Select[*tuple[Any, ...]]:
    for column, value in equals.items():
        if value is not None:
            statement = statement.where(column == value)
    return statement


def _between(statement: Select[*tuple[Any, ...]], column: Any, wanted: DataFilter) -> Select[*tuple[Any, ...]]:
    if wanted.since is not None:
        statement = statement.where(column >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(column < wanted.until)
    return statement
