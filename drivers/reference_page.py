"""The reference page of all driver profiles (docs/instruments.md), made from the declarations alone."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from drivers.accuracy import Accuracy
from drivers.capabilities import MeterFunction
from drivers.meters import METER_UNITS
from drivers.profile_base import ProfileBase
from drivers.registry import SHIPPED_PROFILES, ProfileFolder
from drivers.scpi.multimeter_model import MeterFunctionModel, MeterRange

_HEAD = """# Instruments

Made from `drivers/profiles/*.yaml` by `make docs`; change a profile there, not here. A profile is one declaration that
yields the driver; `drivers/profiles/profile.schema.json` describes its format, and a folder named by
`BENCHWRIGHT_PROFILES` adds to the shipped ones; `benchwright profile check FILE` tells every mistake in one. Limits of
error are for one year at 23 °C ± 5 °C unless a note says otherwise; a function without one gives readings without an
uncertainty, on which no verdict with a guard band can rest.

"""
_COLUMNS = ("Profile", "Maker", "Models", "Capability", "Addresses", "Ranges", "Limits of error", "Notes", "Provenance")
_NOT_SHOWN = {
    *ProfileBase.__struct_fields__, "commands", "identity", "quirks", "safe_state", "timeout_s", "functions", "waves",
    "protocol", "symbols", "frame_interval_s", "signal_frequency_functions", "overload_from", "settle_s", "registers",
    "status", "wave", "address", "unit", "model_id_divisor", "pause_s", "probe_timeout_s", "flash_address",
}  # fmt: skip
_LIMIT_WORDS = ("accuracy", "tolerance")


def instruments_page() -> str:
    """Return the page: one row for each shipped profile, then the multimeters' ranges with their limits of error."""
    shipped = ProfileFolder(SHIPPED_PROFILES)
    rows = [_row(shipped[name]) for name in shipped]
    parts = [_HEAD, _table(_COLUMNS, rows), "\n## Ranges and limits of error of the multimeters\n"]
    for name in shipped:
        profile = shipped[name]
        ranges = list(_meter_ranges(profile))
        if not ranges:
            continue
        parts.append(f"\n### {profile.title['en']} (`{name}`)\n\n")
        parts.append(_table(("Function", "Full scale", "Limit of error"), _grouped(ranges)))
    return "".join(parts)


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _row(profile: ProfileBase) -> tuple[str, ...]:
    return (
        f"`{profile.name}`",
        profile.maker,
        ", ".join(profile.models),
        profile.capability.replace("_", " "),
        "<br>".join(f"`{address}`" for address in profile.addresses),
        "<br>".join(_ranges(profile)) or "-",
        "<br>".join(_limits(profile)) or "none given",
        " ".join(profile.notes.split()) or "-",
        "<br>".join(_source(profile)),
    )


def _source(profile: ProfileBase) -> Iterator[str]:
    for source in profile.sources:
        place = f", {source.section}" if source.section else ""
        covers = f" ({source.covers})" if source.covers else ""
        yield f"{source.document}{place}{covers}"


def _meter_ranges(profile: ProfileBase) -> Iterator[tuple[MeterFunction, tuple[MeterRange, ...], bool]]:
    """Yield each function with its ranges, and whether its limits depend on the frequency of the signal."""
    functions: Mapping[MeterFunction, Any] = getattr(profile, "functions", {})
    by_frequency = getattr(profile, "signal_frequency_functions", ())
    for function, declared in functions.items():
        if isinstance(declared, MeterFunctionModel):
            yield function, declared.ranges, declared.accuracy_by == "signal_frequency"
        else:
            yield function, declared, function in by_frequency


def _ranges(profile: ProfileBase) -> Iterator[str]:
    for function, ranges, _ in _meter_ranges(profile):
        scales = [one.full_scale for one in ranges]
        unit = METER_UNITS[function]
        lowest = f"{_number(min(scales))} to " if len(scales) > 1 else ""
        yield f"{function.replace('_', ' ')}: {lowest}{_number(max(scales))} {unit}"
    for wave, declared in getattr(profile, "waves", {}).items():
        yield f"{wave}: {_flat({k: v for k, v in _fields(declared).items() if isinstance(v, int | float)}) or 'yes'}"
    yield from _declared(profile, limits=False)


def _limits(profile: ProfileBase) -> Iterator[str]:
    functions = list(_meter_ranges(profile))
    for function, ranges, _ in functions:
        given = sum(bool(one.accuracy) for one in ranges)
        if given:
            part = "" if given == len(ranges) else f" ({given} of {len(ranges)} ranges)"
            yield f"{function.replace('_', ' ')}{part}: see below"
    yield from _declared(profile, limits=True)


