"""The report of a manager (S4, T16): what came, how quickly it went, what it was about; charts with their tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from sqlalchemy.orm import Session

from hub.analysis import charts, service
from hub.analysis.queries import TIMES, Dimension, Sums, TicketsWanted
from hub.analysis.schemas import TicketFigures
from hub.analysis.service import shown_time
from hub.core.i18n import Language, Words
from hub.identity.actors import Actor
from hub.repairs import taxonomy
from hub.stores import queries as stores
from hub.tickets.kinds import CHANNELS, KINDS

FOLDER = Path(__file__).with_name("templates")
STYLE = (FOLDER / "report.css").read_text(encoding="utf-8")
MOST_STORES = 500
MOST_ROWS = 10
"""So many models, faults and causes are shown, those with the most tickets."""
BY_NAME = (Dimension.KIND, Dimension.STORE, Dimension.CHANNEL, Dimension.MODEL, Dimension.FAULT, Dimension.ROOT_CAUSE)
_WORDS: dict[str, Words] = {
    "title": {"en": "Service report", "zh-CN": "售后服务报告"},
    "span": {"en": "{since} to {until} ({zone})", "zh-CN": "{since} 至 {until}（{zone}）"},
    "all_stores": {"en": "all stores that the reader may see", "zh-CN": "读者可查看的全部门店"},
    "volume": {"en": "Tickets that came", "zh-CN": "受理量"},
    "over_time": {"en": "Over time", "zh-CN": "时间趋势"},
    "speed": {"en": "Mean hours from intake to close", "zh-CN": "平均处理时长（小时）"},
    "day": {"en": "Day", "zh-CN": "日期"},
    "week": {"en": "Week", "zh-CN": "周"},
    "month": {"en": "Month", "zh-CN": "月份"},
    "kind": {"en": "Kind", "zh-CN": "类型"},
    "store": {"en": "Store", "zh-CN": "门店"},
    "channel": {"en": "Channel", "zh-CN": "渠道"},
    "model": {"en": "Model", "zh-CN": "型号"},
    "fault": {"en": "Fault", "zh-CN": "故障"},
    "root_cause": {"en": "Root cause", "zh-CN": "根本原因"},
    "created": {"en": "Came", "zh-CN": "受理"},
    "open": {"en": "Open", "zh-CN": "未关闭"},
    "closed": {"en": "Closed", "zh-CN": "已关闭"},
    "cancelled": {"en": "Cancelled", "zh-CN": "已取消"},
    "hours_to_response": {"en": "Hours to response", "zh-CN": "响应时长（小时）"},
    "hours_to_close": {"en": "Hours to close", "zh-CN": "处理时长（小时）"},
    "closed_within_24h": {"en": "Within 24 h", "zh-CN": "24 小时内关闭"},
    "closed_within_72h": {"en": "Within 72 h", "zh-CN": "72 小时内关闭"},
    "total": {"en": "All", "zh-CN": "合计"},
    "none": {"en": "not known", "zh-CN": "未知"},
    "nothing": {"en": "Nothing came in this time.", "zh-CN": "该时段没有工单。"},
    "most": {"en": "The {count} with the most tickets", "zh-CN": "工单最多的 {count} 项"},
}
COLUMNS = (
    *("created", "open", "closed", "cancelled"),
    *("hours_to_response", "hours_to_close", "closed_within_24h", "closed_within_72h"),
)
Named = Callable[[str | None], str]


@dataclass(frozen=True, slots=True)
class Section:
    """One or two charts with the figures behind them."""

    title: str
    note: str | None
    charts: tuple[tuple[str, str], ...]
    """The name of each, and its picture."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def html(session: Session, actor: Actor, wanted: TicketsWanted, zone: ZoneInfo, language: Language) -> str:
    """Return the report as one page without scripts that stands alone, prints on A4, and can be read aloud."""

    def say(key: str, **values: object) -> str:
        return _WORDS[key][language].format_map(values)

    over_time = _over_time(wanted)
    times = _without_gaps(_figures(session, actor, wanted, over_time, zone), over_time, wanted, zone)
    total = Sums()
    for row in service.analyse(session, actor, wanted, [Dimension.KIND], zone):
        total.add(row.sums)
    sections = []
    if times:
        named = _plain(say)
        measures = {"created": say("volume"), "hours_to_close": say("speed")}
        sections = [_section(say, over_time, times, named, title=say("over_time"), measures=measures)]
        for dimension in BY_NAME:
            found = _figures(session, actor, wanted, dimension, zone)
            found.sort(key=lambda one: -one.created)
            named = _namer(session, actor, dimension, language, say)
            title = f"{say('volume')} · {say(dimension.value)}"
            sections.append(_section(say, dimension, found, named, title=title, measures={"created": title}))
    last = _last_moment(wanted, zone)
    return _template().render(
        language=language,
        style=STYLE,
        title=say("title"),
        span=say("span", since=f"{wanted.since.astimezone(zone):%Y-%m-%d}", until=f"{last:%Y-%m-%d}", zone=zone.key),
        store=wanted.store or say("all_stores"),
        headline=[(say(name), _shown(TicketFigures.of({}, total), name)) for name in COLUMNS],
        sections=sections,
        nothing=say("nothing"),
    )


