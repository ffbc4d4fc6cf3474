"""Tektronix .isf and WAV files: built by the specifications, damaged, hostile; WAV checked against other programs."""

import io
import struct
import wave

import numpy as np
import pytest
from hostile_input import assert_frugal, damaged, survives
from hypothesis import given, settings

from protocols.captures import CaptureError, read_capture
from protocols.captures.wav import write_wav
from protocols.waveform import Capture, Waveform

LONG = (
    ':WFMPRE:BYT_NR 2;BIT_NR 16;ENCDG BIN;BN_FMT RI;BYT_OR MSB;NR_PT 4;WFID "Ch1, DC coupling; 2.0E0 V/div";'
    'PT_FMT Y;XINCR 1.0E-8;PT_OFF 2;XZERO 3.5E-4;XUNIT "s";YMULT 3.125E-4;YZERO 0.5;YOFF 100;YUNIT "V";:CURVE #18'
)
CODES = np.array([100, -32768, 32767, 0])
VOLTS = (CODES - 100) * 3.125e-4 + 0.5


def isf(head=LONG, kind=">i2", codes=CODES):
    return head.encode() + codes.astype(kind).tobytes()


def test_the_makers_example():
    (wave_,) = read_capture(isf(), "tek.isf").analog
    assert wave_.name == "CH1"
    assert wave_.unit == "V"
    assert wave_.values() == pytest.approx(VOLTS, rel=1e-12)
    assert wave_.sample_interval_s == 1e-8
    assert wave_.start_s == pytest.approx(3.5e-4 - 2e-8)
    assert wave_.resolution == pytest.approx(100 * 3.125e-4)


def test_short_keys_little_endian_and_millivolts():
    head = (
        ':WFMP:BYT_N 2;BIT_N 16;ENC BIN;BN_F RP;BYT_O LSB;NR_P 3;PT_F Y;XIN 1E-6;XZE 0;XUN "s";'
        'YMU 0.5;YZE 0;YOF 10;YUN "mV";CURV #16'
    )
    (wave_,) = read_capture(isf(head, "<u2", np.array([10, 12, 65535])), "tek.isf").analog
    assert wave_.values() == pytest.approx([0, 1e-3, 32.7625])


def test_text_samples_and_floats():
    text = LONG.replace("ENCDG BIN", "ENCDG ASC").replace("#18", "100,-32768,32767,0\n").encode()
    assert read_capture(text, "t.isf").analog[0].values() == pytest.approx(VOLTS)
    floats = LONG.replace("BN_FMT RI", "BN_FMT FP").replace("BYT_NR 2", "BYT_NR 4").replace("#18", "#216")
    assert read_capture(isf(floats, ">f4"), "t.isf").analog[0].values() == pytest.approx(VOLTS)


@pytest.mark.parametrize(("stated", "interval"), [("NR_PT 4", 2e-8), ("NR_PT 2", 1e-8)])
def test_envelopes_come_as_two_records(stated, interval):
    """NR_PT counts samples in files of newer scopes and pairs in the manuals; XINCR goes with it."""
    for word in ("ENV", "ENVELOPE"):
        head = LONG.replace("PT_FMT Y", f"PT_FMT {word}").replace("NR_PT 4", stated)
        low, high = read_capture(isf(head), "t.isf").analog
        assert low.codes.tolist() == [-32768, 0]
        assert high.codes.tolist() == [100, 32767]
    assert low.sample_interval_s == interval
    assert (low.name, high.name) == ("CH1 minimum", "CH1 maximum")


def test_the_encodings_of_the_manuals_and_blocks_without_a_length():
    head = (
        LONG.replace("ENCDG BIN;BN_FMT RI;BYT_OR MSB", "ENCDG SRIBINARY").replace("#18", "#0").removeprefix(":WFMPRE:")
    )
    assert read_capture(isf(head, "<i2") + b"\n", "t.isf").analog[0].values() == pytest.approx(VOLTS)
    wide = LONG.replace("BYT_NR 2", "BYT_NR 8").replace("#18", "#232")
    assert read_capture(isf(wide, ">i8"), "t.isf").analog[0].values() == pytest.approx(VOLTS)
    # A scope that sends text states the width of its digital words all the same.
    text = LONG.replace("ENCDG BIN", "ENCDG ASCII").replace("BYT_NR 2", "BYT_NR 8").replace("#18", "100,0,1,2\n")
    assert read_capture(text.encode(), "t.isf").analog[0].codes.tolist() == [100, 0, 1, 2]


