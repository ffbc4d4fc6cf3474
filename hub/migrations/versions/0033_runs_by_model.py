"""Runs are found by their model: in each spelling that its name was kept in, and without reading all runs."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_run_model", "run", ["model", "id"])


def downgrade() -> None:
    op.drop_index("ix_run_model", table_name="run")
