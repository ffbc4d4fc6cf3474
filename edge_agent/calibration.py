"""When an instrument was calibrated, until when that holds, and what follows for its numbers (Q7)."""

from datetime import date, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

YEAR = timedelta(days=365)
MEASURING = ("multimeter", "oscilloscope", "supply", "camera")
"""Kinds of instruments whose numbers are judged."""
Standing = Literal["valid", "overdue", "unknown", "future"]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[instruments.<role>.calibration]``: ``on`` and ``due`` are dates; without ``due`` it holds for a year."""

    on: date
    due: date | None = None
    certificate: Annotated[str, Meta(max_length=200)] | None = None
    """Number of the certificate."""
    by: Annotated[str, Meta(max_length=200)] | None = None

    def __post_init__(self) -> None:
        if self.due is not None and self.due < self.on:
            raise ValueError(f"due ({self.due}) is before on ({self.on})")

    @property
    def until(self) -> date:
        """The last day on which it holds."""
        return self.due or self.on + YEAR

    def growth(self, today: date) -> float:
        """Return how many times its stated limit of error the instrument may be off by now.

        Makers state limits for a year after the calibration. Beyond that year the limit grows in proportion to the
        time, as their columns for 90 days and one year do; it never shrinks below what is stated.
        """
        return max(1.0, (today - self.on) / YEAR)


def standing(calibration: Calibration | None, today: date) -> Standing:
    """Return whether a calibration holds today; one of a day to come is a slip of the pen or of the clock."""
    if calibration is None:
        return "unknown"
    if calibration.on > today:
        return "future"
    return "valid" if today <= calibration.until else "overdue"


def words(role: str, calibration: Calibration | None, today: date) -> str | None:
    """Say what is wrong with the calibration of an instrument, ``None`` when it holds."""
    on, until = (None, None) if calibration is None else (calibration.on, calibration.until)
    reasons = {
        "overdue": f"the calibration of {role} was due on {until}; have it calibrated",
        "future": f"the calibration of {role} is of {on}, a day to come; correct it in bench.toml",
        "unknown": f"the calibration of {role} is not recorded; enter it in bench.toml under "
        f"[instruments.{role}.calibration]",
    }
    return reasons.get(standing(calibration, today))
