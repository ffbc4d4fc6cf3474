"""Modbus RTU and TCP through pymodbus, over our own guarded streams.

pymodbus frames, checks and matches; it is given a client whose bytes go through a `ByteStream`, so its waits are sliced
and the guard is honoured as everywhere. The same client serves RTU on a socket (serial servers).
"""

import logging
from collections.abc import Callable, Sequence

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerType
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from drivers.errors import BadResponse, InstrumentRefused, NoResponse
from drivers.guard import Guard
from drivers.transports.stream import ByteStream
from protocols.modbus_map import Block, Table

MAX_REGISTERS = 125
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target failed to respond",
}


class _StreamClient(ModbusTcpClient):
    """A pymodbus client that sends and receives through a `ByteStream`."""

    def __init__(self, stream: ByteStream, framer: FramerType, timeout_s: float) -> None:
        super().__init__("stream", framer=framer, timeout=timeout_s, retries=0)
        self._stream = stream
        self._timeout_s = timeout_s
        self.received = 0

    @property
    def connected(self) -> bool:
        return True

    def connect(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()

    def send(self, request: bytes, addr: tuple[str, int] | None = None) -> int:  # noqa: ARG002 - one peer
        self.received = 0
        self._stream.drain()
        self._stream.write(request)
        return len(request)

    def recv(self, size: int | None) -> bytes:  # noqa: ARG002 - the caller frames
        data = self._stream.read_available(self._timeout_s)
        self.received += len(data)
        return data


class ModbusBus:
    """One Modbus device. Words are 0 … 65535 as the wire has them.

    Raises ``InstrumentRefused`` for an exception response, ``BadResponse`` when what came fails its check,
    ``NoResponse`` when nothing came, and what the stream raises.
    """

    def __init__(self, stream: ByteStream, unit: int, *, rtu: bool, timeout_s: float = 1.0) -> None:
        # Every time-out is raised to our caller; pymodbus would log it as well.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        self._stream = stream
        self._unit = unit
        self._timeout_s = timeout_s
        self._client = _StreamClient(stream, FramerType.RTU if rtu else FramerType.SOCKET, timeout_s)
        # pymodbus drops a connection after some silent requests; the rack decides that here.
        self._client.transaction.max_until_disconnect = 1 << 30
        self._client.transaction.count_until_disconnect = 1 << 30

    @property
    def label(self) -> str:
        """Profile and address, for messages."""
        return f"{self._stream.label}"

    @property
    def guard(self) -> Guard:
        """The gate that everything passes."""
        return self._stream.guard

    def read(self, block: Block) -> dict[int, int]:
        """Read neighbouring addresses of one table; return word (or bit) by address."""
        ask = {
            Table.HOLDING: self._client.read_holding_registers,
            Table.INPUT: self._client.read_input_registers,
            Table.COIL: self._client.read_coils,
            Table.DISCRETE_INPUT: self._client.read_discrete_inputs,
        }[block.table]
        answer = self._carry_out(
            lambda: ask(block.address, count=block.count, device_id=self._unit), f"{block.table} {block.address}"
        )
        words = list(answer.registers or [int(bit) for bit in answer.bits])[: block.count]
        if len(words) < block.count:
            raise BadResponse(f"{self.label} answered {len(words)} of {block.count} registers; ask again")
        return {block.address + index: word for index, word in enumerate(words)}

    def write(self, table: Table, address: int, words: Sequence[int]) -> None:
        """Write one coil, one register, or several registers."""
        if table is Table.COIL:
            self._carry_out(
                lambda: self._client.write_coil(address, bool(words[0]), device_id=self._unit), f"coil {address}"
            )
        elif len(words) == 1:
            self._carry_out(
                lambda: self._client.write_register(address, words[0], device_id=self._unit), f"holding {address}"
            )
        else:
            self._carry_out(
                lambda: self._client.write_registers(address, list(words), device_id=self._unit), f"holding {address}"
            )

    def close(self) -> None:
        """Release the port."""
        self._stream.close()

    def _carry_out(self, request: Callable[[], ModbusPDU], what: str) -> ModbusPDU:
        try:
            answer = request()
        except ModbusException as error:
            if self._client.received:
                raise BadResponse(
                    f"{self.label} answered {self._client.received} bytes that are no valid frame (unit {self._unit}, "
                    f"{what}); check baud rate, parity and cable"
                ) from error
            raise NoResponse(
                f"{self.label} did not answer within {self._timeout_s:g} s (unit {self._unit}, {what}); check power, "
                f"cable and the unit number"
            ) from error
        if isinstance(answer, ExceptionResponse):
            code = answer.exception_code
            raise InstrumentRefused(
                f"{self.label} refused {what}: Modbus exception {code}, {_EXCEPTIONS.get(code, 'unknown')}"
            )
        return answer