@pytest.mark.parametrize("between", [b"", b";", b"\n", b";\n"])
def test_the_answers_of_several_sources_stand_one_behind_the_other(between):
    second = isf(LONG.replace("Ch1", "Ch2"), codes=CODES // 2)
    one, two = read_capture(isf() + between + second + b"\n", "t.isf").analog
    assert (one.name, two.name) == ("CH1", "CH2")
    assert two.codes.tolist() == (CODES // 2).tolist()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (":CURVE #18", "", "no :CURVE"),
        ("#18", "#19", "was cut"),
        ("#18", "#17", "does not hold"),
        ("#18", "18 ", "no block"),
        ("YMULT 3.125E-4", "YMULT 0", "YMULT is 0"),
        ("YMULT 3.125E-4;", "", "YMULT is missing"),
        ("YMULT 3.125E-4", "YMULT 1e999", "no number"),
        ("XINCR 1.0E-8", "XINCR -1", "no sample interval"),
        ("BYT_NR 2", "BYT_NR 3", "not known"),
    ],
)
def test_wrong_isf_files_say_what_is_wrong(old, new, reason):
    with pytest.raises(CaptureError, match=reason):
        read_capture(isf(LONG.replace(old, new)), "tek.isf")


@settings(max_examples=300)
@given(damaged(isf()))
def test_any_damaged_isf_file_gives_one_sentence(data):
    survives(lambda d: read_capture(d, "t.isf"), data, CaptureError)


def test_a_hostile_block_length_takes_no_memory():
    data = LONG.replace("#18", "#9999999999").encode()
    assert "was cut" in assert_frugal(lambda d: read_capture(d, "t.isf"), data, CaptureError, 1 << 20)


