"""Reactions: points for confirmed orders, taken back with cancelled ones, and a voice in confirming."""

from __future__ import annotations

from acme_loyalty import services
from acme_loyalty.settings import HOLD_ABOVE, POINTS_PER, WARN_ABOVE
from portal.kernel.events import Hold, Verdict, Warn
from portal.kernel.i18n import _
from portal.kernel.money import Money
from portal.kernel.unit import Unit
from portal.modules.orders.events import OrderCancelled, OrderConfirmed, OrderConfirming
from portal.modules.orders.interfaces import IOrders


def vote(question: OrderConfirming, unit: Unit) -> Verdict | None:
    """A big order of a customer without points is worth a look."""
    gross = Money(question.gross, question.currency).amount
    if gross <= unit.setting(WARN_ABOVE) or services.balance(unit, question.customer_id) > 0:
        return None
    if gross > unit.setting(HOLD_ABOVE):
        return Hold("acme_loyalty", _("A very big first order needs a look."), "acme_loyalty.release")
    return Warn("acme_loyalty", _("This is a big first order."), "acme_loyalty.view")


def reward(event: OrderConfirmed, unit: Unit) -> None:
    """One point for each so many units of the net amount."""
    order = unit.ask(IOrders).get(event.order_id)
    points = int(Money(order.net, order.currency).amount) // unit.setting(POINTS_PER)
    reason = _("Order ${number}", mapping={"number": order.number})
    services.add(unit, event.customer_id, points, reason, event.public_id)


def withdraw(event: OrderCancelled, unit: Unit) -> None:
    """Take back what the order gave."""
    given = services.of_order(unit, event.public_id)
    services.add(unit, event.customer_id, -given, _("Taken back with the cancelled order"), event.public_id)
