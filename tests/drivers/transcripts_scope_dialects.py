"""Transcripts of the oscilloscopes by dialect: Rigol's 12 bits, Keysight, Tektronix, both of Siglent's."""

import struct
from typing import Any

import numpy as np
import pytest
from scripted_server import Exchange
from transcripts import Transcript

from drivers.capabilities import ChannelSetup, Coupling, Slope, TriggerSetup
from drivers.errors import BadResponse, InstrumentRefused, NoResponse, OutOfRange
from protocols.ieee488 import format_block

DHO = "rigol-dho800"
KEYSIGHT = "keysight-dsox1200"
TEK = "tektronix-tds2000"
XE = "siglent-sds1000x-e"
HD = "siglent-sds800x-hd"

SETUP = ChannelSetup(1, scale_v=1.0, offset_v=-1.5, probe_ratio=10, bandwidth_limit=True)
SECOND = ChannelSetup(2, scale_v=0.05, coupling=Coupling.AC)
FALLING = TriggerSetup(1, 1.65, Slope.FALLING)


def sends(*messages: str) -> list[Exchange]:
    return [(message, None) for message in messages]


def block(data: bytes, before: bytes = b"", after: bytes = b"\n") -> bytes:
    return before + format_block(data) + after


def captures(
    setups: list[ChannelSetup], codes: list[Any], levels: Any, interval_s: float, start_s: float, **arguments: Any
) -> Any:
    """Take a record; ``levels`` are those of the first three codes of the first channel, by hand from the formula."""

    def action(scope: Any) -> None:
        waves = scope.capture(setups, **arguments)
        for setup, wave, expected in zip(setups, waves, codes, strict=True):
            assert wave.name == f"CH{setup.channel}"
            assert np.array_equal(wave.codes, expected)
            assert wave.codes.dtype == expected.dtype
            assert wave.sample_interval_s == pytest.approx(interval_s, rel=1e-12)
            assert wave.start_s == pytest.approx(start_s, rel=1e-12)
        assert waves[0].values()[:3] == pytest.approx(levels, rel=1e-12)

    return action


def fails(error: type[Exception], match: str, setup: ChannelSetup = SETUP, **arguments: Any) -> Any:
    def action(scope: Any) -> None:
        with pytest.raises(error, match=match):
            scope.capture([setup], **{"span_s": 0.02, **arguments})

    return action


def short(script: list[Exchange]) -> list[Exchange]:
    """The same setting up for a record of a microsecond, so short that one look at the state is one too many."""
    times = ("0.002", "0.0025", "0.002S")
    return [
        (message.replace(message.split()[-1], "1e-07" + "S" * message.endswith("S")), reply)
        if isinstance(message, str) and message.split()[-1] in times
        else (message, "1e-07" if reply in ("2.000000E-3", "+2.000E-03", "2.5E-3", "2.00E-03") else reply)
        for message, reply in script
    ]


# Rigol DHO800: voltage = (code - y origin - y reference) x y increment (Programming Guide, :WAVeform commands).
def dho_set_up(depth: str) -> list[Exchange]:
    return [
        *sends(
            ":RUN", ":CHAN1:DISP ON", ":CHAN2:DISP OFF", ":CHAN3:DISP OFF", ":CHAN4:DISP OFF", ":CHAN1:PROB 10",
            ":CHAN1:VERN ON", ":CHAN1:SCAL 1", ":CHAN1:OFFS -1.5", ":CHAN1:COUP DC", ":CHAN1:BWL 20M", ":TIM:MODE MAIN",
            ":TIM:SCAL 0.002", ":TIM:OFFS 0", f":ACQ:MDEP {depth}", ":TRIG:MODE EDGE", ":TRIG:EDGE:SOUR CHAN1",
            ":TRIG:EDGE:SLOP NEG", ":TRIG:EDGE:LEV 1.65",
        ),
        (":SYST:ERR?", '0,"No error"'),
        (":CHAN1:SCAL?", "1.000000E+0"),
        (":TIM:SCAL?", "2.000000E-3"),
    ]  # fmt: skip


DHO_CODES = (np.arange(1_000_000) % 60_000).astype("<u2")
DHO_PREAMBLE = "1,2,1000000,1,2.000000E-8,-1.000000E-2,0.000000E-12,1.333333E-04,-11250,32768"


