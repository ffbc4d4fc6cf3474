"""Tables of identities."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id

PREFIX = "U"


class ApiKey(Table, table=True):
    """A key of a system or a bench. The secret itself is never stored, only its SHA-256.

    ``scopes`` are the permissions that the key keeps of its role, ``stores`` those whose records it sees; none: all.
    ``made_by`` is the person who made it.
    """

    __tablename__ = "api_key"

    id: Mapped[str] = Field(max_length=12, primary_key=True)
    name: Mapped[str] = Field(max_length=128)
    role: Mapped[str] = Field(max_length=32)
    bench: Mapped[str | None] = Field(default=None, max_length=128)
    scopes: Mapped[list[Any] | None] = Field(default=None, sa_type=Json)
    stores: Mapped[list[Any] | None] = Field(default=None, sa_type=Json)
    made_by: Mapped[str | None] = Field(default=None, max_length=80)
    secret_sha256: Mapped[str] = Field(max_length=64)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    revoked_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (CheckConstraint("(role = 'bench') = (bench IS NOT NULL)", name="bench_role_has_bench"),)


class User(Versioned, Table, table=True):
    """A person with an account. ``stores`` are the codes of the stores that the person works for; none: all.

    ``made_by`` made the account and ``password_by`` last gave it a password (``Actor.person``): they could use it.
    ``None``: somebody on the hub's own machine.
    """

    __tablename__ = "user_account"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    login: Mapped[str] = Field(max_length=64, unique=True)
    name: Mapped[str] = Field(max_length=128)
    role: Mapped[str] = Field(max_length=32)
    stores: Mapped[list[Any] | None] = Field(default=None, sa_type=Json)
    password_hash: Mapped[str] = Field(max_length=256)
    must_change_password: Mapped[bool]
    made_by: Mapped[str | None] = Field(default=None, max_length=80)
    password_by: Mapped[str | None] = Field(default=None, max_length=80)
    oidc_subject: Mapped[str | None] = Field(default=None, max_length=255)
    """Who the person is to the provider of single sign-on, once they have come by it."""
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    disabled_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("role NOT IN ('bench', 'store_system')", name="person_role"),
        Index("ix_user_account_oidc_subject", "oidc_subject", unique=True),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number that events know the person by."""
        return public_id(PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The user as events name it."""
        return ("user", self.public_id)


class LoginSession(Table, table=True):
    """A person who is logged in, until ``expires_at`` or an earlier end."""

    __tablename__ = "login_session"

    id: Mapped[str] = Field(max_length=12, primary_key=True)
    user_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="user_account.id")
    secret_sha256: Mapped[str] = Field(max_length=64)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    expires_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (Index("ix_login_session_user", "user_id"), Index("ix_login_session_expires", "expires_at"))


class LoginThrottle(Table, table=True):
    """Failed logins of one account or from one address, by the SHA-256 of its name: what people mistype is theirs."""

    __tablename__ = "login_throttle"

    subject: Mapped[str] = Field(max_length=64, primary_key=True)
    failures: Mapped[int]
    blocked_until: Mapped[datetime] = Field(sa_type=UtcDateTime)
    updated_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (Index("ix_login_throttle_updated", "updated_at"),)


class SignOn(Table, table=True):
    """A single sign-on that has begun and whose browser has not come back yet."""

    __tablename__ = "sign_on"

    state_sha256: Mapped[str] = Field(max_length=64, primary_key=True)
    browser_sha256: Mapped[str] = Field(max_length=64)
    nonce: Mapped[str] = Field(max_length=64)
    verifier: Mapped[str] = Field(max_length=128)
    expires_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (Index("ix_sign_on_expires", "expires_at"),)
