"""Thermal cameras that send raw frames (E1): parsers on made frames, the driver on a pipe, a file and no device."""

import math
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.capabilities import ThermalCamera
from drivers.errors import BadResponse, Cancelled, ConnectionLost, InstrumentError, NoResponse, OutOfRange
from drivers.guard import Guard
from drivers.registry import open_instrument
from protocols.thermal import uvc

SCENE = np.linspace(20.0, 95.0, 160 * 120, dtype=np.float64).reshape(120, 160)
DUAL = np.linspace(-10.0, 120.0, 256 * 192, dtype=np.float64).reshape(192, 256)


def test_words_of_the_makers_units() -> None:
    # 29815 counts of 0.01 K are 25.00 °C; 19082 of 1/64 K are 25.00625 °C.
    y16 = uvc.y16_temperatures((29815).to_bytes(2, "little") * 4800, 80, 60)
    assert y16.shape == (60, 80)
    assert y16[0, 0] == pytest.approx(25.0, abs=1e-4)
    frame = bytes(256 * 192 * 2) + (19082).to_bytes(2, "little") * (256 * 192)
    assert uvc.dual_temperatures(frame, 256, 192)[191, 255] == pytest.approx(19082 / 64 - 273.15, abs=1e-4)


@pytest.mark.parametrize(("layout", "scene", "step"), [("y16", SCENE, 0.01), ("dual", DUAL, 1 / 64)])
def test_a_scene_comes_back_within_half_a_count(layout: str, scene: np.ndarray, step: float) -> None:
    frame = uvc.encode(layout, scene, telemetry_rows=0)
    height, width = scene.shape
    read = uvc.dual_temperatures if layout == "dual" else uvc.y16_temperatures
    assert len(frame) == uvc.frame_bytes(layout, width, height)
    assert np.abs(read(frame, width, height) - scene).max() <= step / 2 + 1e-4


def test_telemetry_is_left_out_and_raw_counts_are_refused() -> None:
    frame = uvc.encode("y16", SCENE, telemetry_rows=2)
    assert uvc.y16_temperatures(frame, 160, 120).shape == (120, 160)
    with pytest.raises(uvc.UvcFrameError, match="TLinear"):
        uvc.y16_temperatures((8000).to_bytes(2, "little") * 19200, 160, 120)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_frame_or_an_error(data: bytes) -> None:
    for read in (uvc.y16_temperatures, uvc.dual_temperatures):
        try:
            assert read(data, 8, 8).shape == (8, 8)
        except uvc.UvcFrameError as error:
            assert "\n" not in str(error)


def test_emissivity_by_hand() -> None:
    # A body of 60 °C and emissivity 0.5 in a room of 20 °C, seen by a camera set to 1.
    own, room = (1 / math.expm1(uvc.BAND_KELVIN / (t + 273.15)) for t in (60.0, 20.0))
    shown = uvc.BAND_KELVIN / math.log1p(1 / (0.5 * own + 0.5 * room)) - 273.15
    seen = np.full((2, 2), shown, dtype=np.float32)
    corrected = uvc.for_emissivity(seen, emissivity=0.5, camera_emissivity=1.0, reflected_c=20.0)
    assert corrected[0, 0] == pytest.approx(60.0, abs=1e-3)
    assert uvc.for_emissivity(seen, emissivity=1.0, camera_emissivity=1.0, reflected_c=20.0) is seen
    cold = np.full((1, 1), -40, dtype=np.float32)
    assert np.isnan(uvc.for_emissivity(cold, emissivity=0.1, camera_emissivity=1.0, reflected_c=60.0)[0, 0])


def camera(profile: str, path: Path, **options: object) -> ThermalCamera:
    opened = open_instrument(profile, f"uvc:{path}", **options)
    assert isinstance(opened, ThermalCamera)
    return opened


def test_the_mean_of_frames_from_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    os.mkfifo(path)
    made = [uvc.encode("dual", DUAL + offset) for offset in (0.0, 1.0)]

    def write() -> None:
        with path.open("wb") as pipe:
            for frame in made:
                pipe.write(frame[:100_000])
                pipe.flush()
                pipe.write(frame[100_000:])

    thread = threading.Thread(target=write)
    with_camera = camera("infiray-p2-pro", path)
    thread.start()
    image = with_camera.capture(emissivity=0.95, frames=2)
    thread.join(5)
    assert np.abs(image.temperatures_c - (DUAL + 0.5)).max() < 0.02
    assert with_camera.limit_of_error_k() == 2
    with pytest.raises(OutOfRange):
        with_camera.capture(emissivity=1.5)
    with pytest.raises(OutOfRange):
        with_camera.capture(frames=0)
    with_camera.close()


def test_a_recorded_file_is_read_frame_by_frame_and_ends_in_words(tmp_path: Path) -> None:
    path = tmp_path / "frames.y16"
    path.write_bytes(uvc.encode("y16", SCENE) + uvc.encode("y16", SCENE + 5) + b"\0" * 10)
    lepton = camera("flir-lepton-purethermal", path)
    first, second = lepton.capture(emissivity=1.0), lepton.capture(emissivity=1.0)
    assert float(second.temperatures_c[0, 0] - first.temperatures_c[0, 0]) == pytest.approx(5, abs=0.01)
    with pytest.raises(BadResponse, match="ends after 10 of 38400 bytes"):
        lepton.capture()
    with pytest.raises(ConnectionLost, match="no further frame"):
        lepton.capture()
    lepton.close()


def test_a_camera_that_stops_or_is_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    os.mkfifo(path)
    guard = Guard()
    opened = open_instrument("flir-lepton-purethermal", f"uvc:{path}", guard)
    assert isinstance(opened, ThermalCamera)
    guard.arm(0.2)
    with pytest.raises(Cancelled):
        opened.capture()
    opened._source._timeout_s = 0.1  # type: ignore[attr-defined]
    guard.arm(None)
    with pytest.raises(NoResponse, match="no whole frame"):
        opened.capture()
    opened.close()


@pytest.mark.parametrize("target", ["/dev/nonexistent", "/dev/null"])
def test_what_is_no_camera(target: str) -> None:
    with pytest.raises(InstrumentError) as raised:
        open_instrument("infiray-p2-pro", f"uvc:{target}")
    assert "\n" not in str(raised.value)
