"""The totals of a document: lines, taxes by rate, net, tax and gross, by the document's policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import lcm

from portal.kernel.money.apportion import apportion
from portal.kernel.money.currency import exponent
from portal.kernel.money.policy import Policy, PriceBasis, TaxRounding
from portal.kernel.money.rounding import divide
from portal.kernel.money.scaled import SCALE, bigint, to_decimal, to_scaled

_HUNDRED = 100 * SCALE  # 100 percent, scaled
_LINE_PLACES = 20  # six of the quantity, six of the price, six of the discount, two of "percent"


@dataclass(frozen=True, slots=True)
class Rate:
    """A tax rate in percent. The key names it within a document: equal keys are summed into one `TaxTotal`.

    Raises ValueError when the percent is negative or has more than six decimals.
    """

    key: str
    percent: Decimal

    def __post_init__(self) -> None:
        if to_scaled(self.percent) < 0:
            raise ValueError(f"a tax rate is not negative: {self.percent}")


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says: quantity (negative takes back), unit price, discount in percent, and the rates that tax it.

    Several rates apply side by side, each to the line's base, never to one another. Raises ValueError when a figure has
    more than six decimals, the discount lies outside 0 to 100, or two rates have one key.
    """

    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = Decimal(0)
    rates: tuple[Rate, ...] = ()

    def __post_init__(self) -> None:
        _scaled_amount(self.quantity, self.unit_price, self.discount)
        if len({rate.key for rate in self.rates}) < len(self.rates):
            raise ValueError("a line is taxed twice by one key")


@dataclass(frozen=True, slots=True)
class LineTotal:
    """A line's amounts in minor units; `taxes` are the parts of `tax` in the order of the line's rates."""

    net: int
    tax: int
    gross: int
    taxes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """One rate on the document: `base` is the sum of the nets of its lines, `amount` its tax, in minor units."""

    key: str
    percent: Decimal
    base: int
    amount: int


@dataclass(frozen=True, slots=True)
class Totals:
    """A document's amounts in minor units: lines as given, taxes in order of first appearance.

    The lines sum to the header in net, tax and gross; the taxes sum to `tax`; net + tax = gross.
    """

    lines: tuple[LineTotal, ...]
    taxes: tuple[TaxTotal, ...]
    net: int
    tax: int
    gross: int


def line_amount(quantity: Decimal, unit_price: Decimal, discount_percent: Decimal = Decimal(0)) -> Decimal:
    """quantity x unit price x (1 - discount), exact and unrounded. Raises ValueError as `Line` does."""
    return to_decimal(_scaled_amount(quantity, unit_price, discount_percent), _LINE_PLACES)


def compute(lines: Sequence[Line], currency: str, policy: Policy) -> Totals:
    """The totals of a document of these lines.

    A line's amount is quantity x unit price x (1 - discount), rounded to the minor unit before any tax.

    - Net basis: the amount is the line's net. Tax is base x rate, rounded for each line, or for each rate on the sum of
      its bases; then the lines share it by largest remainder, ties to the lower line.
    - Gross basis: the amount is the line's gross and stays. For each line, net = gross / (1 + rates) rounded and tax is
      the rest. For the document, tax is gross x rate / (1 + rates) summed for each rate and rounded once; the nets take
      the residue by largest remainder, ties to the lower line.

    Negating every quantity negates every figure.

    Raises `UnknownCurrency`, `OutOfRange` when an amount does not fit a BIGINT, ValueError when one key stands for two
    percents.
    """
    _refuse_ambiguous_keys(lines)
    places = exponent(currency)
    charges = [_charge(line, places, policy) for line in lines]
    if policy.tax_rounding is TaxRounding.DOCUMENT:
        taxes = _taxes_of_document(charges, policy)
    else:
        taxes = [_taxes_of_line(charge, policy) for charge in charges]
    totals = tuple(_line_total(charge, tax, policy.basis) for charge, tax in zip(charges, taxes, strict=True))
    return Totals(
        lines=totals,
        taxes=_tax_totals(lines, totals),
        net=bigint(sum(line.net for line in totals)),
        tax=bigint(sum(line.tax for line in totals)),
        gross=bigint(sum(line.gross for line in totals)),
    )


