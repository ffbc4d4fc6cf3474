"""Migrations of the database, packaged with the hub and run from it.

Alembic, which takes a fifth of a second to import, is there when tables are made or changed. A hub that finds its
tables as they should be starts without it.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from hub.core.database import Database
from hub.core.settings import SettingsError
from hub.core.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the database to ``revision``, in one transaction."""
    from alembic import command

    with database.rebuild() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the database back to ``revision`` (``base``: no tables), in one transaction."""
    from alembic import command

    with database.rebuild() as connection:
        command.downgrade(_config(connection), revision)


@lru_cache
def head() -> str:
    """Return the newest revision that this version knows: files are named by their revisions, one after the other."""
    return max(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py"))


def revisions() -> list[str]:
    """Return every revision that this version knows, the oldest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def current(database: Database) -> str | None:
    """Return the database's revision, ``None`` for a database without our tables."""
    with database.read() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
        return found


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
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def write_revision(database: Database, number: str, message: str) -> None:
    """Write the migration that brings a database at the newest revision to the models: for developers."""
    from alembic import command

    with database.write() as session:
        command.revision(_config(session.connection()), message, autogenerate=True, rev_id=number)


def script(dialect: str) -> None:
    """Print the SQL of all migrations for another database (``postgresql``), without connecting to it."""
    from alembic import command

    config = _config()
    config.attributes["dialect"] = dialect
    command.upgrade(config, "head", sql=True)
