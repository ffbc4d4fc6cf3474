"""What the maker measured of one sensor, restored from its EEPROM (data sheet 11.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from protocols.thermal.mlx90640.errors import Mlx90640Error
from protocols.thermal.mlx90640.layout import (
    COLUMN_PARITY,
    COLUMNS,
    EEPROM_WORDS,
    ROW_PARITY,
    ROWS,
    Mask,
    Plane,
    Words,
    signed,
    signed_plane,
    words_of,
)


@dataclass(frozen=True, slots=True, eq=False)
class MLX90640Calibration:
    """The calibration of one sensor, in the data sheet's terms. Planes have shape (24, 32)."""

    kvdd: float
    """Supply: counts per volt."""
    vdd25: float
    """Supply: counts at 25 °C and 3.3 V."""
    kvptat: float
    ktptat: float
    vptat25: float
    alpha_ptat: float
    gain: float
    tgc: float
    """Temperature gradient coefficient: how much of the compensation pixel is subtracted."""
    resolution: int
    """ADC resolution during calibration, 0 … 3 for 16 … 19 bit."""
    ksta: float
    """Relative change of sensitivity per kelvin of ambient temperature."""
    ksto: tuple[float, float, float, float]
    """Relative change of sensitivity per kelvin of object temperature, for each of the four ranges."""
    corner_c: tuple[float, float, float, float]
    """Where the four object temperature ranges begin, °C."""
    alpha: Plane
    """Sensitivity of each pixel, the compensation pixel's share already subtracted."""
    offset: Plane
    kta: Plane
    kv: Plane
    cp_offset: tuple[float, float]
    """Offset of the compensation pixel in subpages 0 and 1."""
    cp_kta: float
    cp_kv: float
    il_chess: tuple[float, float, float]
    """Corrections for a sensor that is read in the other pattern than it was calibrated in."""
    chess_calibrated: bool
    broken: Mask
    """Pixels that do not work; they have no temperature."""
    outlier: Mask
    """Pixels outside the maker's calibration limits; their temperature is not guaranteed."""

    @classmethod
    def from_eeprom(cls, words: Sequence[int] | npt.NDArray[np.integer[npt.NBitBase]]) -> Self:
        """Restore the calibration from the 832 EEPROM words (0x2400 … 0x273F).

        Raises ``Mlx90640Error`` when there are not 832 words, or when they cannot be a sensor's calibration (an
        erased or wrongly read EEPROM).
        """
        ee = words_of(words, EEPROM_WORDS, "an MLX90640 EEPROM dump")
        kvdd = 32.0 * signed(int(ee[51]) >> 8, 8)
        ktptat = signed(int(ee[50]), 10) / 8
        gain = float(signed(int(ee[48]), 16))
        if kvdd == 0 or ktptat == 0 or gain == 0:
            raise Mlx90640Error(
                "the EEPROM words hold no calibration (supply, ambient or gain coefficient is zero); read them again "
                "from address 0x2400"
            )
        cp_alpha, cp_offset = _compensation_pixel(ee)
        tgc = signed(int(ee[60]), 8) / 32
        kta_scale = 2.0 ** (_nibble(ee[56], 1) + 8)
        kv_scale = 2.0 ** _nibble(ee[56], 2)
        pixels = ee[64:].reshape(ROWS, COLUMNS)
        broken = pixels == 0
        alpha = _sensitivity(ee, pixels) - tgc * sum(cp_alpha) / 2
        if not np.all(alpha[~broken] > 0):
            row, column = np.argwhere((alpha <= 0) & ~broken)[0]
            raise Mlx90640Error(
                f"the EEPROM gives pixel ({row}, {column}) no positive sensitivity; read the EEPROM again"
            )
        return cls(
            kvdd=kvdd,
            vdd25=float((((int(ee[51]) & 0xFF) - 256) << 5) - 8192),
            kvptat=signed(int(ee[50]) >> 10, 6) / 4096,
            ktptat=ktptat,
            vptat25=float(signed(int(ee[49]), 16)),
            alpha_ptat=_nibble(ee[16], 3) / 4 + 8,
            gain=gain,
            tgc=tgc,
            resolution=(int(ee[56]) >> 12) & 3,
            ksta=signed(int(ee[60]) >> 8, 8) / 8192,
            ksto=_object_slopes(ee),
            corner_c=_corner_temperatures(ee),
            alpha=alpha,
            offset=_offset(ee, pixels),
            kta=(_by_parity(_kta_averages(ee)) + signed_plane(pixels, 1, 3) * 2.0 ** _nibble(ee[56], 0)) / kta_scale,
            kv=_by_parity([signed(int(ee[52]) >> shift, 4) for shift in (12, 4, 8, 0)]) / kv_scale,
            cp_offset=cp_offset,
            cp_kta=signed(int(ee[59]), 8) / kta_scale,
            cp_kv=signed(int(ee[59]) >> 8, 8) / kv_scale,
            il_chess=(
                signed(int(ee[53]), 6) / 16,
                signed(int(ee[53]) >> 6, 5) / 2,
                signed(int(ee[53]) >> 11, 5) / 8,
            ),
            chess_calibrated=not int(ee[10]) & 0x0800,
            broken=broken,
            outlier=(pixels & 1).astype(np.bool_) & ~broken,
        )


