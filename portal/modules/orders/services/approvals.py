"""Acceptances above a spending limit: they wait until an approver of the same account, who sees the order, has decided.

The order stays sent: for the company nothing was accepted yet, and it can still be revised, declined or expire. Whatever
takes it out of that state, or to another revision, ends the wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.people import Scope
from portal.kernel.scoping import within
from portal.kernel.unit import Unit
from portal.modules.orders.events import OrderApprovalAsked, OrderApprovalDecided
from portal.modules.orders.models import Approval, Order
from portal.modules.orders.services import history, mailing
from portal.modules.orders.transitions import State
from portal.people import colleagues
from portal.people.colleagues import Member

APPROVED, REJECTED, WITHDRAWN, VOID = "approved", "rejected", "withdrawn", "void"


@dataclass(frozen=True, slots=True)
class Wait:
    """A waiting acceptance as pages show it: who accepted, and who may approve.

    `is_mine` and `may_decide` speak of the person who looks.
    """

    asked_by: str
    asked_at: datetime
    approvers: tuple[str, ...]
    is_mine: bool
    may_decide: bool


def open_of(unit: Unit, order: Order) -> Approval | None:
    """The acceptance of an order that waits: one statement. It is read again under the lock of the order."""
    found = select(Approval).where(
        Approval.order_id == order.id, Approval.customer_id == order.customer_id, Approval.outcome.is_(None)
    )
    return unit.db.scalar(found.execution_options(populate_existing=True))


def shown(unit: Unit, scope: Scope, order: Order, approval: Approval) -> Wait:
    """The waiting acceptance of an order with those who may approve it: one statement."""
    people = _approvers(colleagues.deciders(unit, scope), approval, order.department_id)
    return Wait(
        approval.asked_by,
        approval.asked_at,
        tuple(member.name for member in people),
        is_mine=unit.actor.user_id == approval.asked_user_id,
        may_decide=colleagues.myself(unit, people) is not None,
    )


def decidable(unit: Unit, scope: Scope) -> Sequence[int]:
    """The orders of the account on which whoever acts may decide, oldest first: two statements at most."""
    waiting = unit.db.execute(
        select(Approval, Order.department_id)
        .join(Order, (Order.id == Approval.order_id) & (Order.customer_id == Approval.customer_id))
        .where(within(scope, Order), Approval.outcome.is_(None), Order.state == State.SENT)
        .order_by(Approval.id)
    ).all()
    people = colleagues.deciders(unit, scope) if waiting else ()
    return [
        one.order_id
        for one, department in waiting
        if colleagues.myself(unit, _approvers(people, one, department)) is not None
    ]


def is_needed(unit: Unit, order: Order, people: Sequence[Member]) -> bool:
    """Whether accepting the order is above the limit of whoever acts.

    Who is no member has no limit: their right to act comes from elsewhere (a link to the one document).
    """
    myself = colleagues.myself(unit, people)
    return myself is not None and not myself.may_order(order.gross, order.currency)


def ask(
    unit: Unit, scope: Scope, order: Order, people: Sequence[Member], *, name: str, reference: str
) -> None:
    """Let an acceptance wait, and write to those who may approve it. The order is locked by the caller.

    Raises Refused when one waits already, and when nobody could approve it.
    """
    if unit.actor.user_id is None:
        raise LookupError("only a member asks for approval")
    if open_of(unit, order) is not None:
        raise Refused(_("This quotation was accepted already and waits for approval."))
    able = colleagues.approvers(
        people, order.gross, order.currency, department=order.department_id, asker=unit.actor.user_id
    )
    if not able:
        raise Refused(
            _(
                "This is above your spending limit, and nobody of your account may approve it. "
                "Please ask whoever manages the account."
            )
        )
    values: dict[str, Any] = {
        "order_id": order.id,
        "customer_id": scope.customer_id,
        "revision": order.revision,
        "gross": order.gross,
        "currency": order.currency,
        "reference": reference,
        "asked_by": unit.actor.name,
        "asked_user_id": unit.actor.user_id,
        "asked_at": unit.now(),
        "reason": "",
    }
    unit.db.execute(insert(Approval).values(**values))
    history.record(unit, order, "ask-approval", name)
    mailing.ask_approval(unit, scope, order, able)
    unit.publish(
        OrderApprovalAsked(
            order.id, order.public_id, order.customer_id, order.revision, order.gross, order.currency
        )
    )


def demand_decider(unit: Unit, scope: Scope, order: Order, approval: Approval) -> None:
    """Raise Refused unless whoever acts may decide: an approver whose own limit suffices, and never who accepted."""
    if unit.actor.user_id == approval.asked_user_id:
        raise Refused(_("Nobody approves what they accepted themselves."))
    people = _approvers(colleagues.deciders(unit, scope), approval, order.department_id)
    if colleagues.myself(unit, people) is None:
        raise Refused(_("This is above your own spending limit, or approving is not yours to do."))


def settle(unit: Unit, order: Order, outcome: str, reason: str = "") -> None:
    """End the wait of an order, if there is one: one statement."""
    ended = unit.db.scalar(
        update(Approval)
        .where(
            Approval.order_id == order.id,
            Approval.customer_id == order.customer_id,
            Approval.outcome.is_(None),
        )
        .values(
            outcome=outcome,
            reason=reason,
            decided_by=unit.actor.name,
            decided_user_id=unit.actor.user_id,
            decided_at=unit.now(),
        )
        .returning(Approval.id)
        .execution_options(synchronize_session=False)
    )
    if ended is not None:
        unit.publish(OrderApprovalDecided(order.id, order.public_id, order.customer_id, outcome))


def _approvers(people: Sequence[Member], approval: Approval, department: int | None) -> list[Member]:
    return colleagues.approvers(
        people, approval.gross, approval.currency, department=department, asker=approval.asked_user_id
    )
