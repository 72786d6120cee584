"""What orders do when others act."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.customers.events import CustomerArchiving, DepartmentArchiving
from portal.modules.orders.models import Order
from portal.modules.orders.permissions import CONFIRM_ACT
from portal.modules.orders.services import history, reading
from portal.modules.orders.transitions import State
from portal.proposals.events import (
    ActProposed,
    ProposalAgreed,
    ProposalDeclined,
    ProposalLapsed,
    ProposalWithdrawn,
)

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


def note_proposed(event: ActProposed, unit: Unit) -> None:
    """The timeline says that a confirmation waits for a second person."""
    _note(unit, event, "propose")


def note_agreed(event: ProposalAgreed, unit: Unit) -> None:
    """Beside who confirmed, the timeline names who proposed it."""
    _note(unit, event, "agree", event.proposed_by)


def note_declined(event: ProposalDeclined, unit: Unit) -> None:
    """The timeline says who declined, and why."""
    _note(unit, event, "decline-proposal", event.reason)


def note_withdrawn(event: ProposalWithdrawn, unit: Unit) -> None:
    """The timeline says that nothing waits any more."""
    _note(unit, event, "withdraw-proposal")


def note_lapsed(event: ProposalLapsed, unit: Unit) -> None:
    """The same where the order has changed since."""
    _note(unit, event, "lapse-proposal", event.reason)


def _note(
    unit: Unit,
    event: ActProposed | ProposalAgreed | ProposalDeclined | ProposalWithdrawn | ProposalLapsed,
    action: str,
    text: str = "",
) -> None:
    """For employees alone: customers see what was confirmed, not who had to agree."""
    order = reading.find(unit.db, event.document) if event.act == CONFIRM_ACT else None
    if order is not None:
        history.record(unit, order, action, text, visible=False)
