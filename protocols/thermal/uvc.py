"""Raw video frames of thermal cameras on USB: FLIR Lepton on a PureThermal board, InfiRay P2 Pro and its relatives.

- **Y16** (Lepton with TLinear on, FLIR "Lepton Engineering Datasheet", radiometry): 16-bit little-endian words of
  0.01 K (0.1 K in low resolution). Telemetry adds whole rows behind the picture; they are left out.
- **dual** (InfiRay P2 Pro, Topdon TC001): a YUYV frame of twice the height; the upper half is the picture that people
  see, the lower half 16-bit little-endian words of 1/64 K, as the public viewers of these cameras read them.

Both give the temperature for the emissivity set in the camera; `for_emissivity` turns it into the object's.
"""

import math

import numpy as np
import numpy.typing as npt

from protocols.errors import ProtocolError
from protocols.thermal.planck import KELVIN

DUAL_KELVIN = 1 / 64
BAND_KELVIN = 1411.0
"""Planck's exponent c2 / λ at 10.2 µm, the middle of the 8 … 14 µm band for objects near room temperature."""
MAX_TELEMETRY_ROWS = 4
_LOWEST_K, _HIGHEST_K = 150.0, 1000.0


class UvcFrameError(ProtocolError):
    """Bytes that are no frame of this camera."""


def frame_bytes(layout: str, width: int, height: int) -> int:
    """Return the size of one frame without telemetry."""
    return width * height * 2 * (2 if layout == "dual" else 1)


def y16_temperatures(
    frame: bytes, width: int, height: int, *, kelvin_per_count: float = 0.01
) -> npt.NDArray[np.float32]:
    """Return a Y16 frame as °C, shape (height, width).

    Raise `UvcFrameError` for another size, and for counts that are no temperatures (a Lepton without TLinear).
    """
    rows, rest = divmod(len(frame), width * 2)
    if rest or not height <= rows <= height + MAX_TELEMETRY_ROWS:
        raise UvcFrameError(f"a frame of {len(frame)} bytes is no Y16 picture of {width} x {height}; check the profile")
    words = np.frombuffer(frame, dtype="<u2", count=width * height)
    return _celsius(words, kelvin_per_count, width, height, "switch TLinear (radiometry) on in the camera")


def dual_temperatures(frame: bytes, width: int, height: int) -> npt.NDArray[np.float32]:
    """Return the lower half of a double frame as °C, shape (height, width); raise `UvcFrameError`."""
    half = width * height * 2
    if len(frame) != 2 * half:
        raise UvcFrameError(
            f"a frame of {len(frame)} bytes is no double picture of {width} x {2 * height}; check the profile"
        )
    words = np.frombuffer(frame, dtype="<u2", count=width * height, offset=half)
    return _celsius(words, DUAL_KELVIN, width, height, "choose the profile of this camera")


def _celsius(
    words: npt.NDArray[np.uint16], kelvin_per_count: float, width: int, height: int, remedy: str
) -> npt.NDArray[np.float32]:
    kelvin = words.astype(np.float64) * kelvin_per_count
    middle = float(np.median(kelvin))
    if not _LOWEST_K <= middle <= _HIGHEST_K:
        raise UvcFrameError(f"half of the pixels are above or below {middle:.0f} K, which is no temperature; {remedy}")
    return (kelvin - KELVIN).astype(np.float32).reshape(height, width)


def encode(
    layout: str, temperatures_c: npt.NDArray[np.floating], *, kelvin_per_count: float = 0.01, telemetry_rows: int = 0
) -> bytes:
    """Return the frame with which a camera would show a scene, shape (height, width); raise `UvcFrameError`."""
    step = DUAL_KELVIN if layout == "dual" else kelvin_per_count
    counts = np.rint((np.asarray(temperatures_c, dtype=np.float64) + KELVIN) / step)
    if not np.isfinite(counts).all() or counts.min() < 0 or counts.max() > 0xFFFF:
        raise UvcFrameError("the scene has temperatures that this camera cannot send")
    words: bytes = counts.astype("<u2").tobytes()
    if layout == "dual":
        shown = np.clip((counts - counts.min()) / max(float(np.ptp(counts)), 1.0) * 255, 0, 255).astype(np.uint16)
        visible: bytes = (shown | 0x8000).astype("<u2").tobytes()
        return visible + words
    return words + bytes(temperatures_c.shape[1] * 2 * telemetry_rows)


def for_emissivity(
    apparent_c: npt.NDArray[np.float32], *, emissivity: float, camera_emissivity: float, reflected_c: float
) -> npt.NDArray[np.float32]:
    """Return the object's temperature, °C, from what a camera shows that is set for ``camera_emissivity``.

    Radiances follow Planck's law at one wavelength in the middle of the band, without air in between; where an object
    of this emissivity would have to radiate less than nothing, NaN. Exact where the two emissivities are equal.
    """
    if math.isclose(emissivity, camera_emissivity):
        return apparent_c
    reflected = 1.0 / math.expm1(BAND_KELVIN / (reflected_c + KELVIN))
    shown = 1.0 / np.expm1(BAND_KELVIN / (apparent_c.astype(np.float64) + KELVIN))
    received = camera_emissivity * shown + (1.0 - camera_emissivity) * reflected
    own = (received - (1.0 - emissivity) * reflected) / emissivity
    with np.errstate(divide="ignore", invalid="ignore"):
        kelvin = BAND_KELVIN / np.log1p(1.0 / own)
    return np.where(own > 0, kelvin - KELVIN, np.nan).astype(np.float32)
