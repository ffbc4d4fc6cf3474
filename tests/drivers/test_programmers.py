"""Programmers: flashrom for real on its dummy chips, stm32flash without a port, and tools that misbehave."""

import os
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from scripted_server import PtyInstrument
from waiting import PATIENCE_S, wait_until

from drivers.capabilities import FirmwareProgrammer
from drivers.errors import Cancelled, ConnectionLost, InstrumentRefused, Misconfigured, NoResponse
from drivers.guard import Guard
from drivers.programmers import flashrom
from drivers.programmers.base import load_image
from drivers.registry import open_instrument
from drivers.transports.tool import MAX_OUTPUT_CHARACTERS, ToolResult, find_tool, run_tool

CHIP = "SST25VF032B"
SIZE = 4 << 20


def flash_chip(folder: Path, chip: str = CHIP) -> FirmwareProgrammer:
    programmer = open_instrument("flashrom", f"flashrom:dummy:emulate={chip},image={folder / 'chip.bin'}")
    assert isinstance(programmer, FirmwareProgrammer)
    return programmer


def test_flashrom_identifies_writes_verifies_and_reads_back(tmp_path: Path) -> None:
    programmer = flash_chip(tmp_path)
    chip = programmer.chip()
    assert (chip.name, chip.code, chip.size_bytes) == ("SST SST25VF032B", "bf254a", SIZE)
    image = tmp_path / "firmware.bin"
    image.write_bytes(os.urandom(5000))
    seen: list[tuple[float, str]] = []
    programmer.flash(image, progress=lambda fraction, text: seen.append((fraction, text)))
    assert seen[-1][0] == 1.0
    assert {"read", "write", "verify"} <= {text for _, text in seen}
    assert (tmp_path / "chip.bin").read_bytes()[:5000] == image.read_bytes()
    programmer.verify(image)
    programmer.read(tmp_path / "backup.bin", size_bytes=5000)
    assert (tmp_path / "backup.bin").read_bytes() == image.read_bytes()
    programmer.read(tmp_path / "whole.bin")
    assert (tmp_path / "whole.bin").stat().st_size == SIZE
    programmer.close()


def test_a_smaller_image_leaves_the_rest_of_the_chip_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = bytearray(os.urandom(SIZE))
    (tmp_path / "chip.bin").write_bytes(memory)
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"\x55" * 4096)
    chip = flash_chip(tmp_path)
    actions: list[str] = []

    def run(command: list[str], **options: Any) -> ToolResult:
        actions.append(next(one for one in command if one in {"-V", "-r", "-w"}))
        return run_tool(command, **options)

    monkeypatch.setattr(flashrom, "run_tool", run)
    chip.flash(image)
    assert (tmp_path / "chip.bin").read_bytes() == b"\x55" * 4096 + memory[4096:]
    assert actions == ["-V", "-r", "-w"], "probed once: a probe that fails later would be taken for a failed write"


def test_a_difference_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "chip.bin").write_bytes(b"\xff" * 0x1234 + b"\x7f" + b"\xff" * (SIZE - 0x1235))
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"\xff" * 0x2000)
    with pytest.raises(InstrumentRefused, match=r"at 0x00001234, which holds 0x7f and should hold 0xff"):
        flash_chip(tmp_path).verify(image)


def test_what_flashrom_refuses(tmp_path: Path) -> None:
    image = tmp_path / "big.bin"
    image.write_bytes(bytes(SIZE + 1))
    with pytest.raises(Misconfigured, match=f"has {SIZE + 1} bytes, but the chip"):
        flash_chip(tmp_path).flash(image, progress=lambda *_: pytest.fail("the chip was read for nothing"))
    with pytest.raises(Misconfigured, match=r"does not know that .*Invalid chip specified for emulation: NOPE"):
        flash_chip(tmp_path, "NOPE")
    with pytest.raises(ConnectionLost, match="the programmer is not there"):
        open_instrument("flashrom", "flashrom:ch341a_spi")
    with pytest.raises(Misconfigured, match="not reached like that; write for example flashrom:"):
        open_instrument("flashrom", "serial:/dev/ttyUSB0")


def test_a_write_that_the_programmer_cannot_do_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"\x00" * SIZE)
    address = f"flashrom:dummy:emulate={CHIP},image={tmp_path / 'chip.bin'},spi_blacklist=02ad"
    programmer = open_instrument("flashrom", address)
    assert isinstance(programmer, FirmwareProgrammer)
    with pytest.raises(InstrumentRefused, match=r"flashrom failed .*; nothing may be assumed of the memory") as raised:
        programmer.flash(image)
    kept = Path(str(raised.value).rpartition("what the chip held before is in ")[2])
    assert kept.read_bytes() == b"\xff" * SIZE  # for whoever has to bring it back
    kept.unlink()
    monkeypatch.setattr(flashrom, "KEPT_IN", tmp_path / "full")
    why = r"flashrom failed .*; what the chip held before could not be kept in .*full \(No such file or directory\)"
    with pytest.raises(InstrumentRefused, match=why):
        programmer.flash(image)


