"""What a record looks like on a screen."""

import csv
import io
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.by_hand.files import scope_file
from edge_agent.by_hand.good_records import MOST, GoodRecords
from edge_agent.by_hand.scope_frame import Record, frame_of, part_of, trace_of
from edge_agent.local_api.scope import Decoding, ScopeChannel, ScopeSetup, ScopeView
from protocols.captures import read_capture
from protocols.waveform import Capture, Waveform
from tui.scope_plot import Layer, plot

RATE_HZ = 1e6


def record(*waves):
    setup = ScopeSetup(tuple(ScopeChannel(number, 1.0) for number in range(1, len(waves) + 1)), 0.01)
    return Record("scope", 1, datetime(2026, 5, 4, tzinfo=UTC), setup, tuple(waves))


def wave(values, name="ch1", start_s=0.0):
    codes = np.round(np.asarray(values, float) / 0.02).astype(np.int16)
    return Waveform(name, codes, 1 / RATE_HZ, scale=0.02, start_s=start_s, resolution=0.02)


def square(n=10_000, period=100, low=0.0, high=3.3):
    return np.where(np.arange(n) % period < period // 2, high, low)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999_999), st.integers(20, 200), st.integers(4, 50), st.sampled_from([1, -1]))
def test_one_sample_among_a_million_is_seen_on_every_screen(place, width, height, sign):
    """D6: a glitch of one sample stands out of the noise in one column at least, at its own time."""
    codes = np.zeros(1_000_000, np.int8)
    codes[place] = 100 * sign
    one = record(Waveform("ch1", codes, 1e-8, scale=0.04))
    frame = frame_of(one, ScopeView(columns=2 * width))
    lines = plot([Layer(frame.traces[0], 4.0, -4.0, "ch1")], (frame.start_s, frame.stop_s), (width, height))
    text = ["".join(piece for piece, _style in line) for line in lines]
    edge = text[0 if sign > 0 else -1]
    seen = [column for column, char in enumerate(edge) if "\u2801" <= char <= "\u28ff"]
    assert len(seen) == 1
    assert abs(seen[0] - place / 1_000_000 * width) <= 1.01


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5000), st.integers(2, 400), st.floats(0, 1), st.floats(0, 1))
def test_a_window_holds_every_sample_that_it_names(samples, columns, a, b):
    rng = np.random.default_rng(samples)
    one = wave(rng.normal(0, 1, samples), start_s=-0.001)
    start, stop = sorted(one.start_s + part * samples / RATE_HZ for part in (a, b))
    part = part_of(one, start, stop)
    assert part.codes.size >= 1
    trace = trace_of(part, columns)
    values = part.values()
    assert min(trace.low) == pytest.approx(values.min()) and max(trace.high) == pytest.approx(values.max())
    assert len(trace.low) <= columns
    assert trace.start <= max(start, one.start_s) + 1e-12


def test_an_inverted_scale_turns_the_extremes_over():
    trace = trace_of(Waveform("ch1", np.array([1, 5], np.int8), 1.0, scale=-1.0), 2)
    assert trace.low == (-1.0, -5.0)
    both = trace_of(Waveform("ch1", np.array([1, 5], np.int8), 1.0, scale=-1.0), 1)
    assert (both.low, both.high) == ((-5.0,), (-1.0,))


def test_table_and_cursors_measure_what_is_there():
    frame = frame_of(record(wave(square())), ScopeView(table=True, cursors=(0.00102, 0.00202)))
    table = {one.name: one.value for one in frame.measured[0].quantities}
    assert table["peak_to_peak"] == pytest.approx(3.3)
    assert table["frequency"] == pytest.approx(10_000, rel=1e-3)
    assert table["mean"] == pytest.approx(1.65, abs=0.01)
    between = {one.name: one.value for one in frame.between[0].quantities}
    assert (between["rising_edges"], between["falling_edges"]) == (10, 10)
    assert between["period"] == pytest.approx(1e-4)
    assert between["at_a"] == pytest.approx(3.3)


def test_spectrum_shows_the_tone_at_its_place():
    tone = 2.0 * np.sin(2 * np.pi * 50_000 * np.arange(20_000) / RATE_HZ)
    frame = frame_of(record(wave(tone)), ScopeView(columns=100, mode="spectrum"))
    trace = frame.traces[0]
    peak = int(np.argmax(trace.high))
    assert trace.start + peak * trace.step == pytest.approx(50_000, abs=trace.step)
    assert max(trace.high) == pytest.approx(20 * np.log10(2 / np.sqrt(2)), abs=0.3)
    assert trace.axis == "Hz"


