"""What the measurement API gives."""

import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from hub.core.clock import ToldDay
from hub.core.i18n import Language
from hub.core.ids import public_id
from hub.measurements.models import Capture, DeadLetter, Measurement, RefusedRecord, Run, Spool, Step
from hub.measurements.runs import RUN_PREFIX
from protocols.messages.reasons import reason_in
from protocols.messages.records import DecisionRule, Outcome, Verdict


class PlanOut(BaseModel):
    """Exactly which plan was run."""

    name: str = Field(examples=["sp-100-repair"])
    version: int = Field(examples=[3])
    sha256: str


class SuspectOut(BaseModel):
    """A suspected cause, the likeliest first in its run."""

    cause: str = Field(examples=["dried_capacitor"])
    title: dict[str, str] = Field(examples=[{"en": "Dried output capacitor", "zh-CN": "输出电容干涸"}])
    evidence: list[dict[str, str]] = Field(
        examples=[[{"en": "ripple is 210 mV, above its limit of 50 mV", "zh-CN": "ripple 为 210 mV，高于上限 50 mV"}]]
    )
    remedy: dict[str, str] = {}


class RunInstrumentOut(BaseModel):
    """An instrument that a run measured with, as it was then."""

    role: str = Field(examples=["meter"])
    profile: str = Field(examples=["keysight-34461a"])
    identity: str | None = Field(
        description="What it answered when asked who it is, with its serial number.",
        examples=["Keysight Technologies,34461A,MY53220001,A.02.17"],
    )
    calibrated_on: ToldDay
    calibration_due: ToldDay


class ResumeOut(BaseModel):
    """An interrupted run went on."""

    at: datetime
    step: str | None


class RunOut(BaseModel):
    """One run of a test plan. Members are `null` while the records that tell them are still on their way."""

    id: str = Field(examples=["R-000007"])
    bench: str = Field(examples=["bench-01"])
    key: str = Field(description="The run's name at its bench.")
    plan: PlanOut | None
    model: str | None = Field(examples=["SP-100"])
    serial: str | None = Field(examples=["SN-20260001"])
    ticket: str | None = Field(examples=["T-000042"])
    operator: str | None
    started_at: datetime | None
    finished_at: datetime | None
    outcome: Outcome | None
    suspects: list[SuspectOut]
    resumes: list[ResumeOut]
    instruments: list[RunInstrumentOut]

    @classmethod
    def fields_of(cls, run: Run) -> dict[str, Any]:
        """Return the members that one row gives."""
        plan = None
        if run.plan is not None:
            plan = PlanOut.model_construct(name=run.plan, version=run.plan_version or 0, sha256=run.plan_sha256 or "")
        return {
            "id": public_id(RUN_PREFIX, run.id),
            "bench": run.bench,
            "key": run.key,
            "plan": plan,
            "model": run.model,
            "serial": run.serial,
            "ticket": run.ticket,
            "operator": run.operator,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "outcome": run.outcome,
            "suspects": run.suspects,
            "resumes": run.resumes,
            "instruments": run.instruments,
        }

    @classmethod
    def of(cls, run: Run) -> "RunOut":
        """Show one row."""
        return cls(**cls.fields_of(run))


class MeasurementOut(BaseModel):
    """One measured value with its unit (UCUM), standard uncertainty (k = 1), limits and verdict."""

    name: str = Field(examples=["v_3v3"])
    value: float | str | bool | None = Field(
        description="`null` when there is no answer; `reason` says why.", examples=[3.301]
    )
    unit: str = Field(examples=["V"])
    standard_uncertainty: float | None = Field(examples=[0.0012])
    low: float | None = Field(examples=[3.2])
    high: float | None = Field(examples=[3.4])
    expected: str | bool | None
    rule: DecisionRule
    verdict: Verdict
    instrument: str | None = Field(examples=["meter"])
    reason: str | None

    @classmethod
    def fields_of(cls, one: Measurement) -> dict[str, Any]:
        """Return the members that one row gives."""
        return {
            "name": one.name,
            "value": value_of(one),
            "unit": one.unit,
            "standard_uncertainty": one.standard_uncertainty,
            "low": one.low,
            "high": one.high,
            "expected": None if one.expected is None else json.loads(one.expected),
            "rule": one.rule,
            "verdict": one.verdict,
            "instrument": one.instrument,
            "reason": one.reason,
        }


class MeasurementRow(MeasurementOut):
    """A measurement with where it comes from, by whom and with what: enough for control charts and gauge R&R (Q7)."""

    run: str = Field(examples=["R-000007"])
    bench: str
    plan: str | None = Field(examples=["bench-check"])
    plan_version: int | None
    model: str | None
    serial: str | None = Field(description="Of the device, or of the reference artifact.")
    ticket: str | None
    operator: str | None
    step: str = Field(examples=["rail-3v3"])
    attempt: int
    at: datetime
    instrument_profile: str | None = Field(examples=["keysight-34461a"])
    instrument_identity: str | None = Field(description="What the instrument answered, with its serial number.")
    calibrated_on: ToldDay
    calibration_due: ToldDay

    @classmethod
    def of(cls, one: Measurement, run: Run) -> "MeasurementRow":
        """Show one row and its run."""
        used = instrument_of(run, one.instrument)
        return cls(
            **cls.fields_of(one),
            run=public_id(RUN_PREFIX, run.id),
            bench=run.bench,
            plan=run.plan,
            plan_version=run.plan_version,
            model=run.model,
            serial=run.serial,
            ticket=run.ticket,
            operator=run.operator,
            step=one.step,
            attempt=one.attempt,
            at=one.at,
            instrument_profile=used.get("profile"),
            instrument_identity=used.get("identity"),
            calibrated_on=used.get("calibrated_on"),
            calibration_due=used.get("calibration_due"),
        )


