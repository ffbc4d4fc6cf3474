"""Stability monitoring (D7): what the rounds of a soak say so far. A pure function of the journal.

Time is counted while the device is watched: an interruption (agent killed, power cut) is a gap, which is told and does
not count, so 72 hours are 72 hours of watching. Whoever reads the same records finds the same time and alarms.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from edge_agent.analysis.verdict import COVERAGE_FACTOR, judge
from edge_agent.plans.model import Soak, Watch
from protocols.messages.records import (
    SOAK_ALARM,
    SOAK_GROUP,
    DecisionRule,
    Limits,
    Measurement,
    Outcome,
    Record,
    StepFinished,
    Verdict,
)
from protocols.quantity import format_value

GROUP, ALARM = SOAK_GROUP, SOAK_ALARM
SUMMARY, GAP = "soak-summary", "soak-gap"
"""Steps that the monitoring itself writes down, beside those of the plan."""
FEWEST_FOR_DRIFT = 8
AlarmKind = Literal["dropout", "limit", "drift", "gap"]
_TROUBLE = (Outcome.ERROR, Outcome.TIMEOUT)


@dataclass(slots=True)
class Series:
    """Sums over the values of one measurement, from which its line fit follows at any time (Welford's recurrences)."""

    unit: str = "1"
    count: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    mean: float = 0.0
    specified: float | None = 0.0
    """Largest standard uncertainty among the values; ``None`` when one of them has none."""
    _mean_t: float = 0.0
    _tt: float = 0.0
    _tv: float = 0.0
    _vv: float = 0.0

    def add(self, elapsed_s: float, value: float, uncertainty: float | None) -> None:
        """Take in one value."""
        self.count += 1
        self.minimum, self.maximum = min(self.minimum, value), max(self.maximum, value)
        before_t, before_v = elapsed_s - self._mean_t, value - self.mean
        self._mean_t += before_t / self.count
        self.mean += before_v / self.count
        self._tt += before_t * (elapsed_s - self._mean_t)
        self._tv += before_t * (value - self.mean)
        self._vv += before_v * (value - self.mean)
        known = self.specified is not None and uncertainty is not None
        self.specified = max(self.specified or 0.0, uncertainty or 0.0) if known else None

    def drift(self, over_s: float) -> tuple[float, float] | None:
        """Return the change over ``over_s`` by the fitted line, and its standard uncertainty from the scatter about it.

        The instrument's own errors of gain and offset do not enter: they are the same at both ends.
        """
        if self.count < FEWEST_FOR_DRIFT or self._tt <= 0:
            return None
        slope = self._tv / self._tt
        residual = max(0.0, self._vv - slope * self._tv) / (self.count - 2)
        return slope * over_s, math.sqrt(residual / self._tt) * over_s


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that somebody should know now; ``words`` by language tag."""

    kind: AlarmKind
    name: str
    """The measurement or step that it is about."""
    elapsed_s: float
    words: dict[str, str]

    def record(self, run: str, number: int) -> StepFinished:
        """Return the journal's record of it."""
        outcome = Outcome.UNDECIDED if self.kind == "gap" else Outcome.FAILED
        detail = f"{self.words['en']} · {self.words['zh-CN']}"
        title = {"en": f"Alarm: {self.name}", "zh-CN": f"报警：{self.name}"}
        return StepFinished(run, ALARM, GROUP, number, outcome, 0.0, (), title, detail, self.elapsed_s)


@dataclass
class SoakState:
    """Everything known of a soak; ``take`` a record after another."""

    soak: Soak
    elapsed_s: float = 0.0
    rounds: int = 0
    dropouts: int = 0
    out_of_limits: int = 0
    gaps_s: list[float] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    told: int = 0
    """How many of the alarms are in the journal."""
    last_at: datetime | None = None
    series: dict[str, Series] = field(default_factory=dict)
    _bad: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, soak: Soak, records: Iterable[Record]) -> "SoakState":
        """Gather the state from the records of a run."""
        state = cls(soak)
        for record in records:
            if isinstance(record.body, StepFinished) and record.body.group == GROUP:
                state.take(record.body, record.at)
        return state

    @property
    def begun(self) -> bool:
        """Whether a round was journalled."""
        return self.last_at is not None

    @property
    def over(self) -> bool:
        """Whether the device was watched long enough."""
        return self.elapsed_s >= self.soak.duration

    def untold(self) -> list[Alarm]:
        """Return the alarms that are not in the journal yet (also after a crash between a round and its alarm)."""
        return self.alarms[self.told :]

    def take(self, record: StepFinished, at: datetime) -> None:
        """Take in one record of the soak's group."""
        self.last_at = at
        self.elapsed_s = max(self.elapsed_s, record.elapsed_s or 0.0)
        if record.step == ALARM:
            self.told += 1
        elif record.step == GAP:
            self._take_gap(record)
        elif record.step != SUMMARY:
            self._take_round(record)

    def _take_gap(self, record: StepFinished) -> None:
        value = record.measurements[0].value
        length_s = float(value) if isinstance(value, float | int) else math.inf
        self.gaps_s.append(length_s)
        if length_s > self.soak.longest_gap:
            said = duration_words(length_s)
            limit = duration_words(float(self.soak.longest_gap))
            words = {
                "en": f"nothing was watched for {said['en']}, longer than the {limit['en']} that the plan allows",
                "zh-CN": f"监测中断 {said['zh-CN']}，超过计划允许的 {limit['zh-CN']}",
            }
            self._alarm("gap", GAP, words)

    def _take_round(self, record: StepFinished) -> None:
        self.rounds = max(self.rounds, record.attempt)
        watched = {watch.measurement for watch in self.soak.watch}
        lost = [one for one in record.measurements if one.value is None and (one.name in watched or one.limits)]
        if record.outcome in _TROUBLE or lost:
            self._episode("dropout", lost[0].name if lost else record.step, record.detail or _reason(lost))
        else:
            self._bad.discard(f"dropout {record.step}")
            self._bad -= {f"dropout {one.name}" for one in record.measurements}
        for one in record.measurements:
            if one.verdict is Verdict.FAIL:
                self.out_of_limits += 1
                self._episode("limit", one.name, _value(one))
            else:
                self._bad.discard(f"limit {one.name}")
            if isinstance(one.value, float | int) and not isinstance(one.value, bool):
                series = self.series.setdefault(one.name, Series(one.unit))
                series.add(record.elapsed_s or 0.0, float(one.value), one.standard_uncertainty)
        for watch in self.soak.watch:
            self._look_for_drift(watch)

    def _episode(self, kind: Literal["dropout", "limit"], name: str, why: str) -> None:
        """Raise an alarm where a trouble begins, not again in every round while it lasts."""
        if f"{kind} {name}" in self._bad:
            return
        self._bad.add(f"{kind} {name}")
        if kind == "dropout":
            self.dropouts += 1
            words = {"en": f"{name} has dropped out: {why}", "zh-CN": f"{name} 掉线：{why}"}
        else:
            words = {"en": f"{name} is outside its limits: {why}", "zh-CN": f"{name} 超出限值：{why}"}
        self._alarm(kind, name, words)

    def _look_for_drift(self, watch: Watch) -> None:
        key = f"drift {watch.measurement}"
        series = self.series.get(watch.measurement)
        if series is None or key in self._bad:
            return
        found = series.drift(self.elapsed_s)
        if found is None or abs(found[0]) - COVERAGE_FACTOR * found[1] <= watch.drift.value:
            return
        self._bad.add(key)
        change, limit = (
            format_value(value, difference_unit(series.unit), 4) for value in (found[0], watch.drift.value)
        )
        after = duration_words(self.elapsed_s)
        words = {
            "en": f"{watch.measurement} has drifted by {change} in {after['en']}; the plan allows {limit} in all",
            "zh-CN": f"{watch.measurement} 在 {after['zh-CN']} 内漂移 {change}；计划总共允许 {limit}",
        }
        self._alarm("drift", watch.measurement, words)

    def _alarm(self, kind: AlarmKind, name: str, words: dict[str, str]) -> None:
        self.alarms.append(Alarm(kind, name, self.elapsed_s, words))

    # The end.

    def summary(self) -> tuple[Measurement, ...]:
        """Return the measurements of the whole soak; what was not watched long enough never passes."""
        soak = self.soak
        longest = max(self.gaps_s, default=0.0)
        found = [
            _count("soak-elapsed", self.elapsed_s, "s", low=float(soak.duration), short=Verdict.UNDECIDED),
            _count("soak-rounds", self.rounds, "1"),
            _count("soak-gaps", len(self.gaps_s), "1"),
            _count("soak-longest-gap", longest, "s", high=float(soak.longest_gap), short=Verdict.UNDECIDED),
            _count("soak-dropouts", self.dropouts, "1", high=float(soak.dropouts)),
            _count("soak-out-of-limits", self.out_of_limits, "1", high=0.0),
        ]
        for watch in soak.watch:
            found += self._watched(watch)
        return tuple(found)

    def _watched(self, watch: Watch) -> list[Measurement]:
        limits = Limits(-watch.drift.value, watch.drift.value)
        series = self.series.get(watch.measurement)
        drift = None if series is None else series.drift(self.elapsed_s)
        if series is None or drift is None:
            reason = f"fewer than {FEWEST_FOR_DRIFT} values: nothing can be said of the drift"
            undecided = Verdict.UNDECIDED
            return [
                Measurement(drift_name(watch), None, watch.drift.unit, None, limits, verdict=undecided, reason=reason)
            ]
        change, uncertainty = drift
        rule = DecisionRule.GUARD_BAND
        verdict = judge(change, uncertainty, limits, rule)
        reason = "the drift is closer to its limit than its expanded uncertainty (k = 2)"
        return [
            Measurement(
                drift_name(watch),
                change,
                difference_unit(series.unit),
                uncertainty,
                limits,
                rule=rule,
                verdict=verdict,
                reason=reason if verdict is Verdict.UNDECIDED else None,
            ),
            Measurement(f"{watch.measurement}.minimum", series.minimum, series.unit, series.specified),
            Measurement(f"{watch.measurement}.maximum", series.maximum, series.unit, series.specified),
            Measurement(f"{watch.measurement}.mean", series.mean, series.unit, series.specified),
        ]


