"""Tables of no known maker: titles, times, units, what is refused."""

import numpy as np
import pytest
from csv_texts import assert_refused, shape

from protocols.captures import CaptureError, read_capture
from protocols.captures.delimited import read_delimited


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Time,Channel A\n(ms),(V)\n\n-5.0,1.2\n-4.0,1.3\n-3.0,1.4\n", ("CHA", "V", -5e-3, 1e-3)),
        ("Time [s],CH_A [mV]\n0,1200\n1,1300\n2,1400\n", ("CH_A", "V", 0.0, 1.0)),
        ("time;U\n0,0;1,2\n0,5;1,3\n1,0;1,4\n", ("U", "1", 0.0, 0.5)),
        ("0\t1.2\n0.5\t1.3\n1\t1.4\n", ("column 1", "1", 0.0, 0.5)),
        ("Zeit\tU\ns\tV\n0\t1,2\n0,5\t1,3\n1,0\t1,4\n", ("U", "V", 0.0, 0.5)),
        ("0,0 1,2\n0,5 1,3\n1,0 1,4\n", ("column 1", "1", 0.0, 0.5)),
        ("t;mV (mV)\n0;1200\n0,5;1300\n1;1400\n", ("mV", "V", 0.0, 0.5)),
        ("t,U (mV)\n−0.5,1200\n0,1300\n0.5,1400\n", ("U", "V", -0.5, 0.5)),
        ("Time (s)  CH1 (V)\n 0.0   1.2\n 0.5   1.3\n 1.0   1.4\n", ("CH1", "V", 0.0, 0.5)),
        ("# by hand\n# Time CH1\n0.0 1.2\n0.5 1.3\n1.0 1.4\n", ("CH1", "1", 0.0, 0.5)),
        ("index,Temp (°C)\n# note\n0,1.2\n1,1.3\n2,1.4\n", ("Temp", "Cel", 0.0, 0.25)),
        ("Sampling Frequency (Hz)=,4\nCH 1\n1.2\n1.3\n1.4\n", ("CH1", "1", 0.0, 0.25)),
    ],
)
def test_other_tables(text: str, expected: tuple[str, str, float, float]) -> None:
    (wave,) = read_capture(text.encode(), "x.csv", sample_rate_hz=4.0).analog
    name, unit, start_s, interval_s, values = shape(wave)
    assert (name.replace("Channel A", "CHA"), unit, start_s, interval_s) == pytest.approx(expected)
    assert values == pytest.approx([1.2, 1.3, 1.4])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Siglent: the units stand among the settings, one a channel.
        (
            "Record Length,Analog:3\nVertical Units,CH1:V\nHorizontal Units,s\nSource,CH1\nSecond,Value\n"
            "-2e-7,1.2\n-1e-7,1.3\n0,1.4\n",
            ("CH1", "V", -2e-7, 1e-7),
        ),
        # Owon: a running number, then the time; or an interval with its unit.
        (
            "Unit:(mV),CH1\nPK-PK:3.2V\n\n#,Time(mS),CH1(mV)\n0,-2,1200\n1,-1,1300\n2,0,1400\n",
            ("CH1", "V", -2e-3, 1e-3),
        ),
        (
            "Time interval (uS):,1.000,\nWaveform Data:,,\nindex,CH1(mV),\n0,1200,\n1,1300,\n2,1400,\n",
            ("CH1", "V", 0, 1e-6),
        ),
        (
            "Channel\t\t\t  :,CH2\nPK-PK\t\t\t  :,Vpp=3.5V\nTime interval\t  :,0.08uS\n\nindex,CH2_Voltage(mV)\n"
            "0,1200.00\n1,1300.00\n2,1400.00\n",
            ("CH2", "V", 0, 8e-8),
        ),
        # Hantek: settings behind a mark.
        ("#CHANNEL:CH1\n#CLOCK=500uS\n#UNITS:V\n\n-2,1.2\n-1,1.3\n0,1.4\n", ("CH1", "V", -2.0, 1.0)),
        # Rohde & Schwarz, OpenHantek: the unit behind a word or a stroke.
        ("in s,C1 in V\n-2e-6,1.2\n-1e-6,1.3\n0,1.4\n", ("C1", "V", -2e-6, 1e-6)),
        ('"t / s","CH1 / V"\n0,1.2\n1e-6,1.3\n2e-6,1.4\n', ("CH1", "V", 0.0, 1e-6)),
        # LeCroy and UNI-T: settings with as many cells as the table.
        (
            "LECROYHDO4054A,12345,Waveform\nSegments,1,SegmentSize,3\n#1,24-May-2020 11:22:33,0\nTime,Ampl\n"
            "-2e-6,1.2\n-1e-6,1.3\n0,1.4\n",
            ("Ampl", "1", -2e-6, 1e-6),
        ),
        ("UTD2102CEX,\nRecord Length,3\n\nTime(s),CH1(V)\n0,1.2\n4e-8,1.3\n8e-8,1.4\n", ("CH1", "V", 0.0, 4e-8)),
        # A tool for Hantek's DSO2000: a running number called nr.
        ("nr,time,ch1\n0,0,1.2\n1,2e-05,1.3\n2,4e-05,1.4\n", ("CH1", "1", 0.0, 2e-5)),
        # Yokogawa: times without a title, below the time of day; or every row begins with an empty cell.
        *(
            (
                '"TraceName" ,"CH3 "\n"VUnit" ,"V "\n"HResolution" ,8.0E-07\n"HOffset" ,-1.6E-06\n"HUnit" ,"s "\n'
                f'"Date" ,"2019/11/26"\n"Time" ,"12:33:56.100895200  "\n\n{first},1.2,\n{second},1.3,\n{third},1.4,\n',
                ("CH3", "V", -1.6e-6, 8e-7),
            )
            for first, second, third in [("  -1.6E-06", "  -0.8E-06", "  0.0E-06"), ("", "", "")]
        ),
        (
            '//YOKOGAWA ASCII FILE FORMAT\n"TraceName","CH1"\nVUnit,"V"\nHResolution,1e-6\nHOffset,-1e-3\nHUnit,s\n\n'
            ",1.2\n,1.3\n,1.4\n",
            ("CH1", "V", -1e-3, 1e-6),
        ),
    ],
)
def test_tables_of_other_makers(text: str, expected: tuple[str, str, float, float]) -> None:
    (wave,) = read_capture(text.encode(), "x.csv").analog
    assert shape(wave)[:4] == (*expected[:2], *(pytest.approx(one) for one in expected[2:]))
    assert wave.values() == pytest.approx([1.2, 1.3, 1.4])


