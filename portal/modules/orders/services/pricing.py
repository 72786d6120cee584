"""Working out lines: products, prices, taxes, totals; the same number of statements for one line and for a hundred."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from portal.kernel import money
from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text, _
from portal.kernel.money import OutOfRange, from_scaled, to_scaled
from portal.kernel.unit import Unit
from portal.modules.catalog.interfaces import SERVICE, IPrices, IProducts, Price, PriceQuery, ProductFacts
from portal.modules.orders.models import OrderLine
from portal.modules.orders.services.drafts import DraftLine
from portal.modules.orders.services.reading import rates_json
from portal.modules.taxes.interfaces import ITaxes, Position, Taxation, TaxRate


@dataclass(frozen=True, slots=True)
class Terms:
    """What lines are worked out under; `policy` is the text of a money policy."""

    customer_id: int
    currency: str
    policy: str
    position: Position
    language: str
    tax_point: date


@dataclass(frozen=True, slots=True)
class Cited:
    """A line with all that it cites."""

    key: int | None
    product_id: int | None
    product_public_id: str
    sku: str
    name: str
    description: str
    unit: str
    service: bool
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    price_source: str
    tax_class: str


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """Rows for `orders_line` without order, and what they sum to for the order's own row."""

    lines: list[dict[str, Any]]
    header: dict[str, Any]


def work_out(
    unit: Unit,
    terms: Terms,
    lines: Sequence[DraftLine],
    stored: Mapping[int, OrderLine] | None = None,
    products: Mapping[str, ProductFacts] | None = None,
    *,
    priced: bool = True,
) -> WorkedOut:
    """Lines with products, prices, taxes and totals: at most four statements (products, prices, taxes).

    `stored` are the lines of the order by key: what a line cites already is kept. `products` are those that the caller
    looked up already, by public id. Without `priced` nothing is asked: prices and taxes are left to be worked out. Raises Invalid naming the line
    (`lines-0-product`), Refused where a price or a tax is lacking.
    """
    cited = _cite(unit, terms, lines, stored or {}, products or {}, priced)
    if not priced:
        return assemble(terms, cited, {})
    taxation = unit.ask(ITaxes).taxation(
        {line.tax_class for line in cited if line.tax_class}, terms.position, terms.tax_point, terms.language
    )
    return assemble(terms, cited, taxation)


def assemble(terms: Terms, cited: Sequence[Cited], taxation: Mapping[str, Taxation]) -> WorkedOut:
    """The rows of these lines and their sums. Runs no query. Raises Invalid for amounts out of range."""
    taxed = [taxation.get(line.tax_class, Taxation((), "", "")) for line in cited]
    policy = money.Policy.parse(terms.policy)
    sums = [
        money.Line(line.quantity, line.unit_price, line.discount, _rates(tax.rates))
        for line, tax in zip(cited, taxed, strict=True)
    ]
    try:
        totals = money.compute(sums, terms.currency, policy)
    except OutOfRange as error:
        raise Invalid({"": _("The amounts are too large.")}) from error
    return WorkedOut(
        lines=[
            _row(position, line, tax, total)
            for position, (line, tax, total) in enumerate(
                zip(_keyed(cited), taxed, totals.lines, strict=True), start=1
            )
        ],
        header={
            "net": totals.net,
            "tax": totals.tax,
            "gross": totals.gross,
            "taxes": _breakdown(taxed, totals),
        },
    )


def _rates(rates: Iterable[TaxRate]) -> tuple[money.Rate, ...]:
    return tuple(money.Rate(rate.key, rate.percent) for rate in rates)


def _row(position: int, line: Cited, tax: Taxation, total: money.LineTotal) -> dict[str, Any]:
    return {
        "key": line.key,
        "position": position,
        "product_id": line.product_id,
        "product_public_id": line.product_public_id,
        "sku": line.sku,
        "name": line.name,
        "description": line.description,
        "unit": line.unit,
        "service": line.service,
        "quantity": to_scaled(line.quantity),
        "unit_price": to_scaled(line.unit_price),
        "discount": to_scaled(line.discount),
        "price_source": line.price_source,
        "tax_class": line.tax_class,
        "tax_category": tax.category,
        "rates": rates_json(tax.rates),
        "exemption": tax.exemption,
        "net": total.net,
        "tax": total.tax,
        "gross": total.gross,
        "delivered": 0,
        "invoiced": 0,
        "cancelled": 0,
    }


def _keyed(lines: Sequence[Cited]) -> list[Cited]:
    """The lines with keys: those they had, new ones above the highest."""
    following = max((line.key or 0 for line in lines), default=0)
    keyed: list[Cited] = []
    for line in lines:
        if line.key is None:
            following += 1
            keyed.append(replace(line, key=following))
        else:
            keyed.append(line)
    return keyed


def _breakdown(taxed: Sequence[Taxation], totals: money.Totals) -> str:
    """JSON of the taxes: key, title, percent, category, exemption, base and amount; lines without a rate by category."""
    known = {rate.key: (rate, tax) for tax in taxed for rate in tax.rates}
    entries: list[dict[str, Any]] = [
        {
            "key": total.key,
            "title": known[total.key][0].title,
            "percent": str(total.percent),
            "category": known[total.key][1].category,
            "exemption": known[total.key][1].exemption,
            "base": total.base,
            "amount": total.amount,
        }
        for total in totals.taxes
    ]
    untaxed: dict[tuple[str, str], int] = {}
    for tax, total in zip(taxed, totals.lines, strict=True):
        if not tax.rates and tax.category:
            place = (tax.category, tax.exemption)
            untaxed[place] = untaxed.get(place, 0) + total.net
    entries.extend(
        {
            "key": category,
            "title": category,
            "percent": "0",
            "category": category,
            "exemption": exemption,
            "base": base,
            "amount": 0,
        }
        for (category, exemption), base in untaxed.items()
    )
    return json.dumps(entries, ensure_ascii=False, sort_keys=True)


