"""What the API of repairs shows: plain values, as what was kept may have been taken by older rules."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from hub.core.clock import now
from hub.repairs.models import Repair, RepairPlan
from hub.repairs.plans import is_open


class PlanPartOut(BaseModel):
    """A part that the repair takes."""

    part: str = Field(examples=["C5-220u"])
    name: str | None = Field(default=None, examples=["滤波电容 220 µF"])
    quantity: int = 1


class PlanOptionOut(BaseModel):
    """One way to repair."""

    work: str = Field(examples=["更换滤波电容 C5"])
    parts: list[PlanPartOut] = []
    cost_minor: int = Field(description="In the smallest unit of `currency`.", examples=[8000])
    currency: str = Field(default="CNY", examples=["CNY"])
    ready_in_days: int | None = Field(default=None, examples=[1])


class UsedPartOut(BaseModel):
    """A part that was replaced (T13, P6)."""

    part: str = Field(examples=["C5 220 µF"])
    quantity: int = 1
    new_serial: str | None = None
    old_serial: str | None = None


class RepairPlanOut(BaseModel):
    """One revision of a repair plan (T12)."""

    revision: int = Field(examples=[1])
    status: Literal["proposed", "approved", "declined", "superseded", "expired"]
    options: list[PlanOptionOut]
    only_option_because: str | None
    currency: str = Field(examples=["CNY"])
    proposed_by: str = Field(examples=["bench:bench-01"])
    proposed_at: datetime
    valid_until: datetime
    answered_by: str | None = Field(description="Who recorded the answer; `customer:…` by the ticket's page.")
    answered_at: datetime | None
    how: str | None = Field(examples=["online"])
    option: int | None = Field(description="The option that the customer wants; 1 is the first.")

    @classmethod
    def of(cls, row: RepairPlan) -> "RepairPlanOut":
        """Show one row."""
        expired = row.status == "proposed" and not is_open(row, now())
        return cls.model_validate({**row.model_dump(), "status": "expired" if expired else row.status})


class RepairOut(BaseModel):
    """One repair that was made (T13)."""

    number: int = Field(examples=[1])
    repaired_at: datetime
    repaired_by: str = Field(examples=["韩梅梅"])
    work: str | None
    parts: list[UsedPartOut]
    minutes: int | None = Field(description="Working time.")
    plan_revision: int | None
    cost_minor: int | None = Field(description="In the smallest unit of `currency`.")
    currency: str | None

    @classmethod
    def of(cls, row: Repair) -> "RepairOut":
        """Show one row."""
        return cls.model_validate({**row.model_dump(), "repaired_by": row.repaired_by_name})
