"""The sensor bus on the wire: the MCU polls a TMP102 at 0x48 for its temperature, 100 kHz, open drain."""

import numpy as np
import numpy.typing as npt

from drivers.simulated.noise import Floats

ADDRESS = 0x48
HALF_BIT_S = 5e-6
Edges = tuple[Floats, npt.NDArray[np.bool_]]


def tmp102_bytes(temperature_c: float) -> bytes:
    """Return the temperature register (SBOS397 §7.5.2): 12 bit two's complement, 0.0625 °C a step, left aligned."""
    steps = max(-2048, min(2047, round(temperature_c / 0.0625)))
    return ((steps & 0xFFF) << 4).to_bytes(2, "big")


def read_transaction(temperature_c: float) -> tuple[Edges, Edges]:
    """Return the edges of SCL and SDA (seconds from the start condition) of one reading of register 0."""
    wire = _Wire()
    wire.start()
    wire.byte(ADDRESS << 1, acknowledged=True)
    wire.byte(0x00, acknowledged=True)
    wire.start()
    wire.byte(ADDRESS << 1 | 1, acknowledged=True)
    high, low = tmp102_bytes(temperature_c)
    wire.byte(high, acknowledged=True)
    wire.byte(low, acknowledged=False)
    wire.stop()
    return wire.edges()


def recovery_clocks() -> Edges:
    """Return the edges of SCL while the MCU clocks nine times to free a stuck bus (UM10204 §3.1.16)."""
    instants: Floats = np.arange(18, dtype=np.float64) * HALF_BIT_S
    return instants, np.arange(18) % 2 == 1


class _Wire:
    """Writes both lines half bit by half bit; both are high at first."""

    def __init__(self) -> None:
        self._now = 0.0
        self._scl: list[tuple[float, bool]] = []
        self._sda: list[tuple[float, bool]] = []

    def start(self) -> None:
        """Let SDA fall while SCL is high; a repeated start raises SDA first."""
        if self._sda and not self._sda[-1][1]:
            self._set(self._sda, True)
            self._now += HALF_BIT_S
        if self._scl and not self._scl[-1][1]:
            self._set(self._scl, True)
            self._now += HALF_BIT_S
        self._set(self._sda, False)
        self._now += HALF_BIT_S
        self._set(self._scl, False)
        self._now += HALF_BIT_S / 2

    def byte(self, value: int, *, acknowledged: bool) -> None:
        """Clock eight bits out, then the acknowledge bit."""
        for bit in [bool(value >> k & 1) for k in range(7, -1, -1)] + [not acknowledged]:
            self._set(self._sda, bit)
            self._now += HALF_BIT_S / 2
            self._set(self._scl, True)
            self._now += HALF_BIT_S
            self._set(self._scl, False)
            self._now += HALF_BIT_S / 2

    def stop(self) -> None:
        """Let SDA rise while SCL is high."""
        self._set(self._sda, False)
        self._now += HALF_BIT_S
        self._set(self._scl, True)
        self._now += HALF_BIT_S
        self._set(self._sda, True)

    def edges(self) -> tuple[Edges, Edges]:
        """Return the edges written so far."""
        return _as_arrays(self._scl), _as_arrays(self._sda)

    def _set(self, line: list[tuple[float, bool]], level: bool) -> None:
        if (line[-1][1] if line else True) != level:
            line.append((self._now, level))


def _as_arrays(line: list[tuple[float, bool]]) -> Edges:
    return np.array([instant for instant, _ in line]), np.array([level for _, level in line], dtype=np.bool_)
