"""stm32flash and flashrom, unmodified, work on the simulated device's memories."""

import time

import pytest
from peer_programs import run
from serial import Serial
from waiting import PATIENCE_S

from drivers.simulated import firmware, spi_flash


@pytest.fixture
def port(bench):
    return bench.directory / "mcu"


def boot_log(bench, seconds=PATIENCE_S):
    with Serial(str(bench.directory / "console"), 115200, timeout=0.2) as console:
        deadline, log = time.monotonic() + seconds, b""
        while time.monotonic() < deadline and b"app: ready" not in log and b"no valid application" not in log:
            log += console.read(256)
    return log.decode("latin-1")


def test_stm32flash_identifies_the_chip(port):
    done = run("stm32flash", ["-m", "8n1", port])
    assert done.returncode == 0, done.stderr
    assert "Device ID    : 0x0410 (STM32F10xxx Medium-density)" in done.stdout
    assert "Version      : 0x22" in done.stdout


def test_stm32flash_reads_what_is_in_the_flash(port, tmp_path):
    backup = tmp_path / "backup.bin"
    done = run("stm32flash", ["-m", "8n1", "-r", backup, "-S", f"0x08000000:{firmware.IMAGE_SIZE}", port])
    assert done.returncode == 0, done.stderr
    assert backup.read_bytes() == firmware.good_image()


def test_stm32flash_cures_corrupted_firmware(bench, port, tmp_path):
    bench.device.inject("corrupted_firmware")
    assert "crc error" in boot_log(bench)
    image = tmp_path / "image.bin"
    image.write_bytes(firmware.good_image("1.5.0"))
    done = run("stm32flash", ["-m", "8n1", "-w", image, "-v", "-g", "0x08000000", port])
    assert done.returncode == 0, done.stderr
    assert "Starting execution at address 0x08000000... done." in done.stdout
    assert bytes(bench.device.mcu_flash[: firmware.IMAGE_SIZE]) == firmware.good_image("1.5.0")
    assert bench.device.faults == frozenset()
    with Serial(str(bench.directory / "console"), 115200, timeout=0.2) as console:
        console.write(b"\r\nreset\r\n")
    log = boot_log(bench)
    assert "reset: software" in log or "app: SP-100 1.5.0 start" in log


def test_stm32flash_finds_no_chip_without_power(bench, port):
    from drivers.simulated.rails import Feed

    bench.device.power(Feed())
    done = run("stm32flash", ["-m", "8n1", port])
    assert done.returncode != 0
    assert "Failed to init device" in done.stderr


def test_flashrom_reads_and_writes_the_flash_that_the_device_boots_from(bench, tmp_path):
    programmer = f"dummy:emulate=W25Q128FV,image={bench.flash_image}"
    backup = tmp_path / "backup.bin"
    done = run("flashrom", ["-p", programmer, "-r", backup])
    assert done.returncode == 0, done.stdout + done.stderr
    assert backup.read_bytes()[: spi_flash.ASSETS_SIZE] == spi_flash.assets_partition()
    damaged = bytearray(backup.read_bytes())
    damaged[100:200] = bytes(100)
    (tmp_path / "damaged.bin").write_bytes(damaged)
    done = run("flashrom", ["-p", programmer, "-w", tmp_path / "damaged.bin"], timeout_s=110)
    assert done.returncode == 0, done.stdout + done.stderr
    bench.device.reset()
    log = boot_log(bench)
    assert "part assets: 0x000000 65536 B, crc error" in log
