"""`compute`: the project's own vectors under every policy, and the properties that hold for all documents."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kernel.money import (
    CURRENCIES,
    Line,
    Money,
    OutOfRange,
    Policy,
    PriceBasis,
    Rate,
    Rounding,
    TaxRounding,
    Totals,
    UnknownCurrency,
    compute,
    exponent,
    line_amount,
    round_minor,
)

unhurried = settings(deadline=None)  # a busy machine is no failure
VECTORS = Path(__file__).parents[1] / "vectors" / "totals.json"
POLICIES = [Policy(where, how, basis) for where in TaxRounding for how in Rounding for basis in PriceBasis]
VAT = Rate("vat", Decimal(20))


def vectors() -> list[Any]:
    return [
        pytest.param(document, policy, expected, id=f"{document['id']} {policy}")
        for document in json.loads(VECTORS.read_text(encoding="utf-8"))["documents"]
        for policy, expected in document["expected"].items()
    ]


def document_lines(document: dict[str, Any]) -> list[Line]:
    lines = [
        Line(
            Decimal(quantity),
            Decimal(price),
            Decimal(discount),
            tuple(Rate(key, Decimal(percent)) for key, percent in rates.items()),
        )
        for quantity, price, discount, rates in document["lines"]
    ]
    return lines * document.get("repeat", 1)


@pytest.mark.parametrize(("document", "policy", "expected"), vectors())
def test_vector(document: dict[str, Any], policy: str, expected: dict[str, Any]) -> None:
    currency = document["currency"]

    def minor(text: str) -> int:
        return Money.of(Decimal(text), currency).minor

    totals = compute(document_lines(document), currency, Policy.parse(policy))

    assert (totals.net, totals.tax, totals.gross) == tuple(
        minor(expected[name]) for name in ("net", "tax", "gross")
    )
    if "lines" in expected:
        assert [(line.net, line.tax) for line in totals.lines] == [
            (minor(net), minor(tax)) for net, tax in expected["lines"]
        ]
    if "taxes" in expected:
        assert [(tax.key, tax.base, tax.amount) for tax in totals.taxes] == [
            (key, minor(base), minor(amount)) for key, (base, amount) in expected["taxes"].items()
        ]


def decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=places, allow_nan=False, allow_infinity=False)


RATES = [
    Rate("zero", Decimal(0)),
    Rate("reduced", Decimal("5.5")),
    Rate("standard", Decimal(20)),
    Rate("provincial", Decimal("9.975")),
    Rate("double", Decimal(100)),
]
rates = st.lists(st.sampled_from(RATES), max_size=3, unique_by=lambda rate: rate.key).map(tuple)
discounts = st.sampled_from([Decimal(0), Decimal(100)]) | decimals(0, 100, 6)
# few cents and few percents make ties and residues frequent; the wide ones make them rare and the figures great
small_lines = st.builds(Line, decimals(-3, 3, 0), decimals(0, 1, 2), st.just(Decimal(0)), rates)
wide_lines = st.builds(Line, decimals(-9999, 9999, 6), decimals(-999999, 999999, 6), discounts, rates)
lines = st.lists(small_lines | wide_lines, max_size=8)
currencies = st.sampled_from(["JPY", "EUR", "KWD"])
policies = st.sampled_from(POLICIES)


def negated(totals: Totals) -> Totals:
    return replace(
        totals,
        lines=tuple(
            replace(
                line, net=-line.net, tax=-line.tax, gross=-line.gross, taxes=tuple(-tax for tax in line.taxes)
            )
            for line in totals.lines
        ),
        taxes=tuple(replace(tax, base=-tax.base, amount=-tax.amount) for tax in totals.taxes),
        net=-totals.net,
        tax=-totals.tax,
        gross=-totals.gross,
    )


@unhurried
@given(lines, currencies, policies)
def test_everything_adds_up(lines: list[Line], currency: str, policy: Policy) -> None:
    totals = compute(lines, currency, policy)

    assert len(totals.lines) == len(lines)
    assert sum(line.net for line in totals.lines) == totals.net
    assert sum(line.tax for line in totals.lines) == totals.tax
    assert sum(line.gross for line in totals.lines) == totals.gross
    assert sum(tax.amount for tax in totals.taxes) == totals.tax
    assert totals.net + totals.tax == totals.gross
    for line, total in zip(lines, totals.lines, strict=True):
        assert len(total.taxes) == len(line.rates)
        assert sum(total.taxes) == total.tax
        assert total.net + total.tax == total.gross


@unhurried
@given(lines, currencies, policies)
def test_taxes_stand_by_first_appearance_with_the_sums_of_their_lines(
    lines: list[Line], currency: str, policy: Policy
) -> None:
    totals = compute(lines, currency, policy)

    sums: dict[str, list[int]] = {}
    for line, total in zip(lines, totals.lines, strict=True):
        for rate, tax in zip(line.rates, total.taxes, strict=True):
            base_and_amount = sums.setdefault(rate.key, [0, 0])
            base_and_amount[0] += total.net
            base_and_amount[1] += tax
    assert [(tax.key, tax.base, tax.amount) for tax in totals.taxes] == [
        (key, *both) for key, both in sums.items()
    ]


@unhurried
@given(lines, currencies, policies)
def test_the_price_basis_is_never_moved(lines: list[Line], currency: str, policy: Policy) -> None:
    totals = compute(lines, currency, policy)

    for line, total in zip(lines, totals.lines, strict=True):
        exact = line_amount(line.quantity, line.unit_price, line.discount)
        stated = total.gross if policy.basis is PriceBasis.GROSS else total.net
        assert stated == round_minor(exact, exponent(currency), policy.rounding)


@unhurried
@given(lines, currencies, policies)
def test_tax_is_near_its_exact_value(lines: list[Line], currency: str, policy: Policy) -> None:
    """Within half a unit for each rate where it is rounded, within one unit where it is shared out."""
    totals = compute(lines, currency, policy)

    exact_by_key: dict[str, Fraction] = {}
    for line, total in zip(lines, totals.lines, strict=True):
        amount, divisor = total.net, Fraction(100)
        if policy.basis is PriceBasis.GROSS:
            amount, divisor = total.gross, 100 + sum(Fraction(rate.percent) for rate in line.rates)
        for rate, tax in zip(line.rates, total.taxes, strict=True):
            exact = amount * Fraction(rate.percent) / divisor
            exact_by_key[rate.key] = exact_by_key.get(rate.key, Fraction(0)) + exact
            assert abs(tax - exact) < 1
            if exact.denominator == 1:
                assert tax == exact or policy.tax_rounding is TaxRounding.LINE
    if policy.tax_rounding is TaxRounding.DOCUMENT:
        for tax in totals.taxes:
            assert abs(tax.amount - exact_by_key[tax.key]) <= Fraction(1, 2)


@unhurried
@given(lines, currencies, policies)
def test_a_credit_mirrors_its_invoice(lines: list[Line], currency: str, policy: Policy) -> None:
    credit = [replace(line, quantity=-line.quantity) for line in lines]

    assert compute(credit, currency, policy) == negated(compute(lines, currency, policy))


@unhurried
@given(lines, currencies, policies, st.randoms())
def test_the_order_of_lines_does_not_change_the_header(
    lines: list[Line], currency: str, policy: Policy, random: Any
) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)
    one, other = compute(lines, currency, policy), compute(shuffled, currency, policy)

    assert (one.net, one.tax, one.gross) == (other.net, other.tax, other.gross)
    assert {tax.key: tax for tax in one.taxes} == {tax.key: tax for tax in other.taxes}


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_a_document_without_lines(policy: Policy) -> None:
    assert compute([], "EUR", policy) == Totals((), (), 0, 0, 0)


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_every_currency_has_its_own_unit(policy: Policy) -> None:
    net, tax = (300, 60) if policy.basis is PriceBasis.NET else (250, 50)

    for currency, places in CURRENCIES.items():
        totals = compute([Line(Decimal(3), Decimal(100), rates=(VAT,))], currency, policy)
        assert (totals.net, totals.tax) == (net * 10**places, tax * 10**places), currency


@unhurried
@given(decimals(-9999, 9999, 6), decimals(-9999, 9999, 6), discounts)
def test_line_amount_is_exact(quantity: Decimal, price: Decimal, discount: Decimal) -> None:
    exact = Fraction(quantity) * Fraction(price) * (100 - Fraction(discount)) / 100

    assert Fraction(line_amount(quantity, price, discount)) == exact


def test_line_amount_keeps_every_digit_of_the_greatest_figures() -> None:
    greatest = Decimal("9223372036854.775807")

    assert Fraction(line_amount(greatest, greatest, Decimal("0.000001"))) == (
        Fraction(greatest) ** 2 * Fraction("0.99999999")
    )


def great(amount: int, **percents: int) -> Line:
    """A line of so many times 10^18 cents; a BIGINT holds 9.2 of them."""
    rates = tuple(Rate(key, Decimal(percent)) for key, percent in percents.items())
    return Line(Decimal(amount * 10**10), Decimal(10**6), rates=rates)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([great(10), great(-10)], id="a line"),
        pytest.param([great(4, a=200), great(-4, a=200)], id="a line with its tax"),
        pytest.param([great(3, a=100), great(3, a=100)], id="the gross alone"),
        pytest.param([great(9), great(9), great(-4, a=100), great(-4, a=100)], id="the net alone"),
        pytest.param(
            [great(4, a=100), great(4, b=100), great(4, c=100), great(-9), great(-9)], id="the tax alone"
        ),
        pytest.param([great(5, a=0), great(5, a=0), great(-5), great(-5)], id="the base of a rate alone"),
    ],
)
def test_what_does_not_fit_is_refused(lines: list[Line]) -> None:
    with pytest.raises(OutOfRange):
        compute(lines, "EUR", Policy.parse("document/half_up/net"))


def test_what_just_fits_is_computed() -> None:
    assert compute([great(4), great(5)], "EUR", POLICIES[0]).gross == 9 * 10**18


@pytest.mark.parametrize("discount", ["-0.000001", "100.000001"])
def test_a_discount_is_a_part(discount: str) -> None:
    with pytest.raises(ValueError, match="discount"):
        Line(Decimal(1), Decimal(1), Decimal(discount))


def test_a_line_takes_only_what_can_be_stored() -> None:
    with pytest.raises(ValueError, match="decimals"):
        Line(Decimal("0.0000001"), Decimal(1))
    with pytest.raises(ValueError, match="decimals"):
        Line(Decimal(1), Decimal("0.0000001"))
    with pytest.raises(ValueError, match="decimals"):
        Rate("vat", Decimal("0.0000001"))
    with pytest.raises(ValueError, match="negative"):
        Rate("vat", Decimal(-1))


def test_a_key_names_one_rate() -> None:
    other = Rate("vat", Decimal(19))

    with pytest.raises(ValueError, match="twice"):
        Line(Decimal(1), Decimal(1), rates=(VAT, other))
    with pytest.raises(ValueError, match="two percents"):
        compute(
            [Line(Decimal(1), Decimal(1), rates=(VAT,)), Line(Decimal(1), Decimal(1), rates=(other,))],
            "EUR",
            POLICIES[0],
        )


def test_equal_percents_of_different_keys_stay_apart() -> None:
    """Sales of the same rate may go to different boxes of the tax return."""
    lines = [
        Line(Decimal(1), Decimal("0.02"), rates=(Rate(key, Decimal(20)),)) for key in ("goods", "services")
    ]
    totals = compute(lines, "EUR", Policy.parse("document/half_up/net"))

    assert [(tax.key, tax.base, tax.amount) for tax in totals.taxes] == [("goods", 2, 0), ("services", 2, 0)]


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency, match="XXX"):
        compute([], "XXX", POLICIES[0])
