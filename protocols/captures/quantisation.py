"""How fine an instrument's samples are, seen from the samples."""

from typing import Any

import numpy as np
import numpy.typing as npt

_ENOUGH_SAMPLES = 200_000
_MOST_LEVELS = 4096
"""A 12-bit converter; more levels than this are averages or noise, and say nothing about a step."""


def quantisation_step(values: npt.NDArray[Any]) -> float | None:
    """Return the smallest distance between two levels in ``values``, shape (n,): the step of the converter.

    It is an estimate: an upper bound where few levels occur. ``None`` when there is one level only, or so many
    that the samples show no step.
    """
    some = values[:: max(1, values.size // _ENOUGH_SAMPLES)]
    levels = np.unique(some[np.isfinite(some)]).astype(np.float64)
    if not 2 <= levels.size <= _MOST_LEVELS:
        return None
    gaps = np.diff(levels)
    # Rounding in a file can split one level into two that differ in the last digit.
    real = gaps[gaps > 1e-6 * (levels[-1] - levels[0])]
    return float(real.min()) if real.size else None
