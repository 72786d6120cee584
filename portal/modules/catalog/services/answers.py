"""What other modules ask of the catalog."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select

from portal.kernel.errors import Refused
from portal.kernel.folding import fold, matches
from portal.kernel.i18n import _
from portal.kernel.money import Rounding, exponent, from_scaled, round_minor
from portal.kernel.unit import Unit
from portal.modules.catalog.interfaces import Price, PriceQuery, ProductFacts
from portal.modules.catalog.models import Product
from portal.modules.catalog.services.products import facts
from portal.modules.taxes.interfaces import ITaxes


class Products:
    """The implementation of `IProducts`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def get(self, product_ids: Collection[int]) -> Mapping[int, ProductFacts]:
        """Products by id; unknown ones are left out."""
        return {found.id: found for found in self._read(Product.id.in_(product_ids))}

    def find(self, public_ids: Collection[str]) -> Mapping[str, ProductFacts]:
        """Products by public id; unknown ones are left out."""
        return {found.public_id: found for found in self._read(Product.public_id.in_(public_ids))}

    def by_sku(self, skus: Collection[str]) -> Mapping[str, ProductFacts]:
        """Active products by the SKU as it was asked for, whatever its case."""
        asked = {sku: fold(sku) for sku in skus}
        found = {
            fold(product.sku): product
            for product in self._read(Product.sku_key.in_(asked.values()), Product.active)
        }
        return {sku: found[key] for sku, key in asked.items() if key in found}

    def search(self, term: str, limit: int = 20) -> tuple[ProductFacts, ...]:
        """Active products whose SKU or name has every word of `term`, by name."""
        statement = (
            select(Product)
            .where(Product.active, matches(Product.search_text, term))
            .order_by(Product.name_key, Product.id)
        )
        return tuple(facts(product) for product in self._unit.db.scalars(statement.limit(limit)))

    def _read(self, *conditions: ColumnElement[bool] | Any) -> list[ProductFacts]:
        return [facts(found) for found in self._unit.db.scalars(select(Product).where(*conditions))]


class ListPrices:
    """The implementation of `IPrices` from list prices and exchange rates."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def prices(
        self, queries: Collection[PriceQuery], customer_id: int, currency: str, on: date
    ) -> Mapping[int, Price]:
        """The list price for each product, converted at the rate of the day and rounded to the currency's minor unit.

        In the base currency a list price keeps all its decimals. Raises Refused where there is no exchange rate.
        """
        wanted = {query.product_id for query in queries}
        if not wanted:
            return {}
        rows = self._unit.db.execute(
            select(Product.id, Product.list_price).where(Product.id.in_(wanted))
        ).all()
        base = self._unit.company.currency
        if currency == base:
            return {row.id: Price(from_scaled(row.list_price), Decimal(0), _("List price")) for row in rows}
        rate = self._unit.ask(ITaxes).exchange_rate(currency, on)
        source = _(
            "List price at ${rate} ${base}/${currency}",
            mapping={"rate": f"{rate:f}", "base": base, "currency": currency},
        )
        return {
            row.id: Price(_converted(from_scaled(row.list_price), rate, currency), Decimal(0), source)
            for row in rows
        }


def _converted(amount: Decimal, rate: Decimal, currency: str) -> Decimal:
    """An amount of the base currency in another, rounded; refused where nothing would be left of it."""
    places = exponent(currency)
    minor = round_minor(amount / rate, places, Rounding.HALF_UP)
    if amount and not minor:
        raise Refused(
            _("A list price is too small to be expressed in ${currency}.", mapping={"currency": currency})
        )
    return Decimal(minor).scaleb(-places)
