"""Verdicts by ILAC-G8 decision rules: a wrong one ships a broken device or repairs a good one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.analysis.verdict import judge, judge_expected
from protocols.messages.records import DecisionRule, Limits, Verdict

SIMPLE, GUARD = DecisionRule.SIMPLE, DecisionRule.GUARD_BAND
RAIL = Limits(low=3.2, high=3.4)


@pytest.mark.parametrize(
    ("value", "uncertainty", "rule", "verdict"),
    [
        (3.3, None, SIMPLE, Verdict.PASS),
        (3.4, None, SIMPLE, Verdict.PASS),
        (3.2, 1.0, SIMPLE, Verdict.PASS),
        (3.4000001, None, SIMPLE, Verdict.FAIL),
        (3.1, None, SIMPLE, Verdict.FAIL),
        (3.3, 0.01, GUARD, Verdict.PASS),
        (3.39, 0.01, GUARD, Verdict.UNDECIDED),
        (3.41, 0.01, GUARD, Verdict.UNDECIDED),
        (3.43, 0.01, GUARD, Verdict.FAIL),
        (3.15, 0.01, GUARD, Verdict.FAIL),
        (3.3, 0.0, GUARD, Verdict.PASS),
        (3.3, 1.0, GUARD, Verdict.UNDECIDED),
    ],
)
def test_rules(value: float, uncertainty: float | None, rule: DecisionRule, verdict: Verdict) -> None:
    assert judge(value, uncertainty, RAIL, rule) is verdict


@pytest.mark.parametrize("rule", [SIMPLE, GUARD])
@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("limits", [RAIL, Limits(low=0.0), Limits(high=0.0)])
def test_no_finite_value_is_undecided(value: float | None, limits: Limits, rule: DecisionRule) -> None:
    assert judge(value, 0.001, limits, rule) is Verdict.UNDECIDED


@pytest.mark.parametrize("uncertainty", [None, math.nan, math.inf, -1.0])
def test_guard_band_without_a_believable_uncertainty_is_undecided(uncertainty: float | None) -> None:
    assert judge(3.3, uncertainty, RAIL, GUARD) is Verdict.UNDECIDED
    assert judge(9.9, uncertainty, RAIL, GUARD) is Verdict.UNDECIDED


def test_without_limits_nothing_is_judged() -> None:
    assert judge(3.3, 0.1, None) is Verdict.NONE
    assert judge(math.nan, None, Limits(), GUARD) is Verdict.NONE


def test_one_sided_limits() -> None:
    assert judge(1e9, 0.0, Limits(low=0.0), GUARD) is Verdict.PASS
    assert judge(1e9, 0.0, Limits(high=0.0), GUARD) is Verdict.FAIL


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="above the high limit"):
        judge(1.0, None, Limits(low=2.0, high=1.0))
    with pytest.raises(ValueError, match="low limit is not a number"):
        judge(1.0, None, Limits(low=math.nan))


def test_expected_text_and_flags() -> None:
    assert judge_expected("1.4.2", "1.4.2") is Verdict.PASS
    assert judge_expected("1.4.1", "1.4.2") is Verdict.FAIL
    assert judge_expected(value=True, expected=True) is Verdict.PASS
    assert judge_expected("True", expected=True) is Verdict.FAIL
    assert judge_expected(None, "1.4.2") is Verdict.UNDECIDED
    assert judge_expected("anything", None) is Verdict.NONE


numbers = st.floats(-1e6, 1e6, allow_nan=False)


@given(numbers, st.floats(0, 1e3), numbers, st.floats(0, 1e6))
def test_guard_band_only_ever_withdraws_a_decision(value: float, u: float, low: float, width: float) -> None:
    limits = Limits(low=low, high=low + width)
    guarded, simple = judge(value, u, limits, GUARD), judge(value, u, limits, SIMPLE)
    assert guarded in (simple, Verdict.UNDECIDED)
    assert simple in (Verdict.PASS, Verdict.FAIL)


@given(numbers, st.floats(0, 1e3), numbers, st.floats(0, 1e6))
def test_mirrored_scale_gives_the_same_verdict(value: float, u: float, low: float, width: float) -> None:
    straight = judge(value, u, Limits(low=low, high=low + width), GUARD)
    assert judge(-value, u, Limits(low=-(low + width), high=-low), GUARD) is straight
