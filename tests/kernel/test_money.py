"""Scaled decimals, currencies, amounts, rounding, policies, and sharing without loss."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from babel.core import get_global
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kernel.money import (
    CURRENCIES,
    SCALE,
    CurrencyMismatch,
    Money,
    OutOfRange,
    Policy,
    PriceBasis,
    Rounding,
    TaxRounding,
    UnknownCurrency,
    convert,
    exponent,
    from_scaled,
    portion,
    round_minor,
    spread,
    to_scaled,
)

unhurried = settings(deadline=None)  # a busy machine is no failure
BIGINT_MIN, BIGINT_MAX = -(2**63), 2**63 - 1
bigints = st.integers(BIGINT_MIN, BIGINT_MAX)


# Scaled decimals


@unhurried
@given(bigints)
def test_scaled_figures_survive_the_way_there_and_back(stored: int) -> None:
    assert to_scaled(from_scaled(stored)) == stored
    assert Fraction(from_scaled(stored)) == Fraction(stored, SCALE)


def test_scaled_figures_do_not_depend_on_the_precision_of_the_context() -> None:
    with localcontext(prec=3):
        assert str(from_scaled(BIGINT_MAX)) == "9223372036854.775807"
        assert to_scaled(Decimal("9223372036854.775807")) == BIGINT_MAX


@pytest.mark.parametrize(
    ("stored", "text"),
    [(1_500_000, "1.5"), (100_000_000, "100"), (0, "0"), (-1, "-0.000001"), (7, "0.000007")],
)
def test_scaled_figures_read_without_trailing_zeros(stored: int, text: str) -> None:
    assert f"{from_scaled(stored):f}" == text


@pytest.mark.parametrize("text", ["0.0000001", "1.0000005", "-3.1415926", "1e-7"])
def test_more_than_six_decimals_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="more than 6 decimals"):
        to_scaled(Decimal(text))


def test_zeros_beyond_the_sixth_decimal_are_no_decimals() -> None:
    assert to_scaled(Decimal("1.50000000000")) == 1_500_000


@pytest.mark.parametrize(
    "text", ["9223372036854.775808", "-9223372036854.775809", "1e50", "1e999999", "1e-999999"]
)
def test_what_a_bigint_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(OutOfRange):
        to_scaled(Decimal(text))


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        to_scaled(Decimal(text))


# Currencies


@pytest.mark.parametrize(
    ("code", "places"),
    [
        ("EUR", 2),
        ("USD", 2),
        ("JPY", 0),
        ("ISK", 0),
        ("KWD", 3),
        ("IQD", 3),
        ("MGA", 2),
        ("CLF", 4),
        ("UYW", 4),
    ],
)
def test_exponents_are_those_of_iso_4217(code: str, places: int) -> None:
    assert exponent(code) == CURRENCIES[code] == places


def test_every_tender_of_today_is_there() -> None:
    """Babel's CLDR knows what the territories use now, though not the funds of ISO 4217, nor its exponents."""
    tender = {
        code
        for uses in get_global("territory_currencies").values()
        for code, _start, end, is_tender in uses
        if end is None and is_tender
    }
    funds_and_units = {"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "SVC", "USN", "UYI", "UYW", "VED", "XAD"}

    assert set(CURRENCIES) - tender == funds_and_units
    assert tender - set(CURRENCIES) <= {"BGN"}  # euro since 2026


@pytest.mark.parametrize("code", ["XXX", "XAU", "DEM", "eur", "", "EURO"])
def test_other_codes_are_unknown(code: str) -> None:
    with pytest.raises(UnknownCurrency) as refusal:
        exponent(code)
    assert refusal.value.code == code


# Money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.50", "EUR", 1250), ("-0.01", "EUR", -1), ("7", "JPY", 7), ("1.005", "KWD", 1005)],
)
def test_money_of_an_amount(amount: str, currency: str, minor: int) -> None:
    money = Money.of(Decimal(amount), currency)

    assert money == Money(minor, currency)
    assert str(money.amount) == amount


@unhurried
@given(bigints, st.sampled_from(sorted(CURRENCIES)))
def test_money_survives_the_way_to_its_amount_and_back(minor: int, currency: str) -> None:
    with localcontext(prec=2):
        assert Money.of(Money(minor, currency).amount, currency).minor == minor


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "EUR"), ("0.5", "JPY"), ("1.0005", "KWD")])
def test_parts_of_a_minor_unit_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="decimals"):
        Money.of(Decimal(amount), currency)


