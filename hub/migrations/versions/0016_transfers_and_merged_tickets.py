"""Transfers between stores, and tickets that another one goes on with."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "transfer",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("from_store", sa.String(length=64), nullable=True),
        sa.Column("to_store", sa.String(length=64), nullable=False),
        sa.Column("sent_by", sa.String(length=80), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("outcome IN ('received', 'refused', 'called_back')", name=op.f("ck_transfer_outcome_known")),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_transfer_ended_with_outcome")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_transfer_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    still_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_transfer_open",
        "transfer",
        ["ticket_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index("ix_transfer_to", "transfer", ["to_store", "ended_at"])
    op.create_index("ix_transfer_ticket", "transfer", ["ticket_id", "id"])
    with op.batch_alter_table("ticket", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.add_column(sa.Column("merged_into", KEY, nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_ticket_merged_into_ticket"), "ticket", ["merged_into"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("ticket", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_ticket_merged_into_ticket"), type_="foreignkey")
        batch_op.drop_column("merged_into")
    op.drop_table("transfer")
