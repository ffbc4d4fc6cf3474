"""The Riden supply against an independent Modbus server (pymodbus), over TCP, and RTU frames byte for byte."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from scripted_server import HANG, PtyInstrument, SocketInstrument

from drivers.capabilities import PowerSupply
from drivers.errors import (
    BadResponse,
    Cancelled,
    ConnectionLost,
    InstrumentRefused,
    NoResponse,
    OutOfRange,
    WrongIdentity,
)
from drivers.guard import Guard
from drivers.modbus_supply_model import ModbusSupplyProfile
from drivers.registry import open_instrument, profiles


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class PymodbusServer:
    """pymodbus's own server with the registers of a supply, in a thread."""

    def __init__(self, registers: list[int], unit: int = 1) -> None:
        self.port = free_port()
        self._registers = registers
        self._unit = unit
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: ModbusTcpServer | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        data = SimData(0, values=self._registers, datatype=DataType.REGISTERS)
        device = SimDevice(self._unit, simdata=[data])
        self._server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
        await self._server.serve_forever(background=True)
        self._ready.set()
        self._stop = asyncio.Event()
        await self._stop.wait()
        await self._server.shutdown()

    def __enter__(self) -> "PymodbusServer":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def address(self) -> str:
        return f"modbus-tcp:127.0.0.1:{self.port}?unit={self._unit}"


def registers(model: int = 60062, **values: int) -> list[int]:
    """Registers 0 … 18 of an RD60xx: 12.00 V, 1.500 A, output on, measured 11.99 V and 0.824 A."""
    words = [model, 0, 12345, 137, 0, 25, 0, 77, 1200, 1500, 1199, 824, 0, 988, 6500, 0, 0, 0, 1]
    for name, value in values.items():
        words[int(name.removeprefix("r"))] = value
    return words


def opened(server: PymodbusServer) -> PowerSupply:
    supply = open_instrument("riden-rd6006", server.address)
    assert isinstance(supply, PowerSupply)
    return supply


def test_reading_setting_and_switching_on_an_independent_server() -> None:
    with PymodbusServer(registers()) as server:
        supply = opened(server)
        assert supply.identify() == "Riden,RD6006,12345,1.37"
        reading = supply.read()
        assert (reading.voltage.value, reading.voltage.unit) == (11.99, "V")
        assert (reading.current.value, reading.current.unit) == (0.824, "A")
        # ±(0.3 % + 3 digits), rectangular.
        assert reading.voltage.standard_uncertainty == pytest.approx((11.99 * 0.003 + 0.03) / 3**0.5)
        assert reading.output_on
        assert not reading.current_limited
        supply.configure(1, voltage_v=5.05, current_limit_a=0.75)
        supply.output(1, on=False)
        assert not supply.read().output_on
        supply.output(1, on=True)
        supply.safe_state()
        assert not supply.read().output_on
        supply.close()


@pytest.mark.parametrize(
    ("model", "name", "volts", "amperes"),
    [(60062, "RD6006", 11.99, 0.824), (60065, "RD6006P", 1.199, 0.0824), (60125, "RD6012", 11.99, 8.24)],
)
def test_the_model_number_gives_the_scaling(model: int, name: str, volts: float, amperes: float) -> None:
    with PymodbusServer(registers(model)) as server:
        supply = opened(server)
        assert name in supply.identify()
        reading = supply.read()
        assert (reading.voltage.value, reading.current.value) == (volts, amperes)
        supply.close()


def test_another_device_on_modbus_is_the_wrong_one() -> None:
    with (
        PymodbusServer(registers(41001)) as server,
        pytest.raises(WrongIdentity, match="says model 41001, which is not"),
    ):
        open_instrument("riden-rd6006", server.address)


def test_a_unit_that_is_not_there_and_a_register_that_is_not_there() -> None:
    with PymodbusServer(registers()[:5]) as server:
        supply = opened(server)
        with pytest.raises(InstrumentRefused, match="Modbus exception 2, illegal data address"):
            supply.read()
        supply.close()


@pytest.mark.parametrize(
    ("volts", "amperes", "match"),
    [
        (60.5, 1.0, "voltage_v must be from 0 to 60 V, not 60.5 V"),
        (-1.0, 1.0, "voltage_v must be from 0"),
        (float("nan"), 1.0, "voltage_v must be from 0"),
        (5.0, 6.1, "current_limit_a must be from 0 to 6 A"),
        (5.005, 1.0, "voltage_v must be a multiple of 0.01 V"),
    ],
)
def test_out_of_range_is_refused_before_anything_is_sent(volts: float, amperes: float, match: str) -> None:
    with PymodbusServer(registers()) as server:
        supply = opened(server)
        with pytest.raises(OutOfRange, match=match):
            supply.configure(1, voltage_v=volts, current_limit_a=amperes)
        with pytest.raises(OutOfRange, match="has one channel"):
            supply.output(2, on=True)
        supply.close()


