"""Panels of instruments against a real agent with simulated instruments."""

from pathlib import Path

import pytest
from tui_driving import work_at

from edge_agent.bus import Subscription
from edge_agent.local_api.client import SyncAgentClient
from edge_agent.local_api.events import FirmwareChanged
from edge_agent.local_api.requests import AcquireLease, Describe, GetFirmwareJob, ReleaseLease


async def open_panel(hands, role, *words):
    """Open the panel of an instrument from the rack."""
    await hands.press("f4")
    await hands.sees("Controlled by", role)
    screen = hands.app.screen
    await hands.until(lambda: hands.app.bench.instrument(role), "the rack is known")
    screen.rows.move_to(role)
    await hands.press("enter")
    await hands.sees(*words)


def job_of(bench, role="mcu"):
    with SyncAgentClient(bench.socket) as agent:
        return agent.request(GetFirmwareJob(role))


def test_meter_by_hand_under_a_lease(bench):
    async def work(hands):
        await hands.press("f4")
        await hands.sees("multimeter", "supply")
        with SyncAgentClient(bench.socket) as other:
            lease = other.request(AcquireLease("meter", "wang"))
            await hands.press("enter")
            await hands.sees("controlled by wang")
            other.request(ReleaseLease(lease.token))
        await hands.press("escape", "enter")
        await hands.sees("n 3", "mean", "(k = 2)")
        with SyncAgentClient(bench.socket) as other:
            holders = {one.status.role: one.holder for one in other.request(Describe()).instruments}
        assert holders["meter"] == "li"
        await hands.press("f5")
        await hands.sees("What is to be measured?")
        await hands.press("down", "enter")
        await hands.sees("AC voltage", "n 2")
        await hands.press("f2")
        await hands.sees("T-000101")

        def is_free():
            with SyncAgentClient(bench.socket) as other:
                return all(one.holder is None for one in other.request(Describe()).instruments)

        await hands.until(is_free, "the instrument is given back")

    work_at(bench.socket, work)


def test_supply_by_hand_asks_before_it_gives_power(bench):
    async def work(hands):
        await hands.press("f4")
        await hands.sees("multimeter")
        await hands.press("down", "enter")
        await hands.sees("output off")
        await hands.press("f5")
        await hands.sees("Set the supply")
        await hands.type("five")
        await hands.type("0.3")
        await hands.press("enter")
        await hands.sees("Give both as numbers")
        await hands.press("home", *["delete"] * 4)
        await hands.type("5")
        await hands.press("ctrl+s")
        await hands.sees("set to 5 V, at most 300 mA")
        await hands.press("f6")
        await hands.sees("Switch the output on?")
        await hands.press("escape")
        await hands.press("f6")
        await hands.sees("Switch the output on?")
        await hands.press("right", "enter")
        await hands.sees("OUTPUT ON")
        await hands.press("f5")
        await hands.sees("Set the supply")
        await hands.press("home", *["delete"] * 4)
        await hands.type("5000")
        await hands.press("ctrl+s")
        await hands.sees("✗", "5000 ", "Ctrl+S save")  # the form is still there, with what was typed
        await hands.press("escape", "f8")
        await hands.sees("output off")

    work_at(bench.socket, work)


def test_scope_from_a_record_to_its_glitches_cursors_spectrum_and_file(full_bench):
    async def work(hands):
        await open_panel(hands, "scope", "No record yet")
        await hands.press("f6")
        await hands.sees("Set the time base")
        await hands.press("ctrl+s")
        await hands.sees("CH1 1 V/div", "no trigger")
        await hands.press("f8")
        await hands.sees("record 1", "samples", "p-p")
        await hands.press("ctrl+f")
        await hands.sees("mV/div")
        await hands.press(*["up"] * 12)
        await hands.sees("×4.1e+03")
        await hands.press("ctrl+b")
        await hands.sees("← → move A", "┃", "│")
        before = hands.app.screen.looking.cursors
        await hands.press("right", "ctrl+right")
        moved = hands.app.screen.looking.cursors
        assert moved[0] > before[0] and moved[1] == before[1]
        await hands.press("ctrl+b", "ctrl+b")
        await hands.until(lambda: hands.app.screen.looking.cursors is None, "the cursors are gone")
        start = hands.app.screen.frame.start_s
        await hands.press("right")
        await hands.until(lambda: hands.app.screen.frame.start_s > start, "the view has moved")
        await hands.press("home", "f9", "down", "enter")
        await hands.sees("spectrum", "dBV")
        await hands.press("f9")
        await hands.sees("What is to be shown?")
        await hands.press("up", "enter")
        await hands.until(lambda: hands.app.screen.looking.mode == "time", "traces again")
        await hands.press("f12")
        await hands.sees("sigrok session")
        await hands.press("down", "enter")
        await hands.sees("Saved:")

    work_at(full_bench.socket, work)
    (saved,) = (full_bench.folder / "state" / "saved").iterdir()
    assert saved.suffix == ".sr"


