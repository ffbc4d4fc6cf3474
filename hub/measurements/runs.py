"""What other domains ask about runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.core.ids import public_id
from hub.measurements.models import Record, Run, Step

RUN_PREFIX = "R"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One finished run, as far as a decision needs it. ``started_at`` is by the bench's own clock."""

    id: str
    bench: str
    model: str | None
    plan: str | None
    plan_version: int | None
    plan_sha256: str | None
    started_at: datetime | None
    outcome: str
    clock_offset_s: float | None = None
    """The bench's clock minus UTC, as far as the bench knew it."""

    @property
    def started_utc(self) -> datetime | None:
        """When it began, corrected by what is known of the bench's clock."""
        if self.started_at is None or self.clock_offset_s is None:
            return self.started_at
        return self.started_at - timedelta(seconds=self.clock_offset_s)


def finished_runs(session: Session, ticket: str, bench: str | None, serial: str, limit: int = 20) -> Sequence[RunFacts]:
    """Return the finished runs on a ticket's own device at its own bench, the newest first."""
    offset = (
        select(Record.clock_offset_s)
        .join(Step, (Step.spool_id == Record.spool_id) & (Step.seq == Record.seq))
        .where(Step.run_id == Run.id)
        .order_by(Step.id)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(Run, offset)
        .where(Run.ticket == ticket, Run.bench == bench, Run.serial == serial, Run.outcome.is_not(None))
        .order_by(Run.id.desc())
        .limit(limit)
    )
    return [_facts(run, offset_s) for run, offset_s in session.execute(statement)]


def _facts(run: Run, offset_s: float | None) -> RunFacts:
    assert run.outcome is not None  # noqa: S101 - the query's condition
    return RunFacts(
        id=public_id(RUN_PREFIX, run.id),
        bench=run.bench,
        model=run.model,
        plan=run.plan,
        plan_version=run.plan_version,
        plan_sha256=run.plan_sha256,
        started_at=run.started_at,
        outcome=run.outcome,
        clock_offset_s=offset_s,
    )
