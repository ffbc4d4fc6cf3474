"""Microcontrollers by SWD or JTAG through ``openocd`` (0.11 and later): ST-Link, CMSIS-DAP, J-Link and others."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drivers.addresses import Address
from drivers.capabilities import ChipIdentity, Progress
from drivers.errors import ConnectionLost, InstrumentError, InstrumentRefused, Misconfigured, NoResponse, WrongIdentity
from drivers.guard import Guard
from drivers.programmers.base import ToolProgrammer, load_image, report, scratch_file
from drivers.programmers.model import OpenOcdProfile

_ID = re.compile(r"device id = (0x[0-9a-fA-F]+)|SWD DPIDR (0x[0-9a-fA-F]+)|tap/device found: (0x[0-9a-fA-F]+)")
_SIZE = re.compile(r"flash size = (\d+) ?[kK]i?[bB]|#\d+ : \S+ at 0x[0-9a-f]+, size 0x([0-9a-f]+)")
_NAME = re.compile(r"#\d+ : (\S+) at 0x")
_VOLTAGE = re.compile(r"Target voltage: ([0-9.]+)")


class OpenOcd(ToolProgrammer):
    """A chip behind a debug probe: ``openocd:interface/stlink.cfg?target=target/stm32f1x.cfg``.

    The first flash bank of the target is used. Options: ``flash`` (its address), ``speed`` in kHz.
    """

    profile: OpenOcdProfile

    def __init__(self, profile: OpenOcdProfile, address: Address, guard: Guard, **_: Any) -> None:
        super().__init__(profile, address, guard)
        self._base = address.integer("flash", profile.flash_address)
        self._setup = ["-f", address.target, "-f", self.option("target", profile.target)]
        if "speed" in address.options:
            self._setup += ["-c", f"adapter speed {address.integer('speed', 1000)}"]

    def chip(self) -> ChipIdentity:
        """Connect, halt and probe the flash; the code is the chip's own id where the flash driver tells it."""
        said = "\n".join(self._do("flash probe 0", "flash info 0", timeout_s=self.profile.probe_timeout_s))
        ids = [next(filter(None, groups)) for groups in _ID.findall(said)]
        own = re.search(r"device id = (0x[0-9a-fA-F]+)", said)
        name, size = _NAME.search(said), _SIZE.search(said)
        if not ids and name is None:
            raise WrongIdentity(f"{self._label}: OpenOCD tells no chip; correct the target in the address")
        code = own[1] if own else ids[0] if ids else f"{name[1] if name else ''}"
        size_bytes = None if size is None else int(size[1]) * 1024 if size[1] else int(size[2], 16)
        return ChipIdentity(name[1] if name else "a chip", code.lower(), size_bytes)

    def target_voltage_v(self) -> float | None:
        """Return the voltage that the probe measures (ST-Link and J-Link do)."""
        found = _VOLTAGE.search("\n".join(self._do(timeout_s=self.profile.probe_timeout_s)))
        return float(found[1]) if found else None

    def read(self, destination: Path, *, size_bytes: int | None = None, progress: Progress | None = None) -> None:
        """Back up the flash bank from its beginning."""
        size = size_bytes if size_bytes is not None else self.chip().size_bytes
        with scratch_file(".bin") as copy:
            self._do(f"flash read_bank 0 {_quoted(copy)} 0" + (f" {size}" if size else ""))
            destination.write_bytes(copy.read_bytes()[:size_bytes])
        report(progress, 1.0, "read")

    def flash(self, image: Path, *, progress: Progress | None = None) -> None:
        """Erase what is needed, write, and verify."""
        with scratch_file(".bin", load_image(image, self._base)) as raw:
            report(progress, 0.1, "write")
            self._do(
                f"flash write_image erase {_quoted(raw)} {self._base:#x} bin",
                f"flash verify_bank 0 {_quoted(raw)} 0",
                then="reset run",
            )
        report(progress, 1.0, "verify")

    def verify(self, image: Path, *, progress: Progress | None = None) -> None:
        """Compare the flash bank with the image."""
        with scratch_file(".bin", load_image(image, self._base)) as raw:
            self._do(f"flash verify_bank 0 {_quoted(raw)} 0")
        report(progress, 1.0, "verify")

    def _do(self, *commands: str, then: str = "", timeout_s: float | None = None) -> tuple[str, ...]:
        words = ["init", "reset halt", *commands, *([then] if then else []), "shutdown"]
        arguments = [*self._setup, *(word for command in words for word in ("-c", command))]
        return self.run(arguments, timeout_s=timeout_s).lines

    def complaints(self) -> Sequence[tuple[str, type[InstrumentError], str]]:
        """Return what OpenOCD says."""
        return (
            (r"contents differ|verify failed|checksum mismatch|failed to verify", InstrumentRefused, "write it again"),
            (r"unable to find a matching|no device found|unable to open|LIBUSB_ERROR|open failed", ConnectionLost,
             "check the probe's cable and permission"),
            (r"can't find|Can.t find|couldn.t open|invalid command name", Misconfigured,
             "correct interface and target in the address"),
            (r"target voltage may be too low|init mode failed|cannot read IDR|no target|not halted|examination failed",
             NoResponse, "check the target's supply and the debug plug, then try again"),
            (r"JTAG tap: \S+\s+UNEXPECTED|Cannot identify target", WrongIdentity, "check which device is connected"),
            (r"doesn.t support read_memory|error reading|flash read error", InstrumentRefused, "it was not verified"),
            (r"is protected|locked", InstrumentRefused, "remove the read-out or write protection"),
        )  # fmt: skip


def _quoted(path: Path) -> str:
    """Return a path as Tcl takes it, whatever is in it."""
    return "{" + str(path) + "}"
