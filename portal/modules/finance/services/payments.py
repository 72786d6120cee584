"""Payments of customers: recorded, allocated, and reversed when the bank takes them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import aliased

from portal.kernel.db import new_public_id
from portal.kernel.errors import Invalid, Refused
from portal.kernel.folding import fold
from portal.kernel.i18n import _
from portal.kernel.money import OutOfRange, convert, to_scaled
from portal.kernel.unit import Unit
from portal.modules.finance.events import PaymentRecorded, PaymentReversed
from portal.modules.finance.models import BANK, BANK_JOURNAL, Allocation, Invoice, Payment, PaymentReversal
from portal.modules.finance.services import allocation, digests, ledger, numbers, reading
from portal.modules.finance.services.chart import AccountFacts, Chart
from portal.modules.finance.services.numbers import Taken
from portal.modules.finance.settings import RECEIVABLE_ACCOUNT
from portal.modules.taxes.interfaces import ITaxes

#: How payments are referred to from elsewhere.
DOCUMENT_KIND = "finance.payment"


@dataclass(frozen=True, slots=True)
class PaymentData:
    """A payment as it was received: `amount` in minor units of `currency`, on the bank account with this public id.

    `allocations` are amounts by the public id of the invoices that it pays.
    """

    customer_id: int
    customer_name: str
    day: date
    amount: int
    currency: str
    account: str
    reference: str = ""
    allocations: Mapping[str, int] = field(default_factory=dict[str, int])


def record(unit: Unit, books: Chart, data: PaymentData, known: Invoice | None = None) -> str:
    """Record a payment and allocate it; returns its public id.

    `books` was read by the caller, who shows its bank accounts; `known` is the one invoice that is paid, where the
    caller has read it. Raises Invalid for an amount, day or account that does not fit, Refused for a closed day or a
    missing exchange rate; as `allocation.allocate_payment` for what is allocated.
    """
    account = _bank(books, data)
    ids = (
        [known.id]
        if known is not None
        else allocation.invoice_ids(unit, data.customer_id, list(data.allocations))
        if data.allocations
        else []
    )
    locked = allocation.lock(unit, data.customer_id, ids, [known] if known is not None else ())
    amounts = allocation.by_id(locked, data.allocations)
    payment, chain = _insert(unit, books, data, account, allocating=bool(amounts))
    if amounts:
        allocation.apply(unit, books, locked, payment, amounts, data.day, *chain)
    unit.publish(PaymentRecorded(payment.public_id, data.customer_id, data.currency, data.amount))
    return payment.public_id


def _bank(books: Chart, data: PaymentData) -> AccountFacts:
    account = books.find(data.account)
    if account is None or not account.active or account.purpose != BANK:
        raise Invalid({"account": _("Choose a bank account.")})
    return account


def _insert(
    unit: Unit, books: Chart, data: PaymentData, account: AccountFacts, *, allocating: bool
) -> tuple[Payment, Sequence[Taken]]:
    """The entry and the row of a payment; the row is not tracked by the session, its open amounts are the database's.

    With the end of the chain of allocations, taken along with the entry's number, where it is to be allocated.
    """
    books.refuse_closed(data.day)
    if data.day > unit.today():
        raise Invalid({"day": _("A day to come cannot be chosen.")})
    if data.amount <= 0:
        raise Invalid({"amount": _("An amount is above zero.")})
    receivable = books.at(RECEIVABLE_ACCOUNT, unit.setting(RECEIVABLE_ACCOUNT))
    rate = unit.ask(ITaxes).exchange_rate(data.currency, data.day)
    base = _in_base(unit, data, rate)
    public_id = new_public_id()
    payment = Payment(
        public_id=public_id,
        customer_id=data.customer_id,
        customer_name=data.customer_name,
        day=data.day,
        reference=data.reference,
        currency=data.currency,
        exchange_rate=to_scaled(rate),
        amount=data.amount,
        base_amount=base,
        open=data.amount,
        base_open=base,
        account_id=account.id,
        receivable_id=receivable.id,
        created_at=unit.now(),
        created_by=unit.actor.name[:200],
    )
    chained = (numbers.ALLOCATIONS,) if allocating else ()
    taken, *chain = numbers.take(unit, numbers.journal_series(BANK_JOURNAL), *chained)
    entry = ledger.write(
        unit,
        ledger.NewEntry(
            journal=BANK_JOURNAL,
            day=data.day,
            text=" ".join(filter(None, (data.customer_name, data.reference))),
            lines=[
                ledger.Line(account.id, base, data.currency, data.amount),
                ledger.Line(receivable.id, -base, data.currency, -data.amount, data.customer_id),
            ],
            document=f"{DOCUMENT_KIND}:{public_id}",
            document_digest=digests.of_payment(payment),
        ),
        taken,
    )
    payment.number, payment.entry_id = entry.label, entry.id
    payment.search_text = fold(f"{entry.label} {data.customer_name} {data.reference}")[:500]
    unit.db.add(payment)
    unit.db.flush()
    return payment, chain


def _in_base(unit: Unit, data: PaymentData, rate: Decimal) -> int:
    base = unit.company.currency
    if data.currency == base:
        return data.amount
    try:
        return convert(data.amount, data.currency, base, rate)
    except OutOfRange as error:
        raise Invalid({"amount": _("This number is too large.")}) from error


def reverse(unit: Unit, books: Chart, payment: Payment, day: date, reason: str) -> None:
    """The bank took a payment back on a day: what it paid is open again, and its entry is reversed.

    Raises Refused for one that was reversed already or a closed day, Invalid for a day to come, before the payment, or
    before an allocation of it or what took that back.
    """
    standing = _standing(unit, payment.id)
    ids = sorted({one.invoice_id for one in standing})
    locked = allocation.lock(unit, payment.customer_id, ids)
    payment = reading.lock_payment(unit, payment.id)
    if reading.reversal_of(unit, payment.id) is not None:
        raise Refused(_("This payment was reversed already."))
    if {one.id for one in _standing(unit, payment.id)} != {one.id for one in standing}:
        raise Refused(_("Somebody allocated this payment meanwhile. Please look at it again."))
    books.refuse_closed(day)
    if not max(payment.day, _last_touched(unit, payment.id) or payment.day) <= day <= unit.today():
        raise Invalid({"day": _("The day lies between the payment with its allocations and today.")})
    reversal: dict[str, Any] = {"payment_id": payment.id, "day": day, "reason": reason}
    entry = ledger.post(
        unit,
        ledger.NewEntry(
            journal=BANK_JOURNAL,
            day=day,
            text=" ".join(filter(None, (payment.number, payment.customer_name, reason))),
            lines=ledger.negated(ledger.lines_of(unit, payment.entry_id)),
            document=f"{DOCUMENT_KIND}:{payment.public_id}",
            document_digest=digests.of_reversal(reversal),
            reverses_id=payment.entry_id,
        ),
    )
    if standing:
        allocation.take_back(unit, books, locked, payment, standing, day)
    unit.db.execute(
        insert(PaymentReversal).values(
            **reversal,
            entry_id=entry.id,
            created_at=unit.now(),
            created_by=unit.actor.name[:200],
        )
    )
    unit.publish(PaymentReversed(payment.public_id, payment.customer_id, payment.currency, payment.amount))


def _last_touched(unit: Unit, payment_id: int) -> date | None:
    """The newest day on which a payment was allocated or an allocation of it taken back."""
    return unit.db.scalar(select(func.max(Allocation.day)).where(Allocation.payment_id == payment_id))


def _standing(unit: Unit, payment_id: int) -> list[Allocation]:
    """Allocations of a payment that nobody took back."""
    counter = aliased(Allocation)
    return list(
        unit.db.scalars(
            select(Allocation)
            .outerjoin(counter, counter.undoes_id == Allocation.id)
            .where(Allocation.payment_id == payment_id, Allocation.undoes_id.is_(None), counter.id.is_(None))
            .order_by(Allocation.id)
        )
    )
