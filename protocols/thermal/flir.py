"""FLIR radiometric pictures: JPEG files with a FLIR segment, and FFF files, to temperatures.

Layout as documented by the ExifTool project (FLIR tags): in a JPEG, APP1 segments "FLIR" numbered n of N carry an FFF
file in pieces. An FFF file is a 64-byte header, a directory of 32-byte entries and records, of which 0x01 is the raw
thermal picture and 0x20 the camera's parameters.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from protocols.captures.binary import BinaryReader
from protocols.captures.errors import CaptureError
from protocols.thermal.planck import KELVIN, Air, Planck, Scene, object_temperature_k
from protocols.thermal.png16 import SIGNATURE, decode_png16
from protocols.waveform import Capture, ThermalImage

MAX_PIXELS = 4_000_000
"""Bound before memory is taken; the largest thermal sensors have 1.3 million pixels."""
MAX_DIRECTORY_ENTRIES = 4096

FFF_MAGICS = (b"FFF\0", b"AFF\0")
_HEADER_BYTES = 64
_ENTRY_BYTES = 32
_RAW_DATA, _CAMERA_INFO = 0x01, 0x20
_PIXELS_AT = 0x20
_SEGMENT_MAGIC = b"FLIR\0"


def read_flir_jpeg(data: bytes, name: str = "thermal.jpg") -> Capture:
    """Read the thermal picture inside a radiometric JPEG; raise ``CaptureError``."""
    return read_fff(_join_segments(data, name), name)


def _join_segments(data: bytes, name: str) -> bytes:
    """Return the FFF file that the APP1 segments carry in pieces."""
    reader = BinaryReader(data, name, ">")
    pieces: dict[int, bytes] = {}
    count = 0
    at = 2
    # Segments end where the picture begins (SOS, 0xFFDA).
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        if data[at + 1] == 0xFF:  # fill byte
            at += 1
            continue
        length = reader.u16(at + 2, "a JPEG segment's length")
        body = data[at + 4 : at + 2 + length]
        if data[at + 1] == 0xE1 and body.startswith(_SEGMENT_MAGIC) and len(body) >= 8:
            number, count = body[6], body[7] + 1
            if count == 1:
                number = len(pieces)  # Some programs number every piece 0 of 0: those stand in order.
            elif number in pieces:
                raise reader.fail(at, f"FLIR segment {number} is there twice; copy the original again")
            pieces[number] = body[8:]
        at += 2 + max(length, 2)
    if not pieces:
        raise CaptureError(f"{name}: the JPEG has no FLIR segment; export it from the camera as a radiometric JPEG")
    if count > len(pieces):
        raise CaptureError(
            f"{name}: {count - len(pieces)} of {count} FLIR segments are missing; copy the original again"
        )
    return b"".join(pieces[number] for number in sorted(pieces))


def read_fff(data: bytes, name: str = "thermal.fff") -> Capture:
    """Read the thermal picture of an FFF file (of a sequence: its first) with the parameters stored in it.

    The result's ``thermal`` is in °C for the emissivity and reflected temperature that the camera was set to. Raises
    ``CaptureError``.
    """
    reader = BinaryReader(data, name)
    if not data.startswith(FFF_MAGICS):
        raise CaptureError(f"{name}: byte 0: no FFF header; export the picture from the camera as radiometric")
    reader.check(0, _HEADER_BYTES, "the FFF header")
    if not 100 <= reader.u32(0x14, "the FFF version") < 200:
        reader = reader.with_order(">")
        if not 100 <= (version := reader.u32(0x14, "the FFF version")) < 200:
            raise reader.fail(0x14, f"FFF version {version} is unknown; export the picture again as radiometric JPEG")
    records = _directory(reader)
    for kind, what in ((_RAW_DATA, "thermal picture"), (_CAMERA_INFO, "camera parameters")):
        if kind not in records:
            raise CaptureError(f"{name}: has no {what} (record {kind:#04x}); export it as radiometric")
    parameters = _CameraInfo.read(_record(reader, *records[_CAMERA_INFO], "camera parameters"))
    counts = _raw_picture(_record(reader, *records[_RAW_DATA], "thermal picture"))
    kelvin = object_temperature_k(counts, parameters.planck, parameters.air, parameters.scene)
    metadata = {"format": "FLIR FFF", **parameters.metadata}
    end = max(start + length for start, length in records.values())
    if any(data.find(magic, end) >= 0 for magic in FFF_MAGICS):
        metadata["note"] = "a sequence: only its first picture is read"
    image = ThermalImage(
        temperatures_c=(kelvin - KELVIN).astype(np.float32),
        emissivity=round(parameters.scene.emissivity, 6),
        reflected_c=round(parameters.scene.reflected_k - KELVIN, 4),
    )
    return Capture(thermal=image, metadata=metadata)


def _directory(reader: BinaryReader) -> dict[int, tuple[int, int]]:
    """Return the first record of each kind: kind → (offset, length)."""
    start = reader.u32(0x18, "the record directory's offset")
    count = reader.u32(0x1C, "the number of records")
    if count > MAX_DIRECTORY_ENTRIES:
        raise reader.fail(0x1C, f"{count} records are more than a picture has ({MAX_DIRECTORY_ENTRIES}); it is damaged")
    reader.check(start, count * _ENTRY_BYTES, "the record directory")
    records: dict[int, tuple[int, int]] = {}
    for entry in range(start, start + count * _ENTRY_BYTES, _ENTRY_BYTES):
        place = reader.u32(entry + 0x0C, "a record's offset"), reader.u32(entry + 0x10, "a record's length")
        records.setdefault(reader.u16(entry, "a record's type"), place)
    return records


def _record(reader: BinaryReader, start: int, length: int, what: str) -> BinaryReader:
    """Return a reader of one record, in the byte order that its first word (2 where the order is right) shows."""
    reader.check(start, length, what)
    record = BinaryReader(reader.data[start : start + length], f"{reader.name}: {what}", "<")
    return record.with_order(">") if record.u16(0, "the byte order mark") >= 0x0100 else record


def _raw_picture(record: BinaryReader) -> npt.NDArray[np.uint16]:
    """Return the sensor's counts, shape (rows, columns)."""
    width, height = record.u16(2, "the width"), record.u16(4, "the height")
    if not 0 < width * height <= MAX_PIXELS:
        raise record.fail(2, f"{width} × {height} pixels is no thermal picture; the file is damaged")
    body = record.data[_PIXELS_AT:]
    if body.startswith(SIGNATURE):
        return _usual_order(decode_png16(body, record.name, width=width, height=height))
    if len(body) < 2 * width * height or body.startswith(b"\xff\xd8\xff"):
        raise record.fail(
            _PIXELS_AT, "the pixels are packed in a way not read here; export the picture as radiometric JPEG"
        )
    return record.array(_PIXELS_AT, "u2", width * height, "the pixels").reshape(height, width).astype(np.uint16)


