"""The device under test, as physics: one of ``products``.

Time is counted in seconds from the moment that the device was made. What is on a test point is a function of time
that is computed when an instrument samples it: the same instant gives the same value, whatever the sample rate.
Everything that people do to it (power, faults, firmware, resets) begins a new epoch; waves keep running through it.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from drivers.simulated import firmware, heat, mcu, spi_flash
from drivers.simulated.board import Stage
from drivers.simulated.edges import level_at
from drivers.simulated.epoch import Epoch, State, with_answer
from drivers.simulated.faults import CORRUPTED_FIRMWARE
from drivers.simulated.mcu import Boot, StageMode
from drivers.simulated.noise import Floats, key
from drivers.simulated.points import PointKind
from drivers.simulated.products import Product, sp100
from drivers.simulated.rails import Feed
from drivers.simulated.uart import Frames
from drivers.simulated.waves import WAVES, Wave, driven_stage

UNLIMITED_HZ = 1e9


class LineIn(Protocol):
    """What drives the line input of an amplifier."""

    def voltage(self, times_s: Floats) -> Floats:
        """Return the volts at the input."""
        ...

    def played(self, stage: Stage, times_s: Floats) -> Floats:
        """Return the volts that the output stage gives for them if nothing limits it."""
        ...


_EPOCHS_KEPT = 64
READBACK_S = 0.02
_READBACK_STEPS = 64
_UART_TOLERANCE = 0.03
"""How far the clock may be off before the UART no longer understands what is typed."""
_SHORT_S = 0.1
"""A main rail that conducts more than this is short-circuited."""


class Device:
    """One device of a product (an SP-100 if not said otherwise). All methods may be called from any thread.

    ``flash_image`` is the file that holds the content of its SPI flash. ``clock`` returns seconds, never going back.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        faults: Iterable[str] = (),
        product: Product = sp100.PRODUCT,
        serial: str | None = None,
        flash_image: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.product = product
        self.serial = serial or product.serial
        self.line_in: LineIn | None = None
        self.seed = seed
        self._clock = clock
        self._began = clock()
        self._key = key(seed, "device")
        self._lock = threading.RLock()
        self._flash_image = flash_image
        self._flash = bytearray(b"\xff" * firmware.FLASH_SIZE)
        self._write_firmware(firmware.good_image(product.firmware_version))
        image, assets = firmware.check(self._flash), spi_flash.assets_crcs(flash_image)
        first = State(board=product.board, image=image, assets=assets)
        self._epochs: tuple[Epoch, ...] = (Epoch(0.0, first, self._key, model=product.model, spots=product.spots),)
        for name in faults:
            self.inject(name)

    # ---- time and state

    def now(self) -> float:
        """Return the present instant on the device's time axis, in seconds."""
        return self._clock() - self._began

    def skip(self, seconds: float) -> None:
        """Let ``seconds`` pass at once: warm-up and ageing go on, as if nobody had looked meanwhile."""
        if not 0 <= seconds < math.inf:
            raise ValueError(f"the device can skip from 0 s up, not {seconds:g} s")
        with self._lock:
            self._began -= seconds

    @property
    def state(self) -> State:
        """The present state."""
        return self._epochs[-1].state

    @property
    def faults(self) -> frozenset[str]:
        """The names of the faults that the device has now; corrupted firmware is found by looking at the flash."""
        with self._lock:
            broken = () if firmware.check(self._flash).good else (CORRUPTED_FIRMWARE,)
            return self.state.faults | frozenset(broken)

    def inject(self, name: str) -> None:
        """Put a fault in; raise ``ValueError`` when it is unknown. A fault that is there already stays."""
        fault = self.product.fault(name)
        with self._lock:
            if name == CORRUPTED_FIRMWARE:
                self._write_firmware(firmware.corrupted_image(self.product.firmware_version))
                self._begin(reset="watchdog")
            elif name not in self.state.faults:
                self._begin(faults=self.state.faults | {name}, reset=fault.resets)

    def repair(self, name: str) -> None:
        """Take a fault out (the part is replaced, or the firmware written); raise ``ValueError`` when it is unknown.

        Whoever replaces a part takes the board off the bench, and minutes later it is back as warm as the room.
        """
        fault = self.product.fault(name)
        with self._lock:
            if name == CORRUPTED_FIRMWARE:
                self._write_firmware(firmware.good_image(self.product.firmware_version))
                self._begin(reset="external")
            elif name in self.state.faults:
                reset = "external" if fault.resets else None
                self._begin(faults=self.state.faults - {name}, reset=reset, cold=True)

    def repair_all(self) -> None:
        """Make the device healthy."""
        for name in self.product.faults:
            if name in self.faults:
                self.repair(name)

    # ---- power

    def power(self, feed: Feed) -> None:
        """Apply what the bench supply offers at J1."""
        with self._lock:
            if feed != self.state.feed:
                self._begin(feed=feed)

    def supply_reading(self, at_s: float) -> tuple[float, float, bool]:
        """Return terminal voltage (V), current (A) and whether the supply limits its current, at ``at_s``.

        A supply's readback is slower than a dimmer: of that it shows the mean over the last 20 ms.
        """
        epoch = self._epoch(at_s)
        steps = _READBACK_STEPS if epoch.board.stage.period_s < READBACK_S else 1
        times: Floats = at_s - np.arange(steps, dtype=np.float64) * (READBACK_S / steps)
        instants, levels = epoch.switching(float(times[-1]), at_s + 1e-9)
        share = float(np.mean(level_at(times, instants, levels)))
        idle, active = epoch.idle, epoch.active
        terminal_v = share * active.terminal_v + (1 - share) * idle.terminal_v
        supply_a = share * active.supply_a + (1 - share) * idle.supply_a
        return terminal_v, supply_a, active.limited if share > 0.5 else idle.limited

    # ---- MCU

    def reset(self, reason: str = "external") -> None:
        """Reset the MCU; BOOT0 keeps its level."""
        with self._lock:
            self._begin(reset=reason)

    def strap_boot0(self, high: bool) -> None:
        """Set BOOT0 and reset: high starts the ROM's bootloader, low the firmware in the flash."""
        with self._lock:
            self._begin(rom_bootloader=high, reset="external")

    @property
    def bootloader_answers(self) -> bool:
        """True when the ROM's bootloader runs: power, and BOOT0 was high at the reset."""
        epoch = self._epochs[-1]
        return epoch.powers_mcu and epoch.state.rom_bootloader

    @property
    def mcu_flash(self) -> bytearray:
        """The MCU's flash (at ``firmware.FLASH_BASE``), which the ROM's bootloader writes."""
        return self._flash

    def command(self, line: str) -> None:
        """Take one line typed at the serial console; the application answers on the UART."""
        with self._lock:
            now = self.now()
            running = self._epoch(now).last_boot(now)
            hears = abs(self._epoch(now).slowness - 1.0) < _UART_TOLERANCE
            if running is None or not running.runs_application or not hears:
                return
            words = line.lower().split()
            stage = self.product.board.stage.word
            match words:
                case ["reset"]:
                    self.reset("software")
                case [word, mode] if word == stage and mode in set(StageMode):
                    self._begin(mode=StageMode(mode), say=f"{stage}: {mode}")
                case ["version"]:
                    self._begin(say=f"{self.product.model} {running.image.version}, serial {self.serial}")
                case []:
                    return
                case _:
                    self._begin(say=f"commands: {stage} on|off|cycle, reset, version")

    def uart_frames(self, start_s: float, end_s: float) -> Frames:
        """Return the characters whose start bits begin in ``start_s`` … ``end_s``, as the latest rate sends them."""
        epochs = self._epochs
        parts = []
        for number, epoch in enumerate(epochs):
            until = epochs[number + 1].start_s if number + 1 < len(epochs) else end_s
            if epoch.start_s < end_s and until > start_s:
                parts.append(epoch.frames(max(start_s, epoch.start_s), min(until, end_s)))
        if not parts:
            return Frames(np.zeros(0), np.zeros(0, dtype=np.uint8), mcu.NOMINAL_BAUD)
        starts = np.concatenate([part.start_s for part in parts])
        values = np.concatenate([part.values for part in parts])
        return Frames(starts, values, parts[-1].baud)

    # ---- what instruments see

    def voltage(self, test_point: str, times_s: Floats, *, bandwidth_hz: float = UNLIMITED_HZ) -> Floats:
        """Return the voltage against ground at ``times_s`` (shape (n,), seconds), through an input of ``bandwidth_hz``.

        Raise ``ValueError`` when there is no such test point.
        """
        kind = self.product.points.get(test_point)
        if kind is None:
            raise ValueError(f"no test point {test_point!r}; this device has {', '.join(self.product.points)}")
        if times_s.size == 0:
            return np.zeros(0)
        if kind is PointKind.LINE:
            return np.zeros(times_s.shape) if self.line_in is None else self.line_in.voltage(times_s)
        if kind is PointKind.STAGE and self.line_in is not None:
            return self._volts(driven_stage(self.line_in.played), times_s, bandwidth_hz)
        return self._volts(WAVES[kind], times_s, bandwidth_hz)

    def _volts(self, wave: Wave, times_s: Floats, bandwidth_hz: float) -> Floats:
        """Return a wave that runs through the epochs."""
        epochs = self._epochs
        starts = np.array([epoch.start_s for epoch in epochs])
        first = max(0, int(np.searchsorted(starts, times_s.min(), side="right")) - 1)
        last = max(0, int(np.searchsorted(starts, times_s.max(), side="right")) - 1)
        if first == last:
            return wave(epochs[first], times_s, bandwidth_hz)
        values = np.empty(times_s.shape)
        which = np.maximum(0, np.searchsorted(starts, times_s, side="right") - 1)
        for number in range(first, last + 1):
            inside = which == number
            if inside.any():
                values[inside] = wave(epochs[number], times_s[inside], bandwidth_hz)
        return values

    def source_ohm(self, test_point: str, at_s: float) -> float:
        """Return the resistance between a test point and ground, as an ohmmeter sees it on an unpowered board."""
        board = self._epoch(at_s).board
        shorted = board.short_s > _SHORT_S
        main_ohm = 1.0 / board.short_s if shorted else board.unpowered_main_ohm
        match self.product.points.get(test_point):
            case PointKind.GROUND:
                return 0.05
            case PointKind.MAIN:
                return main_ohm
            case PointKind.TERMINAL:
                return main_ohm + board.lead_ohm + board.converter_ohm if shorted else 150e3
            case PointKind.SENSOR_SDA if board.bus_stuck:
                return 40.0
            case PointKind.STAGE:
                return board.stage.load_ohm
            case PointKind.THERMISTOR if board.ntc_ohm is not None and math.isfinite(board.ntc_ohm):
                return board.ntc_ohm
            case PointKind.RESISTOR:
                return board.resistor_ohm
        return board.unpowered_logic_ohm

    def capacitance_f(self, test_point: str, at_s: float) -> float:
        """Return the capacitance from a test point to ground."""
        board = self._epoch(at_s).board
        held = {PointKind.MAIN: board.c5_f, PointKind.LOGIC: board.c6_f, PointKind.TERMINAL: 10e-6}
        return held.get(self.product.points[test_point], 20e-12)

    def capacitor_esr_ohm(self, test_point: str) -> float:
        """Return the series resistance of the capacitor at a test point."""
        return self.state.board.c5_esr_ohm if self.product.points[test_point] is PointKind.MAIN else 0.0

    def temperatures_c(self, at_s: float) -> Floats:
        """Return the surface of the board at ``at_s`` in °C, shape (24, 32)."""
        return heat.temperature_map(self.product.spots, self._epoch(at_s).rises_k(at_s))

    def boot_at(self, at_s: float) -> Boot | None:
        """Return the MCU's run that is under way at ``at_s``."""
        return self._epoch(at_s).last_boot(at_s)

    # ---- inside

    def _epoch(self, at_s: float) -> Epoch:
        return next((epoch for epoch in reversed(self._epochs) if epoch.start_s <= at_s), self._epochs[0])

    def _write_firmware(self, image: bytes) -> None:
        self._flash[:] = image.ljust(firmware.FLASH_SIZE, b"\xff")

    def _begin(
        self,
        *,
        reset: str | None = None,
        say: str | None = None,
        feed: Feed | None = None,
        faults: frozenset[str] | None = None,
        mode: StageMode | None = None,
        rom_bootloader: bool | None = None,
        cold: bool = False,
    ) -> None:
        """Begin a new epoch now.

        ``reset`` is the reason when the MCU restarts with it; a ``cold`` board is as warm as the room.
        """
        with self._lock:
            now = self.now()
            before = self._epochs[-1]
            old = before.state
            state = State(
                feed=old.feed if feed is None else feed,
                faults=old.faults if faults is None else faults,
                board=old.board if faults is None else self.product.board_with(faults),
                mode=(StageMode.CYCLE if reset or feed else old.mode) if mode is None else mode,
                image=firmware.check(self._flash) if reset or feed else old.image,
                assets=spi_flash.assets_crcs(self._flash_image) if reset or feed else old.assets,
                rom_bootloader=old.rom_bootloader if rom_bootloader is None else rom_bootloader,
            )
            running = before.last_boot(now) if reset is None else None
            following = Epoch(
                start_s=now,
                state=state,
                noise_key=self._key,
                rail_start_v=float(before.main_mean(np.array([now]))[0]),
                heat_start_k={} if cold else before.rises_k(now),
                reset_reason=reset or "power-on",
                said=with_answer(before.said, now + 2e-3, say) if say else before.said,
                model=before.model,
                spots=before.spots,
            )
            if running is not None and following.powers_mcu:
                following = replace(following, running=replace(running, end_s=float("inf")))
            self._epochs = (*self._epochs, following)[-_EPOCHS_KEPT:]
