"""Noise as a function of time: the same instant always gives the same value, whoever samples it and how often."""

import hashlib
import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_SIGMA_OF_FOUR_UNIFORMS = 65536.0 / math.sqrt(3.0)


def instants(start_s: float, interval_s: float, count: int, first: int = 0) -> Floats:
    """Return the times of samples ``first`` … of a uniform grid that begins at ``start_s``, shape (count,)."""
    grid: Floats = np.arange(first, first + count, dtype=np.float64) * interval_s + start_s
    return grid


def key(seed: int, name: str) -> int:
    """Return a 64-bit key for one noise source: independent for each ``name`` under each ``seed``."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest(), "little")


def _mix(indices: npt.NDArray[np.int64], source: int) -> npt.NDArray[np.uint64]:
    """Hash lattice indices (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = indices.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(source)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(indices: npt.NDArray[np.int64], source: int) -> Floats:
    """Return one number in [0, 1) for each lattice index, shape of ``indices``."""
    drawn: Floats = (_mix(indices, source) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return drawn


def normal(indices: npt.NDArray[np.int64], source: int) -> Floats:
    """Return one nearly Gaussian number (mean 0, variance 1, within ±3.47) for each lattice index."""
    bits = _mix(indices, source)
    low = np.uint64(0xFFFF)
    total = (bits & low) + ((bits >> np.uint64(16)) & low) + ((bits >> np.uint64(32)) & low) + (bits >> np.uint64(48))
    drawn: Floats = (total.astype(np.float64) - 2.0 * 65535.0) / _SIGMA_OF_FOUR_UNIFORMS
    return drawn


def draw(source: int, index: int) -> float:
    """Return one uniform number in [0, 1) for ``index``."""
    return float(uniform(np.array([index], dtype=np.int64), source)[0])


def band_noise(times_s: Floats, bandwidth_hz: float, source: int) -> Floats:
    """Return Gaussian noise of variance 1, band limited to about ``bandwidth_hz``, at any instants.

    A value is drawn for every lattice point (spaced 1/2B) and blended in between with weights whose squares sum to 1,
    so that the variance is the same everywhere.
    """
    position = times_s * (2.0 * bandwidth_hz)
    cell = np.floor(position)
    phase = (position - cell) * (math.pi / 2.0)
    index = cell.astype(np.int64)
    if index.size == 0:
        return np.zeros(0)
    first, last = int(index.min()), int(index.max())
    if last - first < 2 * index.size:
        table = normal(np.arange(first, last + 2, dtype=np.int64), source)
        left, right = table[index - first], table[index - first + 1]
    else:
        left, right = normal(index, source), normal(index + 1, source)
    blended: Floats = left * np.cos(phase) + right * np.sin(phase)
    return blended
