"""Opens instruments by profile name and address.

Profiles are the files of ``drivers/profiles``; a folder of further ones (an argument, or ``BENCHWRIGHT_PROFILES``)
adds to them, and a file there replaces the shipped profile of the same name.
Drivers and their libraries are imported when the first instrument of a kind is opened.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.addresses import Address, parse_address
from drivers.capabilities import Instrument
from drivers.console_model import SerialConsoleProfile
from drivers.errors import Misconfigured
from drivers.guard import Guard
from drivers.korad_supply_model import KoradSupplyProfile
from drivers.mlx90640_model import Mlx90640Profile
from drivers.modbus_relay_model import ModbusRelayProfile
from drivers.modbus_supply_model import ModbusSupplyProfile
from drivers.profile import Profile, load_profile
from drivers.profile_base import ProfileBase, SerialLine
from drivers.programmers.model import (
    AvrdudeProfile,
    DfuUtilProfile,
    EsptoolProfile,
    FlashromProfile,
    OpenOcdProfile,
    PyOcdProfile,
    Stm32FlashProfile,
    ToolProfile,
)
from drivers.scpi.generator_model import ScpiGeneratorProfile
from drivers.scpi.load_model import ScpiLoadProfile
from drivers.scpi.model import ScpiProfile
from drivers.scpi.multimeter_model import ScpiMultimeterProfile
from drivers.scpi.oscilloscope_model import ScpiOscilloscopeProfile
from drivers.scpi.supply_model import ScpiSupplyProfile
from drivers.serial_generator_model import SerialGeneratorProfile
from drivers.serial_meter_model import SerialMeterProfile
from drivers.transports.stream import ByteStream
from drivers.uvc_camera_model import UvcCameraProfile

if TYPE_CHECKING:
    from drivers.transports.modbus import ModbusBus

SHIPPED_PROFILES = Path(__file__).parent / "profiles"
PROFILES_VARIABLE = "BENCHWRIGHT_PROFILES"
VISA_VARIABLE = "BENCHWRIGHT_VISA_LIBRARY"
MODBUS_PORT = 502

Options = dict[str, Any]


class ProfileFolder(Mapping[str, Profile]):
    """Profiles by name, each read when it is first asked for, and again when its file changed."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._read: dict[Path, tuple[int, Profile]] = {}

    def __getitem__(self, name: str) -> Profile:
        path = self._paths()[name]
        changed = path.stat().st_mtime_ns
        known = self._read.get(path)
        if known is None or known[0] != changed:
            known = (changed, load_profile(path))
            self._read[path] = known
        return known[1]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._paths()))

    def __len__(self) -> int:
        return len(self._paths())

    def __contains__(self, name: object) -> bool:
        return name in self._paths()

    def _paths(self) -> dict[str, Path]:
        return {path.stem: path for folder in self._folders for path in folder.glob("*.yaml")}


_folders: dict[tuple[Path, ...], ProfileFolder] = {}


def profiles(folder: Path | None = None) -> Mapping[str, Profile]:
    """Return all profiles by name; ``folder`` (default: ``BENCHWRIGHT_PROFILES``) adds to the shipped ones.

    Looking one up raises ``Misconfigured`` when its file is broken.
    """
    extra = folder if folder is not None else os.environ.get(PROFILES_VARIABLE)
    folders = (SHIPPED_PROFILES,) if not extra else (SHIPPED_PROFILES, Path(extra))
    if not folders[-1].is_dir():
        raise Misconfigured(f"the folder of profiles {folders[-1]} does not exist; correct {PROFILES_VARIABLE}")
    return _folders.setdefault(folders, ProfileFolder(*folders))


def find_profile(name: str, folder: Path | None = None) -> Profile:
    """Return one profile; raise ``Misconfigured`` naming those that exist."""
    known = profiles(folder)
    if name not in known:
        raise Misconfigured(f"there is no driver profile {name!r}; there are {', '.join(known)}")
    return known[name]


