"""stm32flash, flashrom and avrdude, unmodified, when what they work on fails: no harm, and repaired next time (E1)."""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from firmware_bench import Bench, Feed, do
from test_avrdude import Chip, driver_at, simulator
from waiting import wait_until

from drivers.capabilities import FirmwareProgrammer
from drivers.errors import InstrumentError, InstrumentRefused, NoResponse, WrongIdentity
from drivers.registry import open_instrument
from drivers.simulated import rails
from drivers.simulated.device import Device
from drivers.simulated.endpoints import PtyEndpoint, Session
from drivers.simulated.rom_bootloader import ProgrammingPort
from edge_agent.firmware_profile import FOLDER_VARIABLE, SHIPPED, FirmwareError
from protocols.stm32_bootloader import ACK, NACK

__all__ = ["simulator"]
W25Q128 = "flashrom:dummy:emulate=W25Q128FV,image="


class Wire(Session):
    """The line to a chip, on which things happen. ``spoil`` changes what goes to the chip and what it answers."""

    def __init__(self, inner: Session) -> None:
        self._inner = inner
        self.to_chip: Callable[[bytes], bytes] = lambda data: data
        self.from_chip: Callable[[bytes], bytes] = lambda data: data
        self.heard = 0

    def receive(self, data: bytes) -> bytes:
        self.heard += len(data)
        return self.from_chip(self._inner.receive(self.to_chip(data)))

    def opened(self) -> None:
        self._inner.opened()

    def closed(self) -> None:
        self._inner.closed()


class Stm32:
    """The SP-100's controller behind a line that can fail."""

    def __init__(self, folder: Path) -> None:
        self.device = Device(seed=1)
        self.device.power(rails.Feed(5.0, 0.5, True))
        self.loader = ProgrammingPort(self.device)
        self.wire = Wire(self.loader)
        self.port = PtyEndpoint("mcu", self.wire, folder / "mcu")

    def driver(self) -> FirmwareProgrammer:
        opened = open_instrument("stm32flash", f"stm32flash:{self.port.link}")
        assert isinstance(opened, FirmwareProgrammer)
        return opened


@pytest.fixture
def stm32(tmp_path: Path):
    if shutil.which("stm32flash") is None:
        pytest.skip("stm32flash is not installed (apt install stm32flash)")
    chip = Stm32(tmp_path)
    chip.port.start()
    yield chip
    chip.port.stop()


IMAGE = (SHIPPED / "sp100-1.4.2.bin").read_bytes()


def silent_after(wire: Wire, count: int) -> None:
    """Let the cable come off after ``count`` further bytes."""
    left = wire.heard + count
    wire.to_chip = lambda data: data if wire.heard <= left else b""


def mended(wire: Wire) -> None:
    wire.to_chip = wire.from_chip = lambda data: data


def test_stm32flash_that_lost_its_link_is_repaired_next_time(stm32: Stm32, tmp_path: Path) -> None:
    bench = Bench(tmp_path, stm32.driver(), Feed(5.0), device="SP100-1")
    silent_after(stm32.wire, 8000)
    with pytest.raises(InstrumentError) as raised:
        do(bench, "firmware.flash", "sp100", supply="supply")
    assert "\n" not in str(raised.value)
    assert bytes(stm32.device.mcu_flash[: len(IMAGE)]) != IMAGE
    mended(stm32.wire)
    assert do(bench, "firmware.identify", "sp100").values["unfinished"] is True
    assert str(do(bench, "firmware.backup", "sp100").values["likeness"]).startswith("begun: the first ")
    assert do(bench, "firmware.flash", "sp100", supply="supply").values == {"version": "1.4.2", "repaired": True}
    assert bytes(stm32.device.mcu_flash[: len(IMAGE)]) == IMAGE
    assert do(bench, "firmware.identify", "sp100").values["unfinished"] is False


def test_stm32flash_with_noise_on_the_line_writes_the_right_bytes_or_says_so(stm32: Stm32, tmp_path: Path) -> None:
    bench = Bench(tmp_path, stm32.driver(), Feed(5.0), device="SP100-1")
    struck = 0

    def strike(data: bytes) -> bytes:
        nonlocal struck
        if len(data) > 200 and struck < 2:  # in a block of 256 bytes: its checksum is wrong, and the loader refuses it
            struck += 1
            return data[:100] + bytes([data[100] ^ 0x10]) + data[101:]
        return data

    stm32.wire.to_chip = strike
    try:
        do(bench, "firmware.flash", "sp100", supply="supply")
    except InstrumentError:
        mended(stm32.wire)
        assert do(bench, "firmware.identify", "sp100").values["unfinished"] is True
        do(bench, "firmware.flash", "sp100", supply="supply")
    assert struck >= 1
    assert bytes(stm32.device.mcu_flash[: len(IMAGE)]) == IMAGE
    # A bit that is wrong on the way back: a difference is told, never passed.
    stm32.wire.from_chip = lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:] if len(data) > 200 else data
    verified = do(bench, "firmware.verify", "sp100")
    assert verified.values["matches"] is False
    assert "verification failed at 0x080000" in str(verified.detail)