def test_money_is_added_negated_and_compared() -> None:
    five, two = Money(500, "EUR"), Money(200, "EUR")

    assert five + two == Money(700, "EUR")
    assert two - five == -Money(300, "EUR")
    assert sum([five, two], Money.zero("EUR")) == Money(700, "EUR")
    assert two < five
    assert five >= two
    assert max(five, two) is five


def test_currencies_are_not_mixed() -> None:
    euro, yen = Money(5, "EUR"), Money(5, "JPY")

    assert euro != yen
    for mix in (
        lambda: euro + yen,
        lambda: euro - yen,
        lambda: euro < yen,
        lambda: euro <= yen,
        lambda: euro > yen,
        lambda: euro >= yen,
    ):
        with pytest.raises(CurrencyMismatch):
            mix()


def test_money_is_made_of_ints_of_known_currencies() -> None:
    with pytest.raises(TypeError, match="float"):
        Money(1.0, "EUR")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="bool"):
        Money(True, "EUR")
    with pytest.raises(UnknownCurrency):
        Money(1, "DEM")
    with pytest.raises(OutOfRange):
        Money(BIGINT_MAX, "EUR") + Money(1, "EUR")


# Rounding


@pytest.mark.parametrize(
    ("value", "places", "half_up", "half_even"),
    [
        ("0.125", 2, 13, 12),
        ("0.135", 2, 14, 14),
        ("-0.125", 2, -13, -12),
        ("-0.135", 2, -14, -14),
        ("0.1249999999", 2, 12, 12),
        ("0.1250000001", 2, 13, 13),
        ("1234.5", 0, 1235, 1234),
        ("0.0005", 3, 1, 0),
        ("-0.0005", 3, -1, 0),
        ("2", 4, 20000, 20000),
    ],
)
def test_rounding(value: str, places: int, half_up: int, half_even: int) -> None:
    assert round_minor(Decimal(value), places, Rounding.HALF_UP) == half_up
    assert round_minor(Decimal(value), places, Rounding.HALF_EVEN) == half_even


@pytest.mark.parametrize("text", ["1e17", "1e999999999", "NaN"])
def test_rounding_refuses_what_cannot_be_stored(text: str) -> None:
    with pytest.raises(ValueError):
        round_minor(Decimal(text), 2, Rounding.HALF_UP)


# Policies


def test_a_policy_is_stored_as_text() -> None:
    policy = Policy(TaxRounding.DOCUMENT, Rounding.HALF_UP, PriceBasis.NET)

    assert str(policy) == "document/half_up/net"
    assert Policy.parse("document/half_up/net") == policy
    texts = {
        str(Policy(where, how, basis)) for where in TaxRounding for how in Rounding for basis in PriceBasis
    }
    assert len(texts) == 8
    assert {str(Policy.parse(text)) for text in texts} == texts


@pytest.mark.parametrize(
    "text", ["", "document", "document/half_up", "document/half_up/net/x", "net/half_up/document"]
)
def test_other_texts_are_no_policy(text: str) -> None:
    with pytest.raises(ValueError, match="not a rounding policy"):
        Policy.parse(text)


# Sharing out


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, (1, 1, 1), (34, 33, 33)),
        (-100, (1, 1, 1), (-34, -33, -33)),
        (10, (3, 3, 4), (3, 3, 4)),
        (5, (0, 1, 0, 1), (0, 3, 0, 2)),
        (1, (Decimal("0.1"), Decimal("0.7"), Decimal("0.2")), (0, 1, 0)),
        (7, (2, -1), (14, -7)),
        (7, (-2, 1), (14, -7)),
        (0, (1, 2), (0, 0)),
        (0, (0, 0), (0, 0)),
        (0, (), ()),
        (9, (5,), (9,)),
    ],
)
def test_spread(total: int, weights: tuple[int | Decimal, ...], shares: tuple[int, ...]) -> None:
    assert spread(total, weights) == shares


@pytest.mark.parametrize("weights", [(), (0, 0), (1, -1)])
def test_nothing_is_spread_over_nothing(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="spread"):
        spread(1, weights)


