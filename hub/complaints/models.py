"""Tables of complaints."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Text
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime


class Complaint(Table, table=True):
    """What a ticket of kind complaint has besides. ``round`` counts how often the customer was told an outcome.

    ``rule`` is the rule of the policy that made the urgency; 0: nobody assessed it yet. ``found_round`` and
    ``concluded_round`` are the newest rounds with a finding and with a cause. A remedy may be money: then who requested
    it, who granted it and who paid it are three persons.
    """

    __tablename__ = "complaint"

    ticket_id: Mapped[int] = Field(
        sa_type=BigKey, foreign_key="ticket.id", primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    complaint_class: Mapped[str | None] = Field(default=None, max_length=32)
    hazards: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    exposed: Mapped[bool] = Field(default=False)
    claimed_minor: Mapped[int] = Field(default=0, sa_type=BigInteger)
    grade: Mapped[str] = Field(default="ordinary", max_length=16)
    rule: Mapped[int] = Field(default=0)
    policy_version: Mapped[int] = Field(default=0)
    round: Mapped[int] = Field(default=1)
    found_round: Mapped[int] = Field(default=0)
    concluded_round: Mapped[int] = Field(default=0)
    cause: Mapped[str | None] = Field(default=None, max_length=64)
    remedy: Mapped[str | None] = Field(default=None, max_length=32)
    compensation_minor: Mapped[int] = Field(default=0, sa_type=BigInteger)
    currency: Mapped[str | None] = Field(default=None, max_length=3)
    requested_by: Mapped[str | None] = Field(default=None, max_length=96)
    granted_by: Mapped[str | None] = Field(default=None, max_length=96)
    paid_by: Mapped[str | None] = Field(default=None, max_length=96)
    told_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("compensation_minor >= 0 AND claimed_minor >= 0", name="not_negative"),
        CheckConstraint(
            "paid_by IS NULL OR compensation_minor = 0 OR (paid_by <> requested_by AND paid_by <> granted_by)",
            name="three_persons",
        ),
        CheckConstraint("granted_by IS NULL OR granted_by <> requested_by", name="two_persons"),
        Index("ix_complaint_cause", "cause", "ticket_id"),
        Index("ix_complaint_grade", "grade", "ticket_id"),
    )


class ComplaintPromise(Table, table=True):
    """By when a customer was promised to hear of a complaint (C3), and when that happened."""

    __tablename__ = "complaint_promise"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    promised_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    made_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    made_by: Mapped[str] = Field(max_length=96)
    kept_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        Index("ix_complaint_promise_ticket", "ticket_id", "id"),
        Index("ix_complaint_promise_open", "kept_at", "promised_at"),
        {"sqlite_autoincrement": True},
    )


class ComplaintPayment(Table, table=True):
    """A compensation that was paid, which stays whatever the next round brings: three persons, and how much."""

    __tablename__ = "complaint_payment"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    round: Mapped[int]
    amount_minor: Mapped[int] = Field(sa_type=BigInteger)
    currency: Mapped[str] = Field(max_length=3)
    requested_by: Mapped[str] = Field(max_length=96)
    granted_by: Mapped[str] = Field(max_length=96)
    paid_by: Mapped[str] = Field(max_length=96)
    paid_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint(
            "granted_by <> requested_by AND paid_by <> requested_by AND paid_by <> granted_by", name="three_persons"
        ),
        Index("ix_complaint_payment_ticket", "ticket_id", "id"),
        {"sqlite_autoincrement": True},
    )


class CaseReview(Table, table=True):
    """The review of a major case (复盘, C4)."""

    __tablename__ = "complaint_review"

    ticket_id: Mapped[int] = Field(
        sa_type=BigKey, foreign_key="ticket.id", primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    course: Mapped[str] = Field(sa_type=Text)
    lessons: Mapped[str] = Field(sa_type=Text)
    reviewed_by: Mapped[str] = Field(max_length=96)
    reviewed_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
