"""Any SCPI power supply, driven by its declaration."""

import math
from typing import Any

from drivers.accuracy import Accuracy
from drivers.capabilities import PowerSupply, SupplyReading
from drivers.errors import BadResponse, InstrumentRefused, OutOfRange
from drivers.scpi.instrument import ScpiInstrument
from drivers.scpi.link import ScpiLink
from drivers.scpi.supply_model import Ratings, ScpiSupplyProfile, SupplyChannel
from protocols.quantity import Quantity


class ScpiPowerSupply(ScpiInstrument[ScpiSupplyProfile], PowerSupply):
    """A supply of the ``scpi-supply`` profiles."""

    def __init__(self, link: ScpiLink, *, ambient_c: float | None = None, **_: Any) -> None:
        super().__init__(link)
        self._ambient_c = ambient_c

    def configure(self, channel: int, *, voltage_v: float, current_limit_a: float) -> None:
        """Set current limit and voltage, in that order, and read both back."""
        _, ratings = self._settable(channel)
        self._check("voltage_v", voltage_v, ratings.maximum_v, ratings.step_v, "V")
        self._check("current_limit_a", current_limit_a, ratings.maximum_a, ratings.step_a, "A")
        self._check_independent()
        link = self.link
        link.send("set_current", channel=channel, current_a=current_limit_a)
        link.send("set_voltage", channel=channel, voltage_v=voltage_v)
        link.check_errors()
        for name, wanted, step, unit in (
            ("ask_voltage", voltage_v, ratings.step_v, "V"),
            ("ask_current", current_limit_a, ratings.step_a, "A"),
        ):
            told = link.ask_number(name, channel=channel)
            if not math.isclose(told, wanted, abs_tol=step / 2 * 1.001):
                raise InstrumentRefused(
                    f"{link.label} took {told:g} {unit} on channel {channel} instead of {wanted:g} {unit}"
                )

    def output(self, channel: int, on: bool) -> None:
        """Switch one channel's output, and make sure that it did where the supply tells it."""
        model = self._channel(channel)
        self.link.send("output", channel=channel, on=on)
        self.link.check_errors()
        state = self._state(channel, model)
        if state is not None and state[0] is not on:
            raise InstrumentRefused(
                f"{self.link.label} left output {channel} {'on' if state[0] else 'off'}; check the load and look "
                f"whether its display shows a protection"
            )

    def read(self, channel: int = 1) -> SupplyReading:
        """Read back voltage and current; a tripped protection shows as an output that is off."""
        model, ratings = self._settable(channel)
        voltage = self.link.ask_number("measure_voltage", channel=channel)
        current = self.link.ask_number("measure_current", channel=channel)
        state = self._state(channel, model)
        if not (math.isfinite(voltage) and math.isfinite(current)) or state is None:
            raise BadResponse(f"{self.link.label} tells no voltage and current of channel {channel}; ask again")
        is_on, limited = state
        return SupplyReading(
            Quantity(voltage, "V", self._uncertainty(model.voltage_accuracy, voltage, ratings.maximum_v)),
            Quantity(current, "A", self._uncertainty(model.current_accuracy, current, ratings.maximum_a)),
            output_on=is_on,
            current_limited=is_on and limited,
        )

    def _channel(self, channel: int) -> SupplyChannel:
        count = len(self.profile.channels)
        if not 1 <= channel <= count:
            raise OutOfRange(f"{self.link.label}: channel must be from 1 to {count}, not {channel}")
        return self.profile.channels[channel - 1]

    def _settable(self, channel: int) -> tuple[SupplyChannel, Ratings]:
        model = self._channel(channel)
        if model.ratings is None:
            raise OutOfRange(
                f"{self.link.label}: channel {channel} has a fixed voltage that is chosen on its panel; it can only be "
                f"switched on and off"
            )
        return model, model.ratings

    def _check(self, argument: str, value: float, maximum: float, step: float, unit: str) -> None:
        if not 0 <= value <= maximum:
            raise OutOfRange(
                f"{self.link.label}: {argument} must be from 0 to {maximum:g} {unit}, not {value:g} {unit}"
            )
        if not math.isclose(value / step, round(value / step), abs_tol=1e-6):
            raise OutOfRange(
                f"{self.link.label}: {argument} must be a multiple of {step:g} {unit}, not {value:g} {unit}"
            )

    def _check_independent(self) -> None:
        word = self.profile.status
        if word.independent_mask and self._status_word() & word.independent_mask != word.independent_value:
            raise InstrumentRefused(
                f"{self.link.label} has its channels connected in series or parallel; set them independent on its panel"
            )

    def _state(self, channel: int, model: SupplyChannel) -> tuple[bool, bool] | None:
        """Return whether the output is on and whether it limits the current; ``None`` where it is not told."""
        if not self.link.has("ask_status"):
            is_on = self.link.ask_boolean("ask_output", channel=channel)
            return is_on, self.link.ask("ask_regulation", channel=channel).strip().upper() in self.profile.limited
        if model.output_bit is None:
            return None
        word = self._status_word()
        limited = model.current_limited_bit is not None and bool(word >> model.current_limited_bit & 1)
        return bool(word >> model.output_bit & 1), limited

    def _status_word(self) -> int:
        answer = self.link.ask("ask_status")
        try:
            return int(answer, 0)
        except ValueError as error:
            raise BadResponse(f"{self.link.label}: {answer[:40]!r} is no status word; ask again") from error

    def _uncertainty(self, accuracy: Accuracy | None, value: float, full_scale: float) -> float | None:
        return None if accuracy is None else accuracy.standard_uncertainty(value, full_scale, self._ambient_c)
