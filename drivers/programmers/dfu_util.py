"""Devices in USB DFU mode through ``dfu-util`` (0.9 and later)."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drivers.addresses import Address
from drivers.capabilities import ChipIdentity, Progress
from drivers.errors import ConnectionLost, InstrumentError, InstrumentRefused, Misconfigured, NoResponse
from drivers.guard import Guard
from drivers.programmers.base import ToolProgrammer, compare, load_image, report, scratch_file
from drivers.programmers.model import DfuUtilProfile

_FOUND = re.compile(
    r'^Found DFU: \[([0-9a-f]{4}:[0-9a-f]{4})\].*?alt=(\d+), name="([^"]*)"(?:, serial="([^"]*)")?', re.MULTILINE
)
_SECTORS = re.compile(r"(\d+)\*(\d+)(.)")
_UNITS = {" ": 1, "B": 1, "K": 1024, "M": 1 << 20}


class DfuUtil(ToolProgrammer):
    """A device that is in its DFU boot loader: ``dfu-util:0483:df11?alternate=0``.

    With a DfuSe name (STM32: ``@Internal Flash /0x08000000/…``) memory is addressed, and read back for verification.
    """

    profile: DfuUtilProfile

    def __init__(self, profile: DfuUtilProfile, address: Address, guard: Guard, **_: Any) -> None:
        super().__init__(profile, address, guard)
        if not re.fullmatch(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{4}", address.target):
            raise Misconfigured(f"{self._label}: the address is the device's USB id; write {profile.addresses[0]}")
        self._alternate = address.integer("alternate", profile.alternate)
        self._device = ["-d", address.target.lower()]
        if serial := address.options.get("serial"):
            self._device += ["-S", serial]
        self._device += ["-a", str(self._alternate)]
        self._base = address.integer("flash", profile.flash_address)

    def chip(self) -> ChipIdentity:
        """Find the device; the code is its USB id."""
        result = self.run([*self._device, "-l"], timeout_s=self.profile.probe_timeout_s)
        for usb, alternate, name, _ in _FOUND.findall("\n".join(result.lines)):
            if int(alternate) == self._alternate and usb == self._address.target.lower():
                return ChipIdentity(name.strip() or "a DFU device", usb, _size(name))
        raise NoResponse(
            f"{self._label}: no such device is in DFU mode; bring it there (BOOT0, or its own key), then try again"
        )

    def read(self, destination: Path, *, size_bytes: int | None = None, progress: Progress | None = None) -> None:
        """Upload the memory."""
        size = size_bytes if size_bytes is not None else self.chip().size_bytes
        with scratch_file(".bin") as copy:
            copy.unlink()  # dfu-util refuses to write over a file
            self.run([*self._device, *self._where(size), "-U", str(copy)], progress=progress, doing="read")
            destination.write_bytes(copy.read_bytes()[:size_bytes])

    def flash(self, image: Path, *, progress: Progress | None = None) -> None:
        """Download, which erases what it needs, then read back and compare."""
        data = load_image(image, self._base)
        with scratch_file(".bin", data) as raw:
            self.run([*self._device, *self._where(None), "-D", str(raw)], progress=progress, doing="write")
        self._compare(data)

    def verify(self, image: Path, *, progress: Progress | None = None) -> None:
        """Read the memory and compare it."""
        self._compare(load_image(image, self._base))
        report(progress, 1.0, "verify")

    def _compare(self, data: bytes) -> None:
        with scratch_file(".bin") as copy:
            self.read(copy, size_bytes=len(data))
            compare(copy.read_bytes(), data, self._base, self._label)

    def _where(self, size: int | None) -> list[str]:
        return ["-s", f"{self._base:#x}" + (f":{size}" if size else "")]

    def complaints(self) -> Sequence[tuple[str, type[InstrumentError], str]]:
        """Return what dfu-util says."""
        return (
            (r"No DFU capable USB device", NoResponse, "bring the device into DFU mode, then try again"),
            (r"Cannot open DFU device|LIBUSB_ERROR_ACCESS|Lost device", ConnectionLost, "check cable and permission"),
            (r"not writeable|protected|Error during download", InstrumentRefused, "remove the write protection"),
        )


def _size(name: str) -> int | None:
    """Return the size of the memory that a DfuSe name describes (``@Internal Flash /0x08000000/064*0002Kg``)."""
    total = sum(int(count) * int(size) * _UNITS.get(unit, 0) for count, size, unit in _SECTORS.findall(name))
    return total or None
