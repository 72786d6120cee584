"""The catalog as customers browse it, within their scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from portal.kernel.errors import Refused
from portal.kernel.folding import matches
from portal.kernel.i18n import Text, _
from portal.kernel.money import to_scaled
from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.catalog.interfaces import IBuyerCurrency, IPrices, PriceQuery, ProductFacts
from portal.modules.catalog.models import Category, Product
from portal.modules.catalog.services.products import facts
from portal.web.lists import ChoiceFilter, Column, Listing, Page

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Offered:
    """A product with its price (scaled, in `currency`) for the customer, where one can be given."""

    product: ProductFacts
    price: int | None
    currency: str
    source: Text


def browse(
    unit: Unit, scope: Scope, params: Mapping[str, str], categories: Mapping[str, str]
) -> tuple[Page, list[Offered]]:
    """A page of the active products as the address asks for, with the prices for this customer.

    `categories` are the titles of categories by public id. Raises Invalid for parameters that mean nothing.
    """
    page = _listing(categories).page(unit.db, params, [Product.active.is_(True)])
    ids = [row[0] for row in page.rows]
    found = {product.id: product for product in unit.db.scalars(select(Product).where(Product.id.in_(ids)))}
    return page, offered(unit, scope, [facts(found[product_id]) for product_id in ids])


def browse_one(unit: Unit, scope: Scope, public_id: str) -> Offered | None:
    """An active product with its price for this customer, None when there is none."""
    product = unit.db.scalar(select(Product).where(Product.public_id == public_id, Product.active))
    return None if product is None else offered(unit, scope, [facts(product)])[0]


def offered(unit: Unit, scope: Scope, products: list[ProductFacts]) -> list[Offered]:
    """Products with their prices for one piece; without a price where none can be given in the customer's currency."""
    currency = _currency(unit, scope)
    queries = [PriceQuery(product.id, _ONE) for product in products]
    try:
        prices = unit.ask(IPrices).prices(queries, scope.customer_id, currency, unit.today())
    except Refused:
        return [Offered(product, None, currency, _("Price on request")) for product in products]
    return [
        Offered(product, to_scaled(price.amount), currency, price.source)
        for product, price in ((product, prices[product.id]) for product in products)
    ]


def _currency(unit: Unit, scope: Scope) -> str:
    buyers = unit.ask_if(IBuyerCurrency)
    return unit.company.currency if buyers is None else buyers.currency(scope.customer_id)


def _listing(categories: Mapping[str, str]) -> Listing:
    return Listing(
        base=select(Product.id),
        id=Product.id,
        columns=(
            Column("id", "", Product.id, hidden=True),
            Column("name", _("Name"), Product.name, sort=True, sort_by=Product.name_key),
            Column("sku", _("SKU"), Product.sku, sort=True, sort_by=Product.sku_key),
        ),
        default="name",
        name="catalog",
        search=_searched,
        search_hint=_("SKU or name"),
        filters=(ChoiceFilter("category", _("Category"), categories, _in_category),),
    )


def _searched(term: str) -> Any:
    return matches(Product.search_text, term)


def _in_category(public_id: str) -> Any:
    """Products of a category and of those below it."""
    here = select(Category.id).where(Category.public_id == public_id).scalar_subquery()
    below = select(Category.id).where((Category.id == here) | (Category.parent_id == here))
    return Product.category_id.in_(below)
