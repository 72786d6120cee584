"""How figures and dates are written and read in a language.

CLDR's patterns are read once per locale and currency; a table cell then costs a few string operations. Amounts come
in minor units, quantities, prices, percents and rates scaled by `SCALE`, times in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from datetime import date as Date
from datetime import datetime as DateTime
from datetime import time as Time
from datetime import tzinfo as Zone
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import NumberPattern, get_currency_symbol
from jinja2 import pass_context
from jinja2.runtime import Context

from portal.kernel.i18n import Text, _
from portal.kernel.money import SCALE, exponent

YES, NO = _("Yes"), _("No")

#: More whole digits than any stored figure has.
_MAX_WHOLE_DIGITS = 15
_PLACES = 6
_NO_BREAK_SPACE = "\u00a0"
_SPACES = "\u0020\u00a0\u2009\u202f"
_APOSTROPHES = "'\u2019"
_MINUS = "-\u2212"


class BadNumber(ValueError):
    """What was typed is no number of this language; `reason` is for the person."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Symbols:
    """What a locale puts between digits; `pairs` is the Indian grouping (12,34,567)."""

    point: str
    group: str
    pairs: bool


@dataclass(frozen=True, slots=True)
class _Style:
    """How amounts of one currency are written: the text around them for positive and negative ones."""

    places: int
    unit: int
    symbols: _Symbols
    prefix: str
    suffix: str
    negative_prefix: str
    negative_suffix: str


@lru_cache(maxsize=64)
def _locale(name: str) -> Locale:
    return Locale.parse(name.replace("-", "_"))


@lru_cache(maxsize=64)
def _symbols(name: str) -> _Symbols:
    locale = _locale(name)
    latin: Mapping[str, str] = locale.number_symbols["latn"]
    pattern: NumberPattern = locale.decimal_formats[None]
    return _Symbols(latin["decimal"], latin["group"], pattern.grouping == (3, 2))


@lru_cache(maxsize=512)
def _style(currency: str, name: str) -> _Style:
    pattern: NumberPattern = _locale(name).currency_formats["standard"]
    symbol = get_currency_symbol(currency, locale=_locale(name))
    # CLDR's currencySpacing: a symbol of letters is set apart from the digits.
    before = symbol + _NO_BREAK_SPACE if symbol[-1:].isalpha() else symbol
    prefix, negative_prefix = (_around(text, symbol, before) for text in pattern.prefix)
    suffix, negative_suffix = (text.replace("¤", symbol) for text in pattern.suffix)
    places = exponent(currency)
    return _Style(places, 10**places, _symbols(name), prefix, suffix, negative_prefix, negative_suffix)


def _around(text: str, symbol: str, before_digits: str) -> str:
    return text.replace("¤", before_digits if text.endswith("¤") else symbol)


def _grouped(whole: int, symbols: _Symbols) -> str:
    if symbols.pairs and whole >= 100_000:
        text = str(whole)
        head, tail = text[:-3], text[-3:]
        pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
        return symbols.group.join([*reversed(pairs), tail])
    text = f"{whole:,}"
    return text if symbols.group == "," else text.replace(",", symbols.group)


# --- writing -------------------------------------------------------------------------------------------------


def money(minor: int, currency: str, locale: str) -> str:
    """An amount in minor units with the currency's symbol: ``1.234,50 €``."""
    style = _style(currency, locale)
    whole, rest = divmod(abs(minor), style.unit)
    digits = _grouped(whole, style.symbols)
    if style.places:
        digits = f"{digits}{style.symbols.point}{rest:0{style.places}d}"
    if minor < 0:
        return f"{style.negative_prefix}{digits}{style.negative_suffix}"
    return f"{style.prefix}{digits}{style.suffix}"


def quantity(scaled: int, locale: str) -> str:
    """A scaled figure without trailing zeros: ``12,5``."""
    symbols = _symbols(locale)
    whole, rest = divmod(abs(scaled), SCALE)
    digits = _grouped(whole, symbols)
    if rest:
        digits += symbols.point + f"{rest:06d}".rstrip("0")
    return f"-{digits}" if scaled < 0 else digits


def price(scaled: int, currency: str, locale: str) -> str:
    """A scaled unit price: at least the decimals of its currency, at most six, without the symbol."""
    symbols = _symbols(locale)
    whole, rest = divmod(abs(scaled), SCALE)
    places = exponent(currency)
    decimals = f"{rest:06d}".rstrip("0").ljust(places, "0")
    digits = _grouped(whole, symbols) + (symbols.point + decimals if decimals else "")
    return f"-{digits}" if scaled < 0 else digits


def percent(scaled: int, locale: str) -> str:
    """A scaled percentage: 12_500_000 is ``12,5 %``."""
    return quantity(scaled, locale) + _percent_sign(locale)


@lru_cache(maxsize=64)
def _percent_sign(locale: str) -> str:
    pattern: NumberPattern = _locale(locale).percent_formats[None]
    return pattern.suffix[0]


