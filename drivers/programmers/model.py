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


class EsptoolProfile(ToolProfile, tag="esptool", frozen=True, kw_only=True):
    """Espressif chips through esptool and the ROM loader; ``stub`` loads esptool's faster loader into their memory."""

    baud: Annotated[int, msgspec.Meta(ge=9600, le=4_000_000)] = 460_800
    stub: bool = True
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0


class AvrdudeProfile(ToolProfile, tag="avrdude", frozen=True, kw_only=True):
    """AVR chips through avrdude; ``programmer`` and ``part`` are avrdude's own names, from the address where empty."""

    programmer: str = ""
    part: str = ""
    baud: Annotated[int, msgspec.Meta(ge=0, le=4_000_000)] = 0
    """0: avrdude's own for the programmer."""


class DfuUtilProfile(ToolProfile, tag="dfu-util", frozen=True, kw_only=True):
    """Devices in USB DFU mode (STM32 and others) through dfu-util."""

    alternate: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    flash_address: int = 0x0800_0000


class OpenOcdProfile(ToolProfile, tag="openocd", frozen=True, kw_only=True):
    """Cortex-M and others by SWD or JTAG through OpenOCD; ``target`` is one of its configuration files."""

    target: str = ""
    flash_address: int = 0x0800_0000


class PyOcdProfile(ToolProfile, tag="pyocd", frozen=True, kw_only=True):
    """Cortex-M by CMSIS-DAP, ST-Link or J-Link through pyOCD; ``target`` is pyOCD's name of the chip."""

    target: str = ""
    flash_address: int = 0x0800_0000
    size_bytes: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Size of the flash, where a backup without a size is wanted."""
