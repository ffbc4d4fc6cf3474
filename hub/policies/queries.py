"""All SQL about policy versions."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from pydantic import BaseModel
from sqlalchemy import Engine, bindparam, func, select
from sqlalchemy.orm import Session

from hub.core.bodies import stored
from hub.core.paging import after_cursor
from hub.policies.models import PolicyVersion

D = TypeVar("D", bound=BaseModel)
T = TypeVar("T")
_READ = "policy_versions"
_NEWEST = select(func.max(PolicyVersion.__table__.c.id))  # type: ignore[attr-defined]
_ALL = (
    select(PolicyVersion)
    .where(PolicyVersion.family == bindparam("family"), PolicyVersion.name == bindparam("name"))
    .order_by(PolicyVersion.version)
)


def version(session: Session, family: str, name: str, number: int) -> PolicyVersion | None:
    """Return one version."""
    return session.scalar(
        select(PolicyVersion).where(
            PolicyVersion.family == family, PolicyVersion.name == name, PolicyVersion.version == number
        )
    )


def newest_number(session: Session, family: str, name: str) -> int:
    """Return the number of the newest version, 0 when there is none."""
    statement = select(func.max(PolicyVersion.version)).where(
        PolicyVersion.family == family, PolicyVersion.name == name
    )
    return session.scalar(statement) or 0


def all_versions(session: Session, family: str, name: str) -> Sequence[PolicyVersion]:
    """Return every version, the oldest first, to be read only: they are shared as long as nobody adds one."""
    known = _known_to(session)
    if (family, name) not in known.versions:
        rows = session.scalars(_ALL, {"family": family, "name": name}).all()
        for row in rows:
            session.expunge(row)  # it outlives the session
        known.versions[family, name] = rows
    return known.versions[family, name]


def document(session: Session, row: PolicyVersion, kind: type[D]) -> D:
    """Return what a version says; it is read once as long as nobody adds one."""
    known = _known_to(session)
    found = known.documents.get((row.id, kind))
    if not isinstance(found, kind):
        found = known.documents[row.id, kind] = stored(kind, row.document)
    return found


def computed(session: Session, key: Hashable, make: Callable[[], T]) -> T:
    """Return what follows from versions and ``key`` alone; ``make`` is asked once as long as nobody adds a version."""
    known = _known_to(session)
    if key not in known.computed:
        known.computed[key] = make()
    found: T = known.computed[key]
    return found


@dataclass(slots=True)
class _Known:
    """What was read while ``newest`` was the newest version of all, which tells that nobody added one meanwhile.

    Rows are never changed nor removed, and one writer at a time adds them, so their numbers follow each other.
    """

    newest: int
    versions: dict[tuple[str, str], Sequence[PolicyVersion]] = field(default_factory=dict)
    documents: dict[tuple[int, type[BaseModel]], BaseModel] = field(default_factory=dict)
    computed: dict[Hashable, Any] = field(default_factory=dict)


_shared: WeakKeyDictionary[Engine, _Known] = WeakKeyDictionary()


def _known_to(session: Session) -> _Known:
    """Return what is known of the state that the session sees; it asks for it once."""
    known: _Known | None = session.info.get(_READ)
    if known is None:
        engine, newest = session.get_bind().engine, session.scalar(_NEWEST) or 0
        known = _shared.get(engine)
        if known is None or known.newest != newest:
            known = _shared[engine] = _Known(newest)
        session.info[_READ] = known
    return known


def add(session: Session, row: PolicyVersion) -> None:
    """Add a version."""
    session.add(row)
    session.flush()
    session.info[_READ] = _Known(row.id)  # for this session alone: its transaction may yet be undone


def page(session: Session, family: str, name: str, cursor: str | None, limit: int) -> Sequence[PolicyVersion]:
    """Return versions, the newest first, one more than ``limit`` when there are more."""
    statement = select(PolicyVersion).where(PolicyVersion.family == family, PolicyVersion.name == name)
    return session.scalars(after_cursor(statement, [PolicyVersion.version], [int], cursor, limit)).all()


def names(session: Session, family: str) -> Sequence[str]:
    """Return the names of all documents of a family, in order."""
    statement = select(PolicyVersion.name).where(PolicyVersion.family == family, PolicyVersion.version == 1)
    return session.scalars(statement.order_by(PolicyVersion.name)).all()
