"""Any multimeter whose frames are a protocol: it looks at a probe and sends what its display would show."""

import importlib
import math
from typing import Any

from drivers.capabilities import MeterFunction
from drivers.serial_meter_model import SerialMeterProfile
from drivers.simulated.endpoints import Session
from drivers.simulated.personality.values import beginning, meter_value
from drivers.simulated.wiring import Wiring
from protocols.dmm.reading import DmmError


class SerialMeterPersonality(Session):
    """Sends frames by itself, or one for each request, as its family does. ``turn`` moves its knob."""

    def __init__(self, profile: SerialMeterProfile, wiring: Wiring, name: str = "handheld") -> None:
        self.profile = profile
        self.baud = profile.serial.baud
        self._chip: Any = importlib.import_module(f"protocols.dmm.{profile.protocol}")
        self._request: bytes | None = getattr(self._chip, "REQUEST", None)
        self._identity_request: bytes | None = getattr(self._chip, "IDENTITY_REQUEST", None)
        self._probe = wiring.probe(name, beginning(wiring))
        self._next_s = 0.0
        self._held = b""
        self.positions = tuple(function for function in profile.functions if self._can_show(function))
        """Where the knob can be turned: the functions whose frames can be made."""
        self.position = self.positions[0]

    def turn(self, position: str) -> None:
        """Turn the knob; raise ``ValueError`` when the profile has no such function."""
        if position not in set(self.positions):
            raise ValueError(f"no knob position {position!r}; there are {', '.join(self.positions)}")
        self.position = MeterFunction(position)

    def receive(self, data: bytes) -> bytes:
        """Answer whole requests; what is no request is heard and forgotten."""
        if self._request is None:
            return b""
        self._held = (self._held + data)[-64:]
        answers = []
        for request, answer in ((self._identity_request, self._identity), (self._request, self.frame)):
            while request and request in self._held:
                self._held = self._held.replace(request, b"", 1)
                answers.append(answer())
        return b"".join(answers)

    def poll(self) -> bytes:
        """Send the display when its time has come, where the family does so by itself."""
        if self._request is not None:
            return b""
        now = self._probe.now()
        if now < self._next_s:
            return b""
        self._next_s = now + self.profile.frame_interval_s
        return self.frame()

    def frame(self) -> bytes:
        """Return the frame that shows a reading of now; beyond the highest range, OL."""
        value = meter_value(self._probe, MeterFunction(self.position))
        try:
            frame: bytes = self._chip.encode(str(self.position), value)
        except DmmError:
            frame = self._chip.encode(str(self.position), math.copysign(math.inf, value))
        return frame

    def _can_show(self, function: MeterFunction) -> bool:
        try:
            self._chip.encode(str(function), 0.0)
        except DmmError:
            return False
        return True

    def _identity(self) -> bytes:
        name = f"FLUKE {self.profile.models[0]}" if self.profile.protocol == "fluke287" else self.profile.models[0]
        answer: bytes = self._chip.encode_identity(name)
        return answer
