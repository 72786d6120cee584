"""The delivery and billing columns of an order, worked out from its lines whenever one of them changes."""

from __future__ import annotations

from collections.abc import Sequence

from portal.modules.orders.models import FULLY, NONE, PARTLY, SETTLED, Order, OrderLine
from portal.modules.orders.services.reading import open_goods


def refresh(order: Order, lines: Sequence[OrderLine]) -> None:
    """Set `delivery` and `billing`. Services are never delivered; where no goods are open, delivery is complete."""
    order.delivery = delivery_of(lines)
    order.billing = billing_of(lines, order.paid)


def delivery_of(lines: Sequence[OrderLine]) -> str:
    """none, partly or fully."""
    if not any(open_goods(line) for line in lines):
        return FULLY
    return PARTLY if any(line.delivered for line in lines) else NONE


def billing_of(lines: Sequence[OrderLine], paid: bool) -> str:
    """none, partly, fully, or settled once everything is billed and paid."""
    if not any(line.invoiced for line in lines):
        return NONE
    if any(line.quantity - line.cancelled - line.invoiced for line in lines):
        return PARTLY
    return SETTLED if paid else FULLY
