"""Records of good units that a bench keeps to compare with: by role, in files that numpy opens."""

import io
import json
import os
import threading
from pathlib import Path

import numpy as np

from protocols.captures.npz import write_npz
from protocols.waveform import Capture, ThermalImage, Waveform

MOST = 8
"""Of one role; the oldest makes room."""


class GoodRecords:
    """A folder; thread-safe. A file is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._loaded: dict[str, tuple[Capture, ...]] = {}

    def of(self, role: str) -> tuple[Capture, ...]:
        """Return what is kept for a role, the newest last. A damaged file is left out."""
        with self._mutex:
            if role not in self._loaded:
                found = [_load(path) for path in self._files(role)]
                self._loaded[role] = tuple(one for one in found if one is not None)
            return self._loaded[role]

    def keep(self, role: str, capture: Capture) -> int:
        """Keep one more and return how many there are; raises ``OSError``."""
        with self._mutex:
            folder = self._folder / role
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            files = self._files(role)
            number = int(files[-1].stem) + 1 if files else 1
            target = folder / f"{number:06}.npz"
            partial = target.with_suffix(".part")
            with partial.open("wb") as out:
                out.write(write_npz(capture))
                out.flush()
                os.fsync(out.fileno())
            partial.replace(target)
            for old in self._files(role)[:-MOST]:
                old.unlink(missing_ok=True)
            self._loaded.pop(role, None)
            return len(self._files(role))

    def forget(self, role: str) -> None:
        """Keep none any more."""
        with self._mutex:
            for file in self._files(role):
                file.unlink(missing_ok=True)
            self._loaded.pop(role, None)

    def _files(self, role: str) -> list[Path]:
        return sorted(file for file in (self._folder / role).glob("*.npz") if file.stem.isdecimal())


def _load(path: Path) -> Capture | None:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            description = json.loads(str(stored["description"]))
            waves = tuple(
                Waveform(codes=stored[f"analog_{number}"], **channel)
                for number, channel in enumerate(description["analog"])
            )
            image = None
            if "thermal" in stored:
                image = ThermalImage(stored["thermal"], **description["thermal"])
            return Capture(analog=waves, thermal=image)
    except (OSError, ValueError, KeyError, TypeError):
        return None
