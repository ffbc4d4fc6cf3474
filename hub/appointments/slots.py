"""Free times (T11): a pure function of shifts and of what is booked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

STEP = timedelta(minutes=30)
"""Appointments begin on the half hour of the shift."""
WAY = timedelta(minutes=30)
"""What a person needs for the way, before and after a visit."""


@dataclass(frozen=True, slots=True)
class Work:
    """A shift of somebody who can do it."""

    person: str
    bench: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Booked:
    """A time that a person does not have any more, with the ways to it and back."""

    person: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be had, and with whom."""

    starts_at: datetime
    ends_at: datetime
    person: str
    bench: str


def with_way(starts_at: datetime, ends_at: datetime, *, on_site: bool) -> tuple[datetime, datetime]:
    """Return a time together with the ways to and from the customer."""
    way = WAY if on_site else timedelta()
    return starts_at - way, ends_at + way


def free(
    work: Iterable[Work], booked: Sequence[Booked], length: timedelta, *, earliest: datetime, on_site: bool
) -> list[Slot]:
    """Return every slot of ``length`` from ``earliest`` on, by time; at each time, the least booked first."""
    load: dict[str, int] = {}
    for one in booked:
        load[one.person] = load.get(one.person, 0) + 1
    found = []
    for shift in work:
        starts_at = shift.starts_at
        while starts_at + length <= shift.ends_at:
            if starts_at >= earliest and fits(shift, booked, starts_at, length, on_site=on_site):
                found.append(Slot(starts_at, starts_at + length, shift.person, shift.bench))
            starts_at += STEP
    return sorted(found, key=lambda slot: (slot.starts_at, load.get(slot.person, 0), slot.person))


def fits(shift: Work, booked: Iterable[Booked], starts_at: datetime, length: timedelta, *, on_site: bool) -> bool:
    """Whether a time, with its ways, lies within a shift and in none of the person's bookings."""
    first, last = with_way(starts_at, starts_at + length, on_site=on_site)
    if first < shift.starts_at or last > shift.ends_at:
        return False
    return not any(one.person == shift.person and first < one.ends_at and one.starts_at < last for one in booked)
