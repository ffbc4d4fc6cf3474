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


TRANSCRIPTS = [
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
