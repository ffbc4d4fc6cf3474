"""Quantities are parsed strictly, and YAML without its surprises."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.plans.source import SourceError, read_source
from edge_agent.plans.units import UnitError, parse_quantity
from protocols.quantity import Quantity


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("500 ms", 0.5, "s"),
        ("0.5 s", 0.5, "s"),
        ("300 mA", 0.3, "A"),
        ("4.75V", 4.75, "V"),
        ("-20 ppm", -20.0, "[ppm]"),
        ("20 MHz", 20e6, "Hz"),
        ("4.7 kΩ", 4700.0, "Ohm"),
        ("220 uF", 220e-6, "F"),
        ("220 µF", 220e-6, "F"),
        ("85 °C", 85.0, "Cel"),
        ("10 min", 600.0, "s"),
        ("5 %", 5.0, "%"),
        ("3", 3.0, "1"),
        ("1e-3 V", 1e-3, "V"),
    ],
)
def test_a_quantity_becomes_its_base_unit_exactly(text: str, value: float, unit: str) -> None:
    assert parse_quantity(text) == Quantity(value, unit)


@pytest.mark.parametrize("text", ["", "5 furlongs", "V", "5 mm", "1,5 V", "5 V V", "0x10 V", "5 m°C", "nan V", "∞ V"])
def test_what_is_no_quantity_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnitError, match=r"write|there are"):
        parse_quantity(text)


@given(st.text(max_size=80))
def test_no_text_gives_another_error(text: str) -> None:
    with contextlib.suppress(UnitError):
        parse_quantity(text)


def test_words_that_yaml_1_1_would_turn_into_something_else_stay_words() -> None:
    data = read_source(b"a: [on, yes, NO, 12:30, 0o7, 1e3, 2, null, true, '3']", "x").data
    assert data == {"a": ["on", "yes", "NO", "12:30", "0o7", 1000.0, 2, None, True, "3"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2\n", r"x\.yaml: line 2: the key 'a' is there twice"),
        ("a: &b 1\nc: *b\n", r"x\.yaml: line 1: anchors are not used here"),
        ("a: !!python/object:os.system 1\n", r"tag"),
        ("a: [1\nb: 2\n", r"x\.yaml: line 2: not valid YAML"),
        ("[" * 200, r"nested deeper"),
    ],
)
def test_what_yaml_does_not_need_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read_source(text.encode(), "x.yaml")


@given(st.binary(max_size=300))
def test_no_bytes_give_another_error(data: bytes) -> None:
    try:
        read_source(data, "x.yaml")
    except SourceError as error:
        assert str(error).startswith("x.yaml: ")
