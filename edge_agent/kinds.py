"""Kinds of instruments as plans name them, the capabilities of profiles that they are, and which of them drive."""

from collections.abc import Mapping

from drivers.errors import InstrumentError
from drivers.registry import find_profile

KINDS: Mapping[str, str] = {
    "multimeter": "multimeter",
    "oscilloscope": "oscilloscope",
    "signal_generator": "generator",
    "power_supply": "supply",
    "electronic_load": "load",
    "scanner": "scanner",
    "thermal_camera": "camera",
    "firmware_programmer": "programmer",
    "serial_console": "console",
}
"""Capabilities of profiles as plans name them (``edge_agent.plans.actions.base.KINDS``)."""
DRIVING = frozenset({"supply", "generator"})
"""Kinds with outputs that can harm a device; what only looks needs no safe state."""


def capability_of(profile: str) -> str | None:
    """Return what the profile called ``profile`` can do, ``None`` when this program has it no more."""
    try:
        return find_profile(profile).capability
    except InstrumentError:
        return None


def drives(profile: str) -> bool:
    """Return whether an instrument of this profile drives something: of one that is gone it is not known, so yes."""
    capability = capability_of(profile)
    return capability is None or KINDS.get(capability) in DRIVING
