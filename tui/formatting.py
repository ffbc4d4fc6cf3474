"""Numbers, times and words as cells of a terminal: a Chinese character takes two of them."""

import math
import re
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from protocols.messages.records import Limits
from protocols.plain_text import one_line
from protocols.quantity import format_measured, format_value, unit_symbol
from tui.i18n import _


def fit(text: str, cells: int) -> str:
    """Return ``text`` cut (with an ellipsis) or filled to exactly ``cells``."""
    if cell_len(text) <= cells:
        return text + " " * (cells - cell_len(text))
    return "" if cells <= 0 else set_cell_size(text, cells - 1) + "…"


def hanging(text: str, cells: int, first: str = "", style: str = "") -> list[Content]:
    """Return ``text`` in lines of at most ``cells``; ``first`` begins it, and the other lines stand below its text."""
    indent = " " * cell_len(first)
    lines, line = [], first
    for word in _WORDS.findall(text):
        if cell_len(line + word.rstrip()) > cells and line.strip() and line != first:
            lines.append(line.rstrip())
            line = indent
        line += word if line.strip() else word.lstrip()
    lines.append(line.rstrip())
    return [Content.styled(one, style) for one in lines]


_WORDS = re.compile(r"(?:[\u1100-\uffff]|[^\s\u1100-\uffff]+)[，。；：、！？）》”]*\s*|\s+")
"""Where a line may be broken: after a space, or after a Chinese character that no mark follows."""


def like_a_code(text: str) -> bool:
    """Return whether ``text`` looks like something scanned: one word with a digit in it."""
    return len(text.split()) == 1 and any(char.isdigit() for char in text)


def duration(seconds: float) -> str:
    """Return a time span such as ``0:07``, ``12:30`` or ``3:02:11``."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def since(moment: datetime, now: datetime) -> str:
    """Return how long ago ``moment`` was, in the largest unit that fits."""
    return span_words((now - moment).total_seconds())


def span_words(seconds: float) -> str:
    """Return a time span in the largest unit that fits."""
    if seconds < 60:
        return _("{count} s").format(count=max(0, int(seconds)))
    if seconds < 3600:
        return _("{count} min").format(count=int(seconds // 60))
    if seconds < 86_400:
        return _("{count} h").format(count=int(seconds // 3600))
    return _("{count} d").format(count=int(seconds // 86_400))


def clock(moment: datetime, now: datetime | None = None) -> str:
    """Return the local time of day; the day instead, where it is not that of ``now``."""
    local = moment.astimezone()
    other_day = now is not None and local.date() != now.astimezone().date()
    return local.strftime("%m-%d" if other_day else "%H:%M:%S")


def full_time(moment: datetime) -> str:
    """Return local day and time."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def value(number: float | bool | str | None, unit: str = "1", digits: int = 6) -> str:
    """Return a value of any kind for people; a number with its unit."""
    if number is None:
        return _("no value")
    if isinstance(number, bool):
        return _("yes") if number else _("no")
    if isinstance(number, str):
        return one_line(number)
    return format_value(number, unit, digits)


def with_uncertainty(number: float, unit: str, standard_uncertainty: float | None) -> str:
    """Return a measured number as everywhere (``format_measured``), with the expanded uncertainty (k = 2)."""
    if not standard_uncertainty:
        return format_value(number, unit, 6)
    return format_measured(number, unit, 2 * standard_uncertainty)


def steady(number: float, unit: str, standard_uncertainty: float | None) -> str:
    """Return a reading for a display: its digits and prefix follow from its uncertainty, so that they do not jump."""
    if not standard_uncertainty:
        return format_value(number, unit, 6)
    shown, _plus_minus, rest = format_measured(number, unit, 2 * standard_uncertainty).partition(" ± ")
    return f"{shown} {rest.partition(' ')[2]}".rstrip() if rest else shown


def limits(allowed: Limits | None, unit: str) -> str:
    """Return acceptance limits: ``4.75 V … 5.25 V``, ``≤ 20 mV``, ``≥ 3 V``; empty without."""
    if allowed is None or (allowed.low is None and allowed.high is None):
        return ""
    if allowed.low is None:
        return f"≤ {format_value(allowed.high or 0.0, unit)}"
    if allowed.high is None:
        return f"≥ {format_value(allowed.low, unit)}"
    return f"{format_value(allowed.low, unit)} … {format_value(allowed.high, unit)}"


_PREFIXES = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}


def parse_number(text: str, unit: str = "") -> float | None:
    """Return the number that a person typed (decimal comma and full-width digits too), ``None`` if it is none.

    Where there is a ``unit``, a prefix and the unit itself may follow: ``300m``, ``300 mA``, ``8 MHz``.
    """
    words, factor = text.strip().replace(",", ".").replace("，", ".").replace("−", "-"), 1.0
    if unit:
        words = words.removesuffix(unit).rstrip()
        if words and (factor := _PREFIXES.get(words[-1], 1.0)) != 1.0:
            words = words[:-1]
    try:
        number = float(words) * factor
    except ValueError:
        return None
    return number if math.isfinite(number) else None


__all__ = [
    "clock",
    "duration",
    "fit",
    "full_time",
    "hanging",
    "like_a_code",
    "limits",
    "one_line",
    "parse_number",
    "since",
    "span_words",
    "steady",
    "unit_symbol",
    "value",
    "with_uncertainty",
]
