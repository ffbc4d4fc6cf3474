"""Records as files that other programs open, written to a folder of the bench."""

import io
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_agent.local_api.scope import Saved
from protocols.captures.npz import write_npz
from protocols.captures.sigrok_write import write_sr
from protocols.waveform import Capture, ThermalImage, Waveform

if TYPE_CHECKING:
    from edge_agent.by_hand.scope_frame import Record

_ROWS = 65_536
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def save(folder: Path, name: str, ending: str, content: bytes) -> Saved:
    """Write ``<name>-<UTC time>.<ending>``, whole and durably; raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem = f"{_UNSAFE.sub('-', name)}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    target = folder / f"{stem}.{ending}"
    number = 2
    while target.exists():
        target, number = folder / f"{stem}-{number}.{ending}", number + 1
    partial = target.with_name(f".{target.name}.part")
    with partial.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(target)
    return Saved(str(target.absolute()), len(content))


def scope_file(record: "Record", kind: str) -> bytes:
    """Return a record as ``sr`` (sigrok), ``csv``, ``npz`` or ``png``; raises ``CaptureError``."""
    if kind == "sr":
        return write_sr(Capture(analog=record.waveforms))
    if kind == "npz":
        return write_npz(Capture(analog=record.waveforms))
    if kind == "csv":
        return b"".join(_csv(record.waveforms))
    from edge_agent.by_hand.picture import scope_png

    return scope_png(record)


def thermal_file(image: ThermalImage, kind: str) -> bytes:
    """Return an image as ``csv`` (°C, a row a line), ``npz`` or ``png``."""
    if kind == "npz":
        return write_npz(Capture(thermal=image))
    if kind == "csv":
        text = io.StringIO()
        np.savetxt(text, image.temperatures_c, fmt="%.2f", delimiter=",")
        return text.getvalue().encode()
    from edge_agent.by_hand.picture import thermal_png

    return thermal_png(image)


def _csv(waveforms: tuple[Waveform, ...]) -> Iterator[bytes]:
    """Yield the table: time in s, then each channel with its unit in the heading."""
    yield ("time_s," + ",".join(f"{wave.name}_{wave.unit}" for wave in waveforms) + "\n").encode()
    shortest = min(wave.codes.size for wave in waveforms)
    for start in range(0, shortest, _ROWS):
        stop = min(start + _ROWS, shortest)
        times = waveforms[0].start_s + np.arange(start, stop) * waveforms[0].sample_interval_s
        columns = [wave.codes[start:stop].astype(np.float64) * wave.scale + wave.offset for wave in waveforms]
        text = io.StringIO()
        np.savetxt(text, np.column_stack([times, *columns]), fmt=["%.12g", *["%.7g"] * len(columns)], delimiter=",")
        yield text.getvalue().encode()
