"""The catalog in the demo: Northwind's categories and products; what is discontinued goes out of sale at the end."""

from __future__ import annotations

from portal.kernel.unit import Unit
from portal.modules.catalog.services import (
    CategoryData,
    ProductData,
    add_category,
    create_product,
    find_product,
    set_active,
)
from portal.ops import northwind
from portal.ops.demo import DemoContext
from portal.people.demo import ACCOUNTANT, CLERK, actor, appoint

#: Northwind's beverages are taxed like most goods; food is taxed less.
_STANDARD = frozenset({"Beverages"})


def run(context: DemoContext) -> None:
    """Fill the catalog as a clerk does."""
    with context.unit(context.opening) as unit:
        appoint(unit, CLERK, "catalog.editor")
        appoint(unit, ACCOUNTANT, "catalog.reader")
        clerk = actor(unit, CLERK)
    with context.unit(context.opening, clerk) as unit:
        names = {category.id: category.name for category in northwind.categories()}
        headings = {
            number: add_category(unit, CategoryData(name)).public_id for number, name in names.items()
        }
        for product in northwind.products():
            data = product_data(product, names[product.category], headings[product.category])
            context.products[product.id] = create_product(unit, data).public_id
    end = context.house.clock()
    context.agenda.put(end, clerk, lambda unit: _discontinue(unit, context))


def product_data(product: northwind.Product, category: str, heading: str) -> ProductData:
    """A product of Northwind as a clerk would enter it; its list price counts in the base currency."""
    return ProductData(
        sku=f"NW-{product.id:03d}",
        name=product.name,
        unit="pack",
        list_price=product.price,
        tax_class="standard" if category in _STANDARD else "reduced",
        description=product.pack,
        category=heading,
    )


def _discontinue(unit: Unit, context: DemoContext) -> None:
    for product in northwind.products():
        found = find_product(unit, context.products[product.id]) if product.discontinued else None
        if found is not None:
            set_active(unit, found, False)
