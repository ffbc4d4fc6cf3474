"""Tickets counted by what a reader asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hub.analysis import queries
from hub.analysis.days import day_of, segments, week_of
from hub.analysis.queries import TIMES, Dimension, Sums, TicketsWanted
from hub.core.labels import model_key, names_of_models
from hub.core.problems import ProblemType, problem_at
from hub.identity.actors import Actor
from hub.identity.permissions import Permission

MAX_SPAN = timedelta(days=3660)
SPAN_WRONG = ProblemType(
    "span-wrong",
    422,
    {"en": "The span of time cannot be analysed", "zh-CN": "时间范围无效"},
    {
        "en": "Give a `since` before `until`, at most ten years apart, between 2000 and 2200.",
        "zh-CN": "since 须早于 until，跨度不超过十年，且在 2000 至 2200 年之间。",
    },
)
DIMENSIONS_WRONG = ProblemType(
    "dimensions-wrong",
    422,
    {"en": "The dimensions do not go together", "zh-CN": "分组维度不可同时使用"},
    {
        "en": "Give each dimension once, and at most one of day, week and month.",
        "zh-CN": "每个维度只能出现一次，且 day、week、month 最多选一个。",
    },
)


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one group; ``key`` is in the order of the dimensions."""

    key: tuple[str | None, ...]
    sums: Sums


def analyse(
    session: Session, actor: Actor, wanted: TicketsWanted, by: Sequence[Dimension], zone: ZoneInfo
) -> list[Row]:
    """Return the figures of the tickets that ``actor`` may see, grouped by ``by``, sorted by their keys (T16)."""
    actor.require(Permission.ANALYSIS_READ)
    in_range = all(2000 <= one.year <= 2200 for one in (wanted.since, wanted.until))
    if not in_range or not timedelta() < wanted.until - wanted.since <= MAX_SPAN:
        raise problem_at("query:since", SPAN_WRONG)
    if len(set(by)) < len(by) or len(TIMES & set(by)) > 1:
        raise problem_at("query:by", DIMENSIONS_WRONG)
    found = queries.sums(session, actor, wanted, by, segments(wanted.since, wanted.until, zone))
    models = [by.index(Dimension.MODEL)] if Dimension.MODEL in by else []
    called = names_of_models((values[place], figures.created) for values, figures in found for place in models)
    merged: dict[tuple[str | None, ...], Sums] = {}
    for values, figures in found:
        key = tuple(_shown(one, value, called) for one, value in zip(by, values, strict=True))
        merged.setdefault(key, Sums()).add(figures)
    return [Row(key, merged[key]) for key in sorted(merged, key=lambda key: tuple(one or "" for one in key))]


def _shown(dimension: Dimension, value: Any, called: Mapping[str, str]) -> str | None:
    if dimension is Dimension.MODEL:
        value = called[model_key(value)]
    if dimension not in TIMES:
        return value or None
    return shown_time(dimension, day_of(value))


def shown_time(dimension: Dimension, day: date) -> str:
    """Return how the day, week or month of a day is written."""
    if dimension is Dimension.DAY:
        return day.isoformat()
    return week_of(day) if dimension is Dimension.WEEK else f"{day:%Y-%m}"
