"""Golden records that lie beside a plan."""

import io
from typing import TYPE_CHECKING

import numpy as np

from protocols.captures import CaptureError, read_capture
from protocols.waveform import ThermalImage, Waveform

if TYPE_CHECKING:
    from edge_agent.analysis.mask import Mask


def reference_image(data: bytes, name: str) -> ThermalImage:
    """Read a heat map: a table of °C as comma-separated text (rows of the image), or a capture file that holds one."""
    if not name.endswith(".csv"):
        image = read_capture(data, name).thermal
        if image is None:
            raise CaptureError(f"{name}: holds no thermal image; give a heat map as reference")
        return image
    try:
        table = np.loadtxt(io.StringIO(data.decode("utf-8")), delimiter=",", dtype=np.float32, ndmin=2)
    except ValueError as error:
        raise CaptureError(
            f"{name}: not a table of temperatures ({error}); give rows of °C, separated by commas"
        ) from error
    return ThermalImage(table, emissivity=1.0)


def reference_mask(data: bytes, name: str) -> "Mask":
    """Read a mask learned from good units."""
    from edge_agent.analysis.mask import decode

    try:
        return decode(data, name)
    except ValueError as error:
        raise CaptureError(str(error)) from error


def reference_waveform(data: bytes, name: str) -> Waveform:
    """Read the first analogue channel of a capture file."""
    analog = read_capture(data, name).analog
    if not analog:
        raise CaptureError(f"{name}: holds no analogue channel; give a waveform as reference")
    return analog[0]
