"""Relay boards (E1) against an independent Modbus server (pymodbus), and byte for byte against a recorded exchange."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from scripted_server import PtyInstrument

from drivers.capabilities import Scanner
from drivers.errors import InstrumentRefused, OutOfRange
from drivers.registry import open_instrument


@pytest.fixture
def port() -> Iterator[int]:
    """Serve 16 coils by pymodbus."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number = int(probe.getsockname()[1])
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        coils = SimData(0, values=[False] * 16, datatype=DataType.BITS)
        words = SimData(0, values=[0], datatype=DataType.REGISTERS)
        device = SimDevice(1, simdata=([coils], [coils], [words], [words]))
        server = ModbusTcpServer(device, address=("127.0.0.1", number))
        await server.serve_forever(background=True)
        ready.set()
        while not stop.is_set():
            await asyncio.sleep(0.02)
        await server.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield number
    stop.set()
    thread.join(5)


def relay(profile: str, address: str) -> Scanner:
    opened = open_instrument(profile, address, settle_s=0.0)
    assert isinstance(opened, Scanner)
    return opened


def test_channels_are_opened_before_others_are_closed(port: int) -> None:
    board = relay("waveshare-modbus-relay-8ch", f"modbus-tcp:127.0.0.1:{port}?unit=1")
    assert board.channels() == 8
    board.select([1, 3])
    assert board.closed() == {1, 3}
    order: list[tuple[int, bool]] = []
    write = board._write  # type: ignore[attr-defined]
    board._write = lambda channel, on: (order.append((channel, on)), write(channel, on))  # type: ignore[attr-defined]
    board.select([3, 5])
    assert order == [(1, False), (5, True)]
    board.switch(5, on=False)
    assert board.closed() == {3}
    board.safe_state()
    assert board.closed() == frozenset()
    with pytest.raises(OutOfRange, match="from 1 to 8, not 9"):
        board.select([9])
    board.close()


def test_a_recorded_exchange_with_an_io_16do() -> None:
    # sigrok-dumps, brainchild_io_16do: coil 3 is set by function 05, as the module's own answers confirm.
    read = bytes.fromhex("0101000000103dc6")
    opened = (read, bytes.fromhex("0101020000b9fc"))
    closed = (read, bytes.fromhex("0101020800be3c"))
    write = bytes.fromhex("01050003ff007c3a")
    with PtyInstrument([opened, (write, write), closed]) as server:
        board = relay("brainchild-io-16do", f"modbus-rtu:{server.address.partition(':')[2]}?unit=1")
        board.switch(4, on=True)
        board.close()
        server.finish()


def test_a_contact_that_does_not_move_is_told() -> None:
    read = bytes.fromhex("0101000000083dcc")
    stuck = (read, bytes.fromhex("010101019048"))
    off = bytes.fromhex("010500000000cdca")
    with PtyInstrument([stuck, stuck, (off, off), stuck]) as server:
        board = relay("waveshare-modbus-relay-8ch", f"modbus-rtu:{server.address.partition(':')[2]}?unit=1")
        with pytest.raises(InstrumentRefused, match=r"did not open the channels \[1\]; nothing else was closed"):
            board.select([2])
        board.close()
        server.finish()


def test_a_plan_selects_channels(port: int) -> None:
    from edge_agent.plans.actions import ACTIONS

    board = relay("waveshare-modbus-relay-8ch", f"modbus-tcp:127.0.0.1:{port}?unit=1")
    action = ACTIONS["scanner.select"]

    class Step:
        """A step's context with this board."""

        waited = 0.0

        def call(self, function):
            return function(board)

        def settle(self, seconds: float) -> None:
            self.waited += float(seconds)

    step = Step()
    result = action.run(step, action.decode({"channels": [7, 2], "settle": "20 ms"}))  # type: ignore[arg-type]
    assert board.closed() == {2, 7}
    assert result.values == {"closed": "2, 7"}
    assert step.waited == 0.02
    assert action.run(step, action.decode({})).values == {"closed": "none"}  # type: ignore[arg-type]
    assert board.closed() == frozenset()
    board.close()
