"""One table of improvements: those that a complaint's cause became join those of bad answers.

Each keeps what it said; one that was done counts as verified, for its effect was taken down. `formerly` is the number
that events and people know it by.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
OF_AN_ANSWER = sa.text("source <> 'complaint'")
JOIN = """INSERT INTO improvement_task (version, ticket_id, source, state, owner, due_on, scores, cause, plan, measure,
        effect, formerly, opened_at, ended_at)
    SELECT version, ticket_id, 'complaint', CASE WHEN done_at IS NULL THEN 'open' ELSE 'verified' END, owner, due, '{}',
        cause, measure, CASE WHEN done_at IS NULL THEN NULL ELSE measure END, effect,
        'V-' || CASE WHEN id < 1000000 THEN substr(CAST(1000000 + id AS VARCHAR(12)), 2)
            ELSE CAST(id AS VARCHAR(12)) END,
        created_at, done_at
    FROM complaint_improvement ORDER BY id"""
PART = """INSERT INTO complaint_improvement (version, cause, measure, owner, due, ticket_id, created_at, done_at,
        effect)
    SELECT version, cause, plan, owner, due_on, ticket_id, opened_at, ended_at, effect
    FROM improvement_task WHERE source = 'complaint' ORDER BY id"""
"""Single statements, so that ``benchwright hub migrate --sql`` prints them for whoever runs them by hand."""


def upgrade() -> None:
    with op.batch_alter_table("improvement_task", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint("uq_improvement_task_ticket_id_source", type_="unique")
        table.alter_column("ticket_id", existing_type=KEY, nullable=True)
        table.add_column(sa.Column("cause", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("plan", sa.Text(), nullable=True))
        table.add_column(sa.Column("formerly", sa.String(length=16), nullable=True))
    op.create_index("ix_improvement_task_cause", "improvement_task", ["cause", "id"])
    op.create_index(
        "ix_improvement_task_answer", "improvement_task", ["ticket_id", "source"], unique=True,
        sqlite_where=OF_AN_ANSWER, postgresql_where=OF_AN_ANSWER,
    )  # fmt: skip
    op.execute(JOIN)
    op.drop_index("ix_complaint_improvement_cause", table_name="complaint_improvement")
    op.drop_table("complaint_improvement")


def downgrade() -> None:
    op.create_table(
        "complaint_improvement",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("ticket_id", KEY, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("done_at", TIME, nullable=True),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_complaint_improvement_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_improvement")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_complaint_improvement_cause", "complaint_improvement", ["cause", "id"])
    op.execute(PART)
    op.execute("DELETE FROM improvement_task WHERE source = 'complaint'")
    op.drop_index("ix_improvement_task_answer", table_name="improvement_task")
    op.drop_index("ix_improvement_task_cause", table_name="improvement_task")
    with op.batch_alter_table("improvement_task", table_kwargs={"sqlite_autoincrement": True}) as table:
        for name in ("formerly", "plan", "cause"):
            table.drop_column(name)
        table.alter_column("ticket_id", existing_type=KEY, nullable=False)
        table.create_unique_constraint("uq_improvement_task_ticket_id_source", ["ticket_id", "source"])
