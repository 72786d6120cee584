"""Finding and locking invoices and payments, and the values that pages show of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, func, literal, select
from sqlalchemy.orm import aliased

from portal.kernel.money import from_scaled
from portal.kernel.people import Scope
from portal.kernel.scoping import within
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import PostalAddress
from portal.modules.finance.models import (
    CREDIT_NOTE,
    INVOICE,
    POSTED,
    Account,
    Allocation,
    Entry,
    EntryLine,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Payment,
    PaymentReversal,
)
from portal.modules.finance.services import ledger
from portal.modules.finance.services.totals import rates_of

#: Another invoice of the same order; made once, for it has many columns.
_SIBLING = aliased(Invoice)


def find_invoice(unit: Unit, public_id: str) -> Invoice | None:
    """The invoice, credit note, opening item or draft of a public id: one statement."""
    return unit.db.scalar(select(Invoice).where(Invoice.public_id == public_id))


def find_payment(unit: Unit, public_id: str) -> Payment | None:
    """The payment of a public id: one statement."""
    return unit.db.scalar(select(Payment).where(Payment.public_id == public_id))


def lock_invoice(unit: Unit, invoice_id: int) -> tuple[Invoice, Sequence[InvoiceLine]]:
    """An invoice as it stands, locked until the transaction ends, with its lines: one statement.

    LookupError when it is gone.
    """
    rows = unit.db.execute(
        select(Invoice, InvoiceLine)
        .outerjoin(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
        .where(Invoice.id == invoice_id)
        .order_by(InvoiceLine.position)
        .with_for_update(of=Invoice)
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        raise LookupError(f"no invoice {invoice_id}")
    found: list[InvoiceLine | None] = [row[1] for row in rows]
    return rows[0][0], [line for line in found if line is not None]


@dataclass(frozen=True, slots=True)
class LockedInvoice:
    """A locked invoice, and how many invoices of its order are open (this one included)."""

    row: Invoice
    open_in_order: int


def lock_invoices(unit: Unit, invoice_ids: Collection[int]) -> list[LockedInvoice]:
    """Posted documents as they stand, locked in the order of their ids: one statement."""
    open_in_order = (
        select(func.count())
        .where(
            _SIBLING.order_id == Invoice.order_id,
            _SIBLING.state == POSTED,
            _SIBLING.kind != CREDIT_NOTE,
            _SIBLING.open > 0,
        )
        .scalar_subquery()
    )
    rows = unit.db.execute(
        select(Invoice, open_in_order)
        .where(Invoice.id.in_(invoice_ids), Invoice.state == POSTED)
        .order_by(Invoice.id)
        .with_for_update(of=Invoice)
        .execution_options(populate_existing=True)
    )
    return [LockedInvoice(*row) for row in rows]


def lock_payment(unit: Unit, payment_id: int) -> Payment:
    """A payment as it stands, locked: one statement. LookupError when unknown."""
    payment = unit.db.scalar(
        select(Payment)
        .where(Payment.id == payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if payment is None:
        raise LookupError(f"no payment {payment_id}")
    return payment


def lines_of(unit: Unit, invoice_id: int) -> Sequence[InvoiceLine]:
    """The lines of an invoice, by position: one statement."""
    return unit.db.scalars(
        select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.position)
    ).all()


def taxes_of(unit: Unit, invoice_id: int) -> Sequence[InvoiceTax]:
    """The taxes of an invoice, in order: one statement."""
    return unit.db.scalars(
        select(InvoiceTax).where(InvoiceTax.invoice_id == invoice_id).order_by(InvoiceTax.position)
    ).all()


# --- addresses ---------------------------------------------------------------------------------------------


def address_json(address: PostalAddress | None) -> str | None:
    """An address as an invoice stores it."""
    if address is None:
        return None
    values: dict[str, Any] = {**asdict(address), "roles": sorted(address.roles)}
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def address_of(stored: str | None) -> PostalAddress | None:
    """A stored address."""
    if stored is None:
        return None
    values: dict[str, Any] = json.loads(stored)
    values["lines"] = tuple(values["lines"])
    values["roles"] = frozenset(values["roles"])
    return PostalAddress(**values)


# --- what pages show ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line for pages; quantities, prices and discounts scaled, `net` in minor units."""

    id: int
    sku: str
    description: str
    note: str
    quantity: int
    unit: str
    unit_price: int
    discount: int
    tax: str
    net: int
    credited: int


