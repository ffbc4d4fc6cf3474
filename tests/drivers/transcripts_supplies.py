"""Transcripts of the SCPI power supplies and the electronic load."""

import math
from typing import Any

import pytest
from scripted_server import Exchange
from transcripts import Transcript

from drivers.capabilities import LoadMode, SupplyReading
from drivers.errors import BadResponse, InstrumentRefused, OutOfRange

DP832 = "rigol-dp832"
SPD = "siglent-spd3303x"
SDL = "siglent-sdl1020x"
NO_ERROR: Exchange = (":SYST:ERR?", '0,"No error"')
ROOT3 = math.sqrt(3)
INDEPENDENT: Exchange = ("SYST:STAT?", "0x4")


def refused(error: type[Exception], match: str, method: str, *arguments: Any, **named: Any) -> Any:
    def action(instrument: Any) -> None:
        with pytest.raises(error, match=match):
            getattr(instrument, method)(*arguments, **named)

    return action


def configures(channel: int, voltage_v: float, current_limit_a: float) -> Any:
    return lambda supply: supply.configure(channel, voltage_v=voltage_v, current_limit_a=current_limit_a)


def reads(channel: int, **expected: Any) -> Any:
    def action(supply: Any) -> None:
        reading: SupplyReading = supply.read(channel)
        assert (reading.voltage.value, reading.voltage.unit) == (expected["voltage"], "V")
        assert (reading.current.value, reading.current.unit) == (expected["current"], "A")
        assert reading.voltage.standard_uncertainty == expected["u_voltage"]
        assert reading.current.standard_uncertainty == expected["u_current"]
        assert reading.output_on is expected["on"]
        assert reading.current_limited is expected["limited"]

    return action


def measured(channel: int, volts: str, amperes: str, state: str, regulation: str) -> list[Exchange]:
    return [
        (f":MEAS:VOLT? CH{channel}", volts),
        (f":MEAS:CURR? CH{channel}", amperes),
        (f":OUTP? CH{channel}", state),
        (f":OUTP:MODE? CH{channel}", regulation),
    ]


def reads_load(load: Any) -> None:
    reading = load.read()
    assert (reading.voltage.value, reading.current.value, reading.power.value) == (5.012, 1.5, 7.518)
    assert (reading.voltage.unit, reading.current.unit, reading.power.unit) == ("V", "A", "W")
    assert reading.input_on
    assert load.modes() == frozenset(LoadMode)


def load_set_up(word: str, level: str, before: str, told: str) -> list[Exchange]:
    """The messages of a change of the mode: the input goes off before anything else changes."""
    return [
        (":SOUR:FUNC?", before),
        (":SOUR:INP OFF", None),
        (":SOUR:INP?", "0"),
        (f":SOUR:{word}:IRANG 30", None),
        (f":SOUR:{word}:VRANG 150", None),
        (f":SOUR:{word}:LEV {level}", None),
        (f":SOUR:FUNC {word}", None),
        (":SOUR:FUNC?", told),
        (f":SOUR:{word}:LEV?", level),
    ]


SAME_MODE: list[Exchange] = [
    (":SOUR:FUNC?", "CURRENT"),
    (":SOUR:CURR:IRANG 30", None),
    (":SOUR:CURR:VRANG 150", None),
    (":SOUR:CURR:LEV 2.000", None),
]

