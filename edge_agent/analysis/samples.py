"""What all analyses of one waveform ask first: is there anything to analyse, and how large is one quantisation step."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.analysis.result import NoAnswer
from protocols.waveform import Waveform


def problem(waveform: Waveform, minimum: int) -> NoAnswer | None:
    """Return why ``waveform`` cannot be analysed at all (fewer than ``minimum`` samples, no numbers), or ``None``."""
    codes = waveform.codes
    if codes.ndim != 1 or codes.size < minimum:
        return NoAnswer(f"the record has {codes.size} samples; at least {minimum} are needed")
    if codes.dtype.kind not in "iuf":
        return NoAnswer(f"samples of type {codes.dtype} cannot be analysed")
    if not (math.isfinite(waveform.sample_interval_s) and waveform.sample_interval_s > 0):
        return NoAnswer("the sample interval of the record is not known")
    if not (math.isfinite(waveform.scale) and waveform.scale != 0 and math.isfinite(waveform.offset)):
        return NoAnswer("the vertical scale of the record is not known")
    if codes.dtype.kind == "f" and not (np.isfinite(codes.min()) and np.isfinite(codes.max())):
        return NoAnswer("the record has samples without a value (NaN or infinite)")
    return None


def rising_scale(waveform: Waveform) -> Waveform:
    """Return the same waveform with a positive ``scale``, so that larger codes are larger values."""
    if waveform.scale > 0:
        return waveform
    codes = waveform.codes
    if codes.dtype.kind == "f":
        return replace(waveform, codes=-codes, scale=-waveform.scale)
    # Bitwise inversion maps x to (sum of both ends of the type) - x without leaving the type.
    ends = np.iinfo(codes.dtype)
    mirror = int(ends.min) + int(ends.max)
    offset = waveform.offset + waveform.scale * mirror
    return replace(waveform, codes=np.invert(codes), scale=-waveform.scale, offset=offset)


def quantisation_step(waveform: Waveform) -> float:
    """Return one quantisation step in the waveform's unit; 0.0 for samples that are not quantised."""
    if waveform.resolution is not None and math.isfinite(waveform.resolution):
        return abs(waveform.resolution)
    return abs(waveform.scale) if waveform.codes.dtype.kind in "iu" else 0.0


def code_mean(codes: npt.NDArray[Any]) -> float:
    """Return the mean of ``codes``, shape (n,), exact for integers and to 1e-15 of the largest for floats."""
    if codes.dtype.kind in "iu":
        return int(codes.sum(dtype=np.int64)) / codes.size
    # Two passes: the second removes the rounding of the first (NIST StRD NumAcc).
    first = float(codes.mean(dtype=np.float64))
    return first + float(np.subtract(codes, first, dtype=np.float64).mean())


def code_deviation(codes: npt.NDArray[Any], mean: float) -> float:
    """Return the standard deviation (n - 1) of ``codes``, shape (n,), about their ``mean``, by the two-pass formula."""
    total = compensation = 0.0
    for block in blocks(codes):
        residual = np.subtract(block, mean, dtype=np.float64)
        total += float(residual @ residual)
        compensation += float(residual.sum())
    return math.sqrt(max(total - compensation**2 / codes.size, 0.0) / (codes.size - 1))


BLOCK = 1 << 17
"""Samples worked on at a time: the intermediate arrays stay in the cache, and memory stays small."""


def blocks(codes: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Return ``codes``, shape (n,), as consecutive views of at most ``BLOCK`` samples."""
    return [codes[start : start + BLOCK] for start in range(0, codes.size, BLOCK)]


_FEW = 8
"""Part of the words that may have a flag for looking at words to be worth while."""


def places(flags: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return where ``flags`` (contiguous, one byte each, shape (n,)) are not zero; shape (k,), ascending.

    As ``numpy.flatnonzero``, several times faster where most are zero: eight are looked at together.
    """
    whole = flags.size // 8 * 8
    words = flags[:whole].view(np.uint64)
    used = np.flatnonzero(words != 0)
    if used.size * _FEW > words.size:
        return np.flatnonzero(flags != 0)
    within = np.flatnonzero(words[used].view(np.uint8) != 0)
    found = used.take(within >> 3)
    found <<= 3
    within &= 7
    found += within
    if whole == flags.size:
        return found
    return np.concatenate([found, np.flatnonzero(flags[whole:]) + whole])
