"""``benchwright hub jobs``."""

import json

import pytest
from hub_running import environment_of
from typer.testing import CliRunner

from benchwright.commands.hub import app
from benchwright.errors import UsageError
from hub.core.settings import Settings


def test_jobs_are_listed_and_run_on_the_command_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke
    assert run(app, ["jobs", "run-now", "housekeeping"]).stdout == "housekeeping: 0 done\n"
    listed = json.loads(run(app, ["jobs", "list", "--json"]).stdout)
    row = next(job for job in listed["items"] if job["name"] == "housekeeping")
    assert (row["report"], row["failures"], row["every_s"]) == ("0 done", 0, 3600)
    assert "housekeeping" in run(app, ["jobs", "list"]).stdout
    result = run(app, ["jobs", "run-now", "nothing"])
    assert isinstance(result.exception, UsageError) and "housekeeping" in str(result.exception)
