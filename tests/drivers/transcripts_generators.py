"""Transcripts of the signal generators. The DG800's spelling is that of pymeasure's own driver tests."""

from typing import Any

import pytest
from scripted_server import Exchange
from transcripts import Transcript

from drivers.capabilities import Wave
from drivers.errors import InstrumentRefused, OutOfRange

DG = "rigol-dg812"
SDG = "siglent-sdg1032x"
NO_ERROR: Exchange = (":SYST:ERR?", '0,"No error"')
HIGH_Z: Exchange = (":OUTP1:LOAD?", "9.900000E+37")


def configures(wave: Wave, channel: int = 1, **levels: float) -> Any:
    values = {"frequency_hz": 500.0, "amplitude_vpp": 1.0, **levels}
    return lambda generator: generator.configure(channel, wave, **values)


def refused(error: type[Exception], match: str, wave: Wave = Wave.SINE, channel: int = 1, **levels: float) -> Any:
    def action(generator: Any) -> None:
        with pytest.raises(error, match=match):
            configures(wave, channel, **levels)(generator)

    return action


def switch(channel: int, on: bool, error: str | None = None) -> Any:
    def action(generator: Any) -> None:
        if error is None:
            generator.output(channel, on)
        else:
            with pytest.raises(InstrumentRefused, match=error):
                generator.output(channel, on)

    return action


def settings(word: str, frequency: str = "5.000000E+02", amplitude: str = "1.000000E+00") -> Exchange:
    return (":SOUR1:APPL?", f'"{word},{frequency},{amplitude},0.000000E+00,0.000000E+00"')


DGZ = "rigol-dg1032z"
KEYSIGHT = "keysight-33522b"
NONE: Exchange = (":SYST:ERR?", '+0,"No error"')
OPEN: Exchange = (":OUTP1:LOAD?", "+9.90000000E+37")


def trueform(word: str, extra: str = "", hertz: str = "500", volts: str = "1", offset: str = "0") -> str:
    """The message that sets one shape of the Keysight, from a state that nothing before can refuse."""
    begin = f":SOUR1:FREQ 1000;:SOUR1:VOLT:OFFS 0;:SOUR1:VOLT:UNIT VPP;:SOUR1:FUNC {word};{extra}"
    return f"{begin}:SOUR1:FREQ {hertz};:SOUR1:VOLT {volts};:SOUR1:VOLT:OFFS {offset}"


def told(word: str, frequency: float, amplitude: float, offset: float) -> Exchange:
    return (":SOUR1:APPL?", f'"{word} {frequency:+.13E},{amplitude:+.13E},{offset:+.13E}"')


KEYSIGHT_TRANSCRIPTS = [
    *[
        Transcript(KEYSIGHT, str(wave), configures(wave), [OPEN, (message, None), NONE, told(word, 500, 1, 0)])
        for wave, word, message in [
            (Wave.SINE, "SIN", trueform("SIN")),
            (Wave.SQUARE, "SQU", trueform("SQU")),
            (Wave.RAMP, "RAMP", trueform("RAMP")),
            (Wave.PULSE, "PULS", trueform("PULS", ":SOUR1:FUNC:PULS:HOLD DCYC;:SOUR1:FUNC:PULS:DCYC 50;")),
        ]
    ],
    Transcript(
        KEYSIGHT,
        "noise",
        configures(Wave.NOISE, amplitude_vpp=2.0),
        [
            OPEN,
            (":SOUR1:VOLT:OFFS 0;:SOUR1:VOLT:UNIT VPP;:SOUR1:FUNC NOIS;:SOUR1:VOLT 2;:SOUR1:VOLT:OFFS 0", None),
            NONE,
            told("NOIS", 1000, 2, 0),
        ],
    ),
    Transcript(
        KEYSIGHT,
        "DC",
        configures(Wave.DC, offset_v=-2.5),
        [OPEN, (":SOUR1:FUNC DC;:SOUR1:VOLT:OFFS -2.5", None), NONE, told("DC", 1000, 0.1, -2.5)],
    ),
    Transcript(
        KEYSIGHT,
        "an error in its queue is told",
        refused(InstrumentRefused, '-221,"Settings conflict"'),
        [OPEN, (trueform("SIN"), None), (":SYST:ERR?", '-221,"Settings conflict"'), NONE],
    ),
    Transcript(
        KEYSIGHT,
        "into 50 Ω only half the voltage is there",
        refused(OutOfRange, "from 0.001 to 10 V into 50 Ω, not 12 V", amplitude_vpp=12.0),
        [(":OUTP1:LOAD?", "+5.00000000E+01")],
    ),
    Transcript(
        KEYSIGHT,
        "outputs tell 1 and 0",
        lambda generator: (generator.output(2, True), generator.output(2, False)),
        [(":OUTP2 ON", None), NONE, (":OUTP2?", "1"), (":OUTP2 OFF", None), NONE, (":OUTP2?", "0")],
    ),
    Transcript(
        KEYSIGHT,
        "safe state",
        lambda generator: generator.safe_state(),
        [(":OUTP1 OFF", None), (":OUTP2 OFF", None), ("*IDN?", "Agilent Technologies,33522A,MY5,2.0")],
    ),
    Transcript(KEYSIGHT, "too fast", refused(OutOfRange, "of a ramp .* to 200000 Hz", Wave.RAMP, frequency_hz=1e6), []),
]

