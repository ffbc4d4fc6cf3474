"""Serial numbers in one form: half-width, in capitals, without blanks, as requests and benches are read from now on.

Where two records of a device differ by the form alone, both are kept: the one that has the form already, or else the
oldest, is the device's from now on; the others keep what was typed, and are named in the log. The index of tickets
alike has the serial number, too, for a batch is counted in devices.
"""

import logging
import unicodedata

import sqlalchemy as sa
from alembic import context, op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLES = ("ticket", "run", "repair_warranty")
ON_PAPER = r"upper(regexp_replace(normalize({0}, NFKC), '\s', '', 'g'))"
"""What comes nearest to the form in PostgreSQL's SQL, for whoever runs printed SQL by hand."""
FITS = "length({0}) BETWEEN 1 AND 64"
log = logging.getLogger("hub.migrations")


def form(text: str) -> str:
    """Return the form of this revision, whatever becomes of it later; what has none stays as it is."""
    plain = unicodedata.normalize("NFKC", text)
    shown = "".join(one for one in plain if not one.isspace() and unicodedata.category(one) not in {"Cc", "Cf"})
    formed = unicodedata.normalize("NFKC", shown.upper())
    return formed if 0 < len(formed) <= 64 else text


def upgrade() -> None:
    _index_alike("model", "fault", "created_at", "state", "serial")
    if context.is_offline_mode():
        _on_paper()
        return
    bind = op.get_bind()
    for name in TABLES:
        table = sa.table(name, sa.column("serial"))
        typed = bind.execute(sa.select(table.c.serial).where(table.c.serial.is_not(None)).distinct())
        changes = [{"typed": one, "formed": formed} for (one,) in typed if (formed := form(one)) != one]
        if changes:
            of_typed = sa.update(table).where(table.c.serial == sa.bindparam("typed"))
            bind.execute(of_typed.values(serial=sa.bindparam("formed")), changes)
    device = sa.table("device", sa.column("id"), sa.column("model"), sa.column("serial"))
    rows = bind.execute(sa.select(device.c.id, device.c.serial).order_by(device.c.id))
    for number, serial in [(one.id, one.serial) for one in rows if form(one.serial) != one.serial]:
        other = device.alias()
        taken = sa.exists().where(other.c.model == device.c.model, other.c.serial == form(serial))
        change = sa.update(device).where(device.c.id == number, ~taken).values(serial=form(serial))
        if bind.execute(change).rowcount == 0:
            log.warning("device D-%06d keeps %r: another record has this serial number in its form", number, serial)


def _on_paper() -> None:
    mine, others = ON_PAPER.format("device.serial"), ON_PAPER.format("other.serial")
    for table in TABLES:
        formed = ON_PAPER.format("serial")
        op.execute(f"UPDATE {table} SET serial = {formed} WHERE {FITS.format(formed)}")  # noqa: S608 - our own names
    op.execute(
        f"UPDATE device SET serial = {mine} WHERE {FITS.format(mine)}"  # noqa: S608
        " AND NOT EXISTS (SELECT 1 FROM device AS other WHERE other.model = device.model AND other.id <> device.id"
        f" AND {others} = {mine} AND (other.serial = {mine} OR other.id < device.id))"
    )


def downgrade() -> None:
    """The form stays: what was typed is not kept, and the version before takes it for the serial number, too."""
    _index_alike("model", "fault", "created_at", "state")


def _index_alike(*columns: str) -> None:
    op.drop_index("ix_ticket_alike", table_name="ticket")
    op.create_index("ix_ticket_alike", "ticket", columns)
