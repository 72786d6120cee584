"""The tree of the catalog: /catalog lists products; categories stand below it."""

from __future__ import annotations

from typing import Any, ClassVar

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.i18n import _
from portal.kernel.tree import ModuleRoot, Node
from portal.modules.catalog import CARD, services
from portal.modules.catalog.models import Category, Product
from portal.web.request import Request


class CatalogRoot(ModuleRoot):
    """/catalog"""

    card: ClassVar[Card] = CARD
    request: Request

    def __getitem__(self, segment: str) -> Node:
        if segment == "categories":
            return Categories(self.request, segment, self)
        found = services.find_product(self.request.unit, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return ProductNode(self.request, segment, self, found)


class ProductNode(Node):
    """A product."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, product: Product) -> None:
        super().__init__(request, name, parent)
        self.product = product

    @property
    def title(self) -> Any:
        """The product's name."""
        return self.product.name


class Categories(Node):
    """/catalog/categories"""

    request: Request

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Categories")

    def __getitem__(self, segment: str) -> Node:
        found = services.find_category(self.request.unit, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return CategoryNode(self.request, segment, self, found)


class CategoryNode(Node):
    """A category."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, category: Category) -> None:
        super().__init__(request, name, parent)
        self.category = category

    @property
    def title(self) -> Any:
        """The category's name."""
        return self.category.name
