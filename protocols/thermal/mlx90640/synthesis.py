"""The sensor's side, for a simulator: from a scene to RAM words, and an EEPROM to go with them."""

import numpy as np
import numpy.typing as npt

from protocols.thermal.mlx90640.calibration import MLX90640Calibration
from protocols.thermal.mlx90640.errors import Mlx90640Error
from protocols.thermal.mlx90640.frame import KELVIN, OPEN_AIR_SHIFT_C, Conditions, object_temperatures, supply_of
from protocols.thermal.mlx90640.layout import (
    COLUMNS,
    CONTROL_REGISTER,
    CP_SUBPAGE_0,
    CP_SUBPAGE_1,
    DEFAULT_CONTROL,
    EEPROM_WORDS,
    FRAME_WORDS,
    GAIN,
    PIXELS,
    PTAT,
    RESOLUTION_SHIFT,
    ROWS,
    SUBPAGE,
    VBE,
    VDD,
    Plane,
    Words,
)

_LOWEST, _HIGHEST = -0x7FFF, 0x7FFE
"""The counts at both ends mean saturation and carry no temperature."""
_PTAT_COUNTS = 1700
"""A usual reading of the ambient sensor; the other word (VBE) is chosen so that both give the ambient wanted."""


def encode_frame(
    calibration: MLX90640Calibration,
    temperatures_c: npt.ArrayLike,
    *,
    ambient_c: float,
    subpage: int,
    supply_v: float = 3.3,
    emissivity: float = 1.0,
    reflected_c: float | None = None,
    control: int = DEFAULT_CONTROL,
) -> Words:
    """Return the 834 frame words from which ``temperatures`` reads the scene back.

    ``temperatures_c`` is the scene, °C, shape (24, 32); ``reflected_c`` as for ``temperatures``; ``control`` is the
    control register (pattern and resolution count). Every pixel gets the count whose temperature, by the maker's
    algorithm, is nearest: within half a count, some 0.05 °C at room temperature. Like the sensor's RAM, the result
    has values for both subframes, of which ``subpage`` is the fresh one.
    Raises ``Mlx90640Error`` when a value does not fit the sensor's words.
    """
    scene = np.asarray(temperatures_c, np.float64)
    if scene.shape != (ROWS, COLUMNS) or not np.all(np.isfinite(scene)):
        raise Mlx90640Error(
            f"a scene must be {ROWS} rows of {COLUMNS} temperatures without gaps, this is {scene.shape}"
        )
    words = np.zeros(FRAME_WORDS, np.uint16)
    words[CONTROL_REGISTER], words[SUBPAGE] = control & 0xFFFF, subpage
    _store(words, GAIN, calibration.gain)
    resolution = (control >> RESOLUTION_SHIFT) & 3
    supply_counts = (supply_v - 3.3) * calibration.kvdd + calibration.vdd25
    _store(words, VDD, supply_counts * 2.0 ** (resolution - calibration.resolution))
    supply_v = supply_of(words, calibration)  # as the reader will see it, rounded to a count
    ratio = (calibration.ktptat * (ambient_c - 25) + calibration.vptat25) * (1 + calibration.kvptat * (supply_v - 3.3))
    _store(words, PTAT, _PTAT_COUNTS)
    _store(words, VBE, _PTAT_COUNTS * (2.0**18 / ratio - calibration.alpha_ptat) if ratio else np.inf)
    for place, offset in zip((CP_SUBPAGE_0, CP_SUBPAGE_1), calibration.cp_offset, strict=True):
        drift = (1 + calibration.cp_kta * (ambient_c - 25)) * (1 + calibration.cp_kv * (supply_v - 3.3))
        _store(words, place, offset * drift)
    conditions = Conditions.of(words, calibration)
    if reflected_c is None:
        reflected_c = conditions.ambient_c - OPEN_AIR_SHIFT_C
    counts = _nearest_counts(scene, conditions, calibration, emissivity, reflected_c)
    words[:PIXELS] = np.where(calibration.broken, 0, counts).astype(np.int16).reshape(-1).view(np.uint16)
    return words


def _store(words: Words, place: int, value: float) -> None:
    if not _LOWEST <= value <= _HIGHEST:
        raise Mlx90640Error(f"frame word {place} would have to be {value:.0f}, beyond 16 bits; choose usual conditions")
    words[place] = round(value) & 0xFFFF


