"""Thermal images with planted spots and pixels, and a real camera's picture."""

from dataclasses import replace

import numpy as np
import pytest
from analysis_signals import reason, value
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.analysis import pixels
from edge_agent.analysis.pixels import bad_pixels
from edge_agent.analysis.result import Accuracy, NoAnswer
from edge_agent.analysis.thermal import hot_spots, hot_spots_against, pixel_noise, region
from protocols.waveform import ThermalImage

AMBIENT, NOISE = 24.0, 0.05


def board(spots=(), rows=192, columns=256, noise=NOISE, seed=1, gradient=0.0) -> ThermalImage:
    """Spots are (row, column, rise in K, sigma in pixels)."""
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    field = AMBIENT + gradient * x + np.random.default_rng(seed).normal(0, noise, (rows, columns))
    for row, column, rise, sigma in spots:
        field += rise * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
    return ThermalImage(field.astype(np.float32), 0.95)


PARTS = [(50, 60, 12.0, 3.0), (120, 200, 31.0, 2.0)]


def test_spots_are_found_where_they_are() -> None:
    found = hot_spots(board(PARTS), threshold_k=8.0, accuracy=Accuracy(offset=1.0))
    assert value(found.count) == 2
    assert (found.spots[0].row, found.spots[0].column) == (120, 200)
    assert (found.spots[1].row, found.spots[1].column) == (50, 60)
    assert value(found.rise) == pytest.approx(31.0, abs=0.2)
    assert value(found.peak) == pytest.approx(55.0, abs=0.2)
    assert found.peak.standard_uncertainty == pytest.approx(1.0, abs=0.01)
    assert found.rise.standard_uncertainty < 0.1  # the camera's offset cancels in a difference
    assert value(found.ambient) == pytest.approx(AMBIENT, abs=0.05)


def test_a_cool_board_has_no_spot() -> None:
    found = hot_spots(board(), threshold_k=3.0)
    assert value(found.count) == 0
    assert "stands out by 3 K" in reason(found.rise)


def test_a_board_warm_on_one_side_is_judged_against_the_neighbourhood() -> None:
    image = board([(40, 30, 9.0, 1.5)], gradient=0.08)
    assert value(hot_spots(image, threshold_k=6.0, against="neighbourhood").count) == 1
    found = hot_spots(image, threshold_k=6.0, against="neighbourhood")
    assert (value(found.row), value(found.column)) == (40, 30)


def test_a_part_that_is_hotter_than_on_the_golden_board() -> None:
    golden = board(PARTS, seed=2)
    leaky = board([PARTS[0], (120, 200, 44.0, 2.0)], seed=3)
    warmer_room = replace(leaky, temperatures_c=leaky.temperatures_c + np.float32(4.0))
    found = hot_spots_against(warmer_room, reference=golden, threshold_k=5.0)
    assert value(found.count) == 1
    assert (value(found.row), value(found.column)) == (120, 200)
    assert value(found.rise) == pytest.approx(13.0, abs=0.3)
    assert value(hot_spots_against(board(PARTS, seed=4), reference=golden, threshold_k=1.0).count) == 0


def test_different_sizes_and_nonsense_are_refused() -> None:
    small = board(rows=24, columns=32)
    assert "different sizes (256×192 and 32×24" in reason(hot_spots_against(board(), reference=small))
    nothing = ThermalImage(np.full((24, 32), np.nan, np.float32), 1.0)
    assert "no pixel" in reason(hot_spots(nothing))
    assert "the reference" in reason(hot_spots_against(small, reference=nothing))
    assert "5×5" in reason(hot_spots(ThermalImage(np.zeros((2, 2), np.float32), 1.0)))
    assert "above zero" in reason(hot_spots(small, threshold_k=0.0))
    assert "does not lie within" in reason(region(small, top=20, left=0, height=10, width=10))


def test_region_statistics() -> None:
    flat = board(rows=50, columns=50)
    flat.temperatures_c[10:20, 10:20] += np.float32(10.0)
    found = region(flat, top=10, left=10, height=10, width=10)
    assert value(found.mean) == pytest.approx(34.0, abs=0.02)
    assert value(found.spread) == pytest.approx(NOISE, rel=0.3)
    assert found.mean.standard_uncertainty == pytest.approx(NOISE / 10, rel=0.2)


def test_sixty_planted_bad_pixels_all_found_and_none_false() -> None:
    image = board([*PARTS, (90, 90, 50.0, 1.2), (20, 220, -8.0, 1.5)], gradient=0.02, noise=0.04)
    rng = np.random.default_rng(9)
    places = {(int(r), int(c)) for r, c in zip(rng.integers(0, 64, 200) * 3, rng.integers(0, 85, 200) * 3, strict=True)}
    clear = [
        (r, c)
        for r, c in sorted(places)
        if all(np.hypot(r - s[0], c - s[1]) > 12 for s in [*PARTS, (90, 90), (20, 220)])
    ]
    planted = [clear[k] for k in rng.choice(len(clear), 60, replace=False)]
    for k, (row, column) in enumerate(planted):
        image.temperatures_c[row, column] += np.float32(rng.uniform(1.5, 30) * (-1) ** k)
    found = bad_pixels(image)
    assert sorted(map(tuple, found.tolist())) == sorted(planted)


def test_a_pixel_without_a_value_is_bad_and_takes_no_part() -> None:
    image = board(PARTS)
    image.temperatures_c[3, 4] = np.nan
    assert bad_pixels(image).tolist() == [[3, 4]]
    assert value(hot_spots(image, threshold_k=8.0).count) == 2


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 300), st.floats(0.02, 2.0))
def test_noise_alone_has_no_bad_pixels(seed, noise) -> None:
    image = board(noise=noise, seed=seed, rows=60, columns=80)
    assert len(bad_pixels(image)) == 0
    assert pixel_noise(image.temperatures_c.astype(float)) == pytest.approx(noise, rel=0.1)


@settings(max_examples=20, deadline=None)
@given(st.integers(10, 49), st.integers(10, 69), st.sampled_from(["ambient", "neighbourhood"]))
def test_mirrored_image_mirrors_the_spot(row, column, against) -> None:
    image = board([(row, column, 20.0, 1.5)], rows=60, columns=80)
    mirrored = replace(image, temperatures_c=image.temperatures_c[::-1, ::-1])
    there = hot_spots(image, threshold_k=8.0, against=against)
    back = hot_spots(mirrored, threshold_k=8.0, against=against)
    assert (59 - value(back.row), 79 - value(back.column)) == (value(there.row), value(there.column)) == (row, column)


def test_looking_at_the_extrema_of_rows_alone_finds_the_same_bad_pixels() -> None:
    rng = np.random.default_rng(5)
    for _ in range(40):
        field = rng.normal(25, 0.05, (24, 32)).astype(np.float32)
        rows, columns = rng.integers(0, 24, 8), rng.integers(0, 32, 8)
        field[rows, columns] += rng.choice([-3, -0.6, 0.6, 3], 8).astype(np.float32)
        found = bad_pixels(ThermalImage(field, 0.95))
        assert not isinstance(found, NoAnswer)
        everywhere = pixels._bad_everywhere(field, 8.0 * pixel_noise(field))
        assert found.tolist() == np.argwhere(everywhere).tolist()
