"""OWON XDM1041 bench meter on its serial port: 55 000 counts, its own dialect (github.com/TheHWcave/OWON-XDM1041).

There is no error queue and no ``*OPC?``: what it does not know it passes over in silence.
"""

import math
from dataclasses import dataclass

import numpy as np

from drivers.simulated.noise import draw, instants, key, normal, uniform
from drivers.simulated.scpi_device import Answer, Handler, ScpiDevice, scpi
from drivers.simulated.wiring import Probe, edge_frequency, rms
from protocols.scpi import ScpiError
from protocols.scpi_program import Command

BAUD = 115200
OVERLOAD = 1e9
_READING_S = {"S": 0.2, "M": 0.05, "F": 0.02}
_AC_BANDWIDTH_HZ = 20e3


@dataclass(frozen=True)
class Function:
    """One function: what FUNC1? says, its CONFigure command, ranges with their names, and accuracy of reading."""

    name: str
    pattern: str
    ranges: tuple[tuple[float, str], ...] = ()
    of_reading: float = 5e-4


def _ranges(*pairs: str) -> tuple[tuple[float, str], ...]:
    return tuple((float(number), label) for number, label in (pair.split() for pair in pairs))


_VOLTS = _ranges("0.05 50mV", "0.5 500mV", "5 5V", "50 50V", "500 500V", "1000 1000V")
_AMPS = _ranges("5e-4 500uA", "5e-3 5mA", "5e-2 50mA", "0.5 500mA", "5 5A", "10 10A")
_OHMS = _ranges("500 500Ω", "5e3 5KΩ", "5e4 50KΩ", "5e5 500KΩ", "5e6 5MΩ", "5e7 50MΩ")
_FARADS = _ranges("5e-8 50nF", "5e-7 500nF", "5e-6 5uF", "5e-5 50uF", "5e-4 500uF", "5e-3 5mF", "5e-2 50mF")
_FUNCTIONS = (
    Function("VOLT", "CONFigure[:SCALar]:VOLTage[:DC]", _VOLTS),
    Function("VOLT AC", "CONFigure[:SCALar]:VOLTage:AC", (_VOLTS[1], *_VOLTS[2:5], (750.0, "750V")), 5e-3),
    Function("CURR", "CONFigure[:SCALar]:CURRent[:DC]", _AMPS, 1.5e-3),
    Function("CURR AC", "CONFigure[:SCALar]:CURRent:AC", _AMPS, 5e-3),
    Function("RES", "CONFigure[:SCALar]:RESistance", _OHMS, 1e-3),
    Function("CAP", "CONFigure[:SCALar]:CAPacitance", _FARADS, 2e-2),
    Function("FREQ", "CONFigure[:SCALar]:FREQuency", of_reading=1e-4),
    Function("PER", "CONFigure[:SCALar]:PERiod", of_reading=1e-4),
    Function("CONT", "CONFigure[:SCALar]:CONTinuity", ((1000.0, "1KΩ"),), 1e-3),
    Function("DIOD", "CONFigure[:SCALar]:DIODe", ((3.0, "3V"),), 1e-3),
)


