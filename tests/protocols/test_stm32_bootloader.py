"""The STM32 ROM bootloader: exact exchanges of AN3155, the program stm32flash, damaged input."""

import os
import random
import select
import shutil
import subprocess
import threading
import tty

import pytest
from byte_streams import mutated, splits
from hypothesis import given
from hypothesis import strategies as st

from protocols.stm32_bootloader import Bootloader, Stm32Error, Stm32Memory

ACK, NACK = b"\x79", b"\x1f"


def command(code: int) -> bytes:
    return bytes([code, code ^ 0xFF])


def checked(data: bytes) -> bytes:
    total = 0
    for byte in data:
        total ^= byte
    return data + bytes([total])


def address(value: int) -> bytes:
    return checked(value.to_bytes(4, "big"))


def ready(**options) -> tuple[Bootloader, Stm32Memory]:
    memory = Stm32Memory()
    boot = Bootloader(memory, **options)
    assert boot.feed(b"\x55\x00\x7f") == ACK
    return boot, memory


def test_identification():
    boot, _ = ready()
    assert boot.feed(command(0x00)).hex() == "790b22000102112131436373829279"
    assert boot.feed(command(0x01)).hex() == "7922000079"
    assert boot.feed(command(0x02)).hex() == "7901041079"
    assert ready(extended_erase=True, product_id=0x413)[0].feed(command(0x00) + command(0x02)).hex() == (
        "790b220001021121314463738292" + "79" + "7901041379"
    )


def test_a_second_init_is_taken_as_half_a_command():
    boot, _ = ready()
    assert boot.feed(b"\x7f") == b""
    assert boot.feed(b"\x7f") == NACK
    assert boot.feed(command(0x02)).endswith(ACK)


def test_write_and_read_back():
    boot, memory = ready()
    data = bytes(range(1, 9))
    assert boot.feed(command(0x31)) == ACK
    assert boot.feed(address(0x0800_0400)) == ACK
    assert boot.feed(checked(bytes([7]) + data)) == ACK
    assert memory.flash[0x400:0x408] == data
    assert boot.feed(command(0x11) + address(0x0800_0400) + command(7)) == ACK * 3 + data


@pytest.mark.parametrize(
    "exchange",
    [
        b"\x11\x11",
        command(0x44),
        command(0x11) + b"\x08\x00\x00\x00\x09",
        command(0x11) + address(0x0700_0000),
        command(0x11) + address(0x2000_0000),
        command(0x11) + address(0x0801_FFFF) + command(1),
        command(0x11) + address(0x0800_0000) + b"\x00\x00",
        command(0x21) + address(0x0000_0000),
        command(0x31) + address(0x0800_0000) + b"\x01\x00\x00\x00",
        command(0x31) + address(0x1FFF_F000) + checked(b"\x01\x00\x00"),
        command(0x31) + address(0x0800_0001) + checked(b"\x01\x00\x00"),
        command(0x43) + b"\xff\x01",
        command(0x43) + b"\x00\x05\x00",
        command(0x43) + checked(b"\x00\x80"),
        command(0x63) + b"\x00\x05\x00",
    ],
    ids=lambda exchange: exchange.hex(),
)
def test_what_is_wrong_is_refused_and_changes_nothing(exchange):
    boot, memory = ready()
    memory.flash[:4] = b"code"
    before = bytes(memory.flash)
    answer = boot.feed(exchange)
    assert answer.replace(ACK, b"") == NACK
    assert memory.flash == before
    assert boot.feed(command(0x02)).endswith(ACK)


def test_erase_by_page_and_whole():
    boot, memory = ready()
    memory.flash[:] = bytes(len(memory.flash))
    assert boot.feed(command(0x43) + checked(b"\x01\x00\x02")) == ACK * 2
    assert memory.flash == b"\xff" * 1024 + bytes(1024) + b"\xff" * 1024 + bytes(125 * 1024)
    assert boot.feed(command(0x43) + b"\xff\x00") == ACK * 2
    assert set(memory.flash) == {0xFF}


def test_extended_erase():
    boot, memory = ready(extended_erase=True)
    memory.flash[:] = bytes(len(memory.flash))
    assert boot.feed(command(0x44) + checked(b"\x00\x01\x00\x00\x00\x7f")) == ACK * 2
    assert memory.flash == b"\xff" * 1024 + bytes(126 * 1024) + b"\xff" * 1024
    assert boot.feed(command(0x44) + checked(b"\xff\xfe")) == ACK + NACK  # this chip has one bank
    assert boot.feed(command(0x44) + checked(b"\xff\xf0")) == ACK + NACK
    assert boot.feed(command(0x44) + checked(b"\x80\x00")[:2]) == ACK + NACK
    assert boot.feed(command(0x44) + checked(b"\xff\xff")) == ACK * 2
    assert set(memory.flash) == {0xFF}


def test_flash_that_is_not_erased_keeps_its_value():
    boot, memory = ready()
    memory.flash[0:2] = b"\x12\x34"
    assert boot.feed(command(0x31) + address(0x0800_0000) + checked(b"\x03\xff\xff\xab\xcd")) == ACK * 3
    assert memory.flash[0:4] == b"\x12\x34\xab\xcd"


def test_write_protection_is_silent_and_ends_with_a_reset():
    boot, memory = ready()
    assert boot.feed(command(0x63) + checked(b"\x00\x00")) == ACK * 2
    assert boot.feed(command(0x02)) == b""
    assert boot.feed(b"\x7f" + command(0x31) + address(0x0800_0000) + checked(b"\x01\x00\x00")) == ACK * 4
    assert boot.feed(command(0x31) + address(0x0800_1000) + checked(b"\x01\x00\x00")) == ACK * 3
    assert (memory.flash[0:2], memory.flash[0x1000:0x1002]) == (b"\xff\xff", b"\x00\x00")
    assert boot.feed(command(0x73)) == ACK * 2
    assert memory.protected_sectors == frozenset()


