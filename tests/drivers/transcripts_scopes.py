"""Transcripts of the oscilloscope: setting up, waiting for the record, reading the memory in pieces."""

from typing import Any

import numpy as np
import pytest
from scripted_server import Exchange
from transcripts import Transcript

from drivers.capabilities import ChannelSetup, Coupling, Slope, TriggerSetup
from drivers.errors import BadResponse, InstrumentRefused, NoResponse, OutOfRange
from protocols.ieee488 import format_block

RIGOL = "rigol-ds1054z"
NO_ERROR: Exchange = (":SYST:ERR?", '0,"No error"')
CODES = (np.arange(600_000) % 251).astype(np.uint8)
PREAMBLE = "0,2,600000,1,4.000000e-08,-1.200000e-02,0,4.000000e-02,-50,127"


def set_up(
    channels: dict[int, list[str]], scale: str, depth: str, trigger: list[str], told: dict[int, str], time: str
) -> list[Exchange]:
    """The messages that set the oscilloscope up; ``channels``: number → probe, scale, offset, coupling, limit."""
    script: list[Exchange] = [(":RUN", None)]
    script += [(f":CHAN{n}:DISP {'ON' if n in channels else 'OFF'}", None) for n in (1, 2, 3, 4)]
    for n, (probe, volts, offset, coupling, limit) in channels.items():
        script += [
            (f":CHAN{n}:PROB {probe}", None),
            (f":CHAN{n}:VERN ON", None),
            (f":CHAN{n}:SCAL {volts}", None),
            (f":CHAN{n}:OFFS {offset}", None),
            (f":CHAN{n}:COUP {coupling}", None),
            (f":CHAN{n}:BWL {limit}", None),
        ]
    script += [(":TIM:MODE MAIN", None), (f":TIM:SCAL {scale}", None), (":TIM:OFFS 0", None)]
    script += [(f":ACQ:MDEP {depth}", None), (":TRIG:MODE EDGE", None)]
    script += [(message, None) for message in trigger]
    script.append(NO_ERROR)
    script += [(f":CHAN{n}:SCAL?", told[n]) for n in channels]
    script.append((":TIM:SCAL?", time))
    return script


def reading(channel: int, preamble: str, codes: np.ndarray, pieces: list[tuple[int, int]]) -> list[Exchange]:
    """The messages that read one channel's memory."""
    script: list[Exchange] = [
        (f":WAV:SOUR CHAN{channel}", None),
        (":WAV:MODE RAW", None),
        (":WAV:FORM BYTE", None),
        (":WAV:PRE?", preamble),
    ]
    for first, last in pieces:
        script += [
            (f":WAV:STAR {first}", None),
            (f":WAV:STOP {last}", None),
            (":WAV:DATA?", format_block(codes[first - 1 : last].tobytes()) + b"\n"),
        ]
    return script


ONE = {1: ["10", "1", "-1.5", "DC", "20M"]}
SETUP = ChannelSetup(1, scale_v=1.0, offset_v=-1.5, probe_ratio=10, bandwidth_limit=True)
EDGE = [":TRIG:EDG:SOUR CHAN1", ":TRIG:EDG:SLOP NEG", ":TRIG:EDG:LEV 1.65"]
BEGIN = set_up(ONE, "0.002", "600000", EDGE, {1: "1.000000e+00"}, "2.000000e-03")


def whole_memory(scope: Any) -> None:
    (wave,) = scope.capture(
        [SETUP, ChannelSetup(2, scale_v=0.02, coupling=Coupling.AC)][:1],
        span_s=0.02,
        trigger=TriggerSetup(1, 1.65, Slope.FALLING),
        points=None,
    )
    assert np.array_equal(wave.codes, CODES)
    assert wave.codes.dtype == np.uint8
    assert wave.name == "CH1"
    assert wave.sample_interval_s == 4e-8
    assert wave.start_s == -0.012
    assert wave.resolution == 0.04
    # The programming guide: voltage = (code - y origin - y reference) x y increment.
    assert wave.values()[:3] == pytest.approx((np.array([0, 1, 2]) + 50 - 127) * 0.04)


def two_channels_untriggered(scope: Any) -> None:
    first, second = scope.capture(
        [ChannelSetup(2, scale_v=0.05, coupling=Coupling.AC), ChannelSetup(4, scale_v=2.5)], span_s=1e-4, points=6000
    )
    assert (first.name, second.name) == ("CH2", "CH4")
    assert first.codes.size == second.codes.size == 6000
    assert second.scale == 0.1


def refused(error: type[Exception], match: str, **changes: Any) -> Any:
    arguments: dict[str, Any] = {"channels": [SETUP], "span_s": 0.02, **changes}

    def action(scope: Any) -> None:
        with pytest.raises(error, match=match):
            scope.capture(arguments.pop("channels"), **arguments)

    return action


TWO = {2: ["1", "0.05", "0", "AC", "OFF"], 4: ["1", "2.5", "0", "DC", "OFF"]}
TWO_BEGIN = set_up(
    TWO, "1e-05", "6000", [":TRIG:EDG:SOUR CHAN2", ":TRIG:EDG:SLOP POS"], {2: "5.0e-02", 4: "2.5"}, "1.0e-05"
)
SMALL = "0,2,6000,1,2.0e-08,-6.0e-05,0,{},0,127"