@dataclass(frozen=True, slots=True)
class _Charge:
    """A line's rounded amount, and by key the exact tax on it as a numerator over the common denominator."""

    amount: int
    exact: dict[str, int]
    denominator: int


def _charge(line: Line, places: int, policy: Policy) -> _Charge:
    scaled = _scaled_amount(line.quantity, line.unit_price, line.discount)
    amount = divide(scaled * 10**places, 10**_LINE_PLACES, policy.rounding)
    percents = {rate.key: to_scaled(rate.percent) for rate in line.rates}
    included = sum(percents.values()) if policy.basis is PriceBasis.GROSS else 0
    return _Charge(amount, {key: amount * percent for key, percent in percents.items()}, _HUNDRED + included)


def _taxes_of_line(charge: _Charge, policy: Policy) -> dict[str, int]:
    if policy.basis is PriceBasis.NET:
        return {
            key: divide(exact, charge.denominator, policy.rounding) for key, exact in charge.exact.items()
        }
    net = divide(charge.amount * _HUNDRED, charge.denominator, policy.rounding)
    parts = apportion(charge.amount - net, list(charge.exact.values()), charge.denominator)
    return dict(zip(charge.exact, parts, strict=True))


def _taxes_of_document(charges: Sequence[_Charge], policy: Policy) -> list[dict[str, int]]:
    common = lcm(*(charge.denominator for charge in charges))
    taxes: list[dict[str, int]] = [{} for _ in charges]
    for key in dict.fromkeys(key for charge in charges for key in charge.exact):
        taxed = [index for index, charge in enumerate(charges) if key in charge.exact]
        if policy.basis is PriceBasis.GROSS:
            taxed.reverse()  # a unit of tax less is a unit of net more, and ties give the net to the lower line
        exact = [charges[index].exact[key] * (common // charges[index].denominator) for index in taxed]
        shares = apportion(divide(sum(exact), common, policy.rounding), exact, common)
        for index, share in zip(taxed, shares, strict=True):
            taxes[index][key] = share
    return taxes


def _line_total(charge: _Charge, taxes: dict[str, int], basis: PriceBasis) -> LineTotal:
    tax = sum(taxes.values())
    net = charge.amount - tax if basis is PriceBasis.GROSS else charge.amount
    return LineTotal(
        net=net, tax=tax, gross=bigint(net + tax), taxes=tuple(taxes[key] for key in charge.exact)
    )


def _tax_totals(lines: Sequence[Line], totals: Sequence[LineTotal]) -> tuple[TaxTotal, ...]:
    sums: dict[str, TaxTotal] = {}
    for line, total in zip(lines, totals, strict=True):
        for rate, tax in zip(line.rates, total.taxes, strict=True):
            before = sums.get(rate.key, TaxTotal(rate.key, rate.percent, 0, 0))
            sums[rate.key] = replace(
                before, base=bigint(before.base + total.net), amount=bigint(before.amount + tax)
            )
    return tuple(sums.values())


def _scaled_amount(quantity: Decimal, unit_price: Decimal, discount: Decimal) -> int:
    """The exact amount of a line in units of 10^-20."""
    off = to_scaled(discount)
    if not 0 <= off <= _HUNDRED:
        raise ValueError(f"a discount is 0 to 100 percent, not {discount}")
    return to_scaled(quantity) * to_scaled(unit_price) * (_HUNDRED - off)


def _refuse_ambiguous_keys(lines: Sequence[Line]) -> None:
    percents: dict[str, Decimal] = {}
    for rate in (rate for line in lines for rate in line.rates):
        if percents.setdefault(rate.key, rate.percent) != rate.percent:
            raise ValueError(f"the tax {rate.key} has two percents: {percents[rate.key]} and {rate.percent}")
