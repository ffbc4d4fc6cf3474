"""Delimited text as scopes and loggers export it: some header lines, then rows of numbers."""

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from protocols.captures.errors import CaptureError, NoTable, quoted

MAX_LINE_CHARACTERS = 1 << 16
MAX_HEADER_LINES = 500
MAX_LINES_BESIDE = 40
MAX_COLUMNS = 256
MAX_WHOLE_ROWS = 1000
MAX_SPARSE_ROWS = 100
_MOST = 1e12

_DELIMITERS = (",", ";", "\t")
_SPACES = " "
"""Stands for runs of spaces between columns."""
_BEYOND_RANGE = ("∞", "-∞", "+∞")
"""What PicoScope writes for samples beyond the converter's range."""
_ASSIGNED = re.compile(r"[#;%/ ]*([^:=]*[^:= ])\s*[:=]\s*(.+)")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,8}")
"""How Rigol prints the states of eight logic lines."""
_MINUS = "−"
"""Typographic; ``float`` knows the hyphen only."""
_HEAD_BYTES = 1 << 16
_CHINESE = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xf7][\xa1-\xfe])*+[\xa1-\xf7]?")
"""GB 2312 has its characters in pairs of such bytes; a lone one is a letter or a sign (µ, °, Ω) of Windows."""
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One text file. ``values`` has shape (rows, columns), NaN where a cell is empty."""

    name: str
    header: list[list[str]]
    """The cells of each line before the numbers, stripped; empty lines are empty lists."""
    values: npt.NDArray[np.float64]
    first_line: int
    """Number of the line with the first row of values, from 1."""

    def fail(self, reason: str, row: int | None = None) -> CaptureError:
        """Return the error that names the file and, where ``row`` is given, the line."""
        place = "" if row is None else f" line {self.first_line + row}:"
        return CaptureError(f"{self.name}:{place} {reason}")

    def cell(self, line: int, column: int) -> str:
        """Return a header cell, empty where there is none; ``line`` counts from 0."""
        if line < len(self.header) and column < len(self.header[line]):
            return self.header[line][column]
        return ""

    def number(self, text: str, what: str) -> float:
        """Return the number in a header cell; ``what`` names it in the error. Times and scales are below 1e12."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) < _MOST:
            raise self.fail(f"{what} is {quoted(text)}, no number; save the waveform again")
        return value

    def settings(self) -> dict[str, list[str]]:
        """Return the header lines that begin with a key: key in lower case without colon or ``=`` → the other cells.

        A line such as ``#CLOCK=500uS`` or ``; Samplerate: 1 MHz`` counts as key and value, too.
        """
        found: dict[str, list[str]] = {}
        for cells in self.header:
            if cells and (key := cells[0].rstrip(" \t:=").lower()):
                found.setdefault(key, cells[1:])
                if assigned := _ASSIGNED.fullmatch(cells[0]):
                    found.setdefault(assigned[1].lower(), [assigned[2], *cells[1:]])
        return found


class _Text:
    """The lines of a text file, decoded, none longer than ``MAX_LINE_CHARACTERS``."""

    def __init__(self, data: bytes, name: str) -> None:
        self._name = name
        self._data = data
        self._encoding = next((codec for mark, codec in _BYTE_ORDER_MARKS.items() if data.startswith(mark)), "")
        if not self._encoding:
            if b"\0" in data[:4096]:
                raise NoTable(
                    f"{name}: is no text and in no format known here (.sr, .bin, .wfm, .fff, .jpg); export it as CSV"
                )
            self._encoding = _encoding(data[:_HEAD_BYTES])
        self._may_hold_minus = not data.isascii()
        self.delimiter = ""
        self.decimal_comma = False

    def lines(self) -> Iterator[str]:
        stream = io.TextIOWrapper(io.BytesIO(self._data), self._encoding, "replace", newline=None)
        number = 0
        while line := stream.readline(MAX_LINE_CHARACTERS):
            number += 1
            if len(line) >= MAX_LINE_CHARACTERS:
                raise CaptureError(
                    f"{self._name}: line {number}: is longer than a row of values; export it as CSV again"
                )
            if self._may_hold_minus:
                line = line.replace(_MINUS, "-")
            yield line.replace(",", ".") if self.decimal_comma else line

    def cells(self, line: str) -> list[str]:
        if self.delimiter == _SPACES:
            return line.split()
        try:
            row = next(csv.reader([line.strip("\r\n")], delimiter=self.delimiter or ","), [])
        except csv.Error as error:
            raise CaptureError(f"{self._name}: {quoted(line)} is no row of cells ({error}); export it again") from error
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        return cells


