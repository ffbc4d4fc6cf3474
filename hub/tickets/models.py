"""Tables of tickets."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.core.database import Base, BigKey
from hub.core.ids import public_id

PREFIX = "T"


class Ticket(Base):
    """One ticket (T1). ``state`` changes through ``service.apply`` only; ``version`` counts changes.

    A text that is not there (a consultation without a device, a draft) is empty. The contact is how this ticket's
    customer wants to be reached; erasing the customer empties it.
    """

    __tablename__ = "ticket"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    version: Mapped[int] = mapped_column(nullable=False)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(32))
    priority: Mapped[int]
    model: Mapped[str] = mapped_column(String(64))
    serial: Mapped[str] = mapped_column(String(64))
    symptom: Mapped[str] = mapped_column(Text)
    store: Mapped[str | None] = mapped_column(String(64))
    channel: Mapped[str | None] = mapped_column(String(16))
    urgency: Mapped[str | None] = mapped_column(String(16))
    fault: Mapped[str | None] = mapped_column(String(64))
    accessories: Mapped[list[Any] | None]
    appearance: Mapped[str | None] = mapped_column(Text)
    proof_kind: Mapped[str | None] = mapped_column(String(16))
    proof_number: Mapped[str | None] = mapped_column(String(64))
    waited_s: Mapped[int | None]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    contact_name: Mapped[str | None] = mapped_column(String(128))
    contact_phone: Mapped[str | None] = mapped_column(String(32))
    contact_email: Mapped[str | None] = mapped_column(String(254))
    plan: Mapped[str | None] = mapped_column(String(128))
    bench: Mapped[str | None] = mapped_column(ForeignKey("bench.name"))
    owner: Mapped[str | None] = mapped_column(String(64))
    approval: Mapped[str | None] = mapped_column(String(16))
    reviewed: Mapped[bool] = mapped_column(default=False)
    test_waived: Mapped[bool] = mapped_column(default=False)
    priority_pinned: Mapped[bool] = mapped_column(default=False)
    priority_reasons: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("priority BETWEEN 0 AND 9", name="priority_range"),
        CheckConstraint("state IN ('draft', 'cancelled') OR length(symptom) > 0", name="complete"),
        Index("ix_ticket_state", "state", "id"),
        Index("ix_ticket_bench", "bench", "state", "id"),
        Index("ix_ticket_serial", "serial", "id"),
        Index("ix_ticket_customer", "customer_id", "id"),
        Index("ix_ticket_alike", "model", "fault", "id"),
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


class Remark(Base):
    """What people wrote about a ticket, outside of the event that it belongs to.

    Free text can name people, so it must be erasable, and an event is not. The event keeps a commitment to the text:
    the SHA-256 of salt and content. While both are there, a changed text shows; when both are erased, nothing can be
    found out from what the event keeps.
    """

    __tablename__ = "ticket_remark"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    salt: Mapped[str | None] = mapped_column(String(32))
    content: Mapped[dict[str, Any] | None]

    __table_args__ = (Index("ix_ticket_remark_ticket", "ticket_id", "id"), {"sqlite_autoincrement": True})


class Attachment(Base):
    """A file that somebody added to a ticket: a photo, a proof of purchase."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    purpose: Mapped[str] = mapped_column(String(32))
    name: Mapped[str | None] = mapped_column(String(128))
    added_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_attachment_ticket", "ticket_id", "id"),
        Index("ix_attachment_sha256", "sha256"),
        {"sqlite_autoincrement": True},
    )