def test_scope_runs_freezes_and_keeps_golden_records(full_bench):
    async def work(hands):
        await open_panel(hands, "scope", "No record yet")
        await hands.press("f7")
        await hands.sees("▶ runs")
        await hands.until(lambda: hands.app.screen.frame and hands.app.screen.frame.number >= 3, "records come")
        await hands.press("f7")
        await hands.sees("■ stopped")
        await hands.press("f9")
        await hands.sees("Keep this record")
        hands.app.screen.query_one("Rows").move_to("keep")
        await hands.press("enter")
        await hands.sees("1 golden records are kept")
        await hands.press("f9")
        await hands.sees("Mask about")
        hands.app.screen.query_one("Rows").move_to("mask")
        await hands.press("enter")
        await hands.sees("samples outside the mask 0")

    work_at(full_bench.socket, work, size=(120, 36))


def test_scope_says_what_is_wrong_with_a_setting(full_bench):
    async def work(hands):
        await open_panel(hands, "scope", "No record yet")
        await hands.press("f6")
        await hands.sees("Set the time base")
        await hands.press("end", "ctrl+u")
        await hands.fill("long")
        await hands.press("ctrl+s")
        await hands.sees("Give length and level as numbers", "long")
        await hands.press("end", "ctrl+u")
        await hands.fill("0.002")
        await hands.press("enter")
        await hands.fill("3")
        await hands.press("ctrl+s")
        await hands.sees("a channel that is on")
        await hands.press("enter", "backspace")
        await hands.fill("1")
        await hands.press("enter", "backspace")
        await hands.fill("50")
        await hands.press("ctrl+s")
        await hands.sees("T CH1 ↑ 50 V")
        await hands.press("f8")
        await hands.sees("✗")

    work_at(full_bench.socket, work)


def test_camera_region_golden_difference_and_file(full_bench):
    async def work(hands):
        await open_panel(hands, "camera", "32×24", "▀")
        await hands.press("f6")
        await hands.sees("┌", "Region 10×8", "mean")
        was = hands.app.screen._region
        await hands.press("left", "up", "pageup")
        await hands.until(lambda: hands.app.screen._region.height == was.height + 1, "the rectangle has grown")
        await hands.press("f8")
        await hands.sees("no picture of a good board")
        await hands.press("f9")
        await hands.sees("Kept as that of a good board (1 in all)")
        await hands.press("f8", "f8")
        await hands.sees("difference to", " K")
        await hands.press("f7")
        await hands.sees("frozen")
        number = hands.app.screen.frame.number
        await hands.press("f12")
        await hands.sees("Table (CSV)")
        await hands.press("enter")
        await hands.sees("Saved:")
        assert hands.app.screen.frame.number == number, "a held picture stays"

    work_at(full_bench.socket, work, size=(100, 30))
    (saved,) = (full_bench.folder / "state" / "saved").iterdir()
    assert saved.read_bytes().startswith(b"\x89PNG")


def test_generator_asks_before_it_drives(full_bench):
    async def work(hands):
        await open_panel(hands, "generator", "Nothing has been set")
        await hands.press("f6")
        await hands.sees("Set the shape first")
        await hands.press("f5")
        await hands.sees("Set the generator")
        await hands.press("end", "ctrl+u")
        await hands.fill("triangle")
        await hands.press("ctrl+s")
        await hands.sees("Give one of sine, square")
        await hands.press("end", "ctrl+u")
        await hands.fill("square")
        await hands.press("ctrl+s")
        await hands.sees("square  offset 0 V")
        await hands.press("f6")
        await hands.sees("Switch the output on?")
        await hands.press("right", "enter")
        await hands.sees("OUTPUT ON")
        await hands.press("f7")
        await hands.sees("channel 2", "Nothing has been set")
        await hands.press("f8")
        await hands.sees("output off", "All outputs are off")

    work_at(full_bench.socket, work)


