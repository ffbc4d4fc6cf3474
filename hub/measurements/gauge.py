"""Gauge repeatability and reproducibility by analysis of variance (AIAG MSA, 4th edition, III B). Pure.

Crossed study: each appraiser (an operator, or a bench) measures each part several times. Where the interaction of
appraiser and part is not significant (α = 0.25) it is pooled with the repeatability, as the manual does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

ALPHA = 0.25
_STEPS = 300


@dataclass(frozen=True, slots=True)
class GaugeStudy:
    """Standard deviations in the unit of the readings; what they are of the whole, in percent, is a property."""

    parts: int
    appraisers: int
    trials: int
    repeatability: float
    reproducibility: float
    """Between appraisers, the interaction with parts included."""
    interaction: float
    part_variation: float
    interaction_p: float
    """Chance that the interaction is none; above 0.25 it is pooled, and ``interaction`` is 0."""
    tolerance: float | None = None
    """Width between the limits of the measurement."""

    @property
    def gauge(self) -> float:
        """Repeatability and reproducibility together."""
        return math.hypot(self.repeatability, self.reproducibility)

    @property
    def total(self) -> float:
        """Gauge and parts together."""
        return math.hypot(self.gauge, self.part_variation)

    @property
    def percent_of_study(self) -> float | None:
        """The gauge as a share of the total variation: below 10 % is good, above 30 % is not to be used."""
        return 100.0 * self.gauge / self.total if self.total > 0 else None

    @property
    def percent_of_tolerance(self) -> float | None:
        """Six standard deviations of the gauge as a share of the tolerance."""
        return None if not self.tolerance else 100.0 * 6.0 * self.gauge / self.tolerance

    @property
    def categories(self) -> int | None:
        """Number of distinct categories: at least five are wanted."""
        return int(1.41 * self.part_variation / self.gauge) if self.gauge > 0 else None


def gauge_study(cells: Sequence[Sequence[Sequence[float]]], tolerance: float | None = None) -> GaugeStudy:
    """Return the study of ``cells[part][appraiser][trial]``; raise ``ValueError`` in one sentence."""
    p = len(cells)
    o = len(cells[0]) if p else 0
    r = len(cells[0][0]) if o else 0
    if any(len(part) != o or any(len(cell) != r for cell in part) for part in cells):
        raise ValueError("each appraiser must have measured each part equally often")
    if p < 2 or o < 2 or r < 2:
        raise ValueError(f"a study takes at least 2 parts, 2 appraisers and 2 trials, not {p}, {o} and {r}")
    means = [[fmean(cell) for cell in part] for part in cells]
    part_means = [fmean(row) for row in means]
    appraiser_means = [fmean(row[j] for row in means) for j in range(o)]
    grand = fmean(part_means)
    parts_ss = r * o * math.fsum((mean - grand) ** 2 for mean in part_means)
    appraisers_ss = r * p * math.fsum((mean - grand) ** 2 for mean in appraiser_means)
    interaction_ss = r * math.fsum(
        (means[i][j] - part_means[i] - appraiser_means[j] + grand) ** 2 for i in range(p) for j in range(o)
    )
    error_ss = math.fsum((one - means[i][j]) ** 2 for i in range(p) for j in range(o) for one in cells[i][j])
    interaction_df, error_df = (p - 1) * (o - 1), p * o * (r - 1)
    chance = f_upper_tail(interaction_ss / interaction_df, error_ss / error_df, interaction_df, error_df)
    parts_ms, appraisers_ms = parts_ss / (p - 1), appraisers_ss / (o - 1)
    if chance > ALPHA:
        error_ms = interaction_ms = (interaction_ss + error_ss) / (interaction_df + error_df)
    else:
        error_ms, interaction_ms = error_ss / error_df, interaction_ss / interaction_df
    interaction = max(0.0, (interaction_ms - error_ms) / r)
    between = max(0.0, (appraisers_ms - interaction_ms) / (p * r))
    return GaugeStudy(
        parts=p,
        appraisers=o,
        trials=r,
        repeatability=math.sqrt(error_ms),
        reproducibility=math.sqrt(between + interaction),
        interaction=math.sqrt(interaction),
        part_variation=math.sqrt(max(0.0, (parts_ms - interaction_ms) / (o * r))),
        interaction_p=chance,
        tolerance=tolerance,
    )


def f_upper_tail(above: float, below: float, above_df: int, below_df: int) -> float:
    """Return the chance that a ratio of mean squares is at least ``above`` ÷ ``below`` (Fisher's F)."""
    if below <= 0:
        return 1.0 if above <= 0 else 0.0
    ratio = above / below
    return _incomplete_beta(below_df / 2, above_df / 2, below_df / (below_df + above_df * ratio))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularized incomplete beta function by its continued fraction (DLMF 8.17.22, Lentz's method)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast below the mean
        return 1.0 - _incomplete_beta(b, a, 1.0 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    tiny = 1e-300
    value, c, d = 1.0, 1.0, 0.0
    for step in range(_STEPS):
        m = step // 2
        if step == 0:
            numerator = 1.0
        elif step % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1.0 / ((1.0 + numerator * d) or tiny)
        c = (1.0 + numerator / c) or tiny
        value *= c * d
        if abs(1.0 - c * d) < 1e-12:
            break
    return front * (value - 1.0) / a
