"""What stands on a device's label, as requests give it: brought to one form before anything is compared."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints

from hub.core.controls import ONE_LINE
from protocols.serial_numbers import serial_form

_LONGEST = 64
"""Characters; of a serial number in its form there can be more than were typed."""


def serial_kept(typed: str) -> str:
    """Return what a run keeps of a serial number: its form, or what was typed where its form is empty or too long."""
    formed = serial_form(typed)
    return formed if 0 < len(formed) <= _LONGEST else typed


def model_form(text: str) -> str:
    """Return a model's name as the hub keeps it: half-width, without blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


@lru_cache(maxsize=4096)
def model_key(name: str) -> str:
    """Return what all spellings of a model's name share, to compare by; shown is the name as it was first kept."""
    return " ".join(model_form(name).casefold().split())


def names_of_models(counted: Iterable[tuple[str, int]]) -> dict[str, str]:
    """Return what each model is called by its key: of several spellings the one that is counted most."""
    counts: Counter[str] = Counter()
    for name, count in counted:
        counts[name] += count
    called: dict[str, str] = {}
    for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        called.setdefault(model_key(name), name)
    return called


def is_model(name: str, patterns: Iterable[str]) -> bool:
    """Whether a model's name fits one of ``patterns`` (``SP-*``), in whatever case either is written."""
    key = model_key(name)
    return any(fnmatchcase(key, model_key(one)) for one in patterns)


def _in(form: Callable[[str], str]) -> BeforeValidator:
    return BeforeValidator(lambda given: form(given) if isinstance(given, str) else given)


_Label = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST, pattern=ONE_LINE)]
Serial = Annotated[_Label, _in(serial_form)]
"""A serial number in a request, typed in any form."""
Model = Annotated[_Label, _in(model_form)]
"""A model's name in a request."""
