"""Programmers whose chips can be played: what the maker's own loader answers on the port that the tool opens."""

from drivers.console_model import SerialConsoleProfile
from drivers.programmers.model import EsptoolProfile, FlashromProfile, Stm32FlashProfile
from drivers.simulated.console import ConsoleSession
from drivers.simulated.esp32_rom import Esp32Rom
from drivers.simulated.rom_bootloader import ProgrammingPort
from drivers.simulated.wiring import Wiring


class Stm32Personality(ProgrammingPort):
    """The device's own microcontroller in its ROM loader."""

    def __init__(self, profile: Stm32FlashProfile, wiring: Wiring, name: str = "programmer") -> None:
        super().__init__(wiring.device)
        self.profile = profile
        self.name = name


class EsptoolPersonality(Esp32Rom):
    """An ESP32 beside the device, in its ROM loader."""

    def __init__(self, profile: EsptoolProfile, _wiring: Wiring, name: str = "programmer") -> None:
        super().__init__()
        self.profile = profile
        self.name = name


class FlashromPersonality:
    """The device's SPI flash, a file on which flashrom's dummy programmer works."""

    chip = "W25Q128FV"

    def __init__(self, profile: FlashromProfile, _wiring: Wiring, name: str = "programmer") -> None:
        self.profile = profile
        self.name = name


class ConsolePersonality(ConsoleSession):
    """The device's UART."""

    def __init__(self, profile: SerialConsoleProfile, wiring: Wiring, name: str = "console") -> None:
        super().__init__(wiring.device)
        self.profile = profile
        self.name = name
