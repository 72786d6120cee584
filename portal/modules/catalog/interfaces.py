"""What others may ASK of the catalog: products, and the price of a line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from portal.kernel.i18n import Text
from portal.kernel.slots import Slot
from portal.web.request import Request
from portal.web.slots import Panel

GOODS, SERVICE = "goods", "service"


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What documents cite of a product. `list_price` is per unit, in the company's base currency."""

    id: int
    public_id: str
    sku: str
    name: str
    description: str
    unit: str
    list_price: Decimal
    tax_class: str
    kind: str
    active: bool


@dataclass(frozen=True, slots=True)
class PriceQuery:
    """The price that is asked for."""

    product_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """A unit price in the asked currency, before discount; `source` says where it comes from."""

    amount: Decimal
    discount: Decimal
    source: Text


class IProducts(Protocol):
    """Products, each answer in one statement."""

    def get(self, product_ids: Collection[int]) -> Mapping[int, ProductFacts]:
        """Products by id; unknown ones are left out."""
        ...

    def find(self, public_ids: Collection[str]) -> Mapping[str, ProductFacts]:
        """Products by public id; unknown ones are left out."""
        ...

    def by_sku(self, skus: Collection[str]) -> Mapping[str, ProductFacts]:
        """Active products by SKU, exactly as typed but for case."""
        ...

    def search(self, term: str, limit: int = 20) -> tuple[ProductFacts, ...]:
        """Active products by SKU or name."""
        ...


class IPrices(Protocol):
    """The one source of prices. A module replaces it with `config.provide(IPrices, …, replaces=True)`."""

    def prices(
        self, queries: Collection[PriceQuery], customer_id: int, currency: str, on: date
    ) -> Mapping[int, Price]:
        """A price for each product, by product id, in at most two statements.

        Raises Refused where a price cannot be given in that currency.
        """
        ...


class IBuyerCurrency(Protocol):
    """In which currency a customer buys. The catalog does not know customers: a module above both may provide this.

    Without it customers see prices in the base currency.
    """

    def currency(self, customer_id: int) -> str:
        """The ISO 4217 code."""
        ...


#: What customers can do with a product while they browse (request it, …), on the list and on the product's page.
MY_PRODUCT_ACTIONS: Slot[Callable[[ProductFacts, Request], Panel | None]] = Slot("catalog.my.product.actions")
