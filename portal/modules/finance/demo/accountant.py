"""What the accountant of the demo does: posts what was drafted, credits a little, takes payments as they come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select

from portal.kernel.money import from_scaled
from portal.kernel.people import Actor
from portal.kernel.unit import Unit
from portal.modules.finance.demo.further import bank
from portal.modules.finance.models import DRAFT, Invoice, Payment
from portal.modules.finance.services import allocation, chart, crediting, drafting, payments, posting, reading
from portal.modules.finance.services.payments import PaymentData
from portal.modules.orders.interfaces import IOrders
from portal.ops.demo import DemoContext

_DAY = timedelta(days=1)
#: The newest drafts wait for somebody to look at them.
_LEFT_TO_POST = 8
#: How old an invoice of somebody who does not pay must be for its payment to have come in the end.
_PATIENCE = timedelta(days=210)


def at(day: date, hour: int) -> datetime:
    """An hour of a day, in UTC."""
    return datetime.combine(day, time(hour), UTC)


class Accountant:
    """The accountant with her agenda."""

    def __init__(self, context: DemoContext, person: Actor) -> None:
        self._context = context
        self._person = person

    def end_of_day(self, unit: Unit) -> None:
        """Draft what is billed by hand, and post what was drafted, but for the last days."""
        if self._context.today - unit.today() <= _LEFT_TO_POST * _DAY:
            return
        self._draft_by_hand(unit)
        drafts = unit.db.scalars(select(Invoice).where(Invoice.state == DRAFT).order_by(Invoice.id)).all()
        for draft in drafts:
            posting.post_invoice(unit, draft)
            self._expect(unit, draft.id)

    def _draft_by_hand(self, unit: Unit) -> None:
        orders = unit.ask_if(IOrders)
        while orders is not None and self._context.to_bill:
            order = orders.find(self._context.to_bill.pop(0))
            if order is not None:
                drafting.draft_from_order(unit, order)

    # --- how customers pay ---------------------------------------------------------------------------------

    def _expect(self, unit: Unit, invoice_id: int) -> None:
        """Put on the agenda how an invoice is paid; its number in the year decides."""
        invoice = unit.db.get_one(Invoice, invoice_id)
        due, way = invoice.due_date or unit.today(), (invoice.sequence or 0) % 20
        if (invoice.sequence or 0) % 89 == 11:
            self._put(unit.today() + 3 * _DAY, lambda unit: self._credit(unit, invoice_id))
        if (invoice.sequence or 0) % 83 == 40:
            self._put(due, lambda unit: self._bounce(unit, invoice_id))
        elif way <= 12:
            self._put(due + (way - 7) * _DAY, lambda unit: self._pay(unit, invoice_id))
        elif way <= 14:
            self._put(due + (3 * way - 20) * _DAY, lambda unit: self._pay(unit, invoice_id))
        elif way == 15:
            self._put(due, lambda unit: self._pay(unit, invoice_id, parts=2))
            self._put(due + 25 * _DAY, lambda unit: self._pay(unit, invoice_id))
        elif way == 16:
            self._put(due + 6 * _DAY, lambda unit: self._pay(unit, invoice_id, parts=3))
            self._put_if_old(unit.today(), due, invoice_id)
        elif way == 17:
            self._put(due - 2 * _DAY, lambda unit: self._pay_without_reference(unit, invoice_id))
        elif way == 18:
            self._put(due + _DAY, lambda unit: self._pay(unit, invoice_id, more=10_00))
        else:
            self._put_if_old(unit.today(), due, invoice_id)

    def _put_if_old(self, posted: date, due: date, invoice_id: int) -> None:
        if self._context.today - posted > _PATIENCE:
            self._put(due + 110 * _DAY, lambda unit: self._pay(unit, invoice_id))

    def _pay(self, unit: Unit, invoice_id: int, *, parts: int = 1, more: int = 0) -> str | None:
        """The customer pays one of so many parts of what is open, or a little too much."""
        invoice = unit.db.get_one(Invoice, invoice_id, populate_existing=True)
        amount = -(-invoice.open // parts)
        return self._receive(unit, invoice, amount, amount + more) if amount else None

    def _receive(self, unit: Unit, invoice: Invoice, allocated: int, amount: int) -> str:
        books = chart.read(unit)
        data = PaymentData(
            customer_id=invoice.customer_id,
            customer_name=invoice.customer_name,
            day=unit.today(),
            amount=amount,
            currency=invoice.currency,
            account=bank(books).public_id,
            reference=invoice.number or "" if allocated else "",
            allocations={invoice.public_id: allocated} if allocated else {},
        )
        return payments.record(unit, books, data, known=invoice if allocated else None)

    def _pay_without_reference(self, unit: Unit, invoice_id: int) -> None:
        """A payment that names no invoice waits unallocated until the accountant has found out what it is for."""
        invoice = unit.db.get_one(Invoice, invoice_id, populate_existing=True)
        if not invoice.open:
            return
        payment = self._receive(unit, invoice, 0, invoice.open)
        self._put(unit.today() + 9 * _DAY, lambda unit: self._allocate(unit, payment, invoice_id))

    def _allocate(self, unit: Unit, payment_id: str, invoice_id: int) -> None:
        invoice = unit.db.get_one(Invoice, invoice_id, populate_existing=True)
        payment = reading.find_payment(unit, payment_id)
        if payment is not None and invoice.open:
            amount = min(payment.open, invoice.open)
            allocation.allocate_payment(unit, payment, {invoice.public_id: amount}, unit.today())

    def _bounce(self, unit: Unit, invoice_id: int) -> None:
        """The bank takes the payment back; the customer pays again later."""
        payment_id = self._pay(unit, invoice_id)
        if payment_id is not None:
            self._put(unit.today() + 3 * _DAY, lambda unit: self._reverse(unit, payment_id))
            self._put(unit.today() + 12 * _DAY, lambda unit: self._pay(unit, invoice_id))

    def _reverse(self, unit: Unit, payment_id: str) -> None:
        payment = unit.db.scalars(select(Payment).where(Payment.public_id == payment_id)).one()
        payments.reverse(unit, chart.read(unit), payment, unit.today(), "Account not covered")

    def _credit(self, unit: Unit, invoice_id: int) -> None:
        """A part of the first line arrived damaged."""
        invoice = unit.db.get_one(Invoice, invoice_id, populate_existing=True)
        line = reading.lines_of(unit, invoice_id)[0]
        quantity = from_scaled(line.quantity) // 4 or Decimal(1)
        crediting.credit(unit, invoice, {line.id: quantity}, unit.today(), "Arrived damaged")

    def _put(self, day: date, act: Callable[[Unit], object]) -> None:
        def do(unit: Unit) -> None:
            act(unit)

        self._context.agenda.put(at(day, 16), self._person, do)
