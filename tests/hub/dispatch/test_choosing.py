"""The pure choice of bench and person (T4, H1), and its words."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from hub.dispatch.choosing import Choice, Need, Place, Turn, choose
from hub.dispatch.documents import Reach

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 1, 30, 4, tzinfo=UTC)
NEED = Need("board_repair", "board", 3, "north")


def turn(
    person: str = "U-000001", *, level: int | None = 3, valid: date | None = None, begins_h: float = -1, load: int = 0
) -> Turn:
    start = NOON + timedelta(hours=begins_h)
    return Turn(person, person[-1], start, start + timedelta(hours=8), level, valid, load)


def place(
    bench: str, *turns: Turn, store: str = "north", group: str = "board", load: int = 0, region: str = "e"
) -> Place:
    return Place(bench, store, region, group, 4, load, turns)


def chosen(*places: Place, need: Need = NEED) -> Choice:
    return choose(need, places, NOON, SHANGHAI)


def words(choice: Choice) -> dict[tuple[str, str | None], str]:
    return {(one.bench, one.person): one.words["en"] for one in choice.others}


def test_the_emptiest_bench_of_the_store_is_chosen_and_says_why() -> None:
    choice = chosen(place("b1", turn(), load=3), place("b2", turn("U-000002"), load=1))
    assert (choice.bench, choice.person) == ("b2", "U-000002")
    assert choice.because["en"] == (
        "b2 with 2: board_repair at level 3 (needed: 3), at work till 19:00, 1 of 4 tickets, in the ticket's store"
    )
    assert "值班至 19:00" in choice.because["zh-CN"]
    assert words(choice) == {
        ("b1", "U-000001"): "1 could do it, but the bench is fuller: 3 of 4 tickets against 1 of 4"
    }


def test_every_reason_against_a_bench_is_said() -> None:
    choice = chosen(
        place("group", turn(), group="firmware"),
        place("far", turn(), store="south"),
        place("full", turn(), load=4),
        place("empty"),
        place("later", turn(begins_h=2)),
        place("untrained", turn(level=None)),
        place("low", turn(level=2)),
        place("old", turn(valid=date(2026, 1, 29))),
    )
    assert choice.bench is None
    assert {bench: text for (bench, _), text in words(choice).items()} == {
        "group": "its group is firmware, not board",
        "far": "it is in store south; the rule reaches no farther than the store of north",
        "full": "it is full: 4 of 4 tickets",
        "empty": "nobody works there now, and no shift is planned",
        "later": "nobody works there now; the next shift begins at 2026-01-30 14:00",
        "untrained": "1 has no certificate for board_repair",
        "low": "1 has board_repair at level 2, the ticket takes 3",
        "old": "the certificate of 1 for board_repair ended on 2026-01-29",
    }
    assert choice.next_chance_at == NOON + timedelta(hours=2), "the next shift of somebody who may do it"


def test_a_certificate_holds_to_the_end_of_its_day_where_the_store_is() -> None:
    late = datetime(2026, 1, 30, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    shift = Turn("U-000001", "1", late - timedelta(hours=8), late + timedelta(hours=8), 3, date(2026, 1, 30), 0)
    assert choose(NEED, [place("b1", shift)], late, SHANGHAI).bench == "b1"
    assert choose(NEED, [place("b1", shift)], late + timedelta(minutes=1), SHANGHAI).bench is None


def test_reach_lets_a_rule_leave_the_store_but_nearness_goes_first() -> None:
    far, near = place("far", turn(), store="west", region="w"), place("near", turn(), store="south")
    home = place("home", turn(), load=4)
    assert chosen(far, near, home).bench is None
    assert chosen(far, near, home, need=Need("board_repair", "board", 3, "north", Reach.REGION)).bench == "near"
    wide = Need("board_repair", "board", 3, "north", Reach.CHAIN)
    assert chosen(far, home, need=wide).bench == "far"
    choice = chosen(far, near, home, need=wide)
    assert choice.bench == "near"
    assert "elsewhere in the chain" in words(choice)["far", "U-000001"]


def test_between_equals_the_person_with_fewer_tickets() -> None:
    choice = chosen(place("b1", turn(load=2), turn("U-000002", load=1)))
    assert choice.person == "U-000002"
    assert words(choice) == {("b1", "U-000001"): "1 could do it, but has 2 tickets against 1"}


turns = st.builds(
    turn,
    person=st.sampled_from(["U-000001", "U-000002", "U-000003"]),
    level=st.none() | st.integers(1, 5),
    valid=st.none() | st.dates(date(2026, 1, 28), date(2026, 2, 2)),
    begins_h=st.integers(-10, 10),
    load=st.integers(0, 3),
)
places = st.builds(
    lambda bench, found, store, group, load: place(bench, *found, store=store, group=group, load=load),
    bench=st.sampled_from(["b1", "b2", "b3", "b4"]),
    found=st.lists(turns, max_size=3),
    store=st.sampled_from(["north", "south"]),
    group=st.sampled_from(["board", "firmware"]),
    load=st.integers(0, 5),
)


@given(st.lists(places, max_size=5, unique_by=lambda one: one.bench), st.sampled_from(Reach))
def test_a_choice_is_always_allowed_and_does_not_depend_on_the_order(found: list[Place], reach: Reach) -> None:
    need = Need("board_repair", "board", 3, "north", reach)
    choice = choose(need, found, NOON, SHANGHAI)
    assert choice == choose(need, found, NOON, SHANGHAI)
    able = [
        (one.bench, shift.person)
        for one in found
        for shift in one.turns
        if one.group == "board"
        and one.load < one.capacity
        and (one.store == "north" or reach is Reach.CHAIN or _same_region(found, reach))
        and shift.starts_at <= NOON < shift.ends_at
        and shift.level is not None
        and shift.level >= 3
        and (shift.valid_until is None or shift.valid_until >= NOON.astimezone(SHANGHAI).date())
    ]
    if choice.bench is None:
        assert able == []
    else:
        assert (choice.bench, choice.person) in able
    backwards = choose(need, found[::-1], NOON, SHANGHAI)
    assert (backwards.bench, backwards.person) == (choice.bench, choice.person)
    assert all(one.words["en"] and one.words["zh-CN"] for one in choice.others)


def _same_region(found: list[Place], reach: Reach) -> bool:
    """Whether the ticket's region is known: from a bench in its store."""
    return reach is Reach.REGION and any(one.store == "north" for one in found)
