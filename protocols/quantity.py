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
    exponent = _prefix_exponent(value, unit, digits)
    return _joined(_significant(value / 10**exponent, digits), exponent, unit)


def format_measured(value: float, unit: str, expanded_uncertainty: float | None) -> str:
    """Return ``value ± U`` with two digits of the expanded uncertainty and the value rounded to them (GUM 7.2.6).

    Without an uncertainty, or with one that is larger than the value is worth writing, it is ``format_value``.
    """
    uncertainty = expanded_uncertainty or 0.0
    if not (math.isfinite(value) and math.isfinite(uncertainty) and uncertainty > 0):
        return format_value(value, unit)
    exponent = _prefix_exponent(max(abs(value), uncertainty), unit, 5)
    scaled_uncertainty = uncertainty / 10**exponent
    decimals = min(max(1 - math.floor(math.log10(scaled_uncertainty)), 0), 9)
    number = f"{value / 10**exponent:z.{decimals}f} ± {scaled_uncertainty:.{decimals}f}"
    return _joined(number, exponent, unit)


def _prefix_exponent(value: float, unit: str, digits: int) -> int:
    """Return the power of ten of the SI prefix with which ``value`` has one to three digits before the point."""
    if unit in _UNPREFIXED or value == 0 or not math.isfinite(value):
        return 0
    exponent = min(max(3 * math.floor(math.log10(abs(value)) / 3), min(_PREFIXES)), max(_PREFIXES))
    rounded_up = abs(float(f"{value / 10**exponent:.{digits}g}")) >= 1000
    return exponent + 3 if rounded_up and exponent < max(_PREFIXES) else exponent


def _significant(number: float, digits: int) -> str:
    text = f"{number:z.{digits}g}"
    return f"{float(text):.0f}" if "e+" in text else text


def _joined(number: str, exponent: int, unit: str) -> str:
    return f"{number} {_PREFIXES[exponent]}{unit_symbol(unit)}".rstrip()
