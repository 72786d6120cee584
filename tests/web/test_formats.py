"""Figures and dates in the languages of people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel.i18n import _, translate
from portal.web import formats

LOCALES = ("en", "en-GB", "en_IN", "de", "de_CH", "fr", "es", "pl", "ja")
NO_BREAK_SPACE = "\u00a0"


@given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "USD", "JPY"]), st.sampled_from(LOCALES))
def test_money_is_written_as_cldr_says(minor: int, currency: str, locale: str) -> None:
    babel = format_currency(formats.plain_money(minor, currency), currency, locale=locale.replace("-", "_"))
    assert formats.money(minor, currency, locale) == babel


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (123450, "EUR", "de", "1.234,50 €"),
        (-123450, "EUR", "en", "-€1,234.50"),
        (1234, "IQD", "en", "IQD 1.234"),
        (123450, "CHF", "en", "CHF 1,234.50"),
        (5, "JPY", "de", "5 ¥"),
        (123456789, "INR", "en_IN", "₹12,34,567.89"),
        (0, "EUR", "de", "0,00 €"),
    ],
)
def test_money_has_the_decimals_of_its_currency(minor: int, currency: str, locale: str, text: str) -> None:
    assert formats.money(minor, currency, locale).replace(NO_BREAK_SPACE, " ") == text


@given(st.integers(-(2**62), 2**62), st.sampled_from(LOCALES))
def test_quantities_are_exact_without_trailing_zeros(scaled: int, locale: str) -> None:
    value = Decimal(scaled).scaleb(-6)
    written = format_decimal(value, "#,##0.######", locale=locale.replace("-", "_"))
    if locale == "en_IN":
        written = format_decimal(value, "#,##,##0.######", locale=locale)
    assert formats.quantity(scaled, locale) == written


def test_prices_have_at_least_the_decimals_of_their_currency() -> None:
    assert formats.price(18_000_000, "EUR", "de") == "18,00"
    assert formats.price(18_012_500, "EUR", "en") == "18.0125"
    assert formats.price(-18_000_000, "JPY", "en") == "-18"


def test_percents() -> None:
    assert formats.percent(12_500_000, "en") == "12.5%"
    assert formats.percent(19_000_000, "de") == f"19{NO_BREAK_SPACE}%"


def test_times_are_shown_in_the_zone_and_name_it() -> None:
    moment = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert formats.datetime(moment, "de", ZoneInfo("Europe/Berlin")) == "23.11.2026, 00:30 CET"
    assert (
        formats.datetime(moment.replace(tzinfo=None), "de", ZoneInfo("Asia/Tokyo")) == "23.11.2026, 08:30 JST"
    )
    assert formats.date(date(2026, 1, 31), "en") == "Jan 31, 2026"


@pytest.mark.parametrize(
    ("text", "locale", "value"),
    [
        ("1.234,50", "de", "1234.50"),
        ("1,234.50", "en", "1234.50"),
        ("1’234.5", "de_CH", "1234.5"),
        ("1'234.5", "de_CH", "1234.5"),
        ("1 234,5", "fr", "1234.5"),
        ("12,34,567.5", "en_IN", "1234567.5"),
        ("  -7,25 ", "de", "-7.25"),
        ("\u22125", "en", "-5"),
        ("+5", "en", "5"),
        (",5", "de", "0.5"),
        ("007", "en", "7"),
        ("-0", "en", "0"),
        ("1.000000", "en", "1.000000"),
    ],
)
def test_numbers_are_read_in_the_language(text: str, locale: str, value: str) -> None:
    read = formats.parse_decimal(text, locale)
    assert str(read) == value


@pytest.mark.parametrize("locale", ["de", "en"])
@pytest.mark.parametrize(
    "text",
    ["", "-", ".", ",", "1e3", "1E3", "NaN", "inf", "-Infinity", "0x10", "1_000", "٣", "1.50,3,4", "1..2", "5.", "5,",
     "1 000", "--5", "5-", "€5", "1,23.4", "1.23,4.5", "12345678901234567", "0,1234567", "0.1234567", "1\x000"],
)  # fmt: skip
def test_what_is_no_number_is_refused(text: str, locale: str) -> None:
    with pytest.raises(formats.BadNumber):
        formats.parse_decimal(text, locale)


def test_a_separator_of_another_language_is_refused_not_misread() -> None:
    with pytest.raises(formats.BadNumber, match="Enter a number such as"):
        formats.parse_decimal("1.50", "de")
    with pytest.raises(formats.BadNumber):
        formats.parse_decimal("1,50", "en")


def test_too_many_decimals_are_refused_but_trailing_zeros_are_not() -> None:
    with pytest.raises(formats.BadNumber, match="At most"):
        formats.parse_decimal("1.005", "en", places=2)
    assert formats.parse_decimal("1.500", "en", places=2) == Decimal("1.5")


@given(st.decimals(-(10**14), 10**14, places=6), st.sampled_from(LOCALES))
def test_what_is_written_is_read_back(value: Decimal, locale: str) -> None:
    assert formats.parse_decimal(formats.decimal(value, locale), locale) == value
    assert formats.parse_decimal(formats.decimal(value, locale, grouping=False), locale) == value


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", "Nein 31.12.2026 1.234,5 True ${other}"), ("en", "No Dec 31, 2026 1,234.5 True ${other}")],
)
def test_values_within_a_text_are_said_in_its_language(language: str, said: str) -> None:
    values = {"word": _("No"), "day": date(2026, 12, 31), "figure": Decimal("1234.500"), "rest": True}
    message = _("${word} ${day} ${figure} ${rest} ${other}", mapping=values)
    assert translate(message, language) == said
    assert message.mapping == values
