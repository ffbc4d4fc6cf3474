"""YAML read strictly, with the line of every value, so that an error can name its place.

Scalars follow the core schema of YAML 1.2 (``on``, ``yes`` and ``12:30`` are text); tags, anchors and duplicate keys
are refused, which also bounds what a small hostile file can grow into.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d{1,3})?")
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}


class SourceError(ValueError):
    """Text that is not the YAML wanted here: one sentence with file and line."""


@dataclass(frozen=True)
class Source:
    """A decoded file: ``data`` are plain values, ``lines`` the line (from 1) of each value by its path."""

    name: str
    data: Any
    lines: dict[Path, int] = field(repr=False, default_factory=dict)

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of ``path``, or of the nearest value around it."""
        for end in range(len(path), -1, -1):
            line = self.lines.get(tuple(path[:end]))
            if line is not None:
                return line
        return 1


def is_bare_name(file: str) -> bool:
    """Return whether ``file`` names one beside the file that names it: no folder, and nothing hidden."""
    return not ("/" in file or "\\" in file or file.startswith("."))


def read_source(data: bytes, name: str) -> Source:
    """Decode YAML ``data`` of the file called ``name``; raise ``SourceError``."""
    if len(data) > MAX_BYTES:
        raise SourceError(f"{name}: larger than {MAX_BYTES} bytes; split it")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    try:
        _refuse_references(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise SourceError(f"{name}: line {line}: not valid YAML ({error.problem}); mend that line") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{name}: not valid YAML ({str(error).splitlines()[0]}); mend it") from error
    source = Source(name, None)
    value = None if node is None else _value(source, node, ())
    return Source(name, value, source.lines)


def _refuse_references(text: str, name: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SourceError(f"{name}: line {line}: anchors are not used here; write it out")
        if getattr(event, "tag", None):
            raise SourceError(f"{name}: line {line}: tags like !!name are not used here; remove it")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(source: Source, node: yaml.Node, path: Path) -> Any:
    line = node.start_mark.line + 1
    source.lines.setdefault(path, line)
    if isinstance(node, yaml.SequenceNode):
        return [_value(source, child, (*path, index)) for index, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(source, node, path)
    return _scalar(node.style, str(node.value)) if isinstance(node, yaml.ScalarNode) else None


def _mapping(source: Source, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise SourceError(f"{source.name}: line {line}: a key must be plain text")
        key = str(key_node.value)
        if key in result:
            raise SourceError(f"{source.name}: line {line}: the key {key!r} is there twice; remove one")
        source.lines[(*path, key)] = line
        result[key] = _value(source, value_node, (*path, key))
    return result


def _scalar(style: str | None, text: str) -> Any:
    if style is not None:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
