"""CSV exports of Rigol scopes: a real file, each family's form, what is refused."""

import numpy as np
import pytest
from captures import require_capture
from csv_texts import assert_refused, rising_edge_frequency, shape

from protocols.captures import CaptureError, read_capture
from protocols.captures.rigol_csv import read_rigol_csv


def test_real_rigol_csv() -> None:
    path = require_capture("scope/rigol/DS1054Z-ch1SquareCH2Uart.csv")
    capture = read_capture(path.read_bytes(), path.name)
    one, two = capture.analog
    assert (one.name, two.name) == ("CH1", "CH2")
    assert one.codes.size == 60_000
    assert (one.sample_interval_s, one.start_s) == (4e-8, -1.2e-3)
    values, counts = np.unique(one.values(), return_counts=True)
    assert values[np.argsort(counts)[-2:]].round(2).tolist() in ([0.02, 2.86], [2.86, 0.02])
    assert rising_edge_frequency(one) == pytest.approx(1000.0, abs=0.05)
    assert one.resolution == pytest.approx(0.04)


def test_rigol_forms() -> None:
    z = b"X,CH1,CH4,Start,Increment,\r\nSequence,Volt,Ampere,-1.0e-03,4.0e-08,\r\n0,2.86e+00,3.1e-1,\r\n1,0.02,0.3,\r\n"
    capture = read_capture(z, "z.csv")
    assert [shape(wave) for wave in capture.analog] == [
        ("CH1", "V", -1e-3, 4e-8, [2.86, 0.02]),
        ("CH4", "A", -1e-3, 4e-8, [0.31, 0.3]),
    ]
    late = read_rigol_csv(b"X,CH1,Start,Increment,\nSequence,Volt,-1.0,0.5,\n22,1,\n23,2,\n").analog[0]
    assert late.start_s == -1.0
    e = read_rigol_csv(b"X,CH1,\r\nSecond,Volt,\r\n-6.0e-06,4.4,\r\n-5.0e-06,4.3,\r\n-4.0e-06,4.2,\r\n").analog[0]
    assert shape(e) == ("CH1", "V", -6e-6, pytest.approx(1e-6), [4.4, 4.3, 4.2])
    b = read_rigol_csv(b",CH2,CH4\r\nSecond,Volt,Volt\r\n-2e-2,14.8,14.4, \r\n-1e-2,14.9,14.5, \r\n").analog
    assert [wave.name for wave in b] == ["CH2", "CH4"]
    old_e = read_capture(b"Time,X(CH2),\nSecond,Volt,\n-2e-3,-0.04,\n-1e-3,0.04,\n", "e.csv").analog[0]
    assert shape(old_e) == ("CH2", "V", -2e-3, pytest.approx(1e-3), [-0.04, 0.04])
    old_z = b"CH2,CH4,Start,Increment,\r\nVolt,Ampere,-6.0e-02,1.0e-04\r\n0.32,12.8,\r\n0.04,16,\r\n"
    assert [shape(wave) for wave in read_capture(old_z, "z.csv").analog] == [
        ("CH2", "V", -6e-2, 1e-4, [0.32, 0.04]),
        ("CH4", "A", -6e-2, 1e-4, [12.8, 16.0]),
    ]
    d = read_rigol_csv(b"X,CH 1 (V),CH 2 (mV)\n0,8.08,8\n0.5,4,9\n").analog
    assert [shape(wave)[:2] for wave in d] == [("CH1", "V"), ("CH2", "V")]
    assert d[1].values() == pytest.approx([0.008, 0.009])


def test_rigol_forms_with_the_time_base_in_the_title() -> None:
    with_times = b"Time(s),CH1(V),CH2(V),t0 = -1.0e-03s, tInc = 5.0e-07s,\n-1e-3,1,2,\n-9.995e-4,3,4,\n"
    without = b"CH1V,CH2V,t0 =-1.0e-03, tInc = 5.0e-07,\n1,2,\n3,4,\n"
    titled = b"Time(s),CH1V,CH2V,t0 =-1.0e-03, tInc = 5.0e-07,\n1,2,\n3,4,\n"
    for text in (with_times, without, titled):
        assert [shape(wave) for wave in read_capture(text, "dho.csv").analog] == [
            ("CH1", "V", -1e-3, 5e-7, [1.0, 3.0]),
            ("CH2", "V", -1e-3, 5e-7, [2.0, 4.0]),
        ]


def test_rigol_logic_lines() -> None:
    text = b"X,CH1,D7-D0,D15-D8,Start,Increment,\nSequence,Volt,,,-1e-3,2e-6\n0,0.04,0x1F,0x80,\n1,-0.12,0x00,0x01,\n"
    capture = read_capture(text, "mso.csv")
    assert [shape(wave) for wave in capture.analog] == [("CH1", "V", -1e-3, 2e-6, [0.04, -0.12])]
    assert capture.logic is not None
    assert (capture.logic.words.tolist(), capture.logic.sample_rate_hz) == ([0x801F, 0x0100], 5e5)
    upper = read_rigol_csv(
        text.replace(b"D7-D0,", b"").replace(b",,,", b",,").replace(b"0x1F,", b"").replace(b"0x00,", b"")
    )
    assert upper.logic is not None
    assert upper.logic.channels == (*[None] * 8, *(f"D{bit}" for bit in range(8, 16)))
    with pytest.raises(CaptureError, match="line 4: D7-D0 is 256, no whole number from 0 to 255"):
        read_rigol_csv(text.replace(b"0x00", b"256"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"X,CH1,Start,Increment,\nSequence,Volt,oops,4e-08,\n0,1,\n1,2,\n", "Start is 'oops'"),
        (b"X,CH1,Start,Increment,\nSequence,Volt,0,0,\n0,1,\n1,2,\n", "Increment of 0 s is none"),
        (b"X,CH1,Start,Increment,\nSequence,Volt,0,1,\n0,1,\n2,2,\n", "line 4: the running number has a gap"),
        (b"CH1V,t0 =-1.0e-03, tInc = 0\n1,\n3,\n", "tInc of 0 s"),
    ],
)
def test_bad_rigol_tables_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    assert_refused(data, reason)