# --- what lines cite ---------------------------------------------------------------------------------------


def _cite(
    unit: Unit,
    terms: Terms,
    lines: Sequence[DraftLine],
    stored: Mapping[int, OrderLine],
    known: Mapping[str, ProductFacts],
    priced: bool,
) -> list[Cited]:
    kept = [_kept(line, stored) for line in lines]
    new = {line.product for line, old in zip(lines, kept, strict=True) if line.product and old is None}
    lacking = new - known.keys()
    products = {**known, **unit.ask(IProducts).find(lacking)} if lacking else known
    errors: dict[str, Text] = {
        f"lines-{place}-product": _("This product is not known or no longer sold.")
        for place, (line, old) in enumerate(zip(lines, kept, strict=True))
        if line.product and old is None and not _sold(products.get(line.product))
    }
    if errors:
        raise Invalid(errors)
    prices: Mapping[int, Price] = _prices(unit, terms, lines, kept, products) if priced else {}
    return [
        _from_stored(line, old, prices, unit)
        if old is not None
        else _from_product(line, products[line.product], prices, unit)
        if line.product
        else _free_text(place, line, unit)
        for place, (line, old) in enumerate(zip(lines, kept, strict=True))
    ]


def _kept(line: DraftLine, stored: Mapping[int, OrderLine]) -> OrderLine | None:
    """The stored line that this one goes on with: the same product, or free text as before."""
    old = None if line.key is None else stored.get(line.key)
    return old if old is not None and old.product_public_id == line.product else None


def _sold(product: ProductFacts | None) -> bool:
    return product is not None and product.active


def _prices(
    unit: Unit,
    terms: Terms,
    lines: Sequence[DraftLine],
    kept: Sequence[OrderLine | None],
    products: Mapping[str, ProductFacts],
) -> Mapping[int, Price]:
    """Prices of the lines that are new or ask for one; asked for all of them at once."""
    queries: dict[int, PriceQuery] = {}
    for line, old in zip(lines, kept, strict=True):
        product_id = products[line.product].id if line.product in products else old and old.product_id
        if product_id is not None and (old is None or line.unit_price is None):
            queries.setdefault(product_id, PriceQuery(product_id, line.quantity))
    if not queries:
        return {}
    return unit.ask(IPrices).prices(
        list(queries.values()), terms.customer_id, terms.currency, terms.tax_point
    )


@dataclass(frozen=True, slots=True)
class _Priced:
    amount: Decimal
    discount: Decimal
    source: str


def _price(line: DraftLine, price: Price | None, unit: Unit) -> _Priced:
    """The price of a line: what was written, else what was asked for; the source says which it was."""
    language = unit.company.language
    if price is None and line.unit_price is None:
        return _Priced(Decimal(0), line.discount or Decimal(0), "")
    if price is None or (line.unit_price is not None and line.unit_price != price.amount):
        by_hand = unit.translate(_("By hand"), language)
        return _Priced(line.unit_price or Decimal(0), line.discount or Decimal(0), by_hand)
    discount = price.discount if line.discount is None else line.discount
    return _Priced(price.amount, discount, unit.translate(price.source, language)[:200])


def _from_stored(line: DraftLine, old: OrderLine, prices: Mapping[int, Price], unit: Unit) -> Cited:
    asked = prices.get(old.product_id) if old.product_id is not None and line.unit_price is None else None
    unchanged = line.unit_price is not None and line.unit_price == from_scaled(old.unit_price)
    priced = (
        _Priced(from_scaled(old.unit_price), line.discount or Decimal(0), old.price_source)
        if unchanged
        else _price(line, asked, unit)
    )
    return Cited(
        key=line.key,
        product_id=old.product_id,
        product_public_id=old.product_public_id,
        sku=old.sku,
        name=line.name or old.name,
        description=line.description,
        unit=line.unit or old.unit,
        service=old.service if line.product else line.service,
        quantity=line.quantity,
        unit_price=priced.amount,
        discount=priced.discount,
        price_source=priced.source,
        tax_class=line.tax_class or old.tax_class,
    )


def _from_product(line: DraftLine, product: ProductFacts, prices: Mapping[int, Price], unit: Unit) -> Cited:
    priced = _price(line, prices.get(product.id), unit)
    return Cited(
        key=line.key,
        product_id=product.id,
        product_public_id=product.public_id,
        sku=product.sku,
        name=line.name or product.name,
        description=line.description or product.description,
        unit=line.unit or product.unit,
        service=product.kind == SERVICE,
        quantity=line.quantity,
        unit_price=priced.amount,
        discount=priced.discount,
        price_source=priced.source,
        tax_class=line.tax_class or product.tax_class,
    )


def _free_text(place: int, line: DraftLine, unit: Unit) -> Cited:
    if not line.name:
        raise Invalid({f"lines-{place}-name": _("Choose a product or write what is sold.")})
    priced = _price(line, None, unit)
    return Cited(
        key=line.key,
        product_id=None,
        product_public_id="",
        sku="",
        name=line.name,
        description=line.description,
        unit=line.unit,
        service=line.service,
        quantity=line.quantity,
        unit_price=priced.amount,
        discount=priced.discount,
        price_source=priced.source,
        tax_class=line.tax_class,
    )