SUPPLIES = [
    Transcript(
        DP832,
        "current limit first, then voltage, both read back",
        configures(1, 5.0, 1.5),
        [
            (":SOUR1:CURR 1.500", None),
            (":SOUR1:VOLT 5.000", None),
            NO_ERROR,
            (":SOUR1:VOLT?", "5.000"),
            (":SOUR1:CURR?", "1.500"),
        ],
    ),
    Transcript(
        DP832,
        "a reading with the limits of error of the maker",
        reads(
            2, voltage=5.002, current=0.5, on=True, limited=False,
            u_voltage=pytest.approx((5.002 * 5e-4 + 0.01) / ROOT3),
            u_current=pytest.approx((0.5 * 1.5e-3 + 5e-3) / ROOT3),
        ),
        measured(2, "5.0020", "0.5000", "ON", "CV"),
    ),
    Transcript(
        DP832,
        "constant current shows as limited; a channel without a known limit of error has no uncertainty",
        reads(
            3, voltage=2.1, current=0.1, on=True, limited=True, u_voltage=None,
            u_current=pytest.approx((0.1 * 1.5e-3 + 5e-3) / ROOT3),
        ),
        measured(3, "2.1000", "0.1000", "ON", "CC"),
    ),
    Transcript(
        DP832,
        "an output that is off limits nothing",
        reads(
            1, voltage=0.0, current=0.0, on=False, limited=False, u_voltage=pytest.approx(0.01 / ROOT3),
            u_current=pytest.approx(0.005 / ROOT3),
        ),
        measured(1, "0.0000", "0.0000", "OFF", "UR"),
    ),
    Transcript(
        DP832,
        "the output goes on and off, and is looked at",
        lambda supply: (supply.output(1, True), supply.output(1, False)),
        [
            (":OUTP CH1,ON", None), NO_ERROR, (":OUTP? CH1", "ON"), (":OUTP:MODE? CH1", "CV"),
            (":OUTP CH1,OFF", None), NO_ERROR, (":OUTP? CH1", "OFF"), (":OUTP:MODE? CH1", "UR"),
        ],
    ),
    Transcript(
        DP832,
        "an output that a protection switched off again is told",
        refused(InstrumentRefused, "left output 3 off; check the load", "output", 3, True),
        [(":OUTP CH3,ON", None), NO_ERROR, (":OUTP? CH3", "OFF"), (":OUTP:MODE? CH3", "UR")],
    ),
    Transcript(
        DP832,
        "safe state: all three outputs off, first of all",
        lambda supply: supply.safe_state(),
        [
            (":OUTP CH1,OFF", None), (":OUTP CH2,OFF", None), (":OUTP CH3,OFF", None),
            ("*IDN?", "RIGOL TECHNOLOGIES,DP832,DP8C1,00.01.14"),
        ],
    ),
    Transcript(
        DP832,
        "a setting that it limited is found out",
        refused(
            InstrumentRefused, "took 24 V on channel 1 instead of 30 V", "configure", 1, voltage_v=30.0,
            current_limit_a=1.0,
        ),
        [
            (":SOUR1:CURR 1.000", None), (":SOUR1:VOLT 30.000", None), NO_ERROR, (":SOUR1:VOLT?", "24.000"),
        ],
    ),
    Transcript(
        DP832,
        "an error in its queue is told",
        refused(
            InstrumentRefused, '-222,"Data out of range"', "configure", 1, voltage_v=30.0, current_limit_a=1.0,
        ),
        [
            (":SOUR1:CURR 1.000", None), (":SOUR1:VOLT 30.000", None),
            (":SYST:ERR?", '-222,"Data out of range"'), NO_ERROR,
        ],
    ),
    *[
        Transcript(
            DP832,
            f"out of range: {match}",
            refused(
                OutOfRange, match, "configure",
                *values[:1], voltage_v=values[1], current_limit_a=values[2],
            ),
            [],
        )
        for match, values in [
            ("voltage_v must be from 0 to 5.3 V, not 6 V", (3, 6.0, 1.0)),
            ("voltage_v must be from 0 to 32 V, not -1 V", (1, -1.0, 1.0)),
            ("voltage_v must be from 0 to 32 V, not nan V", (1, math.nan, 1.0)),
            ("voltage_v must be a multiple of 0.01 V", (1, 3.305, 1.0)),
            ("current_limit_a must be from 0 to 3.2 A", (2, 5.0, 3.3)),
            ("channel must be from 1 to 3, not 4", (4, 5.0, 1.0)),
            ("channel must be from 1 to 3, not 0", (0, 5.0, 1.0)),
        ]
    ],
    Transcript(
        SPD,
        "set while the channels are independent, and read back",
        configures(2, 3.3, 0.5),
        [
            INDEPENDENT,
            ("CH2:CURR 0.500", None), ("CH2:VOLT 3.300", None), ("CH2:VOLT?", "3.300"), ("CH2:CURR?", "0.500"),
        ],
    ),
    Transcript(
        SPD,
        "in series mode it would set something else",
        refused(
            InstrumentRefused, "connected in series or parallel; set them independent", "configure", 1,
            voltage_v=5.0, current_limit_a=1.0,
        ),
        [("SYST:STAT?", "0xC")],
    ),
    Transcript(
        SPD,
        "channel 1 on in constant voltage, channel 2 in constant current",
        lambda supply: (
            reads(1, voltage=5.001, current=0.25, on=True, limited=False, u_voltage=None, u_current=None)(supply),
            reads(2, voltage=1.2, current=0.5, on=True, limited=True, u_voltage=None, u_current=None)(supply),
        ),
        [
            ("MEAS:VOLT? CH1", "5.001"), ("MEAS:CURR? CH1", "0.250"), ("SYST:STAT?", "0x36"),
            ("MEAS:VOLT? CH2", "1.200"), ("MEAS:CURR? CH2", "0.500"), ("SYST:STAT?", "0x36"),
        ],
    ),
    Transcript(
        SPD,
        "the outputs are switched; that of channel 3 cannot be asked",
        lambda supply: (supply.output(1, True), supply.output(3, True)),
        [("OUTP CH1,ON", None), ("SYST:STAT?", "0x14"), ("OUTP CH3,ON", None)],
    ),
    Transcript(
        SPD,
        "an output that stays off is told",
        refused(InstrumentRefused, "left output 2 off", "output", 2, True),
        [("OUTP CH2,ON", None), ("SYST:STAT?", "0x14")],
    ),
    Transcript(
        SPD,
        "a status that is no number",
        refused(BadResponse, "'OK' is no status word", "output", 1, True),
        [("OUTP CH1,ON", None), ("SYST:STAT?", "OK")],
    ),
    Transcript(
        SPD,
        "the fixed channel can be neither set nor read",
        lambda supply: (
            refused(
                OutOfRange, "channel 3 has a fixed voltage", "configure", 3, voltage_v=3.3, current_limit_a=1.0
            )(supply),
            refused(OutOfRange, "channel 3 has a fixed voltage", "read", 3)(supply),
        ),
        [],
    ),
    Transcript(
        SPD,
        "safe state",
        lambda supply: supply.safe_state(),
        [
            ("OUTP CH1,OFF", None), ("OUTP CH2,OFF", None), ("OUTP CH3,OFF", None),
            ("*IDN?", "Siglent Technologies,SPD3303X-E,SPD3X1,1.01.01.02.05,V3.0"),
        ],
    ),
]  # fmt: skip

