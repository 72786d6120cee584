"""Keeping the categories of the catalog: two levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.folding import fold, sort_key
from portal.kernel.i18n import _
from portal.kernel.merging import merge
from portal.kernel.unit import Unit
from portal.modules.catalog.models import Category, Product


@dataclass(frozen=True, slots=True)
class CategoryData:
    """What people keep of a category; `parent` is the public id of a category at the top, or None."""

    name: str
    parent: str | None = None


def find_category(unit: Unit, public_id: str) -> Category | None:
    """The category with that public id, None when unknown."""
    return unit.db.scalar(select(Category).where(Category.public_id == public_id))


def hold_category(unit: Unit, public_id: str) -> Category | None:
    """The same, kept from being removed until the transaction ends: something is about to be put into it."""
    held = select(Category).where(Category.public_id == public_id)
    return unit.db.scalar(held.with_for_update(read=True, key_share=True))


def category_titles(unit: Unit) -> dict[str, str]:
    """Public id → title with the title of its parent before it, in alphabetical order."""
    rows = unit.db.execute(select(Category.id, Category.public_id, Category.name, Category.parent_id)).all()
    names = {row.id: row.name for row in rows}
    titles = {
        row.public_id: f"{names[row.parent_id]} › {row.name}" if row.parent_id in names else row.name
        for row in rows
    }
    return dict(sorted(titles.items(), key=lambda entry: fold(entry[1])))


def category_choices(unit: Unit, but: Category | None = None) -> dict[str, str]:
    """Public id → name of the categories at the top: what can be a parent."""
    rows = unit.db.execute(
        select(Category.public_id, Category.name)
        .where(Category.parent_id.is_(None), Category.id != (0 if but is None else but.id))
        .order_by(Category.name_key)
    )
    return {row.public_id: row.name for row in rows}


def add_category(unit: Unit, data: CategoryData) -> Category:
    """A new category. Raises Invalid for a name that is taken, or a parent that is not at the top."""
    category = Category(name="", name_key="")
    _write(unit, category, data.name, data.parent)
    unit.db.add(category)
    unit.db.flush()
    return category


def stored_category(unit: Unit, category: Category) -> dict[str, Any]:
    """The values of a category by the fields of `CategoryData`."""
    parent = None if category.parent_id is None else unit.db.get(Category, category.parent_id)
    return {"name": category.name, "parent": None if parent is None else parent.public_id}


def change_category(
    unit: Unit, category: Category, values: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Rename or move a category, merged with what somebody else changed.

    Raises Changed, Conflict when it is gone, and Invalid as `add_category`.
    """
    _lock(unit, category)
    merged = merge(base, stored_category(unit, category), values)
    _write(unit, category, merged["name"], merged["parent"])


def remove_category(unit: Unit, category: Category) -> None:
    """Remove an empty category. Raises Refused while products or categories stand in it, Conflict when it is gone."""
    _lock(unit, category)
    products = unit.db.scalar(select(Product.id).where(Product.category_id == category.id).limit(1))
    below = unit.db.scalar(select(Category.id).where(Category.parent_id == category.id).limit(1))
    if products is not None or below is not None:
        raise Refused(_("Products or categories still stand in this category."))
    unit.db.delete(category)
    unit.db.flush()


def _lock(unit: Unit, category: Category) -> None:
    """Lock the category and read it anew; whoever is just putting something into it is waited for."""
    locked = select(Category.id).where(Category.id == category.id).with_for_update()
    if unit.db.scalar(locked) is None:
        raise Conflict(_("Somebody else has removed this category."))
    unit.db.refresh(category)


def _write(unit: Unit, category: Category, name: str, parent_id: str | None) -> None:
    key = sort_key(name)
    taken = unit.db.scalar(select(Category.id).where(Category.name_key == key))
    if taken is not None and taken != category.id:
        raise Invalid({"name": _("There is a category with this name already.")})
    parent = hold_category(unit, parent_id) if parent_id else None
    if parent_id and (parent is None or parent.parent_id is not None or parent is category):
        raise Invalid({"parent": _("A category stands at the top or below one that does.")})
    if parent is not None and category in unit.db and _has_children(unit, category):
        raise Invalid({"parent": _("This category has others below it and stays at the top.")})
    category.name, category.name_key = name, key
    category.parent_id = None if parent is None else parent.id


def _has_children(unit: Unit, category: Category) -> bool:
    return unit.db.scalar(select(Category.id).where(Category.parent_id == category.id).limit(1)) is not None
