"""Keeping products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from portal.kernel.errors import Invalid
from portal.kernel.folding import fold, sort_key
from portal.kernel.i18n import Text, _
from portal.kernel.merging import merge
from portal.kernel.money import OutOfRange, from_scaled, to_scaled
from portal.kernel.unit import Unit
from portal.modules.catalog.interfaces import GOODS, SERVICE, ProductFacts
from portal.modules.catalog.models import Category, Product
from portal.modules.catalog.services.categories import hold_category
from portal.modules.taxes.interfaces import ITaxes

KINDS: dict[str, Text] = {GOODS: _("Goods"), SERVICE: _("Service")}


@dataclass(frozen=True, slots=True)
class ProductData:
    """What people keep of a product. `list_price` per unit in the base currency; `category` is a public id or None."""

    sku: str
    name: str
    unit: str
    list_price: Decimal
    tax_class: str
    kind: str = GOODS
    description: str = ""
    category: str | None = None


def find_product(unit: Unit, public_id: str) -> Product | None:
    """The product with that public id, None when unknown."""
    return unit.db.scalar(select(Product).where(Product.public_id == public_id))


def facts(product: Product) -> ProductFacts:
    """A product as other modules see it."""
    return ProductFacts(
        id=product.id,
        public_id=product.public_id,
        sku=product.sku,
        name=product.name,
        description=product.description,
        unit=product.unit,
        list_price=from_scaled(product.list_price),
        tax_class=product.tax_class,
        kind=product.kind,
        active=product.active,
    )


def create_product(unit: Unit, data: ProductData) -> ProductFacts:
    """A new product. Raises Invalid for a SKU that is taken (whatever its case), or an unknown class or category."""
    product = Product(active=True, version=1, created_at=unit.now())
    _write(unit, product, asdict(data))
    unit.db.add(product)
    unit.db.flush()
    return facts(product)


def stored_values(unit: Unit, product: Product) -> dict[str, Any]:
    """The values of the product by the fields of `ProductData`; the list price scaled."""
    category = None if product.category_id is None else unit.db.get(Category, product.category_id)
    return {
        "sku": product.sku,
        "name": product.name,
        "unit": product.unit,
        "list_price": product.list_price,
        "tax_class": product.tax_class,
        "kind": product.kind,
        "description": product.description,
        "category": None if category is None else category.public_id,
    }


def change_product(unit: Unit, product_id: int, values: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    """Change a product to the values that a person typed over those they were shown (`base`), as `stored_values`.

    Raises Changed for fields that somebody else changed meanwhile, Invalid as `create_product`.
    """
    product = unit.db.scalar(
        select(Product)
        .where(Product.id == product_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if product is None:
        raise LookupError(f"no product {product_id}")
    stored = stored_values(unit, product)
    merged = merge(base, stored, values)
    if merged == stored:
        return
    _write(unit, product, {**merged, "list_price": from_scaled(merged["list_price"])})
    product.version += 1


def set_active(unit: Unit, product: Product, active: bool) -> None:
    """Take a product out of sale, or bring it back; documents keep what they cite."""
    if product.active is not active:
        product.active = active
        product.changed_at = unit.now()
        product.version += 1


def _write(unit: Unit, product: Product, values: Mapping[str, Any]) -> None:
    sku_key = fold(values["sku"])
    errors = _errors(unit, product, values, sku_key)
    category = hold_category(unit, values["category"]) if values["category"] else None
    if values["category"] and category is None:
        errors["category"] = _("There is no such category.")
    if errors:
        raise Invalid(errors)
    product.sku = values["sku"]
    product.sku_key = sku_key
    product.name = values["name"]
    product.name_key = sort_key(values["name"])
    product.description = values["description"]
    product.unit = values["unit"]
    product.list_price = to_scaled(values["list_price"])
    product.tax_class = values["tax_class"]
    product.kind = values["kind"]
    product.category_id = None if category is None else category.id
    product.search_text = search_text(values["sku"], values["name"])
    product.changed_at = unit.now()


def search_text(sku: str, name: str) -> str:
    """What a product is found by, folded."""
    return fold(f"{sku} {name}")


def _errors(unit: Unit, product: Product, values: Mapping[str, Any], sku_key: str) -> dict[str, Text]:
    errors: dict[str, Text] = {}
    taken = unit.db.scalar(select(Product.id).where(Product.sku_key == sku_key))
    if not sku_key:
        errors["sku"] = _("This field is required.")
    elif len(sku_key) > 80:
        errors["sku"] = _("This SKU is too long.")
    elif taken is not None and taken != product.id:
        errors["sku"] = _("There is a product with this SKU already.")
    kept = product.tax_class if product in unit.db else None
    if values["tax_class"] != kept and values["tax_class"] not in {
        known.code for known in unit.ask(ITaxes).classes()
    }:
        errors["tax_class"] = _("There is no such tax class.")
    if values["kind"] not in KINDS:
        errors["kind"] = _("A product is goods or a service.")
    if not _is_price(values["list_price"]):
        errors["list_price"] = _("A list price is zero or above, with at most six decimals.")
    return errors


def _is_price(value: Decimal) -> bool:
    try:
        return to_scaled(value) >= 0
    except (ValueError, OutOfRange):
        return False
