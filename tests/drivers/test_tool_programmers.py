"""esptool on a simulated ESP32 ROM loader; OpenOCD, dfu-util and pyOCD as far as they go without a probe (E1)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.capabilities import FirmwareProgrammer
from drivers.errors import ConnectionLost, InstrumentError, InstrumentRefused, Misconfigured, NoResponse, WrongIdentity
from drivers.programmers.dfu_util import _size
from drivers.registry import open_instrument
from drivers.simulated.endpoints import PtyEndpoint
from drivers.simulated.esp32_rom import Esp32Rom
from drivers.transports.tool import find_tool
from protocols import esp_rom


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[tuple[Esp32Rom, str]]:
    rom = Esp32Rom()
    port = PtyEndpoint("esp", rom, tmp_path / "port")
    port.start()
    yield rom, f"esptool:{tmp_path / 'port'}?stub=0&baud=115200"
    port.stop()


def programmer(profile: str, address: str) -> FirmwareProgrammer:
    opened = open_instrument(profile, address)
    assert isinstance(opened, FirmwareProgrammer)
    return opened


def test_esptool_identifies_writes_verifies_and_reads_back(chip: tuple[Esp32Rom, str], tmp_path: Path) -> None:
    rom, address = chip
    driver = programmer("esptool", f"{address}&offset=0x10000")
    assert (driver.chip().code, driver.chip().size_bytes) == ("esp32", 4 << 20)
    image = tmp_path / "firmware.bin"
    image.write_bytes(os.urandom(7000))
    seen: list[float] = []
    driver.flash(image, progress=lambda fraction, _: seen.append(fraction))
    assert seen[-1] == 1.0
    assert len(seen) > 3
    assert rom.flash[0x10000 : 0x10000 + 7000] == image.read_bytes()
    assert rom.flash[:0x10000] == b"\xff" * 0x10000
    driver.read(tmp_path / "backup.bin", size_bytes=7000)
    assert (tmp_path / "backup.bin").read_bytes() == image.read_bytes()
    rom.flash[0x10100] ^= 1
    with pytest.raises(InstrumentRefused, match=r"(?i)digest mismatch|verification failed"):
        driver.verify(image)


def test_a_link_that_is_lost_in_the_middle(chip: tuple[Esp32Rom, str], tmp_path: Path) -> None:
    rom, address = chip
    driver = programmer("esptool", address)
    image = tmp_path / "firmware.bin"
    image.write_bytes(os.urandom(7000))
    rom.lose_link_after = 2
    with pytest.raises(InstrumentError) as raised:
        driver.flash(image)
    assert "\n" not in str(raised.value)
    with pytest.raises(NoResponse, match="hold BOOT"):
        driver.chip()
    with pytest.raises(ConnectionLost, match="check cable and port"):
        programmer("esptool", f"esptool:{tmp_path / 'none'}?stub=0")


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=5), st.binary(max_size=20), st.data())
def test_slip_packets_survive_cuts_and_noise_before_them(
    packets: list[bytes], noise: bytes, data: st.DataObject
) -> None:
    reader = esp_rom.SlipReader()
    stream = noise.replace(b"\xc0", b"") + b"".join(esp_rom.slip_encode(packet) for packet in packets)
    found: list[bytes] = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert found == packets


@given(st.binary(max_size=200))
def test_any_bytes_are_answered_or_ignored(data: bytes) -> None:
    rom = Esp32Rom(flash_bytes=8192)
    for answer in esp_rom.SlipReader().feed(rom.receive(esp_rom.slip_encode(data) + data)):
        assert answer[0] == 1
    try:
        command = esp_rom.parse_command(data)
    except esp_rom.EspRomError:
        return
    assert esp_rom.SlipReader().feed(esp_rom.encode_command(command.op, command.data, command.checksum))


@pytest.fixture
def faux(tmp_path: Path) -> str:
    """OpenOCD's own dummy adapter, with its faux flash."""
    if shutil.which("openocd") is None:
        pytest.skip("openocd is not installed: apt install openocd")
    (tmp_path / "dummy.cfg").write_text("adapter driver dummy\n")
    (tmp_path / "target.cfg").write_text(
        "jtag newtap faux cpu -irlen 4 -expected-id 0\n"
        "target create faux.cpu testee -chain-position faux.cpu\n"
        "flash bank faux.flash faux 0x08000000 0x10000 0 0 faux.cpu\n"
    )
    return f"openocd:{tmp_path / 'dummy.cfg'}?target={tmp_path / 'target.cfg'}"


def test_openocd_finds_its_faux_flash_and_does_not_pass_what_it_cannot_read_back(faux: str, tmp_path: Path) -> None:
    driver = programmer("openocd", faux)
    chip = driver.chip()
    assert (chip.name, chip.size_bytes) == ("faux", 0x10000)
    assert driver.target_voltage_v() is None
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"\x55" * 3000)
    with pytest.raises(InstrumentRefused, match="read"):  # this target has no memory to compare with
        driver.flash(image)


def test_openocd_without_a_probe_or_with_a_wrong_file() -> None:
    if shutil.which("openocd") is None:
        pytest.skip("openocd is not installed: apt install openocd")
    with pytest.raises(ConnectionLost, match="check the probe"):
        programmer("openocd", "openocd:interface/stlink.cfg?target=target/stm32f1x.cfg")
    with pytest.raises(Misconfigured, match="correct interface and target"):
        programmer("openocd", "openocd:interface/none.cfg?target=target/stm32f1x.cfg")
    with pytest.raises(Misconfigured, match=r"lacks \?target="):
        programmer("openocd", "openocd:interface/stlink.cfg")


def test_dfu_util_without_a_device() -> None:
    if shutil.which("dfu-util") is None:
        pytest.skip("dfu-util is not installed: apt install dfu-util")
    with pytest.raises(NoResponse, match="in DFU mode"):
        programmer("dfu-util", "dfu-util:0483:df11?alternate=0")
    with pytest.raises(Misconfigured, match="USB id"):
        programmer("dfu-util", "dfu-util:stm32")
    assert _size("@Internal Flash  /0x08000000/064*0002Kg") == 128 * 1024
    assert _size("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg") == 512 * 1024
    assert _size("@Option Bytes  /0x1FFFF800/01*016 e") == 16


def test_pyocd_without_a_probe() -> None:
    with pytest.raises(ConnectionLost, match="check the probe"):
        programmer("pyocd", "pyocd:any?target=stm32f103rc")
    with pytest.raises(Misconfigured, match=r"lacks \?target="):
        programmer("pyocd", "pyocd:any")
    # The arguments that writing and reading use exist in this version.
    command = [find_tool("pyocd", "pyocd"), "commander", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    for option in ("--no-wait", "--target", "--uid", "--command"):
        assert option in shown.stdout, option


def test_a_wrong_family_is_told(chip: tuple[Esp32Rom, str]) -> None:
    rom, address = chip
    with pytest.raises((WrongIdentity, InstrumentRefused)):
        programmer("esptool", f"{address}&chip=esp32s2")
    assert rom.writes == 0