# Frames below follow the Modbus specification: unit, function, data, CRC-16 low byte first.


def crc(frame: bytes) -> bytes:
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def framed(text: str) -> bytes:
    frame = bytes.fromhex(text)
    return frame + crc(frame)


@contextmanager
def rtu(script: list[tuple[str | bytes, object]]) -> Iterator[tuple[PtyInstrument, str]]:
    opening = (framed("010300000004"), framed("010308ea9e000030390089"))
    with PtyInstrument([opening, *script]) as port:
        yield port, f"modbus-rtu:{port.device}?unit=1"


def test_rtu_frames_on_a_serial_line() -> None:
    script: list[tuple[str | bytes, object]] = [
        (framed("01060009 02ee"), framed("01060009 02ee")),
        (framed("01060008 01f9"), framed("01060008 01f9")),
        (framed("010300080002"), framed("010304 01f9 02ee")),
        (framed("010600120001"), framed("010600120001")),
        (framed("010300100003"), framed("010306 0000 0000 0001")),
    ]
    with rtu(script) as (port, address):
        supply = open_instrument("riden-rd6006", address)
        assert isinstance(supply, PowerSupply)
        supply.configure(1, voltage_v=5.05, current_limit_a=0.75)
        supply.output(1, on=True)
        port.finish()
        supply.close()


@pytest.mark.parametrize(
    ("reply", "error", "match"),
    [
        (HANG, NoResponse, r"did not answer within 1 s .unit 1"),
        (framed("018302"), InstrumentRefused, "Modbus exception 2, illegal data address"),
        (framed("010306 0000 0000 0001")[:-1] + b"\x00", BadResponse, "bytes that are no valid frame"),
        (b"\xf7\x13\x88", BadResponse, "check baud rate, parity and cable"),
    ],
)
def test_rtu_errors(reply: object, error: type[Exception], match: str) -> None:
    script: list[tuple[str | bytes, object]] = [
        (framed("0106 0012 0001"), framed("0106 0012 0001")),
        (framed("010300100003"), reply),
    ]
    with rtu(script) as (_, address):
        supply = open_instrument("riden-rd6006", address)
        assert isinstance(supply, PowerSupply)
        with pytest.raises(error, match=match):
            supply.output(1, on=True)
        supply.close()


def test_an_output_that_protection_holds_off_is_told() -> None:
    script: list[tuple[str | bytes, object]] = [
        (framed("010600120001"), framed("010600120001")),
        (framed("010300100003"), framed("010306 0002 0001 0000")),
    ]
    with rtu(script) as (_, address):
        supply = open_instrument("riden-rd6006", address)
        assert isinstance(supply, PowerSupply)
        with pytest.raises(InstrumentRefused, match=r"left its output off .protection: overcurrent."):
            supply.output(1, on=True)
        supply.close()


def test_many_silent_requests_do_not_break_the_client() -> None:
    with rtu([]) as (port, address):
        supply = open_instrument("riden-rd6006", address)
        assert isinstance(supply, PowerSupply)
        supply._bus._client._timeout_s = 0.05  # type: ignore[attr-defined]
        supply._bus._client.comm_params.timeout_connect = 0.05  # type: ignore[attr-defined]
        port.stop()
        for _ in range(8):
            with pytest.raises(NoResponse):
                supply.read()
        supply.close()


def test_cancel_ends_a_modbus_wait() -> None:
    with rtu([]) as (port, address):
        guard = Guard()
        supply = open_instrument("riden-rd6006", address, guard)
        assert isinstance(supply, PowerSupply)
        port.stop()
        guard.arm(0.1)
        with pytest.raises(Cancelled):
            supply.read()
        supply.close()


def test_a_port_that_goes_away() -> None:
    with rtu([]) as (port, address):
        supply = open_instrument("riden-rd6006", address)
        assert isinstance(supply, PowerSupply)
        port.stop()
        port._close()
        with pytest.raises(ConnectionLost, match="is gone"):
            supply.read()
        supply.close()
    with SocketInstrument([]) as nobody:
        number = nobody.port
    with pytest.raises(ConnectionLost, match="cannot be reached"):
        open_instrument("riden-rd6006", f"modbus-tcp:127.0.0.1:{number}")


def test_every_register_that_the_driver_needs_is_declared_once() -> None:
    profile = profiles()["riden-rd6006"]
    assert isinstance(profile, ModbusSupplyProfile)
    addresses = [model.address for model in profile.registers.values()]
    assert len(set(addresses)) == len(addresses)