def _usual_order(picture: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """Return the picture in the byte order that makes neighbours alike.

    Most cameras write the two bytes of a pixel in the wrong order, some in the right one, and nothing in the file says
    which; but a scene is smooth, and with bytes swapped it is noise.
    """
    swapped = picture.byteswap()

    def roughness(candidate: npt.NDArray[np.uint16]) -> int:
        wide = candidate.astype(np.int32)
        return int(
            np.abs(np.diff(wide, axis=0)).sum(dtype=np.int64) + np.abs(np.diff(wide, axis=1)).sum(dtype=np.int64)
        )

    return picture if roughness(picture) < roughness(swapped) else swapped


@dataclass(frozen=True, slots=True)
class _CameraInfo:
    """Record 0x20."""

    planck: Planck
    air: Air
    scene: Scene
    metadata: Mapping[str, str]

    @classmethod
    def read(cls, record: BinaryReader) -> "_CameraInfo":
        def number(at: int, what: str, lowest: float, highest: float) -> float:
            value = record.f32(at, what)
            if not lowest <= value <= highest:
                raise record.fail(at, f"{what} is {value:g}, must be {lowest:g} … {highest:g}; set it in the camera")
            return value

        def kelvin(at: int, what: str) -> float:
            return number(at, what, 50, 5000)

        def coefficient(at: int, what: str) -> float:
            return number(at, what, -10, 10)

        humidity = number(0x3C, "the relative humidity", 0, 100)
        scene = Scene(
            emissivity=number(0x20, "the emissivity", 0.001, 1),
            distance_m=number(0x24, "the distance", 0, 100_000),
            reflected_k=kelvin(0x28, "the reflected temperature"),
            air_k=kelvin(0x2C, "the air temperature"),
            window_k=kelvin(0x30, "the window temperature"),
            window_transmission=number(0x34, "the window transmission", 0.001, 1),
            relative_humidity=humidity / 100 if humidity > 2 else humidity,
        )
        planck = Planck(
            r1=number(0x58, "Planck R1", 1e-6, 1e9),
            b=number(0x5C, "Planck B", 1, 1e5),
            f=number(0x60, "Planck F", -1e3, 1e3),
            o=float(record.i32(0x308, "Planck O")),
            r2=number(0x30C, "Planck R2", 1e-9, 1e9),
        )
        air = Air(
            alpha1=coefficient(0x70, "air alpha 1"),
            alpha2=coefficient(0x74, "air alpha 2"),
            beta1=coefficient(0x78, "air beta 1"),
            beta2=coefficient(0x7C, "air beta 2"),
            x=coefficient(0x80, "air X"),
        )
        _check_model(record, planck, air, scene)
        return cls(planck, air, scene, _describe(record, scene))


def _check_model(record: BinaryReader, planck: Planck, air: Air, scene: Scene) -> None:
    """Raise when the parameters, each possible, give no radiation or no transmission together."""
    try:
        through = air.transmission(scene.distance_m / 2, scene.air_k, scene.relative_humidity)
        counts = [planck.counts(t) for t in (scene.reflected_k, scene.air_k, scene.window_k)]
    except (OverflowError, ZeroDivisionError):
        through, counts = math.nan, []
    if not 0.001 < through <= 1.5 or not all(math.isfinite(c) for c in counts):
        raise CaptureError(f"{record.name}: the constants give no transmission of air or no radiation; it is damaged")


def _describe(record: BinaryReader, scene: Scene) -> dict[str, str]:
    found = {
        "model": record.text(0xD4, 32, "the camera model"),
        "serial": record.text(0x104, 16, "the serial number"),
        "lens": record.text(0x170, 32, "the lens model"),
    }
    found = {key: value for key, value in found.items() if value}
    return found | {
        "distance": f"{scene.distance_m:g} m",
        "air temperature": f"{scene.air_k - KELVIN:.2f} Cel",
        "relative humidity": f"{100 * scene.relative_humidity:.0f} %",
        "window transmission": f"{scene.window_transmission:g}",
    }
