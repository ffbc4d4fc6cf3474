"""One device's tickets and warranties spell its model alike: as its oldest record does, in whatever form it was typed.

Where two records of a device differ by that alone, both are kept: the oldest is the device's from now on; the others
are named in the log.
"""

import logging
import unicodedata

import sqlalchemy as sa
from alembic import context, op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLES = ("ticket", "repair_warranty")
ON_PAPER = "device.serial = {0}.serial AND lower(device.model) = lower({0}.model)"
"""What comes nearest in SQL to models that are the same, for whoever runs printed SQL by hand."""
log = logging.getLogger("hub.migrations")


def key(model: str) -> str:
    """Return what all spellings of a model share by this revision, whatever becomes of it later."""
    return " ".join(unicodedata.normalize("NFKC", model).casefold().split())


def upgrade() -> None:
    if context.is_offline_mode():
        _on_paper()
        return
    bind = op.get_bind()
    device = sa.table("device", sa.column("id"), sa.column("model"), sa.column("serial"))
    oldest: dict[tuple[str, str], str] = {}
    for one in bind.execute(sa.select(device.c.id, device.c.model, device.c.serial).order_by(device.c.id)):
        if oldest.setdefault((one.serial, key(one.model)), one.model) != one.model:
            log.warning(
                "device D-%06d (%s) is the same device as an older record; tickets keep to that", one.id, one.model
            )
    for name in TABLES:
        table = sa.table(name, sa.column("model"), sa.column("serial"))
        typed = bind.execute(sa.select(table.c.serial, table.c.model).distinct())
        changes = [
            {"of_serial": one.serial, "typed": one.model, "kept": kept}
            for one in typed
            if (kept := oldest.get((one.serial, key(one.model)), one.model)) != one.model
        ]
        if changes:
            alike = (table.c.serial == sa.bindparam("of_serial"), table.c.model == sa.bindparam("typed"))
            bind.execute(sa.update(table).where(*alike).values(model=sa.bindparam("kept")), changes)


def _on_paper() -> None:
    for table in TABLES:
        same = ON_PAPER.format(table)
        op.execute(
            f"UPDATE {table} SET model = (SELECT device.model FROM device WHERE {same} ORDER BY device.id LIMIT 1)"  # noqa: S608 - our own names
            f" WHERE EXISTS (SELECT 1 FROM device WHERE {same} AND device.model <> {table}.model)"
        )


def downgrade() -> None:
    """The spelling stays: what was typed is not kept, and the version before takes it for the model, too."""
