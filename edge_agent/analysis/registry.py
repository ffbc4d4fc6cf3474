"""Analyses by name, so that a test plan can use them and a plan checker can check it without running anything.

A plan says ``analyse: rail`` with parameters (``bandwidth_hz: 20e6``) and picks measurement values by field name
(``ripple_pp``). ``analysis(name)`` tells which parameters and fields there are; ``run`` computes them all. The
implementing module is imported when it first runs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, Final, TypeAlias

from edge_agent.analysis.result import Accuracy, NoAnswer
from protocols.quantity import Quantity
from protocols.waveform import LogicCapture, ThermalImage, Waveform

Value: TypeAlias = Quantity | str | bool | NoAnswer

INPUT_UNIT: Final = "input"
"""Unit of a field or number that is in the unit of the input signal (``V`` or ``A``)."""

DERIVED_UNIT: Final = "derived"
"""Unit of a field that follows from the units of several inputs (``V/A`` for an impedance)."""

REQUIRED: Final = object()
"""Default of a parameter that a plan must give."""


class AnalysisError(ValueError):
    """A wrong name, parameter or input: one sentence that says what is wrong and how to mend it."""


class InputKind(StrEnum):
    """What an analysis is applied to."""

    WAVEFORM = "waveform"
    """One ``Waveform``."""
    WAVEFORMS = "waveforms"
    """Several ``Waveform``, in the order that the analysis states."""
    LOGIC = "logic"
    """A ``LogicCapture``."""
    THERMAL = "thermal"
    """A ``ThermalImage``."""
    TEXT = "text"
    """A text log."""


class ParameterKind(StrEnum):
    """What a parameter is; the first four can be written in a plan, the others are supplied by the runner."""

    NUMBER = "number"
    INTEGER = "integer"
    TEXT = "text"
    FLAG = "flag"
    ACCURACY = "accuracy"
    """``result.Accuracy`` of the instrument that took the record."""
    WAVEFORM = "waveform"
    """A reference waveform."""
    THERMAL = "thermal"
    """A reference (golden) thermal image."""
    MASK = "mask"
    """A mask learned from good units (``mask.Mask``)."""


class FieldKind(StrEnum):
    """What a result field holds (or ``NoAnswer``)."""

    QUANTITY = "quantity"
    TEXT = "text"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One keyword of an analysis. Numbers are in ``unit`` and within ``low`` … ``high``; ``choices`` bound a text."""

    kind: ParameterKind
    help: str
    unit: str = "1"
    default: object = REQUIRED
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    def checked(self, name: str, value: object) -> object:
        """Return ``value`` as the analysis takes it; raise ``AnalysisError`` naming the parameter otherwise.

        A number may be written as text (``20e6`` is text in YAML 1.1).
        """
        if value is None and self.default is None:
            return None
        match self.kind:
            case ParameterKind.NUMBER | ParameterKind.INTEGER:
                return self._number(name, value)
            case ParameterKind.TEXT if isinstance(value, str):
                if self.choices and value not in self.choices:
                    raise AnalysisError(f"parameter {name} is {value!r}; it must be one of {', '.join(self.choices)}")
                return value
            case ParameterKind.FLAG if isinstance(value, bool):
                return value
            case ParameterKind.ACCURACY if isinstance(value, Accuracy):
                return value
            case ParameterKind.WAVEFORM if isinstance(value, Waveform):
                return value
            case ParameterKind.THERMAL if isinstance(value, ThermalImage):
                return value
            case ParameterKind.MASK if type(value).__name__ == "Mask":  # its module need not be imported here
                return value
        raise AnalysisError(f"parameter {name} must be a {self.kind.value}, not {type(value).__name__}")

    def _number(self, name: str, value: object) -> float | int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise AnalysisError(f"parameter {name} must be a {self.kind.value}, not {type(value).__name__}")
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise AnalysisError(f"parameter {name} must be a {self.kind.value}, not {value!r}") from None
        if not self.low <= number <= self.high or math.isnan(number):
            unit = "" if self.unit == "1" else f" {self.unit}"
            raise AnalysisError(f"parameter {name} is {number:g}; it must lie in {self.low:g} … {self.high:g}{unit}")
        if self.kind is ParameterKind.NUMBER:
            return number
        if not number.is_integer():
            raise AnalysisError(f"parameter {name} must be a whole number, not {number:g}")
        return int(number)