def open_instrument(
    profile: str, address: str, guard: Guard | None = None, *, profile_folder: Path | None = None, **options: Any
) -> Instrument:
    """Open the instrument at ``address``, check that it is what ``profile`` describes, and return its driver.

    ``options`` are those of the driver and its transport (``baud=…``, ``visa_library="@sim"``, ``ambient_c=…``).
    Raises ``Misconfigured``, ``ConnectionLost``, ``NoResponse``, ``WrongIdentity`` …; the port is then closed again.
    """
    description = find_profile(profile, profile_folder)
    given = dict(options)
    opener: Callable[..., Instrument] = _OPENERS[type(description)]
    instrument = opener(description, parse_address(address), guard if guard is not None else Guard(), given)
    try:
        instrument.identify()
    except BaseException:
        instrument.close()
        raise
    return instrument


def open_stream(profile: ProfileBase, address: Address, guard: Guard, line: SerialLine, options: Options) -> ByteStream:
    """Open the byte stream that ``address`` names; transport options are taken out of ``options``."""
    label = _label(profile, address)
    library = options.pop("visa_library", None) or os.environ.get(VISA_VARIABLE)
    if address.scheme == "visa" or (address.scheme == "tcp" and library):
        from drivers.transports.visa import VisaStream

        return VisaStream.open(address.text, line, label=label, guard=guard, library=library or "@py")
    if address.scheme == "tcp":
        return _tcp(address, 0, label, guard)
    if address.scheme == "serial":
        return _serial(address, line, label, guard, options)
    if address.scheme == "hid":
        from drivers.transports.hid import HidStream

        return HidStream.open(address, line, label=label, guard=guard)
    raise _wrong_scheme(profile, address)


