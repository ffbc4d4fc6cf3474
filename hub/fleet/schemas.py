"""What the bench API takes and gives."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from hub.core.bodies import JsonBody
from hub.core.clock import ToldDay, day_or_none, now
from hub.fleet.models import Bench
from protocols.messages import control

Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]

Calibration = Literal["valid", "overdue", "unknown", "future"]


class InstrumentOut(BaseModel):
    """One instrument of the rack as last told."""

    role: str = Field(examples=["meter"])
    profile: str = Field(examples=["keysight-34461a"])
    healthy: bool
    identity: str | None
    fault: str | None
    calibrated_on: ToldDay = Field(default=None, description="`null` where the bench has no record of it.")
    calibration_due: ToldDay = Field(default=None, description="The last day on which that calibration holds.")
    calibration: Calibration = Field(
        default="unknown",
        description="Whether the calibration holds today (UTC); `future`: it is of a day to come, a slip of the pen or "
        "of the clock.",
    )

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "InstrumentOut":
        """Show what the bench told of one instrument."""
        on, due = (day_or_none(told.get(name) or "") for name in ("calibrated_on", "calibration_due"))
        today = now().date()
        standing: Calibration = "unknown"
        if on is not None and date.fromisoformat(on) > today:
            standing = "future"
        elif due is not None:
            standing = "valid" if today <= date.fromisoformat(due) else "overdue"
        return cls(**told, calibration=standing)


class BenchOut(BaseModel):
    """A bench as the hub knows it."""

    name: str = Field(examples=["bench-01"])
    online: bool
    boot: str | None = Field(description="Made anew at each start of its agent.")
    version: str
    presence_at: datetime | None = Field(description="When its presence last changed.")
    instruments: list[InstrumentOut]
    desired_revision: int
    reported_revision: int | None
    healthy: bool | None
    health_detail: str | None
    reported_at: datetime | None

    @classmethod
    def of(cls, bench: Bench) -> "BenchOut":
        """Show one row."""
        return cls(
            name=bench.name,
            online=bench.online,
            boot=bench.boot,
            version=bench.version,
            presence_at=bench.presence_at,
            instruments=[InstrumentOut.of(one) for one in bench.instruments],
            desired_revision=bench.desired_revision,
            reported_revision=bench.reported_revision,
            healthy=bench.healthy,
            health_detail=bench.health_detail,
            reported_at=bench.reported_at,
        )


class DescribeIn(JsonBody):
    """Ask for instruments, spool depth and the run in progress."""

    type: Literal["describe"]

    def message(self) -> control.Action:
        """Return the action as the bench reads it."""
        return control.Describe()


class AbortRunIn(JsonBody):
    """Stop a run; its teardown puts the outputs in a safe state."""

    type: Literal["abort_run"]
    run: Name = Field(description="The run's `key`.")

    def message(self) -> control.Action:
        """Return the action as the bench reads it."""
        return control.AbortRun(run=self.run)


class WatchIn(JsonBody):
    """Ask for live previews for a while."""

    type: Literal["watch"]
    seconds: Annotated[int, Field(ge=1, le=60)] = 10

    def message(self) -> control.Action:
        """Return the action as the bench reads it."""
        return control.Watch(seconds=self.seconds)


class CommandIn(JsonBody):
    """A command and how long to wait for its answer."""

    action: Annotated[DescribeIn | AbortRunIn | WatchIn, Field(discriminator="type")] = Field(
        examples=[{"type": "describe"}]
    )
    timeout_s: Annotated[float, Field(ge=0.1, le=30)] = 5.0


class ReplyOut(BaseModel):
    """What the bench answered."""

    ok: bool
    detail: str | None
    data: dict[str, Any] = Field(examples=[{"spool": {"waiting": 0}}])
