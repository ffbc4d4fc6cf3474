"""All SQL about identities."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.core.ids import row_number
from hub.core.paging import after_cursor
from hub.identity.actors import Actor
from hub.identity.models import PREFIX, ApiKey, LoginSession, LoginThrottle, SignOn, User

_API_KEY = ApiKey.__table__.c  # type: ignore[attr-defined]
_KEY = select(*_API_KEY).where(_API_KEY.id == bindparam("id"))
"""Every request reads one: a statement that is made once costs half, and a plain row half of that."""


def key_by_id(session: Session, key_id: str) -> ApiKey | None:
    """Return one key, revoked or not."""
    return session.get(ApiKey, key_id)


def key_facts(session: Session, key_id: str) -> Row[Any] | None:
    """Return the columns of one key, revoked or not."""
    return session.execute(_KEY, {"id": key_id}).one_or_none()


def all_keys(session: Session) -> Sequence[ApiKey]:
    """Return every key, the oldest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)).all()


def live_keys_made_by(session: Session, person: str) -> Sequence[str]:
    """Return the ids of the keys that a person made and nobody has revoked, the oldest first."""
    made = select(ApiKey.id).where(ApiKey.made_by == person, ApiKey.revoked_at.is_(None))
    return session.scalars(made.order_by(ApiKey.created_at, ApiKey.id)).all()


def keys(session: Session, cursor: str | None, limit: int) -> Sequence[ApiKey]:
    """Return keys, the newest first, one more than ``limit`` when there are more."""
    key, types = [ApiKey.created_at, ApiKey.id], [datetime, str]
    return session.scalars(after_cursor(select(ApiKey), key, types, cursor, limit)).all()


def user(session: Session, public_id: str, *, for_update: bool = False) -> User | None:
    """Return one user, disabled or not."""
    number = row_number(PREFIX, public_id)
    if number is None:
        return None
    statement = select(User).where(User.id == number)
    return session.scalar(statement.with_for_update() if for_update else statement)


def user_by_login(session: Session, login: str) -> User | None:
    """Return the user with this login, as ``users.normal_login`` writes it."""
    return session.scalar(select(User).where(User.login == login))


def user_by_subject(session: Session, subject: str) -> User | None:
    """Return the user whom the provider of single sign-on knows by ``subject``."""
    return session.scalar(select(User).where(User.oidc_subject == subject))


def take_sign_on(session: Session, state: str, browser: str, at: datetime) -> SignOn | None:
    """Remove a sign-on that has begun and return it; whoever comes a second time finds none."""
    mine = (SignOn.state_sha256 == state) & (SignOn.browser_sha256 == browser) & (SignOn.expires_at > at)
    return session.scalar(delete(SignOn).where(mine).returning(SignOn))


def forget_sign_ons(session: Session, before: datetime) -> None:
    """Remove sign-ons that nobody completed."""
    session.execute(delete(SignOn).where(SignOn.expires_at < before))


def users(session: Session, actor: Actor, cursor: str | None, limit: int) -> Sequence[User]:
    """Return users whom ``actor`` may see, the newest first, one more than ``limit`` when there are more."""
    statement = select(User)
    if actor.stores is not None:
        elements = func.jsonb_array_elements_text if _is_postgresql(session) else func.json_each
        code = elements(User.stores).table_valued("value").c.value
        mine = select(code).where(code.in_(actor.stores)).exists()
        statement = statement.where(or_(User.id == (row_number(PREFIX, actor.id) or 0), mine))
    return session.scalars(after_cursor(statement, [User.id], [int], cursor, limit)).all()


def all_users(session: Session) -> Sequence[User]:
    """Return every user, the oldest first."""
    return session.scalars(select(User).order_by(User.id)).all()


def session_with_user(session: Session, session_id: str) -> tuple[LoginSession, User] | None:
    """Return a login session and whose it is."""
    found = session.execute(
        select(LoginSession, User).join(User, User.id == LoginSession.user_id).where(LoginSession.id == session_id)
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def end_session(session: Session, session_id: str) -> None:
    """Remove one login session."""
    session.execute(delete(LoginSession).where(LoginSession.id == session_id))


def end_sessions_of(session: Session, user_id: int, *, but: str | None = None) -> None:
    """Remove a user's login sessions, perhaps all but one."""
    statement = delete(LoginSession).where(LoginSession.user_id == user_id)
    session.execute(statement if but is None else statement.where(LoginSession.id != but))


def forget_sessions(session: Session, before: datetime) -> None:
    """Remove login sessions that have expired."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at < before))


def throttle_for_update(session: Session, subject: str, at: datetime) -> LoginThrottle:
    """Return the counter of a subject, made now if there is none, locked until the transaction ends."""
    insert = postgresql.insert if _is_postgresql(session) else sqlite.insert
    row = {"subject": subject, "failures": 0, "blocked_until": at, "updated_at": at}
    session.execute(insert(LoginThrottle).values(row).on_conflict_do_nothing())
    return session.scalars(select(LoginThrottle).where(LoginThrottle.subject == subject).with_for_update()).one()


def blocked_until(session: Session, subject: str) -> datetime | None:
    """Return until when a subject has to wait, ``None`` when nothing is counted of it."""
    return session.scalar(select(LoginThrottle.blocked_until).where(LoginThrottle.subject == subject))


def forget_throttles(session: Session, before: datetime) -> None:
    """Remove counters that nothing was added to since ``before``."""
    session.execute(delete(LoginThrottle).where(LoginThrottle.updated_at < before))


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
