"""Run all cases; the results as data, and the cases as a page of the documentation."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchwright.verification import buses, further, pulses, spectra
from benchwright.verification.case import Case, Found

CASES: tuple[Case, ...] = (*pulses.CASES, *further.CASES, *spectra.CASES, *buses.CASES)


@dataclass(frozen=True, slots=True)
class Result:
    """One case with what came out of it."""

    case: Case
    found: Found

    @property
    def reached(self) -> bool:
        """Whether the error is within the target; no answer is not."""
        return self.found.error <= self.case.target

    def data(self) -> dict[str, Any]:
        """Return the result for JSON; a missing number is ``None``."""
        case, found = self.case, self.found
        numbers = {"truth": found.truth, "ours": found.ours, "error": found.error}
        return {
            "analysis": case.analysis,
            "signal": case.signal,
            "unit": case.unit,
            **{name: float(value) if math.isfinite(value) else None for name, value in numbers.items()},
            "target": case.target,
            "target_unit": case.target_unit,
            "reached": self.reached,
        }


def results(cases: tuple[Case, ...] = CASES) -> Iterator[Result]:
    """Run ``cases`` one after the other."""
    for case in cases:
        yield Result(case, case.run())


def page() -> str:
    """Return docs/verification.md: the cases and their targets.

    The errors reached are not in it: their last digits depend on the processor's vector instructions.
    """
    head = """# Verification of the analyses

`benchwright verify` makes every signal below, whose answer is known exactly, analyses it and prints truth, our value,
error and target; `--json` gives the same as data. It ends with code 1 when a case misses its target. The last digits
of an error depend on the processor, so this page has the targets and the command has the errors.

| analysis | signal | unit | largest error allowed |
|---|---|---|---|
"""
    rows = (f"| {c.analysis} | {c.signal} | {c.unit} | {c.target:g} {c.target_unit} |\n" for c in CASES)
    return head + "".join(rows)
