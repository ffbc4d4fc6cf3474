"""Tables of measured data. They are written by the ingest only, and no API changes or deletes a row.

Every row of a step, measurement or capture carries (spool, seq), the record that it came from.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Double, Index, LargeBinary, String, Text, UniqueConstraint
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime


class Spool(Table, table=True):
    """A bench's spool file: sequence numbers mean something within its epoch only."""

    __tablename__ = "spool"

    id: Mapped[int] = Field(default=None, primary_key=True)
    bench: Mapped[str] = Field(foreign_key="bench.name")
    epoch: Mapped[str] = Field(max_length=32)
    first_seen_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (UniqueConstraint("bench", "epoch"),)


class Record(Table, table=True):
    """One committed spool record: the key that makes delivery exactly-once."""

    __tablename__ = "record"

    spool_id: Mapped[int] = Field(foreign_key="spool.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: Mapped[int] = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: Mapped[str] = Field(max_length=32)
    at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    received_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    clock_offset_s: Mapped[float | None] = Field(default=None, sa_type=Double)
    trace: Mapped[str | None] = Field(default=None, max_length=64)

    __table_args__ = ({"sqlite_with_rowid": False},)


class Run(Table, table=True):
    """One run of a test plan. A step may arrive before its run's start, so that all but the key can be absent."""

    __tablename__ = "run"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    bench: Mapped[str] = Field(foreign_key="bench.name")
    key: Mapped[str] = Field(max_length=128)
    plan: Mapped[str | None] = Field(default=None, max_length=128)
    plan_version: Mapped[int | None] = Field(default=None)
    plan_sha256: Mapped[str | None] = Field(default=None, max_length=64)
    model: Mapped[str | None] = Field(default=None, max_length=64)
    serial: Mapped[str | None] = Field(default=None, max_length=64)
    ticket: Mapped[str | None] = Field(default=None, max_length=128)
    operator: Mapped[str | None] = Field(default=None, max_length=64)
    started_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    finished_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    outcome: Mapped[str | None] = Field(default=None, max_length=16)
    suspects: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    resumes: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    instruments: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)

    __table_args__ = (
        UniqueConstraint("bench", "key"),
        Index("ix_run_key", "key"),
        Index("ix_run_serial", "serial", "id"),
        Index("ix_run_ticket", "ticket", "id"),
        Index("ix_run_model", "model", "id"),
    )


class Step(Table, table=True):
    """One attempt of one step."""

    __tablename__ = "step"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    run_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="run.id")
    spool_id: Mapped[int]
    seq: Mapped[int] = Field(sa_type=BigInteger)
    step: Mapped[str] = Field(max_length=128)
    group: Mapped[str] = Field(sa_column=Column("step_group", String(32), nullable=False))
    attempt: Mapped[int]
    outcome: Mapped[str] = Field(max_length=16)
    at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    duration_s: Mapped[float] = Field(sa_type=Double)
    title: Mapped[dict[str, Any]] = Field(sa_type=Json)
    detail: Mapped[str | None] = Field(default=None, sa_type=Text)

    __table_args__ = (Index("ix_step_run", "run_id"), Index("ix_step_step", "step", "id"))


class Measurement(Table, table=True):
    """One measured value. Exactly one of ``number``, ``text``, ``truth`` is set, or none where there is no answer."""

    __tablename__ = "measurement"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    run_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="run.id")
    spool_id: Mapped[int]
    seq: Mapped[int] = Field(sa_type=BigInteger)
    step: Mapped[str] = Field(max_length=128)
    attempt: Mapped[int]
    at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    name: Mapped[str] = Field(max_length=128)
    number: Mapped[float | None] = Field(default=None, sa_type=Double)
    text: Mapped[str | None] = Field(default=None, sa_type=Text)
    truth: Mapped[bool | None] = Field(default=None)
    unit: Mapped[str] = Field(max_length=16)
    standard_uncertainty: Mapped[float | None] = Field(default=None, sa_type=Double)
    low: Mapped[float | None] = Field(default=None, sa_type=Double)
    high: Mapped[float | None] = Field(default=None, sa_type=Double)
    expected: Mapped[str | None] = Field(default=None, sa_type=Text)
    rule: Mapped[str] = Field(max_length=16)
    verdict: Mapped[str] = Field(max_length=16)
    instrument: Mapped[str | None] = Field(default=None, max_length=128)
    reason: Mapped[str | None] = Field(default=None, sa_type=Text)

    __table_args__ = (Index("ix_measurement_run", "run_id"), Index("ix_measurement_name", "name", "id"))


class Capture(Table, table=True):
    """A capture that a step took: its preview curves, and the hash under which the file itself arrives."""

    __tablename__ = "capture"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    run_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="run.id")
    spool_id: Mapped[int]
    seq: Mapped[int] = Field(sa_type=BigInteger)
    step: Mapped[str] = Field(max_length=128)
    at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    name: Mapped[str] = Field(max_length=128)
    sha256: Mapped[str] = Field(max_length=64)
    size: Mapped[int] = Field(sa_type=BigInteger)
    media_type: Mapped[str] = Field(max_length=64)
    curves: Mapped[Any] = Field(sa_type=Json)

    __table_args__ = (Index("ix_capture_run", "run_id"), Index("ix_capture_sha256", "sha256"))


class RefusedRecord(Table, table=True):
    """A record that the hub will never take, kept with the reason; a resend gets the same answer."""

    __tablename__ = "refused_record"

    spool_id: Mapped[int] = Field(foreign_key="spool.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: Mapped[int] = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    received_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    reason: Mapped[str] = Field(sa_type=Text)
    body: Mapped[bytes] = Field(sa_type=LargeBinary)

    __table_args__ = ({"sqlite_with_rowid": False},)


class DeadLetter(Table, table=True):
    """A message that cannot be read as a batch at all, as far as it is kept; the same message again counts up."""

    __tablename__ = "dead_letter"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    topic: Mapped[str] = Field(sa_type=Text)
    sha256: Mapped[str] = Field(max_length=64)
    size: Mapped[int] = Field(sa_type=BigInteger)
    payload: Mapped[bytes] = Field(sa_type=LargeBinary)
    reason: Mapped[str] = Field(sa_type=Text)
    times: Mapped[int]
    first_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    last_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (UniqueConstraint("sha256", "topic"), {"sqlite_autoincrement": True})
