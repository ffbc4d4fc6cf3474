"""E1: what a profile or its protocol declares beside SCPI is exercised, recorded on the wire; a profile without fails.

SCPI commands have the same in test_transcripts. Here each driver is used in full on a real port, and everything that
its profile and its protocol can say has to have been said: commands, registers, coils, shapes, functions and ranges.
"""

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from test_thermal_camera import BridgePort, Sensor, a_sensor

from drivers import mlx90640
from drivers.capabilities import (
    MeterFunction,
    Multimeter,
    PowerSupply,
    Scanner,
    SerialConsole,
    SignalGenerator,
    ThermalCamera,
)
from drivers.modbus_relay_model import ModbusRelayProfile
from drivers.modbus_supply_model import ModbusSupplyProfile
from drivers.programmers.model import ToolProfile
from drivers.registry import open_instrument, profiles
from drivers.scpi.model import ScpiProfile
from drivers.serial_generator_model import SerialGeneratorProfile
from drivers.serial_meter_model import SerialMeterProfile
from drivers.simulated.device import Device
from drivers.simulated.endpoints import PtyEndpoint, Session
from drivers.simulated.modbus_server import RtuSession
from drivers.simulated.personality.play import play
from drivers.simulated.rails import Feed
from drivers.simulated.riden_rd6006 import Rd6006
from drivers.simulated.wiring import Wiring
from drivers.uvc_camera_model import UvcCameraProfile
from protocols import korad
from protocols.generators.settings import ChannelSettings
from protocols.modbus_map import Access
from protocols.modbus_rtu import Direction, FrameReader, with_crc
from protocols.thermal import uvc

OTHERS = [name for name, profile in profiles().items() if not isinstance(profile, ScpiProfile | ToolProfile)]


class Tap(Session):
    """Writes down all that is said to an instrument."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.baud = inner.baud
        self.heard = bytearray()

    def receive(self, data: bytes) -> bytes:
        self.heard += data
        answer: bytes = self.inner.receive(data)
        return answer

    def poll(self) -> bytes:
        said: bytes = self.inner.poll()
        return said


@contextmanager
def opened(profile: str, session: Any, folder: Path, address: str = "serial:{}") -> Iterator[tuple[Tap, Any]]:
    tap, link = Tap(session), folder / "port"
    endpoint = PtyEndpoint("it", tap, link)
    endpoint.start()
    try:
        instrument = open_instrument(profile, address.format(link), settle_s=0.0)
        try:
            yield tap, instrument
        finally:
            instrument.close()
    finally:
        endpoint.stop()


def wiring() -> Wiring:
    device = Device(seed=1)
    device.power(Feed(5.0, 0.5, True))
    return Wiring(device)


def unheard(heard: bytes, declared: dict[str, re.Pattern[bytes]]) -> list[str]:
    return [name for name, pattern in declared.items() if not pattern.search(heard)]


def numberless(command: str) -> re.Pattern[bytes]:
    """What is fixed of a command: its values may be any number."""
    return re.compile(re.sub(r"[-+]?\d+\.\d+|(?<=[=,:])\d+", r"[-+\\d.]+", command.replace("?", r"\?")).encode())


def use_korad(name: str, folder: Path) -> list[str]:
    with opened(name, play(name, wiring(), "it"), folder) as (tap, supply):
        assert isinstance(supply, PowerSupply)
        supply.configure(1, voltage_v=5.0, current_limit_a=0.5)
        supply.output(1, on=True)
        supply.read()
        supply.safe_state()
    fixed = [getattr(korad, key) for key in dir(korad) if isinstance(getattr(korad, key), bytes)]
    fixed += [korad.switch(True), korad.switch(False)]
    declared = {one.decode(): re.compile(re.escape(one)) for one in fixed}
    declared |= {one.decode(): numberless(one.decode()) for one in (korad.set_voltage(1.0), korad.set_current(1.0))}
    assert len(declared) >= 10
    return unheard(bytes(tap.heard), declared)


def use_serial_generator(name: str, folder: Path) -> list[str]:
    profile = profiles()[name]
    assert isinstance(profile, SerialGeneratorProfile)
    codec: Any = importlib.import_module(f"protocols.generators.{profile.protocol}")
    with opened(name, play(name, wiring(), "it"), folder) as (tap, generator):
        assert isinstance(generator, SignalGenerator)
        for wave, model in profile.waves.items():
            for channel, code in enumerate(model.codes, 1):
                if code is not None:
                    generator.configure(channel, wave, frequency_hz=1000.0, amplitude_vpp=1.0, offset_v=0.5)
        for channel in range(1, codec.CHANNELS + 1):
            generator.output(channel, on=True)
        generator.safe_state()
    declared = {codec.IDENTIFY: re.compile(re.escape(codec.IDENTIFY).encode())}
    for channel in range(1, codec.CHANNELS + 1):
        said = [*codec.questions(channel), *codec.state_questions()]
        declared |= {one: re.compile(re.escape(one).encode()) for one in said}
        for on in (True, False):
            others_off, others_on = (codec.switch(channel, on, [state] * codec.CHANNELS) for state in (False, True))
            either = (re.escape(a) if a == b else "[01]" for a, b in zip(others_off, others_on, strict=True))
            declared[others_off] = re.compile("".join(either).encode())
        set_up = codec.set_up(channel, ChannelSettings(0, 1.0, 1.0, 1.0))
        declared |= {one: numberless(one) for one in set_up[1:]}
        for wave, model in profile.waves.items():
            code = model.codes[channel - 1]
            if code is not None:
                shape = codec.set_up(channel, ChannelSettings(code, 1.0, 1.0, 1.0))[0]
                declared[f"{wave} of channel {channel}"] = re.compile(re.escape(shape).encode())
    return unheard(bytes(tap.heard), declared)


def use_serial_meter(name: str, folder: Path) -> list[str]:
    """Its knob is turned to every function; that each range decodes is in test_serial_meter_profiles."""
    profile = profiles()[name]
    assert isinstance(profile, SerialMeterProfile)
    player: Any = play(name, wiring(), "it")
    player.profile = msgspec.structs.replace(profile, frame_interval_s=0.01)  # its display is quicker than the real one
    chip: Any = importlib.import_module(f"protocols.dmm.{profile.protocol}")
    read = set()
    with opened(name, player, folder) as (tap, meter):
        assert isinstance(meter, Multimeter)
        for position in player.positions:
            player.turn(position)
            read.add(meter.read(MeterFunction(position)).function)
        meter.identify()
    declared = {
        key: re.compile(re.escape(getattr(chip, key)))
        for key in ("REQUEST", "IDENTITY_REQUEST")
        if getattr(chip, key, None)
    }
    return unheard(bytes(tap.heard), declared) + sorted(set(player.positions) - read)


def use_modbus_supply(name: str, folder: Path) -> list[str]:
    profile = profiles()[name]
    assert isinstance(profile, ModbusSupplyProfile)

    class Model(Rd6006):
        """The same supply under another model's number."""

        number = 0

        def read(self, address: int, count: int) -> list[int]:
            words = list(super().read(0, 40))
            words[0] = self.number
            return words[address : address + count]

    missing, heard = [], bytearray()
    for number, model in profile.supply_models.items():
        registers = Model(Device(seed=1))
        registers.number = number if number > 10_000 else number * profile.model_id_divisor + 2
        session = RtuSession(registers, unit=profile.unit, baud=profile.serial.baud)
        address = f"modbus-rtu:{{}}?unit={profile.unit}"
        with opened(name, session, folder, address) as (tap, supply):
            if model.name not in supply.identify():
                missing.append(model.name)
            supply.configure(1, voltage_v=5.0, current_limit_a=0.5)
            supply.output(1, on=True)
            supply.read()
            supply.safe_state()
        heard += tap.heard
    read, written = set(), set()
    for frame in FrameReader(Direction.REQUEST).feed(bytes(heard)):
        span = range(frame.address or 0, (frame.address or 0) + (frame.count or 1))
        (read if frame.function == 3 else written).update(span)
    for key, register in profile.registers.items():
        if register.address not in read:
            missing.append(f"{key} is never read")
        if register.access is Access.READ_WRITE and register.address not in written:
            missing.append(f"{key} is never written")
    return missing


