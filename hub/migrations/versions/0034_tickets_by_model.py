"""Tickets are found by what all spellings of their model share: a batch problem is one, however each was typed."""

import unicodedata

import sqlalchemy as sa
from alembic import context, op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("closed_at IS NULL")
ON_PAPER = r"lower(trim(regexp_replace(normalize(model, NFKC), '\s+', ' ', 'g')))"
"""What comes nearest to the key in PostgreSQL's SQL, for whoever runs printed SQL by hand."""


def key(model: str) -> str:
    """Return what all spellings of a model share by this revision, whatever becomes of it later."""
    return " ".join(unicodedata.normalize("NFKC", model).casefold().split())


def upgrade() -> None:
    op.add_column("ticket", sa.Column("model_key", sa.Text(), server_default="", nullable=False))
    if context.is_offline_mode():
        op.execute(f"UPDATE ticket SET model_key = {ON_PAPER}")  # noqa: S608 - our own words
    else:
        _fill()  # by the old index
    _index("model_key")


def downgrade() -> None:
    _index("model")
    op.drop_column("ticket", "model_key")


def _fill() -> None:
    bind = op.get_bind()
    ticket = sa.table("ticket", sa.column("model"), sa.column("model_key"))
    names = bind.scalars(sa.select(ticket.c.model).distinct()).all()
    if names:
        of_name = sa.update(ticket).where(ticket.c.model == sa.bindparam("name")).values(model_key=sa.bindparam("key"))
        bind.execute(of_name, [{"name": name, "key": key(name)} for name in names])


def _index(by: str) -> None:
    op.drop_index("ix_ticket_alike", table_name="ticket")
    op.create_index("ix_ticket_alike", "ticket", [by, "fault", "created_at", "state", "serial"])
    op.drop_index("ix_ticket_open_alike", table_name="ticket")
    op.create_index(
        "ix_ticket_open_alike", "ticket", [by, "fault", "id"], sqlite_where=IS_OPEN, postgresql_where=IS_OPEN
    )