def _encoding(head: bytes) -> str:
    """Return the encoding of a text without a byte order mark, from its beginning."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return "gb18030" if _CHINESE.fullmatch(head) else "cp1252"
    return "utf-8"


def read_table(data: bytes, name: str, *, columns: tuple[int, ...] | None = None) -> Table:
    """Split ``data`` into header and numbers; raise ``CaptureError``.

    Finds encoding (UTF-8, UTF-16, GB 18030, Windows 1252), delimiter (comma, semicolon, tab, spaces) and decimal comma
    by itself. ``columns`` takes these columns from the first line on, whatever stands in the others (Tektronix writes
    settings beside the samples).
    """
    text = _Text(data, name)
    header = _header(text, name, columns)
    text.decimal_comma = text.decimal_comma or (text.delimiter != "," and _commas_follow(text, len(header)))
    values = _values(text, name, len(header), columns or _filled_columns(text, len(header)))
    return Table(name, header if columns is None else _beside(text), _trimmed(values), len(header) + 1)


def _header(text: _Text, name: str, columns: tuple[int, ...] | None) -> list[list[str]]:
    """Return the lines before the first row of numbers, and settle the delimiter."""
    lines: list[str] = []
    seen: list[list[str]] = []
    for line in text.lines():
        if len(seen) >= MAX_HEADER_LINES:
            break
        if columns is not None:
            text.delimiter = ","
            return []
        for delimiter in (*_DELIMITERS, _SPACES):
            text.delimiter = delimiter
            cells = text.cells(line)
            # "0,5;1,25": with a decimal comma the numbers only show once the commas are points.
            text.decimal_comma = delimiter != "," and "," in line and "." not in line
            if text.decimal_comma:
                cells = text.cells(line.replace(",", "."))
            if _is_row(cells):
                return _split_anew(text, lines, seen, len(cells)) if len(cells) > 1 else seen
        text.delimiter, text.decimal_comma = _most_frequent(line), False
        lines.append(line)
        seen.append(text.cells(line))
    if len(seen) < 2:
        raise NoTable(f"{name}: holds no rows of numbers; export the samples as CSV")
    raise NoTable(f"{name}: holds no rows of numbers in its first {len(seen)} lines; export the samples as CSV")


def _commas_follow(text: _Text, skip: int) -> bool:
    """Tell whether the first row with a decimal mark has a comma: whole numbers before it have neither."""
    for line in islice(text.lines(), skip, skip + MAX_WHOLE_ROWS):
        if "." in line or "," in line:
            return "." not in line
    return False


def _split_anew(text: _Text, lines: list[str], seen: list[list[str]], width: int) -> list[list[str]]:
    """Return the header as the table is split: by itself a line shows only what it has most of (Owon's: tabs).

    Between spaces a title can hold a blank (``Time (s)  CH1 (V)``): single ones split only where that fits the table.
    """
    if text.delimiter == _SPACES:
        apart = [re.split(r"\s{2,}|\t", line.strip("#;% \t\r\n")) for line in lines]
        single = [cells[0].split() if len(cells) == 1 else cells for cells in apart]
        return [few if len(few) == width else old for few, old in zip(single, seen, strict=True)]
    return [text.cells(line) if text.delimiter in line else cells for line, cells in zip(lines, seen, strict=True)]


def _most_frequent(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _is_row(cells: list[str]) -> bool:
    if not any(cells) or len(cells) > MAX_COLUMNS:
        return False
    return all(not cell or _number(cell) is not None for cell in cells)


def _number(cell: str) -> float | None:
    if cell in _BEYOND_RANGE or cell.lower() == "nan":
        return math.nan
    if _HEXADECIMAL.fullmatch(cell):
        return float(int(cell, 16))
    try:
        value = float(cell)
    except ValueError:
        return None
    # float() also takes "infinity" and "1_000", which are words here.
    return value if np.isfinite(value) and "_" not in cell else None


def _filled_columns(text: _Text, skip: int) -> tuple[int, ...]:
    """Return the columns of the first rows of numbers: in the very first one some can be empty."""
    rows = islice(text.lines(), skip, skip + MAX_SPARSE_ROWS)
    return tuple(range(max((len(cells) for cells in map(text.cells, rows) if _is_row(cells)), default=0)))


def _beside(text: _Text) -> list[list[str]]:
    """Return the first lines' cells, where settings stand beside the samples; lines between them have none."""
    return [text.cells(line) for line in islice(text.lines(), MAX_LINES_BESIDE)]


def _values(text: _Text, name: str, skip: int, columns: tuple[int, ...]) -> npt.NDArray[np.float64]:
    rows = text.lines()
    for _ in range(skip):
        next(rows, None)
    try:
        values = np.loadtxt(
            rows,
            np.float64,
            comments=None,
            delimiter=None if text.delimiter == _SPACES else text.delimiter,
            usecols=columns,
            ndmin=2,
            quotechar='"',
        )
    except ValueError as error:
        if isinstance(error, CaptureError):
            raise
        # Slower, but it knows empty cells and can name the line of a wrong one.
        values = _values_by_cell(text, name, skip, columns)
    if not np.isfinite(values).all():
        values = _values_by_cell(text, name, skip, columns)
    return values


def _trimmed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Drop rows at the end that hold a time and no value, as some scopes write them."""
    if values.shape[1] < 2:
        return values
    filled = np.flatnonzero((~np.isnan(values[:, 1:])).sum(axis=1))
    return values[: filled[-1] + 1] if filled.size else values


def _values_by_cell(text: _Text, name: str, skip: int, columns: tuple[int, ...]) -> npt.NDArray[np.float64]:
    found: list[float] = []
    for number, line in enumerate(text.lines(), 1):
        cells = text.cells(line)
        if number <= skip or not cells:
            continue
        for column in columns:
            cell = cells[column] if column < len(cells) else ""
            value = _number(cell) if cell else np.nan
            if value is None:
                raise CaptureError(f"{name}: line {number}: {quoted(cell)} in column {column + 1} is no number")
            found.append(value)
    return np.array(found, np.float64).reshape(-1, len(columns))
