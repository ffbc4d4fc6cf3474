"""Power supplies with Korad's serial protocol: no terminators, so answers are read by their length."""

import math
import re
import time
from typing import Any

from drivers.accuracy import Accuracy
from drivers.capabilities import PowerSupply, SupplyReading
from drivers.errors import BadResponse, InstrumentRefused, NoResponse, OutOfRange, WrongIdentity
from drivers.korad_supply_model import KoradSupplyProfile
from drivers.transports.stream import ByteStream
from protocols import korad
from protocols.errors import ProtocolError
from protocols.quantity import Quantity

SILENCE_S = 0.1
"""A pause that ends an answer without a length: more than fifty characters at 9600 baud."""
STEP_V = 0.01
STEP_A = 0.001


class KoradSupply(PowerSupply):
    """A supply of the ``korad-supply`` profiles."""

    def __init__(
        self, stream: ByteStream, profile: KoradSupplyProfile, *, ambient_c: float | None = None, **_: Any
    ) -> None:
        self.profile = profile
        self.guard = stream.guard
        self._stream = stream
        self._ambient_c = ambient_c

    def identify(self) -> str:
        """Ask for the identity, which ends by silence."""
        self._send(korad.IDENTIFY)
        answer = bytearray()
        while len(answer) < korad.MAX_IDENTITY_BYTES:
            new = self._stream.read_available(SILENCE_S if answer else self.profile.timeout_s)
            if not new:
                break
            answer += new
        if not answer:
            raise NoResponse(f"{self._stream.label} did not answer; check that it is switched on and connected")
        try:
            name = korad.parse_identity(bytes(answer))
        except ProtocolError as error:
            raise BadResponse(f"{self._stream.label}: {error}") from error
        if not re.fullmatch(self.profile.identity, name):
            raise WrongIdentity(
                f"{self._stream.label} answers {name!r}, which is not a {self.profile.title['en']}; "
                f"correct profile or address in bench.toml"
            )
        return name

    def safe_state(self) -> None:
        """Switch the output off, and make sure that it is."""
        self._switch(on=False)

    def close(self) -> None:
        """Release the port."""
        self._stream.close()

    def configure(self, channel: int, *, voltage_v: float, current_limit_a: float) -> None:
        """Set current limit and voltage, in that order, and read both back."""
        self._check_channel(channel)
        self._check("voltage_v", voltage_v, self.profile.maximum_v, STEP_V, "V")
        self._check("current_limit_a", current_limit_a, self.profile.maximum_a, STEP_A, "A")
        self._send(korad.set_current(current_limit_a))
        self._send(korad.set_voltage(voltage_v))
        for question, wanted, step, unit in (
            (korad.ASK_SET_VOLTAGE, voltage_v, STEP_V, "V"),
            (korad.ASK_SET_CURRENT, current_limit_a, STEP_A, "A"),
        ):
            told = self._value(question)
            if not math.isclose(told, wanted, abs_tol=step / 2 * 1.001):
                raise InstrumentRefused(f"{self._stream.label} took {told:g} {unit} instead of {wanted:g} {unit}")

    def output(self, channel: int, on: bool) -> None:
        """Switch the output, and make sure that it did."""
        self._check_channel(channel)
        self._switch(on)

    def read(self, channel: int = 1) -> SupplyReading:
        """Read back voltage and current; a tripped protection shows as an output that is off."""
        self._check_channel(channel)
        profile = self.profile
        voltage, current = self._value(korad.ASK_VOLTAGE), self._value(korad.ASK_CURRENT)
        status = self._status()
        return SupplyReading(
            Quantity(voltage, "V", self._uncertainty(profile.voltage_accuracy, voltage, profile.maximum_v)),
            Quantity(current, "A", self._uncertainty(profile.current_accuracy, current, profile.maximum_a)),
            output_on=status.output_on,
            current_limited=status.output_on and status.current_limited,
        )

    def _switch(self, on: bool) -> None:
        self._send(korad.switch(on))
        is_on = self._status().output_on
        if is_on is not on:
            raise InstrumentRefused(
                f"{self._stream.label} left its output {'on' if is_on else 'off'}; check the load and look whether its "
                f"display shows a protection"
            )

    def _check_channel(self, channel: int) -> None:
        if channel != 1:
            raise OutOfRange(f"{self._stream.label} has one channel, 1, not {channel}")

    def _check(self, argument: str, value: float, maximum: float, step: float, unit: str) -> None:
        label = self._stream.label
        if not 0 <= value <= maximum:
            raise OutOfRange(f"{label}: {argument} must be from 0 to {maximum:g} {unit}, not {value:g} {unit}")
        if not math.isclose(value / step, round(value / step), abs_tol=1e-6):
            raise OutOfRange(f"{label}: {argument} must be a multiple of {step:g} {unit}, not {value:g} {unit}")

    def _value(self, question: bytes) -> float:
        try:
            return korad.parse_value(self._ask(question, korad.VALUE_BYTES))
        except ProtocolError as error:
            raise BadResponse(f"{self._stream.label}, asked {question.decode()}: {error}; ask again") from error

    def _status(self) -> korad.Status:
        return korad.parse_status(self._ask(korad.STATUS, 1))

    def _ask(self, question: bytes, length: int) -> bytes:
        self._send(question)
        answer = bytearray(length)
        try:
            self._stream.read_exactly(memoryview(answer), self.profile.timeout_s)
        finally:
            self._rest()  # a stray byte after the answer comes meanwhile, and is dropped before the next question
        return bytes(answer)

    def _send(self, message: bytes) -> None:
        self._stream.drain()
        self._stream.write(message)
        if not message.endswith(b"?"):
            self._rest()

    def _rest(self) -> None:
        time.sleep(self.profile.pause_s)

    def _uncertainty(self, accuracy: Accuracy | None, value: float, full_scale: float) -> float | None:
        return None if accuracy is None else accuracy.standard_uncertainty(value, full_scale, self._ambient_c)
