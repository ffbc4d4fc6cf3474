"""Units, and the step of a converter."""

import numpy as np
import pytest

from protocols.captures.columns import Unit, parse_unit
from protocols.captures.quantisation import quantisation_step


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("Volt", Unit("V")),
        ("mV", Unit("V", 1e-3)),
        ("(us)", Unit("s", 1e-6)),
        ("kOhm", Unit("Ohm", 1e3)),
        ("°C", Unit("Cel")),
        ("second", Unit("s")),
        ("CH1", None),
        ("", None),
        ("1", Unit("1")),
    ],
)
def test_units(text: str, unit: Unit | None) -> None:
    assert parse_unit(text) == unit


def test_the_step_of_a_converter_shows_in_its_samples() -> None:
    rng = np.random.default_rng(3)
    assert quantisation_step(rng.integers(0, 200, 5000) * 0.04) == pytest.approx(0.04)
    assert quantisation_step(rng.normal(size=10_000)) is None
    assert quantisation_step(np.ones(50)) is None
    assert quantisation_step(np.array([], np.float64)) is None
