"""Elimination (D3): which measurement tells the suspects apart best for its cost, and when enough is known. Pure.

The worth of a measurement is its expected information in bits: how much the uncertainty about the cause shrinks on
average over the ways in which it can come out, each as likely as the suspects make it (mutual information).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge_agent.plans.diagnosis import Cause, FaultDictionary, Sign, evidence, likelihood, posterior, signs_of
from edge_agent.plans.flow import Order, Progress
from edge_agent.plans.model import MeasureSpec, Plan, Step
from protocols.messages.records import Measurement

LEAST_BITS = 0.02
"""A measurement that tells less is not worth a technician's minute."""
CONNECT_S, ASK_S, ACTION_S = 20.0, 15.0, 4.0
"""What moving a probe, answering a question and any action usually take."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A measurement without a usable result yet: expected ``bits``, the causes it separates, and what takes it.

    ``step`` is the plan's step that measures it, ``None`` for one that the dictionary knows from another plan.
    """

    name: str
    bits: float
    cost_s: float
    between: tuple[Cause, Cause]
    step: Step | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What a step is worth now: expected ``bits`` about the cause, ``cost_s``, and the two causes it separates best."""

    step: Step
    bits: float
    cost_s: float
    between: tuple[Cause, Cause]

    @property
    def rate(self) -> float:
        """Bits a second."""
        return self.bits / self.cost_s

    def words(self) -> dict[str, str]:
        """Say why it is the next step, by language tag."""
        first, second = (cause.title for cause in self.between)
        return {
            "en": f"chosen to tell “{first.en}” from “{second.en}” ({self.bits:.2f} bit for about {self.cost_s:.0f} s)",
            "zh-CN": f"用于区分“{first.zh_cn}”与“{second.zh_cn}”"
            f"（信息量 {self.bits:.2f} bit，约需 {self.cost_s:.0f} 秒）",
        }


def cost_s(step: Step, connected: Mapping[str, str] | None = None) -> float:
    """Return what a step costs in seconds: what the plan says, or an estimate from what a person has to do for it."""
    if step.cost is not None:
        return float(step.cost)
    there = connected or {}
    moves = sum(there.get(probe) != point for probe, point in step.connect.items())
    asked = (step.instruction is not None) + (step.action == "prompt")
    return ACTION_S + CONNECT_S * moves + ASK_S * asked


def worths(
    dictionary: FaultDictionary,
    steps: Iterable[Step],
    measurements: Iterable[Measurement],
    connected: Mapping[str, str] | None = None,
) -> list[Worth]:
    """Return what each of ``steps`` would tell now, the best for its cost first; nothing while nothing has failed."""
    signs = signs_of(measurements)
    if all(sign is Sign.PASS for sign in signs.values()):
        return []
    shares = posterior(dictionary, signs)
    found = [_worth(dictionary, shares, step, connected) for step in steps]
    return sorted((one for one in found if one is not None), key=lambda one: -one.rate)


def proposals(
    dictionary: FaultDictionary, steps: Iterable[Step], measurements: Iterable[Measurement], limit: int = 3
) -> list[Proposal]:
    """Return the measurements that would tell the causes apart best for their cost, by this plan's steps or another's.

    Considered are those that the dictionary's signatures name and that have no sign: skipped, undecided, or not of
    this plan. Empty when everything is measured, or nothing failed.
    """
    signs = signs_of(measurements)
    if all(sign is Sign.PASS for sign in signs.values()):
        return []
    shares = posterior(dictionary, signs)
    taken = {spec.name: (spec, step) for step in steps for spec in step.measure if spec.judged}
    found = []
    for name in sorted({name for cause in dictionary.causes for name in cause.signature} - signs.keys()):
        spec, step = taken.get(name, (None, None))
        outcomes = _ANY_OUTCOME if spec is None else _outcomes(spec)
        bits = _bits(dictionary, shares, name, outcomes)
        if bits >= LEAST_BITS:
            cost = ACTION_S + CONNECT_S if step is None else cost_s(step)
            found.append(Proposal(name, bits, cost, _separated(dictionary, shares, name, outcomes), step))
    return sorted(found, key=lambda one: -one.bits / one.cost_s)[:limit]


def settled(dictionary: FaultDictionary, measurements: Iterable[Measurement], share: float) -> bool:
    """Return whether one cause is at least ``share`` likely among those known."""
    signs = signs_of(measurements)
    if all(sign is Sign.PASS for sign in signs.values()):
        return False
    return max(posterior(dictionary, signs).values(), default=0.0) >= share


def ordered(plan: Plan, dictionary: FaultDictionary, progress: Progress) -> Sequence[Step]:
    """Return the steps of ``main`` in the order of elimination, those done first; none is left when it is settled.

    Until something fails the plan's own order holds. Steps that tell nothing about the suspects are left out.
    """
    done = [step for step in plan.main if step.id in progress.attempts]
    order = list(progress.attempts)
    done.sort(key=lambda step: order.index(step.id))
    rest = [step for step in plan.main if step.id not in progress.attempts]
    measurements = evidence(progress.finals())
    if all(sign is Sign.PASS for sign in signs_of(measurements).values()):
        return [*done, *rest]
    if plan.elimination is not None and settled(dictionary, measurements, plan.elimination.settled_at):
        return done
    return [*done, *(one.step for one in worths(dictionary, rest, measurements, connections(plan, progress)))]


def order_of(plan: Plan, dictionary: FaultDictionary | None) -> Order | None:
    """Return the order in which ``main`` is done by elimination, ``None`` where it is the plan's own."""
    if plan.elimination is None or dictionary is None:
        return None
    return lambda progress: ordered(plan, dictionary, progress)


