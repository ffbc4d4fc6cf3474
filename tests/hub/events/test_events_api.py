"""S1: who did what, for those who may see it; and the auditor's look at the history."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hub_running import MakeKey, RunningHub, environment_of
from sqlalchemy import delete, select, update
from typer.testing import CliRunner, Result

from benchwright.commands.hub import app
from benchwright.errors import UsageError
from hub.core.database import Database
from hub.core.settings import Settings
from hub.events import auditing
from hub.events.models import Event
from hub.identity.actors import command_line_actor
from hub.identity.permissions import Role
from hub.identity.service import create_key
from hub.stores import service as stores
from hub.stores.schemas import NewStore
from hub.tickets.models import Remark

PATH = "/api/v1/events"
NEW: dict[str, Any] = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": {"name": "李雷", "phone": "+86 138 0000 0000"},
}


def create(client: httpx.Client, **changes: Any) -> str:
    ticket: str = client.post("/api/v1/tickets", json=NEW | changes).raise_for_status().json()["id"]
    return ticket


def note(client: httpx.Client, ticket: str, text: str = "hello") -> None:
    body = {"action": "note", "note": text}
    client.post(f"/api/v1/tickets/{ticket}/actions", json=body).raise_for_status()


def kinds(client: httpx.Client, **parameters: Any) -> list[str]:
    items = client.get(PATH, params=parameters).raise_for_status().json()["items"]
    return [one["kind"] for one in items]


def test_filters_and_pages(admin: httpx.Client) -> None:
    first, second = create(admin), create(admin)
    note(admin, first)
    assert kinds(admin, kind="ticket.note") == ["ticket.note"]
    assert kinds(admin, record_type="ticket", record=second) == ["ticket.created"]
    assert set(kinds(admin, kind=["ticket.*", "customer.created"])) == {
        "ticket.note",
        "ticket.created",
        "customer.created",
    }
    since = admin.get(PATH, params={"kind": "ticket.note"}).json()["items"][0]["recorded_at"]
    assert kinds(admin, since=since)[-1] == "ticket.note"
    assert "ticket.note" not in kinds(admin, until=since)
    seen, cursor = [], None
    while True:
        page = admin.get(PATH, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True) and len(seen) == len(set(seen)) >= 5
    assert admin.get(PATH, params={"kind": "nonsense"}).status_code == 422


def test_everybody_sees_what_is_theirs(
    hub: RunningHub, admin: httpx.Client, make_key: MakeKey, database: Database
) -> None:
    with database.write() as session:
        for code in ("north", "south"):
            stores.create(session, command_line_actor(), NewStore(code=code, name=code))
        _, token = create_key(
            session, command_line_actor(), name="erp", role=Role.STORE_SYSTEM, bench=None, stores=["north"]
        )
    north = create(admin, store="north")
    create(admin, store="south")
    assert "key.created" in kinds(admin)
    with hub.client(token) as erp:
        found = erp.get(PATH).json()["items"]
        assert [(one["kind"], one["record"]) for one in found] == [
            ("ticket.created", north),
            ("store.created", "north"),
        ]
        assert erp.get("/api/v1/audit/head").status_code == 403
    with hub.client(make_key("supervisor")) as supervisor:
        assert "key.created" not in kinds(supervisor) and "ticket.created" in kinds(supervisor)
    with hub.client(make_key("technician")) as technician:
        assert technician.get(PATH).status_code == 403


def test_an_auditor_checks_part_by_part_over_http(admin: httpx.Client, database: Database) -> None:
    for _ in range(3):
        note(admin, create(admin))
    noted = admin.get("/api/v1/audit/head").json()
    checked, after, found = 0, 0, False
    while after is not None:
        body = {"after": after, "limit": 3, "head": noted["hash"]}
        part = admin.post("/api/v1/audit/verifications", json=body).raise_for_status().json()
        assert part["broken_at"] is None and part["altered"] == []
        checked, found, after = checked + part["checked"], found or part["head_found"], part["next"]
    assert checked == noted["event"] and found
    with database.write() as session:
        number = session.scalars(select(Event.id).where(Event.kind == "ticket.note")).first()
        session.execute(update(Event).where(Event.id == number).values(actor_name="Somebody else"))
    part = admin.post("/api/v1/audit/verifications", json={}).json()
    assert (part["sound"], part["broken_at"], part["next"]) == (False, number, None)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["audit", "verify", *arguments])

    return invoke


class TestCommand:
    def test_a_sound_history(self, admin: httpx.Client, run: Any, tmp_path: Path) -> None:
        note(admin, create(admin))
        file = tmp_path / "head"
        first = run("--note", str(file))
        assert first.exit_code == 0 and file.read_text().strip() in first.stdout
        note(admin, create(admin))
        assert run("--head-file", str(file)).exit_code == 0
        found = json.loads(run("--json", "--head", file.read_text().strip()).stdout)
        assert (found["sound"], found["head_found"], found["broken"]) == (True, True, None)

    def test_events_cut_off_the_end_are_missed_by_the_noted_head(
        self, admin: httpx.Client, run: Any, tmp_path: Path, database: Database
    ) -> None:
        note(admin, create(admin))
        file = tmp_path / "head"
        run("--note", str(file))
        with database.write() as session:
            newest = session.scalars(select(Event.id).order_by(Event.id.desc())).first()
            session.execute(delete(Event).where(Event.id == newest))
        assert run().exit_code == 0, "the chain alone cannot know"
        result = run("--head-file", str(file))
        assert result.exit_code == 1 and "removed from its end" in result.stdout

    def test_the_first_bad_event_is_named(self, admin: httpx.Client, run: Any, database: Database) -> None:
        ticket = create(admin)
        note(admin, ticket)
        create(admin)
        with database.write() as session:
            number = session.scalars(select(Event.id).where(Event.kind == "ticket.note")).one()
            session.execute(update(Event).where(Event.id == number).values(kind="ticket.finding"))
        result = run()
        assert result.exit_code == 1
        assert f"event {number} (ticket.finding, ticket {ticket}, " in result.stdout
        with database.write() as session:
            session.execute(delete(Event).where(Event.id == number))
        found = json.loads(run("--json").stdout)
        assert (found["broken"]["id"], found["sound"]) == (number + 1, False)
        assert "removed" in found["broken"]["why"]

    def test_altered_words_are_found_and_erased_ones_are_not_altered(
        self, admin: httpx.Client, run: Any, database: Database
    ) -> None:
        ticket = create(admin)
        note(admin, ticket, "C3 was replaced")
        note(admin, ticket, "The customer was rude")
        with database.write() as session:
            first, second = session.scalars(select(Remark).order_by(Remark.id)).all()
            first.content = {"note": "C3 was not replaced"}
            second.salt = second.content = None
        result = run()
        assert result.exit_code == 1 and "not those that were written" in result.stdout
        with database.read() as session:
            assert len(auditing.look(session).altered) == 1

    @pytest.mark.parametrize("arguments", [("--head", "abc"), ("--head-file", "/nowhere")])
    def test_bad_input_is_one_sentence(self, run: Any, arguments: tuple[str, ...]) -> None:
        result = run(*arguments)
        assert isinstance(result.exception, UsageError)


def test_the_head_of_an_empty_part_is_the_one_before(admin: httpx.Client) -> None:
    create(admin)
    head = admin.get("/api/v1/audit/head").json()
    part = admin.post("/api/v1/audit/verifications", json={"after": head["event"]}).json()
    assert (part["checked"], part["head"], part["next"]) == (0, head["hash"], None)
