"""Tables as CSV text (RFC 4180) that spreadsheets show and never run."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from hub.core.clock import rfc3339


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with its head."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def _cell(value: object) -> object:
    """Return a cell that a spreadsheet shows and never runs: text that looks like a formula is quoted."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
