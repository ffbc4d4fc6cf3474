"""What SCPI-99 (volume 1, 4 and volume 4) has in common for a kind of instrument, beside what a profile declares.

A program that was written for the class, not for the make, finds these commands on any personality with an error queue.
"""

from collections.abc import Callable
from typing import Protocol

from drivers.capabilities import MeterFunction, Wave
from drivers.simulated.scpi_device import Answer, ScpiDevice, plain, scpi
from protocols.scpi import ScpiError, format_number
from protocols.scpi_program import Command, match_header


class CommonCommands(ScpiDevice):
    """The commands of every instrument, and its status. ``on_reset`` is what ``*RST`` does to its outputs."""

    def __init__(self, on_reset: Callable[[], None]) -> None:
        super().__init__()
        self._on_reset = on_reset

    def reset(self) -> None:
        """Take the settings that ``*RST`` gives."""
        self._on_reset()


class Meter(Protocol):
    """A multimeter that can be told a function."""

    def select(self, function: MeterFunction, range_text: str) -> None:
        """Choose a function and its range (autorange for an empty text); raise ``ScpiError``."""
        ...

    def set_range(self, function: MeterFunction, range_text: str) -> None:
        """Choose the range of a function; raise ``ScpiError``."""
        ...

    def range_in_use(self, function: MeterFunction) -> str:
        """Tell the range of a function; raise ``ScpiError``."""
        ...

    def is_automatic(self, function: MeterFunction) -> bool:
        """Tell whether a function finds its range by itself."""
        ...

    def function_name(self) -> str:
        """Return the function in force by its name in the standard (``VOLT:AC``)."""
        ...

    def reading(self) -> str:
        """Measure."""
        ...


_FUNCTIONS = {
    "VOLTage[:DC]": MeterFunction.DC_VOLTAGE,
    "VOLTage:AC": MeterFunction.AC_VOLTAGE,
    "CURRent[:DC]": MeterFunction.DC_CURRENT,
    "CURRent:AC": MeterFunction.AC_CURRENT,
    "RESistance": MeterFunction.RESISTANCE,
    "FRESistance": MeterFunction.RESISTANCE_4W,
    "FREQuency": MeterFunction.FREQUENCY,
    "PERiod": MeterFunction.PERIOD,
    "CAPacitance": MeterFunction.CAPACITANCE,
}
STANDARD_NAMES = {
    function: "".join(letter for letter in words.replace("[:DC]", "") if not letter.islower())
    for words, function in _FUNCTIONS.items()
}
"""What the standard calls a function: ``VOLT``, ``VOLT:AC`` …"""


class MeterCommands(CommonCommands):
    """Measurement instructions (SCPI-99 volume 2, 3): CONFigure, INITiate, FETCh?, READ?, MEASure?."""

    def __init__(self, meter: Meter, on_reset: Callable[[], None]) -> None:
        self._meter = meter
        self._last: str | None = None
        super().__init__(on_reset)

    def commands(self) -> dict[str, Callable[..., Answer]]:
        """Return CONFigure and MEASure? for each function."""
        found: dict[str, Callable[..., Answer]] = {}
        for words, function in _FUNCTIONS.items():
            found[f"CONFigure[:SCALar]:{words}"] = self._configurer(function, measure=False)
            found[f"MEASure[:SCALar]:{words}?"] = self._configurer(function, measure=True)
            found |= self._ranges(f"[SENSe:]{words}:RANGe", function)
        return found

    def _ranges(self, words: str, function: MeterFunction) -> dict[str, Callable[..., Answer]]:
        meter = self._meter

        def choose(command: Command, *_suffixes: int) -> Answer:
            (given,) = command.take(1)
            meter.set_range(function, given.text + given.suffix)
            return None

        def tell(command: Command, *_suffixes: int) -> Answer:
            command.take(0)
            return meter.range_in_use(function)

        def let_choose(command: Command, *_suffixes: int) -> Answer:
            meter.set_range(function, "" if command.take(1)[0].boolean() else meter.range_in_use(function))
            return None

        def chooses(command: Command, *_suffixes: int) -> Answer:
            command.take(0)
            return "1" if meter.is_automatic(function) else "0"

        return {
            f"{words}[:UPPer]": choose,
            f"{words}[:UPPer]?": tell,
            f"{words}:AUTO": let_choose,
            f"{words}:AUTO?": chooses,
        }

    def _configurer(self, function: MeterFunction, *, measure: bool) -> Callable[..., Answer]:
        def configure(command: Command, *_suffixes: int) -> Answer:
            # The second parameter is the resolution, which these meters choose themselves.
            given = command.take(0, 2)
            self._meter.select(function, given[0].text + given[0].suffix if given else "")
            return self._meter.reading() if measure else None

        return configure

    @plain("INITiate[:IMMediate]")
    def _initiate(self) -> Answer:
        self._last = self._meter.reading()
        return None

    @plain("FETCh?")
    def _fetch(self) -> Answer:
        if self._last is None:
            raise ScpiError("nothing was measured yet", -230)
        return self._last

    @plain("READ?")
    def _read(self) -> Answer:
        self._last = self._meter.reading()
        return self._last

    @scpi("[SENSe:]FUNCtion[:ON]")
    def _choose(self, command: Command) -> Answer:
        name = command.take(1)[0].string().upper().removeprefix("SENS:")
        for words, function in _FUNCTIONS.items():
            if match_header(words, name) is not None:
                self._meter.select(function, "")
                return None
        raise ScpiError(f"no function {name}", -224)

    @plain("[SENSe:]FUNCtion[:ON]?")
    def _function(self) -> Answer:
        return f'"{self._meter.function_name()}"'


