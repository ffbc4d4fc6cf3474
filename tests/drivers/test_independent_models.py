"""Drivers against models of instruments that others wrote: pyvisa-sim's (from QCoDeS) and pymeasure's dialogues."""

import json
import re
from pathlib import Path

import pytest
from captures import require_capture
from scripted_server import Exchange, SocketInstrument

from drivers.capabilities import SignalGenerator, Wave
from drivers.errors import WrongIdentity
from drivers.registry import SHIPPED_PROFILES, open_instrument, profiles
from drivers.scpi.generator_model import ScpiGeneratorProfile
from drivers.scpi.link import ScpiLink
from drivers.scpi.multimeter import ScpiMultimeter

DG_IDENTITY: list[Exchange] = [("*IDN?", "Rigol Technologies,DG812,DG8A1,00.02"), ("*CLS", None)]


def test_a_simulated_relative_of_the_meter_is_recognised_through_visa() -> None:
    library = f"{require_capture('scpi/qcodes/Keysight_34465A.yaml')}@sim"
    meter = open_instrument("keysight-34461a", "GPIB::1::INSTR", visa_library=library)
    assert meter.identify() == "Keysight, 34465A, 1000, A.02.16-02.40-02.16-00.51-03-01"
    meter.close()


def test_a_profile_of_a_fleet_admin_recognises_the_simulated_scope_through_visa(tmp_path: Path) -> None:
    library = f"{require_capture('scpi/qcodes/Rigol_DS1074Z.yaml')}@sim"
    with pytest.raises(WrongIdentity, match="answers 'QCoDeS, DS1074Z"):
        open_instrument("rigol-ds1054z", "GPIB::1::INSTR", visa_library=library)
    shipped = (SHIPPED_PROFILES / "rigol-ds1054z.yaml").read_text()
    own = shipped.replace("name: rigol-ds1054z", "name: our-scope").replace(
        "(?i:RIGOL TECHNOLOGIES)", "(RIGOL.*|QCoDeS)"
    )
    (tmp_path / "our-scope.yaml").write_text(own)
    scope = open_instrument("our-scope", "GPIB::1::INSTR", visa_library=library, profile_folder=tmp_path)
    assert "DS1074Z" in scope.identify()
    scope.close()


def test_the_simulated_meter_is_read_through_visa() -> None:
    library = f"{require_capture('scpi/qcodes/Keysight_34465A.yaml')}@sim"
    meter = open_instrument("keysight-34461a", "GPIB::1::INSTR", visa_library=library)
    assert isinstance(meter, ScpiMultimeter)
    link: ScpiLink = meter.link
    link.stream.drain()  # the model answers commands that it does not know with a line
    assert link.ask_number("read") == 10.0
    meter.close()


def test_another_simulated_instrument_is_refused_through_visa() -> None:
    library = f"{require_capture('scpi/qcodes/Keysight_33xxx.yaml')}@sim"
    with pytest.raises(
        WrongIdentity, match="'QCoDeS, 33522B, 1, 0.1', which is not a Keysight 34461A".replace(".", r"\.")
    ):
        open_instrument("keysight-34461a", "GPIB::1::INSTR", visa_library=library)


def dialogues(driver: str) -> list[tuple[str, str | None]]:
    entries = json.loads(require_capture("scpi/pymeasure_dialogues_dev.json").read_text())
    return [(pair[0], pair[1]) for entry in entries if entry["driver"].endswith(driver) for pair in entry["pairs"]]


@pytest.mark.parametrize(
    ("wave", "frequency", "amplitude", "offset"),
    [
        (Wave.SINE, 500.0, 1.0, 0.0),
        (Wave.SQUARE, 500.0, 1.0, 0.0),
        (Wave.RAMP, 500.0, 1.0, 0.0),
        (Wave.PULSE, 50.0, 1.0, 0.0),
        (Wave.NOISE, 1.0, 2.0, 0.0),
        (Wave.DC, 1.0, 0.0, 1.0),
    ],
)
def test_the_generator_says_what_pymeasure_says(wave: Wave, frequency: float, amplitude: float, offset: float) -> None:
    said = {question for question, _ in dialogues("DG800")}
    answers = [answer for question, answer in dialogues("DG800") if question == ":SOUR1:APPL?" and answer]
    profile = profiles()["rigol-dg812"]
    assert isinstance(profile, ScpiGeneratorProfile)
    word = {"pulse": "PULSE", "noise": "NOISE", "square": "SQU", "sine": "SIN", "ramp": "RAMP", "dc": "DC"}[wave]
    answer = next(one for one in answers if one.startswith(f'"{word},'))
    command = profile.commands[profile.waves[wave].apply]
    given = {"channel": 1, "frequency_hz": frequency, "amplitude_vpp": amplitude, "offset_v": offset}
    message = command.render(**{name: given[name] for name in command.arguments})
    assert message in said
    script: list[Exchange] = [
        *DG_IDENTITY,
        (":OUTP1:LOAD?", "9.900000E+37"),
        (message, None),
        (":SYST:ERR?", '0,"No error"'),
        (":SOUR1:APPL?", answer.strip()),
    ]
    with SocketInstrument(script) as server:
        generator = open_instrument("rigol-dg812", server.address)
        assert isinstance(generator, SignalGenerator)
        generator.configure(1, wave, frequency_hz=frequency, amplitude_vpp=amplitude, offset_v=offset)
        generator.close()
        server.finish()


def test_the_generators_other_questions_are_pymeasures_too() -> None:
    said = {question for question, _ in dialogues("DG800")}
    profile = profiles()["rigol-dg812"]
    assert isinstance(profile, ScpiGeneratorProfile)
    for name, values in (
        ("output", {"channel": 1, "on": True}),
        ("output", {"channel": 1, "on": False}),
        ("ask_output", {"channel": 1}),
        ("ask_load", {"channel": 1}),
        ("ask_settings", {"channel": 1}),
    ):
        assert profile.commands[name].render(**values) in said
    loads = [answer for question, answer in dialogues("DG800") if question == ":OUTP1:LOAD?" and answer]
    assert len(loads) == 2
    assert all(re.search(profile.load, answer) for answer in loads)
