"""Values as people read them."""

import pytest

from protocols.quantity import format_measured, format_value, unit_symbol


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.0198e-5, "F", "10.198 µF"),
        (0.6289, "V", "628.9 mV"),
        (-0.0511, "V", "-51.1 mV"),
        (24.59, "Cel", "24.59 °C"),
        (0.0, "V", "0 V"),
        (7_999_500.0, "Hz", "7.9995 MHz"),
        (999.9999, "Ohm", "1 kΩ"),
        (49.9, "%", "49.9 %"),
        (21, "1", "21"),
        (1e-15, "A", "0.001 pA"),
        (float("nan"), "V", "nan V"),
    ],
)
def test_values_are_read_with_prefix_and_symbol(value, unit, text):
    assert format_value(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "expanded", "text"),
    [
        (0.048489, "V", 0.00091, "48.49 ± 0.91 mV"),
        (3.29751, "V", 0.00027, "3.29751 ± 0.00027 V"),
        (21.361, "[ppm]", 29.0, "21 ± 29 ppm"),
        (8_000_170.9, "Hz", 230.0, "8.00017 ± 0.00023 MHz"),
        (0.0, "V", 0.012, "0 ± 12 mV"),
        (1.5, "V", None, "1.5 V"),
        (1.5, "V", float("inf"), "1.5 V"),
        (0.067, "A", 0.058, "67 ± 58 mA"),
    ],
)
def test_a_measured_value_has_the_digits_that_its_uncertainty_allows(value, unit, expanded, text):
    assert format_measured(value, unit, expanded) == text


def test_unknown_units_are_their_own_symbol():
    assert unit_symbol("Bd") == "Bd"


def test_zero_has_no_sign():
    """A reading a hair below zero does not make the display jump between ``0.0`` and ``-0.0``."""
    assert format_measured(-0.00001, "V", 0.001) == "0.0 ± 1.0 mV"
    assert format_value(-0.0, "V") == "0 V"
