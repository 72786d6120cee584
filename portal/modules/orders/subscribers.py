"""What orders do when others act."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.customers.events import CustomerArchiving, DepartmentArchiving
from portal.modules.orders.models import Order
from portal.modules.orders.transitions import State

_OPEN = (State.REQUESTED, State.QUOTATION, State.SENT, State.ACCEPTED, State.CONFIRMED)


def refuse_open_orders(question: CustomerArchiving, unit: Unit) -> None:
    """An account with open orders stays."""
    _refuse_open(unit, Order.customer_id == question.customer_id)


def refuse_open_orders_of_department(question: DepartmentArchiving, unit: Unit) -> None:
    """A department with open orders stays; to the customer's people those count that they see."""
    whose = (Order.customer_id == question.customer_id, Order.department_id == question.department_id)
    _refuse_open(unit, *whose, *((Order.visible.is_(True),) if question.by_customer else ()))


def _refuse_open(unit: Unit, *conditions: ColumnElement[bool]) -> None:
    number = unit.db.scalar(
        select(Order.number).where(*conditions, Order.state.in_(_OPEN)).order_by(Order.id).limit(1)
    )
    if number is not None:
        raise Refused(_("${number} is still open.", mapping={"number": number}))