def pcm(bits, rows):
    packed = io.BytesIO()
    with wave.open(packed, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(bits // 8)
        file.setframerate(48_000)
        file.writeframes(rows)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("bits", "rows", "values"),
    [
        (8, bytes([0, 128, 255, 64]), [[-1, 127 / 128], [0, -0.5]]),
        (16, struct.pack("<4h", -32768, 0, 16384, -1), [[-1, 0.5], [0, -(2**-15)]]),
        (24, b"\0\0\x80\0\0\0\0\0\x40\xff\xff\xff", [[-1, 0.5], [0, -(2**-23)]]),
        (32, struct.pack("<4i", -(2**31), 0, 2**30, -1), [[-1, 0.5], [0, -(2**-31)]]),
    ],
)
def test_pcm_of_every_width_as_the_standard_library_writes_it(bits, rows, values):
    left, right = read_capture(pcm(bits, rows), "a.wav").analog
    assert [left.values().tolist(), right.values().tolist()] == values
    assert left.sample_rate_hz == pytest.approx(48_000)
    assert (left.name, right.name, left.unit) == ("CH1", "CH2", "1")
    assert left.resolution == 2.0 ** (1 - bits)


def test_what_is_written_is_read_back_and_by_scipy():
    from scipy.io import wavfile

    codes = np.array([-3, 0, 7], np.int8)
    waves = (Waveform("A", codes, 1 / 44_100, scale=0.5, offset=1.0), Waveform("B", codes * 2, 1 / 44_100))
    data = write_wav(Capture(analog=waves), full_scale=8.0)
    for mine, theirs in zip(read_capture(data, "a.wav").analog, waves, strict=True):
        assert mine.values() * 8 == pytest.approx(theirs.values(), rel=1e-6)
    rate, samples = wavfile.read(io.BytesIO(data))
    assert rate == 44_100
    assert samples[:, 0] * 8 == pytest.approx(waves[0].values(), rel=1e-6)


def test_big_endian_files_and_places_wider_than_the_samples():
    from scipy.io import wavfile

    form = struct.pack(">HHIIHH", 1, 1, 48_000, 96_000, 2, 16)
    rifx = b"RIFX" + struct.pack(">I", 40) + b"WAVEfmt " + struct.pack(">I", 16) + form
    rifx += b"data" + struct.pack(">Ihh", 4, 16384, -32768)
    (wave_,) = read_capture(rifx, "a.wav").analog
    assert wave_.values().tolist() == [0.5, -1.0]
    assert wavfile.read(io.BytesIO(rifx))[1].tolist() == [16384, -32768]
    form = struct.pack(">HHIIHHHHII12s", 0xFFFE, 1, 48_000, 96_000, 2, 16, 22, 16, 0, 1, bytes(12))
    extensible = b"RIFX" + struct.pack(">I", 64) + b"WAVEfmt " + struct.pack(">I", 40) + form + rifx[36:]
    assert read_capture(extensible, "a.wav").analog[0].values().tolist() == [0.5, -1.0]
    form = struct.pack("<HHIIHHHHI16s", 0xFFFE, 1, 48_000, 144_000, 3, 24, 22, 20, 0, b"\1\0" + bytes(14))
    wide = b"RIFF" + struct.pack("<I", 0) + b"WAVEfmt " + struct.pack("<I", 40) + form
    wide += b"data" + struct.pack("<I", 6) + b"\x10\0\0\0\0\x80"
    (wave_,) = read_capture(wide, "a.wav").analog
    assert wave_.values().tolist() == [2.0**-19, -1.0]
    assert wave_.resolution == 2.0**-19
    plain = bytearray(pcm(16, struct.pack("<4h", 16, -16, 32, 0)))
    plain[34:36] = struct.pack("<H", 12)  # twelve bits in a place of sixteen
    assert read_capture(bytes(plain), "a.wav").analog[0].resolution == 2.0**-11


def test_files_beyond_four_gigabytes_state_their_length_apart():
    usual = pcm(16, struct.pack("<4h", 1, 2, 3, 4))
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 0, 8, 2, 0)
    at = usual.index(b"data") + 4
    wide = usual[12:at] + b"\xff\xff\xff\xff" + usual[at + 4 :] + b"LIST\4\0\0\0junk"
    for magic in (b"RF64", b"BW64"):
        left, right = read_capture(magic + b"\xff\xff\xff\xffWAVE" + ds64 + wide, "a.wav").analog
        assert (left.codes.tolist(), right.codes.tolist()) == ([1, 3], [2, 4])


def test_a_recording_to_a_pipe_has_no_length():
    data = bytearray(pcm(16, bytes(8)))
    at = data.index(b"data") + 4
    for length in (0, 0xFFFFFFFF):
        data[at : at + 4] = struct.pack("<I", length)
        assert read_capture(bytes(data), "a.wav").analog[0].codes.size == 2


@pytest.mark.parametrize(
    "waves",
    [
        (),
        (Waveform("A", np.zeros(3), 1e-3), Waveform("B", np.zeros(4), 1e-3)),
        (Waveform("A", np.zeros(3), 1e-3), Waveform("B", np.zeros(3), 2e-3)),
        (Waveform("A", np.zeros(3), 1 / 0.3),),
        (Waveform("A", np.zeros(3), 1e-10),),
    ],
)
def test_what_a_wav_file_cannot_hold_is_refused(waves):
    with pytest.raises(CaptureError):
        write_wav(Capture(analog=waves))


@settings(max_examples=300)
@given(damaged(pcm(24, bytes(range(48)))))
def test_any_damaged_wav_file_gives_one_sentence(data):
    survives(lambda d: read_capture(d, "a.wav"), data, CaptureError)


def test_hostile_wav_lengths_take_no_memory():
    data = bytearray(pcm(16, bytes(8)))
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    assert_frugal(lambda d: read_capture(d, "a.wav"), bytes(data), CaptureError, 1 << 20)
