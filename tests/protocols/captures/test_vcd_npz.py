"""Value change dumps, read back by sigrok's reader; npz files, read back by numpy."""

import io
import json
import shutil
import subprocess
from itertools import pairwise

import numpy as np
import pytest
from hostile_input import damaged, survives
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.captures import CaptureError, read_capture
from protocols.captures.npz import write_npz
from protocols.captures.vcd import Track, write_vcd
from protocols.waveform import Capture, LogicCapture, ThermalImage, Waveform


def changes(text):
    """The value of every variable after each change: {name: [(time, value), …]}."""
    names, found, now = {}, {}, None
    for line in text.splitlines():
        if line.startswith("$var"):
            _, _, _, code, name, _ = line.split()
            names[code] = name
            found[name] = []
        elif line.startswith("#"):
            now = int(line[1:])
        elif line and line[0] in "01":
            found[names[line[1:]]].append((now, line[0]))
        elif line and line[0] in "bs":
            value, code = line.split(" ")
            found[names[code]].append((now, value))
    return found


def test_bytes_and_texts_stand_beside_the_lines():
    logic = LogicCapture(np.array([1, 1, 0, 0, 3, 3], np.uint8), 2e6, ("TX", None, "busy flag"))
    tracks = [
        Track("uart data", [1, 3], [3, 5], [0x41, 0xFF]),
        Track("i2c", np.array([2]), np.array([4]), ["write 0x50"], bits=0),
    ]
    text = write_vcd(2e6, logic=logic, tracks=tracks).decode()
    assert "$timescale 100 ns $end" in text
    found = changes(text)
    assert found["TX"] == [(0, "1"), (10, "0"), (20, "1")]
    assert found["busy_flag"] == [(0, "0")]
    assert found["uart_data"] == [(0, "bz"), (5, "b1000001"), (15, "bz"), (15, "b11111111"), (25, "bz")]
    assert found["i2c"] == [(0, "s"), (10, "swrite_0x50"), (20, "s")]
    assert text.endswith("#30\n")


@pytest.mark.parametrize(
    ("rate", "scale", "last"), [(1.0, "1 s", 3), (3e6, "1 fs", 10**9), (24e6, "1 fs", 125 * 10**6), (1e9, "1 ns", 3)]
)
def test_the_time_scale_is_the_coarsest_that_is_exact(rate, scale, last):
    text = write_vcd(rate, logic=LogicCapture(np.zeros(3, np.uint8), rate, ("A",))).decode()
    assert f"$timescale {scale} $end" in text
    assert text.endswith(f"#{last}\n")


@pytest.mark.parametrize(
    "track",
    [
        Track("a", [0, 1], [2, 3], [1, 2]),
        Track("a", [1], [1], [1]),
        Track("a", [0], [1], [256]),
        Track("a", [0], [1], [-1]),
        Track("a", [0], [1], []),
        Track("a", [0], [1], [0], bits=65),
    ],
)
def test_tracks_that_make_no_sense_are_refused(track):
    with pytest.raises(CaptureError):
        write_vcd(1e6, tracks=[track])


def test_nothing_to_write_is_refused():
    with pytest.raises(CaptureError, match="neither"):
        write_vcd(1e6)
    with pytest.raises(CaptureError, match="sample rate"):
        write_vcd(0.0, tracks=[Track("a", [], [], [])])


@pytest.mark.skipif(shutil.which("sigrok-cli") is None, reason="sigrok-cli is not installed")
def test_an_independent_reader_sees_the_same_lines(tmp_path):
    words = np.repeat(np.random.default_rng(4).integers(0, 8, 200, dtype=np.uint8), 3)
    logic = LogicCapture(words, 1e6, ("A", "B", "C"))
    file, back = tmp_path / "lines.vcd", tmp_path / "lines.sr"
    file.write_bytes(write_vcd(1e6, logic=logic))
    command = ["sigrok-cli", "-I", "vcd", "-i", str(file), "-o", str(back)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    read = read_capture(back.read_bytes(), "lines.sr").logic
    for name in "ABC":
        assert read.channel(name)[: words.size].tolist() == logic.channel(name).tolist()


@given(st.lists(st.integers(0, 1), min_size=1, max_size=50), st.floats(1, 1e15))
def test_any_line_is_written_with_its_changes(levels, rate):
    logic = LogicCapture(np.array(levels, np.uint8), rate, ("A",))
    found = changes(write_vcd(rate, logic=logic).decode())["A"]
    assert [int(value) for _, value in found] == [levels[0]] + [b for a, b in pairwise(levels) if a != b]


def test_an_npz_file_says_everything():
    capture = Capture(
        analog=(Waveform("CH1", np.array([1, -2], np.int8), 1e-6, "A", 0.5, 0.25, -1e-3, 0.5),),
        logic=LogicCapture(np.array([1, 2], np.uint16), 1e6, ("TX", None)),
        thermal=ThermalImage(np.full((2, 3), 25.0, np.float32), 0.95),
        metadata={"format": "测试"},
    )
    data = write_npz(capture)
    assert data == write_npz(capture)
    with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
        description = json.loads(str(loaded["description"]))
        (wave,) = description["analog"]
        assert (loaded["analog_0"] * wave["scale"] + wave["offset"]).tolist() == [0.75, -0.75]
        assert (wave["name"], wave["unit"], wave["start_s"], wave["resolution"]) == ("CH1", "A", -1e-3, 0.5)
        assert loaded["logic"].tolist() == [1, 2]
        assert description["logic"] == {"sample_rate_hz": 1e6, "channels": ["TX", None]}
        assert loaded["thermal"].shape == (2, 3)
        assert description["metadata"] == {"format": "测试"}


HEAT = np.linspace(20, 60, 12, dtype=np.float32).reshape(3, 4)


def heat_of_a_plan() -> bytes:
    saved = io.BytesIO()
    np.savez_compressed(saved, temperatures_c=HEAT.astype(np.float64), emissivity=np.array([0.9]))
    return saved.getvalue()


def test_a_heat_map_comes_back_as_a_plan_or_a_panel_saved_it():
    panel = write_npz(Capture(thermal=ThermalImage(HEAT, 0.9)))
    for data, emissivity in ((heat_of_a_plan(), 0.9), (panel, 1.0)):
        image = read_capture(data, "heat.npz").thermal
        assert (image.temperatures_c == HEAT).all()
        assert image.emissivity == emissivity


@settings(max_examples=60, deadline=None)
@given(damaged(heat_of_a_plan()))
def test_a_damaged_heat_map_is_one_sentence(data):
    survives(lambda content: read_capture(content, "heat.npz"), data, CaptureError)


def test_what_is_no_heat_map_is_refused():
    for arrays, words in (
        ({"temperatures_c": np.arange(4.0)}, "has rows and columns"),
        ({"temperatures_c": np.array([["a", "b"]])}, "is no plain array of numbers"),
        ({"temperatures_c": HEAT, "emissivity": np.array([2.0])}, "above 0 and at most 1"),
    ):
        saved = io.BytesIO()
        np.savez_compressed(saved, **arrays)
        with pytest.raises(CaptureError, match=words):
            read_capture(saved.getvalue(), "heat.npz")
