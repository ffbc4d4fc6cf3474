"""Packing captures against numpy's compressed archives, and against the entropy of the signal."""

import io
import time
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.row import Row
from protocols.captures.packed import BLOCK_SAMPLES, pack, unpack_block

SAMPLES = 1_048_576
REPEATS = 60


def _signal() -> np.ndarray:
    """A 12-bit converter's view of a sine with three codes of noise."""
    times = np.arange(SAMPLES)
    rng = np.random.default_rng(1)
    return (2000 * np.sin(times * 2 * np.pi / 5000) + rng.normal(0, 3, SAMPLES)).astype(np.int16)


def _fastest(work: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def rows() -> Iterator[Row]:
    """Yield speed as a ratio to ``numpy.savez_compressed``, and size as a share of the entropy."""
    codes = _signal()
    blocks = list(pack(codes))
    packing = codes.nbytes / _fastest(lambda: list(pack(codes))) / 1e6
    short = codes[: SAMPLES // 4]
    archive = short.nbytes / _fastest(lambda: np.savez_compressed(io.BytesIO(), codes=short), 8) / 1e6
    size = sum(map(len, blocks))

    def unpack() -> None:
        for index, block in enumerate(blocks):
            unpack_block(block, codes.dtype, min(BLOCK_SAMPLES, codes.size - index * BLOCK_SAMPLES))

    unpacking = codes.nbytes / _fastest(unpack) / 1e6
    note = f"{packing:.0f} MB/s against {archive:.1f} MB/s, {size / codes.nbytes:.2f} of the size"
    note += f"; unpacked at {unpacking:.0f} MB/s"
    yield Row("pack a capture (int16) / npz deflate", packing / archive, 40, "higher", note)
    _, counts = np.unique(np.diff(codes.astype(np.int32)), return_counts=True)
    share = counts / counts.sum()
    entropy = float(-(share * np.log2(share)).sum()) * codes.size / 8
    yield Row("order-0 entropy of the differences / packed size", entropy / size, 0.95, "higher", unit="x")
