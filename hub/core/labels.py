"""What stands on a device's label, as requests give it: brought to one form before anything is compared."""

import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints

from protocols.serial_numbers import serial_form


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
