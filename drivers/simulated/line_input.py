"""The generator's first output at an amplifier's line input, and what the amplifier plays of it."""

import numpy as np

from drivers.simulated.board import Stage
from drivers.simulated.noise import Floats
from drivers.simulated.points import PointKind
from drivers.simulated.siglent_sdg1032x import Sdg1032x
from drivers.simulated.wiring import Probe

_POINTS = 1 << 14
"""Of one period: harmonics beyond the half of it are none of an amplifier."""


class LineInput:
    """The line input of the device that ``tip`` drives from the generator while it touches it."""

    def __init__(self, generator: Sdg1032x, tip: Probe) -> None:
        self._generator = generator
        self._tip = tip

    def voltage(self, times_s: Floats) -> Floats:
        """Return the volts at the input."""
        if not self._tip.touches(PointKind.LINE):
            return np.zeros(times_s.shape)
        return self._generator.open_circuit_v(1, times_s)

    def played(self, stage: Stage, times_s: Floats) -> Floats:
        """Return the volts that ``stage`` gives for it if nothing limits it, in the steady state.

        A periodic wave passes as its Fourier series; one without a period (noise, direct voltage) is not played.
        """
        frequency_hz = self._generator.runs_at_hz(1)
        if frequency_hz is None:
            return np.zeros(times_s.shape)
        series = np.fft.rfft(self.voltage(np.arange(_POINTS) / (_POINTS * frequency_hz)))
        series *= stage.line_gain * stage.passes(frequency_hz * np.arange(series.size))
        period = np.fft.irfft(series, _POINTS)
        cycles = times_s * frequency_hz
        place = (cycles - np.floor(cycles)) * _POINTS
        return np.asarray(np.interp(place, np.arange(_POINTS + 1), np.append(period, period[0])))
