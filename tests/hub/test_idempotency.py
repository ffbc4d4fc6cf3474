"""Idempotency-Key: whatever dies when, a repeated request gives exactly one ticket and one answer."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerProcess

import httpx
import pytest
from forked import start_hub
from hub_bench import FakeBench, free_port
from hub_running import MakeKey, RunningHub, environment_of
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from waiting import wait_until

from hub.core import idempotency
from hub.core.clock import now
from hub.core.database import Database
from hub.core.idempotency_models import KeptAnswer
from hub.core.problems import Problem
from hub.core.settings import Settings
from hub.events.service import verify_chain
from hub.tickets.models import Ticket
from protocols.messages import codec, control

NEW = {
    "device": {"model": "SP-100", "serial": "SN-1"},
    "symptom": "No power",
    "contact": {"name": "Li Lei", "phone": "+86 138 0000 0000"},
}
KEY = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
NOTE = {"action": "note", "note": "hello"}


def tickets(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def test_the_same_key_gives_the_same_answer_once(staff: httpx.Client, database: Database) -> None:
    first, again = (staff.post("/api/v1/tickets", json=NEW, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    assert tickets(database) == 1
    bare = {"Idempotency-Key": KEY["Idempotency-Key"].strip('"')}
    assert staff.post("/api/v1/tickets", json=NEW, headers=bare).content == first.content


def test_the_answer_is_the_same_as_without_a_key(staff: httpx.Client) -> None:
    with_key = staff.post("/api/v1/tickets", json=NEW, headers=KEY)
    without = staff.post("/api/v1/tickets", json=NEW)
    assert with_key.json().keys() == without.json().keys()
    unlike = {"id", "created_at", "updated_at", "possible_duplicates"}
    assert {k: v for k, v in with_key.json().items() if k not in unlike} == {
        k: v for k, v in without.json().items() if k not in unlike
    }
    assert with_key.headers.keys() == without.headers.keys()


def test_actions_are_taken_once(staff: httpx.Client) -> None:
    ticket = staff.post("/api/v1/tickets", json=NEW).json()["id"]
    for _ in range(3):
        staff.post(f"/api/v1/tickets/{ticket}/actions", json=NOTE, headers=KEY).raise_for_status()
    kinds = [event["kind"] for event in staff.get(f"/api/v1/tickets/{ticket}").json()["timeline"]]
    assert kinds == ["ticket.note", "ticket.created"]


def test_another_request_under_the_key_is_refused(staff: httpx.Client, database: Database) -> None:
    ticket = staff.post("/api/v1/tickets", json=NEW, headers=KEY).json()["id"]
    other = staff.post("/api/v1/tickets", json=NEW | {"symptom": "Smoke"}, headers=KEY)
    elsewhere = staff.post(f"/api/v1/tickets/{ticket}/actions", json=NOTE, headers=KEY)
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")
    assert slug(elsewhere) == "idempotency-key-reused"
    assert tickets(database) == 1


def test_a_key_belongs_to_its_caller_and_expires(
    hub: RunningHub, staff: httpx.Client, make_key: MakeKey, database: Database
) -> None:
    staff.post("/api/v1/tickets", json=NEW, headers=KEY).raise_for_status()
    with hub.client(make_key("staff")) as other:
        assert other.post("/api/v1/tickets", json=NEW, headers=KEY).json()["id"] == "T-000002"
    with database.write() as session:
        session.execute(update(KeptAnswer).values(expires_at=now() - timedelta(seconds=1)))
    assert staff.post("/api/v1/tickets", json=NEW, headers=KEY).json()["id"] == "T-000003"
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(KeptAnswer)) == 1, "what has expired is removed"


def test_a_refusal_is_not_kept(staff: httpx.Client, database: Database) -> None:
    """It changed nothing, so the key is still free for the corrected request."""
    assert staff.post("/api/v1/tickets", json={"symptom": ""}, headers=KEY).status_code == 422
    assert staff.post("/api/v1/tickets/T-000099/actions", json=NOTE, headers=KEY).status_code == 404
    assert staff.post("/api/v1/tickets", json=NEW, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", '"', '"a', "a,b", "x" * 256, "键".encode(), '""'])
def test_bad_keys_are_refused(staff: httpx.Client, key: str | bytes, database: Database) -> None:
    answer = staff.post("/api/v1/tickets", json=NEW, headers={"Idempotency-Key": key})
    assert (answer.status_code, slug(answer)) == (422, "bad-idempotency-key")
    assert tickets(database) == 0


@given(st.text(max_size=40))
def test_any_header_is_a_key_or_a_problem(value: str) -> None:
    try:
        key = idempotency.read_key(value)
    except Problem as problem:
        assert problem.kind.slug == "bad-idempotency-key"
    else:
        assert 1 <= len(key) <= 255


def test_a_second_request_while_the_first_runs_is_told_to_wait(
    hub: RunningHub, staff: httpx.Client, database: Database
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            session.connection()  # now it has the lock, and holds the first request back
            first = pool.submit(staff.post, "/api/v1/tickets", json=NEW, headers=KEY)
            wait_until(lambda: idempotency._running, "the first request")
            with hub.client(staff.headers["Authorization"].removeprefix("Bearer ")) as same_caller:
                second = same_caller.post("/api/v1/tickets", json=NEW, headers=KEY)
            assert (second.status_code, slug(second), second.headers["retry-after"]) == (409, "still-running", "1")
        assert first.result().status_code == 201
    assert tickets(database) == 1


@contextmanager
def hub_process(settings: Settings, port: int, program: str) -> Iterator[ForkServerProcess]:
    """The hub in a process of its own, to kill."""
    environment = environment_of(settings) | {"BENCHWRIGHT_HUB_JOBS": "false"}  # it kills at a commit
    process = start_hub("serve", "--port", str(port), environment=environment, program=program)

    def ready() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            assert process.is_alive()
            return False

    try:
        wait_until(ready, "the hub", 40)
        yield process
    finally:
        process.kill()
        process.join()


KILL_AT = """
import os, signal
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session
committed = []

