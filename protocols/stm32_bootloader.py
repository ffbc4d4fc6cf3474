"""The STM32 ROM bootloader's USART protocol (ST AN3155), the device's side.

A `Bootloader` is fed the bytes that a host sends and returns the bytes that the chip answers; what commands do to
the chip goes through the small `TargetMemory` interface, of which `Stm32Memory` is one.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import Protocol

from protocols.errors import ProtocolError

INIT = 0x7F
ACK = 0x79
NACK = 0x1F

GET, GET_VERSION, GET_ID = 0x00, 0x01, 0x02
READ_MEMORY, GO, WRITE_MEMORY = 0x11, 0x21, 0x31
ERASE, EXTENDED_ERASE = 0x43, 0x44
WRITE_PROTECT, WRITE_UNPROTECT = 0x63, 0x73
READOUT_PROTECT, READOUT_UNPROTECT = 0x82, 0x92

_ACK, _NACK = bytes([ACK]), bytes([NACK])
_NEED_NO_READOUT_PROTECTION = {READ_MEMORY, GO, WRITE_MEMORY, ERASE, EXTENDED_ERASE, WRITE_PROTECT, WRITE_UNPROTECT,
                               READOUT_PROTECT}  # fmt: skip
MASS_ERASE, BANK1_ERASE, BANK2_ERASE = 0xFFFF, 0xFFFE, 0xFFFD


class Stm32Error(ProtocolError):
    """An access outside the chip's memory, or a description of a chip that cannot be."""


class TargetMemory(Protocol):
    """What the bootloader can do to its chip. Refusals are `Stm32Error`, and become NACK."""

    readout_protected: bool

    def read(self, address: int, length: int) -> bytes:
        """Return ``length`` bytes (1 … 256) from ``address``."""

    def is_valid(self, address: int) -> bool:
        """Tell whether a read, write or jump may begin at ``address``."""

    def write(self, address: int, data: bytes) -> None:
        """Write 1 … 256 bytes at ``address``; where the flash is write-protected nothing happens."""

    def erase_pages(self, pages: Sequence[int]) -> None:
        """Erase flash pages by number."""

    def erase_all(self, bank: int | None = None) -> None:
        """Erase the whole flash, or bank 1 or 2 of it."""

    def protect(self, sectors: Sequence[int]) -> None:
        """Write-protect these sectors and no others."""

    def jump(self, address: int) -> None:
        """Start the program whose vector table is at ``address``."""


Wanted = Generator[tuple[bytes, int], bytes, None]
"""A conversation: yields (bytes to send, number of bytes wanted next) and is sent those bytes."""


