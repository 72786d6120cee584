"""Drafts of invoices: written by hand, or from what an order has left to bill; edited, deleted, never numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select, update

from portal.kernel.db import new_public_id
from portal.kernel.effects import tell
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.folding import fold
from portal.kernel.i18n import Text, _
from portal.kernel.money import from_scaled
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, Department, ICustomers, PostalAddress
from portal.modules.finance.models import DRAFT, INVOICE, Invoice, InvoiceLine, InvoiceTax
from portal.modules.finance.services import reading
from portal.modules.finance.services.shares import OrderShares
from portal.modules.finance.services.totals import DraftLine, Terms, WorkedOut, work_out
from portal.modules.finance.settings import POLICY
from portal.modules.orders.interfaces import (
    BILL_BY_HAND,
    BILLABLE_STATES,
    IOrders,
    OrderFacts,
    OrderLineFacts,
)
from portal.modules.taxes.interfaces import ITaxes, Position

_GONE: Text = _("Somebody deleted this draft meanwhile.")


@dataclass(frozen=True, slots=True)
class InvoiceData:
    """What people write of an invoice.

    `due_date` None means so many days after the invoice date as the customer's terms say; `delivery_date` is the tax
    point where it is given. `department_id` is the customer's department whose it is, None for the whole account; that of
    an invoice of an order is the order's.
    """

    currency: str
    lines: Sequence[DraftLine]
    delivery_date: date | None = None
    due_date: date | None = None
    customer_reference: str = ""
    contact: str = ""
    notes: str = ""
    department_id: int | None = None


def draft_by_hand(unit: Unit, customer: CustomerFacts, data: InvoiceData) -> str:
    """A draft without an order; returns its public id.

    Raises Invalid for lines out of range, Refused where a tax or an exchange rate is missing.
    """
    _demand_supplied(unit, data)
    head = {
        **_people(customer),
        **_terms_by_hand(unit, customer, data),
        **_department(customer.departments, data.department_id),
        "customer_reference": data.customer_reference,
        "contact": data.contact,
        "responsible": unit.actor.name[:200],
        "notes": data.notes,
        "payment_days": customer.payment_days,
        "payment_terms": customer.payment_terms,
        "due_date": data.due_date,
    }
    return _insert(unit, head, _worked_out(unit, head, data.lines))


def worked_out_by_hand(unit: Unit, customer: CustomerFacts, data: InvoiceData) -> WorkedOut:
    """What a draft without an order would come to; nothing is written. Raises as `draft_by_hand`."""
    head = {"language": customer.language, **_terms_by_hand(unit, customer, data)}
    return _worked_out(unit, head, data.lines)


def worked_out_anew(unit: Unit, invoice: Invoice, data: InvoiceData) -> WorkedOut:
    """What a draft would come to with what was typed; nothing is written. Raises as `change_draft`."""
    orders = None if invoice.order_id is None else unit.ask_if(IOrders)
    order = None if orders is None or invoice.order_id is None else orders.get(invoice.order_id)
    head = {
        "currency": data.currency if invoice.order_id is None else invoice.currency,
        "policy": invoice.policy,
        "tax_position": invoice.tax_position,
        "language": invoice.language,
        "delivery_date": data.delivery_date,
    }
    shares = None if order is None else OrderShares(unit, order, leave_out=invoice.id)
    return _worked_out(unit, head, data.lines, shares)


def _terms_by_hand(unit: Unit, customer: CustomerFacts, data: InvoiceData) -> dict[str, Any]:
    position = unit.ask(ITaxes).position(customer.country, customer.vat_id, _override(customer))
    return {
        "currency": data.currency,
        "policy": unit.setting(POLICY),
        "tax_position": position.value,
        "delivery_date": data.delivery_date,
    }


def _override(customer: CustomerFacts) -> Position | None:
    return None if customer.tax_position is None else Position(customer.tax_position)


def _people(customer: CustomerFacts) -> dict[str, Any]:
    return {
        "customer_id": customer.id,
        "customer_name": customer.name,
        "customer_number": customer.number,
        "customer_vat_id": customer.vat_id,
        "language": customer.language,
        "billing_address": reading.address_json(customer.address("billing")),
        "delivery_address": reading.address_json(customer.address("delivery")),
    }


def _department(departments: Sequence[Department], department_id: int | None) -> dict[str, Any]:
    """The columns of a department in use. Raises Invalid for any other."""
    if department_id is None:
        return {"department_id": None, "department": ""}
    for one in departments:
        if one.id == department_id and one.active:
            return {"department_id": one.id, "department": one.name}
    raise Invalid({"department": _("This department is no longer there.")})


# --- from orders -------------------------------------------------------------------------------------------


def draft_from_order(unit: Unit, order: OrderFacts) -> str | None:
    """A draft of what is left to bill and stands in no other draft; returns its public id, None where nothing is left.

    Raises Refused for an order that is not confirmed.
    """
    shares = OrderShares(unit, order)
    left = {line.id: line.billable - shares.drafted(line.id) for line in order.lines}
    return _draft(unit, order, shares, left, order.delivered_on)


def draft_delivered(
    unit: Unit, order: OrderFacts, quantities: Mapping[int, Decimal], day: date | None = None
) -> str | None:
    """A draft of what was delivered on a day, by line id, and of the services once no goods are left to deliver.

    What was delivered earlier stays out: it was billed, or taken off the bill on purpose. Returns as `draft_from_order`.
    """
    shares = OrderShares(unit, order)
    waits = any(line.deliverable > 0 for line in order.lines)
    chosen: dict[int, Decimal] = {}
    for line in order.lines:
        left = line.billable - shares.drafted(line.id)
        wanted = quantities.get(line.id, Decimal(0))
        chosen[line.id] = min(wanted, left) if not line.service else Decimal(0) if waits else left
    return _draft(unit, order, shares, chosen, day or order.delivered_on)


def _draft(
    unit: Unit, order: OrderFacts, shares: OrderShares, quantities: Mapping[int, Decimal], day: date | None
) -> str | None:
    if order.state not in BILLABLE_STATES:
        raise Refused(_("Only a confirmed order is invoiced."))
    lines = [_order_line(line, quantities[line.id]) for line in order.lines if quantities[line.id] > 0]
    if not lines:
        return None
    head = {
        "customer_id": order.customer_id,
        "customer_name": order.customer_name,
        "customer_number": order.customer_number,
        "customer_vat_id": order.customer_vat_id,
        "language": order.language,
        "billing_address": reading.address_json(order.billing_address),
        "delivery_address": reading.address_json(_other_address(order)),
        "customer_reference": order.customer_reference,
        "contact": order.contact,
        "responsible": order.responsible,
        "notes": "",
        "payment_days": order.payment_days,
        "payment_terms": order.payment_terms,
        "currency": order.currency,
        "policy": order.policy,
        "tax_position": order.tax_position,
        "delivery_date": day,
        "due_date": None,
        "order_id": order.id,
        "order_public_id": order.public_id,
        "order_number": order.number,
        "department_id": order.department_id,
        "department": order.department,
    }
    return _insert(unit, head, _worked_out(unit, head, lines, shares))


def _other_address(order: OrderFacts) -> PostalAddress | None:
    return order.delivery_address if order.delivery_address != order.billing_address else None


def _order_line(line: OrderLineFacts, quantity: Decimal) -> DraftLine:
    return DraftLine(
        name=line.name,
        quantity=quantity,
        unit_price=line.unit_price,
        tax_class=line.tax_class,
        discount=line.discount,
        description=line.description,
        unit=line.unit,
        sku=line.sku,
        order_line_id=line.id,
    )


def withdraw_drafts(unit: Unit, order_id: int) -> None:
    """Delete the drafts of a cancelled order."""
    for invoice, _lines in _lock_drafts(unit, order_id):
        _delete(unit, invoice.id)


def bill_less(unit: Unit, order: OrderFacts, quantities: Mapping[int, Decimal]) -> None:
    """Take quantities by order line off the drafts of an order, newest first; what else they say stays.

    A draft that bills nothing any more is deleted.
    """
    rest = dict(quantities)
    for invoice, lines in reversed(_lock_drafts(unit, order.id)):
        kept, touched = list[DraftLine](), False
        for line in lines:
            quantity = from_scaled(line.quantity)
            less = min(quantity, max(rest.get(line.order_line_id or 0, Decimal(0)), Decimal(0)))
            if less:
                rest[line.order_line_id or 0] -= less
                touched = True
            if quantity > less:
                kept.append(_stored_line(line, quantity - less))
        if touched and kept:
            _rewrite(unit, invoice, kept, invoice.delivery_date, order)
        elif touched:
            _delete(unit, invoice.id)


def bill_no_more_than_is_left(unit: Unit, order: OrderFacts) -> None:
    """Take off the drafts of an order what was cancelled, and nothing else."""
    shares = OrderShares(unit, order)
    bill_less(unit, order, {line.id: shares.drafted(line.id) - line.billable for line in order.lines})


def undo_delivered(unit: Unit, order: OrderFacts, quantities: Mapping[int, Decimal]) -> None:
    """Take what was not delivered after all off the drafts of an order, with the services that wait for it again."""
    shares = OrderShares(unit, order)
    waits = any(line.deliverable > 0 for line in order.lines)
    services = {line.id: shares.drafted(line.id) for line in order.lines if line.service and waits}
    bill_less(unit, order, {**quantities, **services})


def date_supply(unit: Unit, order: OrderFacts) -> None:
    """Give the drafts of an order that is not billed by delivery the day of its last delivery; taxes are worked out
    again. With no delivery left, the day is unknown again. A day stays in an order that is billed by hand."""
    for invoice, lines in _lock_drafts(unit, order.id):
        if order.bill_on == BILL_BY_HAND and invoice.delivery_date is not None:
            continue
        if invoice.delivery_date != order.delivered_on:
            kept = [_stored_line(line, from_scaled(line.quantity)) for line in lines]
            _rewrite(unit, invoice, kept, order.delivered_on, order)


def _lock_drafts(unit: Unit, order_id: int) -> list[tuple[Invoice, Sequence[InvoiceLine]]]:
    ids = unit.db.scalars(
        select(Invoice.id).where(Invoice.order_id == order_id, Invoice.state == DRAFT).order_by(Invoice.id)
    ).all()
    return [reading.lock_invoice(unit, invoice_id) for invoice_id in ids]


def _stored_line(line: InvoiceLine, quantity: Decimal) -> DraftLine:
    return DraftLine(
        name=line.name,
        quantity=quantity,
        unit_price=from_scaled(line.unit_price),
        tax_class=line.tax_class,
        discount=from_scaled(line.discount),
        description=line.description,
        unit=line.unit,
        sku=line.sku,
        order_line_id=line.order_line_id,
    )


# --- editing -----------------------------------------------------------------------------------------------


def change_draft(unit: Unit, invoice_id: int, version: int, data: InvoiceData) -> None:
    """Write a draft anew from what was typed; taxes are worked out again.

    Raises Conflict when it is not at `version` any more, Refused for what is posted, Invalid for lines out of range or,
    in a draft of an order, for a line that bills another one than it did.
    """
    _demand_supplied(unit, data)
    order = _lock_around(unit, invoice_id)
    invoice, lines = lock_draft(unit, invoice_id, version)
    if invoice.order_id is not None:
        _demand_order_lines(lines, data.lines)
    more: dict[str, Any] = {
        "due_date": data.due_date,
        "customer_reference": data.customer_reference,
        "contact": data.contact,
        "notes": data.notes,
    }
    department = invoice.department
    if invoice.order_id is None:
        more["currency"] = data.currency
        if data.department_id != invoice.department_id:
            departments = unit.ask(ICustomers).departments(invoice.customer_id)
            more.update(_department(departments, data.department_id))
            department = more["department"]
    names = (invoice.customer_name, invoice.customer_number, data.customer_reference, department)
    more["search_text"] = _searched(*names, invoice.order_number)
    _rewrite(unit, invoice, data.lines, data.delivery_date, order, more)


def _rewrite(
    unit: Unit,
    invoice: Invoice,
    lines: Sequence[DraftLine],
    delivery_date: date | None,
    order: OrderFacts | None,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Work a locked draft out anew from lines and date of supply, with `more` columns as they are given."""
    head = {
        "currency": invoice.currency,
        "policy": invoice.policy,
        "tax_position": invoice.tax_position,
        "language": invoice.language,
        **(more or {}),
        "delivery_date": delivery_date,
    }
    shares = None if order is None else OrderShares(unit, order, leave_out=invoice.id)
    worked = _worked_out(unit, head, lines, shares)
    _delete_parts(unit, invoice.id)
    unit.db.execute(
        update(Invoice)
        .where(Invoice.id == invoice.id)
        .values(**worked.header, **head, version=invoice.version + 1)
        .execution_options(synchronize_session=False)
    )
    _insert_parts(unit, invoice.id, invoice.customer_id, worked)


