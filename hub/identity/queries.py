"""All SQL about identities."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.identity.models import ApiKey


def key_by_id(session: Session, key_id: str) -> ApiKey | None:
    """Return one key, revoked or not."""
    return session.get(ApiKey, key_id)


def all_keys(session: Session) -> Sequence[ApiKey]:
    """Return every key, the oldest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)).all()
