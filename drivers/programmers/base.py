"""What the tool-driven programmers share: reading images, progress, comparing."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from drivers.addresses import Address
from drivers.capabilities import FirmwareProgrammer, Progress
from drivers.errors import InstrumentError, InstrumentRefused, Misconfigured
from drivers.guard import Guard
from drivers.programmers.model import ToolProfile
from drivers.transports.tool import ToolResult, find_tool, run_tool
from protocols.intel_hex import IntelHexError, parse

MAX_IMAGE_BYTES = 256 << 20
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")


def load_image(path: Path, base_address: int = 0) -> bytes:
    """Return an image as it lies in memory from ``base_address`` on; Intel HEX gaps are filled with 0xFF.

    Raises ``Misconfigured`` when the file is missing, empty, damaged, or does not belong at that address.
    """
    try:
        if path.stat().st_size > MAX_IMAGE_BYTES:
            raise Misconfigured(f"{path} is larger than {MAX_IMAGE_BYTES} bytes; that is no firmware image")
        data = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}); check the name") from error
    if data[:1] == b":" and path.suffix.lower() in (".hex", ".ihex", ".ihx"):
        data = _from_hex(path, data, base_address)
    if not data:
        raise Misconfigured(f"{path} is empty; there is nothing to write")
    return data


def _from_hex(path: Path, text: bytes, base_address: int) -> bytes:
    try:
        image = parse(text)
    except IntelHexError as error:
        raise Misconfigured(f"{path} is no sound Intel HEX file: {error}") from error
    if not image.segments:
        return b""
    first, end = image.segments[0].address, image.segments[-1].end
    # Files for a chip are written at its own addresses or from 0.
    offset = base_address if first >= base_address else 0
    if end - offset > MAX_IMAGE_BYTES:
        raise Misconfigured(f"{path} reaches from 0x{first:x} to 0x{end:x}; that is not one chip's memory")
    memory = bytearray(b"\xff" * (end - offset))
    for segment in image.segments:
        memory[segment.address - offset : segment.end - offset] = segment.data
    return bytes(memory)


def compare(found: bytes, image: bytes, base_address: int, label: str) -> None:
    """Raise ``InstrumentRefused`` with the first difference between the memory and ``image``."""
    if found[: len(image)] == image:
        return
    at = next((i for i, (a, b) in enumerate(zip(found, image, strict=False)) if a != b), len(found))
    if at >= len(found):
        raise InstrumentRefused(f"{label}: the memory ends after {len(found)} bytes, the image has {len(image)}")
    raise InstrumentRefused(
        f"{label}: verification failed at 0x{base_address + at:08x}, which holds 0x{found[at]:02x} and should hold "
        f"0x{image[at]:02x}; write it again"
    )


def percent_in(line: str) -> float | None:
    """Return the last percentage in a progress line as a fraction, ``None`` when it has none."""
    found = _PERCENT.findall(line)
    return min(1.0, float(found[-1]) / 100.0) if found else None


def report(progress: Progress | None, fraction: float, text: str) -> None:
    """Tell the progress, where somebody listens."""
    if progress is not None:
        progress(min(1.0, max(0.0, fraction)), text)


@contextmanager
def scratch_file(suffix: str, data: bytes = b"") -> Iterator[Path]:
    """Give a file in a private folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="benchwright-") as folder:
        path = Path(folder) / f"image{suffix}"
        path.write_bytes(data)
        yield path


class ToolProgrammer(FirmwareProgrammer):
    """A programmer whose work is done by one command-line tool, run anew for each operation.

    A driver of this kind gives the tool's arguments, reads its output, and turns its complaints into errors.
    """

    profile: ToolProfile

    def __init__(self, profile: ToolProfile, address: Address, guard: Guard) -> None:
        self.profile = profile
        self.guard = guard
        self._address = address
        self._label = f"{profile.name} at {address.text}"
        self._program = find_tool(profile.program, profile.package)

    def identify(self) -> str:
        """Return the chip's name and code."""
        chip = self.chip()
        return f"{chip.name} ({chip.code})"

    def close(self) -> None:
        """Nothing is held between runs."""

    def option(self, name: str, default: str) -> str:
        """Return an option of the address, else the profile's value; raise ``Misconfigured`` when there is neither."""
        value = self._address.options.get(name) or default
        if not value:
            raise Misconfigured(f"{self._label}: the address lacks ?{name}=…; write {self.profile.addresses[0]}")
        return value

    def run(
        self,
        arguments: Sequence[str],
        *,
        timeout_s: float | None = None,
        progress: Progress | None = None,
        doing: str = "",
        check: bool = True,
    ) -> ToolResult:
        """Run the tool; ``check`` raises what `error_of` makes of an exit code other than 0."""
        told = -1

        def on_line(line: str) -> None:
            nonlocal told
            fraction = percent_in(line)
            if fraction is not None and int(fraction * 100) > told:
                told = int(fraction * 100)
                report(progress, fraction, doing)

        result = run_tool(
            [self._program, *arguments],
            label=self._label,
            guard=self.guard,
            timeout_s=timeout_s or self.profile.timeout_s,
            on_line=on_line,
        )
        if check and result.exit_code != 0:
            raise self.error_of(result)
        if doing:
            report(progress, 1.0, doing)
        return result

    def error_of(self, result: ToolResult) -> InstrumentError:
        """Return the error that a failed run means; drivers add what their tool says for a missing port or chip."""
        for pattern, kind, remedy in self.complaints():
            said = next((line.strip() for line in result.lines if re.search(pattern, line, re.IGNORECASE)), None)
            if said is not None:
                return kind(f"{self._label}: {said[:200].rstrip('.')}; {remedy}")
        return InstrumentRefused(
            f"{self._label}: {self.profile.program} failed ({result.complaint()}); nothing may be assumed of the memory"
        )

    def complaints(self) -> Sequence[tuple[str, type[InstrumentError], str]]:
        """Return (pattern of the tool's words, error, remedy), in the order of trial."""
        return ()