@dataclass(frozen=True, slots=True)
class Field:
    """One result field. ``unit`` is a UCUM code, or ``INPUT_UNIT`` for the unit of the input signal."""

    unit: str = "1"
    kind: FieldKind = FieldKind.QUANTITY


@dataclass(frozen=True, slots=True)
class AnalysisSpec:
    """What a plan checker needs to know of one analysis. ``target`` is ``module:function`` below this package."""

    name: str
    input_kind: InputKind
    target: str
    fields: Mapping[str, Field]
    summary: Mapping[str, str]
    parameters: Mapping[str, Parameter]

    def unit_of(self, field: str, input_unit: str = "V") -> str:
        """Return the unit of one result field for an input in ``input_unit``; raise ``AnalysisError`` if unknown."""
        if field not in self.fields:
            raise AnalysisError(f"analysis {self.name} has no field {field!r}; it gives {', '.join(self.fields)}")
        return self.fields[field].unit.replace(INPUT_UNIT, input_unit)

    def check_parameters(self, parameters: Mapping[str, object]) -> dict[str, Any]:
        """Return ``parameters`` as the analysis takes them; raise ``AnalysisError`` for the first that is wrong."""
        for name in parameters:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise AnalysisError(f"analysis {self.name} has no parameter {name!r}; it takes {known}")
        for name, parameter in self.parameters.items():
            if parameter.default is REQUIRED and name not in parameters:
                raise AnalysisError(f"analysis {self.name} needs the parameter {name} ({parameter.help})")
        checked = {name: self.parameters[name].checked(name, value) for name, value in parameters.items()}
        # An instrument without a known accuracy leaves the function's own default in force.
        accuracies = {name for name, one in self.parameters.items() if one.kind is ParameterKind.ACCURACY}
        return {name: value for name, value in checked.items() if value is not None or name not in accuracies}

    def check_input(self, signal: object) -> None:
        """Raise ``AnalysisError`` unless ``signal`` is of this analysis' input kind."""
        expected: Mapping[InputKind, type] = {
            InputKind.WAVEFORM: Waveform,
            InputKind.LOGIC: LogicCapture,
            InputKind.THERMAL: ThermalImage,
            InputKind.TEXT: str,
        }
        if self.input_kind is InputKind.WAVEFORMS:
            good = isinstance(signal, list | tuple) and all(isinstance(one, Waveform) for one in signal)
        else:
            good = isinstance(signal, expected[self.input_kind])
        if not good:
            given = type(signal).__name__
            raise AnalysisError(f"analysis {self.name} takes a {self.input_kind.value} as input, not {given}")


def analyses() -> Mapping[str, AnalysisSpec]:
    """Return all analyses by name."""
    from edge_agent.analysis.catalogue import CATALOGUE

    return CATALOGUE


def analysis(name: str) -> AnalysisSpec:
    """Return one analysis; raise ``AnalysisError`` with the known names when there is none of this name."""
    known = analyses()
    if name not in known:
        raise AnalysisError(f"there is no analysis {name!r}; known are {', '.join(sorted(known))}")
    return known[name]


def run(name: str, signal: object, **parameters: object) -> Mapping[str, Value]:
    """Run one analysis and return every field of its specification.

    A signal that allows no answer gives ``NoAnswer`` in each field; a wrong name, parameter or kind of input raises
    ``AnalysisError``.
    """
    spec = analysis(name)
    spec.check_input(signal)
    keywords = spec.check_parameters(parameters)
    module, function = spec.target.split(":")
    result = getattr(import_module(f"edge_agent.analysis.{module}"), function)(signal, **keywords)
    if isinstance(result, NoAnswer):
        return dict.fromkeys(spec.fields, result)
    return {field: getattr(result, field) for field in spec.fields}
