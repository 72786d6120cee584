"""Entries by hand: manual entries, their reversals, opening balances and the open items of before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import aliased

from portal.kernel.db import new_public_id
from portal.kernel.errors import Invalid, Refused
from portal.kernel.folding import fold
from portal.kernel.four_eyes import Reference
from portal.kernel.i18n import Text, _
from portal.kernel.money import OutOfRange, convert, to_scaled
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.modules.finance.models import (
    CREDIT_NOTE,
    GENERAL_JOURNAL,
    OPENING,
    OPENING_JOURNAL,
    POSTED,
    RECEIVABLE,
    Entry,
    Invoice,
)
from portal.modules.finance.permissions import JOURNAL_ACT
from portal.modules.finance.services import allocation, digests, ledger, numbers, reading
from portal.modules.finance.services.chart import AccountFacts, Chart
from portal.modules.finance.settings import (
    CREDIT_SERIES,
    INVOICE_SERIES,
    OPENING_ACCOUNT,
    POLICY,
    RECEIVABLE_ACCOUNT,
)
from portal.modules.taxes.interfaces import ITaxes, Position
from portal.proposals.intents import Intent, demand, fingerprint

#: How entries are referred to from elsewhere.
ENTRY_KIND = "finance.entry"
#: The verbs that are one act under four eyes: all of them write to the ledger without a document of this portal.
MANUAL, OPENING_BALANCES, OPENING_ITEM, REVERSAL = "manual", "opening", "item", "reverse"


@dataclass(frozen=True, slots=True)
class ManualLine:
    """A line by hand: an account by public id, and an amount in minor units of the base currency, debits positive."""

    account: str
    amount: int
    text: str = ""


def post_manual(unit: Unit, books: Chart, day: date, text: str, lines: Sequence[ManualLine]) -> str:
    """Post an entry to the general journal; returns its public id.

    Raises Invalid for lines that do not balance, or on an account of customers (those follow their documents), Refused
    for a closed day, NeedsSecond above the limit of one person.
    """
    _demand_day(unit, books, day)
    entry = ledger.NewEntry(GENERAL_JOURNAL, day, text, _lines(unit, books, lines))
    _demand_second(unit, entry, MANUAL, lines)
    return ledger.post(unit, entry).public_id


def post_opening(unit: Unit, books: Chart, day: date, text: str, lines: Sequence[ManualLine]) -> str:
    """Post opening balances, what they lack against the opening account; returns the entry's public id.

    Raises as `post_manual`.
    """
    _demand_day(unit, books, day)
    opening = books.at(OPENING_ACCOUNT, unit.setting(OPENING_ACCOUNT))
    rows = _lines(unit, books, lines)
    rest = -sum(line.base_amount for line in rows)
    base = unit.company.currency
    rows.append(ledger.Line(opening.id, rest, base, rest))
    entry = ledger.NewEntry(OPENING_JOURNAL, day, text, rows)
    _demand_second(unit, entry, OPENING_BALANCES, lines)
    return ledger.post(unit, entry).public_id


def _demand_second(unit: Unit, entry: ledger.NewEntry, verb: str, lines: Sequence[ManualLine]) -> None:
    """Ask for a second person where all debits of an entry are above the limit."""

    def intent() -> Intent:
        ledger.balanced(entry)
        arguments = {
            "verb": verb,
            "day": entry.day.isoformat(),
            "text": entry.text,
            "lines": [[line.account, line.amount, line.text] for line in lines],
        }
        return Intent(
            arguments,
            entry.text or entry.day.isoformat(),
            amount=(debits(entry.lines), unit.company.currency),
        )

    demand(unit, JOURNAL_ACT, debits(entry.lines), intent)


def debits(lines: Sequence[ledger.Line]) -> int:
    """What is debited by lines of an entry, in base."""
    return sum(line.base_amount for line in lines if line.base_amount > 0)


def _demand_day(unit: Unit, books: Chart, day: date) -> None:
    books.refuse_closed(day)
    if day > unit.today():
        raise Invalid({"day": _("A day to come cannot be chosen.")})


def _lines(unit: Unit, books: Chart, lines: Sequence[ManualLine]) -> list[ledger.Line]:
    base = unit.company.currency
    return [
        ledger.Line(_account(books, place, line).id, line.amount, base, line.amount, text=line.text)
        for place, line in enumerate(lines)
    ]


def _account(books: Chart, place: int, line: ManualLine) -> AccountFacts:
    account = books.find(line.account)
    error: Text | None = None
    if account is None or not account.active:
        error = _("Choose an active account.")
    elif account.purpose == RECEIVABLE:
        error = _("Accounts of customers follow from invoices, payments and opening items.")
    elif not line.amount:
        raise Invalid({f"lines-{place}-debit": _("Enter a debit or a credit.")})
    else:
        return account
    raise Invalid({f"lines-{place}-account": error})


def reverse_entry(unit: Unit, books: Chart, public_id: str, day: date) -> str:
    """Take an entry by hand, or an opening item, back on a day; returns the public id of the entry that does.

    Raises Refused for one that was reversed already, for a reversal, for an opening item of which something is settled,
    or for the entry of another document, which is corrected through the document; Invalid for a day before it or to
    come; NeedsSecond above the limit of one person; LookupError when unknown.
    """
    _demand_day(unit, books, day)
    item = unit.db.scalar(
        select(Invoice)
        .join(Entry, Entry.id == Invoice.entry_id)
        .where(Entry.public_id == public_id, Invoice.kind == OPENING)
    )
    locked = None if item is None else allocation.lock(unit, item.customer_id, [item.id])
    entry = unit.db.scalar(
        select(Entry)
        .where(Entry.public_id == public_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if entry is None:
        raise LookupError(f"no entry {public_id}")
    if entry.document and locked is None:
        raise Refused(_("This entry belongs to a document and is corrected through it."))
    if entry.reverses_id is not None:
        raise Refused(_("A reversal is not reversed: post the entry anew."))
    if unit.db.scalar(select(Entry.id).where(Entry.reverses_id == entry.id)) is not None:
        raise Refused(_("This entry was reversed already."))
    if day < entry.day:
        raise Invalid({"day": _("A reversal is not dated before its entry.")})
    if item is not None and locked is not None and _is_touched(locked.invoice(item.id)):
        raise Refused(_("Something of this opening item is settled: take its allocations back first."))
    lines = ledger.lines_of(unit, entry.id)
    demand(unit, JOURNAL_ACT, debits(lines), lambda: _reversal_intent(unit, entry, lines, item, day))
    if item is not None and locked is not None:
        return _reverse_item(unit, books, entry, lines, locked, locked.invoice(item.id), day)
    new = ledger.NewEntry(
        journal=entry.journal,
        day=day,
        text=entry.text,
        lines=ledger.negated(lines),
        reverses_id=entry.id,
    )
    return ledger.post(unit, new).public_id


def _reversal_intent(
    unit: Unit, entry: Entry, lines: Sequence[ledger.Line], item: Invoice | None, day: date
) -> Intent:
    label = ledger.label(entry.journal, entry.number)
    return Intent(
        arguments={"verb": REVERSAL, "entry": entry.public_id, "day": day.isoformat()},
        title=f"{label} {entry.text}".strip(),
        seen=_seen_of_item(item),
        about=Reference(ENTRY_KIND, entry.public_id),
        amount=(debits(lines), unit.company.currency),
    )


def _seen_of_item(item: Invoice | None) -> str:
    return "" if item is None else fingerprint(item.open)


def seen_of_reversal(unit: Unit, public_id: str) -> str | None:
    """What the reversal of an entry depends on: what is open of an opening item. None where it was reversed."""
    after = aliased(Entry)
    row = unit.db.execute(
        select(Invoice, after.id.label("reversed_by"))
        .select_from(Entry)
        .outerjoin(Invoice, (Invoice.entry_id == Entry.id) & (Invoice.kind == OPENING))
        .outerjoin(after, after.reverses_id == Entry.id)
        .where(Entry.public_id == public_id)
    ).one_or_none()
    return None if row is None or row.reversed_by is not None else _seen_of_item(row[0])


# --- opening items -----------------------------------------------------------------------------------------


def _is_touched(item: Invoice) -> bool:
    return item.open != item.gross


def _reverse_item(
    unit: Unit,
    books: Chart,
    entry: Entry,
    lines: Sequence[ledger.Line],
    locked: allocation.Ends,
    item: Invoice,
    day: date,
) -> str:
    """A credit note of the whole item without a series, called like its entry, and allocated to it."""
    public_id = new_public_id()
    (taken,) = numbers.take(unit, numbers.journal_series(OPENING_JOURNAL))
    number = ledger.label(OPENING_JOURNAL, taken.number)
    columns: dict[str, Any] = {
        **{name: getattr(item, name) for name in _REVERSED},
        "kind": CREDIT_NOTE,
        "number": number,
        "corrects_id": item.id,
        "invoice_date": day,
        "tax_date": day,
    }
    new = ledger.NewEntry(
        journal=OPENING_JOURNAL,
        day=day,
        text=f"{item.number} {item.customer_name}",
        lines=ledger.negated(lines),
        document=f"finance.invoice:{public_id}",
        document_digest=digests.of_document(columns),
        reverses_id=entry.id,
    )
    posted = ledger.write(unit, new, taken)
    # Not tracked by the session: its open amounts are the database's.
    note_id = unit.db.scalars(
        insert(Invoice)
        .values(
            **columns,
            **_moment(unit),
            public_id=public_id,
            state=POSTED,
            search_text=fold(f"{number} {item.number} {item.customer_name} {item.customer_number}"),
            entry_id=posted.id,
        )
        .returning(Invoice.id)
    ).one()
    note = unit.db.get_one(Invoice, note_id)
    allocation.apply(unit, books, locked, note, {item.id: item.gross}, day)
    return posted.public_id


#: What the reversal of an opening item has from it.
_REVERSED = (
    "customer_id",
    "customer_name",
    "customer_number",
    "customer_vat_id",
    "language",
    "billing_address",
    "payment_days",
    "payment_terms",
    "currency",
    "exchange_rate",
    "policy",
    "tax_position",
    "net",
    "tax",
    "gross",
    "base_net",
    "base_tax",
    "base_gross",
    "open",
    "base_open",
    "receivable_id",
)


def _moment(unit: Unit) -> dict[str, Any]:
    now, name = unit.now(), unit.actor.name[:200]
    return {"created_at": now, "created_by": name, "posted_at": now, "posted_by": name}


@dataclass(frozen=True, slots=True)
class OpeningItem:
    """An invoice from before the books began: its number, dates, and what is still open of it in minor units."""

    number: str
    issued_on: date
    due_date: date
    currency: str
    amount: int


def _demand_fit(unit: Unit, item: OpeningItem, day: date) -> None:
    errors: dict[str, Text] = {}
    if item.amount <= 0:
        errors["amount"] = _("An amount is above zero.")
    if item.issued_on > day:
        errors["issued_on"] = _("An opening item was issued before it is taken into the books.")
    if item.due_date < item.issued_on:
        errors["due_date"] = _("An invoice is not due before its date.")
    series = "|".join(unit.setting(setting) for setting in (INVOICE_SERIES, CREDIT_SERIES))
    if re.fullmatch(rf"({series})-\d{{4}}-\d+|{OPENING_JOURNAL}-\d+", item.number.strip(), re.IGNORECASE):
        errors["number"] = _(
            "Documents of this portal get such numbers. Add something, such as a letter before it."
        )
    if errors:
        raise Invalid(errors)


def add_opening_item(unit: Unit, books: Chart, customer: CustomerFacts, item: OpeningItem, day: date) -> str:
    """Take an open invoice of before into the books on a day, against the opening account; returns its public id.

    Raises Invalid for a number that is taken or that this portal gives itself, dates out of order, or an amount that
    does not fit, Refused for a closed day or a missing exchange rate, NeedsSecond above the limit of one person.
    """
    _demand_day(unit, books, day)
    _demand_fit(unit, item, day)
    unit.ask(ICustomers).lock(customer.id)
    if unit.db.scalar(select(Invoice.id).where(Invoice.number == item.number)) is not None:
        raise Invalid({"number": _("There is a document with this number already.")})
    receivable = books.at(RECEIVABLE_ACCOUNT, unit.setting(RECEIVABLE_ACCOUNT))
    opening = books.at(OPENING_ACCOUNT, unit.setting(OPENING_ACCOUNT))
    taxes = unit.ask(ITaxes)
    rate = taxes.exchange_rate(item.currency, day)
    base = unit.company.currency
    try:
        amount = item.amount if item.currency == base else convert(item.amount, item.currency, base, rate)
    except OutOfRange as error:
        raise Invalid({"amount": _("This number is too large.")}) from error
    demand(unit, JOURNAL_ACT, amount, lambda: _item_intent(customer, item, day))
    override = None if customer.tax_position is None else Position(customer.tax_position)
    public_id = new_public_id()
    columns: dict[str, Any] = {
        "kind": OPENING,
        "number": item.number,
        "customer_id": customer.id,
        "customer_name": customer.name,
        "customer_number": customer.number,
        "customer_vat_id": customer.vat_id,
        "language": customer.language,
        "billing_address": reading.address_json(customer.address("billing")),
        "invoice_date": day,
        "delivery_date": item.issued_on,
        "due_date": item.due_date,
        "tax_date": item.issued_on,
        "payment_days": customer.payment_days,
        "payment_terms": customer.payment_terms,
        "currency": item.currency,
        "exchange_rate": to_scaled(rate),
        "policy": unit.setting(POLICY),
        "tax_position": taxes.position(customer.country, customer.vat_id, override).value,
        "net": item.amount,
        "tax": 0,
        "gross": item.amount,
        "base_net": amount,
        "base_tax": 0,
        "base_gross": amount,
        "receivable_id": receivable.id,
    }
    entry = ledger.post(
        unit,
        ledger.NewEntry(
            journal=OPENING_JOURNAL,
            day=day,
            text=f"{item.number} {customer.name}",
            lines=[
                ledger.Line(receivable.id, amount, item.currency, item.amount, customer.id),
                ledger.Line(opening.id, -amount, item.currency, -item.amount),
            ],
            document=f"finance.invoice:{public_id}",
            document_digest=digests.of_document(columns),
        ),
    )
    unit.db.execute(
        insert(Invoice).values(
            **columns,
            **_moment(unit),
            public_id=public_id,
            state=POSTED,
            search_text=fold(f"{item.number} {customer.name} {customer.number}"),
            open=item.amount,
            base_open=amount,
            entry_id=entry.id,
        )
    )
    return public_id


def _item_intent(customer: CustomerFacts, item: OpeningItem, day: date) -> Intent:
    arguments = {
        "verb": OPENING_ITEM,
        "customer": customer.public_id,
        "day": day.isoformat(),
        "number": item.number,
        "issued_on": item.issued_on.isoformat(),
        "due_date": item.due_date.isoformat(),
        "currency": item.currency,
        "amount": item.amount,
    }
    return Intent(arguments, f"{item.number} {customer.name}", amount=(item.amount, item.currency))