def _demand_supplied(unit: Unit, data: InvoiceData) -> None:
    if data.delivery_date is not None and data.delivery_date > unit.today():
        raise Invalid({"delivery_date": _("A day to come cannot be chosen.")})


def _lock_around(unit: Unit, invoice_id: int) -> OrderFacts | None:
    """Lock what comes before an invoice: its customer and its order. Raises Conflict when the draft is gone."""
    row = unit.db.execute(
        select(Invoice.customer_id, Invoice.order_id).where(Invoice.id == invoice_id)
    ).one_or_none()
    if row is None:
        raise Conflict(_GONE)
    unit.ask(ICustomers).lock(row.customer_id)
    orders = unit.ask_if(IOrders)
    return None if orders is None or row.order_id is None else orders.lock(row.order_id)


def _demand_order_lines(stored: Sequence[InvoiceLine], typed: Sequence[DraftLine]) -> None:
    """Lines of an order may be billed by less, never be added: what is not ordered is invoiced on its own."""
    known = {line.order_line_id for line in stored}
    for place, line in enumerate(typed):
        if line.order_line_id not in known:
            raise Invalid(
                {f"lines-{place}-name": _("This line is not of the order. Write an invoice of its own.")}
            )


def delete_draft(unit: Unit, invoice_id: int, version: int) -> None:
    """Delete a draft. Raises as `change_draft`."""
    _lock_around(unit, invoice_id)
    invoice, _lines = lock_draft(unit, invoice_id, version)
    _delete(unit, invoice.id)


