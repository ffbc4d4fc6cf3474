"""JSON Schemas that people read."""

from inspect import cleandoc
from typing import Any


def tidy(schema: Any) -> Any:
    """Return a schema whose descriptions have lost the indentation of the docstrings that they come from."""
    if isinstance(schema, dict):
        return {
            key: cleandoc(value) if key == "description" and isinstance(value, str) else tidy(value)
            for key, value in schema.items()
        }
    return [tidy(value) for value in schema] if isinstance(schema, list) else schema
