"""From failing measurements to ranked suspects, by the fault dictionary of the product (D3, D8).

Each cause has a signature: how it makes measurements fail. What a signature does not name is expected to pass, so a
failure that a cause does not explain counts against it. Pure: no instrument, file or clock.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from edge_agent.plans.model import Strict, Words
from protocols.messages.records import Identifier, Measurement, Outcome, StepFinished, Suspect, Verdict
from protocols.quantity import format_value


class Sign(StrEnum):
    """How a measurement came out, or is expected to under a cause."""

    PASS = "pass"  # noqa: S105
    HIGH = "high"
    LOW = "low"
    WRONG = "wrong"
    """A text or yes/no that is not as expected."""
    NONE = "none"
    """No answer: the signal does not allow one."""
    ANY = "any"
    """Only in signatures: says nothing for or against."""


class Cause(Strict, frozen=True):
    """One cause of the dictionary; ``signature`` maps measurement names to one or several signs."""

    cause: Identifier
    title: Words
    remedy: Words
    signature: Annotated[dict[Identifier, Sign | tuple[Sign, ...]], Meta(min_length=1)]
    seen: dict[Identifier, dict[Sign, Annotated[int, Meta(ge=0)]]] = field(default_factory=dict)
    """How often each measurement came out which way in finished runs with this cause; weighed with the signature."""

    def expects(self, measurement: str) -> tuple[Sign, ...]:
        """Return the signs that this cause predicts for a measurement."""
        signs = self.signature.get(measurement, Sign.PASS)
        return (signs,) if isinstance(signs, Sign) else signs


class FaultDictionary(Strict, frozen=True):
    """What is known of the faults of one product model."""

    model: str
    causes: tuple[Cause, ...]


_SIGNATURE_WEIGHT = 4.0
"""A signature counts as much as so many finished runs that came out as it says."""
_HIT, _MISS = 0.9, 0.03
"""Probability that a measurement comes out as the signature says, and that it comes out in one certain other way."""
MIN_SHARE = 0.02
"""Causes that are less likely than this, given that one of the dictionary is at work, are not listed."""


_UNFINISHED = frozenset({Outcome.ABORTED, Outcome.SKIPPED, Outcome.TIMEOUT, Outcome.ERROR})
"""A step that ended so did not get as far as an answer of the device: what it lacks says nothing of the device."""


def evidence(steps: Iterable[StepFinished]) -> list[Measurement]:
    """Return the measurements that say something of the device.

    Left out is what is missing because a person stopped or skipped the step, or the bench failed it; that a step which
    came to its end found no signal is evidence.
    """
    return [
        one for step in steps for one in step.measurements if one.value is not None or step.outcome not in _UNFINISHED
    ]


def sign_of(measurement: Measurement) -> Sign | None:
    """Return how a measurement came out; ``None`` when it was not judged or is undecided for want of accuracy."""
    if measurement.verdict is Verdict.PASS:
        return Sign.PASS
    if measurement.value is None:
        return Sign.NONE if measurement.verdict is not Verdict.NONE else None
    if measurement.verdict is not Verdict.FAIL:
        return None
    if isinstance(measurement.value, bool | str):
        return Sign.WRONG
    limits = measurement.limits
    return Sign.LOW if limits is not None and limits.low is not None and measurement.value < limits.low else Sign.HIGH


def diagnose(dictionary: FaultDictionary, measurements: Iterable[Measurement]) -> tuple[Suspect, ...]:
    """Return the suspects, the likeliest first, with the evidence in words.

    Without a failing measurement there is none. The ranking is that of naive Bayes with equal priors: the signs of
    all measurements are taken as independent, given the cause.
    """
    last = {measurement.name: measurement for measurement in measurements}
    signs = signs_of(last.values())
    if all(sign is Sign.PASS for sign in signs.values()):
        return ()
    shares = posterior(dictionary, signs)
    ranked = sorted(dictionary.causes, key=lambda cause: -shares[cause.cause])
    suspects = []
    for cause in ranked:
        explained = [name for name in signs if signs[name] is not Sign.PASS and signs[name] in cause.expects(name)]
        share = shares[cause.cause]
        if explained and share >= MIN_SHARE:
            suspects.append(_suspect(cause, last, signs, explained, share))
    return tuple(suspects[:32])


def signs_of(measurements: Iterable[Measurement]) -> dict[str, Sign]:
    """Return how each judged measurement came out, the last of each name."""
    last = {measurement.name: measurement for measurement in measurements}
    return {name: sign for name, one in last.items() if (sign := sign_of(one)) is not None}


def posterior(dictionary: FaultDictionary, signs: Mapping[str, Sign]) -> dict[str, float]:
    """Return how likely each cause is, given that one of the dictionary is at work (equal priors, naive Bayes)."""
    scores = {
        cause.cause: math.fsum(math.log(likelihood(cause, name, sign)) for name, sign in signs.items())
        for cause in dictionary.causes
    }
    best = max(scores.values(), default=0.0)
    weights = {name: math.exp(score - best) for name, score in scores.items()}
    total = math.fsum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def likelihood(cause: Cause, measurement: str, sign: Sign) -> float:
    """Return how likely a cause makes a measurement come out so: its signature, and what finished runs have shown."""
    expected = cause.expects(measurement)
    stated = _HIT / len(expected) if sign in expected else _MISS
    if Sign.ANY in expected:
        stated = 1 / 4
    seen = cause.seen.get(measurement, {})
    total = sum(seen.values())
    return (_SIGNATURE_WEIGHT * stated + seen.get(sign, 0)) / (_SIGNATURE_WEIGHT + total)


def _suspect(
    cause: Cause, last: Mapping[str, Measurement], signs: Mapping[str, Sign], explained: Sequence[str], share: float
) -> Suspect:
    evidence = [_sentence(last[name], _EXPLAINED) for name in explained]
    against = [
        _sentence(last[name], _UNEXPLAINED)
        for name, sign in signs.items()
        if sign not in cause.expects(name) and Sign.ANY not in cause.expects(name)
    ]
    summary = {"en": f"likelihood {share:.0%} among the known causes", "zh-CN": f"在已知原因中的可能性为 {share:.0%}"}
    return Suspect(cause.cause, cause.title.as_dict(), (*evidence, *against, summary)[:32], cause.remedy.as_dict())


_EXPLAINED = {"en": ", as this cause makes it", "zh-CN": "，符合该原因"}
_UNEXPLAINED = {"en": ", which this cause does not explain", "zh-CN": "，该原因无法解释"}


def _sentence(measurement: Measurement, ending: Mapping[str, str]) -> dict[str, str]:
    return {language: words + ending[language] for language, words in words_of(measurement).items()}


def words_of(measurement: Measurement) -> dict[str, str]:
    """Say one measurement with unit and limit in words, by language tag."""
    name, value = measurement.name, measurement.value
    if value is None:
        reason = measurement.reason
        return {
            "en": f"{name} has no answer ({reason or 'no reason given'})",
            "zh-CN": f"{name} 无结果（{reason or '未说明原因'}）",
        }
    if isinstance(value, bool | str):
        wanted = measurement.expected
        english = "" if wanted is None else f" (expected {_plain(wanted, 'en')})"
        chinese = "" if wanted is None else f"（应为 {_plain(wanted, 'zh-CN')}）"
        return {
            "en": f"{name} is {_plain(value, 'en')}{english}",
            "zh-CN": f"{name} 为 {_plain(value, 'zh-CN')}{chinese}",
        }
    said = number(value, measurement.unit)
    english, chinese = _against_limits(measurement)
    return {"en": f"{name} is {said}{english}", "zh-CN": f"{name} 为 {said}{chinese}"}


def _against_limits(measurement: Measurement) -> tuple[str, str]:
    """Say how a number stands to its limits, in English and Chinese."""
    limits = measurement.limits
    match sign_of(measurement):
        case Sign.HIGH if limits is not None and limits.high is not None:
            high = number(limits.high, measurement.unit)
            return f", above its limit of {high}", f"，高于上限 {high}"
        case Sign.LOW if limits is not None and limits.low is not None:
            low = number(limits.low, measurement.unit)
            return f", below its limit of {low}", f"，低于下限 {low}"
    return (", within its limits", "，在限值内") if measurement.verdict is Verdict.PASS else ("", "")


def number(value: float, unit: str) -> str:
    """Write a number with its unit as people read it (``412 mV``)."""
    return format_value(value, unit, 4)


_YES_NO = {"en": {True: "yes", False: "no"}, "zh-CN": {True: "是", False: "否"}}


def _plain(value: str | bool, language: str) -> str:
    return _YES_NO[language][value] if isinstance(value, bool) else repr(value)
