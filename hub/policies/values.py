"""Values that policy documents are written with, as people write them: ``2h30min``, ``09:00-12:00``, both languages."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from hub.core.bodies import JsonBody
from hub.core.clock import now

MINUTES_OF_DAY = 24 * 60
MAX_DURATION = timedelta(hours=2000)
_DURATION = re.compile(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,6})min)?")
_SPAN = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


class Document(JsonBody):
    """Part of a policy document: never changed, and no unknown member, so that a misspelt one is not lost silently."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class BothLanguages(Document):
    """The same words in English and Chinese."""

    en: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(examples=["Stocktaking"])
    zh_cn: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(alias="zh-CN", examples=["盘点"])


@dataclass(frozen=True, slots=True, order=True)
class OpeningSpan:
    """Part of one day by the wall clock, in minutes since midnight; ``closes_min`` itself is outside."""

    opens_min: int
    closes_min: int

    def __str__(self) -> str:
        return f"{_clock(self.opens_min)}-{_clock(self.closes_min)}"


def wrong(kind: str, english: str, chinese: str, **values: object) -> PydanticCustomError:
    """Return a validation error with its sentence in both languages; ``{names}`` are filled from ``values``."""
    texts = {name: str(value) for name, value in values.items()}
    return PydanticCustomError(f"policy_{kind}", english, {**texts, "zh-CN": chinese.format_map(texts)})


def duration_text(value: timedelta) -> str:
    """Return a duration as documents have it: ``90min`` reads ``1h30min``."""
    hours, minutes = divmod(int(value / timedelta(minutes=1)), 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}min" if minutes or not hours else "")


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    found = timedelta(hours=int(match[1] or 0), minutes=int(match[2] or 0)) if match else None
    if found is None or not timedelta() < found <= MAX_DURATION:
        raise wrong(
            "duration",
            "write a duration like 30min, 2h or 1h30min, more than nothing and at most 2000h; not {found}",
            "时长请写成 30min、2h 或 1h30min，须大于零且不超过 2000h，而不是 {found}",
            found=_shown(value),
        )
    return found


def _span(value: Any) -> OpeningSpan:
    if isinstance(value, OpeningSpan):
        return value
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        opens, closes = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        on_clock = int(match[2]) < 60 and int(match[4]) < 60 and closes <= MINUTES_OF_DAY
        if on_clock and opens < closes:
            return OpeningSpan(opens, closes)
    raise wrong(
        "span",
        "write opening hours like 09:00-12:00, within one day (until 24:00 at the latest); not {found}",
        "营业时间请写成 09:00-12:00，须在同一天内（最晚 24:00），而不是 {found}",
        found=_shown(value),
    )


def _in_order(spans: tuple[OpeningSpan, ...]) -> tuple[OpeningSpan, ...]:
    ordered = tuple(sorted(spans))
    for first, second in pairwise(ordered):
        if second.opens_min < first.closes_min:
            raise wrong(
                "overlap",
                "the opening hours {first} and {second} of one day overlap; join or part them",
                "同一天的营业时间 {first} 与 {second} 重叠，请合并或分开",
                first=first,
                second=second,
            )
    return ordered


def _day(value: Any) -> Any:
    found = value
    if isinstance(value, str):
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = None
    if isinstance(found, datetime) or not isinstance(found, date) or not 2000 <= found.year <= 2200:
        raise wrong(
            "day",
            "write a day like 2026-02-17, from 2000 to 2200; not {found}",
            "日期请写成 2026-02-17，范围 2000 至 2200 年，而不是 {found}",
            found=_shown(value),
        )
    return found


def _moment(value: datetime) -> datetime:
    if not 2000 <= value.year <= 2200:
        raise wrong(
            "moment",
            "write a time from 2000 to 2200; not {found}",
            "时间范围为 2000 至 2200 年，而不是 {found}",
            found=value.isoformat(),
        )
    return value


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _shown(value: Any) -> str:
    return repr(value)[:60]


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]{1,4}h)?([0-9]{1,6}min)?$", "examples": ["2h", "1h30min"]}),
]
Span = Annotated[
    OpeningSpan,
    PlainValidator(_span),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$", "examples": ["09:00-12:00"]}),
]
Hours = Annotated[tuple[Span, ...], Field(max_length=12), AfterValidator(_in_order)]
"""The opening hours of one day in order; empty: closed."""
Day = Annotated[date, BeforeValidator(_day)]
_FURTHEST_ZONE = timedelta(hours=14)
"""Somewhere it is tomorrow already, or yesterday still."""


def latest_today() -> date:
    """Return the day that it is where it is latest."""
    return (now() + _FURTHEST_ZONE).date()


def _no_day_to_come(day: date) -> date:
    if day > latest_today():
        raise PydanticCustomError("day_to_come", "this day is still to come", {"zh-CN": "日期晚于今天"})
    return day


def _no_day_gone(day: date) -> date:
    if day < (now() - _FURTHEST_ZONE).date():
        raise PydanticCustomError(
            "day_gone", "this day has passed; give one to come", {"zh-CN": "日期已过；请填写今天或以后的日期"}
        )
    return day


PastDay = Annotated[Day, AfterValidator(_no_day_to_come)]
"""Today or before."""
ComingDay = Annotated[Day, AfterValidator(_no_day_gone)]
"""Today or later."""
Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
