"""After-care and repair warranty."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "follow_up",
        sa.Column(
            "ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("survey_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("survey_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=96), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("attitude", sa.Integer(), nullable=True),
        sa.Column("speed", sa.Integer(), nullable=True),
        sa.Column("effectiveness", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("callback_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("callback_reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_by", sa.String(length=96), nullable=True),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "attitude BETWEEN 1 AND 5 AND speed BETWEEN 1 AND 5 AND effectiveness BETWEEN 1 AND 5",
            name=op.f("ck_follow_up_scores"),
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_follow_up_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_follow_up")),
    )
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.create_index("ix_follow_up_callback", ["called_at", "callback_due_at", "ticket_id"], unique=False)
        batch_op.create_index("ix_follow_up_survey", ["asked_at", "survey_due_at"], unique=False)

    op.create_table(
        "improvement_task",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("scores", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("done_by", sa.String(length=96), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_improvement_task_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_improvement_task")),
        sa.UniqueConstraint("ticket_id", "source", name=op.f("uq_improvement_task_ticket_id_source")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("improvement_task", schema=None) as batch_op:
        batch_op.create_index("ix_improvement_task_open", ["ended_at", "due_on", "id"], unique=False)

    op.create_table(
        "repair_warranty",
        sa.Column(
            "ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("fault", sa.String(length=64), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("because", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_repair_warranty_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_repair_warranty")),
    )
    with op.batch_alter_table("repair_warranty", schema=None) as batch_op:
        batch_op.create_index("ix_repair_warranty_serial", ["serial", "model", "ends_at"], unique=False)

    op.create_table(
        "repeat_repair",
        sa.Column(
            "ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("warranty_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("fault", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict IN ('possible', 'repeat', 'different')", name=op.f("ck_repeat_repair_verdict")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_repeat_repair_ticket_id_ticket")),
        sa.ForeignKeyConstraint(["warranty_of"], ["ticket.id"], name=op.f("fk_repeat_repair_warranty_of_ticket")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_repeat_repair")),
    )
    with op.batch_alter_table("repeat_repair", schema=None) as batch_op:
        batch_op.create_index("ix_repeat_repair_counted", ["verdict", "created_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("repeat_repair", schema=None) as batch_op:
        batch_op.drop_index("ix_repeat_repair_counted")

    op.drop_table("repeat_repair")
    with op.batch_alter_table("repair_warranty", schema=None) as batch_op:
        batch_op.drop_index("ix_repair_warranty_serial")

    op.drop_table("repair_warranty")
    with op.batch_alter_table("improvement_task", schema=None) as batch_op:
        batch_op.drop_index("ix_improvement_task_open")

    op.drop_table("improvement_task")
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.drop_index("ix_follow_up_survey")
        batch_op.drop_index("ix_follow_up_callback")

    op.drop_table("follow_up")
