"""A measured value with its unit and its standard uncertainty."""

from dataclasses import dataclass

UNIT_SYMBOLS = {"Ohm": "Ω", "Cel": "°C", "1": "", "deg": "°"}
"""How people read the UCUM codes that differ from the printed symbol."""


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
