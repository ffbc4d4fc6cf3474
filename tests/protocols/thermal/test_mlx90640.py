"""MLX90640: the maker's sample data, the maker's C library in other modes, and the inverse for the simulator."""

import numpy as np
import numpy.typing as npt
import pytest
from captures import require_capture
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.thermal.mlx90640 import (
    MLX90640Calibration,
    Mlx90640Error,
    ambient_c,
    default_eeprom,
    encode_frame,
    fill_defective,
    merge,
    subframe_mask,
    supply_v,
    temperatures,
)

Words = npt.NDArray[np.uint16]


def sample(file: str) -> Words:
    return np.frombuffer(require_capture(f"thermal/mlx90640/{file}").read_bytes(), "<u2")


def ramp_frame(control: int, subpage: int) -> Words:
    """Return a frame whose pixels reach from room temperature to 250 °C."""
    frame = np.zeros(834, np.uint16)
    frame[:768] = (np.arange(768) * 7 - 60).astype(np.int16).view(np.uint16)
    supply = -12900 * (2 if control & 0x0400 else 1)  # 19 bit counts twice as fine as 18 bit
    for place, value in {768: 19800, 776: -80, 778: 5900, 800: 1690, 808: -88, 810: supply}.items():
        frame[place] = value & 0xFFFF
    frame[832], frame[833] = control, subpage
    return frame


def test_the_makers_sample_data() -> None:
    frame, calibration = sample("frame0.bin"), MLX90640Calibration.from_eeprom(sample("eeprom.bin"))
    assert supply_v(frame, calibration) == pytest.approx(3.3044, abs=5e-5)
    assert ambient_c(frame, calibration) == pytest.approx(33.8824, abs=5e-5)
    image = temperatures(frame, calibration, 1.0)
    expected = np.loadtxt(require_capture("thermal/mlx90640/to0.csv"), delimiter=",")
    assert np.array_equal(np.isnan(image.temperatures_c), expected == 0)
    assert np.nanmax(np.abs(image.temperatures_c - expected)[expected != 0]) < 0.0006
    assert image.reflected_c == pytest.approx(33.8824 - 8, abs=5e-5)


MAKERS_LIBRARY_ON_SAMPLE = {
    (0x1901, 1): [(0, 1, 27.8559), (5, 20, 28.5995), (11, 8, 30.0163), (16, 29, 28.9449), (22, 17, 29.4952)],
    (0x0901, 0): [(0, 0, 29.1483), (4, 26, 29.4118), (10, 20, 28.7668), (16, 14, 33.4104), (22, 8, 29.0766)],
    (0x0901, 1): [(1, 0, 28.5329), (5, 26, 29.2896), (11, 20, 30.7940), (17, 14, 31.8030), (23, 8, 28.6490)],
}
"""The sample frame with another control register and subpage, through the C library (emissivity 0.95, Tr 20 °C)."""


@pytest.mark.parametrize(("mode", "pixels"), MAKERS_LIBRARY_ON_SAMPLE.items())
def test_patterns_and_subpages_like_the_makers_library(
    mode: tuple[int, int], pixels: list[tuple[int, int, float]]
) -> None:
    frame = sample("frame0.bin").copy()
    frame[832:] = mode
    image = temperatures(frame, MLX90640Calibration.from_eeprom(sample("eeprom.bin")), 0.95, 20.0)
    for row, column, expected in pixels:
        assert image.temperatures_c[row, column] == pytest.approx(expected, abs=0.0006)


MAKERS_LIBRARY_ON_OUR_EEPROM = {
    (0x1901, 0): [(0, 0, 34.088), (5, 21, 116.522), (11, 9, 165.586), (16, 28, 208.899), (22, 16, 242.719)],
    (0x1D01, 1): [(0, 1, 36.191), (5, 20, 114.285), (11, 8, 165.503), (16, 29, 212.975), (22, 17, 243.350)],
    (0x0901, 0): [(0, 0, 34.076), (4, 26, 107.172), (10, 20, 158.158), (16, 14, 202.275), (22, 8, 246.022)],
    (0x0901, 1): [(1, 0, 54.445), (5, 26, 118.831), (11, 20, 167.531), (17, 14, 207.472), (23, 8, 252.720)],
}
"""``ramp_frame`` with ``default_eeprom(3)``, which has TGC and four ranges, through the same library."""


