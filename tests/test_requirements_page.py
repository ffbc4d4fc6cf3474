"""The page of requirements reads IDs where they are meant, and lists every row."""

import pytest

from scripts.requirements_page import docstrings, gathered, named, page, requirements


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("T4: dispatch explains itself.", {"T4"}),
        ("K1.", {"K1"}),
        ("Articles (K1-K4).", {"K1", "K2", "K3", "K4"}),
        ("Clocks (T7, T8) and notices.", {"T7", "T8"}),
        ("First line.\n\n    C2: the second paragraph.", {"C2"}),
        ("Replace C3 and R12, then measure U3.", set()),
        ("The part (C3 or so) is hot.", set()),
        ("Rail F1", set()),
    ],
)
def test_an_id_counts_where_it_is_meant(text: str, ids: set[str]) -> None:
    assert named(text) == ids


def test_docstrings_of_classes_and_functions_are_read() -> None:
    source = '"""M."""\nclass A:\n    """B."""\n    def f(self):\n        """C."""\n'
    assert list(docstrings(source)) == [("", "M."), ("A", "B."), ("f", "C.")]


def test_every_row_stands_on_the_page_in_both_languages() -> None:
    text = page()
    rows = {name: words for group in requirements().values() for name, words in group["rows"].items()}
    assert len(rows) == 76
    for name, (english, chinese) in rows.items():
        assert f"| {name} | {english} | {chinese} |" in text, name


def test_nothing_names_a_row_that_does_not_exist() -> None:
    rows = {name for group in requirements().values() for name in group["rows"]}
    assert gathered().keys() <= rows, gathered().keys() - rows
