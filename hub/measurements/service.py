"""Puts runs together with what belongs to them, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.orm import Session

from hub.core.problems import Problem, ProblemType
from hub.identity.actors import Actor
from hub.measurements import queries
from hub.measurements.models import Record, RefusedRecord, Run
from hub.measurements.schemas import CaptureOut, MeasurementOut, RunDetail, RunOut, SpoolOut, StepDetail, StepOut

RUN_NOT_FOUND = ProblemType(
    "run-not-found",
    404,
    {"en": "No such run", "zh-CN": "检测记录不存在"},
    {"en": "There is no run {run}.", "zh-CN": "没有检测记录 {run}。"},
)


def run_detail(session: Session, actor: Actor, run_id: int | None, asked: str) -> RunDetail:
    """Return one run with everything in it; raise the run-not-found problem."""
    run = queries.run(session, actor, run_id) if run_id is not None else None
    if run is None:
        raise Problem(RUN_NOT_FOUND, run=asked[:40])
    return run_details(session, [run])[0]


def run_details(session: Session, runs: Sequence[Run]) -> list[RunDetail]:
    """Return runs with their steps, measurements and captures: three queries, however many runs."""
    ids = [run.id for run in runs]
    if not ids:
        return []
    measured: dict[tuple[int, int], list[MeasurementOut]] = defaultdict(list)
    for one in queries.measurements_of_runs(session, ids):
        measured[one.spool_id, one.seq].append(MeasurementOut(**MeasurementOut.fields_of(one)))
    steps: dict[int, list[StepDetail]] = defaultdict(list)
    for step in queries.steps_of_runs(session, ids):
        detail = StepDetail(**StepOut.fields_of(step), measurements=measured[step.spool_id, step.seq])
        steps[step.run_id].append(detail)
    captures: dict[int, list[CaptureOut]] = defaultdict(list)
    for capture in queries.captures_of_runs(session, ids):
        captures[capture.run_id].append(CaptureOut.of(capture))
    return [RunDetail(**RunOut.fields_of(run), steps=steps[run.id], captures=captures[run.id]) for run in runs]


def received_of(session: Session, bench: str) -> list[SpoolOut]:
    """Return what the hub has of each of a bench's spools, the newest first: three queries."""
    spools = queries.spools(session, bench)
    ids = [spool.id for spool in spools]
    committed = queries.number_ranges(session, Record, ids)
    refused = queries.number_ranges(session, RefusedRecord, ids)
    found = []
    for spool in spools:
        parts = [of[spool.id] for of in (committed, refused) if spool.id in of]
        found.append(
            SpoolOut(
                epoch=spool.epoch,
                records=committed[spool.id][0] if spool.id in committed else 0,
                refused=refused[spool.id][0] if spool.id in refused else 0,
                first=min((part[1] for part in parts), default=None),
                last=max((part[2] for part in parts), default=None),
                first_seen_at=spool.first_seen_at,
            )
        )
    return found
