"""The documents of the hub show every table that derives from its code."""

from pathlib import Path

import pytest

from hub import reference

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_table_stands_in_one_document() -> None:
    texts = [(REPOSITORY / path).read_text(encoding="utf-8") for path in reference.DOCUMENTS]
    for name in reference.blocks():
        assert sum(f"<!-- generated:{name} -->" in text for text in texts) == 1, name


def test_a_block_that_does_not_exist_is_told() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        reference.fill("<!-- generated:nonsense -->\n<!-- end -->")
