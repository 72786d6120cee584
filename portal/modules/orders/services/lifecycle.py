"""The verbs of the transition table, but for deliveries: send, revise, accept, confirm, close, cancel, …

Each locks the order, asks the table, changes the row, writes the timeline and publishes. `version` is the one that the
person saw; Conflict when the order changed since.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import update

from portal.kernel import effects
from portal.kernel.errors import Conflict
from portal.kernel.four_eyes import Reference
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ICustomers
from portal.modules.orders.events import OrderCancelled, OrderCancelling, OrderConfirmed, OrderConfirming
from portal.modules.orders.interfaces import ORDER_KIND
from portal.modules.orders.models import FULLY, SETTLED, Order, OrderLine
from portal.modules.orders.permissions import CONFIRM_ACT
from portal.modules.orders.services import approvals, history, printing, reading, revisions
from portal.modules.orders.services.drafting import draft_of, search_values
from portal.modules.orders.services.objections import Allowed, Objection, nobody, take_vote
from portal.modules.orders.services.progress import refresh
from portal.modules.orders.settings import CONFIRM_ACCEPTED
from portal.modules.orders.transitions import State, Transition, action_title, transition
from portal.ops import documents
from portal.ops.pdf import PrintDocument
from portal.proposals.intents import Intent, demand

DOCUMENT_KIND = ORDER_KIND
CONFIRM_JOB = "orders.confirm_accepted"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted, by the name they typed, and under which reference of theirs ("" keeps the one there is)."""

    name: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """An effect: the state that an order is in (see `portal.kernel.effects`)."""

    state: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A quotation that was sent: the revision it went out as, and the public id of its PDF."""

    order: Order
    revision: int
    document: str


def begin(
    unit: Unit, order_id: int, action: str, version: int | None = None, *, waits: bool = False
) -> tuple[Order, Sequence[OrderLine], Transition]:
    """Lock an order with its lines and ask the table: two statements. `waits`: for an approver at the customer's."""
    order = reading.lock(unit, order_id, version)
    lines = reading.lines_of(unit.db, order.id)
    row = transition(action)
    row.demand(reading.situation(order, lines, unit.today(), waits=waits))
    return order, lines, row


def move(unit: Unit, order: Order, row: Transition) -> None:
    """Go to the next state and count the version. What is written afterwards finds the row changed once.

    An acceptance that waits for approval goes no further with the order.
    """
    if row.target is not None:
        if order.state == State.SENT:
            approvals.settle(unit, order, approvals.VOID)
        order.state = row.target
        effects.tell(unit, OrderMoved(order.state))
    order.version += 1


def tell(unit: Unit, order: Order, row: Transition, text: str = "", document: str | None = None) -> None:
    """Tell the timeline."""
    history.record(unit, order, row.action, text, document=document, visible=order.visible)


def finish(
    unit: Unit, order: Order, row: Transition, text: str = "", reason: str = "", *, visible: bool = False
) -> None:
    """Go to the next state and tell the timeline: `text`, and the `reason`, which the customer reads if `visible`."""
    move(unit, order, row)
    internal = bool(reason) and order.visible and not visible
    tell(unit, order, row, text if internal else " · ".join(part for part in (text, reason) if part))
    if internal:
        history.record(unit, order, "reason", reason, visible=False)


def issue(unit: Unit, order: Order, printed: PrintDocument) -> str:
    """Issue a document of an order for whoever may see that; returns its public id."""
    return documents.issue(
        unit, printed, DOCUMENT_KIND, order.public_id, order.customer_id, order.department_id
    )


# --- quotations --------------------------------------------------------------------------------------------


def send(unit: Unit, order_id: int, version: int | None = None) -> Sent:
    """Issue the quotation: from now on the customer sees it. The revision rises if they saw other content before."""
    order, lines, row = begin(unit, order_id, "send", version)
    content = revisions.content_of(order, lines)
    earlier = revisions.latest(unit.db, order)
    again = earlier.document if earlier is not None and earlier.content == content else ""
    if not again:
        order.revision = 1 if earlier is None else earlier.revision + 1
    order.visible = True
    order.offered_revision, order.offered_gross = order.revision, order.gross
    move(unit, order, row)
    document = again or _issue_revision(unit, order, lines, content)
    tell(unit, order, row, document=document)
    _tell_customer_page(unit, order, row)
    return Sent(order, order.revision, document)


def _issue_revision(unit: Unit, order: Order, lines: Sequence[OrderLine], content: str) -> str:
    printed = printing.quotation(unit, order, lines)
    document = issue(unit, order, printed)
    revisions.store(unit, order, order.revision, content, document)
    return document


def revise(unit: Unit, order_id: int, version: int | None = None) -> Order:
    """Back to writing; the customer goes on seeing what they were sent."""
    order, _lines, row = begin(unit, order_id, "revise", version)
    finish(unit, order, row)
    return order


def withdraw(
    unit: Unit, order_id: int, reason: str = "", version: int | None = None, *, visible: bool = False
) -> Order:
    """Give up a request, a draft, or a quotation that was sent. The customer reads the reason if it is `visible`."""
    order, _lines, row = begin(unit, order_id, "withdraw", version)
    finish(unit, order, row, reason=reason, visible=visible)
    return order


def record_acceptance(unit: Unit, order_id: int, acceptance: Acceptance, version: int | None = None) -> Order:
    """Accepted by phone or letter; `acceptance.name` is the person at the customer's."""
    order, _lines, row = begin(unit, order_id, "record-acceptance", version)
    accepted(unit, order, acceptance)
    finish(unit, order, row, acceptance.name)
    return order