def test_console_sends_searches_and_keeps_everything_it_heard(full_bench):
    async def work(hands):
        await open_panel(hands, "console", "Serial console")
        await hands.sees("status: up")
        await hands.type("version")
        await hands.sees(">>> version", "SP-100")
        await hands.press("f5")
        await hands.sees("Search the log")
        await hands.fill("SERIAL SP100")
        await hands.press("ctrl+s")
        await hands.sees("1 line has it.")
        await hands.press("f5")
        await hands.sees("Search the log")
        await hands.fill(" no such words")
        await hands.press("ctrl+s")
        await hands.sees("is not in the log")
        await hands.press("f12")
        await hands.sees("The log of today:")
        await hands.press("f2")
        await hands.sees("T-000101")
        await open_panel(hands, "console", "SP-100")

    work_at(full_bench.socket, work)
    (log,) = (full_bench.folder / "state" / "consoles").iterdir()
    text = log.read_text()
    assert ">>> version" in text and "status: up" in text


def test_firmware_is_identified_backed_up_written_and_verified(full_bench):
    async def work(hands):
        await open_panel(hands, "mcu", "SP-100  1.4.2", "Nothing has been done")
        await hands.press("f6")
        await hands.sees("✓ Identify: done", "0x0410", "nothing was written")
        await hands.press("f9")
        await hands.sees("Write this firmware to the device?", "sp100 1.4.2 → STM32F103")
        await hands.press("escape", "f9")
        await hands.sees("Write this firmware to the device?")
        await hands.press("right", "enter")
        await hands.sees("✓ Flash: done", "the released firmware, verified", "Backup:")
        await hands.press("f7")
        await hands.sees("✓ Verify: done")

    work_at(full_bench.socket, work)
    job = job_of(full_bench)
    assert Path(job.backup).stat().st_size > 1000
    with SyncAgentClient(full_bench.socket) as agent:
        holders = {one.status.role: one.holder for one in agent.request(Describe()).instruments}
    assert holders["mcu"] is None


@pytest.fixture
def stuck(full_bench):
    """Make the chip's bootloader fall silent as soon as a job begins to write; the value lets it speak again."""

    def look():
        happened, _lost = ear.take()
        if any(isinstance(event, FirmwareChanged) and event.job.phase == "write" for event in happened):
            full_bench.instruments.misbehave("mcu", "hang", True)

    def speak():
        full_bench.agent.bus.unsubscribe(ear)
        full_bench.instruments.misbehave("mcu", "hang", False)

    ear = Subscription({"readings"}, look)
    full_bench.agent.bus.subscribe(ear)
    yield speak
    speak()


async def flash_until_stuck(hands):
    await hands.press("f9")
    await hands.sees("Write this firmware to the device?")
    await hands.press("right", "enter")
    await hands.sees("Erasing, writing and verifying")


def test_a_cancelled_write_is_called_incomplete_and_the_backup_goes_back(full_bench, stuck):
    async def work(hands):
        await open_panel(hands, "mcu", "SP-100  1.4.2")
        await flash_until_stuck(hands)
        await hands.press("f8")
        await hands.sees("Cancel while it writes?", "without complete firmware")
        await hands.press("escape")
        assert hands.app.screen.job.state == "running"
        await hands.press("f8")
        await hands.sees("Cancel while it writes?")
        await hands.press("right", "enter")
        await hands.sees("Flash: cancelled", "incomplete firmware", "Ctrl+R writes the backup back")
        stuck()
        await hands.press("ctrl+r")
        await hands.sees("Write the backup back")
        await hands.press("right", "enter")
        await hands.sees("✓ Restore: done", "the backup, verified")

    work_at(full_bench.socket, work)


def test_an_agent_that_goes_in_the_middle_of_a_write_tells_the_truth_when_it_is_back(full_bench, stuck):
    async def work(hands):
        await open_panel(hands, "mcu", "SP-100  1.4.2")
        await flash_until_stuck(hands)
        full_bench.agent.stop()
        await hands.sees("▲ no agent", "cannot be reached")
        stuck()
        full_bench.start()
        await hands.sees("✗ Flash:", "incomplete firmware", "F9 writes the released firmware again")

    work_at(full_bench.socket, work)
    job = job_of(full_bench)
    assert (job.memory, job.state in {"failed", "cancelled", "interrupted"}) == ("incomplete", True)
    assert Path(job.backup).stat().st_size > 1000
