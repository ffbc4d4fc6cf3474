"""The urgency of a complaint: a pure decision by rules that are data."""

import itertools

import pytest
from pydantic import ValidationError

from hub.complaints.details import ComplaintClass, Hazard
from hub.complaints.policy import ComplaintPolicy, Grade, UrgencyFacts, assess, delivered
from hub.tickets.kinds import Urgency

POLICY = delivered()


def test_safety_goes_before_everything_else() -> None:
    """C1: exhaustive over what else can be known of a complaint."""
    for hazard, exposed, of, round_, repeats, claimed in itertools.product(
        Hazard, (False, True), (None, *ComplaintClass), (1, 2), (0, 9), (0, 10**9)
    ):
        found = assess(UrgencyFacts((hazard,), exposed, of, round_, repeats, claimed), POLICY)
        assert (found.level, found.grade, found.rule) == (Urgency.CRITICAL, Grade.MAJOR, 1)


@pytest.mark.parametrize(
    ("facts", "level", "grade"),
    [
        (UrgencyFacts(), Urgency.NORMAL, Grade.ORDINARY),
        (UrgencyFacts(exposed=True), Urgency.HIGH, Grade.MAJOR),
        (UrgencyFacts(round=2), Urgency.HIGH, Grade.MAJOR),
        (UrgencyFacts(repeats=2), Urgency.HIGH, Grade.ORDINARY),
        (UrgencyFacts(repeats=1), Urgency.NORMAL, Grade.ORDINARY),
        (UrgencyFacts(claimed_minor=499_999), Urgency.NORMAL, Grade.ORDINARY),
        (UrgencyFacts(claimed_minor=500_000), Urgency.HIGH, Grade.MAJOR),
        (UrgencyFacts(complaint_class=ComplaintClass.SERVICE_ATTITUDE), Urgency.NORMAL, Grade.ORDINARY),
    ],
)
def test_the_first_rule_that_fits_decides(facts: UrgencyFacts, level: Urgency, grade: Grade) -> None:
    """C1."""
    found = assess(facts, POLICY)
    assert (found.level, found.grade) == (level, grade)
    assert found.because["en"] and found.because["zh-CN"]


@pytest.mark.parametrize(
    ("symptom", "hazards"),
    [
        ("充电时冒烟，还有糊味", (Hazard.SMOKE,)),
        ("The adapter Caught Fire and my son was injured", (Hazard.FIRE, Hazard.INJURY)),
        ("电池鼓包了", (Hazard.SWELLING_BATTERY,)),
        ("店员态度不好", ()),
    ],
)
def test_a_symptom_names_its_hazards(symptom: str, hazards: tuple[Hazard, ...]) -> None:
    assert POLICY.hazards_in(symptom) == hazards


def test_a_policy_begins_with_safety_and_ends_for_all() -> None:
    plain = POLICY.model_dump(mode="json", by_alias=True)
    with pytest.raises(ValidationError, match="safety comes first"):
        ComplaintPolicy.model_validate({**plain, "rules": plain["rules"][1:]})
    with pytest.raises(ValidationError, match="without conditions"):
        ComplaintPolicy.model_validate({**plain, "rules": plain["rules"][:-1]})
