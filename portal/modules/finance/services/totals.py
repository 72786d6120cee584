"""Working out a document: taxes and totals of its lines, in its own and in the base currency."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from portal.kernel import money
from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text, _
from portal.kernel.money import OutOfRange, Policy, convert, to_scaled
from portal.kernel.unit import Unit
from portal.modules.taxes.interfaces import ITaxes, Position, Taxation


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as it was written; the unit price in the document's currency and price basis."""

    name: str
    quantity: Decimal
    unit_price: Decimal
    tax_class: str
    discount: Decimal = Decimal(0)
    description: str = ""
    unit: str = ""
    sku: str = ""
    order_line_id: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a document is worked out under; `policy` is the text of a money policy, `tax_date` the tax point."""

    currency: str
    policy: str
    position: Position
    language: str
    tax_date: date


@dataclass(frozen=True, slots=True)
class StoredRate:
    """One tax of a stored line: percent as a Decimal, `amount` in minor units."""

    key: str
    title: str
    percent: Decimal
    amount: int


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """Rows for lines and taxes without their invoice, and the columns of the invoice that follow from them."""

    lines: list[dict[str, Any]]
    taxes: list[dict[str, Any]]
    header: dict[str, Any]


class Shares(Protocol):
    """What lines are worth as parts of something that was agreed, so that its parts sum to it."""

    def of(self, line: DraftLine, taxation: Taxation) -> money.LineTotal | None:
        """The worth of a line under these taxes; None where it is no part of what was agreed, and priced by itself."""
        ...


class InBase(Protocol):
    """How the amounts of a document are converted to the base currency: minor units to minor units."""

    def net(self, group: tuple[str, str], minor: int) -> int:
        """The net of a group of lines (see `TaxedLine.group`)."""
        ...

    def tax(self, key: str, minor: int) -> int:
        """The amount of a tax."""
        ...


@dataclass(frozen=True, slots=True)
class AtRate:
    """Conversion at an exchange rate; nothing to convert between equal currencies."""

    currency: str
    base: str
    rate: Decimal

    def net(self, group: tuple[str, str], minor: int) -> int:
        """The net at the rate."""
        return self.tax("", minor)

    def tax(self, key: str, minor: int) -> int:
        """The amount at the rate."""
        return minor if self.currency == self.base else convert(minor, self.currency, self.base, self.rate)


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """A line with its amounts, of an invoice or credit note, as taxes are summed and posted from it."""

    tax_class: str
    category: str
    exemption: str
    net: int
    rates: tuple[StoredRate, ...]

    @property
    def group(self) -> tuple[str, str]:
        """What lines are converted and posted together by: the first tax and the tax class."""
        return self.rates[0].key, self.tax_class


def work_out(unit: Unit, terms: Terms, lines: Sequence[DraftLine], shares: Shares | None = None) -> WorkedOut:
    """Taxes and totals of lines, in at most two statements (taxes, exchange rate).

    Lines that are parts of something agreed are worth what `shares` says; the others are computed together.
    Raises Invalid naming the field of a line whose figures are out of range, Refused where a tax or an exchange rate is
    missing.
    """
    taxes = unit.ask(ITaxes)
    taxation = taxes.taxation(
        {line.tax_class for line in lines}, terms.position, terms.tax_date, terms.language
    )
    rate = taxes.exchange_rate(terms.currency, terms.tax_date)
    try:
        totals = _totals(terms, lines, taxation, shares)
        rows = [
            _row(place, line, taxation[line.tax_class], total)
            for place, (line, total) in enumerate(zip(lines, totals, strict=True), start=1)
        ]
        in_base = AtRate(terms.currency, unit.company.currency, rate)
        summed = sum_up([taxed(row) for row in rows], rate, in_base)
    except OutOfRange as error:
        raise Invalid({"": _("The total is too large.")}) from error
    return WorkedOut(rows, summed.taxes, {**summed.header, "tax_date": terms.tax_date})


def taxed(row: Mapping[str, Any]) -> TaxedLine:
    """A stored line as it is summed and posted."""
    return TaxedLine(
        row["tax_class"], row["tax_category"], row["exemption"], row["net"], rates_of(row["rates"])
    )


def sum_up(lines: Sequence[TaxedLine], rate: Decimal, in_base: InBase) -> WorkedOut:
    """Taxes and header of lines, the rows themselves left out; a tax carries each text of exemption of its lines once.

    In base, nets are converted by tax and tax class and taxes by key, each rounded once, so that the parts that are
    posted sum to the header.
    """
    nets = nets_of(lines)
    base_nets = {group: in_base.net(group, net) for group, net in nets.items()}
    taxes: dict[str, dict[str, Any]] = {}
    for line in lines:
        for stored in line.rates:
            row = taxes.setdefault(stored.key, _tax_row(len(taxes) + 1, line, stored))
            row["base"] += line.net
            row["amount"] += stored.amount
    for key, row in taxes.items():
        under = [line for line in lines if any(stored.key == key for stored in line.rates)]
        row["base_base"] = sum(base_nets[group] for group in {line.group for line in under})
        row["base_amount"] = in_base.tax(key, row["amount"])
        row["exemption"] = "\n".join(dict.fromkeys(line.exemption for line in under if line.exemption))
    net, tax = sum(nets.values()), sum(row["amount"] for row in taxes.values())
    base_net = sum(base_nets.values())
    base_tax = sum(row["base_amount"] for row in taxes.values())
    header = {
        "exchange_rate": to_scaled(rate),
        "net": net,
        "tax": tax,
        "gross": net + tax,
        "base_net": base_net,
        "base_tax": base_tax,
        "base_gross": base_net + base_tax,
    }
    return WorkedOut([], list(taxes.values()), header)


def nets_of(lines: Sequence[TaxedLine]) -> dict[tuple[str, str], int]:
    """The net of each group of lines."""
    nets: dict[tuple[str, str], int] = {}
    for line in lines:
        nets[line.group] = nets.get(line.group, 0) + line.net
    return nets


def rates_json(rates: Sequence[StoredRate]) -> str:
    """The taxes of a line as it stores them."""
    return json.dumps(
        [[rate.key, rate.title, f"{rate.percent:f}", rate.amount] for rate in rates],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def rates_of(stored: str) -> tuple[StoredRate, ...]:
    """The taxes of a stored line."""
    return tuple(
        StoredRate(key, title, Decimal(percent), amount) for key, title, percent, amount in json.loads(stored)
    )


def _tax_row(position: int, line: TaxedLine, rate: StoredRate) -> dict[str, Any]:
    return {
        "position": position,
        "key": rate.key,
        "title": rate.title,
        "category": line.category,
        "exemption": "",
        "percent": to_scaled(rate.percent),
        "base": 0,
        "amount": 0,
        "base_base": 0,
        "base_amount": 0,
    }


def _totals(
    terms: Terms, lines: Sequence[DraftLine], taxation: Mapping[str, Taxation], shares: Shares | None
) -> list[money.LineTotal]:
    checked = [_money_line(place, line, taxation[line.tax_class]) for place, line in enumerate(lines)]
    agreed = [shares.of(line, taxation[line.tax_class]) if shares else None for line in lines]
    alone = [line for line, share in zip(checked, agreed, strict=True) if share is None]
    computed = iter(money.compute(alone, terms.currency, Policy.parse(terms.policy)).lines if alone else ())
    return [next(computed) if share is None else share for share in agreed]


def _money_line(place: int, line: DraftLine, taxation: Taxation) -> money.Line:
    if line.quantity <= 0:
        raise Invalid({f"lines-{place}-quantity": _("A quantity is above zero.")})
    if line.unit_price < 0:
        raise Invalid({f"lines-{place}-unit_price": _("A price is zero or above.")})
    rates = tuple(money.Rate(rate.key, rate.percent) for rate in taxation.rates)
    try:
        return money.Line(line.quantity, line.unit_price, line.discount, rates)
    except ValueError as error:
        message: Text = (
            _("This number is too large.")
            if isinstance(error, OutOfRange)
            else _("This number does not fit.")
        )
        raise Invalid({f"lines-{place}-quantity": message}) from error


def _row(place: int, line: DraftLine, taxation: Taxation, total: money.LineTotal) -> dict[str, Any]:
    rates = [
        StoredRate(rate.key, rate.title, rate.percent, amount)
        for rate, amount in zip(taxation.rates, total.taxes, strict=True)
    ]
    # What no rate applies to is summed and posted under its category.
    rates = rates or [StoredRate(taxation.category, taxation.category, Decimal(0), 0)]
    return {
        "position": place,
        "order_line_id": line.order_line_id,
        "corrects_id": None,
        "sku": line.sku,
        "name": line.name,
        "description": line.description,
        "unit": line.unit,
        "quantity": to_scaled(line.quantity),
        "unit_price": to_scaled(line.unit_price),
        "discount": to_scaled(line.discount),
        "tax_class": line.tax_class,
        "tax_category": taxation.category,
        "rates": rates_json(rates),
        "exemption": taxation.exemption,
        "net": total.net,
        "tax": total.tax,
        "gross": total.gross,
    }
