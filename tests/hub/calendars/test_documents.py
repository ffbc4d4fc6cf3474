"""Calendar documents: what is refused, and with which words."""

from pathlib import Path
from typing import Any

import pytest
from example_calendars import MALL, STANDARD, STORE, week

from hub.calendars.documents import CalendarDocument, PublicHolidays
from hub.calendars.public_holidays import UnknownCountry, holiday_table
from hub.policies.loading import DocumentError, load, parse


def test_packaged_calendar_can_be_read() -> None:
    assert load(CalendarDocument, STANDARD).time_zone == "Asia/Shanghai"


def test_document_survives_being_written_and_read() -> None:
    document = CalendarDocument.model_validate(MALL)
    text = document.model_dump_json(by_alias=True)
    assert '"until":"2026-03-10","hours":[]' in text
    assert parse(CalendarDocument, text.encode(), "mall.json") == document


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"time_zone": "Asia/Peking"}, "time_zone: there is no time zone Asia/Peking; write one of the IANA names"),
        ({"time_zone": "../../etc/passwd"}, "there is no time zone"),
        ({"opening_hours": week([])}, "every weekday is closed"),
        ({"opening_hours": week(["18:00-09:00"])}, "opening_hours.monday.0: write opening hours like 09:00-12:00"),
        ({"opening_hours": week(["09:00-24:30"])}, "until 24:00 at the latest"),
        ({"opening_hours": week(["09:00-13:00", "12:00-18:00"])}, "09:00-13:00 and 12:00-18:00 of one day overlap"),
        ({"opening_hours": {"monday": ["09:00-12:00"]}}, "opening_hours.tuesday: Field required (and 5 more)"),
        ({"holidays": {}}, "holidays: Extra inputs are not permitted"),
        ({"public_holidays": {"country": "China"}}, "public_holidays.country: String should match"),
        (
            {"special_days": [{"from": "8.3.2026", "hours": [], "reason": {"en": "x", "zh-CN": "x"}}]},
            "special_days.0.from: write a day like 2026-02-17",
        ),
        (
            {
                "special_days": [
                    {"from": "2026-03-08", "until": "2026-03-01", "hours": [], "reason": {"en": "x", "zh-CN": "x"}}
                ]
            },
            "2026-03-08 until 2026-03-01 has to be one day up to one year",
        ),
        (
            {"special_days": [MALL["special_days"][1], {**MALL["special_days"][0], "from": "2026-03-09"}]},
            "2026-03-09 is there twice",
        ),
    ],
)
def test_bad_document_is_refused_in_one_sentence(change: dict[str, Any], sentence: str) -> None:
    import json

    with pytest.raises(DocumentError) as refused:
        parse(CalendarDocument, json.dumps({**STORE, **change}).encode(), "store.json")
    assert str(refused.value).startswith("store.json: ")
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"a: &x [1]\nb: *x\n", "line 1: anchors are not used here"),
        (b"time_zone: a\ntime_zone: b\n", "line 2: time_zone is there twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b"a: [1", "line 1: expected"),
        (b"\xff\xfe", "is not UTF-8"),
        (b" " * 300_000, "larger than 262144 bytes"),
        (b"!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        (b"", "Input should be a valid dictionary"),
    ],
)
def test_hostile_or_broken_file_is_refused(text: bytes, sentence: str) -> None:
    with pytest.raises(DocumentError, match=sentence):
        parse(CalendarDocument, text, "calendar.yaml")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"gone\.yaml cannot be read"):
        load(CalendarDocument, tmp_path / "gone.yaml")


def test_unknown_country_or_part_is_refused() -> None:
    with pytest.raises(UnknownCountry, match="XX"):
        holiday_table(PublicHolidays(country="XX"), [2026])
    with pytest.raises(UnknownCountry, match="DE-ZZ"):
        holiday_table(PublicHolidays(country="DE", subdivision="ZZ"), [2026])


def test_years_out_of_reach_are_left_out_so_that_the_calendar_says_so() -> None:
    assert set(holiday_table(PublicHolidays(country="DE", subdivision="BY"), range(2098, 2104)).years) == {
        2098,
        2099,
        2100,
    }


def test_last_days_of_a_year_can_be_made_up_by_the_arrangement_of_the_next() -> None:
    """Saturday 31 December 2005 was worked for 3 January 2006."""
    table = holiday_table(PublicHolidays(country="CN"), [2005])
    assert "2005-12-31" in {day.isoformat() for day in table.years[2005].make_up}
