"""Who made an account, and who last gave it a password: they could use it, so both are not two people (S1)."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

HAND = """(SELECT CASE event.actor_kind WHEN 'system' THEN NULL
        WHEN 'key' THEN COALESCE((SELECT api_key.made_by FROM api_key WHERE api_key.id = event.actor_id),
            'key:' || event.actor_id)
        ELSE event.actor_kind || ':' || event.actor_id END
    FROM event WHERE event.record_type = 'user' AND event.kind = '{kind}'
    AND event.record_id = 'U-' || CASE WHEN user_account.id < 1000000
        THEN substr(CAST(1000000 + user_account.id AS VARCHAR(12)), 2)
        ELSE CAST(user_account.id AS VARCHAR(12)) END
    ORDER BY event.id DESC LIMIT 1)"""
"""Whose act the newest event of a kind about an account was. One statement, so that it prints."""


def upgrade() -> None:
    with op.batch_alter_table("user_account", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("made_by", sa.String(length=80), nullable=True))
        table.add_column(sa.Column("password_by", sa.String(length=80), nullable=True))
    made, given = HAND.format(kind="user.created"), HAND.format(kind="user.password_reset")
    op.execute(f"UPDATE user_account SET made_by = {made}, password_by = {given}")  # noqa: S608 - all of it is ours


def downgrade() -> None:
    with op.batch_alter_table("user_account", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_column("password_by")
        table.drop_column("made_by")
