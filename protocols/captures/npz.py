"""Write a capture for numpy: ``numpy.load(file)`` gives its arrays and a description of them."""

import io
import json

import numpy as np

from protocols.waveform import Capture


def write_npz(capture: Capture) -> bytes:
    """Return ``capture`` as a compressed ``.npz`` file that needs no pickle to load.

    ``analog_0``, ``analog_1`` … are the codes of each channel, ``logic`` the words of the logic channels, ``thermal``
    the temperatures in degrees Celsius. ``description`` is JSON text with what turns codes into values
    (``value = code * scale + offset``), units, times and names. The same capture always gives the same bytes.
    """
    description: dict[str, object] = {
        "analog": [
            {
                "name": wave.name, "unit": wave.unit, "scale": wave.scale, "offset": wave.offset,
                "sample_interval_s": wave.sample_interval_s, "start_s": wave.start_s, "resolution": wave.resolution,
            }
            for wave in capture.analog
        ],
        "metadata": dict(capture.metadata),
    }  # fmt: skip
    arrays = {f"analog_{index}": wave.codes for index, wave in enumerate(capture.analog)}
    if capture.logic is not None:
        description["logic"] = {
            "sample_rate_hz": capture.logic.sample_rate_hz,
            "channels": list(capture.logic.channels),
        }
        arrays["logic"] = capture.logic.words
    if capture.thermal is not None:
        description["thermal"] = {"emissivity": capture.thermal.emissivity, "reflected_c": capture.thermal.reflected_c}
        arrays["thermal"] = capture.thermal.temperatures_c
    packed = io.BytesIO()
    text = np.array(json.dumps(description, ensure_ascii=False))
    np.savez_compressed(packed, description=text, **arrays)  # type: ignore[arg-type]
    return packed.getvalue()