def dho_read(pieces: list[tuple[int, int]]) -> list[Exchange]:
    script: list[Exchange] = [
        *sends(":WAV:SOUR CHAN1", ":WAV:MODE RAW", ":WAV:FORM WORD"),
        (":WAV:PRE?", DHO_PREAMBLE),
    ]
    for first, last in pieces:
        script += sends(f":WAV:STAR {first}", f":WAV:STOP {last}")
        script.append((":WAV:DATA?", block(DHO_CODES[first - 1 : last].tobytes())))
    return script


DHO_TRANSCRIPTS = [
    Transcript(
        DHO,
        "a million samples of two bytes, in pieces of 125000",
        captures(
            [SETUP], [DHO_CODES], [(code + 11250 - 32768) * 1.333333e-4 for code in (0, 1, 2)], 2e-8, -0.01,
            span_s=0.02, trigger=FALLING, points=1_000_000,
        ),
        [
            *dho_set_up("1000000"),
            (":SING", None), (":TRIG:STAT?", "WAIT"), (":TRIG:STAT?", "STOP"),
            *dho_read([(first, first + 124_999) for first in range(1, 1_000_000, 125_000)]),
        ],
    ),
    Transcript(
        DHO,
        "no trigger: stopped and told",
        fails(NoResponse, "did not trigger within 0 s .status WAIT.", trigger=FALLING, span_s=1e-6),
        [*short(dho_set_up("AUTO")), (":SING", None), (":TRIG:STAT?", "WAIT"), (":STOP", None)],
        {"trigger_timeout_s": 0.0},
    ),
    Transcript(
        DHO,
        "a piece of half a sample is no record",
        fails(BadResponse, "sent 249999 bytes for channel 1, which are no samples of 2 bytes", trigger=FALLING),
        [
            *dho_set_up("AUTO"), (":SING", None), (":TRIG:STAT?", "TD"), (":TRIG:STAT?", "STOP"), *dho_read([]),
            *sends(":WAV:STAR 1", ":WAV:STOP 125000"), (":WAV:DATA?", block(b"\x80" * 249_999)),
        ],
    ),
    Transcript(
        DHO,
        "untriggered: forced",
        fails(BadResponse, "is no preamble of 10 numbers"),
        [
            *[one for one in dho_set_up("AUTO") if one[0] not in (":TRIG:EDGE:SLOP NEG", ":TRIG:EDGE:LEV 1.65")][:17],
            (":TRIG:EDGE:SLOP POS", None),
            (":SYST:ERR?", '0,"No error"'), (":CHAN1:SCAL?", "1"), (":TIM:SCAL?", "2E-3"),
            (":SING", None), (":TRIG:STAT?", "WAIT"), (":TFOR", None), (":TRIG:STAT?", "STOP"),
            *sends(":WAV:SOUR CHAN1", ":WAV:MODE RAW", ":WAV:FORM WORD"), (":WAV:PRE?", "1,2,1000"),
        ],
    ),
    Transcript(DHO, "50 M points are the DHO900's", fails(OutOfRange, "memory depth must be", points=50_000_000), []),
]  # fmt: skip


# Keysight: voltage = (code - y reference) x y increment + y origin; times from x origin (Programmer's Guide).
def keysight_set_up(trigger: list[str]) -> list[Exchange]:
    return [
        *sends(
            ":RUN", ":CHAN1:DISP ON", ":CHAN2:DISP OFF", ":CHAN3:DISP OFF", ":CHAN4:DISP OFF", ":CHAN1:PROB 10",
            ":CHAN1:SCAL 1", ":CHAN1:OFFS 1.5", ":CHAN1:COUP DC", ":CHAN1:BWL ON", ":TIM:MODE MAIN;:TIM:REF CENT",
            ":TIM:SCAL 0.002", ":TIM:POS 0", ":TRIG:MODE EDGE", ":TRIG:EDGE:SOUR CHAN1", *trigger,
        ),
        (":SYST:ERR?", '+0,"No error"'),
        (":CHAN1:SCAL?", "+1.00000E+00"),
        (":TIM:SCAL?", "+2.000E-03"),
    ]  # fmt: skip


