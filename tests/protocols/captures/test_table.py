"""Texts as tables: encodings, what is refused, damaged and hostile ones."""

import pytest
from csv_texts import SEEDS, assert_refused, shape
from hostile_input import assert_frugal, damaged, survives
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.captures import CaptureError, read_capture


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(encoding: str) -> None:
    wave = read_capture("时间 (s),电压 (V)\n0,1.5\n1,2.5\n".encode(encoding), "x.csv").analog[0]
    assert shape(wave) == ("电压", "V", 0.0, 1.0, [1.5, 2.5])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02\x03" * 50, "no format known here"),
        (b"hello\nworld\n", "no rows of numbers in its first 2 lines"),
        (b"hello\n", "x.csv: holds no rows of numbers; export"),
        (b"\xff\xfe", "x.csv: holds no rows of numbers; export"),
        (b"time,a\n0,1\n1,two\n2,3\n", "line 3: 'two' in column 2 is no number"),
        (b"time,a\n0,1\n1,inf\n", "line 3: 'inf'"),
        (b"a" * 70_000, "longer than a row"),
    ],
)
def test_texts_that_are_no_tables_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    assert_refused(data, reason)


def test_long_lines_take_no_memory() -> None:
    def read(data: bytes) -> object:
        return read_capture(data, "x.csv")

    commas = b"time,a\n0,1\n1,2\n" + b"," * 8_000_000
    assert "longer than a row" in assert_frugal(read, commas, CaptureError, 24 << 20)
    many = b",".join([b"1"] * 20_000)
    assert "no rows of numbers" in assert_frugal(read, many, CaptureError, 24 << 20)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SEEDS).flatmap(damaged))
def test_damaged_texts_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: read_capture(d, "x.csv"), data, CaptureError)


CELLS = st.sampled_from(
    ["0", "1e-9", "-3.5", "", "CH1", "X", "TIME", "Time (s)", "Start", "nan", "1e999", '"', "'", "Ω", "t0 = 1"]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=5), max_size=8), st.sampled_from([",", ";", "\t"]))
def test_odd_tables_only_ever_raise_capture_errors(rows: list[list[str]], delimiter: str) -> None:
    data = "\n".join(delimiter.join(row) for row in rows).encode()
    survives(lambda d: read_capture(d, "x.csv", sample_rate_hz=10.0), data, CaptureError)
