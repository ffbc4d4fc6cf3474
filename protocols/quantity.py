"""A measured value with its unit and its standard uncertainty."""

import math
from dataclasses import dataclass

UNIT_SYMBOLS = {"Ohm": "Ω", "Cel": "°C", "1": "", "deg": "°", "[ppm]": "ppm"}
"""How people read the UCUM codes that differ from the printed symbol."""

_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_UNPREFIXED = {"Cel", "%", "dB", "1", "deg", "[ppm]", "K"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value in a unit, as measured or computed.

    ``unit`` is a UCUM code without prefix (``V``, ``A``, ``Ohm``, ``F``, ``Hz``, ``Cel``, ``s``, ``%``, ``dB``,
    ``1``): values are always in the base unit. ``standard_uncertainty`` (GUM, k = 1) is in the same unit; ``None`` says
    that it is not known, never that it is zero.
    """

    value: float
    unit: str
    standard_uncertainty: float | None = None


def unit_symbol(unit: str) -> str:
    """Return the printed symbol of a UCUM ``unit`` (``Ohm`` gives ``Ω``)."""
    return UNIT_SYMBOLS.get(unit, unit)


def format_value(value: float, unit: str, digits: int = 5) -> str:
    """Return ``value`` as people read it, with an SI prefix where the unit takes one (``10.198 µF``, ``24.59 °C``)."""
    symbol = unit_symbol(unit)
    if unit in _UNPREFIXED or value == 0 or not math.isfinite(value):
        return f"{value:.{digits}g} {symbol}".rstrip()
    exponent = min(max(3 * math.floor(math.log10(abs(value)) / 3), min(_PREFIXES)), max(_PREFIXES))
    number = f"{value / 10**exponent:.{digits}g}"
    if abs(float(number)) >= 1000 and exponent < max(_PREFIXES):  # rounded up to the next prefix
        exponent += 3
        number = f"{value / 10**exponent:.{digits}g}"
    return f"{number} {_PREFIXES[exponent]}{symbol}"
