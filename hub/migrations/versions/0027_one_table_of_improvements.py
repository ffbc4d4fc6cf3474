"""One table of improvements: those that a complaint's cause became join those of bad answers.

Each keeps what it said; one that was done counts as verified, for its effect was taken down. `formerly` is the number
that events and people know it by.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
OF_AN_ANSWER = sa.text("source <> 'complaint'")
TASK = sa.table(
    "improvement_task",
    *(sa.column("version", sa.Integer()), sa.column("id", KEY), sa.column("ticket_id", KEY), sa.column("source")),
    *(sa.column("state"), sa.column("owner"), sa.column("due_on", sa.Date()), sa.column("scores", JSON)),
    *(sa.column("cause"), sa.column("plan"), sa.column("measure"), sa.column("effect"), sa.column("formerly")),
    *(sa.column("opened_at", TIME), sa.column("ended_at", TIME)),
)
OLD = sa.table(
    "complaint_improvement",
    *(sa.column("version", sa.Integer()), sa.column("id", KEY), sa.column("cause"), sa.column("measure")),
    *(sa.column("owner"), sa.column("due", sa.Date()), sa.column("ticket_id", KEY), sa.column("created_at", TIME)),
    *(sa.column("done_at", TIME), sa.column("effect")),
)


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
    connection = op.get_bind()
    for one in connection.execute(sa.select(OLD).order_by(OLD.c.id)).all():
        row: dict[str, Any] = {
            "version": one.version,
            "ticket_id": one.ticket_id,
            "source": "complaint",
            "state": "open" if one.done_at is None else "verified",
            "owner": one.owner,
            "due_on": one.due,
            "scores": {},
            "cause": one.cause,
            "plan": one.measure,
            "measure": None if one.done_at is None else one.measure,
            "effect": one.effect,
            "formerly": f"V-{one.id:06d}",
            "opened_at": one.created_at,
            "ended_at": one.done_at,
        }
        connection.execute(sa.insert(TASK).values(**row))
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
    connection = op.get_bind()
    of_complaints = sa.select(TASK).where(TASK.c.source == "complaint").order_by(TASK.c.id)
    for one in connection.execute(of_complaints).all():
        row = {"version": one.version, "cause": one.cause, "measure": one.plan, "owner": one.owner, "due": one.due_on}
        row |= {"ticket_id": one.ticket_id, "created_at": one.opened_at, "done_at": one.ended_at, "effect": one.effect}
        connection.execute(sa.insert(OLD).values(**row))
    connection.execute(sa.delete(TASK).where(TASK.c.source == "complaint"))
    op.drop_index("ix_improvement_task_answer", table_name="improvement_task")
    op.drop_index("ix_improvement_task_cause", table_name="improvement_task")
    with op.batch_alter_table("improvement_task", table_kwargs={"sqlite_autoincrement": True}) as table:
        for name in ("formerly", "plan", "cause"):
            table.drop_column(name)
        table.alter_column("ticket_id", existing_type=KEY, nullable=False)
        table.create_unique_constraint("uq_improvement_task_ticket_id_source", ["ticket_id", "source"])
