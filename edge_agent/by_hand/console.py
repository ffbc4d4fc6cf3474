"""Serial consoles by hand: everything that the device says goes to a log on the disk, then to whoever listens."""

import codecs
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from drivers.capabilities import Instrument, SerialConsole
from edge_agent.bus import EventBus
from edge_agent.local_api.events import ConsoleSaid
from edge_agent.local_api.views import ConsoleTail
from edge_agent.manual_control import ManualControl
from edge_agent.rack import WrongCapability

LISTEN_S = 0.2
"""How long one call listens: a line that is typed waits no longer than this for its turn."""
MOST_TAIL_BYTES = 200_000


class ConsoleDesk:
    """Thread-safe. One log file a console and day (UTC), appended to; the newest part can be read back."""

    def __init__(self, control: ManualControl, bus: EventBus, folder: Path) -> None:
        self._control = control
        self._bus = bus
        self._folder = folder
        self._mutex = threading.Lock()

    def listen(self, token: str, *, seconds: float) -> None:
        """Listen for ``seconds`` in the background; repeat it to go on."""
        role = self._control.role_of(token)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

        def hear(driver: Instrument) -> bytes:
            return _console(driver, role).listen(LISTEN_S).data

        def once(fault: str | None, data: bytes | None) -> None:
            if data:
                self._log(role, data)
                self._bus.publish(ConsoleSaid(role, datetime.now(UTC), decoder.decode(data)))
            elif fault is not None:
                self._bus.publish(ConsoleSaid(role, datetime.now(UTC), "", fault), key=f"console-fault:{role}")

        self._control.repeat(token, hear, once, seconds=seconds, interval_s=0.0, timeout_s=5.0)

    def send(self, token: str, text: str, ending: str) -> None:
        """Send one line with its ending; it stands in the log too, marked as sent."""
        role = self._control.role_of(token)
        data = (text + ending).encode()
        self._control.call(token, lambda driver: _console(driver, role).send(data), 5.0)
        self._log(role, b"\n>>> " + text.encode() + b"\n")

    def tail(self, role: str) -> ConsoleTail:
        """Return the newest part of the newest log, and where that is."""
        files = sorted(self._folder.glob(f"{role}-????????.log"))
        if not files:
            return ConsoleTail("", "")
        with files[-1].open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - MOST_TAIL_BYTES))
            return ConsoleTail(str(files[-1].absolute()), log.read().decode("utf-8", errors="replace"))

    def _log(self, role: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{role}-{datetime.now(UTC):%Y%m%d}.log"
        with self._mutex, path.open("ab") as log:
            log.write(data)


def _console(driver: Instrument, role: str) -> SerialConsole:
    if not isinstance(driver, SerialConsole):
        raise WrongCapability(f"{role} is no serial console: choose another instrument")
    return driver
