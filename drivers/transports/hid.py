"""A multimeter's USB-HID cable through ``/dev/hidraw*``, as the stream of bytes that a serial port would be."""

import contextlib
import errno
import fcntl
import os
import select
import struct
import threading
from collections import deque

from drivers.addresses import Address
from drivers.errors import ConnectionLost, Misconfigured
from drivers.guard import Guard
from drivers.profile_base import SerialLine
from drivers.transports.stream import ByteStream
from protocols.hid_cable import CABLES, MAX_REPORT_BYTES, Cable, HidCableError, line_reports, pack, unpack

_GET_INFO = 0x80084803
"""HIDIOCGRAWINFO of linux/hidraw.h: bus type, vendor, product."""


class HidStream(ByteStream):
    """The line behind a USB-HID cable. ``descriptor`` reads and writes one report a call; the stream closes it."""

    def __init__(self, label: str, guard: Guard, descriptor: int, cable: Cable, line: SerialLine) -> None:
        super().__init__(label, guard)
        self._fd = descriptor
        self._cable = cable
        self._data_bits = line.data_bits
        self._held: deque[int] = deque()
        self._in_use = threading.Lock()
        self._open = True

    @classmethod
    def open(cls, address: Address, line: SerialLine, *, label: str, guard: Guard) -> "HidStream":
        """Open ``hid:/dev/hidraw0`` and set its line; ``?cable=cp2110`` names a cable whose USB id is not known."""
        try:
            descriptor = os.open(address.target, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            reasons = {
                errno.ENOENT: "there is no such device; plug the cable in",
                errno.EACCES: "permission is missing; install the udev rule for hidraw devices",
            }
            reason = reasons.get(error.errno or 0, f"{error.strerror}; check the cable")
            raise ConnectionLost(f"{label} cannot be opened: {reason}") from error
        try:
            cable = _cable(descriptor, address, label)
            with guard.sending():
                for report in line_reports(
                    cable, baud=line.baud, data_bits=line.data_bits, parity=line.parity, stop_bits=line.stop_bits
                ):
                    fcntl.ioctl(descriptor, _set_feature(len(report)), bytearray(report))
        except OSError as error:
            os.close(descriptor)
            raise ConnectionLost(f"{label}: the cable's line cannot be set ({error.strerror}); check it") from error
        except HidCableError as error:
            os.close(descriptor)
            raise Misconfigured(f"{label}: {error}") from error
        except BaseException:
            os.close(descriptor)
            raise
        return cls(label, guard, descriptor, cable, line)

    def _send(self, data: bytes | memoryview) -> int:
        with self._in_use:
            self._check_open()
            try:
                for report in pack(self._cable, bytes(data)):
                    os.write(self._fd, report)
            except HidCableError as error:
                raise OSError(errno.EOPNOTSUPP, str(error)) from error
        return len(data)

    def _receive(self, into: memoryview, wait_s: float, terminator: int | None) -> int:  # noqa: ARG002 - a raw stream
        with self._in_use:
            self._check_open()
            if not self._held:
                if not select.select([self._fd], [], [], wait_s)[0]:
                    return 0
                report = os.read(self._fd, 1 + MAX_REPORT_BYTES)
                if not report:
                    raise OSError(errno.EIO, "the cable was pulled out")
                # A damaged report is noise on the line: the frames' own sums tell what is missing.
                with contextlib.suppress(HidCableError):
                    self._held.extend(unpack(self._cable, report, data_bits=self._data_bits))
            count = min(len(into), len(self._held))
            for at in range(count):
                into[at] = self._held.popleft()
            return count

    def _close(self) -> None:
        with self._in_use:
            if self._open:
                self._open = False
                os.close(self._fd)

    def _check_open(self) -> None:
        if not self._open:
            raise OSError(errno.EBADF, "the cable is closed")


def _cable(descriptor: int, address: Address, label: str) -> Cable:
    named = address.options.get("cable")
    if named is not None:
        try:
            return Cable(named)
        except ValueError as error:
            raise Misconfigured(f"{label}: cable must be one of {', '.join(Cable)}, not {named!r}") from error
    try:
        answer = bytearray(8)
        fcntl.ioctl(descriptor, _GET_INFO, answer)
    except OSError as error:
        raise Misconfigured(f"{label}: {address.target} is no hidraw device; give one of /dev/hidraw*") from error
    _, vendor, product = struct.unpack("=IHH", answer)
    cable = CABLES.get((vendor, product))
    if cable is None:
        raise Misconfigured(
            f"{label}: {vendor:04x}:{product:04x} is no known meter cable; name it with ?cable={'|'.join(Cable)}"
        )
    return cable


def _set_feature(length: int) -> int:
    """HIDIOCSFEATURE of linux/hidraw.h for a report of so many bytes."""
    return 3 << 30 | length << 16 | ord("H") << 8 | 0x06
