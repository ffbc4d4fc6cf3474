"""Training, assessments, rewards and sanctions."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "training",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("trainer", sa.String(length=128), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('induction', 'quarterly', 'special')", name=op.f("ck_training_kind_known")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_training_score_range")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_training_minutes_positive")),
        sa.CheckConstraint("(held_on IS NULL) = (passed IS NULL)", name=op.f("ck_training_held_with_result")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_training_person", "training", ["person", "planned_on"])
    op.create_table(
        "assessment",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("quarter", sa.String(length=7), nullable=False),
        sa.Column("theory", sa.Integer(), nullable=False),
        sa.Column("practice", sa.Integer(), nullable=False),
        sa.Column("customer_rating", sa.Integer(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("assessed_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "theory BETWEEN 0 AND 100 AND practice BETWEEN 0 AND 100 AND customer_rating BETWEEN 0 AND 100",
            name=op.f("ck_assessment_score_range"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("person", "quarter", name=op.f("uq_assessment_person_quarter")),
    )
    op.create_table(
        "staff_file_entry",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('reward', 'sanction')", name=op.f("ck_staff_file_entry_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_file_entry")),
    )
    op.create_index("ix_staff_file_entry_person", "staff_file_entry", ["person", "on_day"])


def downgrade() -> None:
    op.drop_table("staff_file_entry")
    op.drop_table("assessment")
    op.drop_table("training")
