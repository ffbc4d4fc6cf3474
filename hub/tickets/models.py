"""Tables of tickets."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base, BigKey
from hub.core.ids import public_id

PREFIX = "T"


class Ticket(Base):
    """One ticket (T1). ``state`` changes through ``service.apply`` only; ``version`` counts changes."""

    __tablename__ = "ticket"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    version: Mapped[int] = mapped_column(nullable=False)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(32))
    priority: Mapped[int]
    model: Mapped[str] = mapped_column(String(64))
    serial: Mapped[str] = mapped_column(String(64))
    symptom: Mapped[str] = mapped_column(Text)
    contact_name: Mapped[str | None] = mapped_column(String(128))
    contact_phone: Mapped[str | None] = mapped_column(String(32))
    contact_email: Mapped[str | None] = mapped_column(String(254))
    plan: Mapped[str | None] = mapped_column(String(128))
    bench: Mapped[str | None] = mapped_column(ForeignKey("bench.name"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("priority BETWEEN 0 AND 9", name="priority_range"),
        CheckConstraint("length(model) > 0 AND length(serial) > 0 AND length(symptom) > 0", name="complete"),
        Index("ix_ticket_state", "state", "id"),
        Index("ix_ticket_bench", "bench", "state", "id"),
        Index("ix_ticket_serial", "serial", "id"),
        {"sqlite_autoincrement": True},
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's way

    @property
    def public_id(self) -> str:
        """The number that people and benches know the ticket by."""
        return public_id(PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The ticket as events name it."""
        return ("ticket", self.public_id)
