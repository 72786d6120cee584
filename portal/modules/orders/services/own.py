"""The customer's side: what they see of their orders, and what they may do. Each takes the scope of their account.

These verbs write nothing but rows of that account and job rows; accepting never fails for credit or stock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, func, literal, select

from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.money import from_scaled
from portal.kernel.people import Scope
from portal.kernel.scoping import within
from portal.kernel.unit import Unit
from portal.modules.catalog.interfaces import IProducts, ProductFacts
from portal.modules.customers.interfaces import (
    CustomerFacts,
    Department,
    ICustomers,
    IMyAddresses,
    PostalAddress,
)
from portal.modules.orders.interfaces import OrderFacts
from portal.modules.orders.models import FULLY, Approval, Order, OrderLine, Revision
from portal.modules.orders.services import approvals, comments, drafting, history, reading, revisions
from portal.modules.orders.services.approvals import Wait
from portal.modules.orders.services.drafts import Draft, DraftLine
from portal.modules.orders.services.lifecycle import Acceptance, accepted, begin, demand_revision, finish
from portal.modules.orders.services.printing import tax_label
from portal.modules.orders.settings import BILL_ON
from portal.modules.orders.transitions import State, Transition, offered
from portal.people import colleagues

#: The acceptance of an order that waits for an approver.
_WAITS = and_(
    Approval.order_id == Order.id, Approval.customer_id == Order.customer_id, Approval.outcome.is_(None)
)


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line as the customer sees it; quantities, prices and discounts scaled, `net` in minor units."""

    position: int
    sku: str
    name: str
    description: str
    unit: str
    service: bool
    quantity: int
    unit_price: int
    discount: int
    tax: str
    net: int
    delivered: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class OwnTax:
    """A rate of the breakdown; amounts in minor units."""

    title: str
    percent: Decimal
    base: int
    amount: int
    exemption: str


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order as the customer sees it: while a new revision is being written, what they were sent last.

    `being_revised` says so. Amounts in minor units of `currency`.
    """

    id: int
    public_id: str
    number: str
    state: str
    delivery: str
    billing: str
    revision: int
    being_revised: bool
    ordered_on: date
    valid_until: date | None
    promised_on: date | None
    requested_on: date | None
    department: str
    customer_reference: str
    contact: str
    responsible: str
    billing_address: PostalAddress | None
    delivery_address: PostalAddress | None
    notes: str
    currency: str
    payment_terms: str
    net: int
    tax: int
    gross: int
    taxes: tuple[OwnTax, ...]
    lines: tuple[OwnLine, ...]
    accepted_by: str | None
    accepted_at: datetime | None
    wait: Wait | None
    subject: history.Subject
    actions: tuple[Transition, ...]
    facts: OrderFacts

    @property
    def priced(self) -> bool:
        """Whether there are prices to see: not while it is a request."""
        return self.state != State.REQUESTED


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a customer's home tells of orders: quotations to decide on, and what is on its way."""

    decide: tuple[Summary, ...]
    coming: tuple[Summary, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """An order in few words; `day` is the last day of validity, or the promised one."""

    public_id: str
    number: str
    state: str
    gross: int
    currency: str
    day: date | None
    waits: bool = False


def exists(unit: Unit, scope: Scope, public_id: str) -> int | None:
    """The id of an order that this account may see, else None: one statement."""
    return unit.db.scalar(_visible(select(Order.id), scope).where(Order.public_id == public_id))


def get(unit: Unit, scope: Scope, public_id: str) -> OwnOrder | None:
    """An order that this account may see: two statements, one more while it is revised or waits for approval."""
    found: Any = unit.db.execute(
        _visible(select(Order, Approval).outerjoin(Approval, _WAITS), scope).where(
            Order.public_id == public_id
        )
    ).one_or_none()
    if found is None:
        return None
    order: Order = found[0]
    approval: Approval | None = found[1]
    lines = reading.lines_of(unit.db, order.id)
    if order.state == State.QUOTATION:
        sent = revisions.latest(unit.db, order)
        return None if sent is None else _as_sent(order, sent)
    wait = None if approval is None else approvals.shown(unit, scope, order, approval)
    return _as_it_is(unit, order, lines, wait)


def timeline(unit: Unit, scope: Scope, own: OwnOrder) -> history.History:
    """What the customer gets to see of the history: one statement. Employees are named, internals left out."""
    if own.subject.customer_id != scope.customer_id or not scope.covers(own.facts.department_id):
        raise LookupError(f"no order {own.public_id}")
    found = history.history(unit, own.subject)
    return history.History(tuple(entry for entry in found.timeline if entry.visible), found.deliveries)


def waiting(unit: Unit, scope: Scope, limit: int = 5) -> Waiting:
    """What to decide and what is coming, at most `limit` of each, by their days: one statement."""
    to_decide = Order.state == State.SENT
    day = case((to_decide, Order.valid_until), else_=Order.promised_on)
    by_day = (func.coalesce(day, Order.ordered_on), Order.id)
    ranked = (
        _visible(
            select(
                Order.public_id,
                Order.number,
                Order.state,
                Order.gross,
                Order.currency,
                day.label("day"),
                Approval.id.is_not(None).label("waits"),
                func.row_number().over(partition_by=to_decide, order_by=by_day).label("place"),
            ).outerjoin(Approval, _WAITS),
            scope,
        )
        .where(
            Order.state.in_((State.SENT, State.ACCEPTED))
            | ((Order.state == State.CONFIRMED) & (Order.delivery != FULLY))
        )
        .subquery()
    )
    rows = unit.db.execute(select(ranked).where(ranked.c.place <= limit).order_by(ranked.c.place)).all()
    return Waiting(
        decide=tuple(_summary(row) for row in rows if row.state == State.SENT),
        coming=tuple(_summary(row) for row in rows if row.state != State.SENT),
    )


# --- acts --------------------------------------------------------------------------------------------------


def accept(
    unit: Unit,
    scope: Scope,
    public_id: str,
    *,
    name: str,
    revision: int,
    reference: str = "",
    repeat: bool = False,
) -> bool:
    """Accept the revision that was read, in the typed name; False when the acceptance waits for an approver.

    Raises Conflict when there is another one by now, Invalid for a reference that stands on another order already
    unless `repeat` says that it is meant, Refused when the validity is over, and above the spending limit of whoever
    acts where nobody may approve.
    """
    order, row = _begin(unit, scope, public_id, "accept", revision)
    if not name.strip():
        raise Invalid({"name": _("Please type your name.")})
    if reference and not repeat:
        _demand_new_reference(unit, scope, order, reference)
    people = colleagues.deciders(unit, scope)
    if approvals.is_needed(unit, order, people):
        approvals.ask(unit, scope, order, people, name=name.strip(), reference=reference)
        return False
    accepted(unit, order, Acceptance(name.strip(), reference))
    finish(unit, order, row, name.strip())
    return True


def to_approve(unit: Unit, scope: Scope) -> tuple[Summary, ...]:
    """The acceptances of colleagues on which whoever acts may decide, oldest first: three statements at most."""
    ids = approvals.decidable(unit, scope)
    if not ids:
        return ()
    rows = unit.db.execute(
        _visible(
            select(
                Order.public_id,
                Order.number,
                Order.state,
                Order.gross,
                Order.currency,
                Order.valid_until.label("day"),
                literal(value=True).label("waits"),
            ),
            scope,
        )
        .where(Order.id.in_(ids))
        .order_by(Order.id)
    )
    return tuple(_summary(row) for row in rows)


def approve(unit: Unit, scope: Scope, public_id: str, *, revision: int) -> None:
    """Accept in one's own name what a colleague was not allowed to accept alone.

    Raises Conflict when there is another revision by now, Refused when nothing waits, for who accepted it, and for who
    may not decide on the amount.
    """
    order, row, approval = _begin_deciding(unit, scope, public_id, "approve", revision)
    approvals.demand_decider(unit, scope, order, approval)
    approvals.settle(unit, order, approvals.APPROVED)
    accepted(unit, order, Acceptance(unit.actor.name, approval.reference))
    finish(unit, order, row, approval.asked_by)


def reject(unit: Unit, scope: Scope, public_id: str, *, reason: str, revision: int) -> None:
    """Let a colleague's acceptance not come about; the quotation stays open. Raises as `approve`, Invalid without a reason."""
    order, row, approval = _begin_deciding(unit, scope, public_id, "reject", revision)
    approvals.demand_decider(unit, scope, order, approval)
    if not reason.strip():
        raise Invalid({"reason": _("Please tell us why.")})
    approvals.settle(unit, order, approvals.REJECTED, reason.strip())
    finish(unit, order, row, reason.strip())


def withdraw_approval(unit: Unit, scope: Scope, public_id: str) -> None:
    """Take one's own acceptance back while it waits. Raises Refused for that of a colleague."""
    order, row, approval = _begin_deciding(unit, scope, public_id, "withdraw-approval", None)
    if approval.asked_user_id != unit.actor.user_id:
        raise Refused(_("Only who accepted can withdraw it."))
    approvals.settle(unit, order, approvals.WITHDRAWN)
    finish(unit, order, row)


def decline(unit: Unit, scope: Scope, public_id: str, *, reason: str, revision: int) -> None:
    """Decline the revision that was read. Raises Conflict when there is another one, Invalid without a reason."""
    order, row = _begin(unit, scope, public_id, "decline", revision)
    if not reason.strip():
        raise Invalid({"reason": _("Please tell us why.")})
    finish(unit, order, row, reason.strip())


def take_back(unit: Unit, scope: Scope, public_id: str) -> None:
    """Take a request back that nobody has begun to work on."""
    order, row = _begin(unit, scope, public_id, "take-back", None)
    finish(unit, order, row)


def ask(unit: Unit, scope: Scope, public_id: str, text: str) -> None:
    """Ask a question, or say something, on an order."""
    comments.comment(unit, _id(unit, scope, public_id), text, visible=True)


def account(unit: Unit, scope: Scope) -> CustomerFacts:
    """The account itself, with what of it is in the scope."""
    return unit.ask(IMyAddresses).get(scope)


def departments(unit: Unit, scope: Scope) -> tuple[Department, ...]:
    """The departments that somebody of this scope may ask for: one statement; none, and no statement, for the only one."""
    if scope.departments is not None and len(scope.departments) == 1:
        return ()
    found = unit.ask(ICustomers).departments(scope.customer_id)
    return tuple(one for one in found if one.active and scope.covers(one.id))


def request(
    unit: Unit,
    scope: Scope,
    lines: Sequence[DraftLine],
    *,
    reference: str = "",
    requested_on: date | None = None,
    notes: str = "",
    department: str | None = None,
) -> drafting.Created:
    """Ask for a quotation of products, as the catalog calls and measures them, and of free text.

    `department` is the public id of the one that it is for; who is limited to a single one need not say it. Raises
    Invalid for fields (`department`, `lines-<n>-quantity`, `-name`, `-unit`).
    """
    customer = account(unit, scope)
    asking = _department(customer, scope, department)
    ids = {line.product for line in lines if line.product}
    products = unit.ask(IProducts).find(ids) if ids else dict[str, ProductFacts]()
    _check(lines, products)
    draft = Draft(
        lines=tuple(lines),
        billing_address=customer.address("billing", asking),
        delivery_address=customer.address("delivery", asking),
        department_id=asking,
        contact=unit.actor.name,
        bill_on=unit.setting(BILL_ON),
        customer_reference=reference,
        requested_on=requested_on,
        notes=notes,
    )
    created = drafting.request(unit, customer, draft, products)
    order = unit.db.get_one(Order, created.id)
    revisions.store(unit, order, 0, revisions.content_of(order, reading.lines_of(unit.db, order.id)))
    return created


def _department(customer: CustomerFacts, scope: Scope, public_id: str | None) -> int | None:
    """The department that a request is for, None for the whole account. Raises Invalid for what is not to be chosen."""
    if public_id is None and scope.is_whole:
        return None
    in_use = customer.departments_in_use
    chosen = in_use[0] if public_id is None and len(in_use) == 1 else customer.department(public_id or "")
    if chosen is None:
        raise Invalid({"department": _("Choose one of your departments.")})
    return chosen.id


@dataclass(frozen=True, slots=True)
class Repeat:
    """What a new request like an old order begins with; `department_id` as in the order."""

    lines: list[DraftLine]
    department_id: int | None


def to_repeat(unit: Unit, scope: Scope, public_id: str) -> Repeat:
    """An old order as a new request would begin: products and free text, without prices."""
    own = get(unit, scope, public_id)
    if own is None:
        raise LookupError(f"no order {public_id}")
    products = {
        line.position: line.product_public_id
        for line in reading.lines_of(unit.db, own.id)
        if own.state != State.QUOTATION
    }
    lines = [_repeated(line, products.get(line.position, "")) for line in own.lines]
    return Repeat(lines, own.facts.department_id)


def _repeated(line: OwnLine, product: str) -> DraftLine:
    quantity = from_scaled(line.quantity)
    if product:
        return DraftLine(quantity, product)
    return DraftLine(
        quantity, name=line.name, description=line.description, unit=line.unit, service=line.service
    )


# --- inside ------------------------------------------------------------------------------------------------


def _visible(statement: Any, scope: Scope) -> Any:
    return statement.where(within(scope, Order), Order.visible.is_(True))


def _id(unit: Unit, scope: Scope, public_id: str) -> int:
    found = exists(unit, scope, public_id)
    if found is None:
        raise LookupError(f"no order {public_id}")
    return found


def _begin(
    unit: Unit, scope: Scope, public_id: str, action: str, revision: int | None
) -> tuple[Order, Transition]:
    order_id = _id(unit, scope, public_id)
    if revision is not None:
        demand_revision(reading.lock(unit, order_id), revision)
    order, _lines, row = begin(unit, order_id, action)
    return order, row


def _begin_deciding(
    unit: Unit, scope: Scope, public_id: str, action: str, revision: int | None
) -> tuple[Order, Transition, Approval]:
    """Lock an order and the acceptance that waits for an approver. Raises Refused where none does."""
    locked = reading.lock(unit, _id(unit, scope, public_id))
    if revision is not None:
        demand_revision(locked, revision)
    approval = approvals.open_of(unit, locked)
    order, _lines, row = begin(unit, locked.id, action, waits=approval is not None)
    if approval is None:
        raise LookupError(f"nothing of {public_id} waits")
    return order, row, approval


def _demand_new_reference(unit: Unit, scope: Scope, order: Order, reference: str) -> None:
    if unit.actor.user_id is None:
        # Whoever holds the link to one document reads nothing of other departments either.
        mine = None if order.department_id is None else frozenset({order.department_id})
        scope = Scope(scope.customer_id, mine)
    numbers = unit.db.scalars(
        _visible(select(Order.number), scope)
        .where(Order.customer_reference == reference, Order.id != order.id)
        .where(Order.state.not_in((State.WITHDRAWN, State.CANCELLED, State.DECLINED, State.EXPIRED)))
        .limit(3)
    ).all()
    if numbers:
        text = _(
            "You gave this reference for ${numbers} already. Tick the box to use it again.",
            mapping={"numbers": ", ".join(numbers)},
        )
        raise Invalid({"reference": text})


def _check(lines: Sequence[DraftLine], products: Mapping[str, ProductFacts]) -> None:
    errors: dict[str, Text] = {}
    if not lines:
        errors["lines"] = _("Enter at least one line.")
    for place, line in enumerate(lines):
        if line.quantity <= 0:
            errors[f"lines-{place}-quantity"] = _("More than nothing.")
        if line.unit_price is not None or line.discount is not None or line.tax_class or line.key is not None:
            errors[f"lines-{place}-name"] = _("A request has no prices.")
        if line.product and (line.name or line.description):
            errors[f"lines-{place}-name"] = _("Choose a product or use your own words, not both.")
        sold = products.get(line.product)
        if sold is not None and line.unit not in ("", sold.unit):
            errors[f"lines-{place}-unit"] = _("This product is sold by: ${unit}", mapping={"unit": sold.unit})
    if errors:
        raise Invalid(errors)


def _summary(row: Any) -> Summary:
    return Summary(row.public_id, row.number, row.state, row.gross, row.currency, row.day, row.waits)


def _as_it_is(unit: Unit, order: Order, lines: Sequence[OrderLine], wait: Wait | None) -> OwnOrder:
    situation = reading.situation(order, lines, unit.today(), waits=wait is not None)
    return OwnOrder(
        state=order.state,
        revision=order.revision,
        being_revised=False,
        wait=wait,
        actions=tuple(
            row
            for row in offered(situation, lambda _permission: True, "customer")
            if wait is None or _concerns(wait, row)
        ),
        valid_until=order.valid_until,
        promised_on=order.promised_on,
        requested_on=order.requested_on,
        department=order.department,
        customer_reference=order.customer_reference,
        contact=order.contact,
        responsible=order.responsible,
        billing_address=reading.address_of(order.billing_address),
        delivery_address=reading.address_of(order.delivery_address),
        notes=order.notes,
        payment_terms=order.payment_terms,
        net=order.net,
        tax=order.tax,
        gross=order.gross,
        taxes=_taxes(json.loads(order.taxes)),
        lines=tuple(_line(line) for line in lines),
        **_fixed(order, reading.facts(order, lines)),
    )


def _concerns(wait: Wait, row: Transition) -> bool:
    """Whether an action is one for whoever looks, while an acceptance waits."""
    if row.action == "withdraw-approval":
        return wait.is_mine
    if row.action in ("approve", "reject"):
        return wait.may_decide
    return row.action != "accept" or not wait.is_mine


def _as_sent(order: Order, sent: Revision) -> OwnOrder:
    """What the customer was sent, or asked for, while a new revision is being written."""
    content: dict[str, Any] = json.loads(sent.content)
    header = content["header"]
    return OwnOrder(
        state=State.SENT if sent.revision else State.REQUESTED,
        revision=sent.revision,
        being_revised=True,
        wait=None,
        actions=(),
        valid_until=_day(header["valid_until"]),
        promised_on=_day(header["promised_on"]),
        requested_on=_day(header["requested_on"]),
        department=header.get("department", ""),
        customer_reference=header["customer_reference"],
        contact=header["contact"],
        responsible=header["responsible"],
        billing_address=reading.address_of(header["billing_address"]),
        delivery_address=reading.address_of(header["delivery_address"]),
        notes=header["notes"],
        payment_terms=header["payment_terms"],
        net=header["net"],
        tax=header["tax"],
        gross=header["gross"],
        taxes=_taxes(json.loads(header["taxes"])),
        lines=tuple(_sent_line(line) for line in content["lines"]),
        **_fixed(order, reading.facts(order, ())),
    )


def _fixed(order: Order, facts: OrderFacts) -> dict[str, Any]:
    return {
        "id": order.id,
        "public_id": order.public_id,
        "number": order.number,
        "delivery": order.delivery,
        "billing": order.billing,
        "ordered_on": order.ordered_on,
        "currency": order.currency,
        "accepted_by": order.accepted_by,
        "accepted_at": order.accepted_at,
        "subject": history.Subject.of(order),
        "facts": facts,
    }


def _line(line: OrderLine) -> OwnLine:
    return OwnLine(
        line.position,
        line.sku,
        line.name,
        line.description,
        line.unit,
        line.service,
        line.quantity,
        line.unit_price,
        line.discount,
        tax_label(line),
        line.net,
        line.delivered,
        line.cancelled,
    )


def _sent_line(line: Mapping[str, Any]) -> OwnLine:
    rates = reading.rates_of(line["rates"])
    return OwnLine(
        line["position"],
        line["sku"],
        line["name"],
        line["description"],
        line["unit"],
        line["service"],
        line["quantity"],
        line["unit_price"],
        line["discount"],
        " + ".join(f"{rate.percent.normalize():f}%" for rate in rates) or line["tax_category"],
        line["net"],
        0,
        0,
    )


def _taxes(entries: Iterable[Mapping[str, Any]]) -> tuple[OwnTax, ...]:
    return tuple(
        OwnTax(entry["title"], Decimal(entry["percent"]), entry["base"], entry["amount"], entry["exemption"])
        for entry in entries
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
