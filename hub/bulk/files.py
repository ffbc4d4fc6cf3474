"""Tables in files: CSV and Excel workbooks, within bounds whatever the file claims to be."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hub.bulk import sheet_reader
from hub.core.problems import Problem, ProblemType

MAX_ROWS = 1000
"""Rows of one import: they are one transaction, and others wait for it."""
MAX_COLUMNS = 60
MAX_CELL = 4000
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
MAX_PARTS = 500
READER_TIMEOUT_S = 20.0
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
BAD_FILE = ProblemType(
    "import-file",
    422,
    {"en": "The file cannot be read", "zh-CN": "文件无法读取"},
    {"en": "{reason}.", "zh-CN": "{reason}。"},
)
_UTF_16 = ("it is UTF-16 text; save it as CSV UTF-8 or as .xlsx", "为 UTF-16 文本；请另存为 CSV UTF-8 或 .xlsx")
_KNOWN_OTHERS = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        (
            "it is an .xls of old Excel, or has a password; save it as .xlsx without",
            "为旧版 .xls 或带密码的文件；请另存为不带密码的 .xlsx",
        ),
    ),
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
)
"""First bytes of what Excel saves besides, with what to do."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _bad(english: str, chinese: str) -> Problem:
    return Problem(BAD_FILE, reason={"en": english, "zh-CN": chinese})


def read(data: bytes) -> list[list[str]]:
    """Return a file's rows as texts, the first being the header, empty rows left out; raise the import-file problem.

    A workbook is told by its first bytes; anything else is CSV in UTF-8, or in GB 18030 as Chinese Excel saves it.
    """
    rows = _workbook(data) if data[:4] == b"PK\x03\x04" else _csv(data)
    found: list[list[str]] = []
    for row in rows:
        texts = [sheet_reader.text(cell) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        if len(found) > MAX_ROWS:
            raise _bad(f"it has more than {MAX_ROWS} rows; split it", f"超过 {MAX_ROWS} 行，请拆分")
        if len(texts) > MAX_COLUMNS:
            raise _bad(f"a row has more than {MAX_COLUMNS} columns", f"某行超过 {MAX_COLUMNS} 列")
        if any(len(text) > MAX_CELL for text in texts):
            raise _bad(f"a cell has more than {MAX_CELL} characters", f"某单元格超过 {MAX_CELL} 个字符")
        found.append(texts)
    if not found:
        raise _bad("it is empty; begin with a row of column names", "文件为空；首行应为列名")
    return found


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Give rows as CSV that Excel opens as UTF-8 and in which no cell is a formula."""
    yield "\ufeff"
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\r\n").writerow([harmless(sheet_reader.text(cell)) for cell in row])
        yield buffer.getvalue()


def workbook(rows: Iterable[Sequence[Any]], name: str) -> bytes:
    """Return rows as an Excel workbook with one sheet, every cell a text."""
    from xlsxwriter import Workbook  # only who asks for a workbook needs it

    buffer = io.BytesIO()
    book = Workbook(buffer, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(name[:31])
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            text = sheet_reader.text(cell)
            if text:
                sheet.write_string(number, column, text)
    book.close()
    return buffer.getvalue()


def harmless(text: str) -> str:
    """Return a cell that a spreadsheet does not take for a formula, a telephone number as it was."""
    if text.startswith(_FORMULA) and not text[1:].replace(" ", "").replace("-", "").isdigit():
        return f"'{text}"
    return text


def _csv(data: bytes) -> Iterator[list[str]]:
    for begins, problem in _KNOWN_OTHERS:
        if data.startswith(begins):
            raise _bad(*problem)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise _bad("it is neither UTF-8 nor GB 18030 text", "既不是 UTF-8 也不是 GB 18030 文本") from error
    if "\0" in text:
        raise _bad("it is no text; send CSV or an Excel workbook", "不是文本；请发送 CSV 或 Excel 文件")
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from lines
    except csv.Error as error:  # says why in English alone
        raise _bad(
            f"its CSV is broken at line {lines.line_num}: a quotation mark has no other, or stands within a cell",
            f"CSV 第 {lines.line_num} 行格式错误：引号不成对，或单元格中间有引号",
        ) from error


def _workbook(data: bytes) -> list[list[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _bad("it is no Excel workbook", "不是有效的 Excel 文件") from error
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise _bad("it unpacks to far more than it should", "解压后过大")
    command = [sys.executable, "-I", sheet_reader.__file__]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=READER_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise _bad("it takes too long to read", "读取超时") from error
    if done.returncode == sheet_reader.TOO_LARGE:
        raise _bad(f"its sheet is far larger than {MAX_ROWS} rows", f"工作表远超 {MAX_ROWS} 行")
    if done.returncode != 0:  # it said so, or it was ended by what the file made it do
        raise _bad("it is no Excel workbook that can be read", "Excel 文件无法解析")
    rows: list[list[Any]] = json.loads(done.stdout)
    return rows
