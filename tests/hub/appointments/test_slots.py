"""Free times as a pure function (T11)."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.appointments.slots import STEP, WAY, Booked, Work, fits, free, with_way

NINE = datetime(2026, 1, 30, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_shift_gives_slots_on_the_half_hour_around_what_is_booked() -> None:
    shift = Work("U-000001", "b1", NINE, NINE + 3 * HOUR)
    found = free([shift], [Booked("U-000001", NINE + HOUR, NINE + 1.5 * HOUR)], HOUR, earliest=NINE, on_site=False)
    assert [(one.starts_at - NINE) / HOUR for one in found] == [0, 1.5, 2]


def test_a_visit_needs_the_way_there_and_back() -> None:
    shift = Work("U-000001", "b1", NINE, NINE + 3 * HOUR)
    found = free([shift], [], HOUR, earliest=NINE, on_site=True)
    assert [(one.starts_at - NINE) / HOUR for one in found] == [0.5, 1, 1.5]


def test_the_person_with_fewer_bookings_comes_first() -> None:
    shifts = [Work(f"U-00000{n}", "b1", NINE, NINE + 2 * HOUR) for n in (1, 2)]
    found = free(shifts, [Booked("U-000001", NINE + HOUR, NINE + 2 * HOUR)], HOUR, earliest=NINE, on_site=False)
    assert [one.person for one in found if one.starts_at == NINE] == ["U-000002", "U-000001"]


minutes = st.integers(0, 600).map(lambda n: timedelta(minutes=n))


@given(
    st.lists(st.tuples(st.sampled_from("12"), minutes, minutes), max_size=6),
    st.integers(15, 240).map(lambda n: timedelta(minutes=n)),
    st.booleans(),
)
def test_no_slot_leaves_a_shift_or_meets_a_booking(
    spans: list[tuple[str, timedelta, timedelta]], length: timedelta, on_site: bool
) -> None:
    booked = [Booked(f"U-{person}", NINE + min(a, b), NINE + max(a, b)) for person, a, b in spans if a != b]
    shifts = [Work(f"U-{person}", "b1", NINE, NINE + 10 * HOUR) for person in "12"]
    found = free(shifts, booked, length, earliest=NINE, on_site=on_site)
    for slot in found:
        first, last = with_way(slot.starts_at, slot.ends_at, on_site=on_site)
        assert first >= NINE and last <= NINE + 10 * HOUR
        minute = first
        while minute < last:
            assert not any(one.person == slot.person and one.starts_at <= minute < one.ends_at for one in booked)
            minute += timedelta(minutes=1)
    starts = {(one.person, one.starts_at) for one in found}
    for shift in shifts:
        at = shift.starts_at
        while at <= shift.ends_at:
            assert ((shift.person, at) in starts) == fits(shift, booked, at, length, on_site=on_site)
            at += STEP
    assert timedelta() < WAY
