"""Which bench and which person gets a ticket (T4, H1): a pure function that says why, and why not the others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from fractions import Fraction

from hub.core.i18n import Words
from hub.dispatch.documents import Reach


@dataclass(frozen=True, slots=True)
class Need:
    """What a ticket takes. ``store`` is where its device is; ``None``: anywhere."""

    skill: str
    group: str
    level: int
    store: str | None
    reach: Reach = Reach.STORE


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's shift at a bench. ``level`` is that of the person's certificate in the skill; ``None`` without one.

    ``load`` counts the tickets that the person works on.
    """

    person: str
    name: str
    starts_at: datetime
    ends_at: datetime
    level: int | None
    valid_until: date | None
    load: int


@dataclass(frozen=True, slots=True)
class Place:
    """One bench: where it is, what it does, how full it is, and who works there now and next."""

    bench: str
    store: str | None
    region: str | None
    group: str | None
    capacity: int
    load: int
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Considered:
    """A bench, and a person at it where one was looked at, with what was thought of it."""

    bench: str
    person: str | None
    fits: bool
    words: Words


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided. Without a bench, ``because`` says what is missing, ``next_chance_at`` when to look again."""

    bench: str | None
    person: str | None
    because: Words
    others: tuple[Considered, ...]
    next_chance_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Fit:
    place: Place
    turn: Turn
    distance: int

    @property
    def rank(self) -> tuple[int, Fraction, int, str, str]:
        """What decides, in this order: distance, how full the bench is, the person's load; at last the names."""
        fullness = Fraction(self.place.load, self.place.capacity)
        return (self.distance, fullness, self.turn.load, self.place.bench, self.turn.person)


def choose(need: Need, places: Sequence[Place], at: datetime, zone: tzinfo) -> Choice:
    """Choose the nearest, then the emptiest bench at which somebody with a valid certificate works at ``at``.

    ``zone`` is the stores' time zone: a certificate is valid to the end of its last day there.
    """
    region = next((place.region for place in places if need.store is not None and place.store == need.store), None)
    fits: list[_Fit] = []
    others: list[Considered] = []
    chances: list[datetime] = []
    for place in places:
        distance = _distance(need, place.store, place.region, region)
        objection = _bench_objection(need, place, distance)
        if objection is None:
            here = [turn for turn in place.turns if turn.starts_at <= at < turn.ends_at]
            chances.extend(_chances(need, place, at, zone))
            if not here:
                objection = _nobody(place, at, zone)
        if objection is not None:
            others.append(Considered(place.bench, None, False, objection))
            continue
        for turn in here:
            lack = _lack(need, turn, at.astimezone(zone).date())
            if lack is None:
                fits.append(_Fit(place, turn, distance or 0))
            else:
                others.append(Considered(place.bench, turn.person, False, lack))
    if not fits:
        return Choice(None, None, _nothing(need, places), tuple(others), min(chances, default=None))
    best, *rest = sorted(fits, key=lambda fit: fit.rank)
    ranked = tuple(Considered(fit.place.bench, fit.turn.person, True, _behind(fit, best)) for fit in rest)
    return Choice(best.place.bench, best.turn.person, _praise(need, best, zone), ranked + tuple(others))


def reaches(need: Need, group: str | None, store: str | None, at_region: str | None, region: str | None) -> bool:
    """Whether a bench of this group, store and region may take it, ``region`` being the ticket's."""
    return group in {None, need.group} and _distance(need, store, at_region, region) is not None


def _distance(need: Need, store: str | None, at_region: str | None, region: str | None) -> int | None:
    """Return 0 for the ticket's store, 1 for its region, 2 for elsewhere; ``None`` where the rule does not reach."""
    if need.store is None or store is None or store == need.store:
        return 0
    if region is not None and at_region == region:
        return 1 if need.reach is not Reach.STORE else None
    return 2 if need.reach is Reach.CHAIN else None


_REACH = {Reach.STORE: "本店", Reach.REGION: "所在区域", Reach.CHAIN: "全部门店"}


def _bench_objection(need: Need, place: Place, distance: int | None) -> Words | None:
    if place.group is not None and place.group != need.group:
        return {
            "en": f"its group is {place.group}, not {need.group}",
            "zh-CN": f"所属技能组为 {place.group}，不是 {need.group}",
        }
    if distance is None:
        return {
            "en": f"it is in store {place.store}; the rule reaches no farther than the {need.reach} of {need.store}",
            "zh-CN": f"位于门店 {place.store}，超出规则范围（{need.store} {_REACH[need.reach]}）",
        }
    if place.load >= place.capacity:
        return {
            "en": f"it is full: {place.load} of {place.capacity} tickets",
            "zh-CN": f"已满：{place.load}/{place.capacity} 单",
        }
    return None


