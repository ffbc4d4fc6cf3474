"""Verdicts by the stated decision rules of ILAC-G8:09/2019; nothing unclear ever passes."""

import math

from protocols.messages.records import DecisionRule, Limits, Verdict

COVERAGE_FACTOR = 2.0
"""Guard band w = U = k·u with k = 2, about 95 % coverage (ILAC-G8 4.2.3)."""


def judge(
    value: float | None,
    uncertainty: float | None,
    limits: Limits | None,
    rule: DecisionRule = DecisionRule.SIMPLE,
) -> Verdict:
    """Compare ``value`` with ``limits``, all in one unit; ``uncertainty`` is the standard uncertainty (k = 1).

    Without limits the verdict is NONE. No value, NaN, an infinite value (an overload), and a guard band without a
    known uncertainty are UNDECIDED. A value that stands exactly on a limit conforms. Limits that are NaN or the
    wrong way round raise ``ValueError``.
    """
    low, high = _bounds(limits)
    if low is None and high is None:
        return Verdict.NONE
    if value is None or not math.isfinite(value):
        return Verdict.UNDECIDED
    guard = 0.0
    if rule is DecisionRule.GUARD_BAND:
        if uncertainty is None or not math.isfinite(uncertainty) or uncertainty < 0:
            return Verdict.UNDECIDED
        guard = COVERAGE_FACTOR * uncertainty
    if (low is not None and value < low - guard) or (high is not None and value > high + guard):
        return Verdict.FAIL
    if (low is None or value >= low + guard) and (high is None or value <= high - guard):
        return Verdict.PASS
    return Verdict.UNDECIDED


def judge_expected(value: str | bool | None, expected: str | bool | None) -> Verdict:
    """Compare a text or yes/no measurement with what is required: NONE if nothing is, UNDECIDED without a value."""
    if expected is None:
        return Verdict.NONE
    if value is None:
        return Verdict.UNDECIDED
    return Verdict.PASS if type(value) is type(expected) and value == expected else Verdict.FAIL


def _bounds(limits: Limits | None) -> tuple[float | None, float | None]:
    if limits is None:
        return None, None
    low, high = limits.low, limits.high
    for name, bound in (("low", low), ("high", high)):
        if bound is not None and math.isnan(bound):
            raise ValueError(f"the {name} limit is not a number; give a number or leave it out")
    if low is not None and high is not None and low > high:
        raise ValueError(f"the low limit {low:g} is above the high limit {high:g}; exchange them")
    return low, high