def _declared(profile: ProfileBase, *, limits: bool) -> Iterator[str]:
    """Yield the other numbers of a declaration: those of limits of error, or all others."""
    for name, value in _fields(profile).items():
        if name in _NOT_SHOWN or name.endswith("_bit"):
            continue
        if name == "serial":
            text = str(value) if _is_serial(profile) and not limits else ""
            name = "line"  # noqa: PLW2901 - the word that people use
        elif _is_limit(name):
            text = _text(value) if limits else ""
        else:
            text = "; ".join(dict.fromkeys(_inner_limits(value))) if limits else _text(value)
        if text:
            yield f"{name.replace('_', ' ')}: {text}"


def _is_serial(profile: ProfileBase) -> bool:
    return any(address.startswith(("serial:", "modbus-rtu:")) for address in profile.addresses)


def _is_limit(name: str) -> bool:
    return any(word in name for word in _LIMIT_WORDS)


def _inner_limits(value: Any) -> Iterator[str]:
    """Yield the limits of error inside a part of a declaration (of each channel of a supply, for example)."""
    if isinstance(value, tuple | list):
        for part in value:
            yield from _inner_limits(part)
    elif isinstance(value, msgspec.Struct | Mapping):
        fields = value if isinstance(value, Mapping) else _fields(value)
        for name, part in fields.items():
            text = _text(part) if _is_limit(str(name)) else ""
            if text:
                yield f"{str(name).replace('_', ' ')} {text}"
            elif not _is_limit(str(name)):
                yield from _inner_limits(part)


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _text(value: Any) -> str:
    """Return the numbers in a declared value as text; words that only the driver needs are left out."""
    if isinstance(value, Accuracy):
        return _accuracy(value, "", by_frequency=False)
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, msgspec.Struct):
        return _flat(_fields(value))
    if isinstance(value, Mapping):
        return _flat(value)
    if isinstance(value, tuple | list):
        return "; ".join(dict.fromkeys(text for text in map(_text, value) if text))
    return ""


def _flat(fields: Mapping[Any, Any]) -> str:
    shown = {str(name): _text(value) for name, value in fields.items() if not str(name).endswith(("_bit", "_mask"))}
    pairs = ((name.replace("_", " "), text) for name, text in shown.items() if text and not _is_limit(name))
    return ", ".join(f"{name} {text}" for name, text in pairs)


def _grouped(functions: list[tuple[MeterFunction, tuple[MeterRange, ...], bool]]) -> list[tuple[str, ...]]:
    """Return one row for each run of ranges with the same limits."""
    rows: list[tuple[str, ...]] = []
    for function, ranges, by_frequency in functions:
        unit = METER_UNITS[function]
        groups: list[tuple[list[float], str]] = []
        for one in ranges:
            limit = "<br>".join(
                _accuracy(part, "Hz" if by_frequency else unit, by_frequency=by_frequency) for part in one.accuracy
            )
            if groups and groups[-1][1] == limit:
                groups[-1][0].append(one.full_scale)
            else:
                groups.append(([one.full_scale], limit))
        for scales, limit in groups:
            listed = ", ".join(_number(scale) for scale in scales)
            rows.append((function.replace("_", " "), f"{listed} {unit}", limit or "none given"))
    return rows


def _accuracy(accuracy: Accuracy, unit: str, *, by_frequency: bool) -> str:
    parts = []
    if accuracy.percent_of_reading:
        parts.append(f"{_number(accuracy.percent_of_reading)} % of reading")
    if accuracy.percent_of_range:
        parts.append(f"{_number(accuracy.percent_of_range)} % of range")
    if accuracy.counts:
        parts.append(f"{_number(accuracy.counts)} counts of {_number(accuracy.resolution)}")
    if accuracy.offset:
        parts.append(_number(accuracy.offset))
    text = " + ".join(parts)
    coefficients = (accuracy.temperature_percent_of_reading or 0.0, accuracy.temperature_percent_of_range or 0.0)
    if any(coefficients):
        text += f", and {_number(coefficients[0])} % + {_number(coefficients[1])} % for each °C outside"
    if accuracy.temperature_offset:
        text += f", and {_number(accuracy.temperature_offset)} for each °C outside"
    if accuracy.temperature_share_of_limit:
        text += f", and {_number(accuracy.temperature_share_of_limit)} of all that for each °C outside"
    if accuracy.from_value is not None or accuracy.to_value is not None:
        low = "" if accuracy.from_value is None else f"from {_number(accuracy.from_value)} "
        high = "" if accuracy.to_value is None else f"to {_number(accuracy.to_value)} "
        text += f" ({low}{high}{unit}{' of the signal' if by_frequency else ''})".replace(" )", ")")
    return text


def _number(value: float) -> str:
    return f"{value:.6g}"