class Supply(Protocol):
    """A supply with numbered channels."""

    def on_set_voltage(self, voltage_v: float, channel: int = 1) -> Answer:
        """Set the voltage."""
        ...

    def on_set_current(self, current_a: float, channel: int = 1) -> Answer:
        """Set the limit."""
        ...

    def on_output(self, on: bool, channel: int = 1) -> Answer:
        """Switch."""
        ...

    def on_ask_voltage(self, channel: int = 1) -> Answer:
        """Tell the voltage set."""
        ...

    def on_ask_current(self, channel: int = 1) -> Answer:
        """Tell the limit set."""
        ...

    def on_ask_output(self, channel: int = 1) -> Answer:
        """Tell the state."""
        ...

    def on_measure_voltage(self, channel: int = 1) -> Answer:
        """Measure."""
        ...

    def on_measure_current(self, channel: int = 1) -> Answer:
        """Measure."""
        ...

    def select_channel(self, channel: int) -> None:
        """Choose the channel that commands without a number are for; raise ``ScpiError``."""
        ...

    @property
    def selected(self) -> int:
        """The channel chosen."""
        ...


class SupplyCommands(CommonCommands):
    """A DC power supply (SCPI-99 volume 4, 7), with the channel chosen by INSTrument."""

    def __init__(self, supply: Supply, on_reset: Callable[[], None]) -> None:
        self._supply = supply
        super().__init__(on_reset)

    @scpi("INSTrument:NSELect")
    def _select(self, command: Command) -> Answer:
        self._supply.select_channel(command.take(1)[0].integer())
        return None

    @plain("INSTrument:NSELect?")
    def _selected(self) -> Answer:
        return str(self._supply.selected)

    @scpi("[SOURce:]VOLTage[:LEVel][:IMMediate][:AMPLitude]")
    def _set_voltage(self, command: Command) -> Answer:
        return self._supply.on_set_voltage(command.take(1)[0].number("V"), self._supply.selected)

    @plain("[SOURce:]VOLTage[:LEVel][:IMMediate][:AMPLitude]?")
    def _get_voltage(self) -> Answer:
        return self._supply.on_ask_voltage(self._supply.selected)

    @scpi("[SOURce:]CURRent[:LEVel][:IMMediate][:AMPLitude]")
    def _set_current(self, command: Command) -> Answer:
        return self._supply.on_set_current(command.take(1)[0].number("A"), self._supply.selected)

    @plain("[SOURce:]CURRent[:LEVel][:IMMediate][:AMPLitude]?")
    def _get_current(self) -> Answer:
        return self._supply.on_ask_current(self._supply.selected)

    @scpi("OUTPut[:STATe]")
    def _set_output(self, command: Command) -> Answer:
        return self._supply.on_output(command.take(1)[0].boolean(), self._supply.selected)

    @plain("OUTPut[:STATe]?")
    def _get_output(self) -> Answer:
        return self._supply.on_ask_output(self._supply.selected)

    @plain("MEASure[:SCALar]:VOLTage[:DC]?")
    def _measure_voltage(self) -> Answer:
        return self._supply.on_measure_voltage(self._supply.selected)

    @plain("MEASure[:SCALar]:CURRent[:DC]?")
    def _measure_current(self) -> Answer:
        return self._supply.on_measure_current(self._supply.selected)

    @plain("MEASure[:SCALar]:POWer[:DC]?", "MEASure[:SCALar]:POWEr[:DC]?")
    def _measure_power(self) -> Answer:
        chosen = self._supply.selected
        volts, amperes = self._supply.on_measure_voltage(chosen), self._supply.on_measure_current(chosen)
        return f"{float(str(volts)) * float(str(amperes)):+.9E}"


