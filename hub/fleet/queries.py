"""All SQL about benches."""

from collections.abc import Sequence

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from hub.dispatch.places import in_stores_of
from hub.fleet.models import Bench
from hub.identity.actors import Actor


def bench(session: Session, name: str) -> Bench | None:
    """Return one bench."""
    return session.get(Bench, name)


def visible_bench(session: Session, actor: Actor, name: str) -> Bench | None:
    """Return one bench that ``actor`` may see."""
    return session.scalar(_seen_by(select(Bench).where(Bench.name == name), actor))


def bench_for_update(session: Session, name: str) -> Bench | None:
    """Return one bench and keep others from changing it until the transaction ends."""
    return session.get(Bench, name, with_for_update=True)


def benches(session: Session, actor: Actor, after: str | None, limit: int) -> Sequence[Bench]:
    """Return benches that ``actor`` may see by name, those behind ``after``."""
    statement = _seen_by(select(Bench), actor).order_by(Bench.name).limit(limit)
    if after is not None:
        statement = statement.where(Bench.name > after)
    return session.scalars(statement).all()


def desired_revisions(session: Session) -> Sequence[tuple[str, int]]:
    """Return name and desired revision of every bench."""
    return [(name, revision) for name, revision in session.execute(select(Bench.name, Bench.desired_revision))]


def forget_presence(session: Session) -> None:
    """Take every bench for offline until its retained presence is read again."""
    session.execute(update(Bench).where(Bench.online).values(online=False))


def _seen_by(statement: Select[Bench], actor: Actor) -> Select[Bench]:
    within = in_stores_of(actor, Bench.name)
    return statement if within is None else statement.where(within)
