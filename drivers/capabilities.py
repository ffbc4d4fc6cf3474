"""What a test plan can ask of an instrument, whatever its make.

A capability class is a contract: its docstrings give units, shapes and errors, and every
driver of that class keeps them.
All methods may raise any ``drivers.errors.InstrumentError``; ``OutOfRange`` comes before anything is sent.
Methods block; the rack calls them in the instrument's own worker thread.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from drivers.guard import Guard
from protocols.quantity import Quantity
from protocols.waveform import ThermalImage, Waveform

Progress = Callable[[float, str], None]
"""Called with the fraction done (0 … 1) and a short text."""


class Instrument(ABC):
    """Any instrument. ``guard`` is the gate that all of its I/O passes."""

    guard: Guard

    @abstractmethod
    def identify(self) -> str:
        """Ask the instrument who it is; raise ``WrongIdentity`` when it is not what its profile describes."""

    def safe_state(self) -> None:  # noqa: B027 - most instruments drive nothing
        """Switch outputs off. An instrument that drives nothing does nothing."""

    @abstractmethod
    def close(self) -> None:
        """Release the port. Never raises, and may be called from any thread and more than once."""


class MeterFunction(StrEnum):
    """What a multimeter measures; the comment is the unit of the reading."""

    DC_VOLTAGE = "dc_voltage"  # V
    AC_VOLTAGE = "ac_voltage"  # V (rms)
    DC_CURRENT = "dc_current"  # A
    AC_CURRENT = "ac_current"  # A (rms)
    RESISTANCE = "resistance"  # Ohm
    RESISTANCE_4W = "resistance_4w"  # Ohm
    DIODE = "diode"  # V
    CONTINUITY = "continuity"  # Ohm
    FREQUENCY = "frequency"  # Hz
    PERIOD = "period"  # s
    CAPACITANCE = "capacitance"  # F
    TEMPERATURE = "temperature"  # Cel
    DUTY_CYCLE = "duty_cycle"  # %


@dataclass(frozen=True, slots=True)
class MeterReading:
    """One reading. ``quantity.value`` is ``nan`` when ``overload`` is true (the display shows OL)."""

    function: MeterFunction
    quantity: Quantity
    overload: bool = False
    range_value: float | None = None
    """The range in use, in the reading's unit, where the instrument tells it."""


class Multimeter(Instrument):
    """Digital multimeter."""

    @abstractmethod
    def functions(self) -> frozenset[MeterFunction]:
        """Return what this meter can be asked for."""

    @abstractmethod
    def read(self, function: MeterFunction, range_value: float | None = None) -> MeterReading:
        """Take one reading with its standard uncertainty from the profile's accuracy specification.

        ``range_value`` is the full scale wanted, in the reading's unit; ``None`` is autorange. A meter whose function
        is set by its knob raises ``InstrumentRefused`` when the knob stands elsewhere, and says where.
        """


class Coupling(StrEnum):
    """Input coupling of an oscilloscope channel."""

    DC = "dc"
    AC = "ac"


class Slope(StrEnum):
    """Direction of a trigger edge."""

    RISING = "rising"
    FALLING = "falling"


@dataclass(frozen=True, slots=True)
class ChannelSetup:
    """Vertical settings of one channel. ``scale_v`` is volts a division at the probe tip.

    ``offset_v`` moves the trace up by so much: the voltage at the middle of the screen is ``-offset_v``.
    """

    channel: int
    scale_v: float
    offset_v: float = 0.0
    coupling: Coupling = Coupling.DC
    probe_ratio: float = 1.0
    bandwidth_limit: bool = False


@dataclass(frozen=True, slots=True)
class TriggerSetup:
    """Edge trigger; ``channel`` 0 takes a record at once, without waiting."""

    channel: int = 0
    level_v: float = 0.0
    slope: Slope = Slope.RISING


@dataclass(frozen=True, slots=True)
class RecordLimits:
    """Limits of error (±) of one channel's record, from the data sheet, beside its quantisation.

    ``gain`` is relative to the reading, ``offset_v`` is in volts at the probe tip and cancels in differences,
    ``time_base`` is relative to times.
    """

    gain: float
    offset_v: float
    time_base: float


class Oscilloscope(Instrument):
    """Digital storage oscilloscope."""

    def limits_of_error(self, setup: ChannelSetup) -> RecordLimits | None:  # noqa: ARG002 - for drivers that know
        """Return the limits of error of a record taken with ``setup``; ``None`` where the profile does not tell."""
        return None

    @abstractmethod
    def capture(
        self,
        channels: Sequence[ChannelSetup],
        *,
        span_s: float,
        trigger: TriggerSetup = TriggerSetup(),
        points: int | None = None,
    ) -> tuple[Waveform, ...]:
        """Set up, take a single record of ``span_s`` seconds, and read the whole memory of each channel.

        Where the time base has steps, the record is the next longer one: never shorter than asked, and the waveforms
        carry their own times. Other channels are switched off.
        ``points`` asks for a memory depth, and must be one that the instrument has; ``None`` takes what it gives
        for this span. Returns one waveform for each setup, in order, codes as the instrument sent them, scaled
        by its preamble, in volts.
        """


class Wave(StrEnum):
    """Standard shapes of a signal generator."""

    SINE = "sine"
    SQUARE = "square"
    RAMP = "ramp"
    PULSE = "pulse"
    NOISE = "noise"
    DC = "dc"


