"""From RAM words to temperatures (data sheet 11.2), whole planes at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from protocols.thermal.mlx90640.calibration import MLX90640Calibration
from protocols.thermal.mlx90640.errors import Mlx90640Error
from protocols.thermal.mlx90640.layout import (
    CHESS_BIT,
    CHESS_SUBPAGE,
    COLUMNS,
    CONTROL_REGISTER,
    CP_SUBPAGE_0,
    CP_SUBPAGE_1,
    FRAME_WORDS,
    GAIN,
    PIXELS,
    PTAT,
    RESOLUTION_SHIFT,
    ROW_PARITY,
    ROWS,
    SUBPAGE,
    VBE,
    VDD,
    Mask,
    Plane,
    Words,
    signed,
    words_of,
)
from protocols.waveform import ThermalImage

KELVIN = 273.15
OPEN_AIR_SHIFT_C = 8.0
"""Sensor above its surroundings in open air (data sheet 11.2.2.9): the default reflected temperature is Ta - 8 °C."""
_SATURATED = (-0x8000, 0x7FFF)
_AUXILIARY = (VBE, CP_SUBPAGE_0, GAIN, PTAT, CP_SUBPAGE_1, VDD)

FrameWords = Sequence[int] | npt.NDArray[np.integer[npt.NBitBase]]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for every pixel of one frame."""

    supply_v: float
    ambient_c: float
    gain: float
    """Ratio of the gain at calibration to the gain now."""
    compensation: float
    """Infrared signal of the compensation pixel of this subpage, counts."""
    chess: bool
    subpage: int

    @classmethod
    def of(cls, words: Words, calibration: MLX90640Calibration) -> Self:
        """Read the auxiliary words of one frame (data sheet 11.2.2.1 to 11.2.2.6); raise ``Mlx90640Error``."""
        for place in _AUXILIARY:
            if words[place] == 0x7FFF:
                raise Mlx90640Error(
                    f"frame word {place} is 0x7FFF: it was read while being written; read the frame again"
                )
        control = int(words[CONTROL_REGISTER])
        subpage = int(words[SUBPAGE])
        if subpage > 1:
            raise Mlx90640Error(
                f"frame word {SUBPAGE} is {subpage}; it must be the subpage, bit 0 of the status register"
            )
        chess = bool(control & CHESS_BIT)
        volts = supply_of(words, calibration)
        ambient = _ambient_c(words, calibration, volts)
        gain_now = signed(int(words[GAIN]), 16)
        if gain_now == 0:
            raise Mlx90640Error(f"frame word {GAIN} (gain) is zero; read the frame again, or the sensor is faulty")
        gain = calibration.gain / gain_now
        offset = calibration.cp_offset[subpage]
        if subpage == 1 and chess != calibration.chess_calibrated:
            offset += calibration.il_chess[0]
        raw = signed(int(words[CP_SUBPAGE_1 if subpage else CP_SUBPAGE_0]), 16)
        drift = (1 + calibration.cp_kta * (ambient - 25)) * (1 + calibration.cp_kv * (volts - 3.3))
        return cls(volts, ambient, gain, raw * gain - offset * drift, chess, subpage)


def supply_of(words: Words, calibration: MLX90640Calibration) -> float:
    """Return the supply in volts (11.2.2.1), by the resolution that the control register in ``words`` states."""
    resolution = (int(words[CONTROL_REGISTER]) >> RESOLUTION_SHIFT) & 3
    counts = signed(int(words[VDD]), 16) * 2.0 ** (calibration.resolution - resolution)
    return (counts - calibration.vdd25) / calibration.kvdd + 3.3


def _ambient_c(words: Words, calibration: MLX90640Calibration, supply_v: float) -> float:
    ptat = signed(int(words[PTAT]), 16)
    total = ptat * calibration.alpha_ptat + signed(int(words[VBE]), 16)
    drift = 1 + calibration.kvptat * (supply_v - 3.3)
    if total == 0 or drift == 0:
        raise Mlx90640Error(f"frame words {VBE} and {PTAT} give no ambient temperature; read the frame again")
    ambient = (ptat / total * 2.0**18 / drift - calibration.vptat25) / calibration.ktptat + 25
    if not -100 < ambient < 200:
        raise Mlx90640Error(f"the frame says an ambient of {ambient:.0f} °C; frame and EEPROM are not of one sensor")
    return ambient


def supply_v(frame: FrameWords, calibration: MLX90640Calibration) -> float:
    """Return the sensor's supply voltage in volts, from a frame of 834 words; raise ``Mlx90640Error``."""
    return Conditions.of(words_of(frame, FRAME_WORDS, "an MLX90640 frame"), calibration).supply_v


def ambient_c(frame: FrameWords, calibration: MLX90640Calibration) -> float:
    """Return the sensor's own temperature Ta in °C, from a frame of 834 words; raise ``Mlx90640Error``."""
    return Conditions.of(words_of(frame, FRAME_WORDS, "an MLX90640 frame"), calibration).ambient_c


def subframe_mask(*, chess: bool, subpage: int) -> Mask:
    """Return which pixels a subpage measures, shape (24, 32)."""
    return np.equal(CHESS_SUBPAGE if chess else ROW_PARITY, subpage)