TRANSCRIPTS = [
    Transcript(
        RIGOL,
        "a triggered record of 600 000 points in three pieces",
        whole_memory,
        [
            *set_up(ONE, "0.002", "AUTO", EDGE, {1: "1.000000e+00"}, "2.000000e-03"),
            (":SING", None),
            (":TRIG:STAT?", "WAIT"),
            (":TRIG:STAT?", "TD"),
            (":TRIG:STAT?", "STOP"),
            *reading(1, PREAMBLE, CODES, [(1, 250_000), (250_001, 500_000), (500_001, 600_000)]),
        ],
    ),
    Transcript(
        RIGOL,
        "two channels at once, without waiting for a trigger",
        two_channels_untriggered,
        [
            *TWO_BEGIN,
            (":SING", None),
            (":TRIG:STAT?", "WAIT"),
            (":TFOR", None),
            (":TRIG:STAT?", "STOP"),
            *reading(2, SMALL.format("2.0e-03"), CODES, [(1, 6000)]),
            *reading(4, SMALL.format("1.0e-01"), CODES, [(1, 6000)]),
        ],
    ),
    Transcript(
        RIGOL,
        "no trigger: stopped and told",
        refused(NoResponse, "did not trigger within 0 s .status WAIT.; check probe", trigger=TriggerSetup(1, 1.65)),
        [
            *set_up(
                ONE,
                "0.002",
                "AUTO",
                [":TRIG:EDG:SOUR CHAN1", ":TRIG:EDG:SLOP POS", ":TRIG:EDG:LEV 1.65"],
                {1: "1"},
                "2e-3",
            ),
            (":SING", None),
            *[(":TRIG:STAT?", "WAIT")] * 4,
            (":STOP", None),
        ],
        {"trigger_timeout_s": 0.0},
    ),
    Transcript(
        RIGOL,
        "a scale that it rounded is found out",
        refused(InstrumentRefused, "took 2 V as channel 1 scale instead of 1 V"),
        set_up(ONE, "0.002", "AUTO", [":TRIG:EDG:SOUR CHAN1", ":TRIG:EDG:SLOP POS"], {1: "2.0"}, "2e-3")[:-1],
    ),
    Transcript(
        RIGOL,
        "an error in its queue is told",
        refused(InstrumentRefused, '-113,"Undefined header"'),
        [
            *set_up(ONE, "0.002", "AUTO", [":TRIG:EDG:SOUR CHAN1", ":TRIG:EDG:SLOP POS"], {1: "1"}, "2e-3")[:-3],
            (":SYST:ERR?", '-113,"Undefined header"'),
            NO_ERROR,
        ],
    ),
    Transcript(
        RIGOL,
        "a piece with fewer samples than asked is no record",
        refused(BadResponse, "sent 5999 samples for points 1 to 6000 of channel 1"),
        [
            *set_up(ONE, "0.002", "AUTO", [":TRIG:EDG:SOUR CHAN1", ":TRIG:EDG:SLOP POS"], {1: "1"}, "2e-3"),
            (":SING", None),
            (":TRIG:STAT?", "TD"),
            (":TRIG:STAT?", "STOP"),
            *reading(1, SMALL.format("1.0e-01"), CODES, [])[:4],
            (":WAV:STAR 1", None),
            (":WAV:STOP 6000", None),
            (":WAV:DATA?", format_block(b"\x80" * 5999) + b"\n"),
        ],
    ),
    Transcript(
        RIGOL,
        "a preamble that is none",
        refused(BadResponse, "is no preamble of 10 numbers"),
        [
            *set_up(ONE, "0.002", "AUTO", [":TRIG:EDG:SOUR CHAN1", ":TRIG:EDG:SLOP POS"], {1: "1"}, "2e-3"),
            (":SING", None),
            (":TRIG:STAT?", "TD"),
            (":TRIG:STAT?", "STOP"),
            *reading(1, "0,2,6000", CODES, []),
        ],
    ),
    *[
        Transcript(RIGOL, f"out of range: {match}", refused(OutOfRange, match, **changes), [])
        for match, changes in [
            ("span_s must be above 0 and at most 600 s, not 601 s", {"span_s": 601.0}),
            ("span_s must be above 0", {"span_s": 0.0}),
            ("channels must be different numbers from 1 to 4, not .5.", {"channels": [ChannelSetup(5, 1.0)]}),
            ("channels must be different", {"channels": [SETUP, SETUP]}),
            ("channels must be different", {"channels": []}),
            ("scale_v must be from 0.001 to 10 V with this probe, not 11 V", {"channels": [ChannelSetup(1, 11.0)]}),
            ("scale_v must be from 0.01 to 100 V", {"channels": [ChannelSetup(1, 0.005, probe_ratio=10)]}),
            ("offset_v must be within ±2 V, not 3 V", {"channels": [ChannelSetup(1, 0.1, offset_v=3)]}),
            ("ratio must be one of 0.01, .* not 3", {"channels": [ChannelSetup(1, 1.0, probe_ratio=3)]}),
            ("memory depth must be one of 12000, .*, not 5000", {"points": 5000}),
            ("trigger channel 2 is not among", {"trigger": TriggerSetup(2, 0.0)}),
            ("trigger level must be from -3.5 to 6.5 V on this scale, not 9 V", {"trigger": TriggerSetup(1, 9.0)}),
        ]
    ],
]
