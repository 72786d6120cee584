"""Tables of the catalog: products in categories."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id, PublicId
from portal.kernel.walls import shared


class Category(Base):
    """A heading of the catalog, below another one or at the top."""

    __tablename__ = "catalog_category"
    __wall__ = shared()
    __table_args__ = (UniqueConstraint("name_key"), Index("ix_catalog_category_parent_id", "parent_id"))

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(200))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_category.id"))


class Product(Base):
    """Something that is sold by a unit.

    `list_price` is per unit in the base currency, scaled. `sku_key` is the SKU without regard to case, `name_key` and
    `search_text` are folded (portal.kernel.folding). `version` rises with every change.
    """

    __tablename__ = "catalog_product"
    __wall__ = shared()
    __table_args__ = (
        UniqueConstraint("sku_key"),
        CheckConstraint("list_price >= 0", name="list_price"),
        CheckConstraint("kind IN ('goods', 'service')", name="kind"),
        Index("ix_catalog_product_name_key", "name_key", "id"),
        Index("ix_catalog_product_list_price", "list_price", "id"),
        Index("ix_catalog_product_category_id", "category_id", "name_key"),
        Index("ix_catalog_product_active", "active", "name_key"),
        Index("ix_catalog_product_kind", "kind", "name_key"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    sku: Mapped[str] = mapped_column(String(40))
    sku_key: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400))
    description: Mapped[str] = mapped_column(Text, default="")
    unit: Mapped[str] = mapped_column(String(30))
    list_price: Mapped[int]
    tax_class: Mapped[str] = mapped_column(String(30), ForeignKey("taxes_class.code"))
    kind: Mapped[str] = mapped_column(String(10))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("catalog_category.id"))
    active: Mapped[bool] = mapped_column(default=True)
    search_text: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
