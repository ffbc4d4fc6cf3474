"""All SQL about stores."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from hub.identity.actors import Actor
from hub.stores.models import Store

_EXISTING = select(Store.code, Store.closed_at).where(Store.code.in_(bindparam("codes", expanding=True)))


def _visible(actor: Actor) -> Select[Store]:
    """Start every query about stores here: an actor sees the stores of its scope."""
    statement = select(Store)
    return statement if actor.stores is None else statement.where(Store.code.in_(actor.stores))


def visible_store(session: Session, actor: Actor, code: str, *, for_update: bool = False) -> Store | None:
    """Return one store that ``actor`` may see."""
    statement = _visible(actor).where(Store.code == code)
    return session.scalar(statement.with_for_update() if for_update else statement)


def stores(session: Session, actor: Actor, after: str | None, limit: int) -> Sequence[Store]:
    """Return visible stores by code, those behind ``after``."""
    statement = _visible(actor).order_by(Store.code).limit(limit)
    return session.scalars(statement if after is None else statement.where(Store.code > after)).all()


def existing(session: Session, codes: Collection[str]) -> dict[str, datetime | None]:
    """Return which of ``codes`` are stores, and since when each is closed."""
    found = session.execute(_EXISTING, {"codes": list(codes)})
    return {row.code: row.closed_at for row in found}
