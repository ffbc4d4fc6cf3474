"""A serial port through pyserial, opened exclusively."""

import contextlib
import errno
import os
import select
import termios
import threading
from typing import Any

import msgspec
import serial

from drivers.addresses import Address
from drivers.errors import ConnectionLost, Misconfigured
from drivers.guard import POLL_S, Guard
from drivers.profile_base import SerialLine
from drivers.transports.stream import ByteStream


class SerialStream(ByteStream):
    """A serial port. A port that another program has open is a ``ConnectionLost`` that says so."""

    def __init__(self, label: str, guard: Guard, port: serial.Serial) -> None:
        super().__init__(label, guard)
        self._port = port
        self._fd = port.fileno()
        # The number of a closed descriptor may be another file's in an instant.
        self._in_use = threading.Lock()

    @classmethod
    def open(cls, device: str, settings: SerialLine, *, label: str, guard: Guard) -> "SerialStream":
        """Open ``device`` with ``settings``, raw and exclusive."""
        return cls(label, guard, open_port(device, settings, label))

    def _send(self, data: bytes | memoryview) -> int:
        with self._in_use:
            self._check_open()
            try:
                return os.write(self._fd, data)
            except BlockingIOError:
                select.select([], [self._fd], [], POLL_S)
                return 0

    def _receive(self, into: memoryview, wait_s: float, terminator: int | None) -> int:  # noqa: ARG002 - a raw stream
        with self._in_use:
            self._check_open()
            if not select.select([self._fd], [], [], wait_s)[0]:
                return 0
            try:
                count = os.readv(self._fd, [into])
            except BlockingIOError:
                return 0
        if count == 0:
            raise OSError(errno.EIO, "the port reports its end")
        return count

    def _close(self) -> None:
        with self._in_use, contextlib.suppress(OSError, serial.SerialException):
            self._port.close()

    def _check_open(self) -> None:
        if not self._port.is_open:
            raise OSError(errno.EBADF, "the port is closed")


def line_settings(line: SerialLine, address: Address, options: dict[str, Any]) -> SerialLine:
    """Return the profile's line with what address (``serial:/dev/ttyUSB0?baud=9600``) and options change of it.

    Options that belong to the line are taken out of ``options``; raise ``Misconfigured`` for a value that is none.
    """
    # unit and address belong to the device behind the line (Modbus, I²C).
    changes: dict[str, Any] = {key: text for key, text in address.options.items() if key not in ("unit", "address")}
    changes.update((key, options.pop(key)) for key in line.__struct_fields__ if key in options)
    try:
        return msgspec.convert({**msgspec.structs.asdict(line), **changes}, SerialLine, strict=False)
    except msgspec.ValidationError as error:
        raise Misconfigured(f"{address.text}: {error}; correct the options of the serial line") from error


def open_port(device: str, settings: SerialLine, label: str) -> serial.Serial:
    """Open a serial port; raise ``ConnectionLost`` (not there, busy) or ``Misconfigured`` (settings it cannot do)."""
    if _is_pseudo_terminal(device):
        # It carries whole bytes and keeps no character format: asked for one, it refuses as soon as that is the only
        # change (every opening but the first).
        settings = msgspec.structs.replace(settings, data_bits=8, parity="N", stop_bits=1)
    try:
        port = serial.Serial(
            device,
            settings.baud,
            settings.data_bits,
            settings.parity,
            settings.stop_bits,
            timeout=0,
            exclusive=True,
        )
    except ValueError as error:
        raise Misconfigured(f"{label}: {settings} cannot be set ({error}); correct profile or options") from error
    except (OSError, termios.error) as error:  # a SerialException is an OSError, a termios.error is not
        raise _open_error(error, device, settings, label) from error
    for line, wanted in (("dtr", settings.dtr), ("rts", settings.rts)):
        if wanted is not None:
            _set_line(port, line, wanted)
    port.reset_input_buffer()
    return port


def _is_pseudo_terminal(device: str) -> bool:
    return os.path.realpath(device).startswith("/dev/pts/")


def _set_line(port: serial.Serial, line: str, level: bool) -> None:
    """Set a modem line where there is one: pseudo-terminals and some USB adapters have none."""
    try:
        setattr(port, line, level)
    except OSError as error:
        if error.errno not in (errno.ENOTTY, errno.EINVAL):
            raise


def _open_error(
    error: OSError | termios.error, device: str, settings: SerialLine, label: str
) -> ConnectionLost | Misconfigured:
    cause: int = (error.errno if isinstance(error, OSError) else error.args[0]) or 0
    if cause == errno.EINVAL:
        return Misconfigured(
            f"{label}: {device} refuses {settings}; use settings that this port can do "
            f"(pseudo-terminals may refuse even parity with 8 data bits)"
        )
    reasons = {
        errno.ENOENT: "there is no such port; check the cable and the name",
        errno.EACCES: "permission is missing; add the user to the group dialout",
        errno.EBUSY: "the port is in use; close the other program",
        errno.EAGAIN: "another program holds the port; close it",
    }
    reason = reasons.get(cause, f"{error}; check the cable and the name")
    return ConnectionLost(f"{label} cannot be opened: {reason}")
