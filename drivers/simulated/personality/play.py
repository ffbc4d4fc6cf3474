"""Puts a personality on a port of this machine."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drivers.console_model import SerialConsoleProfile
from drivers.errors import Misconfigured
from drivers.korad_supply_model import KoradSupplyProfile
from drivers.mlx90640_model import Mlx90640Profile
from drivers.modbus_relay_model import ModbusRelayProfile
from drivers.modbus_supply_model import ModbusSupplyProfile
from drivers.profile_base import ProfileBase
from drivers.programmers.model import EsptoolProfile, FlashromProfile, Stm32FlashProfile
from drivers.registry import find_profile, profiles
from drivers.scpi.generator_model import ScpiGeneratorProfile
from drivers.scpi.load_model import ScpiLoadProfile
from drivers.scpi.model import ScpiProfile
from drivers.scpi.multimeter_model import ScpiMultimeterProfile
from drivers.scpi.oscilloscope_model import ScpiOscilloscopeProfile
from drivers.scpi.supply_model import ScpiSupplyProfile
from drivers.serial_generator_model import SerialGeneratorProfile
from drivers.serial_meter_model import SerialMeterProfile
from drivers.simulated import spi_flash
from drivers.simulated.endpoints import Endpoint, PtyEndpoint, Session, TcpEndpoint
from drivers.simulated.modbus_server import RtuSession
from drivers.simulated.personality.base import PersonalitySession, ScpiPersonality
from drivers.simulated.personality.cameras import Mlx90640Personality, UvcCameraPersonality
from drivers.simulated.personality.generator import GeneratorPersonality
from drivers.simulated.personality.korad import KoradPersonality
from drivers.simulated.personality.load import LoadPersonality
from drivers.simulated.personality.memories import (
    ConsolePersonality,
    EsptoolPersonality,
    FlashromPersonality,
    Stm32Personality,
)
from drivers.simulated.personality.modbus import ModbusRelayPersonality, ModbusSupplyPersonality
from drivers.simulated.personality.multimeter import MultimeterPersonality
from drivers.simulated.personality.oscilloscope import OscilloscopePersonality
from drivers.simulated.personality.serial_generator import SerialGeneratorPersonality
from drivers.simulated.personality.serial_meter import SerialMeterPersonality
from drivers.simulated.personality.supply import SupplyPersonality
from drivers.simulated.pipes import FramePipe, MemoryImage
from drivers.simulated.wiring import Wiring
from drivers.uvc_camera_model import UvcCameraProfile

Spoken = (
    SerialMeterPersonality
    | KoradPersonality
    | SerialGeneratorPersonality
    | Mlx90640Personality
    | Stm32Personality
    | EsptoolPersonality
    | ConsolePersonality
)
"""Those that are one conversation on a serial line."""
Personality = (
    ScpiPersonality[Any]
    | ModbusSupplyPersonality
    | ModbusRelayPersonality
    | UvcCameraPersonality
    | FlashromPersonality
    | Spoken
)
_PLAYERS: Mapping[type[ProfileBase], Callable[..., Personality]] = {
    ScpiMultimeterProfile: MultimeterPersonality,
    ScpiGeneratorProfile: GeneratorPersonality,
    ScpiSupplyProfile: SupplyPersonality,
    ScpiLoadProfile: LoadPersonality,
    ScpiOscilloscopeProfile: OscilloscopePersonality,
    SerialMeterProfile: SerialMeterPersonality,
    KoradSupplyProfile: KoradPersonality,
    SerialGeneratorProfile: SerialGeneratorPersonality,
    ModbusSupplyProfile: ModbusSupplyPersonality,
    ModbusRelayProfile: ModbusRelayPersonality,
    Mlx90640Profile: Mlx90640Personality,
    UvcCameraProfile: UvcCameraPersonality,
    SerialConsoleProfile: ConsolePersonality,
    Stm32FlashProfile: Stm32Personality,
    EsptoolProfile: EsptoolPersonality,
    FlashromProfile: FlashromPersonality,
}
FLASH_IMAGE = "spi-flash.bin"
_ADDRESSES: Mapping[type[ProfileBase], str] = {
    Mlx90640Profile: "sc18im700:{link}?address=0x33",
    Stm32FlashProfile: "stm32flash:{link}",
    EsptoolProfile: "esptool:{link}?baud=115200&stub=0&chip=esp32",
}
"""What is not ``serial:<link>``."""


def playable() -> tuple[str, ...]:
    """Return the names of the profiles that have a personality."""
    return tuple(name for name, profile in profiles().items() if type(profile) in _PLAYERS)


def play(name: str, wiring: Wiring, role: str) -> Personality:
    """Return the personality of a profile, its probes named after ``role``; raise ``Misconfigured`` without one."""
    profile = find_profile(name)
    player = _PLAYERS.get(type(profile))
    if player is None:
        raise Misconfigured(f"{name} cannot be played by its declaration; these can: {', '.join(playable())}")
    return player(profile, wiring, role)


def serve(name: str, wiring: Wiring, role: str, directory: Path) -> tuple[Personality, Endpoint, str]:
    """Return a personality with its port (not open yet) and its address.

    SCPI is spoken on a TCP socket (``{port}`` in the address is filled in by whoever opens it) unless the profile knows
    serial lines only. What speaks on a serial line does so on a pseudo-terminal ``<role>`` in ``directory``; a camera's
    frames come through a named pipe of that name, and a memory is a file there.
    """
    player, link = play(name, wiring, role), directory / role
    if isinstance(player, ScpiPersonality):
        profile: ScpiProfile = player.profile
        if all(address.startswith(("serial:", "ASRL", "hid:")) for address in profile.addresses):
            session: Session = PersonalitySession(player, profile.serial.baud)
            return player, PtyEndpoint(role, session, link), f"serial:{link}"
        return player, TcpEndpoint(role, lambda: PersonalitySession(player)), "TCPIP::127.0.0.1::{port}::SOCKET"
    if isinstance(player, ModbusSupplyPersonality | ModbusRelayPersonality):
        line, unit = player.profile.serial, player.profile.unit
        session = RtuSession(player, unit=unit, baud=line.baud)
        # A pseudo-terminal has no parity, which both sides can do without.
        return player, PtyEndpoint(role, session, link), f"modbus-rtu:{link}?unit={unit}"
    if isinstance(player, UvcCameraPersonality):
        return player, FramePipe(role, player.frame, link), f"uvc:{link}"
    if isinstance(player, FlashromPersonality):
        image = directory / FLASH_IMAGE
        endpoint = MemoryImage(role, image, spi_flash.write_image)
        return player, endpoint, f"flashrom:dummy:emulate={player.chip},image={image}"
    address = _ADDRESSES.get(type(player.profile), "serial:{link}").replace("{link}", str(link))
    return player, PtyEndpoint(role, player, link), address
