"""Which benches stand in somebody's stores (S5)."""

from typing import Any

from sqlalchemy import ColumnElement, select

from hub.dispatch.models import Workplace
from hub.identity.actors import Actor


def in_stores_of(actor: Actor, bench: Any) -> ColumnElement[bool] | None:
    """Return what a query has to ask of its column ``bench`` for ``actor``; ``None``: nothing.

    A bench without a workplace belongs to no store, so that only those see it who see the whole chain.
    """
    if actor.stores is None:
        return None
    found: ColumnElement[bool] = bench.in_(select(Workplace.bench).where(Workplace.store.in_(actor.stores)))
    return found
