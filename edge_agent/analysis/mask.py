"""Masks learned from good units, and comparison with them; how often a good unit would be refused is stated.

A mask is mean and spread at each point. A unit's distance is its greatest deviation in spreads. What a good unit's
distance can be is learned by leaving each good unit out in turn and measuring it against the others: the limit is the
upper prediction limit of that distance (log-normal, Student's t) for the false-reject rate that is asked for, and never
below the greatest that a good unit had. Beside that, without any assumption: r of N good units left out were refused,
so with 95 % confidence no more are than the Clopper-Pearson bound.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from edge_agent.analysis.features import Features, MaskKind, features
from edge_agent.analysis.result import NoAnswer
from protocols.quantity import Quantity, format_value
from protocols.waveform import ThermalImage, Waveform

Floats = npt.NDArray[np.float64]
FEWEST_GOOD = 5
CONFIDENCE = 0.95
MOST_BYTES = 4 << 20
_POOL = 16
_DIGITS = 6


class MadeFor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which step of which plan a mask was learned for."""

    model: str
    plan: str
    plan_version: int
    step: str
    channels: tuple[str, ...] = ()
    settings: str
    """SHA-256 of how the step captures: a record that was taken otherwise cannot be compared."""


class Mask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was learned. ``mean`` and ``spread`` are along ``axis``; ``limit`` is in spreads."""

    kind: MaskKind
    unit: str
    axis_unit: str
    axis: tuple[float, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    limit: float
    false_reject: float
    units: int
    refused: int
    """How many of the good units the mask of the others would have refused."""
    columns: int = 0
    made_for: MadeFor | None = None

    def __post_init__(self) -> None:
        if not len(self.axis) == len(self.mean) == len(self.spread) > 0:
            raise ValueError("axis, mean and spread differ in length")
        if min(self.spread) <= 0:
            raise ValueError("a spread is not above zero")

    @property
    def false_reject_bound(self) -> float:
        """Upper bound of the share of good units that are refused, with 95 % confidence (Clopper-Pearson)."""
        from scipy.special import betaincinv

        if self.refused >= self.units:
            return 1.0
        return float(betaincinv(self.refused + 1, self.units - self.refused, CONFIDENCE))

    def place(self, index: int) -> str:
        """Say where a point of the mask is."""
        if self.columns:
            return f"row {index // self.columns}, column {index % self.columns}"
        return format_value(self.axis[index], self.axis_unit, 4)


@dataclass(frozen=True, slots=True)
class MaskComparison:
    """``worst`` deviation and ``limit`` in spreads of the good units, % ``outside``, and ``place`` of the worst.

    ``false_reject`` (%) is the rate that the limit was made for, ``false_reject_bound`` (%) what the units prove.
    """

    matches: bool
    worst: Quantity
    limit: Quantity
    outside: Quantity
    deviation: Quantity
    false_reject: Quantity
    false_reject_bound: Quantity
    units: Quantity
    place: str


def learn(
    kind: MaskKind, records: Sequence[Sequence[Waveform] | ThermalImage], *, false_reject: float = 0.01
) -> Mask | NoAnswer:
    """Learn a mask from the records of good units (one item a unit), all taken at the same settings."""
    if len(records) < FEWEST_GOOD:
        return NoAnswer(f"{len(records)} good units are too few to know how they differ; take at least {FEWEST_GOOD}")
    found: list[Features] = []
    for number, record in enumerate(records, start=1):
        one = features(kind, record, found[0].values if found else None)
        if isinstance(one, NoAnswer):
            return NoAnswer(f"good unit {number}: {one.reason}")
        if found and one.values.size != found[0].values.size:
            return NoAnswer(f"good unit {number} was not taken at the settings of the first")
        found.append(one)
    values = np.array([one.values for one in found])
    limit, refused = _limit(values, false_reject)
    first = found[0]
    return Mask(
        kind=kind,
        unit=first.unit,
        axis_unit=first.axis_unit,
        axis=_rounded(first.axis),
        mean=_rounded(values.mean(axis=0)),
        spread=_rounded(_spread(values)),
        limit=limit,
        false_reject=false_reject,
        units=len(found),
        refused=refused,
        columns=first.columns,
    )


def compare(mask: Mask, record: Sequence[Waveform] | ThermalImage) -> MaskComparison | NoAnswer:
    """Compare a record with the good units of a mask."""
    if isinstance(record, ThermalImage) != (mask.kind is MaskKind.HEAT):
        return NoAnswer(f"the mask is for a {mask.kind}, which this record is not")
    mean = np.array(mask.mean)
    found = features(mask.kind, record, mean)
    if isinstance(found, NoAnswer):
        return found
    if found.values.size != mean.size or not _same_axis(found.axis, mask):
        return NoAnswer("the record was not taken at the settings of the good units")
    deviation = np.abs(found.values - mean) / np.array(mask.spread)
    worst = int(np.argmax(deviation))
    unit = "K" if found.unit == "Cel" else found.unit
    return MaskComparison(
        matches=bool(deviation[worst] <= mask.limit),
        worst=Quantity(float(deviation[worst]), "1", 1.0),
        limit=Quantity(mask.limit, "1", 0.0),
        outside=Quantity(100.0 * float(np.mean(deviation > mask.limit)), "%", 0.0),
        deviation=Quantity(float(found.values[worst] - mean[worst]), unit, mask.spread[worst]),
        false_reject=Quantity(100.0 * mask.false_reject, "%", 0.0),
        false_reject_bound=Quantity(100.0 * mask.false_reject_bound, "%", 0.0),
        units=Quantity(float(mask.units), "1", 0.0),
        place=mask.place(worst),
    )


def golden_mask(
    waveforms: tuple[Waveform, ...] | list[Waveform], *, mask: Mask, kind: str = "waveform"
) -> MaskComparison | NoAnswer:
    """Compare waveforms with a mask of a ``kind``: waveform, spectrum, response (input, output) or vi (V, I).

    Source: leave-one-out distances to good units; Clopper-Pearson bound of the false-reject rate. Units: numbers of
    spreads, %, the feature's unit. Accuracy: alignment as ``golden_comparison``; ``false_reject_bound`` says what
    so few units prove. Limits: records at the settings of the good units (length, rate).
    """
    if mask.kind != kind:
        return NoAnswer(f"the mask is for a {mask.kind}, not for a {kind}")
    return compare(mask, waveforms)


def golden_heat(image: ThermalImage, *, mask: Mask) -> MaskComparison | NoAnswer:
    """Compare a heat map with a learned mask, whatever the ambient temperature.

    Source: leave-one-out distances to good units; phase correlation. Units: numbers of spreads, %, K. Accuracy:
    alignment as ``registration``; ``false_reject_bound`` says what so few units prove. Limits: images of the good
    units' size, no pixel without a temperature; what all boards have in common is not seen.
    """
    return compare(mask, image)


def encode(mask: Mask) -> bytes:
    """Return a mask as a file: the same mask gives the same bytes, and so the same address."""
    return msgspec.json.encode(mask)


def decode(data: bytes, name: str) -> Mask:
    """Read a mask's file; raise ``ValueError`` in one sentence when it is none."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"{name}: larger than {MOST_BYTES} bytes, so it is no mask")
    try:
        return msgspec.json.decode(data, type=Mask)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"{name}: not a mask ({error}); make one with benchwright plan golden learn") from error


