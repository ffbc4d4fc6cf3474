"""What a thermal picture looks like on a screen."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.by_hand.files import thermal_file
from edge_agent.by_hand.thermal import Picture, heat_frame, pooled
from edge_agent.local_api.heat import HeatView, Region
from protocols.waveform import ThermalImage
from tui import heat_plot


def picture(field):
    image = ThermalImage(np.asarray(field, np.float32), 0.95)
    return Picture("camera", 1, datetime(2026, 5, 4, tzinfo=UTC), image)


def board(hot=0.0):
    field = np.full((24, 32), 25.0) + np.random.default_rng(3).normal(0, 0.05, (24, 32))
    field[10:13, 20:23] += hot
    return field


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 40), st.integers(1, 40), st.data())
def test_the_hottest_pixel_is_never_lost_in_a_smaller_picture(rows, columns, fit_rows, fit_columns, data):
    field = np.zeros((rows, columns))
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    field[row, column] = 90.0
    small, factor = pooled(field, fit_rows, fit_columns)
    assert small.shape[0] <= fit_rows and small.shape[1] <= fit_columns
    assert small[row // factor, column // factor] == 90.0
    assert np.count_nonzero(small == 90.0) == 1


def test_spots_region_and_difference():
    frame = heat_frame(picture(board(12.0)), HeatView(region=Region(10, 20, 3, 3)))
    assert [(spot.row in range(10, 13), spot.area) for spot in frame.spots] == [(True, 9)]
    assert frame.spots[0].rise_k == pytest.approx(12, abs=0.3)
    assert {one.name: one.value for one in frame.region}["mean"] == pytest.approx(37, abs=0.2)
    golden = picture(board()).image
    difference = heat_frame(picture(board(7.0)), HeatView(against="golden"), golden)
    assert difference.difference and len(difference.spots) == 1
    assert max(value for value in difference.values if value is not None) == pytest.approx(7, abs=0.3)
    assert "no picture of a good board" in heat_frame(picture(board()), HeatView(against="golden")).notes[0]
    outside = heat_frame(picture(board()), HeatView(region=Region(20, 0, 10, 3)))
    assert outside.region == () and outside.notes


def test_a_pixel_without_a_value_is_none_and_drawn_grey():
    field = board()
    field[0, 0] = np.nan
    frame = heat_frame(picture(field), HeatView())
    assert frame.values[0] is None
    lines = heat_plot.picture(frame, 32, 12)
    assert lines[0][0][1].startswith(heat_plot.NOTHING)
    assert all(sum(len(text) for text, _style in line) == 32 for line in lines)


def test_files_of_a_picture():
    image = picture(board(5.0)).image
    table = np.loadtxt(io.BytesIO(thermal_file(image, "csv")), delimiter=",")
    np.testing.assert_allclose(table, image.temperatures_c, atol=0.006)
    from PIL import Image

    drawn = Image.open(io.BytesIO(thermal_file(image, "png")))
    assert drawn.size == (32 * 30 + 130, 24 * 30)
