"""CSV exports of Tektronix scopes: settings above and beside the samples, blocks side by side, what is refused."""

import pytest
from csv_texts import MDO, assert_refused, shape

from protocols.captures import CaptureError, read_capture
from protocols.captures.tek_csv import read_tek_csv


def test_tektronix_forms() -> None:
    capture = read_capture(MDO, "tek.csv")
    assert [shape(wave) for wave in capture.analog] == [
        ("CH1", "V", -4.03e-4, 2e-8, [4.96, 5.12, 5.0]),
        ("CH2", "A", -4.03e-4, 2e-8, [0.5, 0.6, 0.7]),
    ]
    assert capture.metadata["model"] == "MDO4104C"
    digital = (
        b"Model,MSO64\nWaveform Type,DIGITAL\nSample Interval,4e-11\nLabels,,,\nTIME,REF1_D7,REF1_D0,CH1\n"
        b"0,1,0,2.5\n4e-11,0,1,2.5\n"
    )
    both = read_tek_csv(digital)
    assert both.logic is not None
    assert both.logic.channel("D7").tolist() == [1, 0]
    assert both.logic.channel("D0").tolist() == [0, 1]
    assert both.logic.channels[3] is None
    assert both.logic.sample_rate_hz == pytest.approx(25e9)
    assert both.analog[0].name == "CH1"


def test_tektronix_blocks_side_by_side() -> None:
    text = (
        b"Model,MDO3014\nWaveform Type,ANALOG,,Waveform Type,DIGITAL,\nSample Interval,4e-09,,Sample Interval,8e-09,\n"
        b"Vertical Units,A,,Vertical Units,V,V\n,,,,,\nLabel,PCLK,,Label,FV,D0\nTIME,CH1,,TIME,D11,D0\n"
        b"-8e-09,0.68,,-8e-09,1,0\n-4e-09,0.28,,0,0,1\n0,0.2,,,,\n"
    )
    capture = read_tek_csv(text)
    assert [shape(wave) for wave in capture.analog] == [("CH1", "A", -8e-9, 4e-9, [0.68, 0.28, 0.2])]
    assert capture.logic is not None
    assert (capture.logic.words.tolist(), capture.logic.sample_rate_hz) == ([0x800, 1], pytest.approx(1.25e8))
    with pytest.raises(CaptureError, match="two blocks of digital channels"):
        read_tek_csv(
            text.replace(b"TIME,CH1,,", b"TIME,D1,,")
            .replace(b"0.68", b"1")
            .replace(b"0.28", b"0")
            .replace(b"0.2", b"1")
        )


def test_tektronix_settings_beside_the_samples() -> None:
    tds = (
        b"Record Length,5.0e+00,,-0.00050000,  0.12000,\r\nSample Interval,2.0e-07,,-0.00049980,  0.16,\r\n"
        b",,,-0.00049960,  0.2,\r\nSource,CH1,,-0.00049940,  0.24,\r\nVertical Units,A,,-0.00049920,  0.28,\r\n"
    )
    assert shape(read_capture(tds, "F0000CH1.CSV").analog[0]) == (
        "CH1",
        "A",
        -5e-4,
        2e-7,
        pytest.approx([0.12, 0.16, 0.2, 0.24, 0.28]),
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Sample Interval,1\nWaveform Type,ANALOG\n0,1\n1,2\n", "no line TIME"),
        (b"Sample Interval,1\nTIME,D0\n0,1\n1,7\n", "line 4: D0 is 7, no whole number from 0 to 1"),
        (b"Sample Interval,1\nTIME,D0\n0,1\n1,0.5\n", "line 4: D0 is 0.5, no whole"),
        (b"Sample Interval,1\nTIME,CH1,D0\n0,1,1\n1,2,\n", "line 4: D0 is nan, no whole"),
        (b"Sample Interval,1\nTIME,D64\n0,1\n1,0\n", "names the logic line D64; 64 are read at most"),
        (b"Record Length,2,,0,-43\nSource,MATH,,12,-47\nHorizontal Units,Hz,,24,-59\n", "is in 'Hz', no time"),
    ],
)
def test_bad_tektronix_tables_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    assert_refused(data, reason)
