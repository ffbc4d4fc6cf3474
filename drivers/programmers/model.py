"""The declaration of a programmer that is a command-line tool."""

from typing import Annotated, ClassVar

import msgspec

from drivers.profile_base import Positive, ProfileBase


class ToolProfile(ProfileBase, frozen=True, kw_only=True):
    """What every tool declares."""

    capability: ClassVar[str] = "firmware_programmer"

    program: str
    package: str
    """The Debian package that it comes in."""
    timeout_s: Positive
    """Longest run, for the largest chip at the slowest speed."""
    probe_timeout_s: Positive = 30.0


class Stm32FlashProfile(ToolProfile, tag="stm32flash", frozen=True, kw_only=True):
    """STM32 ROM bootloader over UART."""

    baud: Annotated[int, msgspec.Meta(ge=1200, le=1_000_000)] = 57600
    mode: Annotated[str, msgspec.Meta(pattern="^[78][neo][12]$")] = "8e1"
    flash_address: int = 0x0800_0000


class FlashromProfile(ToolProfile, tag="flashrom", frozen=True, kw_only=True):
    """SPI flash through flashrom; ``chip`` settles which of several matching chips it is."""

    chip: str = ""
