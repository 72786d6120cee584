"""Drafts of invoices: written by hand, or from what an order has left to bill; edited, deleted, never numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from portal.kernel.db import new_public_id
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.folding import fold
from portal.kernel.i18n import _
from portal.kernel.money import from_scaled
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, ICustomers, PostalAddress
from portal.modules.finance.models import DRAFT, INVOICE, Invoice, InvoiceLine, InvoiceTax
from portal.modules.finance.services import reading
from portal.modules.finance.services.totals import DraftLine, Terms, WorkedOut, work_out
from portal.modules.finance.settings import POLICY
from portal.modules.orders.interfaces import BILL_ON_DELIVERY, OrderFacts, OrderLineFacts
from portal.modules.taxes.interfaces import ITaxes, Position


@dataclass(frozen=True, slots=True)
class InvoiceData:
    """What people write of an invoice.

    `due_date` None means so many days after the invoice date as the customer's terms say; `delivery_date` is the tax
    point where it is given.
    """

    currency: str
    lines: Sequence[DraftLine]
    delivery_date: date | None = None
    due_date: date | None = None
    customer_reference: str = ""
    contact: str = ""
    notes: str = ""


def draft_by_hand(unit: Unit, customer: CustomerFacts, data: InvoiceData) -> str:
    """A draft without an order; returns its public id.

    Raises Invalid for lines out of range, Refused where a tax or an exchange rate is missing.
    """
    position = unit.ask(ITaxes).position(customer.country, customer.vat_id, _override(customer))
    head = {
        **_people(customer),
        "customer_reference": data.customer_reference,
        "contact": data.contact,
        "responsible": unit.actor.name[:200],
        "notes": data.notes,
        "payment_days": customer.payment_days,
        "payment_terms": customer.payment_terms,
        "currency": data.currency,
        "policy": unit.setting(POLICY),
        "tax_position": position.value,
        "delivery_date": data.delivery_date,
        "due_date": data.due_date,
    }
    return _insert(unit, head, _worked_out(unit, head, data.lines))


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


# --- from orders -------------------------------------------------------------------------------------------


def draft_from_order(unit: Unit, order: OrderFacts, *, delivered_only: bool = False) -> str | None:
    """A draft of what is left to bill and stands in no other draft; returns its public id, None where nothing is left.

    `delivered_only` bills goods as far as they are delivered, and services once no goods are left to deliver.
    """
    drafted = _drafted(unit, order.id)
    lines = [
        _order_line(line, quantity)
        for line in order.lines
        if (quantity := _to_bill(order, line, drafted.get(line.id, Decimal(0)), delivered_only)) > 0
    ]
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
        "delivery_date": order.delivered_on,
        "due_date": None,
        "order_id": order.id,
        "order_public_id": order.public_id,
        "order_number": order.number,
    }
    return _insert(unit, head, _worked_out(unit, head, lines))


def _other_address(order: OrderFacts) -> PostalAddress | None:
    return order.delivery_address if order.delivery_address != order.billing_address else None


def _drafted(unit: Unit, order_id: int) -> Mapping[int, Decimal]:
    """What drafts of the order bill already, by order line: one statement."""
    rows = unit.db.execute(
        select(InvoiceLine.order_line_id, func.sum(InvoiceLine.quantity))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(Invoice.order_id == order_id, Invoice.state == DRAFT)
        .group_by(InvoiceLine.order_line_id)
    )
    return {line_id: from_scaled(int(quantity)) for line_id, quantity in rows if line_id is not None}


def _to_bill(order: OrderFacts, line: OrderLineFacts, drafted: Decimal, delivered_only: bool) -> Decimal:
    if not delivered_only:
        return line.billable - drafted
    if line.service:
        waits = any(other.deliverable > 0 for other in order.lines)
        return Decimal(0) if waits else line.billable - drafted
    return min(line.delivered - line.invoiced, line.billable) - drafted


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
    """Delete the drafts of an order, because what they bill has changed."""
    for invoice_id in unit.db.scalars(
        select(Invoice.id).where(Invoice.order_id == order_id, Invoice.state == DRAFT).order_by(Invoice.id)
    ).all():
        _delete(unit, invoice_id)


def redraft(unit: Unit, order: OrderFacts) -> None:
    """Write the drafts of an order anew after a delivery was undone or the rest of a line cancelled."""
    had = unit.db.scalar(
        select(Invoice.id).where(Invoice.order_id == order.id, Invoice.state == DRAFT).limit(1)
    )
    if had is not None:
        withdraw_drafts(unit, order.id)
        draft_from_order(unit, order, delivered_only=order.bill_on == BILL_ON_DELIVERY)


# --- editing -----------------------------------------------------------------------------------------------


def change_draft(unit: Unit, invoice_id: int, version: int, data: InvoiceData) -> None:
    """Write a draft anew from what was typed; taxes are worked out again.

    Raises Conflict when it is not at `version` any more, Refused for what is posted, Invalid for lines out of range or,
    in a draft of an order, for a line that bills another one than it did.
    """
    invoice, lines = lock_draft(unit, invoice_id, version)
    if invoice.order_id is not None:
        _demand_order_lines(lines, data.lines)
    head = {
        "currency": data.currency if invoice.order_id is None else invoice.currency,
        "policy": invoice.policy,
        "tax_position": invoice.tax_position,
        "language": invoice.language,
        "delivery_date": data.delivery_date,
    }
    worked = _worked_out(unit, head, data.lines)
    _delete_parts(unit, invoice.id)
    unit.db.execute(
        update(Invoice)
        .where(Invoice.id == invoice.id)
        .values(
            **worked.header,
            currency=head["currency"],
            delivery_date=data.delivery_date,
            due_date=data.due_date,
            customer_reference=data.customer_reference,
            contact=data.contact,
            notes=data.notes,
            version=invoice.version + 1,
        )
        .execution_options(synchronize_session=False)
    )
    _insert_parts(unit, invoice.id, invoice.customer_id, worked)


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
    invoice, _lines = lock_draft(unit, invoice_id, version)
    _delete(unit, invoice.id)


def lock_draft(unit: Unit, invoice_id: int, version: int | None) -> tuple[Invoice, Sequence[InvoiceLine]]:
    """A draft with its lines, locked: one statement. Raises Refused for what is posted, Conflict for another version."""
    invoice, lines = reading.lock_invoice(unit, invoice_id)
    if invoice.state != DRAFT:
        raise Refused(_("This is posted already: it can only be corrected by a credit note."))
    if version is not None and invoice.version != version:
        raise Conflict(_("Somebody changed this draft meanwhile. Please look at it again."))
    return invoice, lines


# --- rows --------------------------------------------------------------------------------------------------


def _worked_out(unit: Unit, head: Mapping[str, Any], lines: Sequence[DraftLine]) -> WorkedOut:
    if not lines:
        raise Invalid({"lines": _("Enter at least one line.")})
    terms = Terms(
        currency=head["currency"],
        policy=head["policy"],
        position=Position(head["tax_position"]),
        language=head["language"],
        tax_date=head["delivery_date"] or unit.today(),
    )
    return work_out(unit, terms, lines)


def _insert(unit: Unit, head: Mapping[str, Any], worked: WorkedOut) -> str:
    """The rows of a draft: three statements."""
    public_id = new_public_id()
    names = (head["customer_name"], head["customer_number"], head["customer_reference"])
    invoice_id = unit.db.scalars(
        insert(Invoice)
        .values(
            public_id=public_id,
            kind=INVOICE,
            state=DRAFT,
            search_text=fold(" ".join((*names, head.get("order_number", "")))),
            created_at=unit.now(),
            created_by=unit.actor.name[:200],
            **worked.header,
            **head,
        )
        .returning(Invoice.id)
    ).one()
    _insert_parts(unit, invoice_id, head["customer_id"], worked)
    return public_id


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
