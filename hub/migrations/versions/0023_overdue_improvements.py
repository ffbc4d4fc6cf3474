"""Overdue improvements."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("improvement_task", schema=None) as batch_op:
        batch_op.add_column(sa.Column("overdue_told_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("improvement_task", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_column("overdue_told_at")
