"""Indexes for each filter of the ticket list, in the list's order.

A value that few tickets have is found without reading them all. The worklist of a bench, which was served by the index
of bench and state, is one of open tickets, which have an index of their own.
"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

ADDED = ("kind", "channel", "priority", "store")


def upgrade() -> None:
    op.drop_index("ix_ticket_bench", table_name="ticket")
    for name in ("bench", *ADDED):
        op.create_index(f"ix_ticket_{name}", "ticket", [name, "id"])


def downgrade() -> None:
    for name in ("bench", *ADDED):
        op.drop_index(f"ix_ticket_{name}", table_name="ticket")
    op.create_index("ix_ticket_bench", "ticket", ["bench", "state", "id"])
