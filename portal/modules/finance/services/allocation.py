"""Allocating payments and credit notes to invoices, and undoing it by dated counter rows.

Locks are taken in one order: the customer's row, orders, invoices by id, payments by id, the chain of allocations before
the general journal. The database keeps the open amounts: a trigger takes each allocation off both of its ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select

from portal.kernel.db import new_public_id
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.money import portion
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ICustomers
from portal.modules.finance.models import CREDIT_NOTE, GENERAL_JOURNAL, Allocation, Invoice, Payment
from portal.modules.finance.services import chart, digests, ledger, numbers, reading
from portal.modules.finance.services.chart import Chart
from portal.modules.finance.services.numbers import Taken
from portal.modules.finance.services.reading import LockedInvoice
from portal.modules.finance.settings import EXCHANGE_ACCOUNT
from portal.modules.orders.interfaces import IOrders


@dataclass(frozen=True, slots=True)
class Ends:
    """The locked documents of an act, with the orders that their settlement concerns."""

    orders: IOrders | None
    invoices: Sequence[LockedInvoice]

    def invoice(self, invoice_id: int) -> Invoice:
        """A locked document."""
        return next(found.row for found in self.invoices if found.row.id == invoice_id)


def allocate_payment(unit: Unit, payment: Payment, amounts: Mapping[str, int], day: date) -> None:
    """Allocate what is open of a payment to invoices of its customer and currency, from `day` on.

    `amounts` in minor units by public id of the invoice. Raises Invalid (`amount-<public id>`) for more than is open,
    Refused for a reversed payment, a day before the documents, to come, or closed.
    """
    books = chart.read(unit)
    locked = lock(unit, payment.customer_id, invoice_ids(unit, payment.customer_id, amounts))
    payment = reading.lock_payment(unit, payment.id)
    apply(unit, books, locked, payment, by_id(locked, amounts), day)


def allocate_credit_note(unit: Unit, note: Invoice, amounts: Mapping[str, int], day: date) -> None:
    """The same for what is open of a credit note."""
    books = chart.read(unit)
    locked = lock(unit, note.customer_id, [*invoice_ids(unit, note.customer_id, amounts), note.id])
    apply(unit, books, locked, locked.invoice(note.id), by_id(locked, amounts), day)


def invoice_ids(unit: Unit, customer_id: int, public_ids: Collection[str]) -> list[int]:
    """The ids of a customer's documents; another's are not found. Raises Invalid for unknown ones."""
    found = dict(
        unit.db.execute(
            select(Invoice.public_id, Invoice.id).where(
                Invoice.public_id.in_(public_ids), Invoice.customer_id == customer_id
            )
        ).all()
    )
    for public_id in public_ids:
        if public_id not in found:
            raise Invalid({f"amount-{public_id}": _("There is no such invoice of this customer.")})
    return list(found.values())


def lock(unit: Unit, customer_id: int, ids: Collection[int], known: Sequence[Invoice] = ()) -> Ends:
    """Lock the customer, the orders of these documents, and the documents.

    `known` are rows that were read already, from which the orders are taken without asking again.
    """
    unit.ask(ICustomers).lock(customer_id)
    orders = unit.ask_if(IOrders)
    if orders is not None and ids:
        asked = select(Invoice.order_id).where(Invoice.id.in_(ids))
        concerned = [row.order_id for row in known] if known else unit.db.scalars(asked).all()
        for order_id in sorted({found for found in concerned if found is not None}):
            orders.lock(order_id)
    return Ends(orders, reading.lock_invoices(unit, ids) if ids else ())


def by_id(locked: Ends, amounts: Mapping[str, int]) -> dict[int, int]:
    """Amounts by the id of the locked invoice; nothing for zero."""
    return {
        found.row.id: amounts[found.row.public_id]
        for found in locked.invoices
        if amounts.get(found.row.public_id)
    }


def apply(
    unit: Unit,
    books: Chart,
    locked: Ends,
    other: Payment | Invoice,
    amounts: Mapping[int, int],
    day: date,
    chain: Taken | None = None,
) -> None:
    """Write allocations of a locked payment or credit note to locked invoices, the entry of their exchange differences,
    and tell orders which of them are settled. Raises as `allocate_payment`.

    `chain` is the end of the chain of allocations, where the caller has taken it.
    """
    demand_fit(unit, books, locked, other, amounts, day)
    rows: list[dict[str, Any]] = []
    left = Remainder.of(other)
    for invoice_id, amount in sorted(amounts.items()):
        invoice = locked.invoice(invoice_id)
        rows.append(
            {
                "invoice_id": invoice_id,
                "amount": amount,
                "base_amount": Remainder.of(invoice).take(amount),
                "base_other": left.take(amount),
            }
        )
    _write(unit, books, locked, other, rows, day, chain)
    closed = {row["invoice_id"] for row in rows if locked.invoice(row["invoice_id"]).open == row["amount"]}
    settle(locked, closed=closed)


def demand_fit(
    unit: Unit, books: Chart, locked: Ends, other: Payment | Invoice, amounts: Mapping[int, int], day: date
) -> None:
    """Raise as `allocate_payment` where `apply` would."""
    if not amounts:
        raise Invalid({"": _("Enter an amount for at least one invoice.")})
    books.refuse_closed(day)
    _demand_open(locked, other, amounts)
    _demand_day(unit, locked, other, amounts, day)


class Remainder:
    """The open part of a document in its currency and in base, from which parts are taken that sum exactly."""

    def __init__(self, amount: int, base_amount: int, open_: int, base_open: int) -> None:
        self._amount = amount
        self._base_amount = base_amount
        self._used = amount - open_
        self._base_used = base_amount - base_open

    @classmethod
    def of(cls, document: Payment | Invoice) -> Remainder:
        """What is open of a document."""
        if isinstance(document, Payment):
            return cls(document.amount, document.base_amount, document.open, document.base_open)
        return cls(document.gross, document.base_gross, document.open, document.base_open)

    def take(self, amount: int) -> int:
        """The value in base of a part of the open amount: none below zero, and the last part takes the rest.

        Parts that were taken back in another order than they came leave more or less in base than their share.
        """
        share = portion(
            self._base_amount, Decimal(amount), Decimal(self._amount), self._base_used, Decimal(self._used)
        )
        base = min(max(share, 0), self._base_amount - self._base_used)
        self._used += amount
        self._base_used += base
        return base


def _demand_open(locked: Ends, other: Payment | Invoice, amounts: Mapping[int, int]) -> None:
    errors: dict[str, Text] = {}
    for invoice_id, amount in amounts.items():
        invoice = locked.invoice(invoice_id)
        name = f"amount-{invoice.public_id}"
        if invoice.kind == CREDIT_NOTE or invoice.currency != other.currency:
            errors[name] = _(
                "Only invoices in ${currency} can be chosen.", mapping={"currency": other.currency}
            )
        elif amount < 0:
            errors[name] = _("An amount is above zero.")
        elif amount > invoice.open:
            errors[name] = _("This is more than the invoice has open.")
    if errors:
        raise Invalid(errors)
    if sum(amounts.values()) > other.open:
        raise Invalid({"": _("This is more than there is to allocate.")})


def _demand_day(
    unit: Unit, locked: Ends, other: Payment | Invoice, amounts: Mapping[int, int], day: date
) -> None:
    dates = [locked.invoice(invoice_id).invoice_date for invoice_id in amounts]
    dates.append(other.day if isinstance(other, Payment) else other.invoice_date)
    if day > unit.today():
        raise Invalid({"day": _("A day to come cannot be chosen.")})
    if any(other_day is not None and day < other_day for other_day in dates):
        raise Invalid({"day": _("An allocation is not dated before the documents it connects.")})
    # Nothing is taken back later than today: who allocates as of today need not be told.
    undone = None if day == unit.today() else _last_undone(unit, other, amounts)
    if undone is not None and day < undone:
        raise Invalid(
            {
                "day": _(
                    "An allocation of these documents was taken back on ${day}: choose that day or a later one.",
                    mapping={"day": undone},
                )
            }
        )


def _last_undone(unit: Unit, other: Payment | Invoice, invoice_ids: Collection[int]) -> date | None:
    """The newest day on which an allocation of these documents was taken back.

    What it freed is not there before that day; other allocations were never more than there was.
    """
    documents = [*invoice_ids] if isinstance(other, Payment) else [*invoice_ids, other.id]
    touched: list[ColumnElement[bool]] = [
        Allocation.invoice_id.in_(documents),
        Allocation.credit_note_id.in_(documents),
    ]
    if isinstance(other, Payment):
        touched.append(Allocation.payment_id == other.id)
    return unit.db.scalar(
        select(func.max(Allocation.day)).where(Allocation.undoes_id.is_not(None), or_(*touched))
    )


def _post_differences(
    unit: Unit,
    books: Chart,
    locked: Ends,
    other: Payment | Invoice,
    rows: Sequence[Mapping[str, Any]],
    day: date,
) -> int | None:
    """The entry of an act's exchange differences, and of what moves between receivable accounts; None for neither.

    An invoice's account is credited and the other's debited by what each of them loses; the rest is the difference.
    """
    sums: dict[int, int] = {}
    for row in rows:
        account = locked.invoice(row["invoice_id"]).receivable_id or other.receivable_id
        _add(sums, account, -row["base_amount"])
        _add(sums, other.receivable_id, row["base_other"])
    return _post_moves(unit, books, sums, other, day)


def _post_moves(
    unit: Unit, books: Chart, sums: Mapping[int, int], other: Payment | Invoice, day: date
) -> int | None:
    if not any(sums.values()):
        return None
    base = unit.company.currency
    exchange = books.at(EXCHANGE_ACCOUNT, unit.setting(EXCHANGE_ACCOUNT))
    text = f"{other.number} {other.customer_name}"
    lines = [
        ledger.Line(account, amount, base, amount, other.customer_id)
        for account, amount in sums.items()
        if amount
    ]
    rest = -sum(sums.values())
    if rest:
        lines.append(ledger.Line(exchange.id, rest, base, rest))
    kind = "finance.payment" if isinstance(other, Payment) else "finance.invoice"
    entry = ledger.NewEntry(GENERAL_JOURNAL, day, text, lines, document=f"{kind}:{other.public_id}")
    return ledger.post(unit, entry).id


def _add(sums: dict[int, int], account: int | None, amount: int) -> None:
    if account is None:
        raise LookupError("a posted document without a receivable account")
    sums[account] = sums.get(account, 0) + amount


def _write(
    unit: Unit,
    books: Chart,
    locked: Ends,
    other: Payment | Invoice,
    rows: Sequence[Mapping[str, Any]],
    day: date,
    chain: Taken | None = None,
) -> None:
    """The rows of an act, chained to those before, and the entry of its exchange differences."""
    taken = chain or numbers.take(unit, numbers.ALLOCATIONS)[0]
    entry_id = _post_differences(unit, books, locked, other, rows, day)
    common: dict[str, Any] = {
        "customer_id": other.customer_id,
        "currency": other.currency,
        "payment_id": other.id if isinstance(other, Payment) else None,
        "credit_note_id": None if isinstance(other, Payment) else other.id,
        "day": day,
        "entry_id": entry_id,
        "created_at": unit.now(),
        "created_by": unit.actor.name[:200],
    }
    written = [{"undoes_id": None, **row, **common, "public_id": new_public_id()} for row in rows]
    last_hash = taken.last_hash
    for number, row in enumerate(written, start=taken.number + 1):
        row |= {"number": number, "previous_hash": last_hash}
        row["hash"] = last_hash = digests.of_allocation(last_hash, row)
    with ledger.refusing_closed():
        unit.db.execute(insert(Allocation), written)


def settle(locked: Ends, *, closed: Collection[int] = (), opened: Collection[int] = ()) -> None:
    """Tell orders whether all that was billed of them is paid, after these invoices were closed or opened."""
    if locked.orders is None:
        return
    still_open: dict[int, int] = {}
    for found in locked.invoices:
        order_id = found.row.order_id
        if order_id is None or found.row.id not in (*closed, *opened):
            continue
        before = still_open.setdefault(order_id, found.open_in_order)
        still_open[order_id] = before + (-1 if found.row.id in closed else 1)
    for order_id, count in sorted(still_open.items()):
        locked.orders.set_settled(order_id, count == 0)


# --- undoing -----------------------------------------------------------------------------------------------


def undo(unit: Unit, public_id: str, customer_id: int, day: date) -> None:
    """Take an allocation back from `day` on, by a counter row with its figures negated; both ends are open again.

    Raises Refused for one that was taken back already, Invalid for a day before it, Refused for a closed one;
    LookupError for one that is not the customer's.
    """
    books = chart.read(unit)
    allocation = unit.db.scalar(
        select(Allocation).where(Allocation.public_id == public_id, Allocation.customer_id == customer_id)
    )
    if allocation is None:
        raise LookupError(f"no allocation {public_id}")
    ids = [found for found in (allocation.invoice_id, allocation.credit_note_id) if found is not None]
    locked = lock(unit, customer_id, ids)
    payment = None if allocation.payment_id is None else reading.lock_payment(unit, allocation.payment_id)
    take_back(unit, books, locked, payment, [allocation], day)


def take_back(
    unit: Unit,
    books: Chart,
    locked: Ends,
    payment: Payment | None,
    allocations: Sequence[Allocation],
    day: date,
) -> None:
    """Write counter rows for allocations of one locked payment or credit note. Raises as `undo`."""
    books.refuse_closed(day)
    taken = unit.db.scalar(
        select(Allocation.id).where(Allocation.undoes_id.in_([one.id for one in allocations])).limit(1)
    )
    if taken is not None or any(one.undoes_id is not None for one in allocations):
        raise Refused(_("This allocation was taken back already."))
    if day > unit.today() or any(day < one.day for one in allocations):
        raise Invalid({"day": _("The day lies between the allocation and today.")})
    note_id = allocations[0].credit_note_id
    other: Payment | Invoice | None = payment if note_id is None else locked.invoice(note_id)
    if other is None:
        raise LookupError("an allocation without its other end")
    rows = [
        {
            "invoice_id": one.invoice_id,
            "amount": -one.amount,
            "base_amount": -one.base_amount,
            "base_other": -one.base_other,
            "undoes_id": one.id,
        }
        for one in allocations
    ]
    opened = {one.invoice_id for one in allocations if locked.invoice(one.invoice_id).open == 0}
    _write(unit, books, locked, other, rows, day)
    settle(locked, opened=opened)
