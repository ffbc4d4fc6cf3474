"""``scripts/suite.sh``: what fails beside others is tried once more, alone, and named."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "suite.sh"
PASSES_THE_SECOND_TIME = """
from pathlib import Path

def test_late():
    seen = Path(__file__).with_suffix(".seen")
    known = seen.exists()
    seen.touch()
    assert known
"""
FAILS = "def test_{}(): assert False\n"


@pytest.fixture
def suite(tmp_path):
    def run(text):
        file = tmp_path / "test_sample.py"
        file.write_text(text)
        return subprocess.run(
            [SCRIPT, str(file)],
            env={**os.environ, "SUITE_CACHE": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


def test_what_passes_alone_is_named_and_does_not_fail_the_run(suite):
    result = suite(PASSES_THE_SECOND_TIME)
    assert result.returncode == 0, result.stdout
    assert "UNSTEADY" in result.stdout
    assert "test_sample.py::test_late" in result.stdout.rpartition("UNSTEADY")[2]


def test_what_fails_again_fails_the_run(suite):
    result = suite(PASSES_THE_SECOND_TIME + FAILS.format("wrong"))
    assert result.returncode == 1
    assert "UNSTEADY" not in result.stdout


def test_four_failures_are_no_coincidence(suite):
    result = suite("".join(FAILS.format(number) for number in range(4)))
    assert result.returncode == 1
    assert "tried once more" not in result.stdout


def test_a_file_that_cannot_be_read_is_not_tried_again(suite):
    result = suite("def test_(:\n")
    assert result.returncode == 2
    assert "tried once more" not in result.stdout
