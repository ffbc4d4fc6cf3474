"""Modbus register maps as declarations: where a value is, how its words make it, and in which unit it is.

A map is plain data (it can come from a YAML profile through ``msgspec.convert``); `RegisterMap.decode` and
`RegisterMap.encode` are pure. Words are 0 … 65535 as the wire has them, most significant word first unless declared
otherwise.
"""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from protocols.modbus_rtu import ModbusError

Value = bool | int | float | str
"""What a register holds: a bit, a count, a quantity in its unit, or the name of a state."""


class Table(StrEnum):
    """The four tables of the Modbus data model."""

    COIL = "coil"
    DISCRETE_INPUT = "discrete_input"
    HOLDING = "holding"
    INPUT = "input"


class Format(StrEnum):
    """How words make a number."""

    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    F32 = "f32"


class WordOrder(StrEnum):
    """Which word of a 32-bit value has the lower address."""

    HIGH_FIRST = "high_first"
    LOW_FIRST = "low_first"


class Access(StrEnum):
    """What a host may do."""

    READ = "read"
    READ_WRITE = "read_write"


_CODES = {Format.U16: ">H", Format.I16: ">h", Format.U32: ">I", Format.I32: ">i", Format.F32: ">f"}
_LIMITS = {
    Format.U16: (0, 0xFFFF),
    Format.I16: (-0x8000, 0x7FFF),
    Format.U32: (0, 0xFFFF_FFFF),
    Format.I32: (-0x8000_0000, 0x7FFF_FFFF),
}
_BIT_TABLES = (Table.COIL, Table.DISCRETE_INPUT)


