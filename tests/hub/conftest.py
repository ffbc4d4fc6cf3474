"""A hub over real HTTP, beside a real Mosquitto."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub.core.database import Database
from hub.core.settings import Settings
from hub.identity.actors import command_line_actor
from hub.identity.permissions import Role
from hub.identity.service import create_key

sys.path.insert(0, str(Path(__file__).parent))

from databases import NewDatabase, postgresql_maker, sqlite_maker
from hub_bench import FakeBench
from hub_running import MakeKey, RunningHub
from mosquitto import Mosquitto
from waiting import wait_until

DIALECTS = os.environ.get("BENCHWRIGHT_TEST_DATABASE", "sqlite").split(",")
"""Each test with a database runs on all of these: sqlite, postgresql."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "dialect" in metafunc.fixturenames and len(DIALECTS) > 1:
        alike = metafunc.definition.get_closest_marker("any_database")
        metafunc.parametrize("dialect", DIALECTS[:1] if alike else DIALECTS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def dialect(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", DIALECTS[0]))


@pytest.fixture(scope="session")
def new_database(dialect: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewDatabase]:
    """A maker of migrated databases, copies of a template: migrating takes longer than most tests."""
    makers = {"sqlite": sqlite_maker, "postgresql": postgresql_maker}
    with makers[dialect](tmp_path_factory.mktemp("template")) as make:
        yield make


@pytest.fixture
def settings(tmp_path: Path, new_database: NewDatabase) -> Iterator[Settings]:
    folder = tmp_path / "data"
    folder.mkdir()
    with new_database(folder) as url:
        text = None if url.get_backend_name() == "sqlite" else url.render_as_string()
        yield Settings(data_dir=folder, database_url=text, port=0)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.url)
    yield database
    database.close()


@pytest.fixture
def make_key(database: Database) -> MakeKey:
    def make(role: str, bench: str | None = None, name: str = "test", stores: list[str] | None = None) -> str:
        values = {"name": name, "role": Role(role), "bench": bench, "stores": stores}
        with database.write() as session:
            return create_key(session, command_line_actor(), **values)[1]

    return make


@pytest.fixture
def hub(settings: Settings) -> Iterator[RunningHub]:
    """HTTP alone, without a broker."""
    with RunningHub(settings, ingest_workers=0) as running:
        yield running


@pytest.fixture
def admin(hub: RunningHub, make_key: MakeKey) -> Iterator[httpx.Client]:
    with hub.client(make_key("admin")) as client:
        yield client


@pytest.fixture
def staff(hub: RunningHub, make_key: MakeKey) -> Iterator[httpx.Client]:
    with hub.client(make_key("staff")) as client:
        yield client


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """Without persistence, as in production."""
    with Mosquitto(tmp_path, "max_queued_messages 10000") as broker:
        yield broker


@pytest.fixture
def connected_hub(settings: Settings, broker: Mosquitto) -> Iterator[RunningHub]:
    """HTTP and one ingest worker, connected to the broker."""
    with RunningHub(settings.model_copy(update={"mqtt": broker.url}), ingest_workers=1) as running:
        with running.client() as client:
            wait_until(lambda: client.get("/readyz").status_code == 200, "the hub's readiness")
        yield running


@pytest.fixture
def bench(broker: Mosquitto) -> Iterator[FakeBench]:
    with FakeBench("bench-01", broker.port) as bench:
        yield bench
