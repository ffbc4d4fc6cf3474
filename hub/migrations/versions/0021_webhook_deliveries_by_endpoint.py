"""Find the due webhook deliveries of one endpoint at once, however much waits for others."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_webhook_delivery_due", table_name="webhook_delivery")
    op.create_index("ix_webhook_delivery_due", "webhook_delivery", ["endpoint_id", "state", "due_at"])


def downgrade() -> None:
    op.drop_index("ix_webhook_delivery_due", table_name="webhook_delivery")
    op.create_index("ix_webhook_delivery_due", "webhook_delivery", ["state", "due_at"])
