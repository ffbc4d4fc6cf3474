"""D8: suspects follow from signs, with the evidence for and against them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.analysis.verdict import judge
from edge_agent.plans.diagnosis import Cause, FaultDictionary, Sign, diagnose, evidence, posterior, sign_of
from edge_agent.plans.elimination import proposals
from edge_agent.plans.load import find_plan, load_plan
from edge_agent.plans.model import Words
from protocols.messages.records import Limits, Measurement, Outcome, StepFinished, Verdict

LIMITS = Limits(3.0, 4.0)


def volts(name: str, value: float | None) -> Measurement:
    reason = None if value is not None else "no edges"
    return Measurement(name, value, "V", 0.001, LIMITS, verdict=judge(value, 0.001, LIMITS), reason=reason)


def cause(name: str, signature: dict[str, Sign | tuple[Sign, ...]]) -> Cause:
    return Cause(name, Words(name, name), Words("mend it", "修理"), signature)


BOOK = FaultDictionary(
    "SP-100",
    (
        cause("regulator", {"rail": Sign.LOW, "current": Sign.HIGH}),
        cause("feed", {"rail": Sign.LOW}),
        cause("clock", {"clock": Sign.NONE}),
        cause("joint", {"rail": (Sign.LOW, Sign.PASS), "clock": Sign.ANY, "drops": Sign.HIGH}),
    ),
)


def ranked(*measurements: Measurement) -> list[str]:
    return [suspect.cause for suspect in diagnose(BOOK, measurements)]


def test_a_device_without_failure_has_no_suspect() -> None:
    assert ranked(volts("rail", 3.5), volts("current", 3.5), volts("clock", 3.5)) == []


def test_what_a_cause_predicts_and_what_it_leaves_unexplained_decide() -> None:
    assert ranked(volts("rail", 2.0), volts("current", 5.0))[0] == "regulator"
    assert ranked(volts("rail", 2.0), volts("current", 3.5))[0] == "feed"
    assert ranked(volts("rail", 3.5), volts("clock", None)) == ["clock"]
    assert ranked(volts("rail", 3.5), volts("drops", 5.0), volts("clock", 3.5)) == ["joint"]


@pytest.mark.parametrize(
    ("signs", "first"),
    [
        # The record of the sound fell between two resets, and only the noise after one was in it.
        ({"dropouts": Sign.HIGH, "abnormal-resets": Sign.HIGH, "tone-noise": Sign.LOW}, "cold_joint"),
        ({"dropouts": Sign.HIGH, "abnormal-resets": Sign.HIGH}, "cold_joint"),
        (
            {"dropouts": Sign.HIGH, "abnormal-resets": Sign.HIGH, "boot-loop": Sign.WRONG}
            | {f"tone-{what}": Sign.NONE for what in ("level", "frequency", "distortion", "noise")},
            "cold_joint",
        ),
        (
            {"dropouts": Sign.HIGH, "abnormal-resets": Sign.HIGH, "ripple-3v3": Sign.HIGH, "tone-noise": Sign.LOW},
            "cold_joint",
        ),
        ({"tone-noise": Sign.LOW}, "ground_hum"),
        ({"tone-noise": Sign.LOW, "tone-level": Sign.LOW}, "leaking_coupling"),
    ],
)
def test_a_joint_that_opens_is_named_first_whatever_the_sound_was_when_it_was_recorded(
    signs: dict[str, Sign], first: str
) -> None:
    loaded = load_plan(find_plan("ss50-functional"))
    assert loaded.faults is not None
    judged = [spec.name for _, _, step in loaded.plan.steps() for spec in step.measure if spec.judged]
    shares = posterior(loaded.faults, dict.fromkeys(judged, Sign.PASS) | signs)
    assert max(shares, key=shares.__getitem__) == first
    assert shares[first] > 0.8


def test_a_measurement_that_was_not_made_says_nothing() -> None:
    assert set(ranked(volts("rail", 2.0))[:2]) == {"regulator", "feed"}


def test_the_evidence_speaks_for_and_against_with_numbers_and_limits() -> None:
    suspects = diagnose(BOOK, [volts("rail", 2.0), volts("current", 3.5)])
    suspect = next(one for one in suspects if one.cause == "regulator")
    assert [sentence["en"] for sentence in suspect.evidence[:2]] == [
        "rail is 2 V, below its limit of 3 V, as this cause makes it",
        "current is 3.5 V, within its limits, which this cause does not explain",
    ]
    assert [sentence["zh-CN"] for sentence in suspect.evidence[:2]] == [
        "rail 为 2 V，低于下限 3 V，符合该原因",
        "current 为 3.5 V，在限值内，该原因无法解释",
    ]


def test_only_the_last_attempt_of_a_measurement_counts() -> None:
    assert ranked(volts("rail", 2.0), volts("rail", 3.5)) == []


def test_undecided_for_want_of_accuracy_is_no_sign() -> None:
    near = Measurement("rail", 3.0, "V", None, LIMITS, verdict=Verdict.UNDECIDED)
    assert sign_of(near) is None


@pytest.mark.parametrize("outcome", [Outcome.ABORTED, Outcome.SKIPPED, Outcome.TIMEOUT, Outcome.ERROR])
def test_what_a_step_lacks_because_it_did_not_come_to_its_end_is_no_sign(outcome: Outcome) -> None:
    got = (volts("rail", 2.0), volts("clock", None))
    assert evidence([StepFinished("r", "s", "main", 1, outcome, 0.1, got)]) == [got[0]]
    assert evidence([StepFinished("r", "s", "main", 1, Outcome.FAILED, 0.1, got)]) == list(got)


values = st.none() | st.floats(0, 10)


@given(st.dictionaries(st.sampled_from(["rail", "current", "clock", "drops", "other"]), values))
def test_every_suspect_explains_something_and_nothing_is_listed_twice(drawn: dict[str, float | None]) -> None:
    measurements = [volts(name, value) for name, value in drawn.items()]
    suspects = diagnose(BOOK, measurements)
    assert len({suspect.cause for suspect in suspects}) == len(suspects)
    for suspect in suspects:
        assert "as this cause makes it" in suspect.evidence[0]["en"]


def test_the_next_best_measurement_tells_the_likeliest_suspects_apart() -> None:
    """D8: two causes explain a low rail; what only one of them changes is worth measuring, the clock much less."""
    found = proposals(BOOK, (), [volts("rail", 2.0)])
    assert found[0].name in {"current", "drops"}
    assert all(one.bits > 0 for one in found)
    assert [one.bits for one in found] == sorted((one.bits for one in found), reverse=True), "all cost the same"
    after = proposals(BOOK, (), [volts("rail", 2.0), volts("current", 5.0), volts("drops", 3.5), volts("clock", 3.5)])
    assert after == [], "all that the signatures name is measured"
    assert proposals(BOOK, (), [volts("rail", 3.5)]) == [], "nothing failed"


@given(st.sets(st.sampled_from(["rail", "current", "clock", "drops"])), st.sampled_from([2.0, 3.5, 5.0]))
def test_a_proposal_is_never_something_that_is_known_already(names: set[str], value: float) -> None:
    known = [volts(name, value) for name in sorted(names)]
    assert not {one.name for one in proposals(BOOK, (), known)} & names
