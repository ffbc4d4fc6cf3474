"""Tables of measured data. They are written by the ingest only, and no API changes or deletes a row.

Every row of a step, measurement or capture carries (spool, seq), the record that it came from.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Double, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base, BigKey, Json


class Spool(Base):
    """A bench's spool file: sequence numbers mean something within its epoch only."""

    __tablename__ = "spool"

    id: Mapped[int] = mapped_column(primary_key=True)
    bench: Mapped[str] = mapped_column(ForeignKey("bench.name"))
    epoch: Mapped[str] = mapped_column(String(32))
    first_seen_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("bench", "epoch"),)


class Record(Base):
    """One committed spool record: the key that makes delivery exactly-once."""

    __tablename__ = "record"

    spool_id: Mapped[int] = mapped_column(ForeignKey("spool.id"), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    clock_offset_s: Mapped[float | None] = mapped_column(Double)
    trace: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = ({"sqlite_with_rowid": False},)


class Run(Base):
    """One run of a test plan. A step may arrive before its run's start, so that all but the key can be absent."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    bench: Mapped[str] = mapped_column(ForeignKey("bench.name"))
    key: Mapped[str] = mapped_column(String(128))
    plan: Mapped[str | None] = mapped_column(String(128))
    plan_version: Mapped[int | None]
    plan_sha256: Mapped[str | None] = mapped_column(String(64))
    model: Mapped[str | None] = mapped_column(String(64))
    serial: Mapped[str | None] = mapped_column(String(64))
    ticket: Mapped[str | None] = mapped_column(String(128))
    operator: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    suspects: Mapped[list[Any]] = mapped_column(default=list)
    resumes: Mapped[list[Any]] = mapped_column(default=list)

    __table_args__ = (
        UniqueConstraint("bench", "key"),
        Index("ix_run_key", "key"),
        Index("ix_run_serial", "serial", "id"),
        Index("ix_run_ticket", "ticket", "id"),
    )


class Step(Base):
    """One attempt of one step."""

    __tablename__ = "step"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    spool_id: Mapped[int]
    seq: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[str] = mapped_column(String(128))
    group: Mapped[str] = mapped_column("step_group", String(32))
    attempt: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    duration_s: Mapped[float] = mapped_column(Double)
    title: Mapped[dict[str, Any]]
    detail: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_step_run", "run_id"), Index("ix_step_step", "step", "id"))


class Measurement(Base):
    """One measured value. Exactly one of ``number``, ``text``, ``truth`` is set, or none where there is no answer."""

    __tablename__ = "measurement"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    spool_id: Mapped[int]
    seq: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[str] = mapped_column(String(128))
    attempt: Mapped[int]
    at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(128))
    number: Mapped[float | None] = mapped_column(Double)
    text: Mapped[str | None] = mapped_column(Text)
    truth: Mapped[bool | None]
    unit: Mapped[str] = mapped_column(String(16))
    standard_uncertainty: Mapped[float | None] = mapped_column(Double)
    low: Mapped[float | None] = mapped_column(Double)
    high: Mapped[float | None] = mapped_column(Double)
    expected: Mapped[str | None] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(16))
    instrument: Mapped[str | None] = mapped_column(String(128))
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_measurement_run", "run_id"), Index("ix_measurement_name", "name", "id"))


class Capture(Base):
    """A capture that a step took: its preview curves, and the hash under which the file itself arrives."""

    __tablename__ = "capture"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    spool_id: Mapped[int]
    seq: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(128))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(64))
    curves: Mapped[Any] = mapped_column(Json)

    __table_args__ = (Index("ix_capture_run", "run_id"), Index("ix_capture_sha256", "sha256"))


class RefusedRecord(Base):
    """A record that the hub will never take, kept with the reason; a resend gets the same answer."""

    __tablename__ = "refused_record"

    spool_id: Mapped[int] = mapped_column(ForeignKey("spool.id"), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    received_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = ({"sqlite_with_rowid": False},)


class DeadLetter(Base):
    """A message that cannot be read as a batch at all, as far as it is kept; the same message again counts up."""

    __tablename__ = "dead_letter"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    topic: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(Text)
    times: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("sha256", "topic"), {"sqlite_autoincrement": True})