@pytest.mark.parametrize(("mode", "pixels"), MAKERS_LIBRARY_ON_OUR_EEPROM.items())
def test_hot_ranges_and_compensation_like_the_makers_library(
    mode: tuple[int, int], pixels: list[tuple[int, int, float]]
) -> None:
    calibration = MLX90640Calibration.from_eeprom(default_eeprom(3))
    frame = ramp_frame(*mode)
    assert ambient_c(frame, calibration) == pytest.approx(33.42955, abs=5e-5)
    image = temperatures(frame, calibration, 0.95, 20.0)
    for row, column, expected in pixels:
        # The library rounds sensitivities to 16 bits, which is 2 mK at these temperatures.
        assert image.temperatures_c[row, column] == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize("control", [0x1901, 0x0901, 0x1D01])
@pytest.mark.parametrize("emissivity", [1.0, 0.7])
def test_what_the_simulator_encodes_is_read_back(control: int, emissivity: float) -> None:
    calibration = MLX90640Calibration.from_eeprom(default_eeprom())
    scene = np.linspace(-20, 380, 768).reshape(24, 32)
    images = []
    for subpage in (0, 1):
        frame = encode_frame(
            calibration,
            scene,
            ambient_c=31.5,
            supply_v=3.27,
            subpage=subpage,
            emissivity=emissivity,
            control=control,
        )
        assert frame.dtype == np.uint16 and frame.shape == (834,)
        assert supply_v(frame, calibration) == pytest.approx(3.27, abs=3e-4)
        assert ambient_c(frame, calibration) == pytest.approx(31.5, abs=0.005)
        images.append(temperatures(frame, calibration, emissivity))
        expected = subframe_mask(chess=bool(control & 0x1000), subpage=subpage)
        assert np.array_equal(~np.isnan(images[-1].temperatures_c), expected)
    whole = merge(*images).temperatures_c
    # Half a count of the sensor, which is coarser where the scene is cold and emissivity low.
    assert np.max(np.abs(whole - scene)) < 0.075 / emissivity
    assert np.max(np.abs(whole - scene)[scene > 200]) < 0.025 / emissivity


def test_the_real_sensor_can_be_simulated_too() -> None:
    calibration = MLX90640Calibration.from_eeprom(sample("eeprom.bin"))
    frame = sample("frame0.bin")
    seen = temperatures(frame, calibration, 1.0)
    scene = np.where(np.isnan(seen.temperatures_c), 28.0, seen.temperatures_c)
    again = temperatures(encode_frame(calibration, scene, ambient_c=33.88, subpage=0), calibration, 1.0)
    # Half a count of this sensor where its lens gives least.
    assert np.nanmax(np.abs(again.temperatures_c - seen.temperatures_c)) < 0.1


def test_default_eeproms_differ_in_scatter_and_have_no_bad_pixels() -> None:
    one, two = default_eeprom(1), default_eeprom(2)
    assert not np.array_equal(one[64:], two[64:]) and np.array_equal(one, default_eeprom(1))
    for words in (one, two):
        calibration = MLX90640Calibration.from_eeprom(words)
        assert not calibration.broken.any() and not calibration.outlier.any()
        assert calibration.alpha.min() > 5e-8 and calibration.alpha.max() < 2e-7
        assert calibration.alpha[12, 16] > calibration.alpha[0, 0]


def test_broken_and_outlier_pixels() -> None:
    words = default_eeprom()
    words[64 + 5 * 32 + 5] = 0
    words[64 + 7 * 32 + 9] |= 1
    words[64] = 0
    calibration = MLX90640Calibration.from_eeprom(words)
    assert np.argwhere(calibration.broken).tolist() == [[0, 0], [5, 5]]
    assert np.argwhere(calibration.outlier).tolist() == [[7, 9]]
    scene = np.full((24, 32), 40.0)
    whole = merge(
        *(temperatures(encode_frame(calibration, scene, ambient_c=25, subpage=s), calibration, 1.0) for s in (0, 1))
    )
    assert np.argwhere(np.isnan(whole.temperatures_c)).tolist() == [[0, 0], [5, 5]]
    whole.temperatures_c[7, 9] = 99.0
    filled = fill_defective(whole, calibration).temperatures_c
    assert np.max(np.abs(filled - 40.0)) < 0.06
    assert np.isnan(whole.temperatures_c[5, 5]), "the image that was given must stay as it is"


