"""A group of batches becomes rows in one transaction, each record once, and the receipts that may go out after it."""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from hub.core.clock import day_or_none, now, rfc3339
from hub.core.labels import serial_kept
from hub.core.problems import Problem
from hub.dispatch import desk
from hub.fleet import service as fleet
from hub.identity.actors import bench_actor
from hub.measurements.ingest import alarms, queries
from hub.measurements.ingest.reading import MAX_REASON, Batch, Refused
from hub.measurements.ingest.rows import Rows
from hub.measurements.models import DeadLetter, Run
from hub.tickets import service as tickets
from protocols.messages import codec, control
from protocols.messages import records as r
from protocols.messages.reasons import reason_of

KEPT_BODY_BYTES = 65_536
MAX_DEAD_LETTERS = 10_000
GAP_WINDOW = 5_000
"""How far back a missing record can be one that is still on its way (the bench's window of unreceipted records)."""
GAP_PATIENCE_S = 10.0


@dataclass(slots=True)
class Patience:
    """How long each ticket event has been waiting for records before it. Lives in one worker's memory."""

    since: dict[tuple[int, int], float] = field(default_factory=dict)

    def is_over(self, spool_id: int, seq: int) -> bool:
        """Whether the wait for what comes before this record has lasted long enough."""
        if len(self.since) > 10_000:
            self.since.clear()
        return time.monotonic() - self.since.setdefault((spool_id, seq), time.monotonic()) > GAP_PATIENCE_S


@dataclass(slots=True)
class _SpoolState:
    """One spool while its records of this group are written."""

    id: int
    bench: str
    committed: set[int]
    refused: dict[int, str]


def store_batches(session: Session, batches: Sequence[Batch], patience: Patience) -> list[control.Receipt]:
    """Write what is new of ``batches`` and return the receipts that may be sent after the commit."""
    at = now()
    connection = session.connection()
    spools = {key: _open_spool(session, key, batches, at) for key in sorted({(b.bench, b.epoch) for b in batches})}
    runs = {bench: _open_runs(session, bench, batches) for bench in sorted({b.bench for b in batches})}
    rows = Rows.gathering(connection, at)
    for batch in batches:
        spool = spools[batch.bench, batch.epoch]
        for refused in batch.refused:
            _refuse(session, spool, refused, at)
        for record in batch.records:
            seq = record.seq
            if seq in spool.committed or seq in spool.refused:
                continue
            body = record.body
            if isinstance(body, r.TicketEvent):
                rows.write_and_clear(connection)
                if not _apply_ticket_event(session, spool, record, body, patience=patience, at=at):
                    continue
            elif isinstance(body, r.InventoryChanged):
                fleet.note_instruments(fleet.register(session, batch.bench), body.instruments)
            elif isinstance(body, r.StepFinished) and alarms.is_alarm(body):
                run = session.get_one(Run, runs[batch.bench][body.run])
                if run.started_at is None and _waits(session, spool, seq, patience):
                    continue  # whose ticket it is about, its run's start says
                alarms.tell(session, run, record, body)
            elif not isinstance(body, r.StepFinished | r.CaptureTaken):
                _update_run(session, runs[batch.bench][body.run], record)
            rows.add(spool.id, record, runs[batch.bench])
            spool.committed.add(seq)
    rows.write_and_clear(connection)
    return _receipts(batches, spools)


def keep_dead_letter(session: Session, topic: str, payload: bytes, reason: str) -> None:
    """Keep a message that cannot be read, cut to a bound."""
    at = now()
    letter = DeadLetter(
        topic=topic[:1000],
        sha256=hashlib.sha256(payload).hexdigest(),
        size=len(payload),
        payload=payload[:KEPT_BODY_BYTES],
        reason=reason[:MAX_REASON],
        times=1,
        first_at=at,
        last_at=at,
    )
    queries.keep_dead_letter(session, letter, MAX_DEAD_LETTERS)


def _open_spool(session: Session, key: tuple[str, str], batches: Sequence[Batch], at: datetime) -> _SpoolState:
    bench, epoch = key
    mine = [b for b in batches if (b.bench, b.epoch) == key]
    numbers = [one.seq for b in mine for part in (b.records, b.refused) for one in part]
    fleet.register(session, bench)
    spool_id = queries.lock_spool(session, bench, epoch, at)
    span = (min(numbers), max(numbers))
    return _SpoolState(
        spool_id,
        bench,
        queries.committed_numbers(session, spool_id, *span),
        queries.refused_numbers(session, spool_id, *span),
    )


def _open_runs(session: Session, bench: str, batches: Sequence[Batch]) -> dict[str, int]:
    keys = {
        record.body.run
        for b in batches
        if b.bench == bench
        for record in b.records
        if not isinstance(record.body, r.TicketEvent | r.InventoryChanged)
    }
    return queries.run_numbers(session, bench, keys) if keys else {}


