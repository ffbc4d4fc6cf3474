"""Indexes of open tickets, and of those alike by their time."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.drop_index("ix_ticket_alike", table_name="ticket")
    op.create_index("ix_ticket_alike", "ticket", ["model", "fault", "created_at", "state"])
    op.create_index("ix_ticket_open", "ticket", ["bench", "state"], sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
    op.create_index(
        "ix_ticket_open_alike", "ticket", ["model", "fault", "id"], sqlite_where=IS_OPEN, postgresql_where=IS_OPEN
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_open_alike", table_name="ticket")
    op.drop_index("ix_ticket_open", table_name="ticket")
    op.drop_index("ix_ticket_alike", table_name="ticket")
    op.create_index("ix_ticket_alike", "ticket", ["model", "fault", "id"])
