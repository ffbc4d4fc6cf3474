"""Puts a personality on a port of this machine."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drivers.errors import Misconfigured
from drivers.korad_supply_model import KoradSupplyProfile
from drivers.profile_base import ProfileBase
from drivers.registry import find_profile, profiles
from drivers.scpi.generator_model import ScpiGeneratorProfile
from drivers.scpi.load_model import ScpiLoadProfile
from drivers.scpi.model import ScpiProfile
from drivers.scpi.multimeter_model import ScpiMultimeterProfile
from drivers.scpi.oscilloscope_model import ScpiOscilloscopeProfile
from drivers.scpi.supply_model import ScpiSupplyProfile
from drivers.serial_generator_model import SerialGeneratorProfile
from drivers.serial_meter_model import SerialMeterProfile
from drivers.simulated.endpoints import Endpoint, PtyEndpoint, TcpEndpoint
from drivers.simulated.personality.base import PersonalitySession, ScpiPersonality
from drivers.simulated.personality.generator import GeneratorPersonality
from drivers.simulated.personality.korad import KoradPersonality
from drivers.simulated.personality.load import LoadPersonality
from drivers.simulated.personality.multimeter import MultimeterPersonality
from drivers.simulated.personality.oscilloscope import OscilloscopePersonality
from drivers.simulated.personality.serial_generator import SerialGeneratorPersonality
from drivers.simulated.personality.serial_meter import SerialMeterPersonality
from drivers.simulated.personality.supply import SupplyPersonality
from drivers.simulated.wiring import Wiring

Personality = ScpiPersonality[Any] | SerialMeterPersonality | KoradPersonality | SerialGeneratorPersonality
_PLAYERS: Mapping[type[ProfileBase], Callable[..., Personality]] = {
    ScpiMultimeterProfile: MultimeterPersonality,
    ScpiGeneratorProfile: GeneratorPersonality,
    ScpiSupplyProfile: SupplyPersonality,
    ScpiLoadProfile: LoadPersonality,
    ScpiOscilloscopeProfile: OscilloscopePersonality,
    SerialMeterProfile: SerialMeterPersonality,
    KoradSupplyProfile: KoradPersonality,
    SerialGeneratorProfile: SerialGeneratorPersonality,
}


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
    serial lines only; frames are sent on a pseudo-terminal ``<role>`` in ``directory``.
    """
    player = play(name, wiring, role)
    profile = player.profile
    on_serial_line = all(address.startswith(("serial:", "ASRL", "hid:")) for address in profile.addresses)
    if isinstance(player, SerialMeterPersonality | KoradPersonality | SerialGeneratorPersonality):
        return player, PtyEndpoint(role, player, directory / role), f"serial:{directory / role}"
    if on_serial_line and isinstance(profile, ScpiProfile):
        session = PersonalitySession(player, profile.serial.baud)
        return player, PtyEndpoint(role, session, directory / role), f"serial:{directory / role}"
    return player, TcpEndpoint(role, lambda: PersonalitySession(player)), "TCPIP::127.0.0.1::{port}::SOCKET"
