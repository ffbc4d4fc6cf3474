"""A flash that would do harm does not begin; one that was cut short is known next time, and repaired (E1)."""

import hashlib
import threading
from pathlib import Path

import pytest
import yaml
from firmware_bench import Bench, Feed, do

from drivers.capabilities import ChipIdentity, FirmwareProgrammer
from drivers.errors import InstrumentError
from drivers.registry import open_instrument, profiles
from drivers.simulated.endpoints import PtyEndpoint
from drivers.simulated.esp32_rom import Esp32Rom
from edge_agent.analysis.result import NoAnswer
from edge_agent.firmware_journal import FirmwareJournal
from edge_agent.firmware_profile import (
    FOLDER_VARIABLE,
    SHIPPED,
    FirmwareError,
    FirmwareProfile,
    Supply,
    checked_image,
    load_firmware_profile,
)
from edge_agent.plans.actions.firmware import images_of
from edge_agent.plans.model import Step, Words

NAMES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_firmware_profile_is_sound_and_names_a_programmer(name: str) -> None:
    profile = load_firmware_profile(name)
    image = profile.image()
    content = checked_image(image).read_bytes()
    assert profile.version_of(content) == image.version == profile.told_version(content)
    assert profile.programmer in profiles()
    assert profiles()[profile.programmer].capability == "firmware_programmer"


def test_every_programmer_has_a_firmware_profile() -> None:
    programmers = {name for name, one in profiles().items() if one.capability == "firmware_programmer"}
    assert programmers == {load_firmware_profile(name).programmer for name in NAMES}


class Chip:
    """An ESP32 in its loader behind a pseudo-terminal, worked on by esptool through the driver."""

    def __init__(self, folder: Path) -> None:
        self.rom = Esp32Rom()
        self.port = PtyEndpoint("esp", self.rom, folder / "port")

    def __enter__(self) -> "Chip":
        self.port.start()
        self.driver = open_instrument("esptool", f"esptool:{self.port.link}?stub=0&baud=115200")
        assert isinstance(self.driver, FirmwareProgrammer)
        return self

    def __exit__(self, *_: object) -> None:
        self.port.stop()


def test_a_flash_that_lost_its_link_is_known_and_repaired_next_time(tmp_path: Path) -> None:
    with Chip(tmp_path) as chip:
        bench = Bench(tmp_path, chip.driver, Feed(3.3))
        assert do(bench, "firmware.identify").values == {
            "chip": "ESP32-D0WDQ6 (revision v1.0)", "code": "esp32", "right_chip": True, "unfinished": False,
        }  # fmt: skip
        chip.rom.lose_link_after = 3  # the cable is pulled after three blocks
        with pytest.raises(InstrumentError, match="esptool"):
            do(bench, "firmware.flash", supply="supply")
        chip.rom.lose_link_after = None

        # Another run, a restarted agent: the note is on disk.
        bench = Bench(tmp_path, chip.driver, Feed(3.3))
        found = do(bench, "firmware.identify")
        assert found.values["unfinished"] is True
        assert "writing 2.1.0 onto this device began at" in found.detail
        backup = do(bench, "firmware.backup")
        assert str(backup.values["likeness"]).startswith("begun: the first 3072 of 12288 bytes are those of 2.1.0")
        assert isinstance(backup.values["version"], NoAnswer)
        assert backup.values["told_version"] == "2.1.0"

        done = do(bench, "firmware.flash", supply="supply")
        assert done.values == {"version": "2.1.0", "repaired": True}
        assert "it is whole now" in done.detail
        assert do(bench, "firmware.identify").values["unfinished"] is False
        assert do(bench, "firmware.verify").values["matches"] is True
        assert do(bench, "firmware.backup").values["likeness"] == "whole"


@pytest.mark.parametrize(
    ("feed", "reason"),
    [
        (Feed(2.7), "supply of the SL-20 is 2.7 V"),
        (Feed(5.0), "written at 3 to 3.6 V only; nothing was written"),
        (Feed(3.3, on=False), "is switched off; nothing was written"),
        (Feed(3.3, limited=True), "limits the current; nothing was written"),
    ],
)
def test_a_wrong_supply_stops_before_anything_is_written(tmp_path: Path, feed: Feed, reason: str) -> None:
    class Untouched:
        """A programmer that must not be used."""

    with pytest.raises(FirmwareError, match=reason):
        do(Bench(tmp_path, Untouched(), feed), "firmware.flash", supply="supply")
    assert FirmwareJournal(tmp_path / "firmware").unfinished("SL20-0001", "sl20") is None