KEYSIGHT_EDGE = [":TRIG:EDGE:SLOP NEG", ":TRIG:EDGE:LEV 1.65"]
KEYSIGHT_CODES = (np.arange(62_500) % 256).astype(np.uint8)
KEYSIGHT_PREAMBLE = "+0,+0,+62500,+1,+3.20000000E-007,-1.00000000E-002,+0,+4.02010E-002,+1.50000E+000,+128"
KEYSIGHT_READ: list[Exchange] = [
    *sends(":WAV:SOUR CHAN1", ":WAV:FORM BYTE", ":WAV:UNS ON", ":WAV:POIN:MODE RAW", ":WAV:POIN MAX"),
    (":WAV:PRE?", KEYSIGHT_PREAMBLE),
]
KEYSIGHT_TRANSCRIPTS = [
    Transcript(
        KEYSIGHT,
        "the whole memory at once; armed and running are bits",
        captures(
            [SETUP], [KEYSIGHT_CODES], [(code - 128) * 4.0201e-2 + 1.5 for code in (0, 1, 2)], 3.2e-7, -0.01,
            span_s=0.02, trigger=FALLING,
        ),
        [
            *keysight_set_up(KEYSIGHT_EDGE),
            (":SING", None), (":OPER:COND?", "+40"), (":OPER:COND?", "+8"), (":OPER:COND?", "+0"),
            *KEYSIGHT_READ, (":WAV:DATA?", block(KEYSIGHT_CODES.tobytes())),
        ],
    ),
    Transcript(
        KEYSIGHT,
        "forced while it waits; a block that is too short is no record",
        fails(BadResponse, "sent 100 samples for points 1 to 62500 of channel 1"),
        [
            *keysight_set_up([":TRIG:EDGE:SLOP POS"]),
            (":SING", None), (":OPER:COND?", "+40"), (":TRIG:FORC", None), (":OPER:COND?", "+0"),
            *KEYSIGHT_READ, (":WAV:DATA?", block(b"\x80" * 100)),
        ],
    ),
    Transcript(
        KEYSIGHT,
        "no trigger: stopped and told",
        fails(NoResponse, "did not trigger within 0 s .status 40.", trigger=FALLING, span_s=1e-6),
        [*short(keysight_set_up(KEYSIGHT_EDGE)), (":SING", None), (":OPER:COND?", "+40"), (":STOP", None)],
        {"trigger_timeout_s": 0.0},
    ),
    Transcript(KEYSIGHT, "no choice of depth", fails(OutOfRange, "memory depth cannot be chosen", points=1000), []),
    Transcript(
        KEYSIGHT,
        "an error in its queue is told",
        fails(InstrumentRefused, '-222,"Data out of range"'),
        [
            *keysight_set_up([":TRIG:EDGE:SLOP POS"])[:-3],
            (":SYST:ERR?", '-222,"Data out of range"'), (":SYST:ERR?", '+0,"No error"'),
        ],
    ),
]  # fmt: skip


# Tektronix: Y = YZERO + YMULT x (y - YOFF), X = XZERO + XINCR x (n - PT_OFF) (Programmer Manual, WFMPre:PT_Fmt).
def tek_set_up(trigger: list[str], scale: str = "1.0E0") -> list[Exchange]:
    return [
        *sends(
            "HEAD OFF", "ACQ:STOPA RUNST;:ACQ:STATE RUN", "SEL:CH1 ON", "SEL:CH2 OFF", "SEL:CH3 OFF", "SEL:CH4 OFF",
            "CH1:PRO 10", "CH1:SCA 1", "CH1:POS -1.5", "CH1:COUP DC", "CH1:BAN ON", "HOR:VIEW MAI;:ACQ:MOD SAM",
            "HOR:MAI:SCA 0.0025", "HOR:MAI:POS 0", "TRIG:MAI:TYP EDGE;:TRIG:MAI:MOD NORM", "TRIG:MAI:EDGE:SOU CH1",
            *trigger,
        ),
        ("CH1:SCA?", scale),
        *([("HOR:MAI:SCA?", "2.5E-3")] if scale == "1.0E0" else []),
    ]  # fmt: skip


