import pytest

from tui import i18n


@pytest.fixture(autouse=True)
def in_english():
    """Every test begins and ends in English."""
    i18n.use("en")
    yield
    i18n.use("en")
