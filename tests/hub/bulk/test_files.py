"""Tables in files: read and written, hostile ones refused."""

import csv
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.bulk import files
from hub.core.problems import Problem


def unreadable(data: bytes) -> str:
    with pytest.raises(Problem) as refused:
        files.read(data)
    assert refused.value.kind is files.BAD_FILE
    assert refused.value.sentence("zh-CN")
    return refused.value.sentence("en")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_however_excel_saved_it(encoding: str) -> None:
    data = "姓名,电话\r\n李雷,13800000000\r\n,\r\n韩梅梅,139\r\n".encode(encoding)
    assert files.read(data) == [["姓名", "电话"], ["李雷", "13800000000"], ["韩梅梅", "139"]]


def test_semicolons_separate_too() -> None:
    assert files.read(b"a;b\n1;2\n") == [["a", "b"], ["1", "2"]]


cells = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=8)
)


@settings(max_examples=10, deadline=None)
@given(tables)
def test_a_workbook_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    assert files.read(files.workbook(rows, "t")) == [[cell.strip() for cell in row] for row in rows]


@given(tables)
def test_csv_is_read_as_it_was_written_but_for_formulas(rows: list[list[str]]) -> None:
    text = "".join(files.csv_lines(rows))
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        [files.harmless(cell) for cell in row] for row in rows
    ]


@given(st.text(min_size=1, max_size=10))
def test_no_cell_is_a_formula(text: str) -> None:
    shown = files.harmless(text)
    if shown.startswith(("=", "+", "-", "@", "\t", "\r")):
        assert shown[1:].replace(" ", "").replace("-", "").isdigit(), "a number, a telephone number"
    assert shown.removeprefix("'") == text.removeprefix("'")


def test_files_that_are_no_tables_are_refused() -> None:
    assert "is empty" in unreadable(b"\n\n")
    assert "no text" in unreadable(b"a,b\n\0\n")
    assert "CSV is broken at line 2" in unreadable(b'a,b\n"1\n')
    assert "neither UTF-8" in unreadable(b"\xff\xff\xff\xff")
    assert "save it as CSV UTF-8" in unreadable("姓名\t电话\n".encode("utf-16"))
    assert "save it as .xlsx" in unreadable(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    assert "no Excel workbook" in unreadable(b"PK\x03\x04" + b"x" * 100)
    assert "more than 1000 rows" in unreadable(b"a\n" + b"1\n" * 1001)
    assert "more than 60 columns" in unreadable(b",".join(b"x" for _ in range(61)))
    assert "more than 4000 characters" in unreadable(b"a\n" + b"x" * 4001)


def test_a_workbook_that_unpacks_without_end_is_not_unpacked() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (files.MAX_UNPACKED_BYTES + 1))
    assert len(buffer.getvalue()) < 100_000
    assert "unpacks to far more" in unreadable(buffer.getvalue())


def forged(old: bytes, new: bytes) -> bytes:
    """A workbook whose sheet says something else than it should."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(files.workbook([["a", "b"], ["1", "2"]], "t"))) as good,
        zipfile.ZipFile(buffer, "w") as bad,
    ):
        for name in good.namelist():
            content = good.read(name)
            assert name != "xl/worksheets/sheet1.xml" or old in content
            bad.writestr(name, content.replace(old, new))
    return buffer.getvalue()


@pytest.mark.parametrize("cell", [b"XFD1048576", b"ZZZZZZ99999999"])
def test_a_workbook_that_lies_about_its_size_costs_its_reader_alone(cell: bytes) -> None:
    """The native reader asks for half a terabyte and more: its own process ends, the hub goes on."""
    assert "can be read" in unreadable(forged(b'r="B2"', b'r="' + cell + b'"'))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 4000), st.binary(min_size=1, max_size=8))
def test_a_damaged_workbook_is_refused_or_read_and_never_more(place: int, noise: bytes) -> None:
    whole = files.workbook([["a", "b"], ["1", "2"]], "t")
    at = place % len(whole)
    try:
        files.read(whole[:at] + noise + whole[at + len(noise) :])
    except Problem as refused:
        assert refused.kind is files.BAD_FILE
