"""Examples of whole bodies for the OpenAPI document, put together from the examples of their members.

So each body has one, and none can be forgotten: a member that cannot be shown by its type alone (a pattern, say) has an
example at its field, and a test holds every whole example against its schema.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
_FORMATS: dict[str, str] = {
    "date-time": "2026-01-31T08:00:00Z",
    "date": "2026-01-31",
    "binary": "…",
    "uuid": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
}
_PATTERNED = (
    *("text", "CNY", "+86 138 0000 0000", "li.lei@example.com", "https://erp.example.com/hooks", "1.4.2", "2026-11"),
    *("T-000042", "C-000007", "U-000007", "K-000007", "0f" * 32, "0f" * 6, "09:00-12:00", "2h", "bytes 0-9/10"),
)
"""Texts that fit the patterns of this API; a field whose pattern none of them fits has an example of its own."""


def fill(document: dict[str, Any]) -> None:
    """Give each JSON body of ``document`` that has none an example."""
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    for content in _bodies(document):
        media = content.get("application/json", {})
        if "schema" in media and not media.keys() & {"example", "examples"}:
            media["example"] = example(media["schema"], schemas)


def _bodies(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                yield operation["requestBody"].get("content", {})
            yield from (answer.get("content", {}) for answer in operation["responses"].values())


def example(schema: Any, schemas: Mapping[str, Any], inside: tuple[str, ...] = ()) -> Any:
    """Return an instance of ``schema`` for readers; references lead into ``schemas``, those of ``inside`` are open."""
    if not isinstance(schema, Mapping):
        return {}
    if schema.get("examples"):
        return schema["examples"][0]
    if "example" in schema:
        return schema["example"]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {} if name in inside else example(schemas[name], schemas, (*inside, name))
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            parts = [part for part in schema[choice] if part != {"type": "null"}]
            return example(parts[0], schemas, inside) if parts else None
    return _by_type(schema, schemas, inside)


def _by_type(schema: Mapping[str, Any], schemas: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else None)
    if kind == "object":
        return _object(schema, schemas, inside)
    if kind == "array":
        if schema.get("prefixItems"):
            return [example(part, schemas, inside) for part in schema["prefixItems"]]
        items = schema.get("items")
        return [example(items, schemas, inside)] if items and not _is_open(items, inside) else []
    if kind == "string" and schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if kind in {"integer", "number"}:
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        return _PLAIN[kind] if low is None or low < 1 else low + ("exclusiveMinimum" in schema)
    if kind == "string" and "pattern" in schema:
        return next((text for text in _PATTERNED if re.search(schema["pattern"], text)), _PLAIN["string"])
    return _PLAIN.get(kind or "", {})


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any], inside: tuple[str, ...]) -> dict[str, Any]:
    members: Mapping[str, Any] = schema.get("properties", {})
    if members:
        return {name: example(part, schemas, inside) for name, part in members.items()}
    more = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), None)
    if not isinstance(more, Mapping) or not more:
        return {}
    names = schema.get("propertyNames")
    name = example(names, schemas, inside) if names else "name"
    return {str(name): example(more, schemas, inside)}


def _is_open(schema: Any, inside: tuple[str, ...]) -> bool:
    """Whether a schema leads back into one that is being shown."""
    return isinstance(schema, Mapping) and str(schema.get("$ref", "")).rpartition("/")[2] in inside