def test_x_over_y_draws_where_both_have_been():
    angle = np.linspace(0, 2 * np.pi, 5000)
    both = record(wave(np.cos(angle)), wave(np.sin(angle), "ch2"))
    picture = frame_of(both, ScopeView(columns=41, rows=41, mode="xy")).xy
    rows = [int(row, 16) for row in picture.rows]
    assert rows[20].bit_count() <= 8 and not rows[20] >> 20 & 1, "the middle of a circle is empty"
    assert sum(row.bit_count() for row in rows) > 80
    alone = frame_of(record(wave(np.cos(angle))), ScopeView(mode="xy"))
    assert alone.notes == ("X-Y needs two channels",)


def uart(text, baud=9600):
    bit = RATE_HZ / baud
    levels = [1] * 20
    for byte in text:
        levels += [0, *(byte >> k & 1 for k in range(8)), 1]
    levels += [1] * 20
    at = (np.arange(int(len(levels) * bit)) / bit).astype(int)
    return wave(3.3 * np.array(levels)[at])


def test_bytes_stand_at_their_times_and_a_window_has_its_own():
    one = record(uart(b"Hello\x01"))
    frame = frame_of(one, ScopeView(decoding=Decoding("uart", ("ch1",), 9600)))
    assert [word.text for word in frame.decoded] == ["H", "e", "l", "l", "o", "01"]
    assert frame.decoded[0].start_s == pytest.approx(20 / 9600, abs=2e-6)
    middle = frame.decoded[2].start_s + 1e-4
    part = frame_of(one, ScopeView(start_s=middle, stop_s=middle + 1e-4, decoding=Decoding("uart", ("ch1",), 9600)))
    assert [word.text for word in part.decoded] == ["l"]


@pytest.mark.parametrize(
    ("decoding", "said"),
    [
        (Decoding("uart", ("ch2",)), "ch2 is not recorded"),
        (Decoding("i2c", ("ch1",)), "needs two lines"),
        (Decoding("uart", ("ch1",), 2e6), "samples a bit"),
    ],
)
def test_a_bus_that_cannot_be_read_says_why(decoding, said):
    frame = frame_of(record(uart(b"Hello")), ScopeView(decoding=decoding))
    assert frame.decoded == () and said in frame.notes[0]


def test_mask_and_golden_tell_a_bad_unit_from_a_good_one():
    rng = np.random.default_rng(7)

    def unit(bump=0.0):
        values = square(4000, 400) + rng.normal(0, 0.02, 4000)
        values[2150:2160] += bump
        return record(wave(values))

    good = [unit() for _ in range(4)]
    for overlay, name in (("mask", "outside_mask"), ("golden", "matches")):
        verdicts = []
        for bump in (0.0, 1.0):
            frame = frame_of(unit(bump), ScopeView(overlay=overlay), good)
            assert len(frame.golden) == 1
            verdicts.append({one.name: one.value for one in frame.measured[0].quantities}[name])
        assert verdicts[0] == (0 if overlay == "mask" else True)
        assert verdicts[1] in ({False} if overlay == "golden" else range(5, 11))
    assert "no record of a good unit" in frame_of(unit(), ScopeView(overlay="mask")).notes[0]


def test_good_records_outlive_the_agent_and_the_oldest_makes_room(tmp_path):
    for number in range(MOST + 2):
        GoodRecords(tmp_path).keep("scope", Capture(analog=(wave([number, 0.0]),)))
    (tmp_path / "scope" / "000005.npz").write_bytes(b"damaged")
    kept = GoodRecords(tmp_path).of("scope")
    assert [round(one.analog[0].values()[0]) for one in kept] == [2, 3, 5, 6, 7, 8, 9]
    assert kept[0].analog[0].name == "ch1" and kept[0].analog[0].scale == 0.02
    GoodRecords(tmp_path).forget("scope")
    assert GoodRecords(tmp_path).of("scope") == ()


def test_saved_files_hold_the_record():
    one = record(wave(square(500), start_s=-1e-4), wave(square(500), "ch2"))
    session = read_capture(scope_file(one, "sr"), "record.sr")
    assert [wave.name for wave in session.analog] == ["ch1", "ch2"]
    np.testing.assert_allclose(session.analog[0].values(), one.waveforms[0].values(), atol=1e-6)
    rows = list(csv.reader(io.StringIO(scope_file(one, "csv").decode())))
    assert rows[0] == ["time_s", "ch1_V", "ch2_V"] and len(rows) == 501
    assert [float(cell) for cell in rows[1]] == pytest.approx([-1e-4, 3.3, 3.3])
    with np.load(io.BytesIO(scope_file(one, "npz"))) as arrays:
        assert json.loads(str(arrays["description"]))["analog"][0]["start_s"] == -1e-4
    from PIL import Image

    picture = Image.open(io.BytesIO(scope_file(one, "png")))
    assert picture.size == (1280, 720)
    colours = {colour for _count, colour in picture.getcolors(1_000_000)}
    assert (0xF0, 0xB4, 0x29) in colours and (0x4A, 0xA3, 0xDF) in colours, "both traces are drawn"
