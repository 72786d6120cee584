"""Reports over the ledger: trial balance, the entries of an account, taxes by rate; each in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from portal.kernel.unit import Unit
from portal.modules.finance.models import CREDIT_NOTE, POSTED, Account, Entry, EntryLine, Invoice, InvoiceTax


@dataclass(frozen=True, slots=True)
class Balance:
    """An account in a trial balance, in minor units of the base currency: debits positive, credits negative in
    `opening` and `closing`."""

    public_id: str
    number: str
    name: str
    kind: str
    opening: int
    debit: int
    credit: int

    @property
    def closing(self) -> int:
        """The balance at the end of the period."""
        return self.opening + self.debit - self.credit


def trial_balance(unit: Unit, start: date, end: date) -> list[Balance]:
    """Every account with entries up to `end`: what stood before `start`, and what was posted from then on."""
    amount = EntryLine.base_amount
    within = Entry.day >= start
    rows = unit.db.execute(
        select(
            Account.public_id,
            Account.number,
            Account.name,
            Account.kind,
            func.sum(case((within, 0), else_=amount)),
            func.sum(case((and_(within, amount > 0), amount), else_=0)),
            func.sum(case((and_(within, amount < 0), -amount), else_=0)),
        )
        .select_from(EntryLine)
        .join(Entry, Entry.id == EntryLine.entry_id)
        .join(Account, Account.id == EntryLine.account_id)
        .where(Entry.posted, Entry.day <= end)
        .group_by(Account.public_id, Account.number, Account.name, Account.kind)
        .order_by(Account.number)
    )
    return [Balance(*row[:4], *(int(value or 0) for value in row[4:])) for row in rows]


@dataclass(frozen=True, slots=True)
class Posting:
    """A line of an account with the account's balance after it, in minor units of the base currency."""

    line_id: int
    entry_public_id: str
    journal: str
    number: int
    day: date
    text: str
    amount: int
    balance: int


#: Lines of an account that one page shows.
PAGE = 200


def postings(
    unit: Unit, account_id: int, start: date, end: date, after: tuple[date, int] | None = None
) -> list[Posting]:
    """The account's lines in a period, oldest first: one statement, at most `PAGE` lines and one more.

    `after` is day and line id of the last line of the page before. The running balance counts from the beginning of the
    books.
    """
    lines = (
        select(
            EntryLine.id.label("line_id"),
            Entry.public_id,
            Entry.journal,
            Entry.number,
            Entry.day,
            func.coalesce(func.nullif(EntryLine.text, ""), Entry.text).label("text"),
            EntryLine.base_amount.label("amount"),
            func.sum(EntryLine.base_amount).over(order_by=(Entry.day, EntryLine.id)).label("balance"),
        )
        .join(Entry, Entry.id == EntryLine.entry_id)
        .where(EntryLine.account_id == account_id, Entry.posted, Entry.day <= end)
        .subquery()
    )
    statement = select(lines).where(lines.c.day >= start).order_by(lines.c.day, lines.c.line_id)
    if after is not None:
        statement = statement.where(
            or_(lines.c.day > after[0], and_(lines.c.day == after[0], lines.c.line_id > after[1]))
        )
    rows: Any = unit.db.execute(statement.limit(PAGE + 1))
    return [Posting(row[0], row[1], row[2], row[3], row[4], row[5], row[6], int(row.balance)) for row in rows]


@dataclass(frozen=True, slots=True)
class TaxSum:
    """A tax over a period, in minor units of the base currency: invoices less credit notes."""

    key: str
    title: str
    category: str
    percent: int
    base: int
    amount: int


def tax_summary(unit: Unit, start: date, end: date) -> list[TaxSum]:
    """Taxes by rate of the documents that are reported in the period: at their tax point or, posted after the books were
    closed over it, on the first day that was open. So a closed period stays as it was reported."""
    sign = case((Invoice.kind == CREDIT_NOTE, -1), else_=1)
    rows = unit.db.execute(
        select(
            InvoiceTax.key,
            func.max(InvoiceTax.title),
            InvoiceTax.category,
            InvoiceTax.percent,
            func.sum(sign * InvoiceTax.base_base),
            func.sum(sign * InvoiceTax.base_amount),
        )
        .join(Invoice, Invoice.id == InvoiceTax.invoice_id)
        .where(Invoice.state == POSTED, Invoice.reported_on >= start, Invoice.reported_on <= end)
        .group_by(InvoiceTax.key, InvoiceTax.category, InvoiceTax.percent)
        .order_by(InvoiceTax.category, InvoiceTax.percent.desc(), InvoiceTax.key)
    )
    return [TaxSum(*row[:4], int(row[4]), int(row[5])) for row in rows]
