"""Amounts as people read them, and the currencies that there are."""

import pytest
from babel.core import get_global

from hub.core.money import CURRENCIES, money_text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123450, "CNY", "¥1,234.50"),
        (5, "CNY", "¥0.05"),
        (-250, "EUR", "-€2.50"),
        (1200, "JPY", "JPY 1,200"),
        (1234, "KWD", "KWD 1.234"),
        (1200, "XOF", "XOF 1,200"),
    ],
)
def test_money_is_read_by_its_currency(minor: int, currency: str, text: str) -> None:
    assert money_text(minor, currency) == text


def test_every_currency_that_is_legal_tender_is_known() -> None:
    """The Unicode CLDR is an independent list: for each territory a code, since and until when, and whether tender."""
    tender = {
        code
        for currencies in get_global("territory_currencies").values()
        for code, _, until, is_tender in currencies
        if is_tender and until is None
    }
    assert len(tender) > 140
    assert tender <= CURRENCIES
