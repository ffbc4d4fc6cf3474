"""A firmware job after its agent was killed."""

from datetime import UTC, datetime

import msgspec
import pytest

from edge_agent.bus import EventBus
from edge_agent.by_hand.firmware import FirmwareDesk
from edge_agent.local_api.firmware import FirmwareJob


@pytest.mark.parametrize(("phase", "memory"), [("backup", "unchanged"), ("write", "incomplete")])
def test_a_job_in_progress_is_interrupted_and_says_what_is_on_the_device(tmp_path, phase, memory):
    began = datetime.now(UTC)
    job = FirmwareJob("mcu", "flash", "sp100", "1.4.2", "li", began, "running", phase, 0.4, memory=memory)
    (tmp_path / "mcu.json").write_bytes(msgspec.json.encode(job))
    found = FirmwareDesk(None, EventBus(), tmp_path, lambda: None).job("mcu")
    assert (found.state, found.memory) == ("interrupted", memory)


def test_without_a_job_or_with_a_damaged_note_there_is_none(tmp_path):
    desk = FirmwareDesk(None, EventBus(), tmp_path, lambda: None)
    assert desk.job("mcu") is None
    (tmp_path / "mcu.json").write_text("{")
    assert desk.job("mcu") is None
    with pytest.raises(ValueError, match="no firmware job is in progress"):
        desk.cancel("mcu")
