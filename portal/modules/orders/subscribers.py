"""What orders do when others act."""

from __future__ import annotations

from sqlalchemy import select

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.customers.events import CustomerArchiving
from portal.modules.orders.models import Order
from portal.modules.orders.transitions import State

_OPEN = (State.REQUESTED, State.QUOTATION, State.SENT, State.ACCEPTED, State.CONFIRMED)


def refuse_open_orders(question: CustomerArchiving, unit: Unit) -> None:
    """An account with open orders stays."""
    number = unit.db.scalar(
        select(Order.number)
        .where(Order.customer_id == question.customer_id, Order.state.in_(_OPEN))
        .order_by(Order.id)
        .limit(1)
    )
    if number is not None:
        raise Refused(_("${number} is still open.", mapping={"number": number}))
