"""Capture files of oscilloscopes, logic analysers and thermal cameras: bytes in, ``Capture`` out."""

from protocols.captures.errors import CaptureError
from protocols.captures.reading import read_capture

__all__ = ["CaptureError", "read_capture"]
