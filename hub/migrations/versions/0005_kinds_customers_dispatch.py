"""Ticket kinds, customers, devices and dispatch."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


@contextmanager
def _ticket(complete: str) -> Iterator[BatchOperations]:
    """Change the ticket table, with another check of completeness."""
    with op.batch_alter_table("ticket", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_ticket_complete"), type_="check")
        yield batch_op
        batch_op.create_check_constraint(batch_op.f("ck_ticket_complete"), sa.text(complete))


def upgrade() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("skill", sa.String(length=64), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("ck_certificate_level_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("person", "skill", name=op.f("uq_certificate_person_skill")),
    )
    op.create_table(
        "customer",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=True),
        sa.Column("tier", sa.String(length=32), nullable=True),
        sa.Column("spent_minor", sa.BigInteger(), nullable=False),
        sa.Column("purchases", sa.Integer(), nullable=False),
        sa.Column("merged_into", KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("spent_minor >= 0 AND purchases >= 0", name=op.f("ck_customer_purchases_range")),
        sa.ForeignKeyConstraint(["merged_into"], ["customer.id"], name=op.f("fk_customer_merged_into_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contact_point",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.Column("key", sa.String(length=254), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_contact_point_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_point")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_contact_point_kind_key")),
    )
    with op.batch_alter_table("contact_point", schema=None) as batch_op:
        batch_op.create_index("ix_contact_point_customer", ["customer_id"], unique=False)

    op.create_table(
        "device",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("customer_id", KEY, nullable=True),
        sa.Column("bought_on", sa.Date(), nullable=True),
        sa.Column("inspect_every_days", sa.Integer(), nullable=True),
        sa.Column("inspection_due_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("inspect_every_days BETWEEN 1 AND 3660", name=op.f("ck_device_inspection_interval")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_device_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("serial", "model", name=op.f("uq_device_serial_model")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.create_index("ix_device_customer", ["customer_id"], unique=False)
        batch_op.create_index("ix_device_due", ["inspection_due_on", "id"], unique=False)
        batch_op.create_index("ix_device_model", ["model", "id"], unique=False)

    op.create_table(
        "shift",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("bench", sa.String(length=128), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shift_in_order")),
        sa.ForeignKeyConstraint(["bench"], ["bench.name"], name=op.f("fk_shift_bench_bench")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
        sa.UniqueConstraint("person", "starts_at", name=op.f("uq_shift_person_starts_at")),
    )
    with op.batch_alter_table("shift", schema=None) as batch_op:
        batch_op.create_index("ix_shift_bench", ["bench", "ends_at"], unique=False)

    op.create_table(
        "workplace",
        sa.Column("bench", sa.String(length=128), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=True),
        sa.Column("region", sa.String(length=64), nullable=True),
        sa.Column("skill_group", sa.String(length=64), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("capacity BETWEEN 0 AND 1000", name=op.f("ck_workplace_capacity_range")),
        sa.ForeignKeyConstraint(["bench"], ["bench.name"], name=op.f("fk_workplace_bench_bench")),
        sa.PrimaryKeyConstraint("bench", name=op.f("pk_workplace")),
    )
    op.create_table(
        "attachment",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=True),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_attachment_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index("ix_attachment_sha256", ["sha256"], unique=False)
        batch_op.create_index("ix_attachment_ticket", ["ticket_id", "id"], unique=False)

    op.create_table(
        "ticket_remark",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("ticket_id", KEY, nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("content", JSON, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_remark_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_remark")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ticket_remark", schema=None) as batch_op:
        batch_op.create_index("ix_ticket_remark_ticket", ["ticket_id", "id"], unique=False)

    with _ticket("state IN ('draft', 'cancelled') OR length(symptom) > 0") as batch_op:
        batch_op.add_column(sa.Column("store", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("channel", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("urgency", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("fault", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("accessories", JSON, nullable=True))
        batch_op.add_column(sa.Column("appearance", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("proof_kind", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("proof_number", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("waited_s", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("customer_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("owner", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("approval", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("reviewed", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("test_waived", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("priority_pinned", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(
            sa.Column(
                "priority_reasons",
                JSON,
                nullable=False,
                server_default="[]",
            )
        )
        batch_op.create_index("ix_ticket_customer", ["customer_id", "id"], unique=False)
        batch_op.create_index("ix_ticket_alike", ["model", "fault", "id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_ticket_customer_id_customer"), "customer", ["customer_id"], ["id"])


def downgrade() -> None:
    for column in ("model", "serial", "symptom"):
        op.execute(f"UPDATE ticket SET {column} = '-' WHERE {column} = ''")  # noqa: S608 - names of ours
    with _ticket("length(model) > 0 AND length(serial) > 0 AND length(symptom) > 0") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_ticket_customer_id_customer"), type_="foreignkey")
        batch_op.drop_index("ix_ticket_alike")
        batch_op.drop_index("ix_ticket_customer")
        batch_op.drop_column("priority_reasons")
        batch_op.drop_column("priority_pinned")
        batch_op.drop_column("test_waived")
        batch_op.drop_column("reviewed")
        batch_op.drop_column("approval")
        batch_op.drop_column("owner")
        batch_op.drop_column("customer_id")
        batch_op.drop_column("waited_s")
        batch_op.drop_column("proof_number")
        batch_op.drop_column("proof_kind")
        batch_op.drop_column("appearance")
        batch_op.drop_column("accessories")
        batch_op.drop_column("fault")
        batch_op.drop_column("urgency")
        batch_op.drop_column("channel")
        batch_op.drop_column("store")

    with op.batch_alter_table("ticket_remark", schema=None) as batch_op:
        batch_op.drop_index("ix_ticket_remark_ticket")

    op.drop_table("ticket_remark")
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.drop_index("ix_attachment_ticket")
        batch_op.drop_index("ix_attachment_sha256")

    op.drop_table("attachment")
    op.drop_table("workplace")
    with op.batch_alter_table("shift", schema=None) as batch_op:
        batch_op.drop_index("ix_shift_bench")

    op.drop_table("shift")
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_index("ix_device_model")
        batch_op.drop_index("ix_device_due")
        batch_op.drop_index("ix_device_customer")

    op.drop_table("device")
    with op.batch_alter_table("contact_point", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_point_customer")

    op.drop_table("contact_point")
    op.drop_table("customer")
    op.drop_table("certificate")