def decimal(value: Decimal, locale: str, *, grouping: bool = True) -> str:
    """A Decimal with all the decimals it has; without `grouping` as it is typed into a field."""
    symbols = _symbols(locale)
    sign = "-" if value < 0 else ""
    whole, point, rest = f"{abs(value):f}".partition(".")
    text = _grouped(int(whole), symbols) if grouping else whole
    return f"{sign}{text}{symbols.point}{rest}" if point else f"{sign}{text}"


def plain_money(minor: int, currency: str) -> Decimal:
    """An amount as a Decimal in major units with all the decimals of its currency."""
    return Decimal(f"{minor}e-{exponent(currency)}")


@lru_cache(maxsize=4096)
def date(value: Date, locale: str) -> str:
    """A date of business: ``22.11.2026``, ``Nov 22, 2026``."""
    return format_date(value, "medium", locale=_locale(locale))


@lru_cache(maxsize=4096)
def _time(hour: int, minute: int, locale: str) -> str:
    return format_time(Time(hour, minute), "short", locale=_locale(locale))


def datetime(value: DateTime, locale: str, zone: Zone) -> str:
    """A moment given in UTC (naive ones are taken as UTC), shown in `zone` and naming it."""
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    local = moment.astimezone(zone)
    return f"{date(local.date(), locale)}, {_time(local.hour, local.minute, locale)} {local.tzname()}"


# --- reading -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _number(locale: str) -> re.Pattern[str]:
    symbols = _symbols(locale)
    group = symbols.group
    if group in _SPACES:
        group = _SPACES
    elif group in _APOSTROPHES:
        group = _APOSTROPHES
    grouped = r"[0-9]{1,2}(?:[%s][0-9]{2})*[%s][0-9]{3}" if symbols.pairs else r"[0-9]{1,3}(?:[%s][0-9]{3})+"
    grouped = grouped.replace("%s", re.escape(group))
    return re.compile(
        rf"(?P<sign>[+{re.escape(_MINUS)}]?)(?P<whole>{grouped}|[0-9]*)(?:{re.escape(symbols.point)}(?P<rest>[0-9]+))?"
    )


def parse_decimal(text: str, locale: str, *, places: int = _PLACES) -> Decimal:
    """The number that was typed in this language: ``1.234,50`` in German, ``1,234.50`` in English.

    Separators must stand where the language puts them, so that ``1.50`` is refused in German instead of being read
    as 150. Raises `BadNumber` for anything else: exponents, NaN, more than `places` decimals, absurd magnitudes.
    """
    match = _number(locale).fullmatch(text.strip())
    if match is None or not (match["whole"] or match["rest"]):
        example = decimal(Decimal("1234.50"), locale)
        raise BadNumber(_("Enter a number such as ${example}.", mapping={"example": example}))
    whole = re.sub(r"[^0-9]", "", match["whole"]).lstrip("0")
    rest = match["rest"] or ""
    if len(whole) > _MAX_WHOLE_DIGITS:
        raise BadNumber(_("This number is too large."))
    if len(rest.rstrip("0")) > places:
        raise BadNumber(_("At most ${places} decimals.", mapping={"places": places}))
    number = Decimal(f"{whole or '0'}.{rest or '0'}" if rest else whole or "0")
    return number.copy_negate() if number and match["sign"] in tuple(_MINUS) else number


# --- in templates --------------------------------------------------------------------------------------------


def _where(context: Context) -> Any:
    return context["request"]


@pass_context
def _money_filter(context: Context, minor: int | None, currency: str) -> str:
    return "" if minor is None else money(minor, currency, _where(context).locale_name)


@pass_context
def _price_filter(context: Context, scaled: int | None, currency: str) -> str:
    return "" if scaled is None else price(scaled, currency, _where(context).locale_name)


@pass_context
def _quantity_filter(context: Context, scaled: int | None) -> str:
    return "" if scaled is None else quantity(scaled, _where(context).locale_name)


@pass_context
def _percent_filter(context: Context, scaled: int | None) -> str:
    return "" if scaled is None else percent(scaled, _where(context).locale_name)


@pass_context
def _decimal_filter(context: Context, value: Decimal | None) -> str:
    return "" if value is None else decimal(value, _where(context).locale_name)


@pass_context
def _date_filter(context: Context, value: Date | None) -> str:
    return "" if value is None else date(value, _where(context).locale_name)


@pass_context
def _datetime_filter(context: Context, value: DateTime | None) -> str:
    request = _where(context)
    return "" if value is None else datetime(value, request.locale_name, request.company.zone)


@pass_context
def _text_filter(context: Context, value: Text | None) -> str:
    return "" if value is None else _where(context).translate(value)


#: Jinja2 filters; the locale and the time zone are those of the request. None is written as nothing.
#: `text` translates a marked string and leaves a name as it is.
FILTERS: dict[str, Callable[..., str]] = {
    "money": _money_filter,
    "price": _price_filter,
    "quantity": _quantity_filter,
    "percent": _percent_filter,
    "decimal": _decimal_filter,
    "date": _date_filter,
    "datetime": _datetime_filter,
    "text": _text_filter,
}
