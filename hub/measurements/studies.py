"""Control charts and gauge studies from the readings that the hub has, in two queries at most (Q7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from hub.core.clock import ToldDay
from hub.core.ids import public_id
from hub.core.problems import Problem, ProblemType
from hub.identity.actors import Actor
from hub.measurements import charts, gauge, queries
from hub.measurements.models import Measurement, Run
from hub.measurements.queries import DataFilter
from hub.measurements.runs import RUN_PREFIX
from hub.measurements.schemas import instrument_of

MOST_READINGS = 5000
"""Readings that one chart or study looks at, the newest."""

CHART_NOT_POSSIBLE = ProblemType(
    "chart-not-possible",
    422,
    {"en": "No control limits from so few runs", "zh-CN": "检测次数不足，无法得出控制限"},
    {
        "en": "A control chart takes at least {wanted} runs that measured {names} of {serial} at {bench}; {found} did.",
        "zh-CN": "控制图至少需要 {wanted} 次在 {bench} 对 {serial} 测量 {names} 的检测；现有 {found} 次。",
    },
)
STUDY_NOT_POSSIBLE = ProblemType(
    "gauge-study-not-possible",
    422,
    {"en": "No gauge study from these readings", "zh-CN": "这些读数无法进行量具研究"},
    {
        "en": "A gauge study takes at least 2 parts (serial numbers), 2 appraisers and 2 readings of each part by each "
        "appraiser; there are {parts} parts and {appraisers} appraisers, and the fewest readings are {fewest} "
        "({cell}).",
        "zh-CN": "量具研究至少需要 2 个零件（序列号）、2 名测量者，且每人对每件至少 2 次读数；"
        "现有 {parts} 个零件、{appraisers} 名测量者，最少的是 {fewest} 次（{cell}）。",
    },
)
UNITS_DIFFER = ProblemType(
    "units-differ",
    422,
    {"en": "The names are of different quantities", "zh-CN": "所选测量项单位不同"},
    {
        "en": "The names {names} are measured in {units}; repeats of one reading have one unit.",
        "zh-CN": "{names} 的单位分别为 {units}；同一读数的重复测量应单位相同。",
    },
)


class Appraiser(StrEnum):
    """What reproducibility is between: people, or benches."""

    OPERATOR = "operator"
    BENCH = "bench"


class SubgroupOut(BaseModel):
    """One point of the chart: what was read in one run, by whom and with what."""

    run: str = Field(examples=["R-000007"])
    at: datetime
    operator: str | None
    values: list[float]
    instrument_identity: str | None
    calibration_due: ToldDay


class LineOut(BaseModel):
    """One chart: points in time order, control limits, and what is more than chance (numbers of points, from 0)."""

    points: list[float]
    centre: float
    low: float
    high: float
    beyond: list[int] = Field(description="Points beyond the control limits.")
    shifted: list[int] = Field(description="Points that end a run of eight or more on one side of the centre.")

    @classmethod
    def of(cls, line: charts.Line) -> "LineOut":
        """Show one chart."""
        return cls(
            points=list(line.points),
            centre=line.centre,
            low=line.low,
            high=line.high,
            beyond=list(line.beyond),
            shifted=list(line.shifted),
        )


class ControlChartOut(BaseModel):
    """X-bar and R where a run reads several times, else individuals and moving ranges."""

    serial: str = Field(examples=["RB1-0007"])
    bench: str = Field(examples=["bench-01"])
    names: list[str] = Field(examples=[["meter-2v5-a", "meter-2v5-b", "meter-2v5-c"]])
    unit: str = Field(examples=["V"])
    readings_per_point: int
    sigma: float = Field(description="Standard deviation within points (or between neighbours).")
    in_control: bool
    location: LineOut = Field(description="Means, or individual values.")
    spread: LineOut = Field(description="Ranges, or moving ranges.")
    subgroups: list[SubgroupOut]
    incomplete_runs: int = Field(description="Runs left out because one of the names has no value in them.")


class GaugeStudyOut(BaseModel):
    """Gauge R&R by analysis of variance (AIAG MSA): standard deviations in the unit of the readings."""

    names: list[str]
    unit: str
    parts: list[str] = Field(description="Serial numbers.")
    appraisers: list[str]
    trials: int = Field(description="Readings of each part by each appraiser; of more, the newest are taken.")
    repeatability: float = Field(description="Equipment variation (EV).")
    reproducibility: float = Field(description="Appraiser variation (AV), interaction included.")
    interaction: float
    interaction_p: float = Field(description="Above 0.25 the interaction is pooled with the repeatability.")
    gauge: float = Field(description="Repeatability and reproducibility together (GRR).")
    part_variation: float
    total: float
    percent_of_study: float | None = Field(description="100·GRR/TV: below 10 is good, above 30 not acceptable.")
    percent_of_tolerance: float | None = Field(description="100·6·GRR ÷ width between the limits; `null` without them.")
    categories: int | None = Field(description="Number of distinct categories (ndc): at least five are wanted.")


@dataclass(frozen=True, slots=True)
class _Point:
    run: Run
    values: dict[str, Measurement]

    def numbers(self, names: Sequence[str]) -> list[float] | None:
        """Return the values in the order of ``names``, ``None`` when one is missing."""
        found = [self.values[name].number for name in names if name in self.values]
        numbers = [one for one in found if one is not None]
        return numbers if len(numbers) == len(names) else None


def control_chart(session: Session, actor: Actor, wanted: DataFilter, names: Sequence[str]) -> ControlChartOut:
    """Return the chart of one artifact at one bench, which ``wanted`` names; raise the chart-not-possible problem."""
    serial, bench = wanted.serial or "", wanted.bench or ""
    points = _points(session, actor, wanted, names)
    complete = [(point, numbers) for point in points if (numbers := point.numbers(names)) is not None]
    if len(complete) < charts.FEWEST:
        raise Problem(
            CHART_NOT_POSSIBLE,
            wanted=charts.FEWEST,
            names=", ".join(names),
            serial=serial,
            bench=bench,
            found=len(complete),
        )
    chart = charts.control_chart([numbers for _, numbers in complete])
    return ControlChartOut(
        serial=serial,
        bench=bench,
        names=list(names),
        unit=complete[-1][0].values[names[0]].unit,
        readings_per_point=chart.subgroup,
        sigma=chart.sigma,
        in_control=chart.in_control,
        location=LineOut.of(chart.location),
        spread=LineOut.of(chart.spread),
        subgroups=[_subgroup(point, names, numbers) for point, numbers in complete],
        incomplete_runs=len(points) - len(complete),
    )


def gauge_study(
    session: Session, actor: Actor, wanted: DataFilter, names: Sequence[str], appraiser: Appraiser
) -> GaugeStudyOut:
    """Return the study of all parts and appraisers that the readings name; raise the study-not-possible problem."""
    readings: dict[tuple[str, str], list[float]] = {}
    unit, tolerance = "1", None
    for point in _points(session, actor, wanted, names):
        part, who = point.run.serial, getattr(point.run, appraiser.value)
        if part is None or who is None:
            continue
        cell = readings.setdefault((part, who), [])
        for name in names:
            one = point.values.get(name)
            if one is not None and one.number is not None:
                cell.append(one.number)
                unit = one.unit
                tolerance = None if one.low is None or one.high is None else one.high - one.low
    parts = sorted({part for part, _ in readings})
    appraisers = sorted({who for _, who in readings})
    counts = {(part, who): len(readings.get((part, who), ())) for part in parts for who in appraisers}
    fewest = min(counts, key=counts.__getitem__, default=("–", "–"))
    trials = counts.get(fewest, 0)
    if len(parts) < 2 or len(appraisers) < 2 or trials < 2:
        cell_words = f"{fewest[0]}, {fewest[1]}"
        raise Problem(STUDY_NOT_POSSIBLE, parts=len(parts), appraisers=len(appraisers), fewest=trials, cell=cell_words)
    study = gauge.gauge_study([[readings[part, who][-trials:] for who in appraisers] for part in parts], tolerance)
    return GaugeStudyOut(
        names=list(names),
        unit=unit,
        parts=parts,
        appraisers=appraisers,
        trials=trials,
        repeatability=study.repeatability,
        reproducibility=study.reproducibility,
        interaction=study.interaction,
        interaction_p=study.interaction_p,
        gauge=study.gauge,
        part_variation=study.part_variation,
        total=study.total,
        percent_of_study=study.percent_of_study,
        percent_of_tolerance=study.percent_of_tolerance,
        categories=study.categories,
    )


def _points(session: Session, actor: Actor, wanted: DataFilter, names: Sequence[str]) -> list[_Point]:
    """Return the runs with their readings, oldest first; of a step done twice the last attempt counts."""
    points: dict[int, _Point] = {}
    for one, run in reversed(queries.readings(session, actor, wanted, names, MOST_READINGS)):
        points.setdefault(run.id, _Point(run, {})).values[one.name] = one
    units = sorted({one.unit for point in points.values() for one in point.values.values()})
    if len(units) > 1:
        raise Problem(UNITS_DIFFER, names=", ".join(names), units=", ".join(units))
    return list(points.values())


def _subgroup(point: _Point, names: Sequence[str], numbers: list[float]) -> SubgroupOut:
    first = point.values[names[0]]
    used = instrument_of(point.run, first.instrument)
    return SubgroupOut(
        run=public_id(RUN_PREFIX, point.run.id),
        at=first.at,
        operator=point.run.operator,
        values=numbers,
        instrument_identity=used.get("identity"),
        calibration_due=used.get("calibration_due"),
    )
