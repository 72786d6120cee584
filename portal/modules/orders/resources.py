"""The tree of orders: /orders lists them; new ones, deliveries and documents stand below."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.i18n import _
from portal.kernel.tree import ModuleRoot, Node
from portal.modules.orders import CARD
from portal.modules.orders.models import Delivery, Order
from portal.modules.orders.services import deliveries, reading
from portal.web.request import Request

_NUMBER = re.compile(r"[A-Z]{2}-\d{4}-\d{5,12}", re.IGNORECASE)


class OrdersRoot(ModuleRoot):
    """/orders"""

    card: ClassVar[Card] = CARD
    request: Request

    def __getitem__(self, segment: str) -> Node:
        if segment == "new":
            return NewOrder(self.request, segment, self)
        if _NUMBER.fullmatch(segment):
            return TypedNumber(self.request, segment, self)
        order = reading.find(self.request.db, segment) if is_public_id(segment) else None
        if order is None:
            raise KeyError(segment)
        return OrderNode(self.request, segment, self, order)


class TypedNumber(Node):
    """/orders/SO-2026-00001: somebody typed a number. It is looked up after they were allowed to."""

    request: Request


class NewOrder(Node):
    """/orders/new: choose the customer."""

    request: Request

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("New quotation")

    def __getitem__(self, segment: str) -> Node:
        if not is_public_id(segment):
            raise KeyError(segment)
        return NewOrderFor(self.request, segment, self)


class NewOrderFor(Node):
    """/orders/new/<customer>: write it. The customer is looked up after the person was allowed to."""

    request: Request

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("New quotation")


class OrderNode(Node):
    """/orders/<public id>"""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, order: Order) -> None:
        super().__init__(request, name, parent)
        self.order = order

    @property
    def title(self) -> Any:
        """The order's number."""
        return self.order.number

    def __getitem__(self, segment: str) -> Node:
        if segment == "documents":
            return Documents(self.request, segment, self)
        unit = self.request.unit
        delivery = deliveries.find(unit, self.order.id, segment) if is_public_id(segment) else None
        if delivery is None:
            raise KeyError(segment)
        return DeliveryNode(self.request, segment, self, self.order, delivery)


class DeliveryNode(Node):
    """/orders/<public id>/<delivery>"""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, order: Order, delivery: Delivery) -> None:
        super().__init__(request, name, parent)
        self.order = order
        self.delivery = delivery

    @property
    def title(self) -> Any:
        """The delivery's number."""
        return self.delivery.number


class Documents(Node):
    """/orders/<public id>/documents"""

    request: Request

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Documents")

    def __getitem__(self, segment: str) -> Node:
        if not is_public_id(segment) or not isinstance(self.__parent__, OrderNode):
            raise KeyError(segment)
        return DocumentNode(self.request, segment, self, self.__parent__.order)


class DocumentNode(Node):
    """/orders/<public id>/documents/<document>: an issued PDF, looked up after the person was allowed to."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, order: Order) -> None:
        super().__init__(request, name, parent)
        self.order = order