class ChannelSetting(Protocol):
    """What a generator's output is set to; volts into its load."""

    @property
    def wave(self) -> Wave:
        """Shape."""
        ...

    @property
    def frequency_hz(self) -> float:
        """Frequency."""
        ...

    @property
    def amplitude_vpp(self) -> float:
        """Peak to peak."""
        ...

    @property
    def offset_v(self) -> float:
        """Mean."""
        ...


class Generator(Protocol):
    """A generator with numbered outputs."""

    def change(self, channel: int, **changes: Wave | float) -> None:
        """Change ``wave``, ``frequency_hz``, ``amplitude_vpp`` or ``offset_v``; raise ``ScpiError``."""
        ...

    def channel_setting(self, channel: int) -> ChannelSetting:
        """Return the settings; raise ``ScpiError``."""
        ...


_WAVES = {
    "SINusoid": Wave.SINE,
    "SQUare": Wave.SQUARE,
    "RAMP": Wave.RAMP,
    "PULSe": Wave.PULSE,
    "NOISe": Wave.NOISE,
    "DC": Wave.DC,
}


class GeneratorCommands(CommonCommands):
    """A signal source (SCPI-99 volume 2, 19): SOURce:FUNCtion, FREQuency, VOLTage and its OFFSet."""

    def __init__(self, generator: Generator, on_reset: Callable[[], None]) -> None:
        self._generator = generator
        super().__init__(on_reset)

    @scpi("[SOURce<n>:]FUNCtion[:SHAPe]")
    def _set_shape(self, command: Command, channel: int) -> Answer:
        shape = _WAVES[command.take(1)[0].choice(tuple(_WAVES))]
        self._generator.change(channel, wave=shape)
        return None

    @scpi("[SOURce<n>:]FUNCtion[:SHAPe]?")
    def _get_shape(self, command: Command, channel: int) -> Answer:
        command.take(0)
        wave = self._generator.channel_setting(channel).wave
        word = next((name for name, one in _WAVES.items() if one is wave), str(wave))
        return "".join(letter for letter in word if not letter.islower())

    @scpi("[SOURce<n>:]FREQuency[:CW]", "[SOURce<n>:]FREQuency:FIXed")
    def _set_frequency(self, command: Command, channel: int) -> Answer:
        self._generator.change(channel, frequency_hz=command.take(1)[0].number("HZ"))
        return None

    @scpi("[SOURce<n>:]FREQuency[:CW]?", "[SOURce<n>:]FREQuency:FIXed?")
    def _get_frequency(self, command: Command, channel: int) -> Answer:
        command.take(0)
        return format_number(self._generator.channel_setting(channel).frequency_hz, 12)

    @scpi("[SOURce<n>:]VOLTage[:LEVel][:IMMediate][:AMPLitude]")
    def _set_amplitude(self, command: Command, channel: int) -> Answer:
        self._generator.change(channel, amplitude_vpp=command.take(1)[0].number("V"))
        return None

    @scpi("[SOURce<n>:]VOLTage[:LEVel][:IMMediate][:AMPLitude]?")
    def _get_amplitude(self, command: Command, channel: int) -> Answer:
        command.take(0)
        return format_number(self._generator.channel_setting(channel).amplitude_vpp)

    @scpi("[SOURce<n>:]VOLTage[:LEVel][:IMMediate]:OFFSet")
    def _set_offset(self, command: Command, channel: int) -> Answer:
        self._generator.change(channel, offset_v=command.take(1)[0].number("V"))
        return None

    @scpi("[SOURce<n>:]VOLTage[:LEVel][:IMMediate]:OFFSet?")
    def _get_offset(self, command: Command, channel: int) -> Answer:
        command.take(0)
        return format_number(self._generator.channel_setting(channel).offset_v)
