"""All that is wrong with data that a person wrote, each with its place: msgspec tells only the first.

Structs, lists and tables are walked by their types, so that a place is exact; what stands in a place is judged by
``msgspec.convert`` with the constraints of its type.
"""

import difflib
import enum
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

MOST: Final = 50
"""More are not told: after so many the file is not what it was taken for."""
MAX_SHOWN = 60
"""Characters of a wrong value that a sentence repeats."""
Path = tuple[str | int, ...]
Hook = Callable[[type, Any], Any]
_KINDS = {
    "object": "a table of keys and values",
    "array": "a list",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
    "datetime": "a date and time",
    "date": "a date",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: the place of the value (or of what lacks a key), and what to do about it."""

    path: Path
    words: str
    about_key: bool = False
    """The words are about a key and name it; else they are about the value in that place."""

    def named(self) -> str:
        """Return the words with the key that they are about in front."""
        key = self.path[-1] if self.path else None
        return self.words if self.about_key or not isinstance(key, str) else f"{key}: {self.words}"


def mistakes(data: Any, wanted: Any, dec_hook: Hook | None = None) -> list[Mistake]:
    """Return what keeps plain ``data`` from becoming a ``wanted``, in the order of its types; at most ``MOST``."""
    return list(islice(_walk(data, wanted, dec_hook, ()), MOST))


def with_more(words: str, lines: Sequence[int]) -> str:
    """Return the words about the first mistake, and how many more there are on which ``lines``, if any."""
    return f"{words} (and {len(lines)} more: lines {', '.join(map(str, lines))})" if lines else words


def _walk(data: Any, wanted: Any, hook: Hook | None, path: Path) -> Iterator[Mistake]:
    inside = False
    for one in _inside(data, wanted, hook, path):
        inside = True
        yield one
    if inside:
        return
    try:
        msgspec.convert(data, wanted, dec_hook=hook)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        yield Mistake((*path, *_parts(where)), sentence(what, data if not where else None, wanted))


def _inside(data: Any, wanted: Any, hook: Hook | None, path: Path) -> Iterator[Mistake]:
    """Yield the mistakes in the parts of ``data``."""
    kind = _alternative(data, wanted)
    if isinstance(data, dict) and _is_struct(kind):
        yield from _in_struct(data, kind, hook, path)
    elif isinstance(data, dict) and get_origin(kind) in {dict, Mapping}:
        key_type, value_type = get_args(kind)
        for key, value in data.items():
            yield from _walk(key, key_type, hook, (*path, key))
            yield from _walk(value, value_type, hook, (*path, key))
    elif isinstance(data, list) and get_origin(kind) in {list, tuple}:
        item_types = get_args(kind)
        if len(item_types) == 1 or item_types[1:] == (...,):
            for index, item in enumerate(data):
                yield from _walk(item, item_types[0], hook, (*path, index))


def _in_struct(data: dict[Any, Any], kind: Any, hook: Hook | None, path: Path) -> Iterator[Mistake]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    config = kind.__struct_config__
    known = [*([config.tag_field] if config.tag_field else []), *fields]
    for key, value in data.items():
        if key in fields:
            yield from _walk(value, fields[key].type, hook, (*path, key))
        elif key not in known and config.forbid_unknown_fields:
            near = difflib.get_close_matches(str(key), known, 1)
            detail = (
                f"the key {key!r} is not known here (is {near[0]!r} meant?); remove it or correct its spelling"
                if near
                else f"the key {key!r} is not known here; remove it or correct its spelling"
            )
            yield Mistake((*path, key), detail, about_key=True)
    for name, field in fields.items():
        if field.required and name not in data:
            yield Mistake(path, f"the key {name!r} is missing; add it", about_key=True)


def _alternative(data: Any, wanted: Any) -> Any:
    """Return the type without its annotations; of several, the one that ``data`` is meant to be, if that shows."""
    while get_origin(wanted) is Annotated:
        wanted = get_args(wanted)[0]
    if get_origin(wanted) not in {Union, types.UnionType}:
        return wanted
    choices = [_alternative(data, one) for one in get_args(wanted)]
    if isinstance(data, dict):
        structs = [one for one in choices if _is_struct(one)]
        tagged = [one for one in structs if one.__struct_config__.tag_field]
        for one in tagged:
            if data.get(one.__struct_config__.tag_field) == one.__struct_config__.tag:
                return one
        choices = [one for one in choices if one in structs or get_origin(one) in {dict, Mapping}]
    elif isinstance(data, list):
        choices = [one for one in choices if get_origin(one) in {list, tuple}]
    return choices[0] if len(choices) == 1 else wanted


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _parts(where: str) -> Path:
    """Return msgspec's place (``$.steps[2].id``) as keys and indices, as far as it is exact."""
    found: list[str | int] = []
    for key, index in re.findall(r"\.([^.\[\]`]+)|\[(\d+|\.\.\.)\]", where):
        if index == "...":
            break
        found.append(int(index) if index else key)
    return tuple(found)


def sentence(what: str, value: Any = None, wanted: Any = None) -> str:
    """Return msgspec's words as a person writes: what is there, what is wanted, and that it is to be corrected."""
    said = _shown(value) if isinstance(value, str | int | float) else ""
    shown = f" ({said})" if said else ""
    if found := re.fullmatch(r"Expected `([^`]+)`, got `([^`]+)`", what):
        expected, there = _kind(found[1]), _kind(found[2])
        if said:
            return f"{expected} is wanted here, not {there} ({said}); correct it"
        return f"{expected} is wanted here, not {there}; correct it"
    if found := re.fullmatch(r"Expected `str` matching regex '(.*)'", what):
        return f"the text {_shown(value)} has not the wanted form {found[1]}; correct it"
    if found := re.fullmatch(r"Expected `(\w+)` (of length )?([<>]=?) (\S+)", what):
        if found[2]:
            one, more = ("entry", "entries") if found[1] in {"array", "object"} else ("character", "characters")
            bound = {">=": "at least", "<=": "at most"}.get(found[3], found[3])
            parts = f"{one} is" if found[4] == "1" else f"{more} are"
            return f"{bound} {found[4]} {parts} wanted here{shown}; correct it"
        return f"a value {found[3]} {found[4]} is wanted here{shown}; correct it"
    if found := re.fullmatch(r"Invalid (?:enum )?value '?(.*?)'?", what):
        known = _choices(wanted)
        choice = f"one of {', '.join(known)}" if known else "another"
        return f"{found[1]!r} is not known here; give {choice}"
    if found := re.fullmatch(r"Object missing required field `([^`]+)`", what):
        return f"the key {found[1]!r} is missing; add it"
    no_date = "RFC3339" in what
    return f"{_shown(value)} is no date here; write one like 2026-01-31" if no_date else f"{_lower(what)}; correct it"


def _choices(wanted: Any) -> list[str]:
    kind = _alternative(None, wanted)
    if get_origin(kind) is Literal:
        return [str(one) for one in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [str(one.value) for one in kind]
    if _is_struct(kind) and kind.__struct_config__.tag_field:
        return [str(kind.__struct_config__.tag)]
    if get_origin(kind) in {Union, types.UnionType}:
        return [name for one in get_args(kind) for name in _choices(one)]
    return []


def _kind(names: str) -> str:
    """Return kinds in words; that a value may also be left out helps nobody who gave one."""
    kinds = [name for name in names.split(" | ") if name != "null"] or ["null"]
    return " or ".join(_KINDS.get(name, name) for name in kinds)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
