"""Capture files by their hash, and the previews that go into records."""

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from protocols.captures.errors import CaptureError
from protocols.captures.packed import write_packed
from protocols.captures.sigrok_write import write_sr
from protocols.messages.records import CaptureTaken, Curve
from protocols.waveform import Capture, ThermalImage, Waveform

PACKED_FROM_BYTES = 4 << 20
MAX_SPANS = 1000
_SPANS_OF_ALL_CHANNELS = 2400
"""So that the previews of one record fit a message with room to spare."""
_MAX_CURVES = 8


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """A capture as a file: any program can open it without us."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The address of the content."""
        return hashlib.sha256(self.content).hexdigest()


class CaptureStore(Protocol):
    """Keeps files until the hub has them."""

    def save(self, file: CaptureFile, /) -> None:
        """Store it durably under its hash; storing the same content twice is harmless.

        Raises ``OSError`` or ``edge_agent.captures.CaptureStoreError``: the step is then an error.
        """
        ...


class FolderCaptureStore:
    """A folder of content-addressed files (``<sha256>``), each written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, file: CaptureFile) -> None:
        """Write to a temporary name, flush to the disk, rename."""
        target = self.path(file.sha256)
        if target.exists():
            return
        partial = target.with_suffix(".part")
        with partial.open("wb") as out:
            out.write(file.content)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def path(self, sha256: str) -> Path:
        """Return where the content of this hash is (or would be)."""
        return self.folder / sha256


def files_of(
    name: str,
    waveforms: Sequence[Waveform],
    thermal: ThermalImage | None,
    others: Mapping[str, bytes] | None = None,
    text: str | None = None,
) -> list[CaptureFile]:
    """Return waveforms as a sigrok session (``.npz`` where that format cannot hold them) and an image as ``.npz``.

    ``others`` are kept as they are, and what a line said as a log: nothing, if it was silent. Long records are packed
    (``.bwc``): the others' deflate would take longer than the step (decision 0151).
    """
    files = []
    if sum(wave.codes.nbytes for wave in waveforms) >= PACKED_FROM_BYTES:
        packed = write_packed(Capture(analog=tuple(waveforms)))
        files.append(CaptureFile(f"{name}.bwc", "application/vnd.benchwright.capture", packed))
    elif waveforms:
        try:
            session = write_sr(Capture(analog=tuple(waveforms)))
            files.append(CaptureFile(f"{name}.sr", "application/vnd.sigrok.session", session))
        except CaptureError:
            arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = {}
            for wave in waveforms:
                arrays[wave.name] = wave.values()
                arrays[f"{wave.name}_start_and_interval_s"] = np.array([wave.start_s, wave.sample_interval_s])
            files.append(_npz(name, arrays))
    if thermal is not None:
        image = {
            "temperatures_c": thermal.temperatures_c.astype(np.float64),
            "emissivity": np.array([thermal.emissivity]),
        }
        files.append(_npz(f"{name}-thermal", image))
    files += [CaptureFile(label, "application/octet-stream", data) for label, data in (others or {}).items()]
    if text:
        files.append(CaptureFile(f"{name}.log", "text/plain", text.encode()))
    return files


def record_of(run: str, step: str, file: CaptureFile, waveforms: Sequence[Waveform]) -> CaptureTaken:
    """Return the record of a saved file, with a preview of each channel."""
    shown = waveforms[:_MAX_CURVES] if file.name.endswith((".sr", ".npz", ".bwc")) else ()
    spans = min(MAX_SPANS, _SPANS_OF_ALL_CHANNELS // max(1, len(shown)))
    previews = tuple(curve(wave, spans) for wave in shown if wave.codes.size)
    return CaptureTaken(run, step, file.name, file.sha256, len(file.content), file.media_type, previews)


def curve(wave: Waveform, spans: int = MAX_SPANS) -> Curve:
    """Return smallest and largest value of each of at most ``spans`` equal spans: no glitch is lost from sight.

    The last span may reach a little beyond the record; six digits are kept.
    """
    per_span = -(-wave.codes.size // spans)
    starts = np.arange(0, wave.codes.size, per_span)
    low = np.minimum.reduceat(wave.codes, starts) * wave.scale + wave.offset
    high = np.maximum.reduceat(wave.codes, starts) * wave.scale + wave.offset
    if wave.scale < 0:
        low, high = high, low
    return Curve(
        name=wave.name[:64],
        unit=wave.unit,
        start_s=wave.start_s,
        span_s=per_span * wave.sample_interval_s,
        minimum=tuple(float(f"{value:.6g}") for value in low),
        maximum=tuple(float(f"{value:.6g}") for value in high),
    )


def _npz(name: str, arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> CaptureFile:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return CaptureFile(f"{name}.npz", "application/x-npz", out.getvalue())
