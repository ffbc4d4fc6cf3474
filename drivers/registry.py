"""Opens instruments by profile name and address.

Profiles are the files of ``drivers/profiles``; a folder of further ones (an argument, or ``BENCHWRIGHT_PROFILES``)
adds to them, and a file there replaces the shipped profile of the same name.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from drivers.addresses import Address, parse_address
from drivers.capabilities import Instrument
from drivers.errors import Misconfigured
from drivers.guard import Guard
from drivers.profile import Profile, load_profile
from drivers.profile_base import ProfileBase, SerialLine
from drivers.scpi.generator_model import ScpiGeneratorProfile
from drivers.scpi.model import ScpiProfile
from drivers.scpi.multimeter_model import ScpiMultimeterProfile
from drivers.scpi.oscilloscope_model import ScpiOscilloscopeProfile
from drivers.transports.stream import ByteStream

SHIPPED_PROFILES = Path(__file__).parent / "profiles"
PROFILES_VARIABLE = "BENCHWRIGHT_PROFILES"
VISA_VARIABLE = "BENCHWRIGHT_VISA_LIBRARY"


class ProfileFolder(Mapping[str, Profile]):
    """Profiles by name, each read when it is first asked for, and again when its file changed."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._read: dict[Path, tuple[float, Profile]] = {}

    def __getitem__(self, name: str) -> Profile:
        path = self._paths()[name]
        changed = path.stat().st_mtime
        known = self._read.get(path)
        if known is None or known[0] != changed:
            known = (changed, load_profile(path))
            self._read[path] = known
        return known[1]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._paths()))

    def __len__(self) -> int:
        return len(self._paths())

    def _paths(self) -> dict[str, Path]:
        return {path.stem: path for folder in self._folders for path in folder.glob("*.yaml")}


_cache: dict[tuple[Path, ...], ProfileFolder] = {}


def profiles(folder: Path | None = None) -> Mapping[str, Profile]:
    """Return all profiles by name; ``folder`` (default: ``BENCHWRIGHT_PROFILES``) adds to the shipped ones."""
    extra = folder if folder is not None else os.environ.get(PROFILES_VARIABLE)
    folders = (SHIPPED_PROFILES,) if not extra else (SHIPPED_PROFILES, Path(extra))
    if not folders[-1].is_dir():
        raise Misconfigured(f"the folder of profiles {folders[-1]} does not exist; correct {PROFILES_VARIABLE}")
    return _cache.setdefault(folders, ProfileFolder(*folders))


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
    opener = _OPENERS[type(description)]
    instrument = opener(description, parse_address(address), guard if guard is not None else Guard(), options)
    try:
        instrument.identify()
    except BaseException:
        instrument.close()
        raise
    return instrument


def _open_scpi(profile: ScpiProfile, address: Address, guard: Guard, options: dict[str, Any]) -> Instrument:
    from drivers.scpi.generator import ScpiSignalGenerator
    from drivers.scpi.link import ScpiLink
    from drivers.scpi.multimeter import ScpiMultimeter
    from drivers.scpi.oscilloscope import ScpiOscilloscope

    drivers: dict[type[ScpiProfile], Callable[..., Instrument]] = {
        ScpiMultimeterProfile: ScpiMultimeter,
        ScpiOscilloscopeProfile: ScpiOscilloscope,
        ScpiGeneratorProfile: ScpiSignalGenerator,
    }
    link = ScpiLink(open_stream(profile, address, guard, profile.serial, options), profile)
    return drivers[type(profile)](link, **options)


def open_stream(
    profile: ProfileBase, address: Address, guard: Guard, line: SerialLine, options: dict[str, Any]
) -> ByteStream:
    """Open the byte stream that ``address`` names; transport options are taken out of ``options``."""
    label = f"{profile.name} at {address.text}"
    library = options.pop("visa_library", None) or os.environ.get(VISA_VARIABLE)
    if address.scheme == "visa" or (address.scheme == "tcp" and library):
        from drivers.transports.visa import VisaStream

        return VisaStream.open(address.text, line, label=label, guard=guard, library=library or "@py")
    if address.scheme == "tcp":
        from drivers.transports.tcp import TcpStream

        return TcpStream.open(*address.host_and_port(0), label=label, guard=guard)
    if address.scheme == "serial":
        from drivers.transports.serial_port import SerialStream, line_settings

        return SerialStream.open(address.target, line_settings(line, address, options), label=label, guard=guard)
    raise Misconfigured(f"{label}: this profile is not reached like that; write for example {profile.addresses[0]}")


_OPENERS: dict[type, Callable[..., Instrument]] = {
    ScpiMultimeterProfile: _open_scpi,
    ScpiOscilloscopeProfile: _open_scpi,
    ScpiGeneratorProfile: _open_scpi,
}
