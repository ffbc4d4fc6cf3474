"""The serial console of the device on the bench's USB adapter: the boot log as it comes, and a few commands."""

from drivers.simulated.device import Device
from drivers.simulated.endpoints import Session
from drivers.simulated.uart import Receiver

BAUD = 115200
_KEPT_S = 10.0
"""A busy machine looks late, and loses no more by it than a real one; of hours that are skipped only the end is heard.
"""
_LINE_LIMIT = 200


class ConsoleSession(Session):
    """Bytes of the device's UART in real time, as a receiver at 115200 baud hears them."""

    baud = BAUD

    def __init__(self, device: Device) -> None:
        self._device = device
        self._heard_until = device.now()
        self._receiver = Receiver(BAUD)
        self._line = bytearray()

    def opened(self) -> None:
        """Hear what comes from now on."""
        self._heard_until = self._device.now()

    def poll(self) -> bytes:
        """Return the characters that were completed since the last call, as far as an adapter's system keeps them."""
        until = self._device.now() - 10.0 / BAUD
        self._heard_until = max(self._heard_until, until - _KEPT_S)
        if until <= self._heard_until:
            return b""
        frames = self._device.uart_frames(self._heard_until, until)
        self._heard_until = until
        return self._receiver.decode(frames)

    def receive(self, data: bytes) -> bytes:
        """Collect what is typed, and hand each line to the device; it does not echo."""
        for byte in data:
            if byte in b"\r\n":
                self._device.command(self._line.decode("ascii", errors="replace"))
                self._line.clear()
            elif len(self._line) < _LINE_LIMIT:
                self._line.append(byte)
        return b""
