"""Reactions to orders: invoices are drafted when an order is confirmed or delivered, as its policy says."""

from __future__ import annotations

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.customers.events import CustomerArchiving, DepartmentArchiving
from portal.modules.finance.services import drafting, subledger
from portal.modules.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderDeliveryUndone,
    OrderLineCancelled,
)
from portal.modules.orders.interfaces import BILL_ON_CONFIRMATION, BILL_ON_DELIVERY, IOrders, OrderFacts


def draft_on_confirmation(event: OrderConfirmed, unit: Unit) -> None:
    """Draft what is billed on confirmation; on delivery only where there is nothing to deliver."""
    if event.bill_on not in (BILL_ON_CONFIRMATION, BILL_ON_DELIVERY):
        return
    order = unit.ask(IOrders).get(event.order_id)
    if event.bill_on == BILL_ON_CONFIRMATION or not _goods_are_open(order):
        drafting.draft_from_order(unit, order)


def draft_on_delivery(event: OrderDelivered, unit: Unit) -> None:
    """Draft what was delivered; where it is drafted otherwise, note the date of supply."""
    order = unit.ask(IOrders).get(event.order_id)
    if event.bill_on == BILL_ON_DELIVERY:
        drafting.draft_delivered(unit, order, dict(event.quantities), event.delivered_on)
    else:
        drafting.date_supply(unit, order)


def redraft_after_undoing(event: OrderDeliveryUndone, unit: Unit) -> None:
    """What was not delivered after all is not billed, or not supplied on that date."""
    order = unit.ask(IOrders).get(event.order_id)
    if order.bill_on == BILL_ON_DELIVERY:
        drafting.undo_delivered(unit, order, dict(event.quantities))
    else:
        drafting.date_supply(unit, order)


def redraft_after_cancelling(event: OrderLineCancelled, unit: Unit) -> None:
    """What was cancelled is not billed; with the last goods cancelled, the services that waited for them are."""
    order = unit.ask(IOrders).get(event.order_id)
    drafting.bill_no_more_than_is_left(unit, order)
    if order.bill_on == BILL_ON_DELIVERY and not _goods_are_open(order):
        drafting.draft_delivered(unit, order, {})


def _goods_are_open(order: OrderFacts) -> bool:
    return any(line.deliverable for line in order.lines)


def withdraw_drafts(event: OrderCancelled, unit: Unit) -> None:
    """A cancelled order is not billed."""
    drafting.withdraw_drafts(unit, event.order_id)


def refuse_archiving(question: CustomerArchiving, unit: Unit) -> None:
    """An account with open items stays."""
    if subledger.has_open_items(unit, question.customer_id):
        raise Refused(_("There are open invoices or payments of this customer."))


def refuse_archiving_department(question: DepartmentArchiving, unit: Unit) -> None:
    """A department with open documents stays; drafts are none that the customer's people know of."""
    if subledger.has_open_documents(
        unit, question.customer_id, question.department_id, drafts=not question.by_customer
    ):
        raise Refused(_("There are open invoices of this department."))