def _limit(values: Floats, false_reject: float) -> tuple[float, int]:
    """Return the limit in spreads, and how many good units it refuses when each is left out of its own mask."""
    from scipy.special import stdtrit

    n = values.shape[0]
    distances = np.empty(n)
    for left_out in range(n):
        rest = np.delete(values, left_out, axis=0)
        # A new unit differs from the mean of n by √(1 + 1/n); the mask in use has n, this one n − 1.
        scale = math.sqrt((1 + 1 / n) / (1 + 1 / (n - 1)))
        distances[left_out] = scale * float(np.max(np.abs(values[left_out] - rest.mean(axis=0)) / _spread(rest)))
    logs = np.log(np.maximum(distances, 1e-9))
    quantile = float(stdtrit(n - 1, 1 - false_reject))
    predicted = math.exp(logs.mean() + quantile * float(logs.std(ddof=1)) * math.sqrt(1 + 1 / n))
    refused = 0
    for left_out in range(n):
        rest = np.delete(logs, left_out)
        high = rest.mean() + float(stdtrit(n - 2, 1 - false_reject)) * rest.std(ddof=1) * math.sqrt(1 + 1 / (n - 1))
        refused += bool(logs[left_out] > max(high, rest.max()))
    return max(predicted, float(distances.max())), refused


def _spread(values: Floats) -> Floats:
    """Return the standard deviation at each point, the variance of neighbours pooled, never quite zero."""
    variance = values.var(axis=0, ddof=1)
    if variance.size > _POOL:
        kernel = np.full(_POOL, 1.0 / _POOL)
        variance = np.convolve(
            np.pad(variance, (_POOL // 2, _POOL - 1 - _POOL // 2), mode="edge"), kernel, mode="valid"
        )
    span = float(np.ptp(values))
    floor = max(1e-9, 1e-6 * span)
    return np.asarray(np.sqrt(variance + floor**2))


def _same_axis(axis: Floats, mask: Mask) -> bool:
    """Whether the points lie as far apart as the mask's; where a record begins is lost in most file formats."""
    wanted = np.array(mask.axis)
    step = abs(wanted[1] - wanted[0]) if wanted.size > 1 else 1.0
    return bool(np.allclose(axis - axis[0], wanted - wanted[0], rtol=1e-3, atol=0.01 * step))


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values)
