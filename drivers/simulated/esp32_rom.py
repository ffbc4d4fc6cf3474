"""An ESP32 in its ROM loader with a SPI flash: esptool (without its stub) can identify, read, write and verify it.

Registers, commands and the SPI controller's user commands follow the ESP32 Technical Reference Manual and the serial
protocol of the esptool documentation. ``lose_link_after`` makes the port fall silent in the middle of a write.
"""

import hashlib
import zlib
from collections.abc import Callable

from drivers.simulated.endpoints import Session
from protocols.esp_rom import Command, EspRomError, Op, SlipReader, checksum, encode_answer, parse_command

MAGIC_REGISTER, MAGIC = 0x4000_1000, 0x00F0_1D83
EFUSE = 0x3FF5_A000
UART_CLOCK_DIVIDER = 0x3FF4_0014
SPI = 0x3FF4_2000
SPI_COMMAND, SPI_USER, SPI_USER2, SPI_WORD0 = SPI, SPI + 0x1C, SPI + 0x24, SPI + 0x80
READ_ID, READ_STATUS = 0x9F, 0x05
SECTOR = 4096
UNKNOWN_COMMAND, BAD_CHECKSUM, BAD_DATA = 0x05, 0x07, 0x0B
MAX_READ_BYTES = 64


class Esp32Rom(Session):
    """One chip. ``flash`` is its memory; ``writes`` counts blocks that were written."""

    def __init__(
        self, *, flash_bytes: int = 4 << 20, flash_id: int = 0x1640EF, mac: bytes = bytes.fromhex("246f28aabbcc")
    ) -> None:
        self.flash = bytearray(b"\xff" * flash_bytes)
        self.magic = MAGIC
        self.lose_link_after: int | None = None
        self.writes = 0
        self._flash_id = flash_id
        self._registers = {
            UART_CLOCK_DIVIDER: round(80e6 / 115200) << 0,
            EFUSE + 0x04: int.from_bytes(mac[2:], "big"),
            EFUSE + 0x08: int.from_bytes(mac[:2], "big"),
            EFUSE + 0x0C: 1 << 15,  # revision 1
        }
        self._reader = SlipReader()
        self._at = 0
        self._inflate: zlib._Decompress | None = None
        self._commands: dict[int, Callable[[Command], bytes]] = {
            Op.SYNC: self._sync,
            Op.READ_REG: self._read_register,
            Op.WRITE_REG: self._write_register,
            Op.SPI_ATTACH: self._done,
            Op.SPI_SET_PARAMS: self._done,
            Op.CHANGE_BAUDRATE: self._done,
            Op.FLASH_BEGIN: self._begin,
            Op.FLASH_DATA: self._data,
            Op.FLASH_END: self._done,
            Op.FLASH_DEFL_BEGIN: self._begin,
            Op.FLASH_DEFL_DATA: self._data,
            Op.FLASH_DEFL_END: self._done,
            Op.READ_FLASH_SLOW: self._read_flash,
            Op.SPI_FLASH_MD5: self._md5,
        }

    def receive(self, data: bytes) -> bytes:
        """Answer every whole command."""
        if self.lose_link_after is not None and self.writes >= self.lose_link_after:
            return b""
        answers = []
        for packet in self._reader.feed(data):
            try:
                command = parse_command(packet)
            except EspRomError:
                continue  # the ROM says nothing to what it does not understand
            carry_out = self._commands.get(command.op)
            answers.append(
                encode_answer(command.op, error=UNKNOWN_COMMAND) if carry_out is None else carry_out(command)
            )
        return b"".join(answers)

    def _done(self, command: Command) -> bytes:
        return encode_answer(command.op)

    def _sync(self, command: Command) -> bytes:
        # The ROM answers eight times, with a value that is not 0 (the stub's is 0).
        return encode_answer(command.op, 0x2012_0707) * 8

    def _read_register(self, command: Command) -> bytes:
        address = _words(command.data)[0]
        value = self.magic if address == MAGIC_REGISTER else self._registers.get(address, 0)
        return encode_answer(command.op, value)

    def _write_register(self, command: Command) -> bytes:
        for at in range(0, len(command.data) - 15, 16):
            address, value, mask, _ = _words(command.data[at : at + 16])
            self._registers[address] = self._registers.get(address, 0) & ~mask | value & mask
            if address == SPI_COMMAND and value & 1 << 18:
                self._user_command()
        return encode_answer(command.op)

    def _user_command(self) -> None:
        """Let the SPI controller run the command that its registers hold; it is done at once."""
        asked = self._registers.get(SPI_USER2, 0) & 0xFF
        answer = {READ_ID: self._flash_id, READ_STATUS: 0}.get(asked, 0)
        self._registers[SPI_WORD0] = answer
        self._registers[SPI_COMMAND] = 0

    def _begin(self, command: Command) -> bytes:
        size, _, _, offset = _words(command.data)[:4]
        end = min(len(self.flash), -(-(offset + size) // SECTOR) * SECTOR)
        start = offset // SECTOR * SECTOR
        self.flash[start:end] = b"\xff" * (end - start)
        self._at = offset
        self._inflate = zlib.decompressobj() if command.op == Op.FLASH_DEFL_BEGIN else None
        return encode_answer(command.op)

    def _data(self, command: Command) -> bytes:
        body = command.data[16:]
        if len(body) != _words(command.data)[0] or command.checksum != checksum(body):
            return encode_answer(command.op, error=BAD_CHECKSUM)
        try:
            data = body if self._inflate is None else self._inflate.decompress(body)
        except zlib.error:
            return encode_answer(command.op, error=BAD_DATA)
        end = min(len(self.flash), self._at + len(data))
        self.flash[self._at : end] = data[: end - self._at]
        self._at = end
        self.writes += 1
        return encode_answer(command.op)

    def _read_flash(self, command: Command) -> bytes:
        at, size = _words(command.data)[:2]
        data = bytes(self.flash[at : at + min(size, MAX_READ_BYTES)]).ljust(MAX_READ_BYTES, b"\xff")
        return encode_answer(command.op, data=data)

    def _md5(self, command: Command) -> bytes:
        at, size = _words(command.data)[:2]
        digest = hashlib.md5(self.flash[at : at + size], usedforsecurity=False).hexdigest()
        return encode_answer(command.op, data=digest.encode("ascii"))


def _words(data: bytes) -> list[int]:
    padded = data.ljust(16, b"\0")
    return [int.from_bytes(padded[at : at + 4], "little") for at in range(0, len(padded) - 3, 4)]
