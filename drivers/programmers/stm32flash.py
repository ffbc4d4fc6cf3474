"""STM32 microcontrollers through ``stm32flash`` and the ROM bootloader (ST AN3155)."""

import os
import re
from pathlib import Path
from typing import Any

from drivers.addresses import Address
from drivers.capabilities import ChipIdentity, FirmwareProgrammer, Progress
from drivers.errors import ConnectionLost, InstrumentError, InstrumentRefused, NoResponse, WrongIdentity
from drivers.guard import Guard
from drivers.programmers.base import compare, load_image, percent_in, report, scratch_file
from drivers.programmers.model import Stm32FlashProfile
from drivers.transports.tool import ToolResult, find_tool, run_tool

_DEVICE = re.compile(r"Device ID\s*:\s*(0x[0-9a-fA-F]+)\s*\((.+)\)")
_FLASH = re.compile(r"Flash\s*:\s*Up to (\d+)KiB")


class Stm32Flash(FirmwareProgrammer):
    """A chip in bootloader mode on a serial port.

    ``baud`` and ``mode`` (8e1) are options, and so is, in the address, ``gpio``: stm32flash's sequence of DTR and RTS
    that brings boards with such a circuit into their bootloader and out of it (``gpio=rts&-dtr,dtr:…``).
    """

    def __init__(
        self,
        profile: Stm32FlashProfile,
        address: Address,
        guard: Guard,
        *,
        baud: int | None = None,
        mode: str | None = None,
        **_: Any,
    ) -> None:
        self.profile = profile
        self.guard = guard
        self._label = f"{profile.name} at {address.text}"
        self._device = address.target
        self._program = find_tool(profile.program, profile.package)
        self._line = ["-b", str(baud or address.integer("baud", profile.baud))]
        self._line += ["-m", mode or address.options.get("mode") or self._usual_mode()]
        gpio = address.options.get("gpio")
        self._line += ["-i", gpio] if gpio else []

    def _usual_mode(self) -> str:
        # The bootloader wants even parity, which a pseudo-terminal cannot be set to, and does not need.
        return "8n1" if os.path.realpath(self._device).startswith("/dev/pts/") else self.profile.mode

    def identify(self) -> str:
        """Return the chip's name and number as the bootloader tells them."""
        chip = self.chip()
        return f"{chip.name} ({chip.code})"

    def close(self) -> None:
        """Nothing is held between runs."""

    def chip(self) -> ChipIdentity:
        """Ask the bootloader for the device number."""
        result = self._run([], self.profile.probe_timeout_s)
        text = "\n".join(result.lines)
        match = _DEVICE.search(text)
        if match is None:
            raise WrongIdentity(
                f"{self._label}: the bootloader tells no device number ({result.complaint()}); reset the chip"
            )
        size = _FLASH.search(text)
        return ChipIdentity(match[2], match[1].lower(), int(size[1]) * 1024 if size else None)

    def read(self, destination: Path, *, size_bytes: int | None = None, progress: Progress | None = None) -> None:
        """Back up the flash from its beginning (all of it, or ``size_bytes``)."""
        with scratch_file(".bin") as copy:
            copy.unlink()
            area = f"0x{self.profile.flash_address:08x}"
            where = ["-S", f"{area}:{size_bytes}"] if size_bytes else []
            self._run([*where, "-r", str(copy)], self.profile.timeout_s, progress, "read")
            destination.write_bytes(copy.read_bytes()[:size_bytes])

    def flash(self, image: Path, *, progress: Progress | None = None) -> None:
        """Erase, write and verify; stm32flash compares each block as it writes it."""
        data = load_image(image, self.profile.flash_address)
        with scratch_file(".bin", data) as raw:
            where = f"0x{self.profile.flash_address:08x}:{len(data)}"
            self._run(["-f", "-v", "-S", where, "-w", str(raw)], self.profile.timeout_s, progress, "write")

    def verify(self, image: Path, *, progress: Progress | None = None) -> None:
        """Read the memory and compare it."""
        data = load_image(image, self.profile.flash_address)
        with scratch_file(".bin") as copy:
            self.read(copy, size_bytes=-(-len(data) // 4) * 4, progress=progress)
            compare(copy.read_bytes(), data, self.profile.flash_address, self._label)

    def _run(
        self, arguments: list[str], timeout_s: float, progress: Progress | None = None, doing: str = ""
    ) -> ToolResult:
        told = -1

        def on_line(line: str) -> None:
            # A line for every 256 bytes; whoever watches wants whole percents.
            nonlocal told
            fraction = percent_in(line)
            if fraction is not None and int(fraction * 100) > told:
                told = int(fraction * 100)
                report(progress, fraction, doing)

        result = run_tool(
            [self._program, *self._line, *arguments, self._device],
            label=self._label,
            guard=self.guard,
            timeout_s=timeout_s,
            on_line=on_line,
        )
        if result.exit_code != 0:
            raise self._error(result)
        if doing:
            report(progress, 1.0, doing)
        return result

    def _error(self, result: ToolResult) -> InstrumentError:
        text = "\n".join(result.lines)
        said = result.complaint()
        if "Failed to open port" in text or "Cannot handle device" in text:
            return ConnectionLost(f"{self._label}: the port cannot be opened ({said}); check the cable and the name")
        if "Failed to init device" in text or "timeout" in text.lower():
            return NoResponse(
                f"{self._label}: the bootloader does not answer ({said}); set BOOT0, reset the chip and try again"
            )
        return InstrumentRefused(f"{self._label}: stm32flash failed ({said}); nothing may be assumed of the memory")
