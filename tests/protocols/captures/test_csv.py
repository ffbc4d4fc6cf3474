"""CSV exports: each maker's form, real files, odd texts."""

import numpy as np
import pytest
from captures import require_capture
from hostile_input import assert_frugal, damaged, survives
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.captures import CaptureError, read_capture
from protocols.captures.agilent_csv import read_agilent_csv
from protocols.captures.columns import Unit, parse_unit
from protocols.captures.delimited import read_delimited
from protocols.captures.quantisation import quantisation_step
from protocols.captures.rigol_csv import read_rigol_csv
from protocols.captures.tek_csv import read_tek_csv
from protocols.waveform import Waveform


def shape(wave: Waveform) -> tuple[str, str, float, float, list[float]]:
    """Return what a reader of the file would check."""
    return wave.name, wave.unit, wave.start_s, wave.sample_interval_s, wave.values().tolist()


def rising_edge_frequency(wave: Waveform) -> float:
    values = wave.values()
    high = values > (values.max() + values.min()) / 2
    edges = np.flatnonzero(~high[:-1] & high[1:])
    return float((edges.size - 1) / ((edges[-1] - edges[0]) * wave.sample_interval_s))


# --- Rigol -----------------------------------------------------------------------------------------------------------


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


# --- Agilent ---------------------------------------------------------------------------------------------------------


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


# --- Tektronix -------------------------------------------------------------------------------------------------------

MDO = b"""Model,MDO4104C
Firmware Version,1.10

Waveform Type,ANALOG,
Horizontal Units,s,
Sample Interval,2e-08,
Record Length,3,
Vertical Units,V,A
,,
Label,,
TIME,CH1,CH2
-4.03000e-04,4.96,0.5
-4.02980e-04,5.12,0.6
-4.02960e-04,5,0.7
"""


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


# --- GW Instek -------------------------------------------------------------------------------------------------------

GW = (
    "Memory Length,4,{0}Trigger Level,0,{0}Source,CH1,{0}Vertical Units,V,{0}Vertical Scale,5.0E-01,{0}"
    "Horizontal Units,S,{0}Horizontal Position,1.0E-03,{0}Sampling Period,4.0E-06,{0}Firmware,V1.29,{0}"
)


def test_gw_instek_forms() -> None:
    detail = GW.format("\n") + "Mode,Detail,\nWaveform Data,\n-8.0e-6,0.5,\n-4.0e-6,-0.5,\n"
    capture = read_capture(detail.encode(), "DS0001.CSV")
    assert shape(capture.analog[0]) == ("CH1", "V", -8e-6, 4e-6, [0.5, -0.5])
    assert capture.metadata == {"format": "GW Instek CSV", "firmware": "V1.29"}
    # Codes: 25 to a division of 0.5 V; the record's middle is at the horizontal position.
    for mode in ("Mode,Fast,\n", ""):
        fast = GW.format("\n") + mode + "Waveform Data,\n-25,\n50,\n0,\n1,\n"
        (wave,) = read_capture(fast.encode(), "A0000CH1.CSV").analog
        assert shape(wave) == ("CH1", "V", pytest.approx(1e-3 - 8e-6), 4e-6, [-0.5, 1.0, 0.0, 0.02])


def test_gw_instek_channels_side_by_side() -> None:
    settings = GW.format("\n").splitlines()
    head = [f"{line}{line}" for line in settings]
    head[2], head[3], head[4] = (
        "Source,CH1,Source,CH3,",
        "Vertical Units,V,Vertical Units,A,",
        settings[4] + "Vertical Scale,2,",
    )
    fast = [*head, "Mode,Fast,Mode,Fast,", "Waveform Data,,Waveform Data,,", "-25, ,5, ,", "50, ,10, ,"]
    detail = [*head, "Mode,Detail,Mode,Detail,", "Waveform Data,,Waveform Data,,", "0,-0.5,0,0.4,", "4e-6,1,4e-6,0.8,"]
    for lines in (fast, detail):
        one, three = read_capture("\n".join(lines).encode(), "DS0001.CSV").analog
        assert (one.name, one.unit, one.values().tolist()) == ("CH1", "V", [-0.5, 1.0])
        assert (three.name, three.unit, three.values()) == ("CH3", "A", pytest.approx([0.4, 0.8]))


# --- Hantek ----------------------------------------------------------------------------------------------------------


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


# --- any other -------------------------------------------------------------------------------------------------------


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


