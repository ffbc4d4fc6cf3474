"""What stands on a device's label, in one form: the same device is known again however somebody typed it."""

import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints


def serial_form(text: str) -> str:
    """Return a serial number as the hub keeps it: half-width, in capitals, without blanks and invisible characters.

    Input methods type full-width letters, scanners and spreadsheets add blanks, and people type small letters; no two
    devices differ by these alone. The form of a form is itself.
    """
    plain = unicodedata.normalize("NFKC", text)
    shown = "".join(one for one in plain if not one.isspace() and unicodedata.category(one) not in {"Cc", "Cf"})
    return unicodedata.normalize("NFKC", shown.upper())


def model_form(text: str) -> str:
    """Return a model's name as the hub keeps it: half-width, without blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


def _in(form: Callable[[str], str]) -> BeforeValidator:
    return BeforeValidator(lambda given: form(given) if isinstance(given, str) else given)


_Label = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Serial = Annotated[_Label, _in(serial_form)]
"""A serial number in a request, typed in any form."""
Model = Annotated[_Label, _in(model_form)]
"""A model's name in a request."""
