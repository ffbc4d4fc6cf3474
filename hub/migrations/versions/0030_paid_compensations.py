"""What was paid for complaints, a row each: the remedy of a second round took the first one's place.

What the newest round of a complaint paid comes along; of rounds before, the timeline alone tells.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PERSONS = "granted_by <> requested_by AND paid_by <> requested_by AND paid_by <> granted_by"
TAKE_OVER = """INSERT INTO complaint_payment
        (ticket_id, round, amount_minor, currency, requested_by, granted_by, paid_by, paid_at)
    SELECT ticket_id, round, compensation_minor, currency, requested_by, granted_by, paid_by,
        COALESCE(paid.occurred_at, told_at)
    FROM complaint
    LEFT JOIN (SELECT record_id, MAX(id) AS id FROM event
        WHERE kind = 'ticket.fulfil' AND record_type = 'ticket' GROUP BY record_id) AS newest
        ON CAST(SUBSTR(newest.record_id, 3) AS BIGINT) = complaint.ticket_id
    LEFT JOIN event AS paid ON paid.id = newest.id
    WHERE paid_by IS NOT NULL AND compensation_minor > 0 ORDER BY ticket_id"""
"""Paid when the event of it says; a complaint without one, when its customer was told last."""


def upgrade() -> None:
    op.create_table(
        "complaint_payment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        *(sa.Column(name, sa.String(length=96), nullable=False) for name in ("requested_by", "granted_by", "paid_by")),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_complaint_payment_amount")),
        sa.CheckConstraint(PERSONS, name=op.f("ck_complaint_payment_three_persons")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_complaint_payment_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_payment")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_complaint_payment_ticket", "complaint_payment", ["ticket_id", "id"])
    op.execute(TAKE_OVER)


def downgrade() -> None:
    op.drop_table("complaint_payment")
