"""Tables of identities."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base, BigKey
from hub.core.ids import public_id

PREFIX = "U"
_List = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class ApiKey(Base):
    """A key of a system or a bench. The secret itself is never stored, only its SHA-256.

    ``scopes`` are the permissions that the key keeps of its role, ``stores`` those whose records it sees; none: all.
    ``made_by`` is the person who made it.
    """

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(32))
    bench: Mapped[str | None] = mapped_column(String(128))
    scopes: Mapped[list[Any] | None] = mapped_column(_List)
    stores: Mapped[list[Any] | None] = mapped_column(_List)
    made_by: Mapped[str | None] = mapped_column(String(80))
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("(role = 'bench') = (bench IS NOT NULL)", name="bench_role_has_bench"),)


class User(Base):
    """A person with an account. ``stores`` are the codes of the stores that the person works for; none: all."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    version: Mapped[int] = mapped_column(nullable=False)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(32))
    stores: Mapped[list[Any] | None] = mapped_column(_List)
    password_hash: Mapped[str] = mapped_column(String(256))
    must_change_password: Mapped[bool]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("role NOT IN ('bench', 'store_system')", name="person_role"),
        {"sqlite_autoincrement": True},
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's way

    @property
    def public_id(self) -> str:
        """The number that events know the person by."""
        return public_id(PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The user as events name it."""
        return ("user", self.public_id)


class LoginSession(Base):
    """A person who is logged in, until ``expires_at`` or an earlier end."""

    __tablename__ = "login_session"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (Index("ix_login_session_user", "user_id"), Index("ix_login_session_expires", "expires_at"))


class LoginThrottle(Base):
    """Failed logins of one account or from one address, by the SHA-256 of its name: what people mistype is theirs."""

    __tablename__ = "login_throttle"

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    blocked_until: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (Index("ix_login_throttle_updated", "updated_at"),)