class StepOut(BaseModel):
    """One attempt of one step."""

    run: str = Field(examples=["R-000007"])
    seq: int = Field(description="Number of the record in the bench's spool.")
    step: str = Field(examples=["rail-3v3"])
    group: str = Field(examples=["main"])
    attempt: int
    outcome: Outcome
    at: datetime
    duration_s: float
    title: dict[str, str]
    detail: str | None

    @classmethod
    def fields_of(cls, step: Step) -> dict[str, Any]:
        """Return the members that one row gives."""
        return {
            "run": public_id(RUN_PREFIX, step.run_id),
            "seq": step.seq,
            "step": step.step,
            "group": step.group,
            "attempt": step.attempt,
            "outcome": step.outcome,
            "at": step.at,
            "duration_s": step.duration_s,
            "title": step.title,
            "detail": step.detail,
        }

    @classmethod
    def of(cls, step: Step) -> "StepOut":
        """Show one row."""
        return cls(**cls.fields_of(step))


class StepDetail(StepOut):
    """A step with what it measured."""

    measurements: list[MeasurementOut]


class CurveOut(BaseModel):
    """A preview of one channel: the minimum and maximum of each span."""

    name: str = Field(examples=["CH1"])
    unit: str = Field(examples=["V"])
    start_s: float
    span_s: float = Field(description="Duration of one span.")
    minimum: list[float]
    maximum: list[float]


class CaptureOut(BaseModel):
    """A capture that a step took; the file is at `/api/v1/captures/{sha256}` once it is uploaded."""

    run: str = Field(examples=["R-000007"])
    step: str
    at: datetime
    name: str = Field(examples=["ripple.sr"])
    sha256: str
    size: int
    media_type: str
    curves: list[CurveOut]

    @classmethod
    def of(cls, capture: Capture) -> "CaptureOut":
        """Show one row."""
        return cls(
            run=public_id(RUN_PREFIX, capture.run_id),
            step=capture.step,
            at=capture.at,
            name=capture.name,
            sha256=capture.sha256,
            size=capture.size,
            media_type=capture.media_type,
            curves=capture.curves,
        )


class RunDetail(RunOut):
    """A run with its steps, measurements and captures, in the order of the bench."""

    steps: list[StepDetail]
    captures: list[CaptureOut]


class SpoolOut(BaseModel):
    """What the hub has of one spool file of a bench."""

    epoch: str
    records: int = Field(description="Committed records.")
    refused: int
    first: int | None
    last: int | None = Field(
        description="Highest committed or refused number; no gap when last - first + 1 = records + refused."
    )
    first_seen_at: datetime


class RefusedOut(BaseModel):
    """A record that the hub did not take."""

    bench: str
    epoch: str
    seq: int
    received_at: datetime
    reason: str
    body: str = Field(description="The record as it came.")

    @classmethod
    def of(cls, refused: RefusedRecord, spool: Spool, language: Language) -> "RefusedOut":
        """Show one row, the reason in ``language``."""
        return cls(
            bench=spool.bench,
            epoch=spool.epoch,
            seq=refused.seq,
            received_at=refused.received_at,
            reason=reason_in(language, refused.reason),
            body=refused.body.decode("utf-8", "replace"),
        )


class DeadLetterOut(BaseModel):
    """A message that could not be read at all."""

    id: int
    topic: str
    sha256: str
    size: int
    payload: str = Field(description="Its first 64 KiB; bytes that are not UTF-8 are replaced.")
    reason: str
    times: int = Field(description="How often the same message came.")
    first_at: datetime
    last_at: datetime

    @classmethod
    def of(cls, letter: DeadLetter) -> "DeadLetterOut":
        """Show one row."""
        return cls(
            id=letter.id,
            topic=letter.topic,
            sha256=letter.sha256,
            size=letter.size,
            payload=letter.payload.decode("utf-8", "replace"),
            reason=letter.reason,
            times=letter.times,
            first_at=letter.first_at,
            last_at=letter.last_at,
        )


def value_of(one: Measurement) -> float | str | bool | None:
    """Return the value of a measurement, whatever its type."""
    if one.truth is not None:
        return one.truth
    return one.text if one.text is not None else one.number


def instrument_of(run: Run, role: str | None) -> dict[str, Any]:
    """Return what is known of the instrument that a run had in a role, nothing if nothing is."""
    found: dict[str, Any] = next((one for one in run.instruments if one["role"] == role), {})
    return found
