"""The verbs of the catalog: what others ask, and how people keep products and categories."""

from __future__ import annotations

from portal.modules.catalog.services.answers import ListPrices, Products
from portal.modules.catalog.services.browsing import Offered, browse, browse_one
from portal.modules.catalog.services.categories import (
    CategoryData,
    add_category,
    category_choices,
    category_titles,
    change_category,
    find_category,
    remove_category,
    stored_category,
)
from portal.modules.catalog.services.checks import check_products
from portal.modules.catalog.services.products import (
    KINDS,
    ProductData,
    change_product,
    create_product,
    facts,
    find_product,
    set_active,
    stored_values,
)

__all__ = [
    "KINDS",
    "CategoryData",
    "ListPrices",
    "Offered",
    "ProductData",
    "Products",
    "add_category",
    "browse",
    "browse_one",
    "category_choices",
    "category_titles",
    "change_category",
    "change_product",
    "check_products",
    "create_product",
    "facts",
    "find_category",
    "find_product",
    "remove_category",
    "set_active",
    "stored_category",
    "stored_values",
]