def _open_scpi(profile: ScpiProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.scpi.generator import ScpiSignalGenerator
    from drivers.scpi.link import ScpiLink
    from drivers.scpi.load import ScpiElectronicLoad
    from drivers.scpi.multimeter import ScpiMultimeter
    from drivers.scpi.oscilloscope import ScpiOscilloscope
    from drivers.scpi.supply import ScpiPowerSupply

    drivers: dict[type[ScpiProfile], Callable[..., Instrument]] = {
        ScpiMultimeterProfile: ScpiMultimeter,
        ScpiOscilloscopeProfile: ScpiOscilloscope,
        ScpiGeneratorProfile: ScpiSignalGenerator,
        ScpiSupplyProfile: ScpiPowerSupply,
        ScpiLoadProfile: ScpiElectronicLoad,
    }
    link = ScpiLink(open_stream(profile, address, guard, profile.serial, options), profile)
    return drivers[type(profile)](link, **options)


def _open_serial_meter(profile: SerialMeterProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.serial_meter import SerialMultimeter

    return SerialMultimeter(open_stream(profile, address, guard, profile.serial, options), profile, **options)


def _open_serial_generator(
    profile: SerialGeneratorProfile, address: Address, guard: Guard, options: Options
) -> Instrument:
    from drivers.serial_generator import SerialGenerator

    return SerialGenerator(open_stream(profile, address, guard, profile.serial, options), profile, **options)


def _open_korad(profile: KoradSupplyProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.korad_supply import KoradSupply

    return KoradSupply(open_stream(profile, address, guard, profile.serial, options), profile, **options)


def _open_console(profile: SerialConsoleProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.console import UartConsole

    return UartConsole(open_stream(profile, address, guard, profile.serial, options), profile, **options)


def _open_supply(profile: ModbusSupplyProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.modbus_supply import ModbusSupply

    return ModbusSupply(_modbus(profile, address, guard, options), profile, **options)


def _open_relay(profile: ModbusRelayProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.modbus_relay import ModbusRelay

    return ModbusRelay(_modbus(profile, address, guard, options), profile, **options)


def _modbus(
    profile: ModbusSupplyProfile | ModbusRelayProfile, address: Address, guard: Guard, options: Options
) -> "ModbusBus":
    from drivers.transports.modbus import ModbusBus

    label = _label(profile, address)
    unit = address.integer("unit", profile.unit)
    if address.scheme == "modbus-tcp":
        stream = _tcp(address, MODBUS_PORT, label, guard)
    elif address.scheme == "modbus-rtu":
        stream = _serial(address, profile.serial, label, guard, options)
    else:
        raise _wrong_scheme(profile, address)
    return ModbusBus(stream, unit, rtu=address.scheme == "modbus-rtu", timeout_s=profile.timeout_s)


def _open_mlx90640(profile: Mlx90640Profile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.mlx90640 import Mlx90640Camera
    from drivers.transports.i2c import BridgedI2c, I2cDevice, LinuxI2c

    label = _label(profile, address)
    number = address.integer("address", profile.address)
    if address.scheme == "i2c":
        device: I2cDevice = LinuxI2c(label, guard, address.target, number)
    elif address.scheme == "sc18im700":
        device = BridgedI2c(_serial(address, profile.serial, label, guard, options), number)
    else:
        raise _wrong_scheme(profile, address)
    return Mlx90640Camera(device, profile, **options)


def _open_uvc(profile: UvcCameraProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.uvc_camera import UvcCamera

    if address.scheme != "uvc":
        raise _wrong_scheme(profile, address)
    return UvcCamera(address.target, _label(profile, address), profile, guard, **options)


def _open_stm32flash(profile: Stm32FlashProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.programmers.stm32flash import Stm32Flash

    if address.scheme != "stm32flash":
        raise _wrong_scheme(profile, address)
    return Stm32Flash(profile, address, guard, **options)


def _open_flashrom(profile: FlashromProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.programmers.flashrom import Flashrom

    if address.scheme != "flashrom":
        raise _wrong_scheme(profile, address)
    return Flashrom(profile, address, guard, **options)


def _open_tool(profile: ToolProfile, address: Address, guard: Guard, options: Options) -> Instrument:
    from drivers.programmers.avrdude import Avrdude
    from drivers.programmers.dfu_util import DfuUtil
    from drivers.programmers.esptool import Esptool
    from drivers.programmers.openocd import OpenOcd
    from drivers.programmers.pyocd import PyOcd

    drivers: dict[type[ToolProfile], tuple[str, Callable[..., Instrument]]] = {
        EsptoolProfile: ("esptool", Esptool),
        AvrdudeProfile: ("avrdude", Avrdude),
        DfuUtilProfile: ("dfu-util", DfuUtil),
        OpenOcdProfile: ("openocd", OpenOcd),
        PyOcdProfile: ("pyocd", PyOcd),
    }
    scheme, driver = drivers[type(profile)]
    if address.scheme != scheme:
        raise _wrong_scheme(profile, address)
    return driver(profile, address, guard, **options)


def _tcp(address: Address, default_port: int, label: str, guard: Guard) -> ByteStream:
    from drivers.transports.tcp import TcpStream

    return TcpStream.open(*address.host_and_port(default_port), label=label, guard=guard)


def _serial(address: Address, line: SerialLine, label: str, guard: Guard, options: Options) -> ByteStream:
    from drivers.transports.serial_port import SerialStream, line_settings

    return SerialStream.open(address.target, line_settings(line, address, options), label=label, guard=guard)


def _label(profile: ProfileBase, address: Address) -> str:
    return f"{profile.name} at {address.text}"


def _wrong_scheme(profile: ProfileBase, address: Address) -> Misconfigured:
    return Misconfigured(
        f"{_label(profile, address)}: this profile is not reached like that; write for example {profile.addresses[0]}"
    )


_OPENERS: dict[type[ProfileBase], Callable[..., Instrument]] = {
    ScpiMultimeterProfile: _open_scpi,
    ScpiOscilloscopeProfile: _open_scpi,
    ScpiGeneratorProfile: _open_scpi,
    ScpiSupplyProfile: _open_scpi,
    ScpiLoadProfile: _open_scpi,
    SerialMeterProfile: _open_serial_meter,
    SerialGeneratorProfile: _open_serial_generator,
    KoradSupplyProfile: _open_korad,
    SerialConsoleProfile: _open_console,
    ModbusSupplyProfile: _open_supply,
    ModbusRelayProfile: _open_relay,
    UvcCameraProfile: _open_uvc,
    Mlx90640Profile: _open_mlx90640,
    Stm32FlashProfile: _open_stm32flash,
    FlashromProfile: _open_flashrom,
    EsptoolProfile: _open_tool,
    AvrdudeProfile: _open_tool,
    DfuUtilProfile: _open_tool,
    OpenOcdProfile: _open_tool,
    PyOcdProfile: _open_tool,
}
