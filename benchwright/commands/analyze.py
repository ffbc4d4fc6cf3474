"""``benchwright analyze``: read capture files and show what is in them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchwright.errors import UsageError, not_written
from benchwright.printing import print_json, say
from protocols.captures.limits import LIMIT_BYTES
from tui.i18n import _

if TYPE_CHECKING:
    from protocols.waveform import Capture

app = typer.Typer(add_completion=False, help="Read capture files and show what is in them.")

MAX_FILE_BYTES = 2**31


@app.command()
def analyze(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Capture files: sigrok, scope CSV/bin/wfm, radiometric JPEG …")
    ] = None,
    truth: Annotated[
        bool, typer.Option("--truth", help="Read the folder of real captures and show measured value beside truth.")
    ] = False,
    uart: Annotated[
        str | None, typer.Option(help="Decode a UART: CHANNEL[:BAUD[:8N1]]; an i at the end inverts the line.")
    ] = None,
    i2c: Annotated[str | None, typer.Option(help="Decode I²C: SCL,SDA.")] = None,
    spi: Annotated[str | None, typer.Option(help="Decode SPI: CLK,MOSI,MISO,CS[,MODE]; leave out with -.")] = None,
    convert: Annotated[
        Path | None, typer.Option("--convert", help="Write the one FILE anew, as its new name ends: .sr, .npz, .bwc.")
    ] = None,
    sample_rate_hz: Annotated[
        float | None, typer.Option("--sample-rate-hz", help="Sample rate of files that state none, such as 1e6.")
    ] = None,
    limit_bytes: Annotated[
        int,
        typer.Option("--limit-bytes", min=1, help="How much a packed file may unpack to; raise it if you trust it."),
    ] = LIMIT_BYTES,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables and pictures.")] = False,
) -> None:
    """Show levels, timing, ripple, bus traffic and temperatures of capture FILES.

    A file that cannot be read does not keep the others from being shown; the exit code is 2 then.

    With --truth, show the captures whose true values are known (BENCHWRIGHT_CAPTURES names their folder).
    """
    if not files and not truth:
        raise UsageError("no file given; name capture files, or use --truth for the folder of real captures")
    if truth:
        _show_truth(as_json)
        return
    reading = _Reading(sample_rate_hz, limit_bytes)
    if convert is not None:
        _convert(list(files or ()), convert, reading)
        return
    from benchwright.analyze_report import Buses, report

    buses = Buses(uart=uart, i2c=i2c, spi=spi)
    reports, refused = [], []
    for path in files or ():
        try:
            reports.append(report(reading.capture(path), path.name, buses))
        except UsageError as error:
            refused.append(str(error))
    if as_json and reports:
        print_json([one.data for one in reports])
    elif reports:
        from benchwright.terminal import Terminal

        console = Terminal()
        for one in reports:
            console.print(one.picture)
    if refused:
        raise UsageError("\n".join(refused))


@dataclass(frozen=True, slots=True)
class _Reading:
    """How to read files: what they do not say, and what they may take."""

    sample_rate_hz: float | None
    limit_bytes: int

    def capture(self, path: Path) -> "Capture":
        from protocols.captures import read_capture
        from protocols.errors import ProtocolError

        try:
            return read_capture(
                _bytes(path), str(path), sample_rate_hz=self.sample_rate_hz, limit_bytes=self.limit_bytes
            )
        except ProtocolError as error:
            raise UsageError(str(error)) from error


def _convert(files: list[Path], target: Path, reading: _Reading) -> None:
    from protocols.captures import CaptureError
    from protocols.captures.npz import write_npz
    from protocols.captures.packed import write_packed
    from protocols.captures.sigrok_write import write_sr

    writers = {".sr": write_sr, ".npz": write_npz, ".bwc": write_packed}
    if len(files) != 1:
        raise UsageError(f"--convert takes one file, found {len(files)}")
    if target.suffix not in writers or target.exists():
        raise UsageError(f"{target}: give a new file whose name ends with {', '.join(writers)}")
    try:
        content = writers[target.suffix](reading.capture(files[0]))
        target.write_bytes(content)
    except CaptureError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise not_written(target, error) from error
    say(_("{file}: {size} bytes").format(file=target, size=len(content)))


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(f"{path} is larger than 2 GiB; cut the part of interest out of it")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; give the path of a capture file that exists"
        ) from error


def _show_truth(as_json: bool) -> None:
    from dataclasses import asdict

    from benchwright.real_captures import captures_folder, checks, table

    folder = captures_folder()
    if folder is None:
        raise UsageError("no folder of real captures; set BENCHWRIGHT_CAPTURES (docs/captures.md names the sources)")
    found = list(checks(folder))
    if as_json:
        data: list[dict[str, Any]] = [asdict(check) for check in found]
        print_json(data)
    else:
        from benchwright.terminal import Terminal

        Terminal().print(table(found))
    if not all(check.passed for check in found):
        raise typer.Exit(1)