LOADS = [
    *[
        Transcript(
            SDL,
            str(mode),
            lambda load, mode=mode, level=level: load.configure(mode, level),
            load_set_up(word, f"{level:.3f}", before, told),
        )
        for mode, level, word, told, before in [
            (LoadMode.CONSTANT_CURRENT, 1.5, "CURR", "CURRENT", "VOLTAGE"),
            (LoadMode.CONSTANT_VOLTAGE, 12.0, "VOLT", "VOLTAGE", "CURRENT"),
            (LoadMode.CONSTANT_RESISTANCE, 4.7, "RES", "RESISTANCE", "LED"),
            (LoadMode.CONSTANT_POWER, 20.0, "POW", "POWER", "CURRENT"),
        ]
    ],
    Transcript(
        SDL,
        "another level of the same mode leaves the input as it is",
        lambda load: load.configure(LoadMode.CONSTANT_CURRENT, 2.0),
        [*SAME_MODE, (":SOUR:CURR:LEV?", "2.000")],
    ),
    Transcript(
        SDL,
        "a level that it limited is found out",
        refused(InstrumentRefused, "took 1 A instead of 2 A", "configure", LoadMode.CONSTANT_CURRENT, 2.0),
        [*SAME_MODE, (":SOUR:CURR:LEV?", "1.000")],
    ),
    Transcript(
        SDL,
        "a mode that it does not take is found out",
        refused(InstrumentRefused, "did not change to constant_power", "configure", LoadMode.CONSTANT_POWER, 20.0),
        [*load_set_up("POW", "20.000", "CURRENT", "CURRENT")[:-1]],
    ),
    Transcript(
        SDL,
        "the input goes on and off",
        lambda load: (load.input(True), load.input(False)),
        [(":SOUR:INP ON", None), (":SOUR:INP?", "1"), (":SOUR:INP OFF", None), (":SOUR:INP?", "0")],
    ),
    Transcript(
        SDL,
        "an input that a protection keeps off is told",
        refused(InstrumentRefused, "left its input off; look whether", "input", True),
        [(":SOUR:INP ON", None), (":SOUR:INP?", "0")],
    ),
    Transcript(
        SDL,
        "a reading",
        reads_load,
        [(":MEAS:VOLT?", "5.012"), (":MEAS:CURR?", "1.500"), (":MEAS:POW?", "7.518"), (":SOUR:INP?", "1")],
    ),
    Transcript(
        SDL,
        "safe state: the input off, first of all",
        lambda load: load.safe_state(),
        [(":SOUR:INP OFF", None), ("*IDN?", "Siglent Technologies,SDL1020X-E,SDL1,1.1")],
    ),
    *[
        Transcript(SDL, f"out of range: {match}", refused(OutOfRange, match, "configure", mode, level), [])
        for match, mode, level in [
            ("must be from 0 to 30 A, not 31 A", LoadMode.CONSTANT_CURRENT, 31.0),
            ("must be from 0 to 150 V, not -1 V", LoadMode.CONSTANT_VOLTAGE, -1.0),
            ("must be from 0.03 to 10000 Ohm, not 0 Ohm", LoadMode.CONSTANT_RESISTANCE, 0.0),
            ("must be from 0 to 200 W, not 300 W", LoadMode.CONSTANT_POWER, 300.0),
            ("must be a multiple of 0.001 A", LoadMode.CONSTANT_CURRENT, 0.00015),
        ]
    ],
]  # fmt: skip

TRANSCRIPTS = [*SUPPLIES, *LOADS]
