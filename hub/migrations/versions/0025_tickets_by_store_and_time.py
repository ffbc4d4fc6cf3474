"""Indexes of what the ticket list is asked for by: fault, when it came, when it changed.

Not by the store: it has a fifth of all tickets, and SQLite would rather sort them than read on in the list's order.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

HAS_FAULT = sa.text("fault IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_ticket_fault", "ticket", ["fault", "id"], sqlite_where=HAS_FAULT, postgresql_where=HAS_FAULT)
    op.create_index("ix_ticket_created", "ticket", ["created_at", "id"])
    op.create_index("ix_ticket_updated", "ticket", ["updated_at", "id"])


def downgrade() -> None:
    for name in ("ix_ticket_updated", "ix_ticket_created", "ix_ticket_fault"):
        op.drop_index(name, table_name="ticket")
