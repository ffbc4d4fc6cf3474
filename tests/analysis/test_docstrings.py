"""Whoever reads a number must find what it is: each analysis names source, units, accuracy and limits (Q7)."""

import inspect
import re
from importlib import import_module

import pytest

from edge_agent.analysis.registry import AnalysisSpec, InputKind, analyses

LABELS = ("Source:", "Units:", "Accuracy:", "Limits:")


@pytest.mark.parametrize("spec", analyses().values(), ids=lambda spec: spec.name)
def test_the_docstring_names_source_units_accuracy_and_limits(spec: AnalysisSpec) -> None:
    module, name = spec.target.split(":")
    text = " ".join(
        inspect.cleandoc(getattr(import_module(f"edge_agent.analysis.{module}"), name).__doc__ or "").split()
    )
    last = 0
    for label, following in zip(LABELS, (*LABELS[1:], None), strict=True):
        at = text.find(label)
        assert at > last, f"{spec.target}: {label} is missing or not in this order"
        said = text[at + len(label) : text.find(following) if following else None].strip()
        assert len(said) > 5 and said.endswith("."), f"{spec.target}: {label} {said!r} says nothing"
        last = at
    # Every unit of a field that is not that of the input is among the units named.
    units = text[text.index("Units:") : text.index("Accuracy:")]
    for unit in {field.unit for field in spec.fields.values()} - {"1", "input", "derived"}:
        word = {"[ppm]": "ppm", "input/s": "a second", "A2.s": "A2.s"}.get(unit, unit)
        assert re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", units), f"{spec.target}: the unit {word} is not named"
    if spec.input_kind is InputKind.WAVEFORMS:
        assert re.search(r"first|device|voltage|SCL|clock|rails|input", text), f"{spec.target}: which record is which?"
