"""Speed of the analyses, as ratios to a peer that is measured in the same run, one thread.

Peers: a per-edge Python loop, the bare scipy float32 transform, the bandwidth at which memory can be read.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import math
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.row import Row
from edge_agent.analysis.decimate import minimum_maximum
from edge_agent.analysis.levels import CodeLevels, code_levels
from edge_agent.analysis.pixels import bad_pixels
from edge_agent.analysis.pulse import pulse_parameters
from edge_agent.analysis.registration import shifted
from edge_agent.analysis.result import NoAnswer
from edge_agent.analysis.spectrum import tone_metrics
from edge_agent.analysis.thermal import HotSpots, hot_spots_against
from protocols.waveform import ThermalImage, Waveform

_REPEATS = 7
PEERS = Path(__file__).parent.parent / ".venv" / "peers"
"""Where ``make bench`` installs programs to compare with that nothing else needs."""
_PI_4 = 2.5
"""How many times slower a Raspberry Pi 4 is on work that stays in its cache (from published figures: an estimate)."""


def _best_s(function: Callable[[], object], repeats: int = _REPEATS) -> float:
    """Return the shortest of several runs: what the work costs when nothing else uses the machine."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def _pulse_train(n: int) -> Waveform:
    """Pulses of 250 samples with edges of 8, on 8 bits."""
    phase = np.arange(n) % 250.37
    edge = np.clip(phase / 8 - 8, 0, 1) - np.clip(phase / 8 - 23, 0, 1)
    return Waveform("bench", (30 + 170 * edge).round().astype(np.uint8), 1e-9)


def _edge_by_edge(codes: npt.NDArray[Any], levels: CodeLevels) -> dict[str, float]:
    """The same parameters the plain way: a loop over edges, with straight-line interpolation."""
    middle, span = levels.fraction(0.5), levels.amplitude
    above = codes > middle
    edges = np.flatnonzero(above[1:] != above[:-1]).tolist()
    at: dict[bool, list[float]] = {True: [], False: []}
    durations: dict[bool, list[float]] = {True: [], False: []}
    beyond: dict[bool, list[float]] = {True: [], False: []}
    widths: dict[bool, list[float]] = {True: [], False: []}
    before = None
    for k, following in zip(edges, [*edges[1:], codes.size], strict=True):
        rising = bool(codes[k + 1] > middle)
        instants = []
        for part, direction in ((0.1, -1), (0.5, 0), (0.9, 1)):
            level = levels.fraction(part)
            i = k
            step = direction if rising else -direction
            while step and 0 < i < codes.size - 2 and (int(codes[i]) - level) * (int(codes[i + 1]) - level) > 0:
                i += step
            here, there = int(codes[i]), int(codes[i + 1])
            instants.append(i + (level - here) / (there - here) if there != here else float(i))
        at[rising].append(instants[1])
        durations[rising].append(abs(instants[2] - instants[0]))
        top = codes[k + 1 : following]
        beyond[rising].append((float(top.max()) - levels.high) if rising else (levels.low - float(top.min())))
        if before is not None:
            widths[not rising].append(instants[1] - before)
        before = instants[1]
    period = float(np.mean(np.diff(at[True])))
    return {
        "rise_time": float(np.mean(durations[True])),
        "fall_time": float(np.mean(durations[False])),
        "overshoot": float(np.mean(beyond[True])) / span,
        "undershoot": float(np.mean(beyond[False])) / span,
        "period": period,
        "duty": float(np.mean(widths[True])) / period,
    }


def _pulse_rows() -> Iterator[Row]:
    wave = _pulse_train(10_000_000)
    levels = code_levels(wave.codes)
    assert isinstance(levels, CodeLevels)
    ours = _best_s(lambda: pulse_parameters(wave))
    loop = _best_s(lambda: _edge_by_edge(wave.codes, levels), 1)
    yield Row(
        "pulse parameters ÷ per-edge Python loop",
        loop / ours,
        40,
        "higher",
        "10 M uint8, 80,000 edges, the same fields",
    )
    yield Row(
        "pulse parameters",
        wave.codes.size / ours / 1e6,
        350,
        "higher",
        "10 M uint8, all fields; one pass over the samples",
        "MSa/s",
    )
    yield _memory_row("pulse parameters: extra memory", lambda: pulse_parameters(wave), wave.codes.size, 3)


