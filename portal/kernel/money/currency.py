"""The currencies one can pay or account in: ISO 4217 list one as of 2026-01-01.

Metals, bond units, special drawing rights and test codes have no minor unit and are left out. The exponents are those
of the standard: CLDR gives display digits, which differ (the Iraqi dinar has three decimals here, none there).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_BY_EXPONENT: dict[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
        COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
        INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
        MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
        STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

CURRENCIES: Mapping[str, int] = MappingProxyType(
    dict(sorted((code, places) for places, codes in _BY_EXPONENT.items() for code in codes.split()))
)
"""Every active currency code, in alphabetical order, with the number of decimals of its minor unit."""


class UnknownCurrency(ValueError):
    """A code that is not an active ISO 4217 currency (codes are three capitals)."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code!r} is not an active ISO 4217 currency")
        self.code = code


def exponent(currency: str) -> int:
    """The number of decimals of the currency's minor unit: EUR 2, JPY 0, KWD 3. Raises `UnknownCurrency`."""
    try:
        return CURRENCIES[currency]
    except KeyError:
        raise UnknownCurrency(currency) from None