TEK_EDGE = ["TRIG:MAI:EDGE:SLO FALL", "TRIG:MAI:LEV 1.65"]
TEK_CODES = ((np.arange(2500) % 200) - 100).astype(np.int8)
TEK_READ: list[Exchange] = [
    *sends("DAT:SOU CH1", "DAT:ENC RIB", "DAT:WID 1", "DAT:STAR 1", "DAT:STOP 2500"),
    (
        "WFMP:NR_P?;:WFMP:XIN?;:WFMP:PT_O?;:WFMP:XZE?;:WFMP:YMU?;:WFMP:YOF?;:WFMP:YZE?",
        "2500;1.0E-5;0;-1.25E-2;4.0E-2;-3.75E1;0.0E0",
    ),
]
TEK_TRANSCRIPTS = [
    Transcript(
        TEK,
        "a record of 2500 signed samples; the time base has steps of 1, 2.5 and 5",
        captures(
            [SETUP], [TEK_CODES], [(code + 37.5) * 0.04 for code in (-100, -99, -98)], 1e-5, -0.0125,
            span_s=0.022, trigger=FALLING,
        ),
        [
            *tek_set_up(TEK_EDGE),
            ("ACQ:STOPA SEQ;:ACQ:STATE RUN", None),
            ("TRIG:STATE?", "ARMED"), ("TRIG:STATE?", "READY"), ("TRIG:STATE?", "TRIGGER"), ("TRIG:STATE?", "SAVE"),
            *TEK_READ, ("CURV?", block(TEK_CODES.tobytes())),
        ],
    ),
    Transcript(
        TEK,
        "a block that is too short is no record",
        fails(BadResponse, "sent 2499 samples for points 1 to 2500", span_s=0.022),
        [
            *tek_set_up(["TRIG:MAI:EDGE:SLO RIS"]),
            ("ACQ:STOPA SEQ;:ACQ:STATE RUN", None),
            ("TRIG:STATE?", "READY"), ("TRIG FORC", None), ("TRIG:STATE?", "SAVE"),
            *TEK_READ, ("CURV?", block(b"\x00" * 2499)),
        ],
    ),
    Transcript(
        TEK,
        "no trigger: stopped and told",
        fails(NoResponse, "did not trigger within 0 s .status READY.", trigger=FALLING, span_s=1e-6),
        [
            *short(tek_set_up(TEK_EDGE)), ("ACQ:STOPA SEQ;:ACQ:STATE RUN", None), ("TRIG:STATE?", "READY"),
            ("ACQ:STATE STOP", None),
        ],
        {"trigger_timeout_s": 0.0},
    ),
    Transcript(
        TEK,
        "a scale that it rounded is found out",
        fails(InstrumentRefused, "took 2 V as channel 1 scale instead of 1 V", span_s=0.022),
        tek_set_up(["TRIG:MAI:EDGE:SLO RIS"], "2.0E0"),
    ),
    Transcript(TEK, "steps", fails(OutOfRange, "must be a 1-2-5 step, not 0.3 V", ChannelSetup(1, 0.3)), []),
]  # fmt: skip


# Siglent SDS1000X-E: voltage = code x (VDIV / 25) - OFST; the screen is 14 divisions wide (Programming Guide, WF?).
def xe_set_up(depth: str | None, trigger: list[str]) -> list[Exchange]:
    return [
        *sends(
            "CHDR OFF", "TRMD AUTO", "C1:TRA ON", "C2:TRA OFF", "C3:TRA OFF", "C4:TRA OFF", "C1:ATTN 10", "C1:VDIV 1V",
            "C1:OFST -1.5V", "C1:CPL D1M", "BWL C1,ON", "TDIV 0.002S", "TRDL 0S", *([f"MSIZ {depth}"] if depth else []),
            "TRSE EDGE,SR,C1,HT,OFF", *trigger,
        ),
        ("C1:VDIV?", "1.00E+00"),
        ("TDIV?", "2.00E-03"),
    ]  # fmt: skip


