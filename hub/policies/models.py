"""The table of policy versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base, BigKey


class PolicyVersion(Base):
    """One version of one document. Rows are added and never changed: a decision can name the version that made it."""

    __tablename__ = "policy_version"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    family: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    valid_from: Mapped[datetime]
    created_at: Mapped[datetime]
    document: Mapped[dict[str, Any]]

    __table_args__ = (
        UniqueConstraint("family", "name", "version"),
        CheckConstraint("version > 0", name="version_positive"),
        {"sqlite_autoincrement": True},
    )
