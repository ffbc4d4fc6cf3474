"""How the DS1054Z reads and writes its settings: numbers, knob steps, and the table of a channel's settings."""

import math
from collections.abc import Callable

from drivers.simulated.scope_record import Channel
from protocols.scpi import ScpiError
from protocols.scpi_program import Parameter

CHANNELS = 4


def real(value: float) -> str:
    """Return a number as Rigol writes it."""
    return f"{value:.6e}"


def knob_step(value: float) -> float:
    """Return the nearest of 1, 2, 5 · 10ⁿ (what the knob would give)."""
    decade = 10.0 ** math.floor(math.log10(value) + 1e-9)
    return min((m * decade for m in (1.0, 2.0, 5.0, 10.0)), key=lambda v: abs(math.log(v / value)))


def channel_number(parameter: Parameter) -> int:
    """Return the number in ``CHANnel<n>``; raise -224 for anything else."""
    names = [form for n in range(1, CHANNELS + 1) for form in (f"CHANnel{n}", f"CH{n}")]
    return int(parameter.choice(names)[-1])


def _read_scale(channel: Channel, parameter: Parameter) -> float:
    volts = min(10.0 * channel.ratio, max(1e-3 * channel.ratio, parameter.number("V")))
    return volts if channel.vernier else knob_step(volts / channel.ratio) * channel.ratio


def _read_ratio(_channel: Channel, parameter: Parameter) -> float:
    ratio = parameter.number()
    if ratio not in {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}:
        raise ScpiError(f"no probe ratio {ratio:g}", -222)
    return ratio


def _read_limit(parameter: Parameter) -> bool:
    """``20M`` reads as a number with a suffix, which SCPI's choices are not; the maker chose it all the same."""
    if (parameter.text + parameter.suffix).upper() == "20M":
        return True
    return parameter.choice(("OFF",)) != "OFF"


def _flag(value: object) -> str:
    return "1" if value else "0"


CHANNEL_SETTINGS: dict[str, tuple[str, Callable[[Channel, Parameter], object], Callable[..., str]]] = {
    "SCALe": ("scale_v", _read_scale, real),
    "OFFSet": ("offset_v", lambda c, p: p.number("V", minimum=-100 * c.ratio, maximum=100 * c.ratio), real),
    "COUPling": ("coupling", lambda _c, p: p.choice(("AC", "DC", "GND")), str),
    "PROBe": ("ratio", _read_ratio, real),
    "DISPlay": ("displayed", lambda _c, p: p.boolean(), _flag),
    "INVert": ("inverted", lambda _c, p: p.boolean(), _flag),
    "VERNier": ("vernier", lambda _c, p: p.boolean(), _flag),
    "BWLimit": ("limited", lambda _c, p: _read_limit(p), lambda on: "20M" if on else "OFF"),
}
"""Setting of ``CHANnel<n>`` → field of the channel, how a parameter is read, how the value is shown."""
