"""Cortex-M microcontrollers through ``pyocd`` (0.30 and later): CMSIS-DAP, ST-Link and J-Link probes."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drivers.addresses import Address
from drivers.capabilities import ChipIdentity, Progress
from drivers.errors import ConnectionLost, InstrumentError, InstrumentRefused, Misconfigured, NoResponse, WrongIdentity
from drivers.guard import Guard
from drivers.programmers.base import ToolProgrammer, compare, load_image, report, scratch_file
from drivers.programmers.model import PyOcdProfile

_DPIDR = re.compile(r"DP register 0x0+ = (0x[0-9a-fA-F]+)")


class PyOcd(ToolProgrammer):
    """A chip behind a debug probe: ``pyocd:any?target=stm32f103rc``, or the probe's unique id in the place of ``any``.

    The code of the chip is the identification of its debug port (DPIDR): it tells the core's family, not the part.
    """

    profile: PyOcdProfile

    def __init__(self, profile: PyOcdProfile, address: Address, guard: Guard, **_: Any) -> None:
        super().__init__(profile, address, guard)
        self._base = address.integer("flash", profile.flash_address)
        self._common = ["--target", self.option("target", profile.target)]
        self._common += [] if address.target == "any" else ["--uid", address.target]

    def chip(self) -> ChipIdentity:
        """Read the debug port's identification."""
        result = self._command("readdp 0", timeout_s=self.profile.probe_timeout_s)
        found = _DPIDR.search("\n".join(result))
        if found is None:
            raise WrongIdentity(f"{self._label}: pyOCD tells no debug port; check the target's supply and the plug")
        return ChipIdentity(self._common[1], found[1].lower(), self.profile.size_bytes or None)

    def read(self, destination: Path, *, size_bytes: int | None = None, progress: Progress | None = None) -> None:
        """Back up the flash from its beginning."""
        size = size_bytes or self.profile.size_bytes
        if not size:
            raise Misconfigured(f"{self._label}: say how many bytes to read, or size_bytes in the profile")
        with scratch_file(".bin") as copy:
            self._command(f"savemem {self._base:#x} {size} {copy}")
            destination.write_bytes(copy.read_bytes()[:size])
        report(progress, 1.0, "read")

    def flash(self, image: Path, *, progress: Progress | None = None) -> None:
        """Erase what is needed and write; then read back and compare."""
        data = load_image(image, self._base)
        with scratch_file(".bin", data) as raw:
            arguments = ["flash", "--no-wait", *self._common, "--base-address", f"{self._base:#x}", "--format", "bin"]
            self.run([*arguments, str(raw)], progress=progress, doing="write")
        self._compare(data)

    def verify(self, image: Path, *, progress: Progress | None = None) -> None:
        """Read the flash and compare it."""
        self._compare(load_image(image, self._base))
        report(progress, 1.0, "verify")

    def _compare(self, data: bytes) -> None:
        with scratch_file(".bin") as copy:
            self.read(copy, size_bytes=len(data))
            compare(copy.read_bytes(), data, self._base, self._label)

    def _command(self, command: str, timeout_s: float | None = None) -> tuple[str, ...]:
        arguments = ["commander", "--no-wait", *self._common, "--command", command]
        return self.run(arguments, timeout_s=timeout_s).lines

    def complaints(self) -> Sequence[tuple[str, type[InstrumentError], str]]:
        """Return what pyOCD says."""
        return (
            (r"no (?:available )?(?:debug )?probes?|No connected debug probes|not matching", ConnectionLost,
             "check the probe's cable and permission"),
            (r"Target type .* not recognized", Misconfigured, "correct the target (see: pyocd list --targets)"),
            (r"No ACK|Transfer fault|transfer timeout|no target", NoResponse, "check the target's supply and the plug"),
            (r"locked|protected", InstrumentRefused, "remove the read-out protection"),
        )  # fmt: skip
