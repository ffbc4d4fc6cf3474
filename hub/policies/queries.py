"""All SQL about policy versions."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from hub.core.paging import after_cursor
from hub.policies.models import PolicyVersion

_READ = "policy_versions"
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
    """Return every version, the oldest first; a session reads them once, as many rules ask for them in one request."""
    known: dict[tuple[str, str], Sequence[PolicyVersion]] = session.info.setdefault(_READ, {})
    if (family, name) not in known:
        known[family, name] = session.scalars(_ALL, {"family": family, "name": name}).all()
    return known[family, name]


def add(session: Session, row: PolicyVersion) -> None:
    """Add a version."""
    session.info.pop(_READ, None)
    session.add(row)
    session.flush()


def page(session: Session, family: str, name: str, cursor: str | None, limit: int) -> Sequence[PolicyVersion]:
    """Return versions, the newest first, one more than ``limit`` when there are more."""
    statement = select(PolicyVersion).where(PolicyVersion.family == family, PolicyVersion.name == name)
    return session.scalars(after_cursor(statement, [PolicyVersion.version], [int], cursor, limit)).all()


def names(session: Session, family: str) -> Sequence[str]:
    """Return the names of all documents of a family, in order."""
    statement = select(PolicyVersion.name).where(PolicyVersion.family == family, PolicyVersion.version == 1)
    return session.scalars(statement.order_by(PolicyVersion.name)).all()