@pytest.mark.parametrize("missing", ["", "NaN", "nan"])
def test_a_missing_first_sample_is_no_title(missing: str) -> None:
    first, second = read_capture(f"t,a,b\n0,1,{missing}\n1,2,5\n2,3,6\n".encode(), "x.csv").analog
    assert first.values().tolist() == [1, 2, 3]
    assert np.isnan(second.codes).tolist() == [True, False, False]


def test_samples_beyond_the_range_have_no_value() -> None:
    capture = read_capture("Time,Channel A\n(us),(V)\n\n0,1.0\n1,∞\n2,-∞\n3,0.5\n".encode(), "pico.csv")
    assert np.isnan(capture.analog[0].codes).tolist() == [False, True, True, False]
    assert "Channel A" in capture.metadata["samples without a value"]


@pytest.mark.parametrize(
    ("title", "unit", "step_s"),
    [
        ("Time (µs),U (mV)", "V", 1e-6),
        ("Zeit (min),T (°C)", "Cel", 60.0),
        ("Time in hours,R (Ohm)", "Ohm", 3600.0),
        ("time_ms,U (V)", "V", 1e-3),
        ("Time [milliseconds],U (V)", "V", 1e-3),
        ("t ns,U (V)", "V", 1e-9),
        ("Time_h,U (V)", "V", 3600.0),
        ("Time axis,U (V)", "V", 1.0),
    ],
)
def test_units_in_the_letters_of_windows_and_of_loggers(title: str, unit: str, step_s: float) -> None:
    (wave,) = read_capture(f"{title}\n0,1.5\n1,2.5\n".encode("cp1252"), "x.csv").analog
    assert (wave.unit, wave.sample_interval_s) == (unit, pytest.approx(step_s))


def test_channels_named_among_the_settings() -> None:
    text = (
        b'"Channel Data","CH 1","CH 2"\n"Scale (V/DIV) = ",0.1,2\n"Time (s)","Voltage (V)","Voltage (V)"\n'
        b"0,1,2\n1,3,4\n"
    )
    assert [wave.name for wave in read_delimited(text).analog] == ["CH1", "CH2"]


def test_a_time_column_with_few_digits_is_rounding_not_a_gap() -> None:
    times = [f"{1.0 + 3e-4 * step:.3f}" for step in range(50)]
    wave = read_delimited("\n".join(["time,a", *(f"{t},0" for t in times)]).encode()).analog[0]
    assert wave.sample_interval_s == pytest.approx(3e-4, rel=0.04)
    with pytest.raises(CaptureError, match="line 26: its times are not evenly spaced"):
        read_delimited("\n".join(["time,a", *(f"{n if n < 25 else n + 1},0" for n in range(50))]).encode(), "x")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"time,a\n1,1\n0,2\n", "line 3: its times go backwards"),
        (b"time,a\n0,1\n0,2\n0,3\n", "line 3: its times stand still"),
        (b"time\n0\n1\n", "has times and no values"),
        (b"a,b\n1,2\n3,4\n", "no column of times"),
        (b"3,4\n1,2\n", "no evenly rising time"),
        (b"time,a\n0,1\n", "two rows or more"),
    ],
)
def test_tables_without_times_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    assert_refused(data, reason)
