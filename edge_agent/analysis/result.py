"""What every analysis returns: quantities with standard uncertainties, or the reason why there is none."""

import math
from dataclasses import dataclass
from typing import TypeAlias

from protocols.quantity import Quantity


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The signal does not allow an answer; ``reason`` says why in words (and how to get one, where that is known)."""

    reason: str


Answer: TypeAlias = Quantity | NoAnswer


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What the instrument adds to the uncertainty of the record, as standard uncertainties (k = 1).

    ``gain`` is relative to the reading, ``offset`` is in the record's unit, ``time_base`` is relative to times and
    frequencies. A data sheet's limits ±a become standard uncertainties by ``from_limits`` (GUM 4.3.7, rectangular).
    """

    gain: float = 0.0
    offset: float = 0.0
    time_base: float = 0.0

    @classmethod
    def from_limits(cls, *, gain: float = 0.0, offset: float = 0.0, time_base: float = 0.0) -> "Accuracy":
        """Return the accuracy of an instrument whose data sheet gives the limits ± of each."""
        return cls(from_limit(gain), from_limit(offset), from_limit(time_base))

    def of_level(self, value: float) -> float:
        """Return the standard uncertainty of an absolute level ``value`` in the record's unit."""
        return math.hypot(self.gain * value, self.offset)

    def of_difference(self, value: float) -> float:
        """Return the standard uncertainty of a difference of two levels: the offset cancels."""
        return abs(self.gain * value)

    def of_time(self, value: float) -> float:
        """Return the standard uncertainty that the time base adds to a duration or a frequency ``value``."""
        return abs(self.time_base * value)


IDEAL = Accuracy()
"""An instrument that adds nothing: the uncertainty then covers sampling and quantisation of the record only."""


def from_limit(half_width: float) -> float:
    """Return the standard uncertainty of a quantity known to lie within ±``half_width`` (GUM 4.3.7)."""
    return abs(half_width) / math.sqrt(3.0)


def quantisation_uncertainty(step: float) -> float:
    """Return the standard uncertainty of one value rounded to multiples of ``step`` (GUM F.2.2.1)."""
    return abs(step) / math.sqrt(12.0)


def combined(*components: float | None) -> float | None:
    """Return the root sum of squares of independent ``components`` (GUM 5.1.2); ``None`` if one is unknown."""
    total = 0.0
    for component in components:
        if component is None or not math.isfinite(component):
            return None
        total += component * component
    return math.sqrt(total)


def uncertainty_of(answer: Answer) -> float | None:
    """Return the standard uncertainty of ``answer``, ``None`` where it is unknown or there is no answer."""
    return answer.standard_uncertainty if isinstance(answer, Quantity) else None