class Coils(Session):
    """A relay board: functions 01 and 05."""

    def __init__(self, profile: ModbusRelayProfile) -> None:
        self.profile = profile
        self.baud = profile.serial.baud
        self.coils = [False] * profile.channels
        self.written: set[tuple[int, bool]] = set()
        self.read: set[int] = set()
        self._reader = FrameReader(Direction.REQUEST)

    def receive(self, data: bytes) -> bytes:
        return b"".join(self._answer(frame.raw) for frame in self._reader.feed(data))

    def _answer(self, raw: bytes) -> bytes:
        function, address, value = raw[1], int.from_bytes(raw[2:4], "big"), int.from_bytes(raw[4:6], "big")
        first = address - self.profile.first_coil
        if function == 5:
            self.coils[first] = value == 0xFF00
            self.written.add((address, self.coils[first]))
            return raw
        assert function == 1
        self.read.update(range(address, address + value))
        bits = np.packbits(self.coils[first : first + value], bitorder="little").tobytes()
        return with_crc(bytes([raw[0], 1, len(bits)]) + bits)


def use_modbus_relay(name: str, folder: Path) -> list[str]:
    profile = profiles()[name]
    assert isinstance(profile, ModbusRelayProfile)
    board = Coils(profile)
    with opened(name, board, folder, f"modbus-rtu:{{}}?unit={profile.unit}") as (_, scanner):
        assert isinstance(scanner, Scanner)
        scanner.select(range(1, scanner.channels() + 1))
        assert len(scanner.closed()) == profile.channels
        scanner.safe_state()
    coils = range(profile.first_coil, profile.first_coil + profile.channels)
    declared = {(coil, on) for coil in coils for on in (True, False)}
    return [str(one) for one in sorted(declared - board.written)] + [str(one) for one in set(coils) - board.read]


