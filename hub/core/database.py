"""The database: engine, sessions, and the unit of work.

A unit of work is opened at the boundary (an HTTP endpoint, an ingest group, a command of the command line) and
commits there; nothing below a boundary commits. There is one writer at a time: it holds the lock of its process, then
that of the database (``BEGIN IMMEDIATE`` on SQLite, an advisory lock on PostgreSQL). Writers queue in order instead of
failing late or locking each other out, which keeps the slowest create quick; readers never wait.

SQLite commits with ``synchronous=FULL``: a bench deletes its records on the hub's receipt, so what is receipted
has to survive a power cut at the hub.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    URL,
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Insert,
    Integer,
    MetaData,
    create_engine,
    event,
    insert,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, declared_attr, make_transient_to_detached, registry
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from hub.core.in_order import InOrder
from hub.core.private import close_to_others, make_file, make_folder
from hub.core.settings import SettingsError

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapped as Mapped  # noqa: PLC0414 - for the models
else:

    class Mapped:
        """``Mapped[T]`` is a column on the class and a ``T`` on a row; at run time SQLModel wants the plain ``T``."""

        def __class_getitem__(cls, item: Any) -> Any:
            return item


_WRITES = "benchwright_writes"
_WRITER_LOCK = 7_238_112_001
POSTGRESQL_OPTIONS = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
"""No request waits for ever for a writer, and no writer that hangs keeps all others waiting."""
SQLITE_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16384",
    "PRAGMA wal_autocheckpoint = 4000",
)
"""A writer that finds 4,000 pages (16 MB) in the log brings them into the file, and others wait for it: at a million
tickets more rarely than by default takes a fifth less time an intake. What is committed is in the log, safe on disk."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: ``timestamptz`` on PostgreSQL, text that sorts like time on SQLite; always aware in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into what the database keeps; a naive one is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


Json: TypeEngine[Any] = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A document; an absent one is NULL, not JSON's null."""
BigKey: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key that SQLite lets grow by itself."""


_METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Table(SQLModel, registry=registry(metadata=_METADATA)):
    """A table as a SQLModel class: columns of the class, plain values of a row.

    SQLModel does not validate table rows on construction: schemas do that at the boundary, and CHECK constraints in the
    database.
    """

    def __init__(self, **values: Any) -> None:
        """Set the columns that are given, and the others to their defaults; SQLModel would ask pydantic for each.

        A new row is written as it is, so nothing needs to note what changed of it.
        """
        plain, made = _defaults(type(self))
        if not values.keys() <= type(self).model_fields.keys():
            raise TypeError(f"{type(self).__name__} has no {sorted(values.keys() - type(self).model_fields.keys())}")
        self.__dict__ |= {**plain, **values}
        for name, make in made.items():
            if name not in values:
                self.__dict__[name] = make()

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a column as SQLAlchemy does; SQLModel would ask pydantic besides, which has nothing to say of a row."""
        object.__setattr__(self, name, value)