def _over_time(wanted: TicketsWanted) -> Dimension:
    """Return steps of time of which a page can show all."""
    span = wanted.until - wanted.since
    if span <= timedelta(days=45):
        return Dimension.DAY
    return Dimension.WEEK if span <= timedelta(days=200) else Dimension.MONTH


def _figures(
    session: Session, actor: Actor, wanted: TicketsWanted, by: Dimension, zone: ZoneInfo
) -> list[TicketFigures]:
    rows = service.analyse(session, actor, wanted, [by], zone)
    return [TicketFigures.of({by: row.key[0]}, row.sums) for row in rows]


def _without_gaps(
    found: list[TicketFigures], by: Dimension, wanted: TicketsWanted, zone: ZoneInfo
) -> list[TicketFigures]:
    """Return the figures of every day, week or month of the span, of those in which nothing came, too."""
    if not found:
        return []
    first, last = wanted.since.astimezone(zone).date(), _last_moment(wanted, zone).date()
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    keys = dict.fromkeys(shown_time(by, day) for day in days)
    there = {one.key[by]: one for one in found}
    return [there.get(key) or TicketFigures.of({by: key}, Sums()) for key in keys]


def _last_moment(wanted: TicketsWanted, zone: ZoneInfo) -> datetime:
    return wanted.until.astimezone(zone) - timedelta(microseconds=1)


def _section(
    say: Callable[..., str],
    by: Dimension,
    found: Sequence[TicketFigures],
    named: Named,
    *,
    title: str,
    measures: Mapping[str, str],
) -> Section:
    in_time = by in TIMES
    shown = found if in_time else found[:MOST_ROWS]
    draw = charts.standing if in_time else charts.lying

    def bars(measure: str) -> list[charts.Bar]:
        return [charts.Bar(named(one.key[by]), getattr(one, measure), _shown(one, measure)) for one in shown]

    return Section(
        title=title,
        note=say("most", count=MOST_ROWS) if len(shown) < len(found) else None,
        charts=tuple((name, draw(name, bars(measure))) for measure, name in measures.items()),
        head=(say(by.value), *(say(name) for name in COLUMNS)),
        rows=tuple((named(one.key[by]), *(_shown(one, name) for name in COLUMNS)) for one in shown),
    )


def _shown(figures: TicketFigures, name: str) -> str:
    value = getattr(figures, name)
    if value is None:
        return "–"
    if name.startswith("closed_within"):
        return f"{value:.0%}"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _plain(say: Callable[..., str]) -> Named:
    return lambda code: code or say("none")


def _namer(session: Session, actor: Actor, dimension: Dimension, language: Language, say: Callable[..., str]) -> Named:
    """Return what calls the values of a dimension by their words."""
    words: Mapping[str, str] = {}
    if dimension is Dimension.KIND:
        words = {kind.value: one[language] for kind, one in KINDS.items()}
    elif dimension is Dimension.STORE:
        words = {one.code: one.name for one in stores.stores(session, actor, None, MOST_STORES)}
    elif dimension is Dimension.CHANNEL:
        words = {channel.value: one[language] for channel, one in CHANNELS.items()}
    elif dimension in {Dimension.FAULT, Dimension.ROOT_CAUSE}:
        faults = [fault for group in taxonomy.in_force(session).groups for fault in group.faults]
        words = {one.code: one.title.zh_cn if language == "zh-CN" else one.title.en for one in faults}
    return lambda code: words.get(code, code) if code else say("none")


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html")
