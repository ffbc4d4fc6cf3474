"""From records to rows: which table and columns each kind of record becomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table, inspect
from sqlalchemy.engine import Connection

from hub.core.bulk import BulkInsert, json_text, time_encoder
from hub.core.database import Table as HubTable
from hub.measurements import models
from protocols.messages import records as r

Row = tuple[Any, ...]


def _table(model: type[HubTable]) -> Table:
    table = inspect(model).local_table
    assert isinstance(table, Table)  # noqa: S101 - every model here is a plain table
    return table


_RECORD = BulkInsert(_table(models.Record), ("spool_id", "seq", "kind", "at", "received_at", "clock_offset_s", "trace"))
_STEP = BulkInsert(
    _table(models.Step),
    ("run_id", "spool_id", "seq", "step", "step_group", "attempt", "outcome", "at", "duration_s", "title", "detail"),
)
_MEASUREMENT = BulkInsert(
    _table(models.Measurement),
    (
        "run_id",
        "spool_id",
        "seq",
        "step",
        "attempt",
        "at",
        "name",
        "number",
        "text",
        "truth",
        "unit",
        "standard_uncertainty",
        "low",
        "high",
        "expected",
        "rule",
        "verdict",
        "instrument",
        "reason",
    ),
)
_CAPTURE = BulkInsert(
    _table(models.Capture),
    ("run_id", "spool_id", "seq", "step", "at", "name", "sha256", "size", "media_type", "curves"),
)
_NO_LIMITS = r.Limits()


@dataclass(slots=True)
class Rows:
    """Rows of one group of batches, gathered before anything is written."""

    encode_time: Callable[[datetime], Any]
    received_at: Any
    records: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    measurements: list[Row] = field(default_factory=list)
    captures: list[Row] = field(default_factory=list)

    @classmethod
    def gathering(cls, connection: Connection, received_at: datetime) -> "Rows":
        """Return an empty collection for one transaction."""
        encode = time_encoder(connection.dialect)
        return cls(encode, encode(received_at))

    def add(self, spool_id: int, record: r.Record, run_ids: Mapping[str, int]) -> None:
        """Gather what one new record becomes; ``run_ids`` are the row numbers of the bench's runs."""
        body, seq = record.body, record.seq
        at = self.encode_time(record.at)
        kind = type(body).__struct_config__.tag
        self.records.append((spool_id, seq, kind, at, self.received_at, record.clock_offset_s, record.trace))
        if isinstance(body, r.StepFinished):
            self._add_step(spool_id, seq, at, body, run_ids[body.run])
        elif isinstance(body, r.CaptureTaken):
            curves = json_text(body.curves)
            self.captures.append(
                (
                    run_ids[body.run],
                    spool_id,
                    seq,
                    body.step,
                    at,
                    body.name,
                    body.sha256,
                    body.size,
                    body.media_type,
                    curves,
                )
            )

    def _add_step(self, spool_id: int, seq: int, at: Any, body: r.StepFinished, run_id: int) -> None:
        step, attempt = body.step, body.attempt
        title = json_text(body.title) if body.title else "{}"
        self.steps.append(
            (run_id, spool_id, seq, step, body.group, attempt, body.outcome, at, body.duration_s, title, body.detail)
        )
        add = self.measurements.append
        for one in body.measurements:
            number: float | None = None
            text: str | None = None
            truth: bool | None = None
            value = one.value
            if isinstance(value, bool):
                truth = value
            elif isinstance(value, str):
                text = value
            else:
                number = value
            limits = one.limits or _NO_LIMITS
            expected = None if one.expected is None else json_text(one.expected)
            add(
                (
                    run_id,
                    spool_id,
                    seq,
                    step,
                    attempt,
                    at,
                    one.name,
                    number,
                    text,
                    truth,
                    one.unit,
                    one.standard_uncertainty,
                    limits.low,
                    limits.high,
                    expected,
                    one.rule,
                    one.verdict,
                    one.instrument,
                    one.reason,
                )
            )

    def write_and_clear(self, connection: Connection) -> None:
        """Insert everything gathered and begin anew."""
        _RECORD.run(connection, self.records)
        _STEP.run(connection, self.steps)
        _MEASUREMENT.run(connection, self.measurements)
        _CAPTURE.run(connection, self.captures)
        self.records, self.steps, self.measurements, self.captures = [], [], [], []