class Bootloader:
    """State machine of the ROM bootloader.

    ``product_id`` is the 12-bit code that Get ID answers (0x410: STM32F103 medium density), ``version`` the
    bootloader's (0x22: 2.2), ``extended_erase`` whether it has command 0x44 in place of 0x43 (from version 3.0 on).
    At most 64 kB of a command are ever held. ``running`` is true once Go was accepted: the program has the UART
    then, and bytes are ignored.
    """

    def __init__(
        self, memory: TargetMemory, *, product_id: int = 0x410, version: int = 0x22, extended_erase: bool = False
    ) -> None:
        self._memory = memory
        self._product_id = product_id
        self._version = version
        erase = EXTENDED_ERASE if extended_erase else ERASE
        self.commands = (GET, GET_VERSION, GET_ID, READ_MEMORY, GO, WRITE_MEMORY, erase, WRITE_PROTECT,
                         WRITE_UNPROTECT, READOUT_PROTECT, READOUT_UNPROTECT)  # fmt: skip
        self.running = False
        self.reset()

    def reset(self) -> None:
        """Start anew, as after a reset with the boot pins set for the system memory: the host must send 0x7F
        first."""
        self._buffer = bytearray()
        self.running = False
        self._restarting = False
        self._conversation = self._converse()
        _, self._wanted = next(self._conversation)

    def feed(self, data: bytes) -> bytes:
        """Take in bytes from the host and return what the chip answers."""
        answer = bytearray()
        for byte in data:
            if self.running:
                break
            self._buffer.append(byte)
            if len(self._buffer) == self._wanted:
                taken = bytes(self._buffer)
                self._buffer.clear()
                out, self._wanted = self._conversation.send(taken)
                answer += out
                if self._restarting:
                    self.reset()
        return bytes(answer)

    def _converse(self) -> Wanted:
        out = b""
        while (yield out, 1)[0] != INIT:
            out = b""
        out = _ACK
        while True:
            code, complement = yield out, 2
            forbidden = self._memory.readout_protected and code in _NEED_NO_READOUT_PROTECTION
            if code ^ complement != 0xFF or code not in self.commands or forbidden:
                out = _NACK
            else:
                out = yield from self._command(code)

    def _command(self, code: int) -> Generator[tuple[bytes, int], bytes, bytes]:  # noqa: PLR0911 - one per command
        """Carry out one accepted command; return the last bytes to send."""
        match code:
            case 0x00:  # Get
                return _ACK + bytes([len(self.commands), self._version, *self.commands]) + _ACK
            case 0x01:  # Get Version; the two option bytes are kept for compatibility and are zero
                return _ACK + bytes([self._version, 0, 0]) + _ACK
            case 0x02:  # Get ID
                return _ACK + bytes([1, self._product_id >> 8, self._product_id & 0xFF]) + _ACK
            case 0x11:
                return (yield from self._read_memory())
            case 0x21:
                return (yield from self._go())
            case 0x31:
                return (yield from self._write_memory())
            case 0x43:
                return (yield from self._erase())
            case 0x44:
                return (yield from self._extended_erase())
            case 0x63:
                return (yield from self._write_protect())
        return self._option_bytes(code)

    def _option_bytes(self, code: int) -> bytes:
        match code:
            case 0x73:
                self._memory.protect(())
            case 0x82:
                self._memory.readout_protected = True
            case 0x92:
                self._memory.protect(())
                self._memory.erase_all()
                self._memory.readout_protected = False
        self._restarting = True
        return _ACK + _ACK

    def _address(self) -> Generator[tuple[bytes, int], bytes, int | None]:
        """Acknowledge the command and return the valid address that follows, else ``None``."""
        received = yield _ACK, 5
        address = int.from_bytes(received[:4], "big")
        return address if _checksum(received[:4]) == received[4] and self._memory.is_valid(address) else None

    def _read_memory(self) -> Generator[tuple[bytes, int], bytes, bytes]:
        address = yield from self._address()
        if address is None:
            return _NACK
        count, complement = yield _ACK, 2
        if count ^ complement != 0xFF:
            return _NACK
        try:
            return _ACK + self._memory.read(address, count + 1)
        except Stm32Error:
            return _NACK

    def _go(self) -> Generator[tuple[bytes, int], bytes, bytes]:
        address = yield from self._address()
        if address is None:
            return _NACK
        self._memory.jump(address)
        self.running = True
        return _ACK

    def _write_memory(self) -> Generator[tuple[bytes, int], bytes, bytes]:
        address = yield from self._address()
        if address is None:
            return _NACK
        count = (yield _ACK, 1)[0]
        received = yield b"", count + 2
        if _checksum(received[:-1]) ^ count != received[-1]:
            return _NACK
        try:
            self._memory.write(address, received[:-1])
        except Stm32Error:
            return _NACK
        return _ACK

    def _erase(self) -> Generator[tuple[bytes, int], bytes, bytes]:
        count = (yield _ACK, 1)[0]
        if count == 0xFF:
            if (yield b"", 1)[0] != 0x00:
                return _NACK
            self._memory.erase_all()
            return _ACK
        received = yield b"", count + 2
        if _checksum(received[:-1]) ^ count != received[-1]:
            return _NACK
        return self._erase_pages(list(received[:-1]))

    def _extended_erase(self) -> Generator[tuple[bytes, int], bytes, bytes]:
        head = yield _ACK, 2
        count = int.from_bytes(head, "big")
        if count >= 0xFFF0:
            banks = {MASS_ERASE: None, BANK1_ERASE: 1, BANK2_ERASE: 2}
            if (yield b"", 1)[0] != _checksum(head) or count not in banks:
                return _NACK
            try:
                self._memory.erase_all(banks[count])
            except Stm32Error:
                return _NACK
            return _ACK
        if count > 0x7FFF:  # more pages than a chip can have
            return _NACK
        received = yield b"", 2 * (count + 1) + 1
        if _checksum(head) ^ _checksum(received[:-1]) != received[-1]:
            return _NACK
        return self._erase_pages([int.from_bytes(received[at : at + 2], "big") for at in range(0, 2 * count + 2, 2)])

    def _erase_pages(self, pages: Sequence[int]) -> bytes:
        try:
            self._memory.erase_pages(pages)
        except Stm32Error:
            return _NACK
        return _ACK

    def _write_protect(self) -> Generator[tuple[bytes, int], bytes, bytes]:
        count = (yield _ACK, 1)[0]
        received = yield b"", count + 2
        if _checksum(received[:-1]) ^ count != received[-1]:
            return _NACK
        self._memory.protect(list(received[:-1]))
        self._restarting = True
        return _ACK


