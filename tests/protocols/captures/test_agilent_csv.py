"""CSV exports of Agilent and Keysight scopes: a real file, each family's form, what is refused."""

import numpy as np
import pytest
from captures import require_capture
from csv_texts import assert_refused, rising_edge_frequency, shape

from protocols.captures import read_capture
from protocols.captures.agilent_csv import read_agilent_csv


def test_real_agilent_csv() -> None:
    capture = read_capture(require_capture("scope/agilent_mso7034a/scope_4.csv").read_bytes(), "scope_4.csv")
    one = capture.analog[0]
    assert (one.name, one.unit, one.codes.size) == ("CH1", "V", 500)
    # The scope itself measured 1.199 kHz and 2.72 V peak to peak.
    assert rising_edge_frequency(one) == pytest.approx(1199.04, abs=0.01)
    assert float(np.ptp(one.values())) == pytest.approx(2.72, abs=0.13)


def test_agilent_forms() -> None:
    vision = b"x-axis,1,Math\nsecond,Volt,Ampere\n-1.0E-03,-249.982E-06,+1.0\n-9.0E-04,+31.0E-03,+2.0\n-8.0E-04,,\n"
    assert [shape(wave) for wave in read_agilent_csv(vision).analog] == [
        ("CH1", "V", -1e-3, pytest.approx(1e-4), [-249.982e-6, 0.031]),
        ("Math", "A", -1e-3, pytest.approx(1e-4), [1.0, 2.0]),
    ]
    infiniium = (
        b"Revision:,0\nType:,raw\nStart:,0\nPoints:,3\nXDispRange:,1e-3\nXInc:,1.0E-09\nXOrg:,-5.0E-07\nYUnits:,Volt\n"
        b"Frame:,MSO9404A:MY1\nDate:,12 MAR 2024\nData:,\n1.0E-01,\n2.0E-01,\n3.0E-01,\n"
    )
    capture = read_capture(infiniium, "x.csv")
    assert shape(capture.analog[0]) == ("CH1", "V", -5e-7, 1e-9, [0.1, 0.2, 0.3])
    assert capture.metadata["model"] == "MSO9404A:MY1"
    pairs = infiniium.replace(b"1.0E-01,", b"-5e-7,0.1").replace(b"2.0E-01,", b"0,0.2").replace(b"3.0E-01,", b"1,0.3")
    assert shape(read_agilent_csv(pairs).analog[0])[4] == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x-axis,FFT\nHz,dB\n1,2\n2,3\n", "in Hz, no time"),
        (b"XInc:,x\nXOrg:,0\nData:,\n1\n", "xinc is 'x'"),
        (b"XInc:,-1\nXOrg:,0\nData:,\n1\n", "xinc of -1 s is none"),
    ],
)
def test_bad_agilent_tables_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    assert_refused(data, reason)