def test_saturated_pixels_have_no_temperature() -> None:
    calibration = MLX90640Calibration.from_eeprom(default_eeprom())
    frame = encode_frame(calibration, np.full((24, 32), 30.0), ambient_c=25, subpage=0)
    frame[0], frame[2] = 0x7FFF, 0x8000
    image = temperatures(frame, calibration, 1.0).temperatures_c
    assert np.isnan(image[0, [0, 2]]).all() and not np.isnan(image[0, 4])


def test_bad_words_are_refused_with_the_reason() -> None:
    calibration = MLX90640Calibration.from_eeprom(default_eeprom())
    frame = encode_frame(calibration, np.full((24, 32), 30.0), ambient_c=25, subpage=0)
    with pytest.raises(Mlx90640Error, match="832 whole numbers"):
        MLX90640Calibration.from_eeprom([0] * 831)
    with pytest.raises(Mlx90640Error, match="no calibration"):
        MLX90640Calibration.from_eeprom([0] * 832)
    with pytest.raises(Mlx90640Error, match="unsigned 16-bit"):
        temperatures([-1] * 834, calibration, 1.0)
    with pytest.raises(Mlx90640Error, match="834 whole numbers"):
        temperatures(frame[:833], calibration, 1.0)
    with pytest.raises(Mlx90640Error, match="emissivity"):
        temperatures(frame, calibration, 95.0)
    for place, value, reason in [
        (778, 0x7FFF, "while being written"),
        (778, 0, "gain"),
        (833, 2, "subpage"),
        (800, 0, "not of one sensor"),
    ]:
        broken = frame.copy()
        broken[place] = value
        with pytest.raises(Mlx90640Error, match=reason):
            temperatures(broken, calibration, 1.0)


def test_a_scene_beyond_the_sensor_is_refused() -> None:
    calibration = MLX90640Calibration.from_eeprom(default_eeprom())
    scene = np.full((24, 32), 30.0)
    with pytest.raises(Mlx90640Error, match=r"24 rows of 32"):
        encode_frame(calibration, scene[:3], ambient_c=25, subpage=0)
    scene[3, 4] = 2000.0
    with pytest.raises(Mlx90640Error, match=r"pixel \(3, 4\) cannot show 2000"):
        encode_frame(calibration, scene, ambient_c=25, subpage=0)
    with pytest.raises(Mlx90640Error, match="usual conditions"):
        encode_frame(calibration, np.full((24, 32), 30.0), ambient_c=25, subpage=0, supply_v=20.0)


def test_subframes_of_different_emissivity_do_not_merge() -> None:
    calibration = MLX90640Calibration.from_eeprom(default_eeprom())
    frame = encode_frame(calibration, np.full((24, 32), 30.0), ambient_c=25, subpage=0)
    with pytest.raises(Mlx90640Error, match="not of one scene"):
        merge(temperatures(frame, calibration, 1.0), temperatures(frame, calibration, 0.9))


GOOD_EEPROM = default_eeprom()
GOOD_FRAME = ramp_frame(0x1901, 0)


@settings(max_examples=80, deadline=None)
@given(
    eeprom=st.dictionaries(st.integers(0, 831), st.integers(0, 0xFFFF), max_size=12),
    frame=st.dictionaries(st.one_of(st.integers(0, 833), st.integers(768, 833)), st.integers(0, 0xFFFF), max_size=12),
    emissivity=st.floats(0.01, 1.0),
)
def test_changed_words_give_a_picture_or_the_own_error(
    eeprom: dict[int, int], frame: dict[int, int], emissivity: float
) -> None:
    ee, words = GOOD_EEPROM.copy(), GOOD_FRAME.copy()
    for place, value in eeprom.items():
        ee[place] = value
    for place, value in frame.items():
        words[place] = value
    try:
        image = temperatures(words, MLX90640Calibration.from_eeprom(ee), emissivity)
    except Mlx90640Error as error:
        assert "\n" not in str(error)
    else:
        assert image.temperatures_c.shape == (24, 32)
        assert not np.isinf(image.temperatures_c).any()
