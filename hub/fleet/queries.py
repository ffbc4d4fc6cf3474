"""All SQL about benches."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.fleet.models import Bench


def bench(session: Session, name: str) -> Bench | None:
    """Return one bench."""
    return session.get(Bench, name)


def bench_for_update(session: Session, name: str) -> Bench | None:
    """Return one bench and keep others from changing it until the transaction ends."""
    return session.get(Bench, name, with_for_update=True)


def benches(session: Session, after: str | None, limit: int) -> Sequence[Bench]:
    """Return benches by name, those behind ``after``."""
    statement = select(Bench).order_by(Bench.name).limit(limit)
    if after is not None:
        statement = statement.where(Bench.name > after)
    return session.scalars(statement).all()


def desired_revisions(session: Session) -> Sequence[tuple[str, int]]:
    """Return name and desired revision of every bench."""
    return [(name, revision) for name, revision in session.execute(select(Bench.name, Bench.desired_revision))]


def forget_presence(session: Session) -> None:
    """Take every bench for offline until its retained presence is read again."""
    session.execute(update(Bench).where(Bench.online).values(online=False))