def _nibble(word: np.uint16, index: int) -> int:
    """Return nibble ``index`` of ``word``, 0 being the lowest."""
    return (int(word) >> (4 * index)) & 0xF


def _signed_nibbles(words: Words) -> npt.NDArray[np.float64]:
    """Return the nibbles of ``words``, lowest first, as signed numbers, shape (4 n,)."""
    return np.stack([signed_plane(words, shift, 4) for shift in (0, 4, 8, 12)], axis=1).reshape(-1)


def _row_and_column_profile(ee: Words, first: int) -> Plane:
    """Return the row and column deviations of offset (``first`` = 16) or sensitivity (32), scaled, shape (24, 32)."""
    rows = _signed_nibbles(ee[first + 2 : first + 8]) * 2.0 ** _nibble(ee[first], 2)
    columns = _signed_nibbles(ee[first + 8 : first + 16]) * 2.0 ** _nibble(ee[first], 1)
    return rows[:, None] + columns[None, :]


def _offset(ee: Words, pixels: Words) -> Plane:
    """Data sheet 11.1.3: offset at 25 °C ambient and 3.3 V."""
    remainder = signed_plane(pixels, 10, 6) * 2.0 ** _nibble(ee[16], 0)
    return signed(int(ee[17]), 16) + _row_and_column_profile(ee, 16) + remainder


def _sensitivity(ee: Words, pixels: Words) -> Plane:
    """Data sheet 11.1.4: sensitivity of each pixel."""
    remainder = signed_plane(pixels, 4, 6) * 2.0 ** _nibble(ee[32], 0)
    return (int(ee[33]) + _row_and_column_profile(ee, 32) + remainder) / 2.0 ** (_nibble(ee[32], 3) + 30)


def _kta_averages(ee: Words) -> list[int]:
    """Data sheet 11.1.6: average Kta of the pixels, in the order of ``_by_parity``."""
    even_columns, odd_columns = int(ee[54]), int(ee[55])
    return [signed(even_columns >> 8, 8), signed(odd_columns >> 8, 8), signed(even_columns, 8), signed(odd_columns, 8)]


def _by_parity(values: list[int]) -> Plane:
    """Spread four values over the plane by (row parity, column parity): (0,0), (0,1), (1,0), (1,1)."""
    plane: Plane = np.asarray(values, np.float64)[2 * ROW_PARITY + COLUMN_PARITY]
    return plane


def _compensation_pixel(ee: Words) -> tuple[tuple[float, float], tuple[float, float]]:
    """Data sheet 11.1.12 and 11.1.13: sensitivity and offset of the compensation pixel in both subpages."""
    alpha = signed(int(ee[57]), 10) / 2.0 ** (_nibble(ee[32], 3) + 27)
    ratio = 1 + signed(int(ee[57]) >> 10, 6) / 128
    offset = float(signed(int(ee[58]), 10))
    return (alpha, alpha * ratio), (offset, offset + signed(int(ee[58]) >> 10, 6))


def _object_slopes(ee: Words) -> tuple[float, float, float, float]:
    """Data sheet 11.2.2.9.1.2: KsTo of the four ranges."""
    scale = 2.0 ** (_nibble(ee[63], 0) + 8)
    low, high = int(ee[61]), int(ee[62])
    return signed(low, 8) / scale, signed(low >> 8, 8) / scale, signed(high, 8) / scale, signed(high >> 8, 8) / scale


def _corner_temperatures(ee: Words) -> tuple[float, float, float, float]:
    """Data sheet 11.2.2.9.1.1: corner temperatures of the four ranges, °C."""
    step_c = ((int(ee[63]) >> 12) & 3) * 10
    third = _nibble(ee[63], 1) * step_c
    return -40.0, 0.0, float(third), float(third + _nibble(ee[63], 2) * step_c)
