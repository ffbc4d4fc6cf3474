"""People who log in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from hub_running import RunningHub

from hub.core.database import Database
from hub.identity import passwords, users
from hub.identity.actors import command_line_actor
from hub.identity.permissions import Role
from hub.stores import service as stores
from hub.stores.schemas import NewStore

PASSWORD = "correct horse battery"
MakeUser = Callable[..., str]


@pytest.fixture(scope="session")
def password_hash() -> str:
    return passwords.digest(PASSWORD)


@pytest.fixture
def make_user(database: Database, password_hash: str) -> MakeUser:
    """Make an account and return its number; the password is PASSWORD and may be kept."""

    def make(login: str, role: str, codes: list[str] | None = None, *, must_change: bool = False) -> str:
        with database.write() as session:
            user = users.create(
                session,
                command_line_actor(),
                login=login,
                name=login.title(),
                role=Role(role),
                stores=codes,
                password_hash=password_hash,
                must_change_password=must_change,
            )
            return user.public_id

    return make


@pytest.fixture
def log_in(hub: RunningHub) -> Iterator[Callable[..., httpx.Client]]:
    with ExitStack() as stack:

        def client(login: str, password: str = PASSWORD) -> httpx.Client:
            with hub.client() as stranger:
                answer = stranger.post("/api/v1/sessions", json={"login": login, "password": password})
            return stack.enter_context(hub.client(answer.raise_for_status().json()["token"]))

        yield client


@pytest.fixture
def two_stores(database: Database) -> None:
    with database.write() as session:
        for code in ("north", "south"):
            stores.create(session, command_line_actor(), NewStore(code=code, name=f"{code}店"))
