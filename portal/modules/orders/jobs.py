"""Background work of orders: quotations expire, accepted ones are confirmed where the portal does that by itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.kernel.errors import Refused
from portal.kernel.unit import Unit
from portal.modules.orders.models import Order
from portal.modules.orders.services import history, lifecycle, reading
from portal.modules.orders.transitions import State
from portal.proposals.services import done_or_proposed

EXPIRE = "orders.expire"
EXPIRE_EVERY = timedelta(hours=1)
_BATCH = 200


def expire(unit: Unit, _payload: Mapping[str, Any]) -> None:
    """Mark quotations whose last day is over as expired; those that somebody just decided on stay as they are."""
    overdue = (
        select(Order.id)
        .where(Order.state == State.SENT, Order.valid_until < unit.today())
        .order_by(Order.id)
        .limit(_BATCH)
    )
    for order_id in unit.db.scalars(overdue).all():
        # Asked again under the lock of the order; what is refused has written nothing.
        with suppress(Refused):
            lifecycle.expire(unit, order_id)


def confirm_accepted(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Confirm an accepted quotation as the system. Where somebody objects it waits for a clerk, with a note; above the
    limit of one person the system proposes, and one employee agrees."""
    order = reading.lock(unit, payload["order"])
    if order.state != State.ACCEPTED:
        return
    try:
        done_or_proposed(unit, lambda: lifecycle.confirm(unit, order.id))
    except Refused as refusal:
        reason = unit.translate(refusal.reason, unit.company.language)
        history.record(unit, order, "hold", reason, visible=False)
