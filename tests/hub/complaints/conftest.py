"""People who deal with complaints, and a complaint on its way."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hub_running import MakeKey, RunningHub

from hub.core.database import Database
from hub.identity import users
from hub.identity.actors import command_line_actor
from hub.identity.permissions import Role

Act = Callable[..., httpx.Response]
Complain = Callable[..., str]
DETAILS: dict[str, dict[str, Any]] = {
    "classify": {"complaint_class": "product_quality"},
    "finding": {"text": "F1 is blown"},
    "conclude": {"cause": "part_fault", "because": "F1 had the wrong value"},
    "propose_remedy": {"remedy": "exchange", "offer": "A new SP-100"},
    "request_compensation": {"compensation_minor": 20_000, "offer": "200 yuan"},
    "agree": {"how": "phone"},
    "feedback": {"how": "phone", "outcome": "The fuse was wrong", "apology": "We are sorry"},
    "dispute": {"reason": "It fails again"},
    "tell_progress": {"how": "message", "said": "We are looking into it"},
}


@pytest.fixture
def owner(database: Database) -> str:
    """The number of a user who can be responsible."""
    with database.write() as session:
        user = users.create(
            session,
            command_line_actor(),
            login="han.meimei",
            name="韩梅梅",
            role=Role.COUNTER,
            stores=None,
            password_hash="x",
            must_change_password=False,
        )
        return user.public_id


@pytest.fixture
def supervisor(hub: RunningHub, make_key: MakeKey) -> Iterator[httpx.Client]:
    with hub.client(make_key("supervisor")) as client:
        yield client


@pytest.fixture
def quality(hub: RunningHub, make_key: MakeKey) -> Iterator[httpx.Client]:
    with hub.client(make_key("quality")) as client:
        yield client


@pytest.fixture
def counter(hub: RunningHub, make_key: MakeKey) -> Iterator[httpx.Client]:
    with hub.client(make_key("counter")) as client:
        yield client


@pytest.fixture
def complain(staff: httpx.Client) -> Complain:
    def make(symptom: str = "The plug failed after a week", **changes: Any) -> str:
        contact = {"name": "李雷", "phone": "+86 138 0000 0000"}
        body = {"kind": "complaint", "symptom": symptom, "contact": contact, **changes}
        number: str = staff.post("/api/v1/tickets", json=body).raise_for_status().json()["id"]
        return number

    return make


@pytest.fixture
def act(staff: httpx.Client, owner: str) -> Act:
    def take(
        ticket: str, action: str, client: httpx.Client = staff, headers: dict[str, str] | None = None, **details: Any
    ) -> httpx.Response:
        """Take an action; a detail that is ``None`` is left out."""
        known = {"name_owner": {"owner": owner}, **DETAILS}
        given = {name: value for name, value in {**known.get(action, {}), **details}.items() if value is not None}
        body: dict[str, Any] = {"action": action, "details": given}
        return client.post(f"/api/v1/tickets/{ticket}/actions", json=body, headers=headers)

    return take


@pytest.fixture
def go(act: Act) -> Callable[..., None]:
    """Take several actions that have to be possible."""

    def take(ticket: str, *actions: str) -> None:
        for action in actions:
            answer = act(ticket, action)
            assert answer.status_code == 200, (action, answer.text)

    return take