def accepted(unit: Unit, order: Order, acceptance: Acceptance) -> None:
    """Note who accepted which revision, and ask for the confirmation where the portal confirms by itself."""
    order.accepted_at = unit.now()
    order.accepted_by = acceptance.name
    order.accepted_user_id = unit.actor.user_id
    order.accepted_revision = order.revision
    if acceptance.reference:
        order.customer_reference = acceptance.reference
        draft = draft_of(order, ())
        found = search_values(order.customer_name, order.customer_number, draft, order.department)
        for column, folded in found.items():
            setattr(order, column, folded)
    if unit.setting(CONFIRM_ACCEPTED) == "auto":
        unit.enqueue(CONFIRM_JOB, {"order": order.id}, dedupe=str(order.id))


def record_decline(
    unit: Unit, order_id: int, reason: str, version: int | None = None, *, visible: bool = False
) -> Order:
    """Declined by phone or letter. The customer reads what a clerk made of their reason if it is `visible`."""
    order, _lines, row = begin(unit, order_id, "record-decline", version)
    finish(unit, order, row, reason=reason, visible=visible)
    return order


def expire(unit: Unit, order_id: int, version: int | None = None) -> Order:
    """The day of validity has passed. Raises Refused while it has not."""
    order, _lines, row = begin(unit, order_id, "expire", version)
    finish(unit, order, row)
    return order


# --- orders ------------------------------------------------------------------------------------------------


def confirm(
    unit: Unit,
    order_id: int,
    *,
    passed: Collection[str] = (),
    allowed: Allowed = nobody,
    version: int | None = None,
) -> Order:
    """Confirm: vote, fix the lines, issue the order confirmation, tell others.

    `passed` are the keys of the objections that the person read and lets pass. Raises Objected while some are not, and
    NeedsSecond above the limit of one person.
    """
    order, lines, row = begin(unit, order_id, "confirm", version)
    question = OrderConfirming(
        order_id=order.id,
        public_id=order.public_id,
        number=order.number,
        customer_id=order.customer_id,
        currency=order.currency,
        net=order.net,
        gross=order.gross,
        bill_on=order.bill_on,
    )
    let_pass = take_vote(unit, question, passed, allowed)
    demand(unit, CONFIRM_ACT, order.base_gross, lambda: _intent(order, passed, let_pass))
    order.confirmed_on = unit.today()
    order.visible = True
    refresh(order, lines)
    move(unit, order, row)
    printed = printing.confirmation(unit, order, lines)
    document = issue(unit, order, printed)
    tell(unit, order, row, document=document)
    _note_passed_over(unit, order, let_pass)
    _tell_customer_page(unit, order, row)
    unit.publish(OrderConfirmed(order.id, order.public_id, order.customer_id, order.bill_on))
    return order


def _intent(order: Order, passed: Collection[str], let_pass: Sequence[Objection]) -> Intent:
    return Intent(
        arguments={
            "order": order.public_id,
            "passed": sorted(passed),
            "voters": sorted({objection.voter for objection in let_pass}),
        },
        title=f"{order.number} {order.customer_name}",
        seen=str(order.version),
        about=Reference(DOCUMENT_KIND, order.public_id),
        amount=(order.gross, order.currency),
    )


def close(unit: Unit, order_id: int, version: int | None = None) -> Order:
    """Close an order of which nothing is left to deliver."""
    order, _lines, row = begin(unit, order_id, "close", version)
    finish(unit, order, row)
    return order


def close_if_done(unit: Unit, order: Order) -> None:
    """Close an order that is delivered, billed and paid. The order is locked by the caller."""
    if order.state == State.CONFIRMED and order.delivery == FULLY and order.billing == SETTLED:
        finish(unit, order, transition("close"))


def reopen(unit: Unit, order_id: int, version: int | None = None) -> Order:
    """Open a closed order again."""
    order, _lines, row = begin(unit, order_id, "reopen", version)
    finish(unit, order, row)
    return order


def cancel(
    unit: Unit,
    order_id: int,
    reason: str = "",
    *,
    visible: bool = False,
    passed: Collection[str] = (),
    allowed: Allowed = nobody,
    version: int | None = None,
) -> Order:
    """Cancel an order of which nothing was delivered or invoiced: a vote, then every line's rest is cancelled.

    The customer reads the reason if it is `visible`.
    """
    order, _lines, row = begin(unit, order_id, "cancel", version)
    let_pass = take_vote(unit, OrderCancelling(order.id, order.public_id, order.customer_id), passed, allowed)
    unit.db.execute(
        update(OrderLine)
        .where(OrderLine.order_id == order.id)
        .values(cancelled=OrderLine.quantity)
        .execution_options(synchronize_session=False)
    )
    finish(unit, order, row, reason=reason, visible=visible)
    _note_passed_over(unit, order, let_pass)
    _tell_customer_page(unit, order, row)
    unit.publish(OrderCancelled(order.id, order.public_id, order.customer_id))
    return order


def demand_revision(order: Order, revision: int) -> None:
    """Raise Conflict unless the customer saw the revision that stands now."""
    if order.revision != revision or order.state == State.QUOTATION:
        raise Conflict(_("This quotation was changed meanwhile. Please read it again before you decide."))


def _note_passed_over(unit: Unit, order: Order, objections: Sequence[Objection]) -> None:
    """Whose objections were passed over is kept, and is nothing that the customer gets to see."""
    if objections:
        voters = ", ".join(sorted({objection.voter for objection in objections}))
        history.record(unit, order, "pass-over", voters, visible=False)


def _tell_customer_page(unit: Unit, order: Order, row: Transition) -> None:
    """What happened, on the timeline of the customer's account."""
    title = unit.translate(action_title(row.action), unit.company.language)
    unit.ask(ICustomers).record(
        order.customer_id, f"{title}: {order.number}", kind=DOCUMENT_KIND, public_id=order.public_id
    )