def test_readout_protection_refuses_all_but_identification_and_its_end_erases():
    boot, memory = ready()
    memory.flash[:4] = b"code"
    assert boot.feed(command(0x82)) == ACK * 2
    assert boot.feed(b"\x7f") == ACK
    for code in (0x11, 0x21, 0x31, 0x43, 0x63, 0x73, 0x82):
        assert boot.feed(command(code)) == NACK
    assert boot.feed(command(0x01)).endswith(ACK)
    assert boot.feed(command(0x92)) == ACK * 2
    assert not memory.readout_protected
    assert set(memory.flash) == {0xFF}


def test_go_starts_the_program_and_ends_the_bootloader():
    boot, memory = ready()
    assert boot.feed(command(0x21) + address(0x0800_0000) + b"\x7f") == ACK * 2
    assert memory.jumped_to == 0x0800_0000
    assert boot.running
    assert boot.feed(command(0x02)) == b""
    boot.reset()
    assert boot.feed(b"\x7f") == ACK


def test_a_chip_that_cannot_be_is_refused():
    with pytest.raises(Stm32Error, match="no whole number of 1024-byte pages"):
        Stm32Memory(flash_bytes=1000)


SESSION = (
    b"\x7f" + command(0) + command(2) + command(0x31) + address(0x0800_0000) + checked(b"\x03abcd")
    + command(0x11) + address(0x0800_0000) + command(3) + command(0x43) + checked(b"\x00\x00")
    + command(0x63) + checked(b"\x00\x00") + b"\x7f" + command(0x92)
)  # fmt: skip


@given(st.data())
def test_a_session_does_not_depend_on_how_the_bytes_arrive(data):
    whole = Bootloader(Stm32Memory()).feed(SESSION)
    boot = Bootloader(Stm32Memory())
    assert b"".join(boot.feed(chunk) for chunk in data.draw(splits(SESSION))) == whole
    assert b"abcd" in whole


@given(st.data(), st.booleans())
def test_damaged_sessions_are_answered_and_never_escape(data, extended):
    boot = Bootloader(Stm32Memory(flash_bytes=4096), extended_erase=extended)
    boot.feed(data.draw(mutated(SESSION)) + data.draw(st.binary(max_size=50)))
    boot.reset()
    assert boot.feed(b"\x7f") == ACK


class PtyServer:
    """Serves a bootloader on a pseudo-terminal."""

    def __init__(self, boot: Bootloader) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave = slave
        self._boot = boot
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            ready_files, _, _ = select.select([self.master, self._stop_read], [], [])
            if self._stop_read in ready_files:
                return
            answer = self._boot.feed(os.read(self.master, 4096))
            while answer:
                answer = answer[os.write(self.master, answer) :]

    def __enter__(self) -> "PtyServer":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        os.write(self._stop_write, b"x")
        self._thread.join(10)
        for descriptor in (self.master, self._slave, self._stop_read, self._stop_write):
            os.close(descriptor)

    def stm32flash(self, *arguments: str, expect: int = 0) -> str:
        self._boot.reset()
        done = subprocess.run(
            ["stm32flash", "-m", "8n1", *arguments, self.path], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr


needs_stm32flash = pytest.mark.skipif(shutil.which("stm32flash") is None, reason="stm32flash is not installed")
# Product id, bootloader version, extended erase, what stm32flash calls it, flash size, page size.
CHIPS = [
    (0x410, 0x22, False, "STM32F10xxx Medium-density", 128 * 1024, 1024),
    (0x440, 0x31, True, "STM32F030x8/F05xxx", 64 * 1024, 1024),
]


@needs_stm32flash
@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: hex(chip[0]))
def test_the_program_stm32flash_works_with_it(chip, tmp_path):
    product_id, version, extended, name, size, page = chip
    memory = Stm32Memory(flash_bytes=size, page_bytes=page)
    memory.flash[-16:] = b"old calibration!"
    boot = Bootloader(memory, product_id=product_id, version=version, extended_erase=extended)
    image = random.Random(1).randbytes(5000)
    (tmp_path / "image.bin").write_bytes(image)
    with PtyServer(boot) as server:
        shown = server.stm32flash()
        assert f"Device ID    : 0x{product_id:04x} ({name})" in shown
        assert f"Version      : 0x{version:02x}" in shown

        shown = server.stm32flash("-w", str(tmp_path / "image.bin"), "-v", "-g", "0x0")
        assert "(100.00%) Done" in shown
        assert memory.flash[:5000] == image
        assert memory.flash[-16:] == b"old calibration!"
        assert memory.jumped_to == memory.flash_start

        server.stm32flash("-r", str(tmp_path / "back.bin"))
        assert (tmp_path / "back.bin").read_bytes()[:5000] == image

        server.stm32flash("-o")
        assert set(memory.flash) == {0xFF}


@needs_stm32flash
def test_the_program_stm32flash_meets_protection(tmp_path):
    memory = Stm32Memory()
    (tmp_path / "image.bin").write_bytes(b"firmware" * 10)
    with PtyServer(Bootloader(memory)) as server:
        server.stm32flash("-j")
        assert memory.readout_protected
        server.stm32flash("-r", str(tmp_path / "back.bin"), expect=1)
        server.stm32flash("-k")
        assert not memory.readout_protected
        memory.protect([0])
        shown = server.stm32flash("-w", str(tmp_path / "image.bin"), "-v", "-n", "1", expect=1)
        assert "verify" in shown
        server.stm32flash("-u")
        server.stm32flash("-w", str(tmp_path / "image.bin"), "-v")
