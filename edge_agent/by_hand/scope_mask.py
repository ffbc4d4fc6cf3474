"""A mask about good records: what a signal may be at each sample (in the manner of a pass/fail mask of a scope)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.decimate import minimum_maximum
from edge_agent.analysis.result import NoAnswer
from edge_agent.local_api.scope import Trace
from protocols.waveform import Waveform

VERTICAL = 0.05
"""Part of the good record's swing that the mask is wider, up and down."""
HORIZONTAL = 0.002
"""Part of the record that the mask is wider, to the left and right; two samples at least."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """``low`` and ``high``, shape (n,), in the waveform's unit, at the times of ``like``."""

    low: Floats
    high: Floats
    like: Waveform

    def trace(self, part: Waveform, columns: int) -> Trace:
        """Return the mask at the times of ``part``, so wide that nothing inside it is drawn outside."""
        first = max(0, round((part.start_s - self.like.start_s) / self.like.sample_interval_s))
        window = slice(first, first + part.codes.size)
        low, high = self.low[window], self.high[window]
        if low.size == 0:
            return Trace(self.like.name, self.like.unit, part.start_s, part.sample_interval_s, (), ())
        least, _, length = minimum_maximum(low, columns)
        _, greatest, _ = minimum_maximum(high, columns)
        return Trace(
            self.like.name,
            self.like.unit,
            part.start_s,
            length * part.sample_interval_s,
            tuple(least.tolist()),
            tuple(greatest.tolist()),
        )


def mask_of(good: Sequence[Waveform]) -> Mask | NoAnswer:
    """Return the mask about good records of one length, taken with the same settings."""
    from scipy import ndimage

    if len({wave.codes.size for wave in good}) > 1:
        return NoAnswer("the kept records differ in length; keep records of the same settings")
    values = np.array([wave.values() for wave in good])
    low, high = values.min(axis=0), values.max(axis=0)
    width = 2 * max(2, round(HORIZONTAL * low.size)) + 1
    margin = VERTICAL * float(high.max() - low.min()) or VERTICAL
    return Mask(
        ndimage.minimum_filter1d(low, width) - margin, ndimage.maximum_filter1d(high, width) + margin, replace(good[-1])
    )


def outside_mask(wave: Waveform, mask: Mask) -> int:
    """Return how many samples of ``wave`` are outside; those beyond the mask's own record do not count."""
    values = wave.values()[: mask.low.size]
    size = values.size
    return int(np.count_nonzero((values < mask.low[:size]) | (values > mask.high[:size])))