def test_stm32flash_without_a_port_and_without_a_bootloader() -> None:
    with pytest.raises(ConnectionLost, match=r"cannot be opened .*/dev/ttyNOPE.*check the cable"):
        open_instrument("stm32flash", "stm32flash:/dev/ttyNOPE")
    with PtyInstrument([]) as silent:
        silent.stop()
        with pytest.raises(NoResponse, match="set BOOT0, reset the chip and try again"):
            open_instrument("stm32flash", f"stm32flash:{silent.device}")


def test_images(tmp_path: Path) -> None:
    hexed = tmp_path / "a.hex"
    hexed.write_text(":020000040800F2\n:0400000001020304F2\n:02000800AABB91\n:00000001FF\n")
    assert load_image(hexed, 0x0800_0000) == b"\x01\x02\x03\x04\xff\xff\xff\xff\xaa\xbb"
    broken = tmp_path / "b.hex"
    broken.write_text(":0400000001020304F3\n:00000001FF\n")
    with pytest.raises(Misconfigured, match=r"b\.hex is no sound Intel HEX file: line 1"):
        load_image(broken)
    (tmp_path / "empty.bin").write_bytes(b"")
    with pytest.raises(Misconfigured, match="is empty"):
        load_image(tmp_path / "empty.bin")
    with pytest.raises(Misconfigured, match=r"cannot be read .No such file"):
        load_image(tmp_path / "none.bin")


def script(folder: Path, text: str) -> str:
    path = folder / "tool"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def is_told(pid_file: Path) -> bool:
    return pid_file.exists() and bool(pid_file.read_text())


def alive(pid_file: Path) -> bool:
    if not is_told(pid_file):
        return False  # on a busy machine it was ended before it told
    status = Path(f"/proc/{int(pid_file.read_text())}/stat")
    return status.exists() and status.read_text().split()[2] != "Z"


def test_progress_lines_arrive_as_they_are_written(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    tool = script(
        tmp_path,
        rf"printf 'start\n10%%\r20%%\r30%%\r'; until [ -e {seen} ]; do sleep 0.01; done; "
        "echo end; echo bad >&2; exit 3",
    )

    def on_line(line: str) -> None:
        if line == "10%":
            seen.touch()

    result = run_tool([tool], label="tool", guard=Guard(), timeout_s=20, on_line=on_line)
    assert result.exit_code == 3
    assert result.lines == ("start", "10%", "20%", "30%", "end", "bad")


@pytest.mark.parametrize("how", ["cancel", "deadline", "timeout"])
def test_a_tool_that_hangs_is_ended_with_all_its_children(tmp_path: Path, how: str) -> None:
    pids = [tmp_path / "child", tmp_path / "self"]
    tool = script(
        tmp_path, f"trap '' TERM\nsleep 60 & echo $! > {pids[0]}\necho $$ > {pids[1]}\nwhile true; do sleep 1; done"
    )
    guard = Guard()
    if how == "deadline":
        guard.arm(0.4)
    if how == "cancel":

        def cancel() -> None:
            wait_until(lambda: all(is_told(pid) for pid in pids), "the tool and its child are at work")
            guard.cancel()

        threading.Thread(target=cancel).start()
    began = time.monotonic()
    expected = NoResponse if how == "timeout" else Cancelled
    with pytest.raises(expected):
        run_tool([tool], label="tool", guard=guard, timeout_s=0.4 if how == "timeout" else 30)
    assert time.monotonic() - began < PATIENCE_S, "a tool that does not obey is killed"
    wait_until(lambda: not any(alive(pid) for pid in pids), "the tool and its children have ended")


def test_nothing_is_started_after_a_cancel(tmp_path: Path) -> None:
    guard = Guard()
    guard.cancel()
    with pytest.raises(Cancelled):
        run_tool([script(tmp_path, f"touch {tmp_path / 'ran'}")], label="tool", guard=guard, timeout_s=5)
    assert not (tmp_path / "ran").exists()


def test_endless_output_is_bounded(tmp_path: Path) -> None:
    tool = script(tmp_path, "yes 0123456789012345678901234567890123456789 | head -c 3000000; head -c 100000 /dev/zero")
    result = run_tool([tool], label="tool", guard=Guard(), timeout_s=30)
    assert sum(map(len, result.lines)) <= MAX_OUTPUT_CHARACTERS


def test_a_program_that_is_not_installed_names_its_package() -> None:
    with pytest.raises(Misconfigured, match="the program no-such-tool is not installed; install the package nothing"):
        find_tool("no-such-tool", "nothing")
