"""The one table of what can be done to an order: state, action, guard, permission, event, next state.

The pages register their action views from it and offer just the actions whose state, guard and permission fit; the
verbs of `services.lifecycle` ask it before they act. docs/orders.md shows the same table; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from portal.kernel.errors import Refused
from portal.kernel.events import Event
from portal.kernel.i18n import Text, _
from portal.modules.orders import permissions
from portal.modules.orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderDeliveryUndone,
    OrderLineCancelled,
)


class State(StrEnum):
    """The states of an order."""

    REQUESTED = "requested"
    QUOTATION = "quotation"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CONFIRMED = "confirmed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Situation:
    """What guards look at.

    - `lines`: how many; `untaxed`: how many of them have no tax yet (requested, not worked out).
    - `delivered`, `invoiced`: whether anything was; `deliverable`: whether goods are still to be delivered;
      `cancellable`: whether there is a rest that is neither delivered nor invoiced; `waits`: whether an acceptance waits
      for an approver at the customer's.
    """

    state: State
    today: date
    valid_until: date | None = None
    lines: int = 0
    untaxed: int = 0
    delivered: bool = False
    invoiced: bool = False
    deliverable: bool = False
    cancellable: bool = False
    waits: bool = False


Guard = Callable[[Situation], Text | None]
Side = Literal["staff", "customer", "system"]


def _free(_situation: Situation) -> Text | None:
    return None


def _complete(situation: Situation) -> Text | None:
    if not situation.lines:
        return _("The order has no lines.")
    if situation.untaxed:
        return _("Some lines have no price and tax class yet. Edit the order first.")
    return None


def _sendable(situation: Situation) -> Text | None:
    if situation.valid_until is not None and situation.valid_until < situation.today:
        return _("The quotation is valid until a day that is over. Edit the date first.")
    return _complete(situation)


def _in_time(situation: Situation) -> Text | None:
    if situation.valid_until is not None and situation.valid_until < situation.today:
        return _("The quotation is no longer valid.")
    return None


def _waiting(situation: Situation) -> Text | None:
    return None if situation.waits else _("Nothing waits for approval here.")


def _approvable(situation: Situation) -> Text | None:
    return _waiting(situation) or _in_time(situation)


def _overdue(situation: Situation) -> Text | None:
    return None if _in_time(situation) is not None else _("The quotation is still valid.")


def _open_goods(situation: Situation) -> Text | None:
    return None if situation.deliverable else _("There is nothing left to deliver.")


def _something_delivered(situation: Situation) -> Text | None:
    return None if situation.delivered else _("Nothing has been delivered.")


def _open_rest(situation: Situation) -> Text | None:
    return None if situation.cancellable else _("There is no open rest.")


def _all_delivered(situation: Situation) -> Text | None:
    return _("Goods are still to be delivered.") if situation.deliverable else None


def _untouched(situation: Situation) -> Text | None:
    if situation.delivered or situation.invoiced:
        return _("Something was delivered or invoiced already. Cancel the open rests of the lines instead.")
    return None


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: in one of the states `origins`, `action` is offered to holders of `permission` where the guard lets it.

    `target` None leaves the state as it is. `side` says whose page offers it. `event` is what other modules hear.
    """

    action: str
    title: Text
    done: Text
    origins: frozenset[State]
    target: State | None
    permission: str
    guard: Guard = _free
    event: type[Event] | None = None
    side: Side = "staff"
    danger: bool = False

    def refusal(self, situation: Situation) -> Text | None:
        """Why it cannot be done now; None when it can."""
        if situation.state not in self.origins:
            return _("This is not possible in the present state of the order.")
        return self.guard(situation)

    def demand(self, situation: Situation) -> None:
        """Raise Refused unless it can be done now."""
        reason = self.refusal(situation)
        if reason is not None:
            raise Refused(reason)


def _from(*states: State) -> frozenset[State]:
    return frozenset(states)


_S = State
_P = permissions