XE_EDGE = ["C1:TRSL NEG", "C1:TRLV 1.65V"]
XE_CODES = ((np.arange(14_000) % 251) - 125).astype(np.int8)
XE_READ: list[Exchange] = [
    ("WFSU SP,0,NP,0,FP,0", None),
    ("C1:VDIV?", "1.00E+00"),
    ("C1:OFST?", "-1.50E+00"),
    ("SARA?", "5.00E+05"),
]
XE_DONE: list[Exchange] = [("TRMD SINGLE;ARM", None), ("SAST?", "Ready"), ("SAST?", "Trig'd"), ("SAST?", "Stop")]
XE_TRANSCRIPTS = [
    Transcript(
        XE,
        "a record behind a header and before two line feeds; the next question is not answered by the second one",
        lambda scope: (
            captures(
                [SETUP], [XE_CODES], [code / 25 + 1.5 for code in (-125, -124, -123)], 2e-6, -0.014,
                span_s=0.028, trigger=FALLING, points=14_000,
            )(scope),
            scope.identify(),
        ),
        [
            *xe_set_up("14K", XE_EDGE), *XE_DONE, *XE_READ,
            ("C1:WF? DAT2", block(XE_CODES.tobytes(), b"DAT2,", b"\n\n")),
            ("*IDN?", "Siglent Technologies,SDS1104X-E,SDS1,8.2"),
        ],
    ),
    Transcript(
        XE,
        "a sample rate with its unit, and a record that does not fill the screen",
        fails(BadResponse, "sent 7000 samples of channel 1, which are 0.014 s .* instead of 0.028 s", span_s=0.028),
        [
            *xe_set_up(None, ["C1:TRSL POS"]),
            ("TRMD SINGLE;ARM", None), ("SAST?", "Ready"), ("FRTR", None), ("SAST?", "Stop"),
            *XE_READ[:-1], ("SARA?", "500kSa/s"), ("C1:WF? DAT2", block(b"\x01" * 7000, b"DAT2,", b"\n\n")),
        ],
    ),
    Transcript(
        XE,
        "no trigger: stopped and told",
        fails(NoResponse, "did not trigger within 0 s .status READY.", trigger=FALLING, span_s=1e-6),
        [*short(xe_set_up(None, XE_EDGE)), ("TRMD SINGLE;ARM", None), ("SAST?", "Ready"), ("STOP", None)],
        {"trigger_timeout_s": 0.0},
    ),
    Transcript(
        XE,
        "depths by channels",
        fails(OutOfRange, "memory depth must be one of 14000, 140000, 1400000, 14000000, not 7000", points=7000),
        [],
    ),
]  # fmt: skip


# Siglent SDS800X HD: voltage = code / codes a division x volts a division x probe - offset x probe (Guide EN11).
def hd_set_up(
    setups: list[tuple[int, str, str, str, str, str]], depth: str | None, trigger: list[str]
) -> list[Exchange]:
    used = [one[0] for one in setups]
    script = sends(":TRIG:MODE AUTO;:TRIG:RUN")
    script += sends(*[f":CHAN{n}:SWIT {'ON' if n in used else 'OFF'}" for n in (1, 2, 3, 4)])
    for n, probe, scale, offset, coupling, limit in setups:
        script += sends(
            f":CHAN{n}:PROB VAL,{probe}", f":CHAN{n}:SCAL {scale}", f":CHAN{n}:OFFS {offset}",
            f":CHAN{n}:COUP {coupling}", f":CHAN{n}:BWL {limit}",
        )  # fmt: skip
    script += sends(":TIM:SCAL 0.002", ":TIM:DEL 0", *([f":ACQ:MDEP {depth}"] if depth else []), ":TRIG:TYPE EDGE")
    script += sends(f":TRIG:EDGE:SOUR C{used[0]}", *trigger)
    script += [(f":CHAN{n}:SCAL?", scale) for n, _, scale, *_ in setups]
    return [*script, (":TIM:SCAL?", "2.00E-03")]


HD_ONE = [(1, "10", "1", "-1.5", "DC", "20M")]
HD_TWO = [*HD_ONE, (2, "1", "0.05", "0", "AC", "FULL")]
HD_EDGE = [":TRIG:EDGE:SLOP FALL", ":TRIG:EDGE:LEV 1.65"]
HD_CODES = ((np.arange(10_000) * 7) % 61_440 - 30_720).astype("<i2")
HD_DONE: list[Exchange] = [
    (":TRIG:MODE SING;:TRIG:RUN", None), (":TRIG:STAT?", "Arm"), (":TRIG:STAT?", "Trig'd"), (":TRIG:STAT?", "Stop"),
]  # fmt: skip


