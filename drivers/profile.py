"""Driver profiles: one YAML declaration is one driver.

`load_profile` reads and checks one file; every mistake is one sentence with file, place and remedy.
`json_schema` describes the format for editors.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from drivers.console_model import SerialConsoleProfile
from drivers.errors import Misconfigured
from drivers.korad_supply_model import KoradSupplyProfile
from drivers.mlx90640_model import Mlx90640Profile
from drivers.modbus_relay_model import ModbusRelayProfile
from drivers.modbus_supply_model import ModbusSupplyProfile
from drivers.profile_base import ProfileBase
from drivers.programmers.model import (
    AvrdudeProfile,
    DfuUtilProfile,
    EsptoolProfile,
    FlashromProfile,
    OpenOcdProfile,
    PyOcdProfile,
    Stm32FlashProfile,
)
from drivers.scpi.generator_model import ScpiGeneratorProfile
from drivers.scpi.load_model import ScpiLoadProfile
from drivers.scpi.multimeter_model import ScpiMultimeterProfile
from drivers.scpi.oscilloscope_model import ScpiOscilloscopeProfile
from drivers.scpi.supply_model import ScpiSupplyProfile
from drivers.serial_generator_model import SerialGeneratorProfile
from drivers.serial_meter_model import SerialMeterProfile
from drivers.uvc_camera_model import UvcCameraProfile
from protocols.json_schema import tidy
from protocols.mistakes import mistakes

Profile = (
    ScpiMultimeterProfile
    | ScpiOscilloscopeProfile
    | ScpiGeneratorProfile
    | ScpiSupplyProfile
    | ScpiLoadProfile
    | SerialMeterProfile
    | SerialGeneratorProfile
    | KoradSupplyProfile
    | ModbusSupplyProfile
    | ModbusRelayProfile
    | Mlx90640Profile
    | UvcCameraProfile
    | Stm32FlashProfile
    | FlashromProfile
    | EsptoolProfile
    | AvrdudeProfile
    | DfuUtilProfile
    | OpenOcdProfile
    | PyOcdProfile
    | SerialConsoleProfile
)

MAX_PROFILE_BYTES = 1_000_000


class BrokenProfile(Misconfigured):
    """A profile that does not follow the format. ``problems`` are all that was found, each with its place."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        first, *more = problems
        detail = f"{first} (and {len(more)} more; 'benchwright profile check' lists them)"
        super().__init__(detail if more else first)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # chosen at run time
    """YAML 1.1 without its traps: ``9.9e37`` is a number, ``on``/``off``/``yes``/``no`` are words, no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} appears twice", key.start_mark
                )
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


_FLOAT = re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$")
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))


def load_profile(path: Path) -> Profile:
    """Read one profile; raise ``Misconfigured`` with file, place and remedy when it cannot be used."""
    try:
        if path.stat().st_size > MAX_PROFILE_BYTES:
            raise Misconfigured(f"{path} is larger than {MAX_PROFILE_BYTES} bytes; a profile is a short text file")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}); check the name and its permissions") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path} is no UTF-8 text (byte {error.start}); save it as UTF-8") from error
    profile = parse_profile(text, str(path))
    if profile.name != path.stem:
        raise Misconfigured(f"{path} declares the name {profile.name!r}; the file must be called {profile.name}.yaml")
    return profile


def parse_profile(text: str, origin: str) -> Profile:
    """Return the profile that ``text`` declares; ``origin`` names it in errors."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader)):
            raise Misconfigured(f"{origin} uses a YAML alias (*name); write the values out")
        tree = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise Misconfigured(f"{origin}, {_yaml_place(error)}") from error
    except RecursionError as error:
        raise Misconfigured(f"{origin} is nested too deeply; a profile has a few levels") from error
    if not isinstance(tree, dict):
        raise Misconfigured(f"{origin} is empty or no mapping; begin with 'name:' and 'driver:'")
    try:
        profile: Profile = msgspec.convert(tree, Profile)
    except msgspec.ValidationError as error:
        lines = _lines(text)
        raise BrokenProfile(
            [f"{origin}, {_place(one.path, lines)}: {one.words}" for one in mistakes(tree, Profile)]
        ) from error
    return profile


def _place(path: Sequence[str | int], lines: Mapping[tuple[str | int, ...], int]) -> str:
    """Name a place by its line (that of the nearest value around it) and its keys."""
    line = next(lines[at] for end in range(len(path), -1, -1) if (at := tuple(path[:end])) in lines)
    return f"line {line}, at {'.'.join(map(str, path))}" if path else f"line {line}"


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Return the line (from 1) of every value of YAML that can be read."""
    found: dict[tuple[str | int, ...], int] = {(): 1}

    def look(node: yaml.Node, path: tuple[str | int, ...]) -> None:
        found.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                look(item, (*path, index))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found[(*path, key.value)] = key.start_mark.line + 1
                look(value, (*path, key.value))

    root = yaml.compose(text, Loader=_Loader)
    if root is not None:
        look(root, ())
    return found


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the profile format."""
    schema = tidy(msgspec.json.schema(Profile))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Benchwright driver profile", **schema}


def _yaml_place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    detail = f"{problem}; correct the YAML there"
    return f"line {line}, column {column}: {detail}"


__all__ = ["BrokenProfile", "Profile", "ProfileBase", "json_schema", "load_profile", "parse_profile"]