def _nearest_counts(
    scene: Plane, conditions: Conditions, calibration: MLX90640Calibration, emissivity: float, reflected_c: float
) -> npt.NDArray[np.int64]:
    """Find, by halving the interval, the pixel counts that decode nearest to ``scene``, shape (24, 32)."""

    def decoded(counts: npt.NDArray[np.int64]) -> Plane:
        plane = object_temperatures(counts.astype(np.float64), conditions, calibration, emissivity, reflected_c)
        return np.where(np.isnan(plane), -KELVIN, plane)

    low = np.full((ROWS, COLUMNS), _LOWEST, np.int64)
    high = np.full((ROWS, COLUMNS), _HIGHEST, np.int64)
    beyond = ((decoded(low) > scene) | (decoded(high) < scene)) & ~calibration.broken
    if beyond.any():
        row, column = np.argwhere(beyond)[0]
        raise Mlx90640Error(f"pixel ({row}, {column}) cannot show {scene[row, column]:.1f} °C, its counts end before")
    while (high - low > 1).any():
        middle = (low + high) // 2
        colder = decoded(middle) < scene
        low, high = np.where(colder, middle, low), np.where(colder, high, middle)
    return np.where(scene - decoded(low) < decoded(high) - scene, low, high)


def default_eeprom(seed: int = 0) -> Words:
    """Return the 832 EEPROM words of a plausible sensor; ``seed`` makes another one, with other pixel scatter.

    The numbers lie where the data sheet puts a usual sensor: sensitivity near 1e-7, less towards the corners,
    offsets near -60 counts, supply near -3200 counts a volt, object ranges from -40, 0, 160 and 320 °C, no bad pixels.
    """
    scatter = np.random.default_rng(seed)
    ee = np.zeros(EEPROM_WORDS, np.uint16)
    ee[7:10] = scatter.integers(0, 1 << 16, 3)  # device ID
    ee[12] = DEFAULT_CONTROL
    ee[15] = 0x0033  # I²C address
    ee[16] = _nibbles(0, 1, 1, 4)  # offset: remainder, column, row scale; alpha PTAT 9.0
    ee[17] = -60 & 0xFFFF
    ee[18:32] = _profile_words(scatter.integers(-3, 4, ROWS), scatter.integers(-3, 4, COLUMNS))
    ee[32] = _nibbles(3, 8, 8, 7)  # sensitivity: remainder, column, row scale; 2^-37
    ee[33] = 16000
    ee[34:48] = _profile_words(_vignetting(ROWS), _vignetting(COLUMNS))
    ee[48] = 6000  # gain
    ee[49] = 12300  # PTAT at 25 °C
    ee[50] = _field(22, 6, 10) | _field(338, 10, 0)  # KvPTAT 0.0054, KtPTAT 42.25
    ee[51] = _field(-100, 8, 8) | 106  # KVdd -3200 counts/V, Vdd25 -12992
    ee[52] = _nibbles(3, 3, 4, 4)  # Kv 0.375 and 0.5
    ee[53] = _field(1, 5, 11) | _field(6, 5, 6) | _field(8, 6, 0)  # interleaved corrections 0.125, 3.0, 0.5
    ee[54] = _field(80, 8, 8) | _field(78, 8, 0)
    ee[55] = _field(82, 8, 8) | _field(81, 8, 0)  # Kta near 0.0098
    ee[56] = _nibbles(1, 5, 3, 2)  # Kta 2^1 and 2^-13, Kv 2^-3, 18 bit
    ee[57] = _field(-2, 6, 10) | _field(70, 10, 0)  # compensation pixel: sensitivity 4e-9
    ee[58] = _field(1, 6, 10) | _field(-75, 10, 0)  # and offset
    ee[59] = _field(4, 8, 8) | _field(75, 8, 0)  # and drift
    ee[60] = _field(-16, 8, 8) | _field(8, 8, 0)  # KsTa -0.002, TGC 0.25
    ee[61] = ee[62] = _field(-105, 8, 8) | _field(-105, 8, 0)  # KsTo -0.0008
    ee[63] = _nibbles(9, 8, 8, 2)  # 2^-17; corners 160 and 320 °C
    offset, alpha, kta = (scatter.integers(-span, span + 1, PIXELS) for span in (12, 20, 2))
    pixels = ((offset & 0x3F) << 10) | ((alpha & 0x3F) << 4) | ((kta & 7) << 1)
    ee[64:] = np.where(pixels == 0, 1 << 4, pixels)  # all zero would say that the pixel is broken
    return ee


def _vignetting(count: int) -> npt.NDArray[np.int64]:
    """Return how much less the lens gives towards the edges, in steps of the profile."""
    place = np.linspace(-1, 1, count)
    return np.rint(-5 * place**2).astype(np.int64)


def _nibbles(*values: int) -> int:
    """Pack nibbles, lowest first."""
    return sum((value & 0xF) << (4 * index) for index, value in enumerate(values))


def _field(value: int, bits: int, shift: int) -> int:
    """Place a signed number into a bit field."""
    return (value & ((1 << bits) - 1)) << shift


def _profile_words(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Pack 24 row and 32 column deviations, four to a word."""
    fours = np.concatenate([rows, columns]).reshape(-1, 4) & 0xF
    return np.asarray(fours @ np.array([1, 1 << 4, 1 << 8, 1 << 12]), np.int64)
