"""``benchwright verify``: all exact cases are within their targets without a network, and a miss is told (E2)."""

import json
import subprocess
import sys

import pytest
from command_line import called

from benchwright.commands import verify as command
from benchwright.verification import report
from benchwright.verification.case import Case, Found

CUT_OFF = """
import sys

def refuse(event, _):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.bind"):
        raise AssertionError(f"the analysis wants the network: {event}")

sys.addaudithook(refuse)
from benchwright.cli import main
main()
"""


def verify(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CUT_OFF, "verify", *words],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_every_exact_case_is_within_its_target() -> None:
    done = verify("--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert len(found) == len(report.CASES) >= 46
    assert all(one["reached"] and one["error"] <= one["target"] for one in found)


def test_the_table_shows_truth_beside_ours() -> None:
    done = called("verify", "sinad", "bad pixels")
    assert done.returncode == 0
    assert "SINAD" in done.stdout and "bad pixels" in done.stdout and "UART" not in done.stdout


def test_an_unknown_name_is_one_sentence() -> None:
    done = called("verify", "astrology")
    assert done.returncode == 2
    assert done.stderr.startswith("benchwright: no analysis has astrology in its name")


@pytest.mark.parametrize("error", [0.2, float("nan")])
def test_a_miss_and_a_missing_answer_are_told(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Case("planted", "nothing", "V", 0.1, "V", lambda: Found(1.0, 1.0 + error, error))
    monkeypatch.setattr(report, "CASES", (bad,))
    with pytest.raises(command.typer.Exit) as left:
        command.verify(None, as_json=True)
    assert left.value.exit_code == 1
