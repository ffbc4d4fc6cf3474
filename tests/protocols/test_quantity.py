"""Values as people read them."""

import pytest

from protocols.quantity import format_value, unit_symbol


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


def test_unknown_units_are_their_own_symbol():
    assert unit_symbol("Bd") == "Bd"
