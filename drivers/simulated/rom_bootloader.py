"""The MCU's programming port: its ROM bootloader on USART1, with BOOT0 and reset driven by the adapter's DTR line.

Opening the port raises DTR, which pulls BOOT0 high and resets the MCU into its ROM; closing drops it, and the
firmware starts. BOOT0 can also be strapped by hand, high or low.
"""

from collections.abc import Callable
from enum import StrEnum

from drivers.simulated.device import Device
from drivers.simulated.endpoints import Session
from drivers.simulated.firmware import FLASH_BASE, FLASH_SIZE
from protocols.stm32_bootloader import Bootloader, Stm32Memory

PRODUCT_ID = 0x410
"""STM32F103, medium density (RM0008, 31.6.1)."""
IMPOSTOR_ID = 0x440


class Boot0(StrEnum):
    """Who sets BOOT0."""

    AUTO = "auto"
    HIGH = "high"
    LOW = "low"


class DeviceMemory(Stm32Memory):
    """The chip's memory map on the simulated device's flash."""

    def __init__(self, device: Device) -> None:
        super().__init__(flash_bytes=FLASH_SIZE, flash_start=FLASH_BASE)
        self._device = device
        self.flash = device.mcu_flash
        self.on_jump: Callable[[], None] = lambda: None

    def jump(self, address: int) -> None:
        """Start the program at ``address``: the firmware when it is the start of the flash."""
        super().jump(address)
        self.on_jump()


class ProgrammingPort(Session):
    """What the adapter's serial port carries."""

    cut_above = 16

    def __init__(self, device: Device) -> None:
        self._device = device
        self._memory = DeviceMemory(device)
        self._memory.on_jump = self._start_program
        self._bootloader = Bootloader(self._memory, product_id=PRODUCT_ID)
        self._strap = Boot0.AUTO
        self._answering = False

    @property
    def boot0(self) -> Boot0:
        """How BOOT0 is set."""
        return self._strap

    def strap(self, boot0: Boot0) -> None:
        """Set BOOT0 by hand (or leave it to DTR again) and reset the MCU."""
        self._strap = boot0
        self._reset(boot0 is Boot0.HIGH)

    def impersonate(self, on: bool) -> None:
        """Be another chip."""
        self._bootloader = Bootloader(self._memory, product_id=IMPOSTOR_ID if on else PRODUCT_ID)

    def opened(self) -> None:
        """DTR rises."""
        if self._strap is Boot0.AUTO:
            self._reset(True)

    def closed(self) -> None:
        """DTR falls; a MCU in its bootloader starts the firmware."""
        if self._strap is Boot0.AUTO and self._device.state.rom_bootloader:
            self._reset(False)

    def receive(self, data: bytes) -> bytes:
        """Let the bootloader answer, while it runs."""
        answering = self._device.bootloader_answers
        if answering and not self._answering:  # power came (back): it starts anew
            self._bootloader.reset()
        self._answering = answering
        return self._bootloader.feed(data) if answering else b""

    def _reset(self, boot0: bool) -> None:
        self._bootloader.reset()
        self._device.strap_boot0(boot0)

    def _start_program(self) -> None:
        self._device.strap_boot0(False)
