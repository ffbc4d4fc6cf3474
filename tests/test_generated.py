"""Generated documents are checked in and current."""

import pytest

from scripts.generate import GENERATED, ROOT


@pytest.mark.parametrize("path", GENERATED)
def test_checked_in_copy_is_current(path):
    assert (ROOT / path).read_text(encoding="utf-8") == GENERATED[path](), f"run `make docs`: {path} is out of date"
