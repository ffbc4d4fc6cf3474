"""Migrations of the database, packaged with the hub and run from it."""

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, inspect
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from hub.core.database import Database
from hub.core.settings import SettingsError
from hub.core.tables import metadata

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the database to ``revision``, in one transaction."""
    with database.rebuild() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the database back to ``revision`` (``base``: no tables), in one transaction."""
    with database.rebuild() as connection:
        command.downgrade(_config(connection), revision)


@lru_cache
def head() -> str:
    """Return the newest revision that this version knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101 - the first migration is packaged
    return revision


def revisions() -> list[str]:
    """Return every revision that this version knows, the oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def current(database: Database) -> str | None:
    """Return the database's revision, ``None`` for a database without our tables."""
    with database.read() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def is_current(database: Database) -> bool:
    """Whether the database answers and is at the newest revision."""
    try:
        return current(database) == head()
    except SQLAlchemyError:
        return False


def is_empty(database: Database) -> bool:
    """Whether the database has no tables at all."""
    with database.read() as session:
        return not inspect(session.connection()).get_table_names()


def prepare(url: URL) -> None:
    """Make the tables in an empty database; raise ``SettingsError`` for one that needs a migration first."""
    database = Database(url)
    try:
        if is_empty(database):
            upgrade(database)
        elif not is_current(database):
            found = current(database) or "none"
            newer = found not in {"none", *revisions()}
            remedy = "install the version that made it" if newer else "run: benchwright hub migrate"
            raise SettingsError(f"the database is at revision {found}, this version needs {head()}; {remedy}")
    finally:
        database.close()


def differences(database: Database) -> list[object]:
    """Return how the database's tables differ from the models; empty when migrations and models agree."""
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def write_revision(database: Database, number: str, message: str) -> None:
    """Write the migration that brings a database at the newest revision to the models: for developers."""
    with database.write() as session:
        command.revision(_config(session.connection()), message, autogenerate=True, rev_id=number)


def script(dialect: str) -> None:
    """Print the SQL of all migrations for another database (``postgresql``), without connecting to it."""
    config = _config()
    config.attributes["dialect"] = dialect
    command.upgrade(config, "head", sql=True)
