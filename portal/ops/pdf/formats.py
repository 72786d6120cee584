"""Figures and dates as a person of one language reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import cast

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from portal.kernel.money import exponent, to_scaled

_PLACES = 6
_SPACE = "\N{NO-BREAK SPACE}"


class Formats:
    """The formats of a language for amounts of one currency.

    Decimals follow ISO 4217 and not CLDR's display digits, and every figure is printed exactly: nothing is rounded
    here. Raises `babel.UnknownLocaleError` for an unknown language, `UnknownCurrency`.
    """

    def __init__(self, language: str, currency: str) -> None:
        self.locale = Locale.parse(language.replace("-", "_"))
        self.currency = currency
        self._places = exponent(currency)

    def date(self, value: date) -> str:
        return format_date(value, "medium", locale=self.locale)

    def period(self, start: date, end: date) -> str:
        return f"{self.date(start)} – {self.date(end)}"

    def amount(self, minor: int) -> str:
        """Minor units of the currency, without its code: ``1,234.50``."""
        return self._fixed(Decimal(f"{minor}e-{self._places}"), self._places)

    def money(self, minor: int, currency: str | None = None) -> str:
        """Minor units with the code of the currency: ``1,234.50 EUR``."""
        code = currency or self.currency
        places = exponent(code)
        return f"{self._fixed(Decimal(f'{minor}e-{places}'), places)}{_SPACE}{code}"

    def price(self, value: Decimal) -> str:
        """A unit price: all its decimals (six at most), at least those of the currency. Raises ValueError for more."""
        return self._fixed(value, max(self._places, _decimals(value)))

    def quantity(self, value: Decimal) -> str:
        """All decimals there are, six at most. Raises ValueError for more."""
        return self._fixed(value, _decimals(value))

    def percent(self, value: Decimal) -> str:
        return format_percent(value.scaleb(-2), locale=self.locale, decimal_quantization=False)

    def country(self, code: str) -> str:
        """The country's name; its code where the language has no name for it; empty for an empty code."""
        names = cast(Mapping[str, str], self.locale.territories)
        return names.get(code, code)

    def _fixed(self, value: Decimal, places: int) -> str:
        pattern = "#,##0." + "0" * places if places else "#,##0"
        return format_decimal(value, pattern, locale=self.locale)


def _decimals(value: Decimal) -> int:
    """How many decimals the value needs, trailing zeros aside."""
    return len(f"{abs(to_scaled(value)) % 10**_PLACES:06d}".rstrip("0"))