def shown_line(line: InvoiceLine) -> ShownLine:
    """A line as pages show it."""
    return ShownLine(
        id=line.id,
        sku=line.sku,
        description=line.name,
        note=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        discount=line.discount,
        tax=tax_label(line),
        net=line.net,
        credited=line.credited,
    )


def tax_label(line: InvoiceLine) -> str:
    """The short mark of a line's tax: its percents, or its category where none is charged."""
    charged = [rate for rate in rates_of(line.rates) if rate.percent]
    return " + ".join(f"{rate.percent.normalize():f}%" for rate in charged) or line.tax_category


@dataclass(frozen=True, slots=True)
class AllocationFacts:
    """An allocation as it stands beside one of its ends; `amount` in minor units, negative where it undoes another.

    `other_kind` is invoice, opening, credit_note or payment; `undone` says that a counter row took it back.
    """

    public_id: str
    day: date
    amount: int
    base_difference: int
    other_kind: str
    other_public_id: str
    other_number: str
    undone: bool
    created_by: str
    created_at: datetime


def allocations_of_invoice(unit: Unit, invoice: Invoice, scope: Scope | None = None) -> list[AllocationFacts]:
    """What was allocated to an invoice, or from a credit note: one statement, oldest first.

    In a `scope` the other end has neither number nor public id where it may not be seen.
    """
    counter = aliased(Allocation)
    other = aliased(Invoice)
    own = Allocation.credit_note_id if invoice.kind == CREDIT_NOTE else Allocation.invoice_id
    far = Allocation.invoice_id if invoice.kind == CREDIT_NOTE else Allocation.credit_note_id
    kind = case(
        (Allocation.payment_id.is_not(None), "payment"),
        else_=INVOICE if invoice.kind == CREDIT_NOTE else CREDIT_NOTE,
    )
    seen, paid = [other.id == far], [Payment.id == Allocation.payment_id]
    if scope is not None:
        seen.append(within(scope, other))
        paid.append(literal(scope.is_whole))
    rows = unit.db.execute(
        select(
            Allocation,
            counter.id.label("counter"),
            func.coalesce(other.kind, kind).label("kind"),
            func.coalesce(other.public_id, Payment.public_id, "").label("public_id"),
            func.coalesce(other.number, Payment.number, "").label("number"),
        )
        .outerjoin(counter, counter.undoes_id == Allocation.id)
        .outerjoin(other, and_(*seen))
        .outerjoin(Payment, and_(*paid))
        .where(own == invoice.id)
        .order_by(Allocation.id)
    )
    return [_allocation(row) for row in rows]


def allocations_of_payment(unit: Unit, payment_id: int) -> list[AllocationFacts]:
    """What a payment was allocated to: one statement, oldest first."""
    counter = aliased(Allocation)
    rows = unit.db.execute(
        select(
            Allocation,
            counter.id.label("counter"),
            Invoice.kind,
            Invoice.public_id,
            Invoice.number,
        )
        .outerjoin(counter, counter.undoes_id == Allocation.id)
        .join(Invoice, Invoice.id == Allocation.invoice_id)
        .where(Allocation.payment_id == payment_id)
        .order_by(Allocation.id)
    )
    return [_allocation(row) for row in rows]


