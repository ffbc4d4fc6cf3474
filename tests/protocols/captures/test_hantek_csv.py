"""CSV exports of Hantek scopes: in volts and millivolts, logic lines, what is refused."""

import pytest
from csv_texts import assert_refused, shape

from protocols.captures import read_capture


@pytest.mark.parametrize(
    ("scale", "values"),
    [
        ("#timebase=40000000(ps),#voltbase=1000000(uV)\n\n", "3320.000 -120.000 0.000"),
        ("#timebase=2000000(ns)\n,#voltbase=1000000(mv/100)\n#size=3\n", "3.320 -0.120 0.000"),
    ],
)
def test_hantek_forms(scale: str, values: str) -> None:
    first, second, third = values.split()
    text = f"{scale}2.00000E-07,{first}\n4.00000E-07,{second}\n6.00000E-07,{third}\n"
    (wave,) = read_capture(text.encode(), "WaveData50.csv").analog
    assert shape(wave) == ("waveform", "V", 2e-7, 2e-7, pytest.approx([3.32, -0.12, 0.0]))


def test_hantek_logic_lines() -> None:
    text = "#timebase=200000000(ns)\n,#threshold=1400(mv)\n#size=3\n1.0E-06,65535\n2.0E-06,0\n3.0E-06,258\n"
    logic = read_capture(text.encode(), "WaveData1.csv").logic
    assert logic is not None
    assert (logic.sample_rate_hz, logic.words.tolist()) == (pytest.approx(1e6), [65535, 0, 258])
    assert logic.channels == tuple(f"D{bit}" for bit in range(16))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"#timebase=4(ps),#voltbase=1(uV)\n\n1,2,3\n2,3,4\n", "other columns than time and value"),
        (b"#timebase=4(ps)\n,#voltbase=1(kV)\n1,2\n2,3\n", "scale is in 'kv'"),
        (
            b"#timebase=4(ns)\n,#threshold=1(mv)\n1,2\n2,65536\n",
            "line 4: D15-D0 is 65536, no whole number from 0 to 65535",
        ),
    ],
)
def test_bad_hantek_tables_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    assert_refused(data, reason)
