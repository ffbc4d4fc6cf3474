"""Two-level signals as functions of time: levels that change at given instants, with exponential edges."""

import math

import numpy as np
import numpy.typing as npt

from drivers.simulated.noise import Floats

SETTLED = 16.0
"""An edge is over after this many time constants (1e-7 of its height is left)."""
RISE_OF_TAU = math.log(9.0)
"""10–90 % transition duration of an exponential edge in time constants."""


def slowed(tau_s: float, bandwidth_hz: float) -> float:
    """Return the time constant of an edge seen through an input of ``bandwidth_hz`` (rise times add in squares)."""
    return math.hypot(tau_s, 0.35 / bandwidth_hz / RISE_OF_TAU)


def render(
    times_s: Floats,
    edge_times_s: Floats,
    levels: Floats,
    *,
    initial: float,
    tau_rise_s: float,
    tau_fall_s: float,
) -> Floats:
    """Return the signal: ``initial`` before the first edge, then ``levels[i]`` after ``edge_times_s[i]``.

    Edges are sorted; an edge starts from the level that the one before was heading for.
    """
    if edge_times_s.size == 0:
        return np.full(times_s.shape, initial)
    index = np.searchsorted(edge_times_s, times_s, side="right")
    steps = np.concatenate(([initial], levels))
    values = steps[index]
    since = np.where(index > 0, times_s - edge_times_s[np.maximum(index, 1) - 1], np.inf)
    moving = np.flatnonzero(since < SETTLED * max(tau_rise_s, tau_fall_s))
    if moving.size:
        target = values[moving]
        origin = steps[index[moving] - 1]
        tau = np.where(target > origin, tau_rise_s, tau_fall_s)
        values[moving] = target + (origin - target) * np.exp(-since[moving] / tau)
    return values


def level_at(times_s: Floats, edge_times_s: Floats, levels: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the logic level at ``times_s``, low before the first edge."""
    steps = np.concatenate((np.zeros(1, dtype=np.bool_), levels))
    return steps[np.searchsorted(edge_times_s, times_s, side="right")]