def lock_draft(unit: Unit, invoice_id: int, version: int | None) -> tuple[Invoice, Sequence[InvoiceLine]]:
    """A draft with its lines, locked: one statement; customer and order were locked before.

    Raises Refused for what is posted, Conflict for another version or a draft that is gone.
    """
    try:
        invoice, lines = reading.lock_invoice(unit, invoice_id)
    except LookupError as error:
        raise Conflict(_GONE) from error
    if invoice.state != DRAFT:
        raise Refused(_("This is posted already: it can only be corrected by a credit note."))
    if version is not None and invoice.version != version:
        raise Conflict(_("Somebody changed this draft meanwhile. Please look at it again."))
    return invoice, lines


# --- rows --------------------------------------------------------------------------------------------------


def _worked_out(
    unit: Unit, head: Mapping[str, Any], lines: Sequence[DraftLine], shares: OrderShares | None = None
) -> WorkedOut:
    if not lines:
        raise Invalid({"lines": _("Enter at least one line.")})
    terms = Terms(
        currency=head["currency"],
        policy=head["policy"],
        position=Position(head["tax_position"]),
        language=head["language"],
        tax_date=head["delivery_date"] or unit.today(),
    )
    return work_out(unit, terms, lines, shares)


def _insert(unit: Unit, head: Mapping[str, Any], worked: WorkedOut) -> str:
    """The rows of a draft: three statements."""
    public_id = new_public_id()
    names = (head["customer_name"], head["customer_number"], head["customer_reference"], head["department"])
    invoice_id = unit.db.scalars(
        insert(Invoice)
        .values(
            public_id=public_id,
            kind=INVOICE,
            state=DRAFT,
            search_text=_searched(*names, head.get("order_number", "")),
            created_at=unit.now(),
            created_by=unit.actor.name[:200],
            **worked.header,
            **head,
        )
        .returning(Invoice.id)
    ).one()
    _insert_parts(unit, invoice_id, head["customer_id"], worked)
    tell(unit, InvoiceDrafted(head["customer_name"], worked.header["gross"], head["currency"]))
    return public_id