def test_a_programmer_that_cannot_measure_needs_the_supply(tmp_path: Path) -> None:
    with Chip(tmp_path) as chip:
        before = bytes(chip.rom.flash)
        with pytest.raises(FirmwareError, match="this programmer cannot measure that; name the supply's role"):
            do(Bench(tmp_path, chip.driver), "firmware.flash")
        with pytest.raises(
            FirmwareError, match=r"found ESP32.* but ST-30 has ATmega328P .*; check that the right device"
        ):
            do(Bench(tmp_path, chip.driver, Feed(5.0)), "firmware.flash", profile="st30", supply="supply")
        chip.rom.magic = 0x0000_07C6  # an ESP32-S2 has been connected meanwhile
        with pytest.raises(InstrumentError):
            do(Bench(tmp_path, chip.driver, Feed(3.3)), "firmware.flash", supply="supply")
        assert bytes(chip.rom.flash) == before
        assert FirmwareJournal(tmp_path / "firmware").unfinished("SL20-0001", "sl20") is None


def test_a_wrong_image_stops_before_the_programmer_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    description = yaml.safe_load((SHIPPED / "sl20.yaml").read_text())
    (tmp_path / "sl20.yaml").write_text((SHIPPED / "sl20.yaml").read_text())
    (tmp_path / description["images"][0]["file"]).write_bytes(b"another image")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    (told,) = images_of([Step("s", Words("S", "试"), "firmware.flash", "mcu", {"profile": "sl20"})])
    assert "is not the released firmware 2.1.0" in told
    with pytest.raises(FirmwareError, match=r"is not the released firmware 2\.1\.0"):
        do(Bench(tmp_path, None, Feed(3.3)), "firmware.flash", supply="supply")


def test_notes_survive_everything_but_their_end(tmp_path: Path) -> None:
    journal = FirmwareJournal(tmp_path / "deep" / "folder")
    assert journal.unfinished("SN/1", "main") is None
    journal.end("SN/1", "main")
    first = journal.begin("SN/1", "M", "main", "1.0", "ab")
    again = FirmwareJournal(tmp_path / "deep" / "folder").begin("SN/1", "M", "main", "1.1", "cd")
    assert (first.attempts, again.attempts) == (1, 2)
    assert journal.unfinished("SN/1", "main") == again
    assert journal.unfinished("SN_1", "main") is None
    assert journal.unfinished("SN/1", "radio") is None
    (path,) = (tmp_path / "deep" / "folder").iterdir()
    path.write_bytes(b'{"device"')
    damaged = journal.unfinished("SN/1", "main")
    assert damaged is not None
    assert damaged.version == "unknown"
    journal.end("SN/1", "main")
    assert journal.unfinished("SN/1", "main") is None


def test_two_devices_may_be_written_at_once(tmp_path: Path) -> None:
    journal = FirmwareJournal(tmp_path)
    threads = [
        threading.Thread(target=journal.begin, args=(f"SN-{number}", "M", "main", "1.0", "ab")) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(journal.unfinished(f"SN-{number}", "main") for number in range(8))


def test_limits_and_patterns_of_a_profile() -> None:
    image = {"version": "1.0.0", "file": "x.bin", "size": 4, "sha256": hashlib.sha256(b"abcd").hexdigest()}
    base = {"model": "M", "chip": {"name": "c", "codes": ["1"]}, "current": "1.0.0", "images": [image]}
    import msgspec

    for changes, match in (
        ({"version_pattern": "x"}, "needs one group"),
        ({"version_pattern": "("}, "no regular expression"),
        ({"supply": {"minimum_v": 3, "maximum_v": 2}}, "below maximum_v"),
        ({"current": "2.0.0"}, "has no firmware 2.0.0"),
    ):
        with pytest.raises(msgspec.ValidationError, match=match):
            msgspec.convert({**base, **changes}, FirmwareProfile)
    Supply(3.0, 3.6).check(3.0, "M")
    profile = msgspec.convert(base, FirmwareProfile)
    with pytest.raises(FirmwareError):
        profile.check_chip(ChipIdentity("other", "2"))


def test_a_broken_profile_is_told_with_file_line_and_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    text = (SHIPPED / "sp100.yaml").read_text()
    (tmp_path / "own.yaml").write_text(text.replace("chip:", "chp:", 1))
    (tmp_path / "far.yaml").write_text(text.replace("file: ", "file: ../", 1))
    with pytest.raises(FirmwareError, match="must lie beside the profile"):
        load_firmware_profile("far")
    with pytest.raises(FirmwareError, match=r"own\.yaml: line \d+: the key 'chp' is not known here .*\(and 1 more"):
        load_firmware_profile("own")
