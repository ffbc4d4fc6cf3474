"""Knowledge base."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "knowledge_article",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("product_line", sa.String(length=64), nullable=False),
        sa.Column("models", JSON, nullable=False),
        sa.Column("fault", sa.String(length=64), nullable=True),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("source_ticket", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_article")),
        sa.UniqueConstraint("source_ticket", name=op.f("uq_knowledge_article_source_ticket")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("knowledge_article", schema=None) as batch_op:
        batch_op.create_index("ix_knowledge_article_fault", ["fault", "id"], unique=False)
        batch_op.create_index("ix_knowledge_article_line", ["product_line", "id"], unique=False)

    op.create_table(
        "knowledge_edition",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("software", sa.String(length=64), nullable=False),
        sa.Column("first_version", sa.String(length=32), nullable=True),
        sa.Column("last_version", sa.String(length=32), nullable=True),
        sa.Column("first_key", sa.String(length=32), nullable=False),
        sa.Column("last_key", sa.String(length=32), nullable=False),
        sa.Column("measurements", JSON, nullable=False),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.Column("written_by", JSON, nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("first_key <= last_key", name=op.f("ck_knowledge_edition_versions_in_order")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["knowledge_article.id"], name=op.f("fk_knowledge_edition_article_id_knowledge_article")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_edition")),
        sa.UniqueConstraint("article_id", "number", name=op.f("uq_knowledge_edition_article_id_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("knowledge_edition", schema=None) as batch_op:
        batch_op.create_index("ix_knowledge_edition_state", ["state", "id"], unique=False)

    op.create_table(
        "knowledge_posting",
        sa.Column("term", sa.String(length=80), nullable=False),
        sa.Column("edition_id", KEY, autoincrement=False, nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["knowledge_edition.id"], name=op.f("fk_knowledge_posting_edition_id_knowledge_edition")
        ),
        sa.PrimaryKeyConstraint("term", "edition_id", name=op.f("pk_knowledge_posting")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("knowledge_posting", schema=None) as batch_op:
        batch_op.create_index("ix_knowledge_posting_edition", ["edition_id"], unique=False)

    op.create_table(
        "knowledge_text",
        sa.Column("edition_id", KEY, autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("symptom", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["knowledge_edition.id"], name=op.f("fk_knowledge_text_edition_id_knowledge_edition")
        ),
        sa.PrimaryKeyConstraint("edition_id", "language", name=op.f("pk_knowledge_text")),
    )
    op.create_table(
        "knowledge_use",
        sa.Column("edition_id", KEY, autoincrement=False, nullable=False),
        sa.Column("ticket", sa.String(length=40), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["knowledge_edition.id"], name=op.f("fk_knowledge_use_edition_id_knowledge_edition")
        ),
        sa.PrimaryKeyConstraint("edition_id", "ticket", "person", name=op.f("pk_knowledge_use")),
    )
    with op.batch_alter_table("knowledge_use", schema=None) as batch_op:
        batch_op.create_index("ix_knowledge_use_at", ["at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("knowledge_use", schema=None) as batch_op:
        batch_op.drop_index("ix_knowledge_use_at")

    op.drop_table("knowledge_use")
    op.drop_table("knowledge_text")
    with op.batch_alter_table("knowledge_posting", schema=None) as batch_op:
        batch_op.drop_index("ix_knowledge_posting_edition")

    op.drop_table("knowledge_posting")
    with op.batch_alter_table("knowledge_edition", schema=None) as batch_op:
        batch_op.drop_index("ix_knowledge_edition_state")

    op.drop_table("knowledge_edition")
    with op.batch_alter_table("knowledge_article", schema=None) as batch_op:
        batch_op.drop_index("ix_knowledge_article_line")
        batch_op.drop_index("ix_knowledge_article_fault")

    op.drop_table("knowledge_article")
