"""AVR chips through ``avrdude`` (6.3 and later), by a programmer or a serial boot loader."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drivers.addresses import Address
from drivers.capabilities import ChipIdentity, Progress
from drivers.errors import ConnectionLost, InstrumentError, InstrumentRefused, NoResponse
from drivers.guard import Guard
from drivers.programmers.base import ToolProgrammer, load_image, scratch_file
from drivers.programmers.model import AvrdudeProfile

_SIGNATURE = re.compile(r"[Dd]evice signature = (0x[0-9a-f ]+)(?: \(probably (\w+)\))?")
_VOLTAGE = re.compile(r"V[Tt]arget\s*:\s*([0-9.]+)\s*V")
_MISMATCH = re.compile(r"device (0x[0-9a-f]+) != input (0x[0-9a-f]+) at addr (0x[0-9a-f]+)")
_LOADERS = ("arduino", "urclock", "avr109", "butterfly", "stk500v1")


class Avrdude(ToolProgrammer):
    """A chip on a programmer that avrdude knows: ``avrdude:<port>?programmer=usbasp&part=m328p``.

    A boot loader (programmer ``arduino`` …) cannot erase the chip, so it is not asked to.
    """

    profile: AvrdudeProfile

    def __init__(self, profile: AvrdudeProfile, address: Address, guard: Guard, **_: Any) -> None:
        super().__init__(profile, address, guard)
        programmer = self.option("programmer", profile.programmer)
        self._common = ["-p", self.option("part", profile.part), "-c", programmer, "-P", address.target]
        baud = address.integer("baud", profile.baud)
        self._common += ["-b", str(baud)] if baud else []
        self._keep = ["-D"] if programmer in _LOADERS else []

    def chip(self) -> ChipIdentity:
        """Read the signature, also that of another chip than the part named in the address."""
        result = self.run(self._common, timeout_s=self.profile.probe_timeout_s, check=False)
        found = _SIGNATURE.search("\n".join(result.lines))
        if found is None:
            raise self.error_of(result)
        return ChipIdentity(found[2] or "an AVR", found[1].replace(" ", "").lower())

    def target_voltage_v(self) -> float | None:
        """Return the voltage that the programmer measures, where it does (STK500, Atmel-ICE …)."""
        result = self.run([*self._common, "-v"], timeout_s=self.profile.probe_timeout_s, check=False)
        found = _VOLTAGE.search("\n".join(result.lines))
        return float(found[1]) if found else None

    def read(self, destination: Path, *, size_bytes: int | None = None, progress: Progress | None = None) -> None:
        """Back up the flash. avrdude leaves erased bytes at the end out; they are 0xFF here where a size is given."""
        with scratch_file(".bin") as copy:
            self.run([*self._common, "-U", f"flash:r:{copy}:r"], progress=progress, doing="read")
            data = copy.read_bytes()
        destination.write_bytes(data if size_bytes is None else data[:size_bytes].ljust(size_bytes, b"\xff"))

    def flash(self, image: Path, *, progress: Progress | None = None) -> None:
        """Erase where possible, write and verify."""
        with scratch_file(".bin", load_image(image)) as raw:
            self.run([*self._common, *self._keep, "-U", f"flash:w:{raw}:r"], progress=progress, doing="write")

    def verify(self, image: Path, *, progress: Progress | None = None) -> None:
        """Let avrdude compare the flash with the image; the first difference is in the error."""
        with scratch_file(".bin", load_image(image)) as raw:
            result = self.run([*self._common, "-U", f"flash:v:{raw}:r"], progress=progress, doing="verify", check=False)
        if result.exit_code:
            found = _MISMATCH.search("\n".join(result.lines))
            if found is None:
                raise self.error_of(result)
            raise InstrumentRefused(
                f"{self._label}: verification failed at 0x{int(found[3], 16):08x}, which holds {found[1]} and should "
                f"hold {found[2]}; write it again"
            )

    def complaints(self) -> Sequence[tuple[str, type[InstrumentError], str]]:
        """Return what avrdude says."""
        return (
            (r"can.t open device|cannot open (?:port|device)|(?:could not|cannot) find (?:USB )?device|no such file",
             ConnectionLost, "check cable and port"),
            (r"AVR Part .* not found|unknown part|Valid parts|can.t find programmer id|unknown programmer",
             InstrumentRefused, "correct programmer and part in the address"),
            (r"not in sync|not responding|no response|programmer is not|initialization failed|target doesn.t answer",
             NoResponse, "check the chip's supply and the plug, reset it and try again"),
            (r"verification (?:error|mismatch)|mismatch", InstrumentRefused, "write it again"),
        )  # fmt: skip
