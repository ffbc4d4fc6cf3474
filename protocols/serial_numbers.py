"""Serial numbers of devices in one form: bench and hub know a device again however somebody typed its label."""

import unicodedata

NO_SERIAL = "unknown"
"""Stands for the serial number where none is given."""


def serial_form(text: str) -> str:
    """Return a serial number as it is kept: half-width, in capitals, without blanks and invisible characters.

    Input methods type full-width letters, scanners and spreadsheets add blanks, and people type small letters; no two
    devices differ by these alone. The form of a form is itself.
    """
    plain = unicodedata.normalize("NFKC", text)
    shown = "".join(one for one in plain if not one.isspace() and unicodedata.category(one) not in {"Cc", "Cf"})
    return unicodedata.normalize("NFKC", shown.upper())
