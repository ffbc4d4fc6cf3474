"""Read the first sheet of a workbook from standard input, write its rows as JSON: a program, run by ``files``.

The reader is fast and native, and a forged workbook can make it ask for more memory than there is, which ends its
process. So it has one of its own, with bounds on memory and time; see decision 0111.
"""

import io
import json
import resource
import sys
from datetime import date, datetime
from typing import Any

MAX_MEMORY_BYTES = 768 * 1024 * 1024
MAX_CPU_S = 10
MAX_HEIGHT, MAX_WIDTH = 10_000, 600
NO_WORKBOOK, TOO_LARGE = 3, 4
"""Exit codes: it cannot be read; its sheet is larger than any that is wanted."""


def text(cell: Any) -> str:
    """Return a cell as a person reads it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # Excel keeps every number as a float: a telephone number must not end in .0
    if isinstance(cell, datetime):
        midnight = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
        return cell.date().isoformat() if midnight and cell.tzinfo is None else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def main() -> int:
    """Return the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read())).get_sheet_by_index(0)
        if sheet.total_height > MAX_HEIGHT or sheet.total_width > MAX_WIDTH:
            return TOO_LARGE
        rows = [[text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=True)]
    except (CalamineError, OSError, ValueError, IndexError, MemoryError):
        return NO_WORKBOOK
    json.dump(rows, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
