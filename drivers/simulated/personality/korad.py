"""A Korad supply by its declaration: text without terminators, on the device's input."""

import re

from drivers.korad_supply_model import KoradSupplyProfile
from drivers.simulated.endpoints import Session
from drivers.simulated.rails import Feed
from drivers.simulated.wiring import Wiring

IDENTITY = "KORADKA3005PV2.0"
_COMMAND = re.compile(
    rb"\*IDN\?|STATUS\?|(?:VSET1|ISET1|VOUT1|IOUT1)\?|VSET1:\d{1,2}\.\d{1,2}|ISET1:\d\.\d{1,3}|OUT[01]|OVP[01]|OCP[01]"
)
_LONGEST = 16


class KoradPersonality(Session):
    """What it does not understand is passed over in silence, as by the instrument."""

    def __init__(self, profile: KoradSupplyProfile, wiring: Wiring, name: str = "supply") -> None:
        self.profile = profile
        self.name = name
        self.baud = profile.serial.baud
        self._device = wiring.device
        self._held = b""
        self._voltage_v, self._limit_a, self._on = 0.0, 0.1, False

    def receive(self, data: bytes) -> bytes:
        """Answer every command as soon as it is whole."""
        self._held += data
        answers = []
        while (match := _COMMAND.search(self._held)) is not None:
            command, self._held = match[0], self._held[match.end() :]
            answers.append(self._carry_out(command.decode("ascii")))
        self._held = self._held[-_LONGEST:]
        return b"".join(answers)

    def _carry_out(self, command: str) -> bytes:
        measured_v, measured_a, limited = self._device.supply_reading(self._device.now()) if self._on else (0, 0, False)
        match command:
            case "*IDN?":
                return IDENTITY.encode("ascii")
            case "STATUS?":
                return bytes([0x10 | (0x40 if self._on else 0) | (0 if limited else 1)])
            case "VSET1?":
                return f"{self._voltage_v:05.2f}".encode("ascii")
            case "ISET1?":
                return f"{self._limit_a:05.3f}".encode("ascii")
            case "VOUT1?":
                return f"{measured_v:05.2f}".encode("ascii")
            case "IOUT1?":
                return f"{measured_a:05.3f}".encode("ascii")
        if command.startswith("VSET1:"):
            self._voltage_v = float(command[6:])
        elif command.startswith("ISET1:"):
            self._limit_a = float(command[6:])
        elif command.startswith("OUT"):
            self._on = command == "OUT1"
        self._device.power(Feed(self._voltage_v, self._limit_a, self._on))
        return b""