def descriptor(volts: float, offset: float, probe: float, *, wide: int = 1, codes: float = 7680.0) -> bytes:
    """Siglent's descriptor as the guide's table lays it out: the fields that the scale needs, the rest zero."""
    data = bytearray(346)
    data[:8] = b"WAVEDESC"
    struct.pack_into("<hh", data, 32, wide, 0)
    struct.pack_into("<i", data, 116, 4000)
    struct.pack_into("<fff", data, 156, volts, offset, codes)
    struct.pack_into("<h", data, 172, 12)
    struct.pack_into("<fd", data, 176, 2e-6, 0.0)
    struct.pack_into("<f", data, 328, probe)
    return bytes(data)


def hd_describe(channel: int, data: bytes, points: str = "1.00E+04") -> list[Exchange]:
    return [
        *sends(
            f":WAV:SOUR C{channel}", ":WAV:WIDT WORD;:WAV:BYT LSB", ":WAV:INT 1", ":WAV:STAR 0", ":WAV:POIN 0",
        ),
        (":WAV:PRE?", block(data, after=b"\n\n")),
        (":ACQ:POIN?", points),
    ]  # fmt: skip


def hd_read(pieces: list[tuple[int, int]]) -> list[Exchange]:
    script: list[Exchange] = [(":WAV:MAXP?", "4000")]
    for first, count in pieces:
        script += sends(f":WAV:STAR {first}", f":WAV:POIN {count}")
        script.append((":WAV:DATA?", block(HD_CODES[first : first + count].tobytes(), after=b"\n\n")))
    return script


WHOLE = [(0, 4000), (4000, 4000), (8000, 2000)]
HD_TRANSCRIPTS = [
    Transcript(
        HD,
        "two channels of 12 bits in pieces as large as the oscilloscope allows",
        captures(
            [SETUP, SECOND], [HD_CODES, HD_CODES], [code / 7680 + 1.5 for code in (-30_720, -30_713, -30_706)], 2e-6,
            -0.01, span_s=0.02, trigger=FALLING, points=10_000,
        ),
        [
            *hd_set_up(HD_TWO, "10k", HD_EDGE), *HD_DONE,
            *hd_describe(1, descriptor(0.1, -0.15, 10.0)), *hd_read(WHOLE),
            *hd_describe(2, descriptor(0.05, 0.0, 1.0), "10kpts"), *hd_read(WHOLE),
        ],
    ),
    Transcript(
        HD,
        "forced; a descriptor of 8-bit samples is not what was asked for",
        fails(BadResponse, "announces 1 bytes a sample, .* instead of 2"),
        [
            *hd_set_up(HD_ONE, None, [":TRIG:EDGE:SLOP RIS"]),
            (":TRIG:MODE SING;:TRIG:RUN", None), (":TRIG:STAT?", "Ready"), (":TRIG:MODE FTRIG", None),
            (":TRIG:STAT?", "Stop"),
            *hd_describe(1, descriptor(0.1, -0.15, 10.0, wide=0))[:-1],
        ],
    ),
    Transcript(
        HD,
        "a piece that is too short is no record",
        fails(BadResponse, "sent 3999 samples for points 1 to 4000 of channel 1", trigger=FALLING),
        [
            *hd_set_up(HD_ONE, None, HD_EDGE), *HD_DONE, *hd_describe(1, descriptor(0.1, -0.15, 10.0)),
            (":WAV:MAXP?", "4000"), *sends(":WAV:STAR 0", ":WAV:POIN 4000"),
            (":WAV:DATA?", block(b"\x00" * 7998, after=b"\n\n")),
        ],
    ),
    Transcript(
        HD,
        "no trigger: stopped and told",
        fails(NoResponse, "did not trigger within 0 s .status ARM.", trigger=FALLING, span_s=1e-6),
        [
            *short(hd_set_up(HD_ONE, None, HD_EDGE)), (":TRIG:MODE SING;:TRIG:RUN", None), (":TRIG:STAT?", "Arm"),
            (":TRIG:STOP", None),
        ],
        {"trigger_timeout_s": 0.0},
    ),
]  # fmt: skip

TRANSCRIPTS = [*DHO_TRANSCRIPTS, *KEYSIGHT_TRANSCRIPTS, *TEK_TRANSCRIPTS, *XE_TRANSCRIPTS, *HD_TRANSCRIPTS]