class Xdm1041(ScpiDevice):
    """The meter; ``MEAS?`` answers the reading that stands on the display."""

    identity = "OWON,XDM1041,23120418,V4.1.0,3"

    def __init__(self, probe: Probe, *, seed: int = 1) -> None:
        self._probe = probe
        self._key = key(seed, f"meter {probe.name}")
        self._count = 0
        self.reset()
        super().__init__()

    def reset(self) -> None:
        """DC volts, autorange, slow."""
        self._function = _FUNCTIONS[0]
        self._range: float | None = None
        self._rate = "S"

    def handle(self, message: bytes) -> bytes:
        """Carry out a message; a serial line ends answers with CR LF, and mistakes are passed over."""
        return super().handle(message).replace(b"\n", b"\r\n")

    def refuse(self, code: int) -> None:
        """Do nothing: there is no error queue."""

    def commands(self) -> dict[str, Handler]:
        """Return one CONFigure command for each function."""
        return {function.pattern: self._configurer(function) for function in _FUNCTIONS}

    def _configurer(self, function: Function) -> Handler:
        def configure(command: Command) -> Answer:
            parameters = command.take(0, 1)
            chosen: float | None = None
            if parameters and parameters[0].text.upper() not in {"AUTO", "DEF"} and len(function.ranges) > 1:
                wanted = abs(parameters[0].number())
                chosen = next((full for full, _ in function.ranges if wanted <= full * 1.0001), None)
                if chosen is None:
                    raise ScpiError(f"{wanted:g} is above the highest range", -222)
            self._function, self._range = function, chosen
            return None

        return configure

    # ---- measuring

    def _value(self) -> float:
        name, start = self._function.name, self._probe.now()
        window = _READING_S[self._rate]
        jitter = uniform(np.arange(1000, dtype=np.int64) + 1000 * self._count, self._key)
        times = instants(start, window / 1000, 1000) + jitter * (window / 1000)
        match name:
            case "VOLT":
                return float(np.mean(self._probe.voltage(times, 1e9)))
            case "VOLT AC":
                return rms(self._probe.voltage(instants(start, 5.1e-6, 40_000), _AC_BANDWIDTH_HZ))
            case "CURR":
                return float(np.mean(self._probe.current(times[::20])))
            case "CURR AC":
                return rms(self._probe.current(times[::5]))
            case "CAP":
                return self._probe.capacitance_f(start)
            case "FREQ" | "PER":
                hertz = edge_frequency(lambda t: self._probe.voltage(t, 60e6), start)
                return hertz if name == "FREQ" or not hertz else 1.0 / hertz
        volts = float(np.mean(self._probe.voltage(times, 1e9)))
        ohm = self._probe.source_ohm(start)
        if name == "DIOD":
            return volts + 1e-3 * ohm
        current = 0.5e-3 if ohm < 6e3 else 1e-6
        return (volts + current * ohm) / current

    def _reading(self) -> float:
        """Return the display: with this specimen's error, in 1/50 000 of the range; beyond it, overload."""
        self.pause(_READING_S[self._rate])
        self._count += 1
        function = self._function
        value = self._value()
        value *= 1.0 + (draw(self._key, 100 + _FUNCTIONS.index(function)) - 0.5) * function.of_reading
        if not function.ranges:
            return value
        full = self._range or next((f for f, _ in function.ranges if abs(value) <= 1.1 * f), function.ranges[-1][0])
        if abs(value) > 1.1 * full:
            return math.copysign(OVERLOAD, value)
        step = 10.0 ** math.floor(math.log10(full / 5e4) + 0.5)
        noise = float(normal(np.array([self._count], dtype=np.int64), self._key)[0])
        return round(value / step + 0.5 * noise) * step

    @scpi("MEASure?", "MEASure1?", "READ?", "MEAS1?")
    def _measure(self, _command: Command) -> Answer:
        return f"{self._reading():.6E}"

    @scpi("MEASure2?", "FUNCtion2?", "MEAS2?", "FUNC2?")
    def _second(self, _command: Command) -> Answer:
        return "NONe"

    @scpi("[SENSe:]FUNCtion?", "[SENSe:]FUNCtion1?", "[SENSe:]FUNC1?")
    def _get_function(self, _command: Command) -> Answer:
        return f'"{self._function.name}"'

    @scpi("RATE")
    def _set_rate(self, command: Command) -> Answer:
        self._rate = command.take(1)[0].choice(("S", "M", "F"))
        return None

    @scpi("RATE?")
    def _get_rate(self, _command: Command) -> Answer:
        return self._rate

    @scpi("AUTO")
    def _set_auto(self, _command: Command) -> Answer:
        self._range = None
        return None

    @scpi("AUTO?", "AUTO1?")
    def _get_auto(self, _command: Command) -> Answer:
        return "1" if self._range is None else "0"

    @scpi("RANGE")
    def _set_range(self, command: Command) -> Answer:
        number = command.take(1)[0].integer(minimum=1, maximum=max(1, len(self._function.ranges)))
        if self._function.ranges:
            self._range = self._function.ranges[number - 1][0]
        return None

    @scpi("RANGE?")
    def _get_range(self, _command: Command) -> Answer:
        if not self._function.ranges or self._function.name in {"DIOD", "CONT"}:
            return None
        full = self._range or next(f for f, _ in self._function.ranges if abs(self._value()) <= 1.1 * f)
        label = dict(self._function.ranges)[full]
        return label.encode("gbk")  # the ohm sign comes in the maker's own encoding

    @scpi("*OPC?", "SYSTem:ERRor[:NEXT]?", "SYSTem:ERRor:COUNt?", "*ESR?", "*STB?")
    def _unknown(self, _command: Command) -> Answer:
        return None