def drift_name(watch: Watch) -> str:
    """Return the name under which a soak records the drift of a measurement."""
    return f"{watch.measurement}.drift"


def difference_unit(unit: str) -> str:
    """Return the unit of a difference of two values: kelvin for degrees Celsius."""
    return "K" if unit == "Cel" else unit


def gap_record(run: str, state: SoakState, now: datetime) -> StepFinished:
    """Return what is told of an interruption: how long nothing was watched, by the bench's time of day."""
    length_s = None if state.last_at is None else (now - state.last_at).total_seconds()
    reason = None
    if length_s is None or length_s < 0:
        length_s, reason = None, "the bench's clock went back meanwhile: how long nothing was watched is not known"
    limits = Limits(high=float(state.soak.longest_gap))
    verdict = judge(length_s, None, limits)
    fits = verdict is Verdict.PASS
    one = Measurement(
        "soak-gap", length_s, "s", None, limits, verdict=Verdict.PASS if fits else Verdict.UNDECIDED, reason=reason
    )
    title = {"en": "Monitoring was interrupted", "zh-CN": "监测中断"}
    said = {"en": "an unknown time", "zh-CN": "未知时长"} if length_s is None else duration_words(length_s)
    done = duration_words(state.elapsed_s)
    detail = (
        f"interrupted for {said['en']}; goes on after {done['en']} of watching · "
        f"中断 {said['zh-CN']}；已监测 {done['zh-CN']}，继续监测"
    )
    outcome = Outcome.PASSED if fits else Outcome.UNDECIDED
    number = len(state.gaps_s) + 1
    return StepFinished(run, GAP, GROUP, number, outcome, 0.0, (one,), title, detail, state.elapsed_s)


