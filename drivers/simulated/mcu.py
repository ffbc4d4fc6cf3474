"""What the MCU does over time: when it boots, what it says on the UART, when it drives the relay and the sensor bus."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from drivers.simulated.board import Stage
from drivers.simulated.firmware import FLASH_BASE, ImageStatus
from drivers.simulated.noise import Floats, draw
from drivers.simulated.spi_flash import ASSETS_SIZE, JEDEC_ID, SIZE
from drivers.simulated.uart import Frames

NOMINAL_CRYSTAL_HZ = 8e6
NOMINAL_BAUD = 115200.0

RESETS_BELOW_V = 2.6
STARTS_ABOVE_V = 2.7
POWER_ON_DELAY_S = 0.003

FIRST_LINE_S = 0.2
READY_S = 0.38
STAGE_STARTS_S = 0.48
STATUS_PERIOD_S = 1.0
RESTART_PERIOD_S = 1.2
"""Period of the boot loop when the application's CRC is wrong."""
SENSOR_POLL_S = 0.05

DROP_CELL_S = 0.5
"""A cold joint opens once in each cell of this length, at a random moment."""


class StageMode(StrEnum):
    """What the application does with its output stage; on the bench it runs its self test."""

    CYCLE = "cycle"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Boot:
    """One run of the MCU from a reset to the next. Times are on the device's time axis, in seconds."""

    start_s: float
    reason: str
    image: ImageStatus
    assets: tuple[int, int] | None
    sensor_answers: bool
    model: str = "SP-100"
    stage: Stage = field(default_factory=Stage)
    end_s: float = math.inf

    @property
    def runs_application(self) -> bool:
        """True when the loader finds a good image."""
        return self.image.good


@dataclass(frozen=True, slots=True)
class Drop:
    """One moment in which the cold joint opens: the rail falls to ``fraction`` of itself."""

    start_s: float
    end_s: float
    fraction: float


def drops(start_s: float, end_s: float, source: int) -> Iterator[Drop]:
    """Yield the openings of the cold joint that touch ``start_s`` … ``end_s``, in order."""
    for cell in range(math.floor(start_s / DROP_CELL_S) - 1, math.floor(end_s / DROP_CELL_S) + 1):
        length = 0.003 + 0.012 * draw(source, 3 * cell)
        begin = (cell + 0.02 + 0.9 * draw(source, 3 * cell + 1)) * DROP_CELL_S
        if begin < end_s and begin + length > start_s:
            yield Drop(begin, begin + length, 0.25 + 0.3 * draw(source, 3 * cell + 2))


def boots(first: Boot, start_s: float, end_s: float, *, brown_outs: Iterable[Drop] = ()) -> list[Boot]:
    """Return the boots that touch ``start_s`` … ``end_s``, given the one that the power (or a reset) began.

    ``brown_outs`` are the drops that can lie in that time. A bad application makes the loader restart again and again.
    """
    runs = [first]
    for drop in brown_outs:
        if first.start_s < drop.start_s < first.end_s:
            runs[-1] = replace(runs[-1], end_s=min(runs[-1].end_s, drop.start_s))
            runs.append(replace(first, start_s=drop.end_s + POWER_ON_DELAY_S, reason="brown-out"))
    found: list[Boot] = []
    for run in runs:
        if run.image.loader_runs and not run.runs_application:
            found.extend(_restarts(run, start_s, end_s))
        else:
            found.append(run)
    return [boot for boot in found if boot.start_s < end_s and boot.end_s > start_s]


def _restarts(run: Boot, start_s: float, end_s: float) -> Iterator[Boot]:
    count = max(0, math.floor((start_s - run.start_s) / RESTART_PERIOD_S))
    while (begin := run.start_s + count * RESTART_PERIOD_S) < min(end_s, run.end_s):
        reason = run.reason if count == 0 else "software"
        yield replace(run, start_s=begin, reason=reason, end_s=min(run.end_s, begin + RESTART_PERIOD_S))
        count += 1