DGZ_TRANSCRIPTS = [
    *[
        Transcript(
            DGZ,
            str(wave),
            configures(wave),
            [HIGH_Z, (f":SOUR1:APPL:{word} 500.000000,1.000000,0.000000,0.000000", None), NO_ERROR, settings(word)],
        )
        for wave, word in [(Wave.SINE, "SIN"), (Wave.SQUARE, "SQU"), (Wave.RAMP, "RAMP"), (Wave.PULSE, "PULS")]
    ],
    Transcript(
        DGZ,
        "noise and DC",
        lambda generator: (
            configures(Wave.NOISE, amplitude_vpp=2.0)(generator),
            configures(Wave.DC, offset_v=1.0)(generator),
        ),
        [
            HIGH_Z,
            (":SOUR1:APPL:NOIS 2.000000,0.000000", None),
            NO_ERROR,
            (":SOUR1:APPL?", '"NOISE,DEF,2.000000E+00,0.000000E+00"'),
            HIGH_Z,
            (":SOUR1:APPL:DC 1,1,1.000000", None),
            NO_ERROR,
            (":SOUR1:APPL?", '"DC,DEF,DEF,1.000000E+00"'),
        ],
    ),
    Transcript(
        DGZ,
        "output and safe state",
        lambda generator: (generator.output(1, True), generator.safe_state()),
        [
            (":OUTP1 ON", None),
            NO_ERROR,
            (":OUTP1?", "ON"),
            (":OUTP1 OFF", None),
            (":OUTP2 OFF", None),
            ("*IDN?", "Rigol Technologies,DG1062Z,DG1ZA1,03.01.12"),
        ],
    ),
    Transcript(
        DGZ,
        "above 10 MHz it gives half",
        refused(OutOfRange, "to 5 V into 50 Ω, not 6 V", frequency_hz=2e7, amplitude_vpp=6.0),
        [(":OUTP1:LOAD?", "5.000000E+01")],
    ),
]

