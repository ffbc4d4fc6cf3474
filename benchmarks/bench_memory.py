"""Memory of every analysis of the catalogue beside its record, a sample, and what a Raspberry Pi 4 would take.

The records are those of the gallery, repeated to a million samples a channel where the analysis sees the same signal
in that, made anew where it does not.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.row import Row
from edge_agent.analysis.registry import InputKind, analyses, run
from edge_agent.analysis.result import NoAnswer
from protocols.waveform import Waveform
from scripts import gallery

SAMPLES = 1_000_000
MOST = 64.0
"""Bytes a sample: ten million samples then take 0.64 GB, which a Pi 4 with 2 GB has."""
_PI_4 = 2.5
"""As in ``bench_analysis``: an estimate from published figures, not a measurement."""
_MASKS = ("golden_mask",)
"""Compared at the length that the mask was learned at."""


def _long(wave: Waveform) -> Waveform:
    return replace(wave, codes=np.resize(wave.codes, SAMPLES))


def _made(name: str) -> Waveform | None:
    """Return a record that repeating the gallery's would spoil: one step, one cooling."""
    t = np.arange(SAMPLES, dtype=np.float64)
    noise = np.random.default_rng(1).normal(0, 1, SAMPLES)
    since = t - SAMPLES // 4 - 0.5
    if name == "esr":
        volts = np.where(since > 0, 0.1 * (35e-3 + since * 1e-7 / 470e-6), 0.0) + 2e-4 * noise
        return Waveform("step", np.round(volts / 1e-6).astype(np.int32), 1e-7, scale=1e-6)
    if name == "load_step":
        volts = 5.0 - np.where(since > 0, 0.05 + 0.15 * np.exp(-np.maximum(since, 0) / 5e4), 0.0) + 1e-3 * noise
        return Waveform("rail", np.round(volts / 1e-4).astype(np.int32), 1e-7, scale=1e-4)
    if name == "time_constant":
        degrees = 25 + 30 * (1 - np.exp(-t / (0.4 * SAMPLES))) + 0.04 * noise
        return Waveform("part", np.round(degrees / 1e-2).astype(np.int16), 1e-3, unit="Cel", scale=1e-2)
    return None


def _signal(name: str, signal: Any) -> Any:
    made = _made(name)
    if made is not None:
        return made
    return _long(signal) if isinstance(signal, Waveform) else [_long(one) for one in signal]


def rows() -> Iterator[Row]:
    """Yield the peak of what each analysis allocates, a sample of all its records."""
    for name, spec in analyses().items():
        if spec.input_kind not in (InputKind.WAVEFORM, InputKind.WAVEFORMS) or name in _MASKS:
            continue
        example = gallery.EXAMPLES[name]()
        signal = _signal(name, example.signal)
        found = run(name, signal, **example.parameters)
        assert not all(isinstance(value, NoAnswer) for value in found.values()), f"{name}: {found}"
        began = time.perf_counter()
        run(name, signal, **example.parameters)
        took = time.perf_counter() - began
        tracemalloc.start()
        run(name, signal, **example.parameters)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        channels = 1 if isinstance(signal, Waveform) else len(signal)
        note = f"{channels} × 1 M: {1e3 * took:.0f} ms; Pi 4, an estimate: {1e3 * took * _PI_4:.0f} ms (× {_PI_4})"
        yield Row(f"memory: {name}", peak / SAMPLES / channels, MOST, "lower", note, "B/sample")
