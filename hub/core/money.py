"""Money as people read it: an integer of the smallest unit, and a currency (ISO 4217)."""

_DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "OMR": 3, "TND": 3, "JOD": 3}
"""Of the currencies whose smallest unit is not a hundredth."""
_SYMBOLS = {"CNY": "¥", "EUR": "€", "USD": "US$", "GBP": "£", "HKD": "HK$"}


def money_text(minor: int, currency: str) -> str:
    """Return ``¥1,234.50`` for 123450 CNY; a currency without a symbol of its own keeps its code."""
    decimals = _DECIMALS.get(currency, 2)
    whole, rest = divmod(abs(minor), 10**decimals)
    number = f"{whole:,}" + (f".{rest:0{decimals}}" if decimals else "")
    sign = "-" if minor < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{currency} {number}"
