"""Pages of deliveries, and mailing the order confirmation."""

from __future__ import annotations

from typing import Any

from pyramid.view import view_config

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.modules.customers.interfaces import ICustomers
from portal.modules.orders import permissions
from portal.modules.orders.forms import SendForm
from portal.modules.orders.resources import DeliveryNode, OrderNode
from portal.modules.orders.services import deliveries, mailing
from portal.modules.orders.transitions import State
from portal.modules.orders.views.actions import (
    chosen_recipients,
    offer_recipients,
    shown_as_it_stands,
    standard_recipients,
)
from portal.modules.orders.views.orders import TEMPLATES, back_to
from portal.web.request import Request


@view_config(
    context=DeliveryNode,
    permission=permissions.VIEW,
    request_method="GET",
    renderer=f"{TEMPLATES}delivery.jinja2",
)
def delivery(context: DeliveryNode, request: Request) -> dict[str, Any]:
    """A delivery with its lines."""
    connected = deliveries.connection(request.unit, context.delivery)
    undoable = (
        context.order.state == State.CONFIRMED
        and connected.undone_by is None
        and context.delivery.undoes_id is None
        and request.permits(permissions.DELIVER)
    )
    return {
        "delivery": context.delivery,
        "order": context.order,
        "lines": deliveries.lines_of(request.unit, context.delivery),
        "connected": connected,
        "undoable": undoable,
    }


@view_config(
    context=OrderNode,
    name="send-confirmation",
    permission=permissions.EDIT,
    request_method=("GET", "POST"),
    renderer=f"{TEMPLATES}send.jinja2",
)
def send_confirmation(context: OrderNode, request: Request) -> Any:
    """Who gets the order confirmation, and what the mail says."""
    order, unit = context.order, request.unit
    if request.refusal is None and order.state not in mailing.CONFIRMED:
        raise Refused(_("Only a confirmed order has a confirmation."))
    customer = unit.ask(ICustomers).get(order.customer_id)
    form = SendForm(request, {"to": standard_recipients(order, customer)})
    offer_recipients(form, customer)
    if not request.submitted:
        shown_as_it_stands(form, order, request)
        letter = mailing.letter(unit, order, mailing.CONFIRMATION, customer.public_id)
        return {"form": form, "order": order, "letter": letter, "back": f"/orders/{order.public_id}/"}
    form.check()
    to = chosen_recipients(form, customer)
    mailing.send_confirmation(unit, order.id, to, customer.public_id, version=form.seen)
    request.flash(_("The order confirmation is on its way."))
    return back_to(context)