@event.listens_for(Engine, "commit")
def committing(connection):
    if connection.get_execution_options().get("benchwright_writes"):
        if {before}:
            os.kill(os.getpid(), signal.SIGKILL)
        committed.append(True)

@event.listens_for(Session, "after_transaction_end")
def ended(session, transaction):
    if committed and transaction.parent is None:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("before", [True, False])
def test_a_hub_killed_around_the_commit_leaves_exactly_one_ticket(
    settings: Settings, database: Database, make_key: MakeKey, before: bool
) -> None:
    """SIGKILL between commit and answer, and just before the commit; then the client asks again."""
    port, token = free_port(), make_key("staff")
    with hub_process(settings, port, KILL_AT.format(before=before)) as process:
        with pytest.raises(httpx.TransportError):
            httpx.post(
                f"http://127.0.0.1:{port}/api/v1/tickets",
                json=NEW,
                headers={"Authorization": f"Bearer {token}", **KEY},
                timeout=20,
            )
        process.join(20)
        assert process.exitcode == -signal.SIGKILL
    assert tickets(database) == (0 if before else 1)
    with RunningHub(settings, ingest_workers=0) as restarted, restarted.client(token) as client:
        answer = client.post("/api/v1/tickets", json=NEW, headers=KEY).raise_for_status()
        # PostgreSQL leaves the number out that the killed hub had taken.
        assert answer.json()["id"] in ({"T-000001", "T-000002"} if before else {"T-000001"})
        assert ("idempotency-replayed" in answer.headers) != before
    assert tickets(database) == 1
    with database.read() as session:
        assert verify_chain(session).broken_at is None


def test_two_processes_with_one_key_make_one_ticket(
    hub: RunningHub, settings: Settings, database: Database, make_key: MakeKey
) -> None:
    """Two hubs over one database share nothing but it."""
    token = make_key("staff")
    with RunningHub(settings, ingest_workers=0) as second, hub.client(token) as one, second.client(token) as two:
        idempotency_keys = [{"Idempotency-Key": f"k{number}"} for number in range(10)]
        for headers in idempotency_keys:
            with ThreadPoolExecutor(2) as pool:
                answers = [
                    pool.submit(client.post, "/api/v1/tickets", json=NEW, headers=headers) for client in (one, two)
                ]
            assert {answer.result().status_code for answer in answers} <= {201, 409}
    assert tickets(database) == 10


class TestCommands:
    BODY = {"action": {"type": "describe"}, "timeout_s": 0.5}  # noqa: RUF012
    PATH = "/api/v1/benches/bench-01/commands"

    def test_a_bench_is_commanded_once(self, connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench) -> None:
        make_key("bench", bench="bench-01")
        bench.answer_with = lambda _: codec.encode(control.Reply("bench-01", True, data={"n": 1}))
        with connected_hub.client(make_key("staff")) as staff:
            patient = self.BODY | {"timeout_s": 20}
            first, again = (staff.post(self.PATH, json=patient, headers=KEY) for _ in range(2))
        assert first.json() == again.json() == {"ok": True, "detail": None, "data": {"n": 1}}
        assert len(bench.commands) == 1

    def test_a_command_that_was_not_answered_is_not_repeated(
        self, connected_hub: RunningHub, make_key: MakeKey, bench: FakeBench
    ) -> None:
        make_key("bench", bench="bench-01")
        with connected_hub.client(make_key("staff")) as staff:
            assert staff.post(self.PATH, json=self.BODY, headers=KEY).status_code == 504
            again = staff.post(self.PATH, json=self.BODY, headers=KEY)
        assert (again.status_code, slug(again)) == (409, "outcome-unknown")
        assert len(bench.commands) == 1

    def test_a_command_that_was_not_sent_may_be_repeated(self, staff: httpx.Client, make_key: MakeKey) -> None:
        make_key("bench", bench="bench-01")
        assert [staff.post(self.PATH, json=self.BODY, headers=KEY).status_code for _ in range(2)] == [503, 503]


def test_every_post_but_those_with_secret_answers_documents_the_key(hub: RunningHub) -> None:
    from hub.app import SECRET_ANSWERS

    for path, operations in hub.app.openapi()["paths"].items():
        operation = operations.get("post")
        if operation is not None:
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert ("Idempotency-Key" in names) != (operation["operationId"] in SECRET_ANSWERS), path
            assert {"409", "422"} <= operation["responses"].keys() or operation["operationId"] in SECRET_ANSWERS
