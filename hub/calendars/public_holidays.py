"""Public holidays and make-up working days from the ``holidays`` package, turned into data.

China's State Council announces each year's arrangement (days off, and weekend days worked instead, 调休) in the
November before. For a year whose arrangement the package does not have, only the holidays that the law itself fixes
are taken, the year is marked as not arranged, and the calendar says so wherever it matters.
"""

from collections.abc import Iterable
from datetime import date
from importlib.metadata import version

from hub.calendars.documents import HolidayTable, HolidayYear, PublicHolidays
from hub.policies.values import BothLanguages

_ARRANGED_YEARLY = frozenset({"CN"})
"""Countries whose government moves working days every year by decree."""


class UnknownCountry(ValueError):
    """A country, or part of one, whose holidays the package does not know; ``str()`` gives its code."""


def holiday_table(wanted: PublicHolidays, years: Iterable[int]) -> HolidayTable:
    """Return the public holidays of ``years``, without those that the package does not reach (after 2100).

    Raises ``UnknownCountry``.
    """
    import holidays  # 20 ms, and only who writes a calendar needs it

    parts = holidays.list_supported_countries().get(wanted.country)
    if parts is None:
        raise UnknownCountry(wanted.country)
    if wanted.subdivision is not None and wanted.subdivision not in parts:
        raise UnknownCountry(f"{wanted.country}-{wanted.subdivision}")
    known = holidays.country_holidays(wanted.country, subdiv=wanted.subdivision)
    found = {year: _year(wanted, year) for year in years if known.start_year <= year <= known.end_year}
    return HolidayTable(source=f"holidays {version('holidays')}", years=found)


def _year(wanted: PublicHolidays, year: int) -> HolidayYear:
    import holidays

    def named(language: str | None, *, observed: bool) -> holidays.HolidayBase:
        return holidays.country_holidays(
            wanted.country,
            subdiv=wanted.subdivision,
            # The arrangement of a year may make the last days of the year before working days.
            years=[year, year + 1],
            observed=observed,
            language=language,
        )

    known = named(None, observed=True)
    make_up: set[date] = set(known.weekend_workdays)
    arranged = wanted.country not in _ARRANGED_YEARLY or year in getattr(known, "special_public_holidays", {})
    supported = known.supported_languages
    english = named("en_US" if "en_US" in supported else None, observed=arranged)
    chinese = named("zh_CN" if "zh_CN" in supported else "en_US" if "en_US" in supported else None, observed=arranged)
    return HolidayYear(
        closed={
            day: BothLanguages.model_validate({"en": name[:200], "zh-CN": chinese.get(day, name)[:200]})
            for day, name in sorted(english.items())
            if day.year == year
        },
        make_up=tuple(sorted(day for day in make_up if day.year == year)),
        arranged=arranged,
    )