@dataclass(frozen=True, slots=True)
class InvoiceDrafted:
    """An effect: an invoice was drafted, `gross` in minor units of `currency` (see `portal.kernel.effects`)."""

    customer_name: str
    gross: int
    currency: str


def _searched(*words: str) -> str:
    return fold(" ".join(words))[:800]


def _insert_parts(unit: Unit, invoice_id: int, customer_id: int, worked: WorkedOut) -> None:
    keys = {"invoice_id": invoice_id, "customer_id": customer_id}
    unit.db.execute(insert(InvoiceLine), [{**row, **keys} for row in worked.lines])
    unit.db.execute(insert(InvoiceTax), [{**row, **keys} for row in worked.taxes])


def _delete(unit: Unit, invoice_id: int) -> None:
    _delete_parts(unit, invoice_id)
    unit.db.execute(
        delete(Invoice).where(Invoice.id == invoice_id).execution_options(synchronize_session=False)
    )


def _delete_parts(unit: Unit, invoice_id: int) -> None:
    for part in (InvoiceTax, InvoiceLine):
        unit.db.execute(
            delete(part).where(part.invoice_id == invoice_id).execution_options(synchronize_session=False)
        )


def customer_of(unit: Unit, invoice: Invoice) -> CustomerFacts:
    """The account of an invoice: two statements."""
    return unit.ask(ICustomers).get(invoice.customer_id)
