"""Tables of the knowledge base."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, Index, Text, UniqueConstraint
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id

PREFIX = "K"


class Article(Table, table=True):
    """One subject of a product line (K1). What is said about it is in its editions.

    ``models`` are those that it is about, none: the whole line. ``source_ticket`` is the repair that it was drafted
    from (K4), ``training`` marks training material.
    """

    __tablename__ = "knowledge_article"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    kind: Mapped[str] = Field(max_length=16)
    product_line: Mapped[str] = Field(max_length=64)
    models: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    fault: Mapped[str | None] = Field(default=None, max_length=64)
    training: Mapped[bool] = Field(default=False)
    source_ticket: Mapped[str | None] = Field(default=None, max_length=40)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        UniqueConstraint("source_ticket"),
        Index("ix_knowledge_article_line", "product_line", "id"),
        Index("ix_knowledge_article_fault", "fault", "id"),
        {"sqlite_autoincrement": True},
    )

    @property
    def public_id(self) -> str:
        """The number that people know the article by."""
        return public_id(PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The article as events name it."""
        return ("article", self.public_id)


class Edition(Versioned, Table, table=True):
    """What an article says about some versions of a firmware or program (K2). ``state`` changes through
    ``service.apply`` only.

    ``first_key`` and ``last_key`` are the versions as texts that sort like versions. ``measurements`` are the names of
    those that fail. ``written_by`` are all who wrote in it: none of them may approve it.
    """

    __tablename__ = "knowledge_edition"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    article_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="knowledge_article.id")
    number: Mapped[int]
    state: Mapped[str] = Field(max_length=16)
    software: Mapped[str] = Field(max_length=64)
    first_version: Mapped[str | None] = Field(default=None, max_length=32)
    last_version: Mapped[str | None] = Field(default=None, max_length=32)
    first_key: Mapped[str] = Field(max_length=32)
    last_key: Mapped[str] = Field(max_length=32)
    measurements: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    replaces: Mapped[int | None] = Field(default=None)
    written_by: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    said: Mapped[str | None] = Field(default=None, sa_type=Text)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    updated_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    published_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)
    reviewed_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        UniqueConstraint("article_id", "number"),
        CheckConstraint("first_key <= last_key", name="versions_in_order"),
        Index("ix_knowledge_edition_state", "state", "id"),
        {"sqlite_autoincrement": True},
    )


class EditionText(Table, table=True):
    """An edition in one language (K3)."""

    __tablename__ = "knowledge_text"

    edition_id: Mapped[int] = Field(
        sa_type=BigKey, foreign_key="knowledge_edition.id", primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    language: Mapped[str] = Field(max_length=8, primary_key=True)
    title: Mapped[str] = Field(max_length=200)
    symptom: Mapped[str] = Field(sa_type=Text)
    body: Mapped[str] = Field(sa_type=Text)


class Posting(Table, table=True):
    """That a published edition is found by a term, and how much the term says about it; see ``index``."""

    __tablename__ = "knowledge_posting"

    term: Mapped[str] = Field(max_length=80, primary_key=True)
    edition_id: Mapped[int] = Field(
        sa_type=BigKey, foreign_key="knowledge_edition.id", primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    weight: Mapped[float] = Field(sa_type=Double)

    __table_args__ = (Index("ix_knowledge_posting_edition", "edition_id"), {"sqlite_with_rowid": False})


class Use(Table, table=True):
    """That an edition was shown for a ticket, once a ticket, or that a person found it helpful or not.

    ``person`` is empty where the edition was shown: who looked is nobody's concern.
    """

    __tablename__ = "knowledge_use"

    edition_id: Mapped[int] = Field(
        sa_type=BigKey, foreign_key="knowledge_edition.id", primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    ticket: Mapped[str] = Field(max_length=40, primary_key=True)
    person: Mapped[str] = Field(max_length=80, primary_key=True)
    helpful: Mapped[bool | None] = Field(default=None)
    at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (Index("ix_knowledge_use_at", "at"),)
