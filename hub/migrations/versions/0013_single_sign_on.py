"""Single sign-on: to whom an account belongs at the provider, and sign-ons that have begun."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("oidc_subject", sa.String(length=255), nullable=True))
    op.create_index("ix_user_account_oidc_subject", "user_account", ["oidc_subject"], unique=True)
    op.create_table(
        "sign_on",
        sa.Column("state_sha256", sa.String(length=64), nullable=False),
        sa.Column("browser_sha256", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name=op.f("pk_sign_on")),
    )
    op.create_index("ix_sign_on_expires", "sign_on", ["expires_at"])


def downgrade() -> None:
    op.drop_index("ix_sign_on_expires", "sign_on")
    op.drop_table("sign_on")
    op.drop_index("ix_user_account_oidc_subject", "user_account")
    op.drop_column("user_account", "oidc_subject")
