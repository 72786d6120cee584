"""What is shown on others' pages."""

from __future__ import annotations

from acme_loyalty import services
from portal.kernel.i18n import _
from portal.modules.orders.interfaces import OrderFacts
from portal.web.request import Request
from portal.web.slots import Panel


def points_of_order(order: OrderFacts, request: Request) -> Panel | None:
    """The points an order gave; one statement. Nothing is shown of one that gave none."""
    points = services.of_order(request.unit, order.public_id)
    if not points:
        return None
    return Panel(_("Loyalty"), "acme_loyalty:templates/order_panel.jinja2", {"points": points})