def _checksum(data: bytes) -> int:
    return reduce(xor, data, 0)


@dataclass
class Stm32Memory:
    """Memory map of a chip with pages of one size (by default an STM32F103 of 128 kB: 1 kB pages, sectors of 4).

    ``flash`` reads 0xFF where erased. As on the chip, flash is written in half-words: a half-word that is not erased
    keeps its value (unless zeros are written), and write-protected sectors ignore writes and erasing without an
    error, so that only a verification finds out. ``protected_sectors`` holds sector numbers; ``jumped_to`` is the
    address of the last Go.
    """

    flash_bytes: int = 128 * 1024
    page_bytes: int = 1024
    pages_per_sector: int = 4
    ram_bytes: int = 20 * 1024
    flash_start: int = 0x0800_0000
    ram_start: int = 0x2000_0000
    bootloader_ram_bytes: int = 0x200
    other: dict[int, bytes] = field(default_factory=lambda: {0x1FFF_F000: b"\xff" * 2048, 0x1FFF_F800: b"\xff" * 16})
    """Readable areas by address: system memory, option bytes."""

    readout_protected: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.page_bytes <= self.flash_bytes or self.flash_bytes % self.page_bytes:
            raise Stm32Error(f"{self.flash_bytes} bytes of flash are no whole number of {self.page_bytes}-byte pages")
        self.flash = bytearray(b"\xff" * self.flash_bytes)
        self.ram = bytearray(self.ram_bytes)
        self.protected_sectors: frozenset[int] = frozenset()
        self.jumped_to: int | None = None

    def _offset(self, start: int, size: int, address: int, length: int = 1) -> int | None:
        return address - start if start <= address and address + length <= start + size else None

    def is_valid(self, address: int) -> bool:
        """Tell whether ``address`` is in flash, RAM (behind the bootloader's own) or another readable area."""
        own = self.ram_start + self.bootloader_ram_bytes
        return (
            self._offset(self.flash_start, self.flash_bytes, address) is not None
            or self._offset(own, self.ram_bytes - self.bootloader_ram_bytes, address) is not None
            or any(self._offset(start, len(data), address) is not None for start, data in self.other.items())
        )

    def read(self, address: int, length: int) -> bytes:
        """Return bytes of one area; raise `Stm32Error` when they reach beyond it."""
        for start, data in ((self.flash_start, self.flash), (self.ram_start, self.ram), *self.other.items()):
            at = self._offset(start, len(data), address, length)
            if at is not None:
                return bytes(data[at : at + length])
        raise Stm32Error(f"{length} bytes at 0x{address:08x} are not within one memory area")

    def write(self, address: int, data: bytes) -> None:
        """Write to RAM, or program flash; raise `Stm32Error` elsewhere."""
        at = self._offset(self.ram_start, self.ram_bytes, address, len(data))
        if at is not None:
            self.ram[at : at + len(data)] = data
            return
        at = self._offset(self.flash_start, self.flash_bytes, address, len(data))
        if at is None or at % 2:
            raise Stm32Error(f"{len(data)} bytes at 0x{address:08x} cannot be written")
        padded = data + b"\xff" * (len(data) % 2)
        for i in range(0, len(padded), 2):
            new, place = padded[i : i + 2], slice(at + i, at + i + 2)
            if not self._protected(at + i) and (self.flash[place] == b"\xff\xff" or new == b"\x00\x00"):
                self.flash[place] = new

    def _protected(self, offset: int) -> bool:
        return offset // (self.page_bytes * self.pages_per_sector) in self.protected_sectors

    def erase_pages(self, pages: Sequence[int]) -> None:
        """Erase pages; raise `Stm32Error` for a page that does not exist (none is erased then)."""
        for page in pages:
            if not 0 <= page < self.flash_bytes // self.page_bytes:
                raise Stm32Error(
                    f"page {page} does not exist; the last one is {self.flash_bytes // self.page_bytes - 1}"
                )
        for page in pages:
            if not self._protected(page * self.page_bytes):
                self.flash[page * self.page_bytes : (page + 1) * self.page_bytes] = b"\xff" * self.page_bytes

    def erase_all(self, bank: int | None = None) -> None:
        """Erase all pages that are not protected; raise `Stm32Error` for a bank, since there is one only."""
        if bank is not None:
            raise Stm32Error("the flash has one bank only; use a mass erase")
        self.erase_pages(range(self.flash_bytes // self.page_bytes))

    def protect(self, sectors: Sequence[int]) -> None:
        """Write-protect these sectors and no others."""
        self.protected_sectors = frozenset(sectors)

    def jump(self, address: int) -> None:
        """Remember where the program was started."""
        self.jumped_to = address
