"""avrdude through our driver on a real boot loader: optiboot on an ATmega328P that simavr runs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.capabilities import FirmwareProgrammer
from drivers.errors import ConnectionLost, InstrumentRefused, NoResponse
from drivers.registry import open_instrument

SOURCE = Path(__file__).parent / "simavr" / "avr_on_pty.c"
OPTIBOOT = Path("/usr/share/arduino/hardware/arduino/avr/bootloaders/optiboot/optiboot_atmega328.hex")
HEADER = Path("/usr/include/simavr/sim_avr.h")
FLASH_BYTES = 32768
LOADER_AT = 0x7E00


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the chip with its UART on a pseudo-terminal."""
    absent = [name for name in ("avrdude", "gcc") if shutil.which(name) is None]
    absent += [str(path) for path in (OPTIBOOT, HEADER) if not path.exists()]
    if absent:
        pytest.skip(f"needs {', '.join(absent)}: apt install avrdude gcc libsimavr-dev libelf-dev arduino-core-avr")
    program = tmp_path_factory.mktemp("simavr") / "avr_on_pty"
    subprocess.run(
        ["gcc", "-O2", "-o", program, SOURCE, "-lsimavr", "-lutil", "-lelf"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return program


class Chip:
    """A running chip."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.port, self.image = folder / "uart", folder / "flash.bin"
        self._process = subprocess.Popen(
            [program, "atmega328p", "16000000", self.image, OPTIBOOT, self.port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout.readline() == b"ready\n"

    def flash(self) -> bytes:
        """Return what the chip's flash holds now."""
        self._process.stdin.write(b"s")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == b"saved\n"
        return self.image.read_bytes()

    def lose_power(self) -> None:
        """Stop in the middle of whatever it does; its flash keeps what was written."""
        self._process.terminate()
        self._process.wait(5)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(5)
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture
def chip(simulator: Path, tmp_path: Path) -> Iterator[Chip]:
    running = Chip(simulator, tmp_path)
    yield running
    running.stop()


def driver_at(port: Path, part: str = "m328p") -> FirmwareProgrammer:
    opened = open_instrument("avrdude", f"avrdude:{port}?programmer=arduino&part={part}&baud=115200")
    assert isinstance(opened, FirmwareProgrammer)
    return opened


def test_identify_flash_verify_and_read_back(chip: Chip, tmp_path: Path) -> None:
    driver = driver_at(chip.port)
    assert driver.chip().code == "0x1e950f"
    image = tmp_path / "firmware.bin"
    image.write_bytes(os.urandom(1500))
    seen: list[tuple[float, str]] = []
    driver.flash(image, progress=lambda fraction, text: seen.append((fraction, text)))
    assert seen[-1] == (1.0, "write")
    flash = chip.flash()
    assert len(flash) == FLASH_BYTES
    assert flash[:1500] == image.read_bytes()
    assert flash[LOADER_AT : LOADER_AT + 16] != b"\xff" * 16
    driver.verify(image)
    driver.read(tmp_path / "backup.bin", size_bytes=1500)
    assert (tmp_path / "backup.bin").read_bytes() == image.read_bytes()

    wrong = tmp_path / "other.bin"
    wrong.write_bytes(image.read_bytes()[:700] + bytes([image.read_bytes()[700] ^ 1]))
    with pytest.raises(InstrumentRefused, match=r"verification failed at 0x000002bc"):
        driver.verify(wrong)


def test_another_chip_than_the_part_in_the_address_is_told_by_its_signature(chip: Chip, tmp_path: Path) -> None:
    driver = driver_at(chip.port, "m2560")  # opening identifies: the signature found is what counts
    assert driver.chip().code == "0x1e950f"
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"\x01" * 256)
    with pytest.raises(InstrumentRefused):
        driver.flash(image)
    assert chip.flash()[:256] == b"\xff" * 256


def test_no_port_and_no_chip(simulator: Path, tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost, match="check cable and port"):
        driver_at(tmp_path / "none")
    with pytest.raises((NoResponse, ConnectionLost), match="usbasp"):
        open_instrument("avrdude", "avrdude:usb?programmer=usbasp&part=m328p")
