"""The catalog as customers browse it: /my/<account>/catalog."""

from __future__ import annotations

from typing import Any, ClassVar

from pyramid.view import view_config

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.tree import CustomerRoot, Node
from portal.modules.catalog import CARD, services
from portal.modules.catalog.interfaces import MY_PRODUCT_ACTIONS, ProductFacts
from portal.modules.catalog.permissions import MY_VIEW
from portal.modules.catalog.services import Offered
from portal.web.request import Request
from portal.web.slots import Panel, panels

_TEMPLATES = "portal:modules/catalog/templates/"


class MyCatalog(CustomerRoot):
    """/my/<account>/catalog"""

    card: ClassVar[Card] = CARD
    request: Request

    def __getitem__(self, segment: str) -> Node:
        found = services.browse_one(self.request.unit, self.scope, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return MyProduct(self.request, segment, self, found)


class MyProduct(Node):
    """A product that is offered."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, offered: Offered) -> None:
        super().__init__(request, name, parent)
        self.offered = offered

    @property
    def title(self) -> Any:
        """The product's name."""
        return self.offered.product.name


@view_config(
    context=MyCatalog, permission=MY_VIEW, request_method="GET", renderer=f"{_TEMPLATES}my_catalog.jinja2"
)
def catalog(context: MyCatalog, request: Request) -> dict[str, Any]:
    """Products to browse, with the prices for this customer."""
    titles = services.category_titles(request.unit)
    page, offered = services.browse(request.unit, context.scope, request.GET, titles)
    return {
        "page": page,
        "categories": titles,
        "products": [(one, _actions(request, context, one.product)) for one in offered],
    }


@view_config(
    context=MyProduct, permission=MY_VIEW, request_method="GET", renderer=f"{_TEMPLATES}my_product.jinja2"
)
def product(context: MyProduct, request: Request) -> dict[str, Any]:
    """A product with what can be done with it."""
    return {"offered": context.offered, "actions": _actions(request, context, context.offered.product)}


def _actions(request: Request, context: Node, found: ProductFacts) -> list[Panel]:
    return list(panels(request, MY_PRODUCT_ACTIONS, context, found))
