"""Whose rights decide what a webhook endpoint hears of: the account or key that made it, as it is at each delivery.

What the maker could do at that time is not kept any more. Who it was is in the event of the making.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MADE = """(SELECT event.{column} FROM event WHERE event.record_type = 'webhook' AND event.kind = 'webhook.created'
    AND event.record_id = 'WH-' || CASE WHEN webhook_endpoint.id < 1000000
        THEN substr(CAST(1000000 + webhook_endpoint.id AS VARCHAR(12)), 2)
        ELSE CAST(webhook_endpoint.id AS VARCHAR(12)) END
    ORDER BY event.id DESC LIMIT 1)"""
"""What the event of an endpoint's making says; endpoints are called ``WH-000001``. One statement, so that it prints."""


def upgrade() -> None:
    with op.batch_alter_table("webhook_endpoint", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("owner_kind", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("owner_id", sa.String(length=64), nullable=True))
    colon = "strpos" if op.get_context().dialect.name == "postgresql" else "instr"
    kind, name = (MADE.format(column=column) for column in ("actor_kind", "actor_id"))
    op.execute(
        f"UPDATE webhook_endpoint SET"  # noqa: S608 - nothing of it comes from outside
        f" owner_kind = COALESCE({kind}, substr(made_by, 1, {colon}(made_by, ':') - 1)),"
        f" owner_id = COALESCE({name}, substr(made_by, {colon}(made_by, ':') + 1))"
    )
    with op.batch_alter_table("webhook_endpoint", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("owner_kind", existing_type=sa.String(length=16), nullable=False)
        table.alter_column("owner_id", existing_type=sa.String(length=64), nullable=False)
        table.drop_column("audit")


def downgrade() -> None:
    with op.batch_alter_table("webhook_endpoint", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("audit", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.drop_column("owner_id")
        table.drop_column("owner_kind")
    with op.batch_alter_table("webhook_endpoint", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("audit", existing_type=sa.Boolean(), server_default=None)
