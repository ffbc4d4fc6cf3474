"""Everything else that VISA names: USBTMC, VXI-11, HiSLIP, serial by VISA, and pyvisa-sim's models.

The guard is honoured between calls into the library. pyvisa-py waits in slices of ``POLL_S`` on serial ports and
sockets, and of ``INSTR_SLICE_S`` on VXI-11, whose read request the instrument itself times. A USBTMC read cannot be
sliced (a transfer that times out is aborted, and its data lost), and a vendor's library loses the bytes of a read
that times out; so there a cancelled read ends with the answer or with the whole timeout. In no case is anything sent
after it.
"""

import contextlib
import threading
from typing import Any

from drivers.errors import ConnectionLost, Misconfigured
from drivers.guard import Guard
from drivers.profile_base import SerialLine
from drivers.transports.stream import WRITE_TIMEOUT_S, ByteStream

CHUNK_BYTES = 1 << 20
INSTR_SLICE_S = 0.1
WHOLE_READ_S = 3.0
_PARITIES = {"N": "none", "E": "even", "O": "odd", "M": "mark", "S": "space"}


class VisaStream(ByteStream):
    """A VISA session as a stream of bytes."""

    def __init__(self, label: str, guard: Guard, manager: Any, resource: Any) -> None:
        super().__init__(label, guard)
        self._manager = manager
        self._resource = resource
        self._session = _python_session(resource)
        self._in_use = threading.Lock()
        self._terminator: int | None = -1
        self._timeout_s = -1.0
        interface = str(resource.interface_type.name)
        if self._session is None or interface == "usb":
            self.poll_s = WHOLE_READ_S
        elif interface == "tcpip" and resource.resource_class == "INSTR":
            self.poll_s = INSTR_SLICE_S

    @classmethod
    def open(cls, name: str, line: SerialLine, *, label: str, guard: Guard, library: str = "@py") -> "VisaStream":
        """Open a VISA resource; ``library`` is pyvisa's (``@py``, ``model.yaml@sim``, a vendor's library file)."""
        import pyvisa
        from pyvisa.resources import MessageBasedResource

        try:
            manager = pyvisa.ResourceManager(library)
        except (OSError, ValueError, pyvisa.Error) as error:
            raise Misconfigured(f"{label}: the VISA library {library!r} cannot be used ({error}); try @py") from error
        try:
            with guard.sending():
                resource = manager.open_resource(name, open_timeout=int(WHOLE_READ_S * 1000))
        except Exception as error:
            # pyvisa-py raises bare Exception, ValueError, OSError and its own errors for a resource that is not there.
            manager.close()
            raise ConnectionLost(
                f"{label} cannot be opened ({_sentence(error)}); check power, cable and address"
            ) from error
        if not isinstance(resource, MessageBasedResource):
            resource.close()
            manager.close()
            raise Misconfigured(f"{label}: {name} is no message-based VISA resource; use an INSTR or SOCKET name")
        if resource.interface_type.name == "asrl":
            _set_line(resource, line)
        return cls(label, guard, manager, resource)

    def _send(self, data: bytes | memoryview) -> int:
        with self._in_use, _as_os_error():
            self._set_wait(WRITE_TIMEOUT_S)  # not what is left of the last read's
            count, _ = self._resource.visalib.write(self._resource.session, bytes(data))
        return int(count)

    def _receive(self, into: memoryview, wait_s: float, terminator: int | None) -> int:
        from pyvisa.constants import StatusCode
        from pyvisa.errors import VisaIOError

        count = min(len(into), CHUNK_BYTES)
        with self._in_use, _as_os_error():
            self._set_wait(wait_s)
            self._set_terminator(terminator)
            if self._session is not None:
                # The session itself also gives the bytes of a read that timed out; pyvisa's own call drops them.
                data, status = self._session.read(count)
                if status < 0 and status != StatusCode.error_timeout:
                    raise VisaIOError(status)
            else:
                try:
                    data, _ = self._resource.visalib.read(self._resource.session, count)
                except VisaIOError as error:
                    if error.error_code != StatusCode.error_timeout:
                        raise
                    data = b""
        into[: len(data)] = data
        return len(data)

    def _close(self) -> None:
        # Libraries raise many things for a device that was pulled out; closing must not.
        with self._in_use:
            with contextlib.suppress(Exception):
                self._resource.close()
            with contextlib.suppress(Exception):
                self._manager.close()

    def _set_wait(self, wait_s: float) -> None:
        if wait_s != self._timeout_s:
            self._timeout_s = wait_s
            self._resource.timeout = max(1, round(wait_s * 1000))

    def _set_terminator(self, terminator: int | None) -> None:
        if terminator == self._terminator:
            return
        self._terminator = terminator
        self._resource.read_termination = None if terminator is None else chr(terminator)
        if self._resource.interface_type.name == "asrl":
            from pyvisa.constants import SerialTermination

            self._resource.end_input = (
                SerialTermination.none if terminator is None else SerialTermination.termination_char
            )


def _python_session(resource: Any) -> Any:
    """Return the session object of the pure-Python libraries (pyvisa-py, pyvisa-sim); ``None`` for a vendor's."""
    sessions = getattr(resource.visalib, "sessions", None)
    return None if sessions is None else sessions[resource.session]


def _set_line(resource: Any, line: SerialLine) -> None:
    from pyvisa.constants import Parity, StopBits

    resource.baud_rate = line.baud
    resource.data_bits = line.data_bits
    resource.parity = Parity[_PARITIES[line.parity]]
    resource.stop_bits = {1: StopBits.one, 1.5: StopBits.one_and_a_half, 2: StopBits.two}[line.stop_bits]


@contextlib.contextmanager
def _as_os_error() -> Any:
    from pyvisa.errors import Error

    try:
        yield
    except Error as error:
        raise OSError(0, _sentence(error)) from error


def _sentence(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