@cache
def _defaults(table: type[Table]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """Return the columns with a default: those with a value, and those whose value is made for each row."""
    fields = {name: field for name, field in table.model_fields.items() if not field.is_required()}
    made: dict[str, Any] = {name: field.default_factory for name, field in fields.items() if field.default_factory}
    return {name: field.default for name, field in fields.items() if name not in made}, made


def insert_now(session: Session, row: Table) -> None:
    """Write a new row at once and keep it in the session, as ``add`` and ``flush`` do, in a third of their time.

    For rows that a hot path adds one at a time: a flush sorts and compares whatever the session holds. The row has all
    its columns, but for a key that the database gives. What the session holds is written first.
    """
    session.flush()
    statement, names, key = _insertion(type(row))
    if isinstance(row, Versioned):
        row.version = 1
    values = {name: value for name in names if (value := getattr(row, name)) is not None or name != key}
    result: Any = session.connection().execute(statement, values)
    if key not in values:
        setattr(row, key, result.inserted_primary_key[0])
    make_transient_to_detached(row)
    undone = session.identity_map.get(session.identity_key(instance=row))
    if undone is not None:
        session.expunge(undone)  # its number was given again, so the part that it was written in was undone
    session.add(row)


@cache
def _insertion(table: type[Table]) -> tuple[Insert, tuple[str, ...], str]:
    """Return the statement, the columns, and the one column that is the key."""
    columns = table.__table__.c  # type: ignore[attr-defined]
    (key,) = table.__table__.primary_key.columns.keys()  # type: ignore[attr-defined]
    return insert(table.__table__), tuple(columns.keys()), key  # type: ignore[attr-defined]


class Versioned(SQLModel):
    """Rows that count their changes: writing over what somebody else has changed meanwhile fails."""

    version: Mapped[int] = Field(default=None)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class Database:
    """A pool of connections and the two ways to use one: ``read()`` and ``write()``."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        if self.is_sqlite and url.database and not url.database.startswith((":", "file:")):
            file = Path(url.database)
            try:
                make_folder(file.parent)
                make_file(file)  # those that SQLite puts beside it get its mode
                for suffix in ("-wal", "-shm"):
                    close_to_others(file.with_name(file.name + suffix))
            except OSError as error:
                raise SettingsError(
                    f"the database {file} cannot be made there ({error.strerror}); name another folder as data_dir"
                ) from error
        if not self.is_sqlite:
            url = url.update_query_dict({"options": f"{url.query.get('options', '')} {POSTGRESQL_OPTIONS}".strip()})
        self.engine: Engine = create_engine(
            url,
            pool_size=20,
            max_overflow=40,
            pool_timeout=30,
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,  # an error's text goes into the log, and values can be personal data
        )
        self._reading = self.engine
        self._writer_lock = InOrder()
        if self.is_sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "begin", _begin_postgresql)
            self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._writing = self.engine.execution_options(**{_WRITES: True})

    @contextmanager
    def one_unit(self) -> Iterator["Unit"]:
        """Let every ``write()`` of this context, till the block ends, be a part of one transaction.

        It begins with the first ``write()``, and commits at the end of the block unless the block raises. A part that
        raises is undone alone. ``read()`` sees what was written. Blocks do not nest.
        """
        with ExitStack() as stack:
            unit = Unit(self, stack)
            token = _unit.set(unit)
            try:
                yield unit
            finally:
                _unit.reset(token)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session over one consistent snapshot; what it changes is thrown away."""
        unit = _unit.get()
        if unit is not None and unit.database is self and unit.session is not None:
            yield unit.session
            return
        with Session(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session in the one writing transaction; it commits when the block ends, and not when it raises."""
        unit = _unit.get()
        if unit is None or unit.database is not self:
            with self._transaction() as session:
                yield session
            return
        if unit.session is None:
            unit.session = unit.stack.enter_context(self._transaction())
        with unit.session.begin_nested():
            yield unit.session

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """Give the one writing transaction for a change of the tables themselves.

        SQLite changes a table by making another in its place, to which references lead nowhere for a while; so they
        are checked at the end. Raises ``IntegrityError`` for one that leads nowhere then.
        """
        with self._writer_lock, self._writing.connect() as connection:
            driver: Any = connection.connection.driver_connection
            if not self.is_sqlite:
                with connection.begin():
                    yield connection
                return
            driver.execute("PRAGMA foreign_keys = OFF")  # has no effect once a transaction has begun
            try:
                with connection.begin():
                    yield connection
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                    if broken is not None:
                        raise IntegrityError(
                            None, None, Exception(f"{broken[0]}: a reference to {broken[2]} is broken")
                        )
            finally:
                driver.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._writer_lock, Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


@dataclass(slots=True)
class Unit:
    """Several ``write()`` blocks as one transaction; ``session`` is there from the first on."""

    database: Database
    stack: ExitStack
    session: Session | None = None


_unit: ContextVar[Unit | None] = ContextVar("unit_of_work", default=None)


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself; _begin_sqlite does
    for pragma in SQLITE_PRAGMAS:
        connection.execute(pragma)


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_WRITER_LOCK,))


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