weights = st.lists(
    st.integers(0, 10**12) | st.decimals(0, 10**6, places=6, allow_nan=False, allow_infinity=False),
    min_size=1,
    max_size=30,
).filter(any)


@unhurried
@given(st.integers(-(10**15), 10**15), weights)
def test_spread_loses_nothing_and_is_fair(total: int, weights: list[int | Decimal]) -> None:
    shares = spread(total, weights)

    whole = sum(map(Fraction, weights))
    assert sum(shares) == total
    assert spread(-total, weights) == tuple(-share for share in shares)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - total * Fraction(weight) / whole) < 1


def test_portions_of_a_line() -> None:
    """10.00 over three pieces: what was used is taken off what is due, so that the last takes the rest."""
    third = Decimal(3)

    assert portion(1000, Decimal(1), third) == 333
    assert portion(1000, Decimal(1), third, 333, Decimal(1)) == 334
    assert portion(1000, Decimal(1), third, 667, Decimal(2)) == 333
    assert portion(1000, third, third) == 1000
    assert portion(1000, Decimal(2), third, 333, Decimal(1)) == 667


def test_a_portion_can_be_taken_back() -> None:
    assert portion(1000, Decimal(-1), Decimal(3), 667, Decimal(2)) == -334


def test_portions_of_a_credit() -> None:
    assert portion(-1000, Decimal(-1), Decimal(-3)) == -333
    assert portion(-1000, Decimal(-2), Decimal(-3), -333, Decimal(-1)) == -667


def test_portions_of_nothing() -> None:
    assert portion(0, Decimal(0), Decimal(0)) == 0
    assert portion(1000, Decimal(0), Decimal(3)) == 0


def test_portions_round_as_the_policy_says() -> None:
    assert portion(5, Decimal(1), Decimal(2)) == 3
    assert portion(5, Decimal(1), Decimal(2), rounding=Rounding.HALF_EVEN) == 2


@pytest.mark.parametrize(
    ("part", "whole", "already"),
    [("3.000001", "3", "0"), ("1", "3", "2.5"), ("-1", "3", "0"), ("1", "-3", "0"), ("1", "0", "0")],
)
def test_more_than_the_whole_is_no_part(part: str, whole: str, already: str) -> None:
    with pytest.raises(ValueError, match="not parts of"):
        portion(1000, Decimal(part), Decimal(whole), 0, Decimal(already))


quantities = st.decimals("0.000001", 1000, places=6, allow_nan=False, allow_infinity=False)


@unhurried
@given(
    st.integers(-(10**12), 10**12), st.lists(quantities, min_size=1, max_size=8), st.sampled_from(Rounding)
)
def test_parts_sum_to_the_whole(total: int, parts: list[Decimal], rounding: Rounding) -> None:
    whole = sum(parts, Decimal(0))
    used, used_quantity = 0, Decimal(0)
    for part in parts:
        amount = portion(total, part, whole, used, used_quantity, rounding)
        assert abs(amount - Fraction(total) * Fraction(part) / Fraction(whole)) <= 1
        used, used_quantity = used + amount, used_quantity + part

    assert used == total


# Exchange


@pytest.mark.parametrize(
    ("minor", "source", "target", "rate", "expected"),
    [
        (1000, "EUR", "USD", "1.0825", 1083),  # 10.825 dollars
        (-1000, "EUR", "USD", "1.0825", -1083),
        (1000, "EUR", "JPY", "162.55", 1626),  # 1,625.5 yen
        (1626, "JPY", "EUR", "0.006152", 1000),  # 10.003152 euro
        (1000, "EUR", "KWD", "0.3333", 3333),
        (3333, "KWD", "JPY", "500.5", 1668),  # 1,668.1665 yen
        (0, "EUR", "USD", "1.0825", 0),
        (777, "EUR", "EUR", "1", 777),
    ],
)
def test_convert(minor: int, source: str, target: str, rate: str, expected: int) -> None:
    assert convert(minor, source, target, Decimal(rate)) == expected


def test_convert_rounds_as_told() -> None:
    assert convert(1000, "EUR", "USD", Decimal("1.0825"), Rounding.HALF_EVEN) == 1082


@pytest.mark.parametrize("rate", ["0", "-1", "NaN"])
def test_a_rate_is_positive(rate: str) -> None:
    with pytest.raises(ValueError):
        convert(1, "EUR", "USD", Decimal(rate))
