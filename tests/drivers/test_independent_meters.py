"""Bench meters against what others wrote of them: QCoDeS' model of the 34465A, pymeasure's dialogues of the 34401A."""

import json
import re

import pytest
from captures import require_capture
from scripted_server import Exchange, SocketInstrument

from drivers.capabilities import MeterFunction, Multimeter
from drivers.errors import WrongIdentity
from drivers.registry import open_instrument, profiles
from drivers.scpi.multimeter import ScpiMultimeter
from drivers.scpi.multimeter_model import ScpiMultimeterProfile


def test_the_simulated_34465a_is_recognised_and_read_through_visa() -> None:
    library = f"{require_capture('scpi/qcodes/Keysight_34465A.yaml')}@sim"
    meter = open_instrument("keysight-34465a", "GPIB::1::INSTR", visa_library=library)
    assert isinstance(meter, ScpiMultimeter)
    assert meter.identify() == "Keysight, 34465A, 1000, A.02.16-02.40-02.16-00.51-03-01"
    meter.link.stream.drain()  # the model answers commands that it does not know with a line
    assert meter.link.ask_number("read") == 10.0
    meter.close()


@pytest.mark.parametrize("name", ["keysight-34401a", "rigol-dm3058", "siglent-sdm3045x"])
def test_other_profiles_do_not_take_it_for_theirs(name: str) -> None:
    library = f"{require_capture('scpi/qcodes/Keysight_34465A.yaml')}@sim"
    with pytest.raises(WrongIdentity, match="answers 'Keysight, 34465A"):
        open_instrument(name, "GPIB::1::INSTR", visa_library=library)


def dialogues() -> list[tuple[str, str | None]]:
    entries = json.loads(require_capture("scpi/pymeasure_dialogues_dev.json").read_text())
    return [(pair[0], pair[1]) for entry in entries if entry["driver"].endswith("HP34401A") for pair in entry["pairs"]]


def header(message: str) -> str:
    """A header without the parts that SCPI lets one leave out."""
    return re.sub(r":DC\b", "", message.split(" ", maxsplit=1)[0])


def test_the_34401a_is_asked_what_pymeasure_asks() -> None:
    said = {header(question) for question, _ in dialogues()}
    words = {answer for question, answer in dialogues() if question == "FUNC?"}
    profile = profiles()["keysight-34401a"]
    assert isinstance(profile, ScpiMultimeterProfile)
    assert profile.commands["read"].send in said
    assert header(profile.commands["range_dc_voltage"].send) in said
    for function, model in profile.functions.items():
        word = header(profile.commands[model.select].send).removeprefix("CONF:")
        assert word in words, function
        if model.range_query is not None:  # the range belongs to the function that pymeasure names
            assert header(profile.commands[model.range_query].send) == f"{word}:RANG?"


def test_the_answers_that_pymeasure_expects_are_understood() -> None:
    answers = {question: answer for question, answer in dialogues() if answer is not None}
    script: list[Exchange] = [
        ("*IDN?", "HEWLETT-PACKARD,34401A,0,11-5-2"),
        ("*CLS", None),
        ("CONF:VOLT:DC DEF", None),
        ("SYST:ERR?", '+0,"No error"'),
        ("READ?", answers["READ?"]),
        ("VOLT:DC:RANG?", answers["VOLT:RANG?"]),
    ]
    with SocketInstrument(script) as server:
        meter = open_instrument("keysight-34401a", server.address)
        assert isinstance(meter, Multimeter)
        reading = meter.read(MeterFunction.DC_VOLTAGE)
        assert (reading.quantity.value, reading.range_value) == (1.0, 1.0)
        meter.close()
        server.finish()