def test_tables_that_sigrok_writes() -> None:
    head = b"; CSV generated by libsigrok 0.5.2 on Mon\n; Channels (3/8): D0, D1, A0\n; Samplerate: 2.5 MHz\n"
    capture = read_capture(head + b"logic,logic,A0 mV DC\n1,0,500\n1,1,250\n0,1,0\n", "x.csv")
    assert capture.logic is not None
    assert (capture.logic.words.tolist(), capture.logic.channels) == ([1, 3, 2], ("D0", "D1"))
    assert capture.logic.sample_rate_hz == 2.5e6
    (wave,) = capture.analog
    assert shape(wave) == ("A0", "V", 0.0, pytest.approx(4e-7), [0.5, 0.25, 0.0])
    named = read_capture(head + b"Time,D0,D1,A0\n5,1,0,-10\n10,0,1,-10\n15,0,1,4.48e-44\n", "x.csv")
    assert named.logic is not None
    assert (named.logic.words.tolist(), [wave.name for wave in named.analog]) == ([1, 2, 2], ["A0"])
    with pytest.raises(CaptureError, match="states no sample rate"):
        read_capture(head.replace(b"; Samplerate: 2.5 MHz\n", b"") + b"logic,logic,V\n1,0,5\n", "x.csv")
    with pytest.raises(CaptureError, match="line 5: CLK is 7, no whole number from 0 to 1"):
        read_capture(head.replace(b"D1", b"CLK") + b"logic,logic,V\n1,7,5\n", "x.csv")
    with pytest.raises(CaptureError, match="2 columns for 3 channels"):
        read_capture(head + b"logic,V\n1,5\n", "x.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(encoding: str) -> None:
    wave = read_capture("时间 (s),电压 (V)\n0,1.5\n1,2.5\n".encode(encoding), "x.csv").analog[0]
    assert shape(wave) == ("电压", "V", 0.0, 1.0, [1.5, 2.5])


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
    ("text", "unit"),
    [
        ("Volt", Unit("V")),
        ("mV", Unit("V", 1e-3)),
        ("(us)", Unit("s", 1e-6)),
        ("kOhm", Unit("Ohm", 1e3)),
        ("°C", Unit("Cel")),
        ("second", Unit("s")),
        ("CH1", None),
        ("", None),
        ("1", Unit("1")),
    ],
)
def test_units(text: str, unit: Unit | None) -> None:
    assert parse_unit(text) == unit


def test_the_step_of_a_converter_shows_in_its_samples() -> None:
    rng = np.random.default_rng(3)
    assert quantisation_step(rng.integers(0, 200, 5000) * 0.04) == pytest.approx(0.04)
    assert quantisation_step(rng.normal(size=10_000)) is None
    assert quantisation_step(np.ones(50)) is None
    assert quantisation_step(np.array([], np.float64)) is None


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02\x03" * 50, "no format known here"),
        (b"hello\nworld\n", "no rows of numbers in its first 2 lines"),
        (b"time,a\n0,1\n1,two\n2,3\n", "line 3: 'two' in column 2 is no number"),
        (b"time,a\n0,1\n1,inf\n", "line 3: 'inf'"),
        (b"time,a\n1,1\n0,2\n", "line 3: its times go backwards"),
        (b"time\n0\n1\n", "has times and no values"),
        (b"a,b\n1,2\n3,4\n", "no column of times"),
        (b"3,4\n1,2\n", "no evenly rising time"),
        (b"time,a\n0,1\n", "two rows or more"),
        (b"X,CH1,Start,Increment,\nSequence,Volt,oops,4e-08,\n0,1,\n1,2,\n", "Start is 'oops'"),
        (b"X,CH1,Start,Increment,\nSequence,Volt,0,0,\n0,1,\n1,2,\n", "Increment of 0 s is none"),
        (b"X,CH1,Start,Increment,\nSequence,Volt,0,1,\n0,1,\n2,2,\n", "line 4: the running number has a gap"),
        (b"CH1V,t0 =-1.0e-03, tInc = 0\n1,\n3,\n", "tInc of 0 s"),
        (b"x-axis,FFT\nHz,dB\n1,2\n2,3\n", "in Hz, no time"),
        (b"XInc:,x\nXOrg:,0\nData:,\n1\n", "xinc is 'x'"),
        (b"XInc:,-1\nXOrg:,0\nData:,\n1\n", "xinc of -1 s is none"),
        (b"Sample Interval,1\nWaveform Type,ANALOG\n0,1\n1,2\n", "no line TIME"),
        (b"Sample Interval,1\nTIME,D0\n0,1\n1,7\n", "line 4: D0 is 7, no whole number from 0 to 1"),
        (b"Sample Interval,1\nTIME,D0\n0,1\n1,0.5\n", "line 4: D0 is 0.5, no whole"),
        (b"Sample Interval,1\nTIME,CH1,D0\n0,1,1\n1,2,\n", "line 4: D0 is nan, no whole"),
        (b"Sample Interval,1\nTIME,D64\n0,1\n1,0\n", "names the logic line D64; 64 are read at most"),
        ((GW.format("\n").replace("S,", "Hz,") + "Waveform Data,\n1,\n2,\n").encode(), "horizontal axis is no time"),
        ((GW.format("\n").replace("4.0E-06", "?") + "Waveform Data,\n1,\n2,\n").encode(), "sampling period is"),
        ((GW.format("\n").replace("4.0E-06", "0") + "Waveform Data,\n1,\n2,\n").encode(), "period of 0 s"),
        ((GW.format("\n").replace("CH1", "") + "Waveform Data,\n1,\n2,\n").encode(), "names no source"),
        ((GW.format("\n") + "Mode,Detail,\nWaveform Data,\n1,\n2,\n").encode(), "no column for CH1"),
        (b"Record Length,2,,0,-43\nSource,MATH,,12,-47\nHorizontal Units,Hz,,24,-59\n", "is in 'Hz', no time"),
        (b"#timebase=4(ps),#voltbase=1(uV)\n\n1,2,3\n2,3,4\n", "other columns than time and value"),
        (b"#timebase=4(ps)\n,#voltbase=1(kV)\n1,2\n2,3\n", "scale is in 'kv'"),
        (
            b"#timebase=4(ns)\n,#threshold=1(mv)\n1,2\n2,65536\n",
            "line 4: D15-D0 is 65536, no whole number from 0 to 65535",
        ),
        (b"a" * 70_000, "longer than a row"),
    ],
)
def test_bad_files_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(CaptureError, match=reason) as caught:
        read_capture(data, "bench/x.csv")
    assert str(caught.value).startswith("bench/x.csv: ")


