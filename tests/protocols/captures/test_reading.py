"""What a file is, its content says; its name only helps to say what is wrong with it."""

import pytest
from hostile_input import survives
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.captures import CaptureError, read_capture


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("x.sr", "PK"),
        ("x.NPZ", "PK"),
        ("x.bwc", "BWC1"),
        ("x.bin", "AG01, AG03, AG10, RG01, RG03"),
        ("x.wfm", "01 FF FF FF, A5 A5 00 00, A1 A5 00 00, A5 A5 A4 01, A5 A5 38 00, 02 00 00 00, :WFM"),
        ("x.wav", "RIFF, RIFX, RF64, BW64"),
        ("x.jpeg", "FF D8 FF"),
        ("x.fff", "FFF, AFF"),
    ],
)
@pytest.mark.parametrize("data", [b"\x07\0\0\0" * 50, b"no page\n"])
def test_the_beginning_that_a_name_promises_is_named_where_nothing_else_can_be_read(
    data: bytes, name: str, beginning: str
) -> None:
    with pytest.raises(CaptureError) as caught:
        read_capture(data, name)
    ending = name[1:].lower()
    assert str(caught.value) == (
        f"{name}: is no {ending} file, its beginning ({beginning}) is missing; record or copy it again"
    )


@pytest.mark.parametrize("name", ["x.bin", "x.txt"])
def test_a_table_under_another_name_is_a_table(name: str) -> None:
    with pytest.raises(CaptureError, match="give the sample rate"):
        read_capture(b"1\n2\n3\n4\n", name)
    (wave,) = read_capture(b"1\n2\n3\n4\n", name, sample_rate_hz=4.0).analog
    assert wave.values().tolist() == [1, 2, 3, 4]
    with pytest.raises(CaptureError, match="line 3: 'two' in column 2 is no number"):
        read_capture(b"time,a\n0,1\n1,two\n2,3\n", name)


def test_a_rigol_file_of_a_family_not_read_is_named() -> None:
    with pytest.raises(CaptureError, match=r"is a Rigol \.wfm of a family not read"):
        read_capture(b"\xa5\xa5\x77\x77" * 50, "x.wfm")


def test_an_impossible_sample_rate_is_refused() -> None:
    with pytest.raises(CaptureError, match="sample rate of 0"):
        read_capture(b"1\n2\n", "x.csv", sample_rate_hz=0.0)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: read_capture(d, "noise.bin"), data, CaptureError)
