"""Money: an integer of the smallest unit, and a currency (ISO 4217); how people read it."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_HUNDREDTHS = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD
    KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
    NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL
"""
_DECIMALS = {**dict.fromkeys(_WHOLE.split(), 0), **dict.fromkeys(_THOUSANDTHS.split(), 3)}
"""Of the currencies whose smallest unit is not a hundredth."""
CURRENCIES = frozenset({*_HUNDREDTHS.split(), *_DECIMALS})
"""What people pay with, or paid with when devices were bought that still come back."""
_SYMBOLS = {"CNY": "¥", "EUR": "€", "USD": "US$", "GBP": "£", "HKD": "HK$"}


def _known(code: str) -> str:
    if code not in CURRENCIES:
        raise PydanticCustomError(
            "currency",
            "nobody pays with this; write a currency's code of ISO 4217, such as CNY",
            {"zh-CN": "没有该货币；请填写 ISO 4217 货币代码，例如 CNY"},
        )
    return code


Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), AfterValidator(_known), Field(examples=["CNY"])]


def money_text(minor: int, currency: str) -> str:
    """Return ``¥1,234.50`` for 123450 CNY; a currency without a symbol of its own keeps its code."""
    decimals = _DECIMALS.get(currency, 2)
    whole, rest = divmod(abs(minor), 10**decimals)
    number = f"{whole:,}" + (f".{rest:0{decimals}}" if decimals else "")
    sign = "-" if minor < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{currency} {number}"