def _allocation(row: Any) -> AllocationFacts:
    allocation: Allocation = row[0]
    return AllocationFacts(
        public_id=allocation.public_id,
        day=allocation.day,
        amount=allocation.amount,
        base_difference=allocation.base_other - allocation.base_amount,
        other_kind=row[2],
        other_public_id=row[3],
        other_number=row[4],
        undone=row[1] is not None,
        created_by=allocation.created_by,
        created_at=allocation.created_at,
    )


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A posted document that is not settled: `open` in minor units of `currency`."""

    public_id: str
    kind: str
    number: str
    due_date: date | None
    currency: str
    gross: int
    open: int


def open_items(unit: Unit, customer_id: int, currency: str, *, credit_notes: bool = False) -> list[OpenItem]:
    """The customer's open invoices (or credit notes) of a currency, by due date: one statement."""
    kind = Invoice.kind == CREDIT_NOTE if credit_notes else Invoice.kind != CREDIT_NOTE
    rows = unit.db.execute(
        select(
            Invoice.public_id,
            Invoice.kind,
            Invoice.number,
            Invoice.due_date,
            Invoice.currency,
            Invoice.gross,
            Invoice.open,
        )
        .where(
            Invoice.customer_id == customer_id,
            Invoice.currency == currency,
            Invoice.state == POSTED,
            Invoice.open > 0,
            kind,
        )
        .order_by(Invoice.due_date, Invoice.id)
    )
    return [OpenItem(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """An entry with its lines: (account number, account title, base amount, amount, currency, text)."""

    id: int
    public_id: str
    journal: str
    number: int
    day: date
    text: str
    currency: str
    document: str
    hash: str
    posted_at: datetime
    posted_by: str
    reverses: tuple[str, str] | None
    reversed_by: tuple[str, str] | None
    lines: tuple[tuple[str, str, int, int, str, str], ...]

    @property
    def label(self) -> str:
        """How the entry is called."""
        return ledger.label(self.journal, self.number)


def find_entry(unit: Unit, public_id: str) -> EntryFacts | None:
    """An entry with its lines, and the entries it reverses or that reverse it: two statements."""
    before, after = aliased(Entry), aliased(Entry)
    row = unit.db.execute(
        select(Entry, before, after)
        .outerjoin(before, before.id == Entry.reverses_id)
        .outerjoin(after, after.reverses_id == Entry.id)
        .where(Entry.public_id == public_id)
    ).one_or_none()
    if row is None:
        return None
    entry: Entry = row[0]
    return EntryFacts(
        id=entry.id,
        public_id=entry.public_id,
        journal=entry.journal,
        number=entry.number,
        day=entry.day,
        text=entry.text,
        currency=entry.currency,
        document=entry.document,
        hash=entry.hash,
        posted_at=entry.posted_at,
        posted_by=entry.posted_by,
        reverses=_named(row[1]),
        reversed_by=_named(row[2]),
        lines=_entry_lines(unit, entry.id),
    )


def _named(entry: Entry | None) -> tuple[str, str] | None:
    return None if entry is None else (entry.public_id, ledger.label(entry.journal, entry.number))


def _entry_lines(unit: Unit, entry_id: int) -> tuple[tuple[str, str, int, int, str, str], ...]:
    rows = unit.db.execute(
        select(
            Account.number,
            Account.name,
            EntryLine.base_amount,
            EntryLine.amount,
            EntryLine.currency,
            EntryLine.text,
        )
        .join(Account, Account.id == EntryLine.account_id)
        .where(EntryLine.entry_id == entry_id)
        .order_by(EntryLine.position)
    )
    return tuple(tuple(row) for row in rows)  # type: ignore[misc]


def entry_link(unit: Unit, entry_id: int | None) -> tuple[str, str] | None:
    """Public id and name of an entry: one statement."""
    if entry_id is None:
        return None
    row = unit.db.execute(
        select(Entry.public_id, Entry.journal, Entry.number).where(Entry.id == entry_id)
    ).one()
    return row.public_id, ledger.label(row.journal, row.number)


def number_of(unit: Unit, invoice_id: int | None) -> tuple[str, str] | None:
    """Public id and number of a posted document: one statement."""
    if invoice_id is None:
        return None
    row = unit.db.execute(select(Invoice.public_id, Invoice.number).where(Invoice.id == invoice_id)).one()
    return row.public_id, row.number


def reversal_of(unit: Unit, payment_id: int) -> PaymentReversal | None:
    """How a payment was reversed, if it was: one statement."""
    return unit.db.scalar(select(PaymentReversal).where(PaymentReversal.payment_id == payment_id))


def quantities_of(lines: Sequence[InvoiceLine], sign: int = 1) -> Mapping[int, Any]:
    """Quantities by order line, for those lines that bill one."""
    found: dict[int, Any] = {}
    for line in lines:
        if line.order_line_id is not None:
            found[line.order_line_id] = found.get(line.order_line_id, 0) + sign * from_scaled(line.quantity)
    return found
