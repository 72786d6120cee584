"""Payments of customers: recorded, allocated, and reversed when the bank takes them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import aliased

from portal.kernel.db import new_public_id
from portal.kernel.errors import Invalid, Refused
from portal.kernel.folding import fold
from portal.kernel.four_eyes import Reference
from portal.kernel.i18n import _
from portal.kernel.money import OutOfRange, convert, to_scaled
from portal.kernel.unit import Unit
from portal.modules.finance.events import PaymentRecorded, PaymentReversed
from portal.modules.finance.models import BANK, BANK_JOURNAL, Allocation, Invoice, Payment, PaymentReversal
from portal.modules.finance.permissions import PAY_ACT, REVERSE_PAYMENT_ACT
from portal.modules.finance.services import allocation, digests, ledger, numbers, reading
from portal.modules.finance.services.chart import AccountFacts, Chart
from portal.modules.finance.services.numbers import Taken
from portal.modules.finance.settings import RECEIVABLE_ACCOUNT
from portal.modules.taxes.interfaces import ITaxes
from portal.proposals.intents import Intent, demand, fingerprint

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
    missing exchange rate; as `allocation.allocate_payment` for what is allocated; NeedsSecond above the limit of one
    person.
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
    payment = _worked_out(unit, books, data, account)
    demand(unit, PAY_ACT, payment.base_amount, lambda: _intent(unit, books, locked, payment, data, amounts))
    chain = _post(unit, data, payment, allocating=bool(amounts))
    if amounts:
        allocation.apply(unit, books, locked, payment, amounts, data.day, *chain)
    unit.publish(PaymentRecorded(payment.public_id, data.customer_id, data.currency, data.amount))
    return payment.public_id


def _bank(books: Chart, data: PaymentData) -> AccountFacts:
    account = books.find(data.account)
    if account is None or not account.active or account.purpose != BANK:
        raise Invalid({"account": _("Choose a bank account.")})
    return account


def _worked_out(unit: Unit, books: Chart, data: PaymentData, account: AccountFacts) -> Payment:
    """The row of a payment, without its number and entry."""
    books.refuse_closed(data.day)
    if data.day > unit.today():
        raise Invalid({"day": _("A day to come cannot be chosen.")})
    if data.amount <= 0:
        raise Invalid({"amount": _("An amount is above zero.")})
    receivable = books.at(RECEIVABLE_ACCOUNT, unit.setting(RECEIVABLE_ACCOUNT))
    rate = unit.ask(ITaxes).exchange_rate(data.currency, data.day)
    base = _in_base(unit, data, rate)
    return Payment(
        public_id=new_public_id(),
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


def _intent(
    unit: Unit,
    books: Chart,
    locked: allocation.Ends,
    payment: Payment,
    data: PaymentData,
    amounts: Mapping[int, int],
) -> Intent:
    """Payments of one invoice may be proposed side by side, as long as they differ."""
    if amounts:
        allocation.demand_fit(unit, books, locked, payment, amounts, data.day)
    arguments = {
        "customer_id": data.customer_id,
        "customer_name": data.customer_name,
        "day": data.day.isoformat(),
        "amount": data.amount,
        "currency": data.currency,
        "account": data.account,
        "reference": data.reference,
        "allocations": {key: amount for key, amount in data.allocations.items() if amount},
    }
    paid = [locked.invoice(invoice_id) for invoice_id in sorted(amounts)]
    return Intent(
        arguments=arguments,
        title=" ".join(filter(None, (data.customer_name, data.reference))),
        seen=seen_of((invoice.public_id, invoice.open) for invoice in paid),
        about=Reference("finance.invoice", paid[0].public_id) if len(paid) == 1 else None,
        amount=(data.amount, data.currency),
        target=fingerprint(arguments),
    )


def seen_of(paid: Iterable[tuple[str, int]]) -> str:
    """What a payment depends on: the public id of each invoice that it pays, and what is open of it."""
    return fingerprint(sorted(paid))


def _post(unit: Unit, data: PaymentData, payment: Payment, *, allocating: bool) -> Sequence[Taken]:
    """Number and post a payment that was worked out; its open amounts are the database's from then on.

    Returns the end of the chain of allocations, taken along with the entry's number, where it is to be allocated.
    """
    chained = (numbers.ALLOCATIONS,) if allocating else ()
    taken, *chain = numbers.take(unit, numbers.journal_series(BANK_JOURNAL), *chained)
    base = payment.base_amount
    entry = ledger.write(
        unit,
        ledger.NewEntry(
            journal=BANK_JOURNAL,
            day=data.day,
            text=" ".join(filter(None, (data.customer_name, data.reference))),
            lines=[
                ledger.Line(payment.account_id, base, data.currency, data.amount),
                ledger.Line(payment.receivable_id, -base, data.currency, -data.amount, data.customer_id),
            ],
            document=f"{DOCUMENT_KIND}:{payment.public_id}",
            document_digest=digests.of_payment(payment),
        ),
        taken,
    )
    payment.number, payment.entry_id = entry.label, entry.id
    payment.search_text = fold(f"{entry.label} {data.customer_name} {data.reference}")[:500]
    unit.db.add(payment)
    unit.db.flush()
    return chain


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
    before an allocation of it or what took that back, NeedsSecond above the limit of one person.
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
    demand(
        unit,
        REVERSE_PAYMENT_ACT,
        payment.base_amount,
        lambda: _reversal_intent(payment, standing, day, reason),
    )
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


def _reversal_intent(payment: Payment, standing: Sequence[Allocation], day: date, reason: str) -> Intent:
    return Intent(
        arguments={"payment": payment.public_id, "day": day.isoformat(), "reason": reason},
        title=f"{payment.number} {payment.customer_name}",
        seen=_seen_of_payment(payment, standing),
        about=Reference(DOCUMENT_KIND, payment.public_id),
        amount=(payment.amount, payment.currency),
    )


def _seen_of_payment(payment: Payment, standing: Sequence[Allocation]) -> str:
    return fingerprint(payment.open, [one.id for one in standing])


def seen_of_reversal(unit: Unit, public_id: str) -> str | None:
    """What a reversal depends on: the allocations that stand. None where it was reversed."""
    payment = reading.find_payment(unit, public_id)
    if payment is None or reading.reversal_of(unit, payment.id) is not None:
        return None
    return _seen_of_payment(payment, _standing(unit, payment.id))


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