def use_uvc_camera(name: str, folder: Path) -> list[str]:
    profile = profiles()[name]
    assert isinstance(profile, UvcCameraProfile)
    scene = np.full((profile.height, profile.width), 40.0)
    path = folder / "frames"
    path.write_bytes(uvc.encode(profile.layout, scene, telemetry_rows=profile.telemetry_rows))
    camera = open_instrument(name, f"uvc:{path}")
    assert isinstance(camera, ThermalCamera)
    image = camera.capture(emissivity=profile.camera_emissivity)
    camera.close()
    assert image.temperatures_c.shape == scene.shape
    assert abs(float(image.temperatures_c.mean()) - 40.0) < profile.kelvin_per_count
    limits = (camera.limit_of_error_k(25.0), camera.limit_of_error_k(300.0))
    return [] if limits == (profile.accuracy_c, 300.0 * (profile.accuracy_percent or 0.0) / 100.0) else [str(limits)]


def use_mlx90640(name: str, folder: Path) -> list[str]:
    class Noting(Sensor):
        """Notes which registers are read and written."""

        touched: set[int]

        def transfer(self, messages: Any) -> list[bytes]:
            self.__dict__.setdefault("touched", set()).update(
                int.from_bytes(one.data[:2], "big") for one in messages if not one.is_read
            )
            return super().transfer(messages)

    sensor = a_sensor()
    sensor.__class__ = Noting
    with BridgePort(sensor) as port:
        camera = open_instrument("mlx90640", port.address)
        assert isinstance(camera, ThermalCamera)
        camera.capture()
        camera.close()
    wanted = {"EEPROM": mlx90640.EEPROM, "RAM": mlx90640.RAM, "STATUS": mlx90640.STATUS, "CONTROL": mlx90640.CONTROL}
    touched = sensor.touched  # type: ignore[attr-defined]
    return [key for key, register in wanted.items() if register not in touched]


def use_console(name: str, folder: Path) -> list[str]:
    class Echo(Session):
        def receive(self, data: bytes) -> bytes:
            return data

    with opened(name, Echo(), folder) as (tap, console):
        assert isinstance(console, SerialConsole)
        console.send(b"version\n")
        heard = console.listen(0.3)
    return [] if heard.data == b"version\n" == bytes(tap.heard) else ["send"]


EXERCISES: dict[str, Callable[[str, Path], list[str]]] = {
    "korad-supply": use_korad,
    "serial-generator": use_serial_generator,
    "serial-meter": use_serial_meter,
    "modbus-supply": use_modbus_supply,
    "modbus-relay": use_modbus_relay,
    "uvc-camera": use_uvc_camera,
    "mlx90640": use_mlx90640,
    "serial-console": use_console,
}
"""By the driver of a profile: uses it in full, and returns what was declared and not exercised."""


@pytest.mark.parametrize("name", OTHERS)
def test_everything_declared_is_exercised(name: str, tmp_path: Path) -> None:
    driver = profiles()[name].__struct_config__.tag
    assert driver in EXERCISES, f"nothing exercises what the profiles of {driver} declare"
    missing = EXERCISES[driver](name, tmp_path)
    assert not missing, f"{name} declares what no exercise reached: {missing}"


TESTS = Path(__file__).resolve().parents[1]
ON_REAL_TOOLS = {
    "flashrom": ("drivers/test_programmers.py", "test_flashrom_identifies_writes_verifies_and_reads_back"),
    "stm32flash": (
        "drivers/test_with_simulated_bench.py",
        "test_microcontroller_and_flash_are_backed_up_written_and_verified",
    ),
    "esptool": ("drivers/test_tool_programmers.py", "test_esptool_identifies_writes_verifies_and_reads_back"),
    "avrdude": ("peers/test_avrdude.py", "test_identify_flash_verify_and_read_back"),
}
"""The test that uses each programmer's tool in full, against a chip that is simulated or a memory in a file."""
NEEDS_HARDWARE = {
    "openocd": "its faux flash cannot be read back",
    "dfu-util": "no USB device in DFU mode can be made here",
    "pyocd": "no debug probe can be made here",
}
"""Programmers whose writing cannot be tried without a device; their profiles' notes have to say so."""
OPERATIONS = ("chip", "flash", "verify", "read")


def test_every_operation_of_every_programmer_is_used_or_said_to_need_hardware() -> None:
    tools = {name for name, profile in profiles().items() if isinstance(profile, ToolProfile)}
    assert tools == ON_REAL_TOOLS.keys() | NEEDS_HARDWARE.keys()
    for name, (file, test) in ON_REAL_TOOLS.items():
        (function,) = (
            node
            for node in ast.parse((TESTS / file).read_text()).body
            if isinstance(node, ast.FunctionDef) and node.name == test
        )
        called = {
            node.func.attr
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert called >= set(OPERATIONS), f"{test} does not use all of {name}"
    for name in NEEDS_HARDWARE:
        assert re.search(r"were not|not with a probe", " ".join(profiles()[name].notes.split())), name