def _nobody(place: Place, at: datetime, zone: tzinfo) -> Words:
    following = min((turn.starts_at for turn in place.turns if turn.starts_at > at), default=None)
    if following is None:
        return {"en": "nobody works there now, and no shift is planned", "zh-CN": "当前无人值班，也没有排班"}
    when = f"{following.astimezone(zone):%Y-%m-%d %H:%M}"
    return {"en": f"nobody works there now; the next shift begins at {when}", "zh-CN": f"当前无人值班，下一班 {when}"}


def _lack(need: Need, turn: Turn, day: date) -> Words | None:
    """Return why a person may not do it, ``None`` when they may."""
    if turn.level is None:
        return {
            "en": f"{turn.name} has no certificate for {need.skill}",
            "zh-CN": f"{turn.name} 没有 {need.skill} 资质",
        }
    if turn.valid_until is not None and turn.valid_until < day:
        return {
            "en": f"the certificate of {turn.name} for {need.skill} ended on {turn.valid_until}",
            "zh-CN": f"{turn.name} 的 {need.skill} 资质已于 {turn.valid_until} 到期",
        }
    if turn.level < need.level:
        return {
            "en": f"{turn.name} has {need.skill} at level {turn.level}, the ticket takes {need.level}",
            "zh-CN": f"{turn.name} 的 {need.skill} 等级为 {turn.level}，工单要求 {need.level}",
        }
    return None


def _chances(need: Need, place: Place, at: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Give when somebody who may do it begins to work there."""
    for turn in place.turns:
        if turn.starts_at > at and _lack(need, turn, turn.starts_at.astimezone(zone).date()) is None:
            yield turn.starts_at


def _nothing(need: Need, places: Iterable[Place]) -> Words:
    if any(place.group in {None, need.group} for place in places):
        return {
            "en": f"no bench can take it now; it takes {need.skill} at level {need.level} in group {need.group}",
            "zh-CN": f"暂无可派工位：需要 {need.group} 组 {need.skill} {need.level} 级人员",
        }
    return {"en": f"no bench belongs to the group {need.group}", "zh-CN": f"没有属于 {need.group} 组的工位"}


_NEARNESS: tuple[Words, ...] = (
    {"en": "in the ticket's store", "zh-CN": "在工单所在门店"},
    {"en": "in the ticket's region", "zh-CN": "在工单所在区域"},
    {"en": "elsewhere in the chain", "zh-CN": "在其他区域"},
)


def _praise(need: Need, fit: _Fit, zone: tzinfo) -> Words:
    place, turn = fit.place, fit.turn
    until = f"{turn.ends_at.astimezone(zone):%H:%M}"
    near = _NEARNESS[fit.distance] if need.store is not None and place.store is not None else None
    return {
        "en": f"{place.bench} with {turn.name}: {need.skill} at level {turn.level} (needed: {need.level}), "
        f"at work till {until}, {place.load} of {place.capacity} tickets{', ' + near['en'] if near else ''}",
        "zh-CN": f"{place.bench}，{turn.name}：{need.skill} {turn.level} 级（要求 {need.level} 级），"
        f"值班至 {until}，负载 {place.load}/{place.capacity} 单{'，' + near['zh-CN'] if near else ''}",
    }


def _behind(fit: _Fit, best: _Fit) -> Words:
    """Say what made ``best`` better than ``fit``."""
    place, name = fit.place, fit.turn.name
    if fit.distance != best.distance:
        near, nearer = _NEARNESS[fit.distance], _NEARNESS[best.distance]
        return {
            "en": f"{name} could do it, but is {near['en']}; the chosen bench is {nearer['en']}",
            "zh-CN": f"{name} 可处理，但{near['zh-CN']}；所选工位{nearer['zh-CN']}",
        }
    if fit.rank[1] != best.rank[1]:
        chosen = best.place
        return {
            "en": f"{name} could do it, but the bench is fuller: {place.load} of {place.capacity} tickets "
            f"against {chosen.load} of {chosen.capacity}",
            "zh-CN": f"{name} 可处理，但工位更满：{place.load}/{place.capacity} 对 {chosen.load}/{chosen.capacity}",
        }
    if fit.turn.load != best.turn.load:
        return {
            "en": f"{name} could do it, but has {fit.turn.load} tickets against {best.turn.load}",
            "zh-CN": f"{name} 可处理，但手上有 {fit.turn.load} 单，所选人员为 {best.turn.load} 单",
        }
    return {
        "en": f"{name} could do it just as well; the names' order decided",
        "zh-CN": f"{name} 同样可处理，按名称顺序决定",
    }
