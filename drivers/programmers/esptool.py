"""Espressif chips through ``esptool`` (5 and later) and the ROM loader on their serial port."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drivers.addresses import Address
from drivers.capabilities import ChipIdentity, Progress
from drivers.errors import ConnectionLost, InstrumentError, InstrumentRefused, NoResponse, WrongIdentity
from drivers.guard import Guard
from drivers.programmers.base import ToolProgrammer, load_image, scratch_file
from drivers.programmers.model import EsptoolProfile

_FAMILY = re.compile(r"(?:Detecting chip type\.+\s*|Connected to )(ESP[\w-]+)")
_CHIP = re.compile(r"Chip type:\s*(.+)")
_SIZE = re.compile(r"flash size:\s*(\d+)(KB|MB)", re.IGNORECASE)


class Esptool(ToolProgrammer):
    """A chip whose ROM loader is reached by a serial port (``esptool:/dev/ttyUSB0``).

    DTR and RTS bring the chip into its loader and out of it, as on all development boards; on a pseudo-terminal, which
    has none, it must be there already. Options of the address: ``baud``, ``chip``, ``offset`` of the image, ``stub=0``.
    """

    profile: EsptoolProfile

    def __init__(self, profile: EsptoolProfile, address: Address, guard: Guard, **_: Any) -> None:
        super().__init__(profile, address, guard)
        lines = not os.path.realpath(address.target).startswith("/dev/pts/")
        self._offset = address.integer("offset", profile.offset)
        self._common = ["--port", address.target, "--baud", str(address.integer("baud", profile.baud))]
        self._common += ["--chip", address.options.get("chip", "auto")]
        self._common += [
            "--before", "default-reset" if lines else "no-reset", "--after", "hard-reset" if lines else "no-reset",
        ]  # fmt: skip
        if not address.integer("stub", int(profile.stub)):
            self._common.append("--no-stub")

    def chip(self) -> ChipIdentity:
        """Identify chip and flash; the code is the family (``esp32``, ``esp32-c3``)."""
        text = "\n".join(self._do("flash-id", timeout_s=self.profile.probe_timeout_s))
        family, size = _FAMILY.search(text), _SIZE.search(text)
        if family is None:
            raise WrongIdentity(f"{self._label}: esptool tells no chip; reset it into its loader")
        name = _CHIP.search(text)
        unit = 1 << (20 if size and size[2].upper() == "MB" else 10)
        return ChipIdentity(
            name[1].strip() if name else family[1], family[1].lower(), int(size[1]) * unit if size else None
        )

    def read(self, destination: Path, *, size_bytes: int | None = None, progress: Progress | None = None) -> None:
        """Back up the flash from the image's offset on."""
        size = size_bytes if size_bytes is not None else (self.chip().size_bytes or 0) - self._offset
        with scratch_file(".bin") as copy:
            self._do("read-flash", f"{self._offset:#x}", str(size), str(copy), progress=progress, doing="read")
            destination.write_bytes(copy.read_bytes()[:size])

    def flash(self, image: Path, *, progress: Progress | None = None) -> None:
        """Erase, write, and have the chip's own MD5 of the flash compared."""
        with scratch_file(".bin", load_image(image)) as raw:
            said = self._do("write-flash", f"{self._offset:#x}", str(raw), progress=progress, doing="write")
        if not any("verified" in line for line in said):
            raise InstrumentRefused(f"{self._label}: esptool did not say that it verified the flash; write it again")

    def verify(self, image: Path, *, progress: Progress | None = None) -> None:
        """Compare by the chip's own MD5."""
        with scratch_file(".bin", load_image(image)) as raw:
            self._do("verify-flash", f"{self._offset:#x}", str(raw), progress=progress, doing="verify")

    def _do(self, action: str, *arguments: str, **options: Any) -> tuple[str, ...]:
        return self.run([*self._common, action, *arguments], **options).lines

    def complaints(self) -> Sequence[tuple[str, type[InstrumentError], str]]:
        """Return what esptool says."""
        return (
            (r"could not open|No such file|port is busy|doesn.t exist", ConnectionLost, "check cable and port"),
            (r"digest mismatch|Verification failed|MD5 of file does not match", InstrumentRefused, "write it again"),
            (r"this chip is|wrong.{0,3}chip|Unexpected chip", WrongIdentity, "check which device is connected"),
            (r"Failed to connect|No serial data|Timed out|stopped responding|Invalid head", NoResponse,
             "hold BOOT while the device is reset, check supply and cable, and try again"),
        )  # fmt: skip
