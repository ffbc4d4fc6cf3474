"""The table of policy versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime


class PolicyVersion(Table, table=True):
    """One version of one document. Rows are added and never changed: a decision can name the version that made it."""

    __tablename__ = "policy_version"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    family: Mapped[str] = Field(max_length=32)
    name: Mapped[str] = Field(max_length=64)
    version: Mapped[int]
    valid_from: Mapped[datetime] = Field(sa_type=UtcDateTime)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    document: Mapped[dict[str, Any]] = Field(sa_type=Json)

    __table_args__ = (
        UniqueConstraint("family", "name", "version"),
        CheckConstraint("version > 0", name="version_positive"),
        {"sqlite_autoincrement": True},
    )