def _spectrum_rows() -> Iterator[Row]:
    from scipy import fft

    n = 1_000_000
    codes = np.round(30_000 * np.sin(2 * math.pi * 0.0123456789 * np.arange(n))).astype(np.int16)
    single = codes.astype(np.float32)
    wave = Waveform("bench", codes, 1e-6)
    tone_metrics(wave)  # the window is made once
    # In turn, so that both meet the same state of the machine.
    ours, bare = [], []
    for _ in range(2 * _REPEATS):
        ours.append(_best_s(lambda: tone_metrics(wave), 1))
        bare.append(_best_s(lambda: fft.rfft(single), 1))
    yield Row("all spectrum metrics ÷ bare float32 rfft", min(ours) / min(bare), 1.3, "lower", "1 M int16")
    peer = _toolbox_s(codes)
    if peer is not None:
        note = f"1 M int16: {1e3 * min(ours):.1f} ms, ADCToolbox {1e3 * peer:.0f} ms (Hann window, five harmonics)"
        yield Row("all spectrum metrics: ADCToolbox ÷ ours", peer / min(ours), 14, "higher", note)
    yield _memory_row("spectrum metrics: extra memory", lambda: tone_metrics(wave), n, 24)


def _toolbox_s(codes: npt.NDArray[Any]) -> float | None:
    """Return the time of ADCToolbox for the same record, ``None`` when it is not installed (``make bench`` does)."""
    sys.path.append(str(PEERS))  # last, so that numpy and scipy are ours for both
    try:
        import matplotlib

        matplotlib.use("Agg")
        from adctoolbox import analyze_spectrum
    except ImportError:
        sys.stderr.write(f"ADCToolbox is not in {PEERS}: its row is left out\n")
        return None
    finally:
        sys.path.remove(str(PEERS))
    values = codes.astype(np.float64)
    return _best_s(lambda: analyze_spectrum(values, create_plot=False), 3)


def _memory_row(name: str, work: Callable[[], object], samples: int, aim: float) -> Row:
    """Measure what is allocated at the peak beside the record itself."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return Row(name, peak / samples, aim, "lower", "at its peak, beside the record", "B/sample")


def _decimation_rows() -> Iterator[Row]:
    for dtype in (np.uint8, np.int16):
        codes = np.random.default_rng(1).integers(0, 120, 100_000_000).astype(dtype)
        # The fastest read that numpy has of the same memory: one reduction over it.
        read = _best_s(lambda codes=codes: codes.view(np.uint8).max())  # type: ignore[misc]
        ours = _best_s(lambda codes=codes: minimum_maximum(codes, 2000))  # type: ignore[misc]
        note = f"100 M {np.dtype(dtype).name}: {codes.size / ours / 1e9:.1f} GSa/s"
        yield Row("min/max to 2,000 points ÷ reading the memory once", read / ours, 0.7, "higher", note)


def _board(rise_k: float) -> npt.NDArray[np.float64]:
    """A board with 25 warm parts, one of them ``rise_k`` warmer than on a good one; 192×256 pixels."""
    y, x = np.mgrid[0:192, 0:256]
    rng = np.random.default_rng(3)
    field = np.full((192, 256), 25.0) + rise_k * np.exp(-((y - 100) ** 2 + (x - 90) ** 2) / 8)
    for _ in range(25):
        row, column, sigma, rise = rng.uniform(30, 162), rng.uniform(30, 226), rng.uniform(2, 9), rng.uniform(2, 30)
        field += rise * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
    return np.asarray(field)


def _thermal_rows() -> Iterator[Row]:
    rng = np.random.default_rng(1)
    golden, there, moved = (
        ThermalImage((field + rng.normal(0, 0.05, field.shape)).astype(np.float32), 0.95)
        for field in (_board(0.0), _board(15.0), shifted(_board(15.0), 2.3, -1.7))
    )

    def frame() -> HotSpots | NoAnswer:
        bad_pixels(there)
        return hot_spots_against(there, reference=golden)

    def registered() -> HotSpots | NoAnswer:
        bad_pixels(moved)
        return hot_spots_against(moved, reference=golden, align=True)

    for name, work in (("golden difference", frame), ("registration, golden difference", registered)):
        found = work()
        assert isinstance(found, HotSpots), found  # a refusal is quick, and no frame
        assert found.count.value == 1
        rate = 1 / _best_s(work, 4 * _REPEATS)
        note = f"256×192; Pi 4, an estimate: {rate / _PI_4:.0f} frame/s (this machine ÷ {_PI_4})"
        yield Row(f"thermal: bad pixels, {name}", rate, 500, "higher", note, "frame/s")


def rows() -> Iterator[Row]:
    """Yield all figures of this file."""
    yield from _pulse_rows()
    yield from _spectrum_rows()
    yield from _decimation_rows()
    yield from _thermal_rows()
