"""One device's tickets and warranties spell its model alike: as its oldest record does, in whatever case it was typed.

Where two records of a device differ by that alone, both are kept: the oldest is the device's from now on; the others
are named in the log.
"""

import logging

from alembic import context, op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SAME = "device.serial = {0}.serial AND lower(device.model) = lower({0}.model)"
OTHERS = """SELECT device.id, device.model FROM device WHERE EXISTS (SELECT 1 FROM device AS older
    WHERE older.serial = device.serial AND lower(older.model) = lower(device.model) AND older.id < device.id)
    ORDER BY device.id"""
log = logging.getLogger("hub.migrations")


def upgrade() -> None:
    for table in ("ticket", "repair_warranty"):
        same = SAME.format(table)
        op.execute(
            f"UPDATE {table} SET model = (SELECT device.model FROM device WHERE {same} ORDER BY device.id LIMIT 1)"  # noqa: S608 - our own names
            f" WHERE EXISTS (SELECT 1 FROM device WHERE {same} AND device.model <> {table}.model)"
        )
    if context.is_offline_mode():
        return
    for number, model in op.get_bind().exec_driver_sql(OTHERS):
        log.warning("device D-%06d (%s) is the same device as an older record; tickets keep to that", number, model)


def downgrade() -> None:
    """The spelling stays: what was typed is not kept, and the version before takes it for the model, too."""
