"""Read a heat map from an ``.npz`` file, as plans and the thermal panel of a bench save it. Nothing is unpickled."""

import io

import numpy as np
import numpy.typing as npt

from protocols.captures.archive import BoundedArchive
from protocols.captures.errors import CaptureError, quoted
from protocols.waveform import Capture, ThermalImage

MEMBERS = ("temperatures_c.npy", "thermal.npy")
"""What the temperatures are called by a plan, and by the panel."""
EMISSIVITY = "emissivity.npy"
LIMIT_BYTES = 64 << 20
_HEADER_BYTES = 16_384
_MOST_SIDE = 8192


def is_heat(data: bytes) -> bool:
    """Whether a zip archive names such a heat map; the directory is at its end."""
    return any(name.encode() in data for name in MEMBERS)


def read_npz_heat(data: bytes, name: str = "heat.npz") -> Capture:
    """Read temperatures in °C, shape (rows, columns), and the emissivity (1 if not told); raise ``CaptureError``."""
    archive = BoundedArchive(data, name, LIMIT_BYTES)
    member = next((one for one in MEMBERS if one in archive.names()), None)
    if member is None:
        raise CaptureError(f"{name}: holds no heat map; it holds {quoted(', '.join(archive.names()))}")
    field = _array(archive, name, member)
    if field.ndim != 2 or not 1 <= min(field.shape) <= max(field.shape) <= _MOST_SIDE:
        raise CaptureError(f"{name}: {member} has the shape {field.shape}; a heat map has rows and columns")
    emissivity = 1.0
    if EMISSIVITY in archive.names():
        told = _array(archive, name, EMISSIVITY).ravel()
        if told.size != 1 or not 0 < float(told[0]) <= 1:
            raise CaptureError(f"{name}: the emissivity must be one number above 0 and at most 1")
        emissivity = float(told[0])
    image = ThermalImage(field.astype(np.float32), emissivity)
    return Capture(thermal=image, metadata={"format": "numpy archive of a heat map"})


def _array(archive: BoundedArchive, name: str, member: str) -> npt.NDArray[np.float64]:
    """Read one member of plain floating-point numbers; its header must agree with its size."""
    content = archive.read(member, LIMIT_BYTES)
    try:
        return _numbers(content)
    except (ValueError, EOFError, TypeError, OverflowError, SyntaxError) as error:
        words = " ".join(str(error).split())[:120]
        raise CaptureError(f"{name}: {member} cannot be read ({words}); save the heat map again") from error


def _numbers(content: bytes) -> npt.NDArray[np.float64]:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"format version {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=_HEADER_BYTES)
    if dtype.kind != "f" or fortran:
        raise ValueError(f"{dtype} is no plain array of numbers")
    return np.frombuffer(content, dtype=dtype, offset=stream.tell()).reshape(shape).astype(np.float64)