@dataclass(frozen=True)
class Register:
    """One value of a device.

    ``scale`` is the value of one count in ``unit`` (UCUM), or one for each model where a family differs;
    ``minimum`` and ``maximum`` are in ``unit``. ``states`` names the numbers of an enumeration. Coils and discrete
    inputs are one bit, without format, scale and states.
    """

    name: str
    address: int
    table: Table = Table.HOLDING
    format: Format = Format.U16
    scale: float | dict[str, float] = 1.0
    unit: str = "1"
    access: Access = Access.READ
    word_order: WordOrder = WordOrder.HIGH_FIRST
    states: dict[int, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        scales = self.scale.values() if isinstance(self.scale, dict) else (self.scale,)
        if not 0 <= self.address <= 0x1_0000 - self.words:
            raise ModbusError(f"register {self.name!r}: address {self.address} is not within 0 to 65535")
        if not scales or any(not 1e-30 <= scale <= 1e30 for scale in scales):
            raise ModbusError(f"register {self.name!r}: scale {self.scale} must be positive")
        if self.access is Access.READ_WRITE and self.table in (Table.INPUT, Table.DISCRETE_INPUT):
            raise ModbusError(f"register {self.name!r}: the table {self.table.value} cannot be written")
        if len(set(self.states.values())) < len(self.states):
            raise ModbusError(f"register {self.name!r}: two states have one name")

    @property
    def is_bit(self) -> bool:
        """Whether this is a coil or a discrete input."""
        return self.table in _BIT_TABLES

    @property
    def words(self) -> int:
        """The number of addresses that it takes."""
        return 1 if self.is_bit or self.format in (Format.U16, Format.I16) else 2

    def scale_for(self, model: str | None) -> float:
        """Return the value of one count for ``model``; raise `ModbusError` when it depends on a model that is not
        known."""
        if not isinstance(self.scale, dict):
            return self.scale
        if model is None or model not in self.scale:
            known = ", ".join(self.scale)
            raise ModbusError(f"register {self.name!r}: no scale for model {model!r}; known are {known}")
        return self.scale[model]


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring addresses of one table, to be read in one request."""

    table: Table
    address: int
    count: int


@dataclass(frozen=True)
class RegisterMap:
    """The registers of a device, by name."""

    registers: tuple[Register, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for register in self.registers:
            if register.name in seen:
                raise ModbusError(f"two registers are called {register.name!r}")
            seen.add(register.name)

    def __getitem__(self, name: str) -> Register:
        """Return a register; raise `ModbusError` with the known names when there is none."""
        for register in self.registers:
            if register.name == name:
                return register
        raise ModbusError(f"no register {name!r}; known are {', '.join(r.name for r in self.registers)}")

    def decode(self, name: str, words: Sequence[int], model: str | None = None) -> Value:
        """Return the value of a register from its words (or its one bit).

        A count with scale 1 stays an ``int``; a state gives its name. A float register may give ``nan``, as the
        device sent it. Raise `ModbusError` for a wrong number of words, a word beyond 16 bits or a state without a
        name.
        """
        return decode(self[name], words, model)

    def encode(self, name: str, value: Value, model: str | None = None) -> tuple[int, ...]:
        """Return the words (or the bit) that set a register to ``value``, rounded to its resolution.

        Raise `ModbusError` when the register cannot be written, or the value is outside its limits or its format.
        """
        return encode(self[name], value, model)

    def blocks(self, names: Iterable[str] | None = None, *, max_gap: int = 8, max_count: int = 100) -> list[Block]:
        """Return the requests that read these registers (default: all), joining those at most ``max_gap`` apart."""
        chosen = self.registers if names is None else [self[name] for name in names]
        blocks: list[Block] = []
        for register in sorted(chosen, key=lambda r: (r.table, r.address)):
            end = register.address + register.words
            last = blocks[-1] if blocks else None
            if (
                last is not None
                and last.table is register.table
                and register.address <= last.address + last.count + max_gap
                and end - last.address <= max_count
            ):
                blocks[-1] = Block(last.table, last.address, max(last.count, end - last.address))
            else:
                blocks.append(Block(register.table, register.address, register.words))
        return blocks


def decode(register: Register, words: Sequence[int], model: str | None = None) -> Value:
    """Return the value of ``register`` from its words; see `RegisterMap.decode`."""
    if len(words) != register.words:
        raise ModbusError(f"register {register.name!r} takes {register.words} words, found {len(words)}")
    if register.is_bit:
        if words[0] not in (0, 1):
            raise ModbusError(f"register {register.name!r} is a bit, found {words[0]}")
        return bool(words[0])
    if any(not 0 <= word <= 0xFFFF for word in words):
        raise ModbusError(f"register {register.name!r}: {list(words)} are no 16-bit words")
    ordered = words if register.word_order is WordOrder.HIGH_FIRST else words[::-1]
    raw = b"".join(word.to_bytes(2, "big") for word in ordered)
    count = struct.unpack(_CODES[register.format], raw)[0]
    if register.states:
        if count not in register.states:
            known = ", ".join(f"{number} {name}" for number, name in register.states.items())
            raise ModbusError(f"register {register.name!r} holds {count}, which is no state of it ({known})")
        return register.states[int(count)]
    scale = register.scale_for(model)
    return int(count) if scale == 1.0 and register.format is not Format.F32 else _scaled(count, scale)


def encode(register: Register, value: Value, model: str | None = None) -> tuple[int, ...]:
    """Return the words that set ``register`` to ``value``; see `RegisterMap.encode`."""
    if register.access is not Access.READ_WRITE:
        raise ModbusError(f"register {register.name!r} cannot be written")
    return words_of(register, value, model)


def words_of(register: Register, value: Value, model: str | None = None) -> tuple[int, ...]:
    """Return the words with which a device holds ``value``, whether a host may write it or not (for simulators)."""
    if register.is_bit:
        if not isinstance(value, bool):
            raise ModbusError(f"register {register.name!r} is a bit and takes true or false, not {value!r}")
        return (int(value),)
    if register.states:
        numbers = {name: number for number, name in register.states.items()}
        if value not in numbers:
            raise ModbusError(f"register {register.name!r} takes one of {', '.join(numbers)}, not {value!r}")
        return _pack(register, numbers[str(value)])
    if isinstance(value, bool | str) or not math.isfinite(value):
        raise ModbusError(f"register {register.name!r} takes a number in {register.unit}, not {value!r}")
    low = -math.inf if register.minimum is None else register.minimum
    high = math.inf if register.maximum is None else register.maximum
    if not low <= value <= high:
        raise ModbusError(f"register {register.name!r}: {value:g} {register.unit} is outside {low:g} to {high:g}")
    scale = register.scale_for(model)
    count = value / scale
    if not math.isfinite(count):
        raise ModbusError(f"register {register.name!r}: {value:g} {register.unit} does not fit {register.format.value}")
    return _pack(register, count if register.format is Format.F32 else round(count))


def _pack(register: Register, count: float) -> tuple[int, ...]:
    code = _CODES[register.format]
    if register.format in _LIMITS:
        low, high = _LIMITS[register.format]
        if not low <= count <= high:
            raise ModbusError(f"register {register.name!r}: {count} counts do not fit {register.format.value}")
    try:
        raw = struct.pack(code, count)
    except OverflowError:
        raise ModbusError(f"register {register.name!r}: {count:g} is beyond a 32-bit float") from None
    words = struct.unpack(f">{len(raw) // 2}H", raw)
    return words if register.word_order is WordOrder.HIGH_FIRST else words[::-1]


def _scaled(count: float, scale: float) -> float:
    """Return count x scale without the rounding error of scales such as 0.001."""
    divisor = round(1 / scale)
    return count / divisor if divisor > 1 and math.isclose(1 / divisor, scale, rel_tol=1e-12) else count * scale


def select(words: Mapping[int, int], register: Register) -> tuple[int, ...]:
    """Return the words of ``register`` from words by address; raise `ModbusError` when one is missing."""
    wanted = range(register.address, register.address + register.words)
    for address in wanted:
        if address not in words:
            raise ModbusError(f"register {register.name!r}: address {address} was not read")
    return tuple(words[address] for address in wanted)
