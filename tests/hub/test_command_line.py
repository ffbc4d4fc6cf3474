"""The commands of the hub, and its documentation."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from hub_bench import free_port
from hub_running import environment_of
from typer.testing import CliRunner, Result
from waiting import wait_until

from benchwright.commands.hub import app
from benchwright.errors import UsageError
from hub.core import migrate
from hub.core.clock import now
from hub.core.database import Database
from hub.core.settings import Settings
from hub.customers.models import CustomerDevice
from hub.events.models import Event

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (environment_of(settings) | {"BENCHWRIGHT_HUB_PORT": "0"}).items():
        monkeypatch.setenv(name, value)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_key_is_shown_once_and_can_be_revoked(tmp_path: Path) -> None:
    made = json.loads(run("key", "create", "--name", "Front desk", "--role", "staff", "--json").stdout)
    file = tmp_path / "bench.token"
    told = run("key", "create", "--name", "b", "--role", "bench", "--bench", "bench-01", "-o", str(file)).stdout
    assert file.read_text().startswith("bw_")
    assert file.read_text().strip() not in told
    assert file.stat().st_mode & 0o777 == 0o600
    run("key", "revoke", made["id"])
    listed = run("key", "list", "--json").stdout
    assert made["key"].split("_", 2)[2] not in listed
    assert [(key["role"], key["bench"], key["revoked_at"] is None) for key in json.loads(listed)] == [
        ("staff", None, False),
        ("bench", "bench-01", True),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["key", "create", "--name", "x", "--role", "king"], "admin, manager"),
        (["key", "create", "--name", "x", "--role", "bench"], "names its bench"),
        (["key", "create", "--name", "x", "--role", "staff", "--bench", "b"], "no other key does"),
        (["key", "create", "--name", "x", "--role", "bench", "--bench", "../etc"], "../etc"),
        (["key", "create", "--name", " ", "--role", "staff"], "1 to 64"),
        (["key", "create", "--name", "a\nb", "--role", "staff"], "control characters"),
        (["key", "revoke", "nobody"], "no API key nobody"),
        (["key", "create", "--name", "x", "--role", "admin", "--scope", "all"], "ticket:read"),
        (["key", "create", "--name", "x", "--role", "bench", "--bench", "b", "--scope", "user:write"], "user:write"),
        (["key", "create", "--name", "x", "--role", "staff", "--store", "mars"], "mars"),
        (["user", "create", "--login", "x", "--name", "X", "--role", "admin"], "2 to 64"),
        (["user", "create", "--login", "boss", "--name", " ", "--role", "admin"], "1 to 128"),
        (["user", "create", "--login", "boss", "--name", "a\x1b[31mb", "--role", "admin"], "control characters"),
        (["user", "create", "--login", "boss", "--name", "X", "--role", "bench"], "for API keys"),
        (["user", "password", "nobody"], "nobody has the login nobody"),
        (["migrate", "9999"], "9999"),
        (["migrate", "--sql", "sqlite"], "for postgresql alone"),
        (["ingest"], "needs a broker"),
        (["serve", "--config", "/nowhere/hub.toml"], "/nowhere/hub.toml"),
        (["audit", "verify", "--note", "/proc/nowhere/head"], "/proc/nowhere/head"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, UsageError), result.exception
    assert words in str(result.exception)
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize("arguments", [["serve"], ["key", "list"], ["migrate"]])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "foo://x"),
        ("database_url", "mysql+nothing://x/y"),
        ("database_url", "postgresql://host:port/y"),
        ("data_dir", "/proc/nowhere"),
    ],
)
def test_a_place_where_no_database_can_be_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], name: str, value: str
) -> None:
    monkeypatch.delenv("BENCHWRIGHT_HUB_DATABASE_URL", raising=False)
    monkeypatch.setenv(f"BENCHWRIGHT_HUB_{name.upper()}", value)
    result = run(*arguments)
    assert isinstance(result.exception, UsageError), result.exception
    assert name in str(result.exception)
    assert "\n" not in str(result.exception)


def test_the_first_administrator_is_made_here(database: Database) -> None:
    made = json.loads(run("user", "create", "--login", "Boss", "--name", "老板", "--role", "admin", "--json").stdout)
    assert made["login"] == "boss" and len(made["password"]) >= 16
    again = json.loads(run("user", "password", "BOSS", "--json").stdout)
    assert again["id"] == made["id"] and again["password"] != made["password"]
    listed = run("user", "list", "--json").stdout
    assert [(user["login"], user["role"], user["stores"]) for user in json.loads(listed)] == [("boss", "admin", None)]
    with database.read() as session:
        kinds = [event.kind for event in session.query(Event).order_by(Event.id)]
        stored = str([event.payload for event in session.query(Event)])
    assert kinds == ["user.created", "user.password_reset"]
    assert made["password"] not in stored + listed


def test_an_edited_history_is_found(database: Database) -> None:
    for name in "abc":
        run("key", "create", "--name", name, "--role", "staff")
    assert run("audit", "verify").exit_code == 0
    with database.write() as session:
        session.get_one(Event, 2).kind = "key.revoked"
    result = run("audit", "verify", "--json")
    assert (result.exit_code, json.loads(result.stdout)["broken"]["id"]) == (1, 2)


def test_migrating_down_and_up(database: Database) -> None:
    assert "base" in run("migrate", "base", "--down").stdout
    assert migrate.head() in run("migrate").stdout


def test_migrating_names_on_standard_error_what_it_kept_twice(database: Database) -> None:
    """M1: in a process of its own, for a test's log hears what nobody else does."""
    migrate.downgrade(database, "0027")
    with database.write() as session:
        for model, serial in (("SP-100", "sn-1"), ("SP-100", "SN-1"), ("sp-100", "SN-1")):
            session.add(CustomerDevice(model=model, serial=serial, created_at=now()))
            session.flush()
    command = [sys.executable, "-c", "from benchwright.cli import main; main()", "hub", "migrate"]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=120, check=True)
    assert "device D-000001 keeps 'sn-1'" in done.stderr
    assert "device D-000003 (sp-100) is the same device as an older record" in done.stderr


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = run("serve", "--port", str(other.getsockname()[1]))
    assert isinstance(result.exception, UsageError), result.exception
    assert "Address already in use; choose another with --port, or end the program that has it" in str(result.exception)
    result = run("serve", "--host", "no.such.host.invalid")
    assert "is no address to listen at" in str(result.exception)


def test_the_hub_serves_until_it_is_told_to_stop(settings: Settings) -> None:
    port = free_port()
    program = "from benchwright.cli import main; main()"
    command = [sys.executable, "-c", program, "hub", "serve", "--port", str(port), "--log-level", "info"]
    with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE, text=True) as process:

        def ready() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
            except httpx.TransportError:
                assert process.poll() is None
                return False

        wait_until(ready, "the hub", 40)
        loose = [one for one in settings.data_dir.iterdir() if one.stat().st_mode & 0o077]
        assert not loose, "customers' data is for the hub's user alone"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in {0, -signal.SIGTERM}
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