TABLE: tuple[Transition, ...] = (
    Transition("quote", _("Prepare quotation"), _("Quotation prepared"),
               _from(_S.REQUESTED), _S.QUOTATION, _P.EDIT),
    Transition("edit", _("Edit"), _("Changed"),
               _from(_S.QUOTATION), None, _P.EDIT),
    Transition("send", _("Send quotation"), _("Quotation sent"),
               _from(_S.QUOTATION), _S.SENT, _P.EDIT, _sendable),
    Transition("confirm", _("Confirm order"), _("Order confirmed"),
               _from(_S.QUOTATION, _S.ACCEPTED), _S.CONFIRMED, _P.CONFIRM, _complete, OrderConfirmed),
    Transition("record-acceptance", _("Record acceptance"), _("Acceptance recorded"),
               _from(_S.SENT), _S.ACCEPTED, _P.EDIT, _in_time),
    Transition("record-decline", _("Record decline"), _("Decline recorded"),
               _from(_S.SENT), _S.DECLINED, _P.EDIT),
    Transition("revise", _("Revise"), _("Revision begun"),
               _from(_S.SENT, _S.DECLINED, _S.EXPIRED), _S.QUOTATION, _P.EDIT),
    Transition("expire", _("Mark as expired"), _("Expired"),
               _from(_S.SENT), _S.EXPIRED, _P.EDIT, _overdue),
    Transition("withdraw", _("Withdraw"), _("Withdrawn"),
               _from(_S.REQUESTED, _S.QUOTATION, _S.SENT), _S.WITHDRAWN, _P.EDIT, danger=True),
    Transition("deliver", _("Deliver"), _("Delivered"),
               _from(_S.CONFIRMED), None, _P.DELIVER, _open_goods, OrderDelivered),
    Transition("undo-delivery", _("Take delivery back"), _("Delivery taken back"),
               _from(_S.CONFIRMED), None, _P.DELIVER, _something_delivered, OrderDeliveryUndone, danger=True),
    Transition("cancel-rest", _("Cancel open rest"), _("Open rest cancelled"),
               _from(_S.CONFIRMED), None, _P.CANCEL, _open_rest, OrderLineCancelled, danger=True),
    Transition("close", _("Close order"), _("Order closed"),
               _from(_S.CONFIRMED), _S.CLOSED, _P.CONFIRM, _all_delivered),
    Transition("reopen", _("Open again"), _("Opened again"),
               _from(_S.CLOSED), _S.CONFIRMED, _P.CANCEL),
    Transition("cancel", _("Cancel order"), _("Order cancelled"),
               _from(_S.ACCEPTED, _S.CONFIRMED), _S.CANCELLED, _P.CANCEL, _untouched, OrderCancelled, danger=True),
    Transition("accept", _("Accept"), _("Quotation accepted"),
               _from(_S.SENT), _S.ACCEPTED, _P.MY_ACCEPT, _in_time, side="customer"),
    Transition("decline", _("Decline"), _("Quotation declined"),
               _from(_S.SENT), _S.DECLINED, _P.MY_ACCEPT, side="customer", danger=True),
    Transition("approve", _("Approve"), _("Acceptance approved"),
               _from(_S.SENT), _S.ACCEPTED, _P.MY_APPROVE, _approvable, side="customer"),
    Transition("reject", _("Refuse approval"), _("Approval refused"),
               _from(_S.SENT), None, _P.MY_APPROVE, _waiting, side="customer", danger=True),
    Transition("withdraw-approval", _("Withdraw the acceptance"), _("Acceptance withdrawn before approval"),
               _from(_S.SENT), None, _P.MY_ACCEPT, _waiting, side="customer", danger=True),
    Transition("take-back", _("Take the request back"), _("Request taken back"),
               _from(_S.REQUESTED), _S.WITHDRAWN, _P.MY_REQUEST, side="customer", danger=True),
)  # fmt: skip

_BY_ACTION = {transition.action: transition for transition in TABLE}

#: How an order begins: action → (state, what the timeline says).
BEGINNINGS: dict[str, tuple[State, Text]] = {
    "create": (State.QUOTATION, _("Quotation begun")),
    "request": (State.REQUESTED, _("Quotation requested")),
}

#: Further entries of the timeline that are no transition.
NOTED: dict[str, Text] = {
    "send-confirmation": _("Order confirmation sent"),
    "question": _("Question asked"),
    "ask-approval": _("Accepted, waiting for approval"),
    "pass-over": _("Objections passed over or released"),
    "reason": _("Reason"),
    "hold": _("Could not be confirmed automatically"),
    "propose": _("Confirmation proposed, waits for a second person"),
    "agree": _("Agreed as the second person; proposed by"),
    "decline-proposal": _("Proposed confirmation declined"),
    "withdraw-proposal": _("Proposed confirmation withdrawn"),
    "lapse-proposal": _("Proposed confirmation lapsed"),
}


def transition(action: str) -> Transition:
    """The row of an action. KeyError for an unknown one."""
    return _BY_ACTION[action]


def offered(
    situation: Situation, allowed: Callable[[str], bool], side: Side = "staff"
) -> Iterable[Transition]:
    """The actions that somebody with these permissions can take now, in the order of the table."""
    for row in TABLE:
        if row.side == side and row.refusal(situation) is None and allowed(row.permission):
            yield row


def action_title(action: str) -> Text:
    """What the timeline says of an action that was taken."""
    if action in _BY_ACTION:
        return _BY_ACTION[action].done
    if action in BEGINNINGS:
        return BEGINNINGS[action][1]
    return NOTED.get(action, action)
