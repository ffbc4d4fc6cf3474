"""A span of time in which nobody touched the device: its state, and what follows from it at every instant."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from drivers.simulated import heat, mcu, rails
from drivers.simulated.board import Board
from drivers.simulated.edges import level_at
from drivers.simulated.firmware import NO_FIRMWARE, ImageStatus
from drivers.simulated.heat import SPOTS, Spot
from drivers.simulated.mcu import Boot, StageMode
from drivers.simulated.noise import Floats
from drivers.simulated.rails import Feed, Operating
from drivers.simulated.uart import Frames

CHARGE_TAU_S = 2e-3
DISCHARGE_TAU_S = 12e-3
_ECHO_LIMIT = 64


@dataclass(frozen=True, slots=True)
class State:
    """What people and instruments can change about the device."""

    feed: Feed = field(default_factory=Feed)
    faults: frozenset[str] = frozenset()
    board: Board = field(default_factory=Board)
    """As the faults leave it."""
    mode: StageMode = StageMode.CYCLE
    image: ImageStatus = NO_FIRMWARE
    assets: tuple[int, int] | None = None
    rom_bootloader: bool = False
    """BOOT0 was high at the last reset: the ROM's bootloader runs instead of the firmware."""


@dataclass(frozen=True)
class Epoch:
    """From ``start_s`` until the next epoch begins. ``running`` is the boot that was under way at the start.

    ``said`` are answers to console commands: instant and text.
    """

    start_s: float
    state: State
    noise_key: int
    rail_start_v: float = 0.0
    heat_start_k: dict[str, float] = field(default_factory=dict)
    running: Boot | None = None
    reset_reason: str = "power-on"
    said: tuple[tuple[float, str], ...] = ()
    model: str = "SP-100"
    spots: Mapping[str, Spot] = field(default_factory=lambda: SPOTS)

    @property
    def board(self) -> Board:
        """The board's values."""
        return self.state.board

    @cached_property
    def idle(self) -> Operating:
        """The operating point with the output stage off (or stuck on)."""
        return rails.solve(self.state.feed, self.board, driven=self.board.stage.stuck_on)

    @cached_property
    def active(self) -> Operating:
        """The operating point with the output stage on."""
        return rails.solve(self.state.feed, self.board, driven=True)

    @property
    def crystal_hz(self) -> float:
        """Frequency of the crystal fitted."""
        return self.board.crystal_hz

    @property
    def slowness(self) -> float:
        """Nominal over real clock frequency: every time that the MCU counts is longer by this."""
        return mcu.NOMINAL_CRYSTAL_HZ / self.crystal_hz

    @property
    def baud(self) -> float:
        """The real rate of the UART."""
        return mcu.NOMINAL_BAUD / self.slowness

    @property
    def powers_mcu(self) -> bool:
        """True when the 3.3 V rail settles high enough for the MCU."""
        return self.idle.logic_v > mcu.STARTS_ABOVE_V

    @cached_property
    def first_boot(self) -> Boot | None:
        """The boot that this epoch begins with, ``None`` when the MCU has no power or sits in the ROM's bootloader."""
        if self.running is not None:
            return self.running
        if not self.powers_mcu or self.state.rom_bootloader:
            return None
        begin = self.start_s + mcu.POWER_ON_DELAY_S
        needed = mcu.STARTS_ABOVE_V + self.board.dropout_v
        if self.rail_start_v < needed < self.idle.main_v:
            gap = (self.idle.main_v - self.rail_start_v) / (self.idle.main_v - needed)
            begin += CHARGE_TAU_S * math.log(gap)
        return Boot(
            begin,
            self.reset_reason,
            self.state.image,
            self.state.assets,
            not self.board.bus_stuck,
            self.model,
            self.board.stage,
        )

    def boots(self, start_s: float, end_s: float) -> list[Boot]:
        """Return the MCU's runs that touch ``start_s`` … ``end_s``."""
        first = self.first_boot
        if first is None:
            return []
        begin = max(start_s, self.start_s)
        return mcu.boots(first, begin, end_s, brown_outs=self.drops(begin - 2.0 * mcu.DROP_CELL_S, end_s))

    def drops(self, start_s: float, end_s: float) -> list[mcu.Drop]:
        """Return the openings of the cold joint in ``start_s`` … ``end_s`` (none when it is sound)."""
        if not self.board.joint_opens or not self.powers_mcu:
            return []
        begin = max(start_s, self.start_s)
        return [drop for drop in mcu.drops(begin, end_s, self.noise_key) if drop.start_s >= self.start_s]

    def frames(self, start_s: float, end_s: float) -> Frames:
        """Return the characters on the UART whose start bits begin in ``start_s`` … ``end_s``."""
        parts = []
        for boot in self.boots(start_s - 0.1, end_s):
            lines = []
            if boot.start_s + mcu.READY_S * self.slowness + 0.1 > start_s:
                lines += mcu.boot_lines(boot, self.slowness)
            for instant, uptime in mcu.status_times(boot, start_s - 0.1, end_s, self.slowness):
                lines.append((instant, self._status(instant, uptime)))
            lines += [line for line in self.said if boot.start_s <= line[0] < boot.end_s and line[0] > start_s - 1.0]
            parts.append(mcu.to_frames(sorted(lines), boot.end_s, self.baud))
        if not parts:
            return Frames(np.zeros(0), np.zeros(0, dtype=np.uint8), self.baud)
        starts = np.concatenate([part.start_s for part in parts])
        values = np.concatenate([part.values for part in parts])
        wanted = (starts >= max(start_s, self.start_s)) & (starts < end_s)
        return Frames(starts[wanted], values[wanted], self.baud)

    def switching(self, start_s: float, end_s: float) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Return when the output stage switches, and to what, as far as it matters for ``start_s`` … ``end_s``."""
        edges: list[tuple[float, bool]] = []
        period_s = self.board.stage.period_s
        for boot in self.boots(start_s - period_s, end_s):
            edges += mcu.stage_edges(boot, self.state.mode, start_s - period_s, end_s, self.slowness)
        return np.array([instant for instant, _ in edges]), np.array([level for _, level in edges], dtype=np.bool_)

    def main_mean(self, times_s: Floats) -> Floats:
        """Return the main rail without ripple and noise: each load's level, and the charging after a change."""
        instants, levels = self.switching(float(times_s.min()), float(times_s.max()) + 1e-9)
        settled = np.where(level_at(times_s, instants, levels), self.active.main_v, self.idle.main_v)
        tau = CHARGE_TAU_S if self.idle.main_v > self.rail_start_v else DISCHARGE_TAU_S
        gap = self.rail_start_v - self.idle.main_v
        if gap == 0.0 or float(times_s.min()) - self.start_s > 40.0 * tau:
            return settled
        result: Floats = settled + gap * np.exp(-np.maximum(0.0, times_s - self.start_s) / tau)
        return result

    def losses_w(self) -> dict[str, float]:
        """Return the mean heat of each part while this state lasts."""
        share = self._driven_share()
        idle, active = self.idle.losses_w, self.active.losses_w
        return {part: (1 - share) * idle[part] + share * active[part] for part in idle}

    def rises_k(self, at_s: float) -> dict[str, float]:
        """Return each part's temperature above ambient at ``at_s``."""
        return heat.approach(self.spots, self.heat_start_k, self.losses_w(), at_s - self.start_s)

    def sensor_c(self, at_s: float) -> float:
        """Return the temperature at the board's sensor, which lies between MCU and regulator."""
        rises = self.rises_k(at_s)
        return heat.AMBIENT_C + 0.25 * rises["U3"] + 0.1 * rises["U2"]

    def last_boot(self, at_s: float) -> Boot | None:
        """Return the run of the MCU that is under way at ``at_s``."""
        return next((boot for boot in self.boots(at_s, at_s + 1e-6) if boot.start_s <= at_s < boot.end_s), None)

    def _driven_share(self) -> float:
        """Return the part of the time that the output stage is driven."""
        first = self.first_boot
        if first is None or not first.runs_application or self.board.joint_opens:
            return 0.0
        shares = {StageMode.ON: 1.0, StageMode.OFF: 0.0, StageMode.CYCLE: self.board.stage.duty}
        return shares[self.state.mode]

    def _status(self, instant: float, uptime: int) -> str:
        stage = f"{self.board.stage.word} {self.state.mode}"
        if self.board.bus_stuck:
            return f"status: up {uptime} s, i2c: error: read timeout, {stage}"
        return f"status: up {uptime} s, {self.sensor_c(instant):.1f} C, {stage}"


def with_answer(said: tuple[tuple[float, str], ...], at_s: float, text: str) -> tuple[tuple[float, str], ...]:
    """Return ``said`` with one more line, the oldest forgotten."""
    return (*said, (at_s, text))[-_ECHO_LIMIT:]
