"""Combination of uncertainties by GUM."""

import math

import pytest

from edge_agent.analysis.result import Accuracy, NoAnswer, combined, quantisation_uncertainty, uncertainty_of
from protocols.quantity import Quantity


def test_combination_is_the_root_sum_of_squares_and_unknown_stays_unknown() -> None:
    assert combined(3.0, 4.0) == 5.0
    assert combined(3.0, None) is None
    assert combined(3.0, math.nan) is None
    assert combined() == 0.0


def test_data_sheet_limits_become_rectangular_standard_uncertainties() -> None:
    accuracy = Accuracy.from_limits(gain=0.03, offset=0.012, time_base=25e-6)
    assert accuracy.of_level(2.0) == pytest.approx(math.hypot(0.06, 0.012) / math.sqrt(3))
    assert accuracy.of_difference(2.0) == pytest.approx(0.06 / math.sqrt(3))
    assert accuracy.of_time(8e6) == pytest.approx(200 / math.sqrt(3))


def test_quantisation_matches_the_spread_of_rounding() -> None:
    exact = [k * 0.001 for k in range(1000)]
    errors = [round(x / 0.1) * 0.1 - x for x in exact]
    spread = math.sqrt(sum(e * e for e in errors) / len(errors))
    assert quantisation_uncertainty(0.1) == pytest.approx(spread, rel=0.01)


def test_no_answer_has_no_uncertainty() -> None:
    assert uncertainty_of(NoAnswer("flat")) is None
    assert uncertainty_of(Quantity(1.0, "V", 0.1)) == 0.1
