"""Quantities as plans write them: a number, a prefix and a unit (``500 ms``, ``4.75 V``, ``20 ppm``)."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

import msgspec

from protocols.quantity import Quantity

_PREFIXES = {"p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}
_UNITS = {
    "V": "V",
    "A": "A",
    "Ohm": "Ohm",
    "Ω": "Ohm",
    "F": "F",
    "Hz": "Hz",
    "s": "s",
    "W": "W",
    "K": "K",
    "Cel": "Cel",
    "°C": "Cel",
    "dB": "dB",
    "%": "%",
    "bit": "bit",
    "bit/s": "bit/s",
}
_UNPREFIXED = {"Cel", "°C", "dB", "%", "bit"}
_SPECIAL = {"min": (Decimal(60), "s"), "h": (Decimal(3600), "s"), "ppm": (Decimal(1), "[ppm]")}
_SHAPE = re.compile(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(\S*)")
_UNIT = re.compile(f"([{''.join(p for p in _PREFIXES if p)}]?)({'|'.join(sorted(_UNITS, key=len, reverse=True))})")
_MAX_TEXT = 64


class UnitError(ValueError):
    """A quantity that cannot be understood: one sentence that says what would be right."""


def parse_quantity(text: str) -> Quantity:
    """Parse ``text`` into the base unit (``500 ms`` is 0.5 s); raise ``UnitError``."""
    shape = _SHAPE.fullmatch(text.strip()) if len(text) <= _MAX_TEXT else None
    if shape is None:
        raise UnitError(f"{text[:_MAX_TEXT]!r} is not a quantity; write a number and a unit, like 500 ms or 4.75 V")
    try:
        number = Decimal(shape[1])
    except InvalidOperation as error:
        raise UnitError(f"{shape[1]!r} is not a number") from error
    unit = shape[2]
    if unit in ("", "1"):
        return Quantity(float(number), "1")
    if unit in _SPECIAL:
        factor, base = _SPECIAL[unit]
        return Quantity(float(number * factor), base)
    named = _UNIT.fullmatch(unit)
    if named is None or (named[1] and named[2] in _UNPREFIXED):
        known = ", ".join([*_UNITS, *_SPECIAL])
        raise UnitError(f"{text!r} has no unit that is known here; there are {known}, with the prefixes p n u m k M G")
    return Quantity(float(number.scaleb(_PREFIXES[named[1]])), _UNITS[named[2]])


class InUnit(float):
    """A number in the base unit that its class names; plans write it with a unit."""

    unit: ClassVar[str]
    example: ClassVar[str]


class Seconds(InUnit):
    """A duration in s."""

    unit = "s"
    example = "500 ms"


class Volts(InUnit):
    """A voltage in V."""

    unit = "V"
    example = "3.3 V"


class Amperes(InUnit):
    """A current in A."""

    unit = "A"
    example = "300 mA"


class Hertz(InUnit):
    """A frequency in Hz."""

    unit = "Hz"
    example = "1 kHz"


def default(value: InUnit) -> Any:
    """Return the default of a struct's field (as a factory, because a schema cannot show it as plain JSON)."""
    return msgspec.field(default_factory=lambda: value)


class Amount:
    """A quantity in any unit, as limits and ranges are; a bare number is dimensionless."""

    def __init__(self, quantity: Quantity) -> None:
        self.value = quantity.value
        self.unit = quantity.unit

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Amount) and (self.value, self.unit) == (other.value, other.unit)

    def __hash__(self) -> int:
        return hash((self.value, self.unit))

    def __repr__(self) -> str:
        return f"Amount({self.value:g} {self.unit})"


def decode_hook(wanted: type, value: Any) -> Any:
    """``dec_hook`` of msgspec for the types of this module."""
    if issubclass(wanted, InUnit):
        if not isinstance(value, str):
            raise UnitError(f"{value!r} has no unit; write it like {wanted.example}")
        quantity = parse_quantity(value)
        if quantity.unit != wanted.unit:
            raise UnitError(f"{value!r} is not in {wanted.unit}; write it like {wanted.example}")
        return wanted(quantity.value)
    if issubclass(wanted, Amount):
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise UnitError(f"{value!r} is not a quantity; write a number and a unit, like 4.75 V")
        return Amount(parse_quantity(str(value)))
    raise NotImplementedError(wanted)


def schema_hook(wanted: type) -> dict[str, Any]:
    """``schema_hook`` of msgspec for the types of this module."""
    pattern = r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\s*\S+$"
    if issubclass(wanted, InUnit):
        return {"type": "string", "pattern": pattern, "description": f"in {wanted.unit}", "examples": [wanted.example]}
    if issubclass(wanted, Amount):
        text = {"type": "string", "pattern": pattern, "examples": ["4.75 V", "20 ppm"]}
        return {
            "anyOf": [text, {"type": "number"}],
            "description": "a quantity with its unit; a bare number is a ratio",
        }
    raise NotImplementedError(wanted)