def duration_words(seconds: float) -> dict[str, str]:
    """Say a duration to two units, by language tag: ``3 h 5 min``."""
    if not math.isfinite(seconds):
        return {"en": "an unknown time", "zh-CN": "未知时长"}
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return {"en": f"{hours} h {minutes} min", "zh-CN": f"{hours} 小时 {minutes} 分"}
    if minutes:
        return {"en": f"{minutes} min {rest} s", "zh-CN": f"{minutes} 分 {rest} 秒"}
    return {"en": f"{rest} s", "zh-CN": f"{rest} 秒"}


def _count(
    name: str,
    value: float,
    unit: str,
    *,
    low: float | None = None,
    high: float | None = None,
    short: Verdict = Verdict.FAIL,
) -> Measurement:
    """Return a judged count; ``short`` is the verdict outside the limits."""
    limits = None if low is None and high is None else Limits(low, high)
    verdict = judge(value, 0.0, limits)
    return Measurement(name, float(value), unit, 0.0, limits, verdict=short if verdict is Verdict.FAIL else verdict)


def _value(one: Measurement) -> str:
    if isinstance(one.value, float | int) and not isinstance(one.value, bool):
        return format_value(one.value, one.unit, 4)
    return repr(one.value)


def _reason(lost: list[Measurement]) -> str:
    return (lost[0].reason if lost else None) or "no value"