def test_a_loader_that_refuses_everything_stops_stm32flash(stm32: Stm32, tmp_path: Path) -> None:
    bench = Bench(tmp_path, stm32.driver(), Feed(5.0), device="SP100-1")
    before = bytes(stm32.device.mcu_flash)
    stm32.wire.from_chip = lambda data: bytes([NACK]) if data[:1] == bytes([ACK]) and stm32.wire.heard > 60 else data
    stm32.wire.heard = 0
    with pytest.raises(InstrumentError):
        do(bench, "firmware.flash", "sp100", supply="supply")
    mended(stm32.wire)
    assert do(bench, "firmware.identify", "sp100").values["right_chip"] is True
    assert bytes(stm32.device.mcu_flash[: len(before)])[len(IMAGE) :] == before[len(IMAGE) :]
    do(bench, "firmware.flash", "sp100", supply="supply")
    assert bytes(stm32.device.mcu_flash[: len(IMAGE)]) == IMAGE


def test_another_stm32_or_none_is_left_alone(stm32: Stm32, tmp_path: Path) -> None:
    bench = Bench(tmp_path, stm32.driver(), Feed(5.0), device="SP100-1")
    before = bytes(stm32.device.mcu_flash)
    stm32.loader.impersonate(True)
    with pytest.raises(FirmwareError, match=r"but SP-100 has STM32F103 .* check that the right device"):
        do(bench, "firmware.flash", "sp100", supply="supply")
    stm32.loader.impersonate(False)
    with pytest.raises(FirmwareError, match=r"3\.3 V, but it is written at 4\.75 to 5\.25 V only"):
        do(Bench(tmp_path, stm32.driver(), Feed(3.3)), "firmware.flash", "sp100", supply="supply")
    stm32.device.power(rails.Feed())
    with pytest.raises((NoResponse, WrongIdentity)):
        do(bench, "firmware.flash", "sp100", supply="supply")
    assert bytes(stm32.device.mcu_flash) == before
    assert not list((tmp_path / "firmware").glob("*"))


# --- flashrom ---------------------------------------------------------------------------------------------------------

IMAGE_BYTES = 3000
SST25 = "flashrom:dummy:emulate=SST25VF032B,image="
"""4 MB, quicker than the camera's 16."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A product with such a chip, and its released image."""
    folder = tmp_path_factory.mktemp("firmware")
    image = os.urandom(IMAGE_BYTES)
    (folder / "camera.bin").write_bytes(image)
    described = {
        "model": "X-1", "chip": {"name": "SST25VF032B", "codes": ["bf254a"]}, "current": "1.0.0",
        "images": [{"version": "1.0.0", "file": "camera.bin", "size": IMAGE_BYTES,
                    "sha256": hashlib.sha256(image).hexdigest()}],
    }  # fmt: skip
    (folder / "camera.yaml").write_text(yaml.safe_dump(described))
    return folder


def chip_with(address: str, *faults: str) -> FirmwareProgrammer:
    if shutil.which("flashrom") is None and not Path("/usr/sbin/flashrom").exists():
        pytest.skip("flashrom is not installed (apt install flashrom)")
    opened = open_instrument("flashrom", ",".join([address, *faults]))
    assert isinstance(opened, FirmwareProgrammer)
    return opened


