"""Whose rights decide what a webhook endpoint hears of: the account or key that made it, as it is at each delivery.

What the maker could do at that time is not kept any more. Who it was is in the event of the making.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MADE = sa.text(
    "SELECT actor_kind, actor_id FROM event WHERE record_type = 'webhook' AND record_id = :number"
    " AND kind = 'webhook.created' ORDER BY id DESC LIMIT 1"
)


def upgrade() -> None:
    with op.batch_alter_table("webhook_endpoint", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("owner_kind", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("owner_id", sa.String(length=64), nullable=True))
    connection = op.get_bind()
    for number, made_by in connection.execute(sa.text("SELECT id, made_by FROM webhook_endpoint")).all():
        made = connection.execute(MADE, {"number": f"WH-{number:06d}"}).first()
        kind, name = tuple(made) if made is not None else tuple(made_by.split(":", 1))
        connection.execute(
            sa.text("UPDATE webhook_endpoint SET owner_kind = :kind, owner_id = :name WHERE id = :id"),
            {"kind": kind, "name": name, "id": number},
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
