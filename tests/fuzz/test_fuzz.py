"""Fuzzing of every parser: no error but its own, bounded memory and time. ``python -m tests.fuzz`` runs it longer."""

import pytest

from tests.fuzz.runner import run
from tests.fuzz.targets import targets

NAMES = [one.name for one in targets()]


def _check(inputs: int, seed: int) -> None:
    defects = [one for one in run(NAMES, inputs, seed, 2) if one.defect is not None]
    assert not defects, "\n".join(f"{one.name}: {one.defect}: {one.input_hex}" for one in defects)


def test_a_few_hundred_inputs_for_every_parser() -> None:
    _check(300, seed=1)


@pytest.mark.campaign
def test_a_million_inputs_for_every_parser() -> None:
    _check(1_000_000, seed=2)


def test_the_parsers_of_every_family_and_format_are_among_the_targets() -> None:
    assert len(NAMES) >= 60
    for word in ("dmm.", "captures.", "thermal.", "scpi", "modbus_rtu", "hid_cable", "messages.", "profile"):
        assert any(word in name for name in NAMES), word
