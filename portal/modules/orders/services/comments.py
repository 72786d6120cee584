"""Comments on orders: internal ones, and what is said between the company and its customer."""

from __future__ import annotations

from sqlalchemy import insert

from portal.kernel.errors import Invalid
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.orders.models import Comment, Order
from portal.modules.orders.services import reading


def comment(unit: Unit, order_id: int, text: str, *, visible: bool) -> Order:
    """Add a comment of the actor. A visible one of an employee answers what the customer asked.

    Raises Invalid for an empty text, or a visible one on an order that the customer cannot see.
    """
    text = text.strip()
    if not text:
        raise Invalid({"text": _("Write something.")})
    order = reading.lock(unit, order_id)
    if visible and not order.visible:
        raise Invalid({"visible": _("The customer cannot see this order yet.")})
    write(unit, order, text, visible=visible)
    if visible:
        order.awaiting_answer = unit.actor.kind == "customer"
    return order


def write(unit: Unit, order: Order, text: str, *, visible: bool) -> None:
    """Insert the row: one statement."""
    actor = unit.actor
    unit.db.execute(
        insert(Comment).values(
            order_id=order.id,
            customer_id=order.customer_id,
            text=text,
            visible=visible,
            actor_kind=actor.kind,
            actor=actor.name,
            user_id=actor.user_id,
            at=unit.now(),
        )
    )