TRANSCRIPTS = [
    *KEYSIGHT_TRANSCRIPTS,
    *DGZ_TRANSCRIPTS,
    *[
        Transcript(
            DG,
            str(wave),
            configures(wave),
            [
                HIGH_Z,
                (f":SOUR1:APPL:{word} 500.000000,1.000000,0.000000,0.000000", None),
                NO_ERROR,
                settings(told),
            ],
        )
        for wave, word, told in [
            (Wave.SINE, "SIN", "SIN"),
            (Wave.SQUARE, "SQU", "SQU"),
            (Wave.RAMP, "RAMP", "RAMP"),
            (Wave.PULSE, "PULS", "PULSE"),
        ]
    ],
    Transcript(
        DG,
        "noise has no frequency",
        configures(Wave.NOISE, amplitude_vpp=2.0),
        [
            HIGH_Z,
            (":SOUR1:APPL:NOIS 2.000000,0.000000", None),
            NO_ERROR,
            (":SOUR1:APPL?", '"NOISE,DEF,2.000000E+00,0.000000E+00,DEF"'),
        ],
    ),
    Transcript(
        DG,
        "DC is an offset alone",
        configures(Wave.DC, offset_v=1.0),
        [
            HIGH_Z,
            (":SOUR1:APPL:DC 1,1,1.000000", None),
            NO_ERROR,
            (":SOUR1:APPL?", '"DC,DEF,DEF,1.000000E+00"'),
        ],
    ),
    Transcript(
        DG,
        "the output goes on and off, and is looked at",
        lambda generator: (generator.output(1, True), generator.output(1, False)),
        [(":OUTP1 ON", None), NO_ERROR, (":OUTP1?", "ON"), (":OUTP1 OFF", None), NO_ERROR, (":OUTP1?", "OFF")],
    ),
    Transcript(
        DG,
        "an output that stays off (overload protection) is told",
        switch(2, True, "left output 2 off; look at its display"),
        [(":OUTP2 ON", None), NO_ERROR, (":OUTP2?", "OFF")],
    ),
    Transcript(
        DG,
        "safe state: both outputs off, first of all",
        lambda generator: generator.safe_state(),
        [(":OUTP1 OFF", None), (":OUTP2 OFF", None), ("*IDN?", "Rigol Technologies,DG812,DG8A224704187,00.02.06")],
    ),
    Transcript(
        DG,
        "what it limited is found out",
        refused(InstrumentRefused, "took 0.5 as amplitude_vpp of channel 1 instead of 1"),
        [
            HIGH_Z,
            (":SOUR1:APPL:SIN 500.000000,1.000000,0.000000,0.000000", None),
            NO_ERROR,
            settings("SIN", amplitude="5.000000E-01"),
        ],
    ),
    Transcript(
        DG,
        "into 50 Ω only half the voltage is there",
        refused(OutOfRange, "from 0.001 to 10 V into 50 Ω, not 12 V", amplitude_vpp=12.0),
        [(":OUTP1:LOAD?", "5.000000E+01")],
    ),
    Transcript(DG, "too fast", refused(OutOfRange, r"of a ramp .* to 200000 Hz", Wave.RAMP, frequency_hz=1e6), []),
    Transcript(DG, "too high for any load", refused(OutOfRange, "to 20 V into an open", amplitude_vpp=21.0), []),
    Transcript(DG, "offset too high", refused(OutOfRange, "must be at most 10 V", offset_v=9.8), []),
    Transcript(DG, "no such channel", refused(OutOfRange, "channel must be from 1 to 2", channel=3), []),
    *[
        Transcript(
            SDG,
            str(wave),
            configures(wave, frequency_hz=1000.0, amplitude_vpp=4.0),
            [
                ("C1:OUTP?", "C1:OUTP OFF,LOAD,HZ,PLRT,NOR"),
                (f"C1:BSWV WVTP,{word},FRQ,1000,AMP,4,OFST,0", None),
                ("C1:BSWV?", f"C1:BSWV WVTP,{word},FRQ,1000HZ,PERI,0.001S,AMP,4V,AMPVRMS,1.4Vrms,OFST,0V,HLEV,2V"),
            ],
        )
        for wave, word in [(Wave.SINE, "SINE"), (Wave.SQUARE, "SQUARE"), (Wave.RAMP, "RAMP"), (Wave.PULSE, "PULSE")]
    ],
    Transcript(
        SDG,
        "DC",
        configures(Wave.DC, channel=2, offset_v=-1.25),
        [
            ("C2:OUTP?", "C2:OUTP OFF,LOAD,50,PLRT,NOR"),
            ("C2:BSWV WVTP,DC,OFST,-1.25", None),
            ("C2:BSWV?", "C2:BSWV WVTP,DC,OFST,-1.25V"),
        ],
    ),
    Transcript(
        SDG,
        "above 10 MHz it gives half",
        refused(OutOfRange, "to 5 V into 50 Ω, not 6 V", frequency_hz=2e7, amplitude_vpp=6.0),
        [("C1:OUTP?", "C1:OUTP OFF,LOAD,50,PLRT,NOR")],
    ),
    Transcript(SDG, "no noise by amplitude", refused(OutOfRange, "has no noise; it has sine", Wave.NOISE), []),
    Transcript(
        SDG,
        "output on",
        switch(1, True),
        [("C1:OUTP ON", None), ("C1:OUTP?", "C1:OUTP ON,LOAD,HZ,PLRT,NOR")],
    ),
    Transcript(
        SDG,
        "safe state",
        lambda generator: generator.safe_state(),
        [("C1:OUTP OFF", None), ("C2:OUTP OFF", None), ("*IDN?", "Siglent Technologies,SDG1032X,SDG1X,1.01")],
    ),
]  # fmt: skip
