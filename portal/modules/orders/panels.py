"""What orders show on the pages of others: home, the customer's page and home, the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select

from portal.kernel.i18n import Text, _
from portal.kernel.tree import Node, scope_at
from portal.modules.catalog.interfaces import MY_PRODUCT_ACTIONS, ProductFacts
from portal.modules.customers.interfaces import CUSTOMER_PANELS, CustomerFacts
from portal.modules.orders import permissions
from portal.modules.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderDeliveryUndone,
    OrderLineCancelled,
)
from portal.modules.orders.lists import GROSS, late_deliveries
from portal.modules.orders.models import Order
from portal.modules.orders.services import own
from portal.modules.orders.services.lifecycle import OrderMoved
from portal.modules.orders.states import STATES
from portal.modules.orders.transitions import State
from portal.web.preview import EFFECTS
from portal.web.request import Request
from portal.web.slots import HOME_CARDS, MY_HOME_CARDS, Panel

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

_TEMPLATES = "portal:modules/orders/templates/"
_RECENT = 5


def offer(config: Composer, module: str) -> None:
    """Offer the cards and panels."""
    config.offer(EFFECTS, effects, module=module, permission=permissions.VIEW, order=10)
    config.offer(HOME_CARDS, work_card, module=module, permission=permissions.VIEW, order=20)
    config.offer(MY_HOME_CARDS, my_card, module=module, permission=permissions.MY_VIEW, order=20)
    config.offer(MY_HOME_CARDS, approvals_card, module=module, permission=permissions.MY_APPROVE, order=10)
    config.offer(CUSTOMER_PANELS, customer_panel, module=module, permission=permissions.VIEW, order=20)
    config.offer(
        MY_PRODUCT_ACTIONS, request_action, module=module, permission=permissions.MY_REQUEST, order=20
    )


_SAID: dict[type, Text] = {
    OrderConfirmed: _("The order is confirmed, and its lines are fixed from then on."),
    OrderDelivered: _("A delivery note is written."),
    OrderDeliveryUndone: _("A counter-delivery takes the delivery back."),
    OrderLineCancelled: _("The open rest of the line is cancelled."),
    OrderCancelled: _("The order is cancelled."),
}


def effects(told: Sequence[object], request: Request) -> Panel | None:
    """What an act does to an order."""
    said = [
        *(_SAID[type(one)] for one in told if type(one) in _SAID),
        *(
            _("It is then: ${state}.", mapping={"state": STATES[one.state].label})
            for one in told
            if isinstance(one, OrderMoved)
        ),
    ]
    return Panel(_("Order"), f"{_TEMPLATES}effects.jinja2", {"said": said}) if said else None


def work_card(request: Request) -> Panel | None:
    """Requests, open quotations, accepted ones, late deliveries, unanswered questions: one statement."""

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(condition)

    unit = request.unit
    row = unit.db.execute(
        select(
            count(Order.state == State.REQUESTED).label("requested"),
            count(Order.state == State.SENT).label("sent"),
            count(Order.state == State.ACCEPTED).label("accepted"),
            count(late_deliveries(unit)).label("late"),
            count(Order.awaiting_answer.is_(True)).label("questions"),
        ).where(
            Order.state.in_((State.REQUESTED, State.SENT, State.ACCEPTED, State.CONFIRMED))
            | Order.awaiting_answer.is_(True)
        )
    ).one()
    if not any(row):
        return None
    return Panel(_("Orders"), f"{_TEMPLATES}card_work.jinja2", {"counts": row, "today": unit.today()})


def my_card(account: Node, request: Request) -> Panel | None:
    """What the customer has to decide, and what is coming."""
    waiting = own.waiting(request.unit, scope_at(account))
    if not waiting.decide and not waiting.coming:
        return None
    base = f"/my/{account.__name__}/orders/"
    return Panel(_("Orders"), f"{_TEMPLATES}card_my.jinja2", {"waiting": waiting, "base": base})


def approvals_card(account: Node, request: Request) -> Panel | None:
    """What colleagues accepted above their limits and whoever looks may approve."""
    rows = own.to_approve(request.unit, scope_at(account))
    if not rows:
        return None
    values = {"rows": rows, "base": f"/my/{account.__name__}/orders/"}
    return Panel(_("To approve"), f"{_TEMPLATES}card_approve.jinja2", values)


def customer_panel(customer: CustomerFacts, request: Request) -> Panel | None:
    """The newest orders of a customer."""
    rows = request.db.execute(
        select(
            Order.public_id, Order.number, Order.ordered_on, Order.state, GROSS.label("gross"), Order.currency
        )
        .where(Order.customer_id == customer.id)
        .order_by(Order.id.desc())
        .limit(_RECENT)
    ).all()
    values = {
        "rows": rows,
        "states": STATES,
        "customer": customer,
        "may_edit": request.has_permission(permissions.EDIT, request.root["orders"]),
    }
    return Panel(_("Orders"), f"{_TEMPLATES}panel_customer.jinja2", values)


def request_action(product: ProductFacts, request: Request) -> Panel | None:
    """Asking for a quotation of a product."""
    account = next((n for n in request.lineage if getattr(n, "customer_id", None) is not None), None)
    if account is None:
        return None
    url = f"/my/{account.__name__}/orders/request?product={product.public_id}"
    return Panel(_("Request a quotation"), f"{_TEMPLATES}action_request.jinja2", {"url": url})
