"""What the analysis API gives."""

from datetime import datetime

from pydantic import BaseModel, Field

from hub.analysis.queries import Dimension, Sums


class TicketFigures(BaseModel):
    """The tickets of one group. Hours are elapsed hours; what is `null` has nothing to be computed from."""

    key: dict[Dimension, str | None] = Field(examples=[{"month": "2026-11", "store": "sh-xujiahui"}])
    created: int = Field(description="Volume: tickets that came.", examples=[42])
    open: int = Field(description="Of these, still open now.", examples=[7])
    closed: int = Field(examples=[33])
    cancelled: int = Field(examples=[2])
    hours_to_response: float | None = Field(description="Mean time until somebody responded.", examples=[1.4])
    responded: int = Field(description="Tickets that `hours_to_response` is computed from.", examples=[40])
    hours_to_close: float | None = Field(description="Mean time from intake to close.", examples=[31.5])
    closed_within_24h: float | None = Field(description="Part of the closed ones.", examples=[0.45])
    closed_within_72h: float | None = Field(description="Part of the closed ones.", examples=[0.9])

    @classmethod
    def of(cls, key: dict[Dimension, str | None], sums: Sums) -> "TicketFigures":
        """Show one group."""

        def mean_h(seconds: float, count: int) -> float | None:
            return round(seconds / count / 3600, 2) if count else None

        def part(some: int, count: int) -> float | None:
            return round(some / count, 4) if count else None

        return cls(
            key=key,
            created=sums.created,
            open=sums.created - sums.closed - sums.cancelled,
            closed=sums.closed,
            cancelled=sums.cancelled,
            hours_to_response=mean_h(sums.responded_s, sums.responded),
            responded=sums.responded,
            hours_to_close=mean_h(sums.closed_s, sums.closed),
            closed_within_24h=part(sums.closed_in_24h, sums.closed),
            closed_within_72h=part(sums.closed_in_72h, sums.closed),
        )


class TicketAnalysis(BaseModel):
    """Tickets that came within a span of time, counted."""

    since: datetime
    until: datetime
    time_zone: str = Field(description="Whose days are counted.", examples=["Asia/Shanghai"])
    total: TicketFigures = Field(description="All groups together; its `key` is empty.")
    rows: list[TicketFigures]
