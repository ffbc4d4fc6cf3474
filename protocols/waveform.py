"""Sampled signals as every room passes them on: analogue waveforms, logic captures, thermal images.

numpy is imported when samples are touched: what only names these types (every driver does) stays small.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """One channel of uniformly sampled values.

    ``codes`` has shape (n,) and keeps the instrument's own sample type, so that a long record stays small;
    the physical value of sample *i* is ``codes[i] * scale + offset`` in ``unit`` (UCUM) at the time
    ``start_s + i * sample_interval_s``. ``resolution`` is the size of one quantisation step in ``unit``
    (``None`` where it is unknown or the samples are not quantised).
    """

    name: str
    codes: npt.NDArray[Any]
    sample_interval_s: float
    unit: str = "V"
    scale: float = 1.0
    offset: float = 0.0
    start_s: float = 0.0
    resolution: float | None = None

    @property
    def sample_rate_hz(self) -> float:
        """Samples per second."""
        return 1.0 / self.sample_interval_s

    def values(self) -> npt.NDArray[np.float64]:
        """Return the physical values, shape (n,), in ``unit``."""
        import numpy as np

        return self.codes.astype(np.float64) * self.scale + self.offset

    def times_s(self) -> npt.NDArray[np.float64]:
        """Return the time of each sample, shape (n,), in seconds."""
        import numpy as np

        return self.start_s + np.arange(self.codes.size, dtype=np.float64) * self.sample_interval_s


@dataclass(frozen=True, slots=True, eq=False)
class LogicCapture:
    """Digital channels sampled together.

    ``words`` has shape (n,) and an unsigned integer type; bit *k* of each word is channel ``channels[k]``
    (``None`` for an unused bit).
    """

    words: npt.NDArray[Any]
    sample_rate_hz: float
    channels: tuple[str | None, ...]

    def channel(self, name: str) -> npt.NDArray[np.uint8]:
        """Return one channel as 0/1 samples, shape (n,); raise ``KeyError`` with the known names when absent."""
        if name not in self.channels:
            known = ", ".join(c for c in self.channels if c)
            raise KeyError(f"no logic channel {name!r}; this capture has {known}")
        import numpy as np

        bit = self.channels.index(name)
        return ((self.words >> bit) & 1).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class ThermalImage:
    """Temperatures of a scene.

    ``temperatures_c`` has shape (rows, columns), float32, in degrees Celsius; a pixel without a value is NaN.
    """

    temperatures_c: npt.NDArray[np.float32]
    emissivity: float
    reflected_c: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """What one capture file holds."""

    analog: tuple[Waveform, ...] = ()
    logic: LogicCapture | None = None
    thermal: ThermalImage | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