def boot_lines(boot: Boot, slowness: float) -> list[tuple[float, str]]:
    """Return the boot log: instant and text of each line. ``slowness`` is the nominal over the real clock frequency."""
    if not boot.image.loader_runs:
        return []
    image = boot.image
    lines = [
        (FIRST_LINE_S, ""),
        (0.202, f"{boot.model} loader 2.1"),
        (0.215, f"reset: {boot.reason}"),
        (0.225, f"clock: HSE {NOMINAL_CRYSTAL_HZ:.0f} Hz, uart {NOMINAL_BAUD:.0f}"),
        (0.240, _flash_line(boot)),
    ]
    size = f"0x{FLASH_BASE:08x} {image.size} B"
    if not boot.runs_application:
        lines += [
            (0.260, f"part app: {size}, crc error: stored {image.stored_crc:08x}, computed {image.computed_crc:08x}"),
            (0.290, "boot: no valid application, restart in 1 s"),
        ]
        return [(boot.start_s + offset * slowness, text) for offset, text in lines]
    lines += [
        (0.260, f"part app: {size}, crc {image.stored_crc:08x} ok"),
        (0.275, _assets_line(boot.assets)),
        (0.310, f"app: {boot.model} {image.version} start"),
        (0.330, _sensor_line(boot)),
        (0.360, f"{boot.stage.word}: {boot.stage.says}"),
        (READY_S, "app: ready"),
    ]
    return [(boot.start_s + offset * slowness, text) for offset, text in lines]


def status_times(boot: Boot, start_s: float, end_s: float, slowness: float) -> Iterator[tuple[float, int]]:
    """Yield instant and uptime (s) of the status lines of a running application within ``start_s`` … ``end_s``."""
    if not boot.runs_application:
        return
    ready = boot.start_s + READY_S * slowness
    period = STATUS_PERIOD_S * slowness
    count = max(1, math.ceil((start_s - ready) / period))
    while (instant := ready + count * period) < min(end_s, boot.end_s):
        yield instant, count
        count += 1


def to_frames(lines: Iterable[tuple[float, str]], ends_s: float, baud: float) -> Frames:
    """Lay lines on the wire, each beginning at its instant (or when the one before is out), cut off at ``ends_s``."""
    starts: list[Floats] = []
    values: list[bytes] = []
    free = -math.inf
    for instant, text in lines:
        data = f"{text}\r\n".encode()
        begin = max(instant, free)
        offsets: Floats = np.arange(len(data), dtype=np.float64) * (10.0 / baud)
        starts.append(begin + offsets)
        values.append(data)
        free = begin + len(data) * 10.0 / baud
    if not starts:
        return Frames(np.zeros(0), np.zeros(0, dtype=np.uint8), baud)
    start_s = np.concatenate(starts)
    sent = start_s + 10.0 / baud <= ends_s
    return Frames(start_s[sent], np.frombuffer(b"".join(values), dtype=np.uint8)[sent], baud)


def stage_edges(boot: Boot, mode: StageMode, start_s: float, end_s: float, slowness: float) -> list[tuple[float, bool]]:
    """Return the switching instants of the output stage in one boot that matter for ``start_s`` … ``end_s``."""
    begin = boot.start_s + STAGE_STARTS_S * slowness
    if not boot.runs_application or mode is StageMode.OFF or begin >= min(boot.end_s, end_s):
        return []
    duty = boot.stage.duty
    if mode is StageMode.ON or duty >= 1.0:
        edges = [(begin, True)]
    else:
        period = boot.stage.period_s * slowness
        first = max(0, math.floor((start_s - begin) / period))
        count = max(0, math.ceil((min(end_s, boot.end_s) - begin) / period) - first)
        edges = []
        for cycle in range(first, first + count):
            edges += [(begin + cycle * period, True), (begin + (cycle + duty) * period, False)]
    edges = [edge for edge in edges if edge[0] < boot.end_s]
    if math.isfinite(boot.end_s):
        edges.append((boot.end_s, False))
    return edges


def _flash_line(boot: Boot) -> str:
    if boot.assets is None:
        return "spi flash: error: no answer"
    return f"spi flash: id {JEDEC_ID}, {SIZE // 1024} KiB"


def _assets_line(assets: tuple[int, int] | None) -> str:
    if assets is None:
        return "part assets: error: no flash"
    stored, computed = assets
    state = f"crc {stored:08x} ok" if stored == computed else f"crc error: stored {stored:08x}, computed {computed:08x}"
    return f"part assets: 0x000000 {ASSETS_SIZE} B, {state}"


def _sensor_line(boot: Boot) -> str:
    if boot.sensor_answers:
        return "i2c: sensor TMP102 at 0x48 ok"
    return "i2c: error: no sensor at 0x48, SDA stuck low"