def why_next(plan: Plan, dictionary: FaultDictionary | None, step: Step, progress: Progress) -> str | None:
    """Return in both languages why elimination takes ``step`` next, ``None`` where there is nothing to say."""
    if plan.elimination is None or dictionary is None:
        return None
    found = worths(dictionary, [step], evidence(progress.finals()), connections(plan, progress))
    said = found[0].words() if found else None
    return None if said is None else f"{said['en']} · {said['zh-CN']}"


def connections(plan: Plan, progress: Progress) -> dict[str, str]:
    """Return where the steps done so far have put the probes."""
    steps = {step.id: step for _, _, step in plan.steps()}
    there: dict[str, str] = {}
    for name in progress.attempts:
        if name in steps:
            there |= steps[name].connect
    return there


def _worth(
    dictionary: FaultDictionary, shares: Mapping[str, float], step: Step, connected: Mapping[str, str] | None
) -> Worth | None:
    judged = [spec for spec in step.measure if spec.judged]
    if not judged:
        return None
    # Measurements of one step are not independent: the best of them is what the step tells at least.
    told = [(_bits(dictionary, shares, spec.name, _outcomes(spec)), spec) for spec in judged]
    bits, spec = max(told, key=lambda pair: pair[0])
    if bits < LEAST_BITS:
        return None
    return Worth(step, bits, cost_s(step, connected), _separated(dictionary, shares, spec.name, _outcomes(spec)))


_ANY_OUTCOME = (Sign.PASS, Sign.NONE, Sign.HIGH, Sign.LOW, Sign.WRONG)


def _outcomes(spec: MeasureSpec) -> tuple[Sign, ...]:
    can = {Sign.HIGH: spec.high is not None, Sign.LOW: spec.low is not None, Sign.WRONG: spec.expected is not None}
    return (Sign.PASS, Sign.NONE, *(sign for sign, possible in can.items() if possible))


def _chances(cause: Cause, name: str, outcomes: tuple[Sign, ...]) -> dict[Sign, float]:
    weights = {sign: likelihood(cause, name, sign) for sign in outcomes}
    total = math.fsum(weights.values())
    return {sign: weight / total for sign, weight in weights.items()}


def _bits(dictionary: FaultDictionary, shares: Mapping[str, float], name: str, outcomes: tuple[Sign, ...]) -> float:
    chances = {cause.cause: _chances(cause, name, outcomes) for cause in dictionary.causes}
    expected = 0.0
    for sign in outcomes:
        joint = [shares[one] * chances[one][sign] for one in shares]
        total = math.fsum(joint)
        if total > 0:
            expected += total * _entropy_bits(value / total for value in joint)
    return max(0.0, _entropy_bits(shares.values()) - expected)


def _entropy_bits(shares: Iterable[float]) -> float:
    return -math.fsum(share * math.log2(share) for share in shares if share > 0)


def _separated(
    dictionary: FaultDictionary, shares: Mapping[str, float], name: str, outcomes: tuple[Sign, ...]
) -> tuple[Cause, Cause]:
    """Return the likely causes that differ most in how the measurement comes out."""
    likely = sorted(dictionary.causes, key=lambda cause: -shares[cause.cause])[:4]
    chances = [_chances(cause, name, outcomes) for cause in likely]
    pairs = [
        (shares[likely[i].cause] * shares[likely[j].cause] * _distance(chances[i], chances[j]), i, j)
        for i in range(len(likely))
        for j in range(i + 1, len(likely))
    ]
    if not pairs:
        return likely[0], likely[0]
    _, first, second = max(pairs)
    return likely[first], likely[second]


def _distance(one: Mapping[Sign, float], other: Mapping[Sign, float]) -> float:
    return sum(abs(one[sign] - other[sign]) for sign in one) / 2
