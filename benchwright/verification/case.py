"""What a verification case is, and how one is judged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_agent.analysis.result import NoAnswer
from protocols.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Found:
    """``ours`` beside ``truth``, both in the case's unit, and the ``error`` in the unit of its target."""

    truth: float
    ours: float
    error: float


@dataclass(frozen=True, slots=True)
class Case:
    """``target`` is the largest error allowed, in ``target_unit``; ``run`` makes the signal and analyses it."""

    analysis: str
    signal: str
    unit: str
    target: float
    target_unit: str
    run: Callable[[], Found]


def number(answer: Any) -> float:
    """Return the value of an answer; an analysis that gives none is an error as large as can be."""
    if isinstance(answer, Quantity):
        return answer.value
    return float("nan") if isinstance(answer, NoAnswer) else float(answer)


def relative(truth: float, answer: Any, factor: float = 1.0) -> Found:
    """Return an answer with its relative error times ``factor`` (100: %, 1e6: ppm)."""
    ours = number(answer)
    return Found(truth, ours, factor * abs(ours / truth - 1))


def absolute(truth: float, answer: Any) -> Found:
    """Return an answer with its absolute error."""
    ours = number(answer)
    return Found(truth, ours, abs(ours - truth))