class SignalGenerator(Instrument):
    """Function generator."""

    @abstractmethod
    def configure(
        self, channel: int, wave: Wave, *, frequency_hz: float, amplitude_vpp: float, offset_v: float = 0.0
    ) -> None:
        """Set the shape of one channel, amplitude in volts peak to peak into the load that the generator is set for."""

    @abstractmethod
    def output(self, channel: int, on: bool) -> None:
        """Switch one channel's output."""


class ThermalCamera(Instrument):
    """Thermal imager."""

    def limit_of_error_k(self, temperature_c: float = 25.0) -> float | None:  # noqa: ARG002 - the same for many
        """Return the limit of error (±) of a temperature in K; ``None`` where the profile does not tell."""
        return None

    @abstractmethod
    def capture(self, *, emissivity: float = 0.95, frames: int = 1) -> ThermalImage:
        """Return the mean of ``frames`` complete frames, °C."""


@dataclass(frozen=True, slots=True)
class SupplyReading:
    """What the supply measures at its terminals; ``current_limited`` is true in constant-current mode."""

    voltage: Quantity
    current: Quantity
    output_on: bool
    current_limited: bool = False


class PowerSupply(Instrument):
    """Bench power supply."""

    @abstractmethod
    def configure(self, channel: int, *, voltage_v: float, current_limit_a: float) -> None:
        """Set voltage and current limit of one channel (1 is the first); the output stays as it is."""

    @abstractmethod
    def output(self, channel: int, on: bool) -> None:
        """Switch one channel's output."""

    @abstractmethod
    def read(self, channel: int = 1) -> SupplyReading:
        """Read back voltage and current of one channel."""


class LoadMode(StrEnum):
    """What an electronic load keeps constant; the comment is the unit of the level."""

    CONSTANT_CURRENT = "constant_current"  # A
    CONSTANT_VOLTAGE = "constant_voltage"  # V
    CONSTANT_RESISTANCE = "constant_resistance"  # Ohm
    CONSTANT_POWER = "constant_power"  # W


@dataclass(frozen=True, slots=True)
class LoadReading:
    """What the load measures at its terminals."""

    voltage: Quantity
    current: Quantity
    power: Quantity
    input_on: bool


class ElectronicLoad(Instrument):
    """Electronic DC load. Its safe state is the input switched off."""

    @abstractmethod
    def modes(self) -> frozenset[LoadMode]:
        """Return what this load can keep constant."""

    @abstractmethod
    def configure(self, mode: LoadMode, level: float) -> None:
        """Set what is kept constant, in the mode's unit.

        The input stays as it is while the mode stays; for a change of the mode it is switched off first, and stays off.
        """

    @abstractmethod
    def input(self, on: bool) -> None:
        """Switch the input: on, the load draws current."""

    @abstractmethod
    def read(self) -> LoadReading:
        """Read voltage, current and power."""


class Scanner(Instrument):
    """Relay board or scanner: channels that are closed or open. Its safe state is every channel open."""

    @abstractmethod
    def channels(self) -> int:
        """Return how many channels there are; they are numbered from 1."""

    @abstractmethod
    def closed(self) -> frozenset[int]:
        """Read which channels are closed."""

    @abstractmethod
    def switch(self, channel: int, on: bool) -> None:
        """Close (``on``) or open one channel; the others stay as they are."""

    @abstractmethod
    def select(self, channels: Collection[int]) -> None:
        """Close exactly these channels. All others are opened first: two points are never joined on the way."""


@dataclass(frozen=True, slots=True)
class ChipIdentity:
    """The chip that a programmer found. ``code`` is its identification as the tool prints it (device id, JEDEC id)."""

    name: str
    code: str
    size_bytes: int | None = None


class FirmwareProgrammer(Instrument):
    """Reads and writes the program memory of a device."""

    @abstractmethod
    def chip(self) -> ChipIdentity:
        """Identify the chip without changing it."""

    def target_voltage_v(self) -> float | None:
        """Measure the supply of the device, V; ``None`` where the programmer cannot."""
        return None

    @abstractmethod
    def read(self, destination: Path, *, size_bytes: int | None = None, progress: Progress | None = None) -> None:
        """Back up the memory to ``destination`` (raw binary)."""

    @abstractmethod
    def flash(self, image: Path, *, progress: Progress | None = None) -> None:
        """Erase, write and verify ``image`` (raw binary or Intel HEX); raise ``InstrumentRefused`` when that fails."""

    @abstractmethod
    def verify(self, image: Path, *, progress: Progress | None = None) -> None:
        """Compare the memory with ``image``; raise ``InstrumentRefused`` with the first difference reported."""


@dataclass(frozen=True, slots=True)
class ConsoleLog:
    """What a serial console said. ``line_times_s`` counts from the start of the reading, one entry a line."""

    data: bytes
    line_times_s: tuple[float, ...]

    @property
    def text(self) -> str:
        """The log as text; bytes that are no UTF-8 become U+FFFD."""
        return self.data.decode("utf-8", errors="replace")


class SerialConsole(Instrument):
    """The serial log of the device under repair."""

    @abstractmethod
    def listen(
        self,
        seconds: float,
        *,
        until: str | None = None,
        max_bytes: int = 1_000_000,
        progress: Progress | None = None,
        fresh: bool = False,
    ) -> ConsoleLog:
        """Collect output for ``seconds``, ending early at the first line that matches the pattern ``until``.

        What had arrived before is part of it, since a boot log may begin early; ``fresh`` throws it away.
        ``progress`` is told, with every piece that comes, how much of the time is over and the newest line.
        """

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Write to the device."""
