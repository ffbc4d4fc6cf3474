"""Firmware profiles (``firmware_profiles/*.yaml``): which chip a product has, and which images belong on it."""

import hashlib
import os
import re
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from drivers.capabilities import ChipIdentity
from edge_agent.plans.source import SourceError, is_bare_name, read_source
from protocols.messages.records import Sha256
from protocols.mistakes import mistakes, with_more

FOLDER_VARIABLE = "BENCHWRIGHT_FIRMWARE"
SHIPPED = Path(__file__).resolve().parent.parent / "firmware_profiles"
MAX_IMAGE_BYTES = 64 << 20
BLOCK_BYTES = 64
"""Boot loaders write in blocks of this or a multiple of it."""
MIN_BEGUN_BYTES = 64


class FirmwareError(ValueError):
    """A profile, chip or image that must not be used: one sentence with the reason; nothing was written."""


class _Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """Immutable; unknown keys are errors."""


class Chip(_Strict, frozen=True):
    """How the programmer names the right chip: ``codes`` are its identification codes (any of them)."""

    name: str
    codes: Annotated[tuple[str, ...], Meta(min_length=1)]


class Image(_Strict, frozen=True):
    """One released image; ``file`` lies beside the profile."""

    version: Annotated[str, Meta(min_length=1, max_length=32)]
    file: str
    size: Annotated[int, Meta(ge=1, le=MAX_IMAGE_BYTES)]
    sha256: Sha256

    def __post_init__(self) -> None:
        if not is_bare_name(self.file):
            raise ValueError(f"the image {self.file!r} must lie beside the profile; give its bare name")


class Supply(_Strict, frozen=True):
    """The supply, V, within which the device may be written: outside it, a flash would end half-done."""

    minimum_v: Annotated[float, Meta(gt=0, le=1000)]
    maximum_v: Annotated[float, Meta(gt=0, le=1000)]

    def check(self, found_v: float, model: str) -> None:
        """Raise ``FirmwareError`` outside the limits."""
        if not self.minimum_v <= found_v <= self.maximum_v:
            raise FirmwareError(
                f"the supply of the {model} is {found_v:.3g} V, but it is written at {self.minimum_v:g} to "
                f"{self.maximum_v:g} V only; nothing was written; correct the supply first"
            )


class FirmwareProfile(_Strict, frozen=True):
    """Firmware of one product model.

    ``version_pattern`` finds the version in a memory that holds no released image: a regular expression with one group.
    """

    model: str
    chip: Chip
    current: str
    images: Annotated[tuple[Image, ...], Meta(min_length=1)]
    programmer: str | None = None
    """The driver profile that is meant, for people who set a bench up."""
    supply: Supply | None = None
    version_pattern: str | None = None

    def __post_init__(self) -> None:
        self.image()
        if self.supply is not None and self.supply.minimum_v >= self.supply.maximum_v:
            raise ValueError("minimum_v must be below maximum_v")
        try:
            groups = re.compile(self.version_pattern or "()").groups
        except re.error as error:
            raise ValueError(f"version_pattern is no regular expression ({error})") from error
        if groups != 1:
            raise ValueError("version_pattern needs one group, which is the version")

    def image(self, version: str | None = None) -> Image:
        """Return the image of ``version`` (the current one); raise ``FirmwareError`` naming those that exist."""
        wanted = version or self.current
        for image in self.images:
            if image.version == wanted:
                return image
        known = ", ".join(image.version for image in self.images)
        raise FirmwareError(f"{self.model} has no firmware {wanted}; its profile lists {known}")

    def check_chip(self, found: ChipIdentity) -> None:
        """Raise ``FirmwareError`` unless the chip found is the product's."""
        if found.code.lower() not in {code.lower() for code in self.chip.codes}:
            raise FirmwareError(
                f"the programmer found {found.name} ({found.code}), but {self.model} has {self.chip.name} "
                f"({', '.join(self.chip.codes)}); check that the right device is connected"
            )

    def version_of(self, content: bytes) -> str | None:
        """Return the version whose image ``content`` begins with, bit for bit."""
        for image in self.images:
            if hashlib.sha256(content[: image.size]).hexdigest() == image.sha256:
                return image.version
        return None

    def told_version(self, content: bytes) -> str | None:
        """Return the version that ``content`` names by itself, released or not."""
        found = None if self.version_pattern is None else re.search(self.version_pattern.encode(), content)
        return None if found is None else found[1].decode("utf-8", errors="replace")[:32]

    def likeness(self, content: bytes, image: Image) -> str:
        """Say in words how far ``content`` is an image: whole, begun (a flash that was cut short), erased, or another.

        Raises ``FirmwareError`` when the image cannot be read.
        """
        wanted = checked_image(image).read_bytes()
        found = content[: len(wanted)]
        if found == wanted:
            return "whole"
        if not found.strip(b"\xff"):
            return "erased"
        same = next((at for at, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), len(found))
        rest = found[same:].rstrip(b"\xff")
        if same >= MIN_BEGUN_BYTES and (not rest or same % BLOCK_BYTES == 0):
            return f"begun: the first {same} of {len(wanted)} bytes are those of {image.version}"
        return "another"


def firmware_folder() -> Path:
    """Return the folder of firmware profiles: ``BENCHWRIGHT_FIRMWARE``, else the shipped one."""
    return Path(os.environ.get(FOLDER_VARIABLE, SHIPPED))


def load_firmware_profile(name: str) -> FirmwareProfile:
    """Read ``<name>.yaml``; raise ``FirmwareError``."""
    path = firmware_folder() / f"{name}.yaml"
    try:
        source = read_source(path.read_bytes(), str(path))
    except OSError as error:
        raise FirmwareError(f"there is no firmware profile {name} ({path.name} cannot be read)") from error
    except SourceError as error:
        raise FirmwareError(f"firmware profile {name} is broken: {error}") from error
    try:
        return msgspec.convert(source.data, FirmwareProfile)
    except msgspec.ValidationError as error:
        one, *more = mistakes(source.data, FirmwareProfile)
        first = f"line {source.line(one.path)}: {one.named()}"
        words = with_more(first, [source.line(other.path) for other in more])
        raise FirmwareError(f"firmware profile {name} is broken: {path}: {words}") from error


def checked_image(image: Image) -> Path:
    """Return the path of an image whose bytes are those of the profile; raise ``FirmwareError`` otherwise."""
    path = firmware_folder() / image.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FirmwareError(
            f"the image {image.file} of firmware {image.version} cannot be read; fetch it again"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if len(content) != image.size or found != image.sha256:
        raise FirmwareError(
            f"the image {image.file} is not the released firmware {image.version} (SHA-256 {found[:12]}…, expected "
            f"{image.sha256[:12]}…); nothing was written; fetch it again"
        )
    return path