def temperatures(
    frame: FrameWords,
    calibration: MLX90640Calibration,
    emissivity: float,
    reflected_c: float | None = None,
) -> ThermalImage:
    """Return the temperatures of one subframe, shape (24, 32).

    ``frame`` is 834 words: RAM 0x0400 … 0x073F, the control register and the subpage (bit 0 of the status register).
    ``reflected_c`` is the temperature that the scene reflects; ``None`` takes the maker's rule for open air, the
    sensor's own temperature less 8 °C. Pixels of the other subframe, broken pixels and saturated ones are NaN.
    Raises ``Mlx90640Error``.
    """
    words = words_of(frame, FRAME_WORDS, "an MLX90640 frame")
    if not 0.01 <= emissivity <= 1:
        raise Mlx90640Error(f"emissivity {emissivity} must lie between 0.01 and 1")
    conditions = Conditions.of(words, calibration)
    if reflected_c is None:
        reflected_c = conditions.ambient_c - OPEN_AIR_SHIFT_C
    raw = words[:PIXELS].view(np.int16).reshape(ROWS, COLUMNS).astype(np.float64)
    result = object_temperatures(raw, conditions, calibration, emissivity, reflected_c)
    valid = subframe_mask(chess=conditions.chess, subpage=conditions.subpage) & ~calibration.broken
    result[~valid | (raw == _SATURATED[0]) | (raw == _SATURATED[1])] = np.nan
    return ThermalImage(result.astype(np.float32), emissivity, reflected_c)


def object_temperatures(
    raw: Plane, conditions: Conditions, calibration: MLX90640Calibration, emissivity: float, reflected_c: float
) -> Plane:
    """Return To of all pixels as if each were in the subframe, °C, from signed pixel counts (11.2.2.5 to 11.2.2.9).

    NaN where the counts are colder than any temperature.
    """
    ambient = conditions.ambient_c
    counts = raw * conditions.gain - calibration.offset * (1 + calibration.kta * (ambient - 25)) * (
        1 + calibration.kv * (conditions.supply_v - 3.3)
    )
    if conditions.chess != calibration.chess_calibrated:
        counts = counts + calibration.il_chess[2] * (2 * ROW_PARITY - 1) - calibration.il_chess[1] * _CONVERSION
    counts = (counts - calibration.tgc * conditions.compensation) / emissivity
    ambient_k4 = (ambient + KELVIN) ** 4
    reflected_k4 = (reflected_c + KELVIN) ** 4
    background = reflected_k4 - (reflected_k4 - ambient_k4) / emissivity
    alpha = calibration.alpha * (1 + calibration.ksta * (ambient - 25))
    ksto = calibration.ksto
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        first = ksto[1] * (alpha**3 * (counts + alpha * background)) ** 0.25
        estimate = (counts / (alpha * (1 - ksto[1] * KELVIN) + first) + background) ** 0.25 - KELVIN
        return _in_range(estimate, counts, alpha, background, calibration)


def _in_range(
    estimate: Plane, counts: Plane, alpha: Plane, background: float, calibration: MLX90640Calibration
) -> Plane:
    """Refine the estimate with the sensitivity slope of the range that it lies in (11.2.2.9.1.3)."""
    ksto, corner = calibration.ksto, calibration.corner_c
    third = 1 + ksto[1] * corner[2]
    correction = np.array([1 / (1 + ksto[0] * 40), 1.0, third, third * (1 + ksto[2] * (corner[3] - corner[2]))])
    chosen = np.digitize(estimate, corner[1:])
    slope, start = np.asarray(ksto)[chosen], np.asarray(corner)[chosen]
    refined: Plane = (counts / (alpha * correction[chosen] * (1 + slope * (estimate - start))) + background) ** 0.25
    return refined - KELVIN


def _conversion_pattern() -> Plane:
    """Data sheet 11.2.2.5.3 (interleaved correction): +1, 0 or -1, of the pixel's place in its group of four."""
    number = np.arange(PIXELS).reshape(ROWS, COLUMNS)
    steps = (number + 2) // 4 - (number + 3) // 4 + (number + 1) // 4 - number // 4
    return (steps * (1 - 2 * ROW_PARITY)).astype(np.float64)


_CONVERSION = _conversion_pattern()


def merge(first: ThermalImage, second: ThermalImage) -> ThermalImage:
    """Join the two subframes of one scene; a pixel that both have is taken from ``second``, the newer.

    Raises ``Mlx90640Error`` when the two were computed with different emissivity.
    """
    if first.emissivity != second.emissivity:
        raise Mlx90640Error(
            f"subframes with emissivity {first.emissivity} and {second.emissivity} are not of one scene"
        )
    newer = second.temperatures_c
    joined = np.where(np.isnan(newer), first.temperatures_c, newer)
    return ThermalImage(joined, second.emissivity, second.reflected_c)


def fill_defective(image: ThermalImage, calibration: MLX90640Calibration) -> ThermalImage:
    """Replace broken and outlier pixels of a merged image by the median of their good neighbours (data sheet 9).

    At most four pixels of a sensor are defective. A pixel without a good neighbour stays NaN.
    """
    defective = calibration.broken | calibration.outlier
    padded = np.pad(np.where(defective, np.nan, image.temperatures_c), 1, constant_values=np.nan)
    filled = image.temperatures_c.copy()
    for row, column in np.argwhere(defective):
        around = padded[row : row + 3, column : column + 3]
        good = around[~np.isnan(around)]
        filled[row, column] = np.median(good) if good.size else np.nan
    return ThermalImage(filled, image.emissivity, image.reflected_c)
