"""A SCPI power supply by its declaration. Its first channel feeds the device."""

from dataclasses import dataclass

from drivers.scpi.supply_model import ScpiSupplyProfile
from drivers.simulated.personality.base import ScpiPersonality, number
from drivers.simulated.personality.grammar import OUT_OF_RANGE
from drivers.simulated.personality.instrument_classes import CommonCommands, SupplyCommands
from drivers.simulated.rails import Feed
from drivers.simulated.scpi_device import Answer
from drivers.simulated.wiring import Wiring
from protocols.scpi import ScpiError


@dataclass
class Channel:
    """One output."""

    voltage_v: float = 0.0
    limit_a: float = 0.1
    on: bool = False


class SupplyPersonality(ScpiPersonality[ScpiSupplyProfile]):
    """Channel 1 is wired to the device's input; nothing hangs on the others."""

    def __init__(self, profile: ScpiSupplyProfile, wiring: Wiring, name: str = "supply") -> None:
        super().__init__(profile, wiring, name)
        self.channels = [Channel() for _ in profile.channels]
        self._selected = 1

    def common_commands(self) -> CommonCommands:
        """Return those of a power supply."""
        return SupplyCommands(self, self.switch_off)

    @property
    def selected(self) -> int:
        """The channel that a command without a number is for."""
        return self._selected

    def select_channel(self, channel: int) -> None:
        """Choose that channel."""
        self._selected = self._index(channel) + 1

    def on_set_voltage(self, voltage_v: float, channel: int = 1) -> Answer:
        """Set the voltage."""
        ratings = self.profile.channels[self._index(channel)].ratings
        if ratings is None or not 0 <= voltage_v <= ratings.maximum_v:
            raise ScpiError(f"{voltage_v:g} V is out of range", OUT_OF_RANGE)
        self.channels[self._index(channel)].voltage_v = voltage_v
        self._feed()
        return None

    def on_set_current(self, current_a: float, channel: int = 1) -> Answer:
        """Set the current limit."""
        ratings = self.profile.channels[self._index(channel)].ratings
        if ratings is None or not 0 <= current_a <= ratings.maximum_a:
            raise ScpiError(f"{current_a:g} A is out of range", OUT_OF_RANGE)
        self.channels[self._index(channel)].limit_a = current_a
        self._feed()
        return None

    def on_output(self, on: bool, channel: int = 1) -> Answer:
        """Switch one output."""
        self.channels[self._index(channel)].on = on
        self._feed()
        return None

    def on_ask_voltage(self, channel: int = 1) -> Answer:
        """Tell the voltage set."""
        return number(self.channels[self._index(channel)].voltage_v)

    def on_ask_current(self, channel: int = 1) -> Answer:
        """Tell the limit set."""
        return number(self.channels[self._index(channel)].limit_a)

    def on_measure_voltage(self, channel: int = 1) -> Answer:
        """Measure at the terminals."""
        return number(self._measured(self._index(channel))[0])

    def on_measure_current(self, channel: int = 1) -> Answer:
        """Measure the current."""
        return number(self._measured(self._index(channel))[1])

    def on_ask_output(self, channel: int = 1) -> Answer:
        """Tell whether an output is on."""
        return "1" if self.channels[self._index(channel)].on else "0"

    def on_ask_regulation(self, channel: int = 1) -> Answer:
        """Tell how the output is kept."""
        return self.profile.limited[0] if self._measured(self._index(channel))[2] else "CV"

    def on_ask_status(self) -> Answer:
        """Tell the status word."""
        word = self.profile.status.independent_value
        for index, model in enumerate(self.profile.channels):
            if model.output_bit is not None and self.channels[index].on:
                word |= 1 << model.output_bit
            if model.current_limited_bit is not None and self._measured(index)[2]:
                word |= 1 << model.current_limited_bit
        return f"0x{word:x}"

    def _measured(self, index: int) -> tuple[float, float, bool]:
        channel = self.channels[index]
        if not channel.on:
            return 0.0, 0.0, False
        if index:
            return channel.voltage_v, 0.0, False
        device = self.wiring.device
        return device.supply_reading(device.now())

    def _feed(self) -> None:
        first = self.channels[0]
        self.wiring.device.power(Feed(first.voltage_v, first.limit_a, first.on))

    def switch_off(self) -> None:
        """Switch every output off."""
        for channel in self.channels:
            channel.on = False
        self._feed()

    def _index(self, channel: int) -> int:
        if not 1 <= channel <= len(self.channels):
            raise ScpiError(f"no channel {channel}", -114)
        return channel - 1