def _update_run(session: Session, run_id: int, record: r.Record) -> None:
    run = session.get_one(Run, run_id)
    body = record.body
    if isinstance(body, r.RunStarted):
        run.plan, run.plan_version, run.plan_sha256 = body.plan.name, body.plan.version, body.plan.sha256
        run.model, run.serial = body.device.model, serial_kept(body.device.serial)
        run.ticket, run.operator, run.started_at = body.ticket, body.operator, record.at
        run.instruments = run.instruments or _instruments(body.instruments)
    elif isinstance(body, r.RunResumed):
        run.instruments = _instruments(body.instruments) or run.instruments
        run.resumes = [*run.resumes, {"at": rfc3339(record.at), "step": body.step}]
    elif isinstance(body, r.RunFinished):
        run.finished_at, run.outcome = record.at, body.outcome.value
        run.suspects = [msgspec.to_builtins(suspect) for suspect in body.suspects]


def _instruments(found: tuple[r.InstrumentStatus, ...]) -> list[dict[str, str | None]]:
    """Return what is kept of a run's instruments: who they are, and until when their calibration holds."""
    return [
        {
            "role": one.role,
            "profile": one.profile,
            "identity": one.identity,
            "calibrated_on": day_or_none(one.calibrated_on),
            "calibration_due": day_or_none(one.calibration_due),
        }
        for one in found
    ]


def _apply_ticket_event(
    session: Session, spool: _SpoolState, record: r.Record, body: r.TicketEvent, *, patience: Patience, at: datetime
) -> bool:
    """Apply what a technician did; return whether the record is committed (else it is refused, or waits for a gap)."""
    actor = bench_actor(spool.bench, body.operator)
    details = {"seq": record.seq, "note": body.note, "details": body.details}
    try:
        ticket = tickets.get(session, actor, body.ticket, for_update=True)
        tickets.apply(session, ticket, body.action, actor, details=details, occurred_at=record.at)
    except Problem as problem:
        if _waits(session, spool, record.seq, patience):
            return False  # neither committed nor refused: the bench sends it again, after what is missing
        refused = Refused(record.seq, _reason(problem), codec.encode(record))
        _refuse(session, spool, refused, at)
        return False
    desk.follow(session, ticket, body.action)
    return True


def _reason(problem: Problem) -> str:
    """Return why a ticket event is refused, with every place that is wrong: the bench shows it to the technician."""
    places = [(error.where.removeprefix("#/"), error.words) for error in problem.errors]
    english = "; ".join([str(problem), *(f"{where}: {words['en']}" for where, words in places)])
    chinese = "；".join([problem.sentence("zh-CN"), *(f"{where}：{words['zh-CN']}" for where, words in places)])
    return reason_of({"en": f"{problem.kind.slug}: {english}", "zh-CN": chinese}, MAX_REASON)


def _waits(session: Session, spool: _SpoolState, seq: int, patience: Patience) -> bool:
    """Whether records before this one are missing and may still come."""
    return _has_gap_before(session, spool, seq) and not patience.is_over(spool.id, seq)


def _has_gap_before(session: Session, spool: _SpoolState, seq: int) -> bool:
    window = min(GAP_WINDOW, seq - 1)
    return window > 0 and queries.known_before(session, spool.id, seq, window) < window


def _refuse(session: Session, spool: _SpoolState, refused: Refused, at: datetime) -> None:
    if refused.seq not in spool.committed and refused.seq not in spool.refused:
        body = refused.body[:KEPT_BODY_BYTES]
        queries.keep_refused(session, spool.id, refused.seq, at=at, reason=refused.reason, body=body)
        spool.refused[refused.seq] = refused.reason


def _receipts(batches: Sequence[Batch], spools: Mapping[tuple[str, str], _SpoolState]) -> list[control.Receipt]:
    """Return one receipt a spool for all that is committed, and one a batch for what is refused (reasons are long)."""
    receipts = []
    committed: dict[tuple[str, str], set[int]] = {key: set() for key in spools}
    for batch in batches:
        spool = spools[batch.bench, batch.epoch]
        numbers = {one.seq for part in (batch.records, batch.refused) for one in part}
        committed[batch.bench, batch.epoch] |= numbers & spool.committed
        refused = tuple(control.Refusal(seq, spool.refused[seq]) for seq in sorted(numbers & spool.refused.keys()))
        if refused:
            receipts.append(control.Receipt(batch.bench, batch.epoch, refused=refused))
    for (bench, epoch), numbers in committed.items():
        if numbers:
            receipts.append(control.Receipt(bench, epoch, committed=ranges(sorted(numbers))))
    return receipts


def ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return ascending ``numbers`` as (first, last) ranges."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] + 1 == number:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)
