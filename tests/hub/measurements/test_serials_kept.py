"""D6: what a run keeps of the serial number that a bench told."""

import pytest
from hub_bench import DEVICE, FakeBench, started
from msgspec.structs import replace
from sqlalchemy import select

from hub.core.database import Database
from hub.core.labels import serial_kept
from hub.identity.actors import command_line_actor
from hub.measurements import queries
from hub.measurements.ingest import storing
from hub.measurements.ingest.reading import Batch
from hub.measurements.models import Run


@pytest.mark.parametrize("typed", ["\u200b", "\u3000", "ß" * 40])
def test_what_has_no_form_that_fits_stays_as_it_was_typed(database: Database, typed: str) -> None:
    """No record may be one that the database refuses for ever."""
    bench = FakeBench("bench-01", 0)
    record = bench.record(started(device=replace(DEVICE, serial=typed)))
    with database.write() as session:
        storing.store_batches(session, [Batch(bench.name, bench.epoch, [record])], storing.Patience())
    with database.read() as session:
        assert list(session.scalars(select(Run.serial))) == [typed]
        found = queries.runs(session, command_line_actor(), queries.DataFilter(serial=typed), None, 2)
        assert [run.serial for run in found] == [typed], "it is found by what was typed"


def test_what_has_a_form_is_kept_in_it() -> None:
    assert serial_kept(" ｓｎ-1") == "SN-1"
    assert serial_kept("ß" * 32) == "S" * 64
