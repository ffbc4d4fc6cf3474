"""``bench.toml``: the instruments of a bench, by role, and the hub that it reports to."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from edge_agent.calibration import Calibration
from protocols.messages.records import Identifier
from protocols.mistakes import Mistake, mistakes, with_more

MAX_BYTES = 1_000_000
MEASURE = ("multimeter", "oscilloscope", "power_supply", "electronic_load", "thermal_camera")
"""Capabilities of instruments whose limits of error can depend on how warm the bench is."""


class BenchConfigError(ValueError):
    """A ``bench.toml`` that cannot be used: one sentence with file, line or key, and remedy."""


class _Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """Immutable; an unknown key is an error, so that a misspelt one is never ignored."""


class BenchSection(_Strict, frozen=True):
    """``[bench]``."""

    name: Identifier
    ambient_c: Annotated[float, Meta(ge=-20, le=60)] | None = None
    """Usual temperature at the bench, °C: outside 18 … 28 °C the temperature coefficients of data sheets count."""


class InstrumentConfig(_Strict, frozen=True):
    """``[instruments.<role>]``: which driver profile, and where the instrument is."""

    profile: Annotated[str, Meta(min_length=1, max_length=64)]
    address: Annotated[str, Meta(min_length=1, max_length=512)]
    options: dict[str, Any] = {}
    """Further keyword arguments of ``drivers.registry.open_instrument`` for this profile."""
    calibration: Calibration | None = None
    """When it was calibrated, and until when that holds."""


class HubConfig(_Strict, frozen=True):
    """``[hub]``: without it the bench works offline. Secrets are in files of their own, never here."""

    mqtt: Annotated[str, Meta(pattern=r"^mqtts?://[^\s/]+$")]
    """``mqtt://host:port`` or ``mqtts://host:port``."""
    url: Annotated[str, Meta(pattern=r"^https?://\S+$")] | None = None
    """Base address of the hub's HTTP API, for the upload of captures."""
    username: str | None = None
    password_file: str | None = None
    token_file: str | None = None
    ca_file: str | None = None


class BenchConfig(_Strict, frozen=True):
    """A whole ``bench.toml``."""

    bench: BenchSection
    instruments: dict[Identifier, InstrumentConfig] = {}
    hub: HubConfig | None = None

    @property
    def name(self) -> str:
        """Name of the bench."""
        return self.bench.name

    def rack(self) -> dict[str, InstrumentConfig]:
        """Return the instruments, each that measures told how warm the bench is."""
        ambient_c = self.bench.ambient_c
        if ambient_c is None:
            return dict(self.instruments)
        return {role: _at(one, ambient_c) for role, one in self.instruments.items()}


def _at(config: InstrumentConfig, ambient_c: float) -> InstrumentConfig:
    from drivers.errors import InstrumentError
    from drivers.registry import find_profile

    try:
        measures = find_profile(config.profile).capability in MEASURE
    except InstrumentError:  # told by the rack when it opens the instrument
        return config
    return replace(config, options={"ambient_c": ambient_c, **config.options}) if measures else config


def load_bench_config(path: Path) -> BenchConfig:
    """Read ``bench.toml``; raise ``BenchConfigError`` with one sentence when it cannot be used."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BenchConfigError(
            f"{path}: cannot be read ({error.strerror}); give the path of a bench.toml that exists"
        ) from error
    return parse_bench_config(data, str(path))


def check_instruments(config: BenchConfig, text: str, name: str) -> None:
    """Raise ``BenchConfigError`` when a profile does not exist or cannot be used, or an address has no known form.

    ``text`` is what ``config`` was read from and ``name`` its file. Whether an instrument answers is the rack's matter.
    """
    from drivers.addresses import parse_address
    from drivers.errors import Misconfigured
    from drivers.registry import find_profile

    for role, instrument in config.instruments.items():
        for key, check in (("profile", find_profile), ("address", parse_address)):
            try:
                check(getattr(instrument, key))
            except Misconfigured as error:
                path = ("instruments", role, key)
                raise BenchConfigError(f"{name}: line {_line_of(text, path)}, {'.'.join(path)}: {error}") from error


def parse_bench_config(data: bytes, name: str = "bench.toml") -> BenchConfig:
    """Decode the bytes of a ``bench.toml`` called ``name``; raise ``BenchConfigError``."""
    if len(data) > MAX_BYTES:
        raise BenchConfigError(f"{name}: larger than {MAX_BYTES} bytes, so it is no bench.toml")
    try:
        text = data.decode("utf-8")
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise BenchConfigError(f"{name}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BenchConfigError(f"{name}: not valid TOML: {error}; mend that place") from error
    try:
        return msgspec.convert(raw, BenchConfig)
    except msgspec.ValidationError as error:
        raise BenchConfigError(_sentence(name, text, mistakes(raw, BenchConfig))) from error


def _sentence(name: str, text: str, found: Sequence[Mistake]) -> str:
    """Return the first mistake with line, key and remedy, and the lines of the others."""
    lines = [_line_of(text, [str(part) for part in one.path]) for one in found]
    where = ".".join(map(str, found[0].path)) or "the top level"
    words = with_more(found[0].words, [one or 1 for one in lines[1:]])
    if lines[0] is None:
        return f"{name}: {where}: {words}"
    return f"{name}: line {lines[0]}, {where}: {words}"


def _line_of(text: str, path: Sequence[str]) -> int | None:
    """Return the line of the key at ``path`` (or of the last table header on the way to it)."""
    table: list[str] = []
    best: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            table = [part.strip().strip("\"'") for part in header[1].split(".")]
            if table == list(path[: len(table)]):
                best = number
        elif key := re.match(r"\s*([\w\"'.-]+)\s*=", line):
            full = [*table, *(part.strip("\"'") for part in key[1].split("."))]
            if full == list(path):
                return number
    return best
