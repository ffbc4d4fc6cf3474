"""Complaints."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "complaint",
        sa.Column("ticket_id", KEY, autoincrement=False, nullable=False),
        sa.Column("complaint_class", sa.String(length=32), nullable=True),
        sa.Column("hazards", JSON, nullable=False),
        sa.Column("exposed", sa.Boolean(), nullable=False),
        sa.Column("claimed_minor", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("found_round", sa.Integer(), nullable=False),
        sa.Column("concluded_round", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=True),
        sa.Column("remedy", sa.String(length=32), nullable=True),
        sa.Column("compensation_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("requested_by", sa.String(length=96), nullable=True),
        sa.Column("granted_by", sa.String(length=96), nullable=True),
        sa.Column("paid_by", sa.String(length=96), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("compensation_minor >= 0 AND claimed_minor >= 0", name=op.f("ck_complaint_not_negative")),
        sa.CheckConstraint("granted_by IS NULL OR granted_by <> requested_by", name=op.f("ck_complaint_two_persons")),
        sa.CheckConstraint(
            "paid_by IS NULL OR compensation_minor = 0 OR (paid_by <> requested_by AND paid_by <> granted_by)",
            name=op.f("ck_complaint_three_persons"),
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_complaint_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_complaint")),
    )
    with op.batch_alter_table("complaint", schema=None) as batch_op:
        batch_op.create_index("ix_complaint_cause", ["cause", "ticket_id"], unique=False)
        batch_op.create_index("ix_complaint_grade", ["grade", "ticket_id"], unique=False)

    op.create_table(
        "complaint_improvement",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("ticket_id", KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_complaint_improvement_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_improvement")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("complaint_improvement", schema=None) as batch_op:
        batch_op.create_index("ix_complaint_improvement_cause", ["cause", "id"], unique=False)

    op.create_table(
        "complaint_promise",
        sa.Column("id", KEY, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=96), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_complaint_promise_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_promise")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("complaint_promise", schema=None) as batch_op:
        batch_op.create_index("ix_complaint_promise_open", ["kept_at", "promised_at"], unique=False)
        batch_op.create_index("ix_complaint_promise_ticket", ["ticket_id", "id"], unique=False)

    op.create_table(
        "complaint_review",
        sa.Column("ticket_id", KEY, autoincrement=False, nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("lessons", sa.Text(), nullable=False),
        sa.Column("reviewed_by", sa.String(length=96), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_complaint_review_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_complaint_review")),
    )
    op.execute(
        "INSERT INTO complaint (ticket_id, hazards, exposed, claimed_minor, grade, rule, policy_version, round, "
        "found_round, concluded_round, compensation_minor, told_at) "
        "SELECT id, '[]', false, 0, 'ordinary', 0, 0, 1, 0, 0, 0, created_at FROM ticket WHERE kind = 'complaint'"
    )


def downgrade() -> None:
    op.drop_table("complaint_review")
    with op.batch_alter_table("complaint_promise", schema=None) as batch_op:
        batch_op.drop_index("ix_complaint_promise_ticket")
        batch_op.drop_index("ix_complaint_promise_open")

    op.drop_table("complaint_promise")
    with op.batch_alter_table("complaint_improvement", schema=None) as batch_op:
        batch_op.drop_index("ix_complaint_improvement_cause")

    op.drop_table("complaint_improvement")
    with op.batch_alter_table("complaint", schema=None) as batch_op:
        batch_op.drop_index("ix_complaint_grade")
        batch_op.drop_index("ix_complaint_cause")

    op.drop_table("complaint")
