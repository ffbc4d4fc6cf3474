"""Repair plans and repairs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repair",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("repaired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("repaired_by", sa.String(length=96), nullable=False),
        sa.Column("repaired_by_name", sa.String(length=128), nullable=False),
        sa.Column("work", sa.Text(), nullable=True),
        sa.Column("parts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("plan_revision", sa.Integer(), nullable=True),
        sa.Column("cost_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.CheckConstraint("minutes >= 0 AND cost_minor >= 0", name=op.f("ck_repair_not_negative")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_repair_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair")),
        sa.UniqueConstraint("ticket_id", "number", name=op.f("uq_repair_ticket_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "repair_plan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("options", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("only_option_because", sa.Text(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("proposed_by", sa.String(length=96), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.String(length=96), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("how", sa.String(length=16), nullable=True),
        sa.Column("option", sa.Integer(), nullable=True),
        sa.CheckConstraint("(status = 'approved') = (option IS NOT NULL)", name=op.f("ck_repair_plan_approved_option")),
        sa.CheckConstraint(
            "status IN ('proposed', 'approved', 'declined', 'superseded')", name=op.f("ck_repair_plan_status")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_repair_plan_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_plan")),
        sa.UniqueConstraint("ticket_id", "revision", name=op.f("uq_repair_plan_ticket_id_revision")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ticket", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.add_column(sa.Column("root_cause", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("ticket", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_column("root_cause")

    op.drop_table("repair_plan")
    op.drop_table("repair")