def fails_then_is_repaired(bench: Bench, sound: Bench, memory: Path, profile: str, image: bytes) -> bytes:
    """Flash a faulty chip, then the same as a sound one; return what the faulty one left."""
    before = memory.read_bytes()
    with pytest.raises(InstrumentRefused, match=r"what the chip held before is in /") as raised:
        do(bench, "firmware.flash", profile)
    kept = Path(str(raised.value).rpartition(" is in ")[2])
    assert kept.read_bytes() == before
    kept.unlink()
    after = memory.read_bytes()
    assert after[: len(image)] != image
    assert do(sound, "firmware.identify", profile).values["unfinished"] is True
    assert do(sound, "firmware.flash", profile).values["repaired"] is True
    assert memory.read_bytes()[: len(image)] == image
    return after


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("spi_blacklist=02ad", "the programmer cannot write"),
        ("spi_ignorelist=02ad", "the chip ignores writes"),
        ("spi_ignorelist=2052d860c7", "the chip ignores every erasure"),
    ],
)
def test_flashrom_on_a_faulty_chip_is_an_error_and_repaired_on_a_sound_one(
    fault: str, why: str, product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(product))
    memory = tmp_path / "chip.bin"
    memory.write_bytes(b"\x5a" * (4 << 20))  # full of something else, so that it must be erased
    bench = Bench(tmp_path, chip_with(f"{SST25}{memory}", fault), device="X-1-1")
    sound = Bench(tmp_path, chip_with(f"{SST25}{memory}"), device="X-1-1")
    image = (product / "camera.bin").read_bytes()
    left = fails_then_is_repaired(bench, sound, memory, "camera", image)
    assert left[:100] in (b"\xff" * 100, b"\x5a" * 100), why


@pytest.mark.campaign
def test_a_write_protected_chip_is_an_error_and_stays_as_it_is(tmp_path: Path) -> None:
    memory = tmp_path / "chip.bin"
    memory.write_bytes(b"\x5a" * (16 << 20))
    bench = Bench(tmp_path, chip_with(f"{W25Q128}{memory}", "hwwp=yes,spi_status=0xfc"), device="SC40-1")
    sound = Bench(tmp_path, chip_with(f"{W25Q128}{memory}"), device="SC40-1")
    image = (SHIPPED / "sc40-3.0.1.bin").read_bytes()
    left = fails_then_is_repaired(bench, sound, memory, "sc40", image)
    assert left == b"\x5a" * (16 << 20)


def test_flashrom_writes_in_small_pieces_and_leaves_another_chip_alone(
    product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(product))
    memory = tmp_path / "chip.bin"
    memory.write_bytes(b"\x5a" * (4 << 20))
    bench = Bench(tmp_path, chip_with(f"{SST25}{memory}", "spi_write_256_chunksize=5"), device="X-1-1")
    assert do(bench, "firmware.flash", "camera").values["repaired"] is False
    assert memory.read_bytes() == (product / "camera.bin").read_bytes() + b"\x5a" * ((4 << 20) - IMAGE_BYTES)
    with pytest.raises(NoResponse, match="no flash chip answers; check clip"):
        chip_with(f"{SST25}{memory}", "spi_ignorelist=9f90abaa155a")
    small = tmp_path / "other.bin"
    small.write_bytes(b"\x33" * (128 << 10))
    other = open_instrument("flashrom", f"flashrom:dummy:emulate=M25P10.RES,image={small}", chip="M25P10")
    with pytest.raises(FirmwareError, match="check that the right device is connected"):
        do(Bench(tmp_path, other, device="X-1-2"), "firmware.flash", "camera")
    assert small.read_bytes() == b"\x33" * (128 << 10)


# --- avrdude ----------------------------------------------------------------------------------------------------------


@pytest.mark.campaign
def test_avrdude_whose_chip_lost_power_is_repaired_next_time(simulator: Path, tmp_path: Path) -> None:
    chip = Chip(simulator, tmp_path)

    def cut() -> None:
        wait_until(lambda: list((tmp_path / "firmware").glob("*.json")), "the flash has begun")
        time.sleep(0.8)  # the boot loader has been found, and some pages are written
        chip.lose_power()

    try:
        driver = driver_at(chip.port)
        bench = Bench(tmp_path, driver, Feed(5.0), device="ST30-1")
        cutting = threading.Thread(target=cut)
        cutting.start()
        driver.guard.arm(15.0)  # left alone, avrdude looks for its chip for minutes
        with pytest.raises(InstrumentError):
            do(bench, "firmware.flash", "st30", supply="supply")
        cutting.join()
    finally:
        chip.stop()
    image = (SHIPPED / "st30-1.0.3.bin").read_bytes()
    assert chip.image.read_bytes()[: len(image)] != image
    chip = Chip(simulator, tmp_path)
    try:
        bench = Bench(tmp_path, driver_at(chip.port), Feed(5.0), device="ST30-1")
        assert do(bench, "firmware.identify", "st30").values["unfinished"] is True
        assert do(bench, "firmware.flash", "st30", supply="supply").values == {"version": "1.0.3", "repaired": True}
        assert chip.flash()[: len(image)] == image
        with pytest.raises(FirmwareError, match="check that the right device is connected"):
            do(Bench(tmp_path, driver_at(chip.port), Feed(5.0)), "firmware.flash", "sp100", supply="supply")
        assert chip.flash()[: len(image)] == image
    finally:
        chip.stop()
