"""What a business calendar says: a document that a store manager writes and reads."""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from hub.policies.values import BothLanguages, Day, Document, Hours, wrong


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise wrong(
            "time_zone",
            "there is no time zone {found}; write one of the IANA names, like Asia/Shanghai",
            "没有时区 {found}；请填写 IANA 时区名，例如 Asia/Shanghai",
            found=name,
        ) from error
    return name


class Week(Document):
    """Opening hours of each weekday; an empty list says closed."""

    monday: Hours = Field(examples=[["09:00-12:00", "13:00-18:00"]])
    tuesday: Hours = Field(examples=[["09:00-12:00", "13:00-18:00"]])
    wednesday: Hours = Field(examples=[["09:00-12:00", "13:00-18:00"]])
    thursday: Hours = Field(examples=[["09:00-12:00", "13:00-18:00"]])
    friday: Hours = Field(examples=[["09:00-12:00", "13:00-18:00"]])
    saturday: Hours = Field(examples=[["10:00-16:00"]])
    sunday: Hours = Field(examples=[[]])

    @property
    def days(self) -> tuple[Hours, ...]:
        """Monday first, as ``date.weekday`` counts."""
        return (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)


class PublicHolidays(Document):
    """Which country's public holidays the store keeps, and how."""

    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] = Field(
        examples=["CN"], description="ISO 3166-1 code."
    )
    subdivision: Annotated[str, StringConstraints(pattern="^[A-Z0-9]{1,3}$")] | None = Field(
        default=None,
        description="ISO 3166-2 code without the country, where holidays differ inside it.",
        examples=[None],
    )
    hours: Hours = Field(default=(), description="Opening hours on a public holiday; empty: closed.", examples=[[]])
    make_up_hours: Hours | None = Field(
        default=None,
        description="Opening hours on a make-up working day 调休; left out: those of Monday.",
        examples=[["09:00-12:00", "13:00-18:00"]],
    )


class SpecialDays(Document):
    """Days of the store's own: closed for stocktaking, open late before a festival."""

    first: Day = Field(alias="from", examples=["2026-03-08"])
    last: Day | None = Field(default=None, alias="until", examples=["2026-03-09"], description="Left out: one day.")
    hours: Hours = Field(description="Opening hours on these days; empty: closed.", examples=[[]])
    reason: BothLanguages

    @property
    def until(self) -> date:
        """The last of the days."""
        return self.last or self.first

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.until - self.first).days < 366:
            raise wrong(
                "days",
                "{first} until {last} has to be one day up to one year",
                "{first} 至 {last} 须为一天至一年",
                first=self.first,
                last=self.until,
            )
        return self


class CalendarDocument(Document):
    """When a store works."""

    time_zone: Annotated[str, StringConstraints(max_length=64), AfterValidator(_time_zone)] = Field(
        examples=["Asia/Shanghai"]
    )
    opening_hours: Week
    public_holidays: PublicHolidays | None = Field(
        default=None, description="Left out: the weekly hours hold on public holidays too."
    )
    special_days: Annotated[tuple[SpecialDays, ...], Field(max_length=400)] = Field(
        default=(), description="The store's own days; they go before everything else."
    )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if not any(self.opening_hours.days):
            raise wrong(
                "never_open",
                "opening_hours: every weekday is closed; give at least one its hours",
                "opening_hours：每天都不营业，请至少填写一天的营业时间",
            )
        ordered = sorted(self.special_days, key=lambda special: special.first)
        for before, after in pairwise(ordered):
            if after.first <= before.until:
                raise wrong(
                    "special_days_twice",
                    "special_days: {day} is there twice; one day can have one exception only",
                    "special_days：{day} 重复，每天只能有一条例外",
                    day=after.first,
                )
        return self


class HolidayYear(Document):
    """What is known of the public holidays of one year."""

    closed: Mapping[date, BothLanguages] = Field(description="Public holidays and days off, with their names.")
    make_up: tuple[date, ...] = Field(default=(), description="Weekend days that are worked instead.")
    arranged: bool = Field(
        description="Whether the government's arrangement of this year (days off and make-up days) was known."
    )


class HolidayTable(Document):
    """Public holidays as they were known when a calendar's version was made; kept with it, so that it never changes."""

    source: str = Field(examples=["holidays 0.109"])
    years: Mapping[int, HolidayYear]


class CalendarEdition(Document):
    """A calendar document with the public holidays of its years: all that counting needs."""

    document: CalendarDocument
    holidays: HolidayTable | None = None
