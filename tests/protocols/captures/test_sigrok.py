"""sigrok session files: exact cases, real captures, sigrok-cli as the judge of what we write, hostile archives."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from captures import require_capture
from hostile_input import assert_frugal, damaged, survives
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.captures import CaptureError, read_capture
from protocols.captures.keyfile import format_keyfile, parse_keyfile
from protocols.captures.sigrok import read_sr
from protocols.captures.sigrok_write import write_sr
from protocols.waveform import Capture, LogicCapture, Waveform

OLD_METADATA = """[global]
sigrok version = 0.2.1
[device 1]
driver = ols
capturefile = logic-1
unitsize = 1
total probes = 32
samplerate = 200 kHz
probe1 = TX
 trigger1 = 0
"""


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    return packed.getvalue()


def session(device: str, entries: dict[str, bytes], version: bytes = b"2") -> bytes:
    return zipped({"version": version, "metadata": f"[device 1]\n{device}\n".encode(), **entries})


def sigrok_cli(*arguments: str) -> bytes:
    if shutil.which("sigrok-cli") is None:
        pytest.skip("sigrok-cli is not installed")
    return subprocess.run(["sigrok-cli", *arguments], check=True, capture_output=True, timeout=60).stdout


def test_version_1_with_old_spelling_and_trigger_lines() -> None:
    data = zipped({"version": b"1", "metadata": OLD_METADATA.encode(), "logic-1": bytes([0, 1, 1, 0])})
    capture = read_capture(data, "old.sr")
    assert capture.logic is not None
    assert capture.logic.sample_rate_hz == 200e3
    assert capture.logic.channels == ("TX", *[None] * 7)
    assert capture.logic.channel("TX").tolist() == [0, 1, 1, 0]
    assert capture.metadata == {
        "written by": "sigrok 0.2.1",
        "driver": "ols",
        "trigger TX": "0",
        "format": "sigrok session version 1",
    }


def test_chunks_are_joined_in_numeric_order() -> None:
    chunks = {f"logic-1-{number}": bytes([number]) for number in (10, 1, 11, 2, 3, 4, 5, 6, 7, 8, 9)}
    device = "capturefile=logic-1\nunitsize=1\ntotal probes=8\nsamplerate=1 MHz\nprobe1=A"
    capture = read_sr(session(device, chunks))
    assert capture.logic is not None
    assert capture.logic.words.tolist() == list(range(1, 12))


@pytest.mark.parametrize("unit_bytes", range(1, 9))
def test_every_unit_size(unit_bytes: int) -> None:
    words = [int.from_bytes(bytes(range(k, k + unit_bytes)), "little") for k in (1, 50, 247)]
    content = b"".join(word.to_bytes(unit_bytes, "little") for word in words)
    device = f"capturefile=logic-1\nunitsize={unit_bytes}\ntotal probes={8 * unit_bytes}\nsamplerate=5000000\nprobe1=A"
    capture = read_sr(session(device, {"logic-1-1": content[:unit_bytes], "logic-1-2": content[unit_bytes:]}))
    assert capture.logic is not None
    assert capture.logic.words.tolist() == words
    assert capture.logic.sample_rate_hz == 5e6
    assert len(capture.logic.channels) == 8 * unit_bytes


@pytest.mark.parametrize(
    ("text", "hz"), [("2 MHz", 2e6), ("200kHz", 200e3), ("1.5 MHz", 1.5e6), ("44100", 44100.0), ("1 GHz", 1e9)]
)
def test_sample_rate_spellings(text: str, hz: float) -> None:
    device = f"capturefile=logic-1\nunitsize=1\ntotal probes=1\nsamplerate={text}\nprobe1=A"
    logic = read_sr(session(device, {"logic-1": b"\1"})).logic
    assert logic is not None and logic.sample_rate_hz == hz


def test_a_file_without_sample_rate_asks_for_one() -> None:
    data = session("capturefile=logic-1\nunitsize=1\ntotal probes=1\nprobe1=A", {"logic-1": b"\1\0"})
    with pytest.raises(CaptureError, match=r"state\.sr: states no sample rate; give"):
        read_capture(data, "state.sr")
    logic = read_capture(data, "state.sr", sample_rate_hz=1000.0).logic
    assert logic is not None and logic.sample_rate_hz == 1000.0


def test_analog_channels_follow_the_logic_channels() -> None:
    device = (
        "capturefile=logic-1\ntotal probes=8\nsamplerate=1 kHz\ntotal analog=2\nprobe1=D0\nanalog9=A0\n"
        "analog10=I1 [A]\nunitsize=1"
    )
    one, two = np.array([0.5, -1.25, 3.0], "<f4"), np.array([1.0, 2.0, 4.0], "<f4")
    entries = {
        "analog-1-10-1": two.tobytes(),
        "analog-1-9-2": one[2:].tobytes(),
        "analog-1-9-1": one[:2].tobytes(),
        "logic-1-1": b"\0\1\0",
    }
    capture = read_sr(session(device, entries))
    assert [(wave.name, wave.unit, wave.values().tolist()) for wave in capture.analog] == [
        ("A0", "V", [0.5, -1.25, 3.0]),
        ("I1", "A", [1.0, 2.0, 4.0]),
    ]
    assert capture.analog[0].sample_interval_s == 1e-3


@pytest.mark.parametrize(
    ("file", "rate_hz", "samples", "channels"),
    [
        ("dmm/ut61e/ut61e_voltage_dc_1_8v.sr", 2e6, 5_000_000, {4: "SDO"}),
        ("dmm/vc820/vc820_linux_5v_nosw.sr", 4e6, 20_000_000, {0: "DM", 2: "RX", 3: "TX"}),
        ("logic/mtk3339_8n1_9600.sr", 200e3, 845_282, {0: "TX"}),
        ("logic/mx25l1605d_probe.sr", 25e6, 8_240_385, {0: "CS#", 5: "HOLD#"}),
        ("modbus/brainchild-io-16do.sr", 1e6, 300_000, {0: "0", 1: "1"}),
    ],
)
def test_real_captures(file: str, rate_hz: float, samples: int, channels: dict[int, str]) -> None:
    path = require_capture(file)
    capture = read_capture(path.read_bytes(), path.name)
    assert capture.logic is not None
    assert capture.logic.words.size == samples
    assert capture.logic.sample_rate_hz == rate_hz
    for bit, name in channels.items():
        assert capture.logic.channels[bit] == name
    if samples < 2_000_000:
        expected = sigrok_cli("-i", str(path), "-O", "binary")
        assert capture.logic.words.tobytes() == expected


@pytest.mark.parametrize("channel_count", [1, 8, 9, 17, 33])
def test_sigrok_cli_reads_the_logic_that_we_write(tmp_path: Path, channel_count: int) -> None:
    generator = np.random.default_rng(channel_count)
    limit = 1 << channel_count
    word_bytes = next(size for size in (1, 2, 4, 8) if 8 * size >= channel_count)
    words = generator.integers(0, limit, 70_000).astype(f"<u{word_bytes}")
    names = tuple(f"D{bit}" for bit in range(channel_count))
    file = tmp_path / "ours.sr"
    file.write_bytes(write_sr(Capture(logic=LogicCapture(words, 12_500_000.0, names))))

    shown = sigrok_cli("-i", str(file), "--show").decode()
    assert all(name in shown for name in names)
    assert "12.5 MHz" in shown or "12500000" in shown
    used = (channel_count + 7) // 8
    expected = words.view(np.uint8).reshape(words.size, word_bytes)[:, :used].tobytes()
    assert sigrok_cli("-i", str(file), "-O", "binary") == expected


def test_sigrok_cli_reads_the_analog_that_we_write(tmp_path: Path) -> None:
    codes = np.arange(-400, 400, dtype=np.int16)
    wave = Waveform("VOUT", codes, 1e-6, scale=0.0125, offset=1.0)
    file = tmp_path / "ours.sr"
    words = (codes > 0).astype(np.uint8)
    file.write_bytes(write_sr(Capture(analog=(wave,), logic=LogicCapture(words, 1e6, ("GATE", None, "X")))))
    # sigrok's own writer, fed through sigrok's own reader: what comes back went through both of theirs.
    theirs = tmp_path / "theirs.sr"
    sigrok_cli("-i", str(file), "-O", "srzip", "-o", str(theirs))
    back = read_capture(theirs.read_bytes(), "theirs.sr")
    assert back.logic is not None
    assert back.logic.channels[:3] == ("GATE", None, "X")
    assert back.logic.words.tolist() == words.tolist()
    assert [(found.name, found.sample_interval_s) for found in back.analog] == [("VOUT", 1e-6)]
    assert back.analog[0].codes.tolist() == wave.values().astype(np.float32).tolist()


def test_write_then_read_gives_the_same_capture() -> None:
    current = Waveform("I1", np.array([1.5, 2.5], np.float32), 1e-3, unit="A")
    logic = LogicCapture(np.array([1, 5], np.uint16), 1000.0, ("a b", None, " edge\\"))
    capture = Capture(analog=(current,), logic=logic)
    data = write_sr(capture)
    assert data == write_sr(capture)
    back = read_capture(data, "x.sr")
    assert back.logic is not None
    assert back.logic.channels == logic.channels
    assert back.logic.words.tolist() == [1, 5]
    assert (back.analog[0].name, back.analog[0].unit) == ("I1", "A")
    assert back.analog[0].values().tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("capture", "reason"),
    [
        (Capture(), "neither"),
        (Capture(analog=(Waveform("A", np.ones(2), 3.0),)), "whole hertz"),
        (Capture(analog=(Waveform("A", np.ones(2), 0.0),)), "not above zero"),
        (Capture(analog=(Waveform("A", np.ones(2), 1e-3), Waveform("B", np.ones(2), 1e-4))), "one sample rate"),
        (Capture(analog=(Waveform("A", np.ones(2), 1e-3, unit="furlong"),)), "furlong"),
        (Capture(logic=LogicCapture(np.ones(1, np.uint8), 1.0, (None,))), "named channel"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(capture: Capture, reason: str) -> None:
    with pytest.raises(CaptureError, match=reason):
        write_sr(capture)


@given(st.dictionaries(st.sampled_from(["a", "b c", "probe1"]), st.text(max_size=20)))
def test_key_files_keep_any_value(entries: dict[str, str]) -> None:
    assert parse_keyfile(format_keyfile({"device 1": entries}), "x") == {"device 1": entries}


GOOD = "capturefile=logic-1\nunitsize=1\ntotal probes=8\nsamplerate=1 MHz\nprobe1=A"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zipped({"a.txt": b"hello"}), "no sigrok session"),
        (session(GOOD, {"logic-1": b"\0"}, version=b"3"), "version '3'"),
        (session(GOOD, {}), "no samples"),
        (session(GOOD, {"logic-1-1": b"\0", "logic-1-3": b"\0"}), "chunk 2 of 'logic-1' is missing"),
        (session(GOOD, {"logic-1-1": b"\0", "logic-1": b"\0"}), "both whole and in chunks"),
        (session(GOOD.replace("size=1", "size=4"), {"logic-1": b"\0" * 7}), "not a multiple"),
        (session(GOOD.replace("size=1", "size=9"), {"logic-1": b"\0" * 9}), "'unitsize' is '9'"),
        (session(GOOD.replace("1 MHz", "fast"), {"logic-1": b"\0"}), "samplerate 'fast'"),
        (session(GOOD + "\nprobe77=Z", {"logic-1": b"\0"}), "probe77 of 8"),
        (session(GOOD + "\n[device 2]\nunitsize=1", {"logic-1": b"\0"}), "2 .device. groups"),
        (session("rubbish", {}), "line 2 is neither"),
        (session(GOOD, {"logic-1": b"\0" * 5000})[:-200], "was probably cut"),
        (zipped({"version": b"2", "metadata": b"\xff\xfe"}), "not UTF-8"),
        (zipped({"version": b"2"}, zipfile.ZIP_LZMA), "compression method 14"),
        (bytes(range(128, 256)) * 9, r"is no .sr file, its beginning \(PK\) is missing"),
    ],
)
def test_bad_files_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(CaptureError, match=reason) as caught:
        read_capture(data, "bench/x.sr")
    assert str(caught.value).startswith("bench/x.sr: ")


def test_a_damaged_sample_block_is_noticed() -> None:
    data = bytearray(zipped({"version": b"2", "metadata": f"[device 1]\n{GOOD}".encode(), "logic-1": b"\1" * 999}, 0))
    data[data.index(b"\1" * 50)] = 7
    with pytest.raises(CaptureError, match="CRC"):
        read_capture(bytes(data), "x.sr")


def test_zip_bombs_are_refused_before_memory_is_taken() -> None:
    bomb = session(GOOD, {f"logic-1-{number}": bytes(4 << 20) for number in range(1, 9)})

    def read_little(data: bytes) -> object:
        return read_sr(data, "bomb.sr", limit_bytes=16 << 20)

    assert "limit of 16777216" in assert_frugal(read_little, bomb, CaptureError, 1 << 20)

    liar = bytearray(session(GOOD, {"logic-1": b"\1" * 100}))
    directory = liar.rindex(b"PK\1\2")
    liar[directory + 24 : directory + 28] = (900 << 20).to_bytes(4, "little")
    assert "claims 943718400 bytes" in assert_frugal(
        lambda d: read_sr(d, "liar.sr"), bytes(liar), CaptureError, 1 << 20
    )

    huge_directory = bytearray(session(GOOD, {"logic-1": b"\1"}))
    huge_directory[-10:-6] = (1 << 30).to_bytes(4, "little")
    assert "zip directory" in assert_frugal(lambda d: read_sr(d, "d.sr"), bytes(huge_directory), CaptureError, 1 << 20)


def test_reading_takes_little_more_memory_than_the_samples() -> None:
    import tracemalloc

    data = session(GOOD, {"logic-1-1": bytes(20 << 20)})
    tracemalloc.start()
    try:
        read_sr(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.25 * (20 << 20)


SEED = session(GOOD + "\ntotal analog=1\nanalog9=A0", {"logic-1-1": b"\0\1" * 20, "analog-1-9-1": b"\0" * 160})
STORED_SEED = zipped(
    {"version": b"2", "metadata": f"[device 1]\n{GOOD}".encode(), "logic-1": bytes(range(64))}, zipfile.ZIP_STORED
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(damaged(SEED), damaged(STORED_SEED)))
def test_damaged_archives_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: read_sr(d, limit_bytes=1 << 20), data, CaptureError)


METADATA_ALPHABET = st.sampled_from(
    [
        *GOOD.split("\n"),
        "[device 1]",
        "[",
        "unitsize=0",
        "probe0=x",
        "analog1=A",
        "total probes=99999999",
        "=",
        "\\",
        "Ü",
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(METADATA_ALPHABET, st.text(max_size=12)), max_size=12))
def test_odd_metadata_only_ever_raises_capture_errors(lines: list[str]) -> None:
    metadata = "\n".join(["[device 1]", *lines]).encode("utf-8", "surrogatepass")
    data = zipped({"version": b"2", "metadata": metadata, "logic-1": b"\0" * 24, "analog-1-1-1": b"\0" * 8})
    survives(read_sr, data, CaptureError)


def test_the_resolution_survives_and_sigrok_passes_over_it(tmp_path: Path) -> None:
    codes = np.array([0, 1, 2, 200, 255], np.uint8)
    stated = Waveform("CH1", codes, 1e-6, scale=0.04, offset=-5.0)
    coarse = Waveform("CH2", codes * 2.0, 1e-6, resolution=0.25)
    smooth = Waveform("CH3", np.linspace(0, 1, 5), 1e-6)
    data = write_sr(Capture(analog=(stated, coarse, smooth)))
    first, second, third = read_sr(data).analog
    assert (first.resolution, second.resolution) == (0.04, 0.25)
    assert third.resolution == pytest.approx(0.25), "not stated: the smallest distance between two levels"
    (tmp_path / "kept.sr").write_bytes(data)
    shown = sigrok_cli("-i", str(tmp_path / "kept.sr"), "-O", "csv:header=false").decode().splitlines()
    assert len([line for line in shown if line[:1] in "-0123456789" and "," in line]) == codes.size


@pytest.mark.parametrize("text", ["0", "-1", "nan", "1e999", "0.04 V", ""])
def test_a_resolution_that_is_none_is_refused(text: str) -> None:
    entries = {"analog-1-1": np.zeros(2, "<f4").tobytes()}
    device = f"samplerate=1 MHz\ntotal analog=1\nanalog1=A\n[benchwright]\nresolution1={text}"
    with pytest.raises(CaptureError, match=r"resolution1 is .*, must be a number above zero"):
        read_sr(session(device, entries))


def test_the_csv_that_sigrok_cli_writes_is_read() -> None:
    text = sigrok_cli("-d", "demo:logic_channels=3:analog_channels=0", "--samples", "20", "-O", "csv")
    capture = read_capture(text, "demo.csv")
    assert capture.logic is not None
    assert capture.logic.channels == ("D0", "D1", "D2")
    assert (capture.logic.words.size, capture.logic.sample_rate_hz) == (20, 200e3)