def test_an_impossible_sample_rate_is_refused() -> None:
    with pytest.raises(CaptureError, match="sample rate of 0"):
        read_capture(b"1\n2\n", "x.csv", sample_rate_hz=0.0)


def test_long_lines_take_no_memory() -> None:
    def read(data: bytes) -> object:
        return read_capture(data, "x.csv")

    commas = b"time,a\n0,1\n1,2\n" + b"," * 8_000_000
    assert "longer than a row" in assert_frugal(read, commas, CaptureError, 24 << 20)
    many = b",".join([b"1"] * 20_000)
    assert "no rows of numbers" in assert_frugal(read, many, CaptureError, 24 << 20)


SEEDS = [
    MDO,
    b"X,CH1,CH2,Start,Increment,\nSequence,Volt,Volt,-1.2e-03,4.0e-08,\n0,2.86e+00,3.1e+00,\n1,2.86,3.1,\n",
    GW.format("\n").encode() + b"Mode,Fast,\nWaveform Data,\n-25,\n50,\n",
    b"x-axis,1,2\nsecond,Volt,Volt\n-1.0E-03,-249.982E-06,+31.5E-03\n-9.0E-04,-249.982E-06,+31.5E-03\n",
    b"Record Length,5,,-0.5,0.1,\nSample Interval,0.1,,-0.4,0.2,\n,,,-0.3,0.1,\n",
    b"time;U\n0,0;1,2\n0,5;1,3\n",
    b"XInc:,1.0E-09\nXOrg:,-5.0E-07\nData:,\n1.0E-01,\n2.0E-01,\n",
    b"Unit:(mV),CH1\n\n#,Time(mS),CH1(mV)\n0,-2,1200\n1,-1,1300\n2,0,1400\n",
    b"#CHANNEL:CH1\n#CLOCK=500uS\n#UNITS:V\nsample rate: 2 kHz\n\n1.2\n1.3\n",
    b"TraceName,CH1\nVUnit,V\nHResolution,1e-6\nHOffset,-1e-3\nHUnit,s\n\n,1.2\n,1.3\n",
    b"; CSV generated by libsigrok 0.5.2\n; Channels (2/8): D0, A0\n; Samplerate: 1 MHz\nlogic,V DC\n1,0.5\n0,0.2\n",
]


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


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_only_ever_raise_capture_errors(data: bytes) -> None:
    survives(lambda d: read_capture(d, "noise.bin"), data, CaptureError)
