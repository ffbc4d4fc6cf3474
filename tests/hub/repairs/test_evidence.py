"""D6: what counts as proof that a repaired device works, decided by facts alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.measurements.runs import RunFacts
from hub.repairs.evidence import FunctionalTests, ProofRule, Work, judge

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
RUN = RunFacts("R-000002", "bench-01", "SP-100", "repair", 3, "ab" * 32, NOON + timedelta(minutes=5), "passed")
WORK = Work(NOON, "bench-01")
RULE = ProofRule(models=("SP-*",), plan="repair", from_version=3)


def objection(*runs: RunFacts, rule: ProofRule | None = RULE, plan: str | None = "repair", work: Work = WORK) -> str:
    found = judge(rule, plan, "SP-100", work, runs)
    assert (found.run is None) == (found.objection is not None)
    if found.objection is None:
        return ""
    assert found.objection["zh-CN"] != found.objection["en"]
    return found.objection["en"]


def test_the_right_plan_on_the_device_after_the_repair_is_proof() -> None:
    assert objection(RUN) == ""
    found = judge(RULE, None, "SP-100", WORK, [RUN])
    assert found.told() == {"run": "R-000002", "plan": "repair", "plan_version": 3, "plan_sha256": "ab" * 32}


@pytest.mark.parametrize("outcome", ["failed", "aborted", "error", "undecided"])
def test_whatever_did_not_pass_is_none(outcome: str) -> None:
    assert f"ended as {outcome}" in objection(replace(RUN, outcome=outcome))
    older = replace(RUN, id="R-000001", started_at=NOON + timedelta(minutes=1))
    assert "has to pass" in objection(replace(RUN, outcome=outcome), older), "the newest one counts"


def test_what_was_measured_before_the_repair_says_nothing_of_it() -> None:
    assert "before the work" in objection(replace(RUN, started_at=NOON - timedelta(seconds=1)))
    assert "before the work" in objection(replace(RUN, started_at=NOON)), "not even at the same moment"
    assert "before the work" in objection(replace(RUN, started_at=None))


def test_another_plan_or_an_old_version_is_none() -> None:
    assert "of plan incoming v3; wanted is repair in version 3" in objection(replace(RUN, plan="incoming"))
    assert "of plan repair v2" in objection(replace(RUN, plan_version=2))
    assert objection(replace(RUN, plan_version=4)) == ""
    assert objection(replace(RUN, plan_version=1), rule=None) == "", "without a rule, the ticket's plan in any version"
    assert "wanted is repair" in objection(replace(RUN, plan="incoming"), rule=None)
    assert objection(replace(RUN, plan="incoming"), rule=None, plan=None) == ""
    assert "wanted is SP-100" in objection(replace(RUN, model="SP-200"), rule=None, plan=None)
    incoming = replace(RUN, id="R-000003", plan="incoming", started_at=NOON + timedelta(minutes=9))
    assert objection(incoming, RUN) == "", "a run of another plan takes no proof away"


def test_two_clocks_are_compared_in_utc() -> None:
    """A repair that was recorded at the hub, and a bench without a battery clock."""
    at_hub = Work(NOON, None)
    early = replace(RUN, started_at=NOON + timedelta(minutes=5), clock_offset_s=600.0)
    assert "before the work" in objection(early, work=at_hub)
    assert objection(early) == "", "by the bench's own clock the order is sure"
    late = replace(RUN, started_at=NOON - timedelta(days=365), clock_offset_s=-366 * 86_400.0)
    assert objection(late, work=at_hub) == ""


def test_a_model_is_one_in_whatever_case_it_is_written() -> None:
    assert objection(replace(RUN, model="sp-100"), rule=None, plan=None) == ""
    assert FunctionalTests(rules=(RULE,)).rule("sp-100") is RULE
    assert "wanted is SP-100" in objection(replace(RUN, model="sp-101"), rule=None, plan=None)


def test_without_a_run_the_refusal_says_what_to_do() -> None:
    assert "run its plan and let it pass" in objection()
