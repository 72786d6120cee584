"""Tables of finance: the ledger, invoices, payments and what connects them.

Amounts are minor units of `currency`; those whose name begins with `base_` of the company's base currency. Quantities,
prices, percents and exchange rates are scaled by `portal.kernel.money.SCALE`. What is said of a posted row is kept by
triggers of both databases (see the first migration): posted rows do not change, entries balance, the open amounts of
invoices and payments follow their allocations.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id, PublicId
from portal.kernel.walls import BY_DEPARTMENT, STAFF, Wall, of_customer, through

#: Kinds of accounts; the balance of assets and expenses is a debit.
ASSET, LIABILITY, EQUITY, INCOME, EXPENSE = "asset", "liability", "equity", "income", "expense"
#: What an account is for: receivables are the control accounts of customers, banks receive payments.
GENERAL, RECEIVABLE, BANK = "general", "receivable", "bank"
#: Kinds of documents in `Invoice`. An opening item was issued before the books began.
INVOICE, CREDIT_NOTE, OPENING = "invoice", "credit_note", "opening"
DRAFT, POSTED = "draft", "posted"
#: What belongs to a document is seen by those who see the document.
_OF_INVOICE = through("finance_invoice", "invoice_id")
#: Journals, by code.
SALES_JOURNAL, BANK_JOURNAL, GENERAL_JOURNAL, OPENING_JOURNAL = "sales", "bank", "general", "opening"


class Account(Base):
    """An account of the chart; `purpose` is general, receivable or bank."""

    __tablename__ = "finance_account"
    __wall__ = STAFF
    __table_args__ = (
        CheckConstraint("kind IN ('asset', 'liability', 'equity', 'income', 'expense')", name="kind"),
        CheckConstraint("purpose IN ('general', 'receivable', 'bank')", name="purpose"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10))
    purpose: Mapped[str] = mapped_column(String(10), default=GENERAL)
    active: Mapped[bool] = mapped_column(default=True)


class Journal(Base):
    """A journal; its entries are numbered without gaps and chained by hashes. The rows come with the migration."""

    __tablename__ = "finance_journal"
    __wall__ = STAFF

    code: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))


class Counter(Base):
    """The last number of a series in a fiscal year; `last_date` is the date of that document.

    Journals count in the series `journal:<code>` of the year 0, with the hash of their last entry in `last_hash`;
    allocations in the series `allocations` likewise.
    """

    __tablename__ = "finance_counter"
    __wall__ = STAFF

    series: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
    last_date: Mapped[date | None]
    last_hash: Mapped[str] = mapped_column(String(64), default="")


class Entry(Base):
    """An entry of the ledger: written with its lines, then posted by flipping `posted`, and unchangeable from then on.

    `document` refers to what it posts as `kind:public_id`, and `document_digest` is SHA-256 over what that says. `hash`
    is SHA-256 over the entry's content and `previous_hash`, the hash of the entry before it in the journal ("" for the
    first).
    """

    __tablename__ = "finance_entry"
    __wall__ = STAFF
    __table_args__ = (
        UniqueConstraint("journal", "number"),
        Index("ix_finance_entry_day", "day", "id"),
        Index("ix_finance_entry_document", "document"),
        {"info": {"audit": False}},  # the chain of entries is a log of its own
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    journal: Mapped[str] = mapped_column(String(10), ForeignKey("finance_journal.code"))
    number: Mapped[int]
    day: Mapped[date]
    text: Mapped[str] = mapped_column(String(300))
    currency: Mapped[str] = mapped_column(String(3))
    document: Mapped[str] = mapped_column(String(60), default="")
    document_digest: Mapped[str] = mapped_column(String(64), default="")
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("finance_entry.id"), unique=True)
    posted: Mapped[bool] = mapped_column(default=False)
    posted_at: Mapped[datetime]
    posted_by: Mapped[str] = mapped_column(String(200))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class EntryLine(Base):
    """A line of an entry: a debit is positive, a credit negative. Lines on receivables name the customer.

    Both amounts are zero only in the entry of a document of nothing (see `ledger.NewEntry`).
    """

    __tablename__ = "finance_entry_line"
    __wall__ = STAFF
    __table_args__ = (
        UniqueConstraint("entry_id", "position"),
        Index("ix_finance_entry_line_account_id", "account_id", "entry_id"),
        Index("ix_finance_entry_line_customer_id", "customer_id", "account_id"),
    )

    id: Mapped[Id]
    entry_id: Mapped[int] = mapped_column(ForeignKey("finance_entry.id"))
    position: Mapped[int]
    account_id: Mapped[int] = mapped_column(ForeignKey("finance_account.id"))
    base_amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers_customer.id"))
    tax_key: Mapped[str] = mapped_column(String(30), default="")
    text: Mapped[str] = mapped_column(String(300), default="")


class LockDate(Base):
    """Up to which day the books are closed; the newest row holds."""

    __tablename__ = "finance_lock_date"
    __wall__ = STAFF

    id: Mapped[Id]
    day: Mapped[date]
    reason: Mapped[str] = mapped_column(String(300), default="")
    set_at: Mapped[datetime]
    set_by: Mapped[str] = mapped_column(String(200))


class PostingRule(Base):
    """Which accounts a line is posted to, by its tax, tax class and the customer's tax position."""

    __tablename__ = "finance_posting_rule"
    __wall__ = STAFF
    __table_args__ = (UniqueConstraint("tax_key", "tax_class", "position"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    tax_key: Mapped[str] = mapped_column(String(30))
    tax_class: Mapped[str] = mapped_column(String(30))
    position: Mapped[str] = mapped_column(String(20))
    revenue_id: Mapped[int] = mapped_column(ForeignKey("finance_account.id"))
    tax_id: Mapped[int] = mapped_column(ForeignKey("finance_account.id"))
    receivable_id: Mapped[int] = mapped_column(ForeignKey("finance_account.id"))


class Invoice(Base):
    """An invoice, credit note or opening item, with everything it cites stored.

    Amounts are positive in all kinds; `kind` says whether they are owed to the company or to the customer. `series` and
    `year` say where `number` counts. `tax_date` is the tax point: the delivery date, else the invoice date;
    `reported_on` is the day under which its taxes are reported, fixed at posting.
    `order_id`, `order_public_id` refer to an order softly. `billing_address`, `delivery_address`: JSON of
    `PostalAddress`, NULL for none. `department_id` is the customer's department whose it is, NULL for the whole account;
    `department` its name as the document cites it. `open` and `base_open` are what allocations have left.
    """

    __tablename__ = "finance_invoice"
    __wall__ = of_customer(departments=BY_DEPARTMENT, only="state = 'posted'")
    __table_args__ = (
        ForeignKeyConstraint(
            ["customer_id", "department_id"],
            ["customers_department.customer_id", "customers_department.id"],
            name="fk_finance_invoice_department",
        ),
        Index("ix_finance_invoice_department", "customer_id", "department_id", "invoice_date", "id"),
        UniqueConstraint("customer_id", "id"),
        UniqueConstraint("customer_id", "id", "currency", name="uq_finance_invoice_currency"),
        UniqueConstraint("number"),
        UniqueConstraint("series", "year", "sequence"),
        ForeignKeyConstraint(
            ["customer_id", "corrects_id", "currency"],
            ["finance_invoice.customer_id", "finance_invoice.id", "finance_invoice.currency"],
            name="fk_finance_invoice_corrects",
        ),
        CheckConstraint("kind IN ('invoice', 'credit_note', 'opening')", name="kind"),
        CheckConstraint("state IN ('draft', 'posted')", name="state"),
        CheckConstraint("gross = net + tax AND net >= 0 AND tax >= 0", name="gross"),
        CheckConstraint("base_gross = base_net + base_tax", name="base_gross"),
        CheckConstraint("open >= 0 AND open <= gross", name="open"),
        CheckConstraint("base_open >= 0 AND base_open <= base_gross", name="base_open"),
        CheckConstraint("open <> 0 OR base_open = 0", name="settled"),
        CheckConstraint("exchange_rate > 0", name="exchange_rate"),
        CheckConstraint(
            "(state = 'posted') = (number IS NOT NULL) AND (state = 'posted') = (posted_at IS NOT NULL) "
            "AND (state = 'draft') = (invoice_date IS NULL)",
            name="posted",
        ),
        CheckConstraint("state = 'draft' OR entry_id IS NOT NULL", name="entry"),
        CheckConstraint("(kind = 'credit_note') = (corrects_id IS NOT NULL)", name="corrects"),
        Index("ix_finance_invoice_created_at", "created_at", "id"),
        Index("ix_finance_invoice_invoice_date", "invoice_date", "id"),
        Index("ix_finance_invoice_due_date", "due_date", "id"),
        Index("ix_finance_invoice_customer_name", "customer_name", "id"),
        Index("ix_finance_invoice_gross", "gross", "id"),
        Index("ix_finance_invoice_customer_id", "customer_id", "invoice_date", "id"),
        Index("ix_finance_invoice_order_id", "order_id"),
        Index("ix_finance_invoice_state", "state", "id"),
        Index(
            "ix_finance_invoice_open",
            "due_date",
            "id",
            sqlite_where=text("open > 0"),
            postgresql_where=text("open > 0"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(default=1)
    number: Mapped[str | None] = mapped_column(String(40))
    series: Mapped[str | None] = mapped_column(String(20))
    year: Mapped[int | None]
    sequence: Mapped[int | None]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"))
    department_id: Mapped[int | None]
    department: Mapped[str] = mapped_column(String(100), default="", server_default="")
    order_id: Mapped[int | None]
    order_public_id: Mapped[str] = mapped_column(String(26), default="")
    order_number: Mapped[str] = mapped_column(String(40), default="")
    corrects_id: Mapped[int | None]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("finance_entry.id"), unique=True)
    receivable_id: Mapped[int | None] = mapped_column(ForeignKey("finance_account.id"))
    document: Mapped[str] = mapped_column(String(26), default="")

    customer_name: Mapped[str] = mapped_column(String(200))
    customer_number: Mapped[str] = mapped_column(String(40))
    customer_vat_id: Mapped[str] = mapped_column(String(40))
    customer_reference: Mapped[str] = mapped_column(String(100), default="")
    language: Mapped[str] = mapped_column(String(10))
    billing_address: Mapped[str | None] = mapped_column(Text)
    delivery_address: Mapped[str | None] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(String(200), default="")
    responsible: Mapped[str] = mapped_column(String(200), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    search_text: Mapped[str] = mapped_column(String(800), default="")

    invoice_date: Mapped[date | None]
    delivery_date: Mapped[date | None]
    due_date: Mapped[date | None]
    tax_date: Mapped[date]
    reported_on: Mapped[date | None]
    payment_days: Mapped[int]
    payment_terms: Mapped[str] = mapped_column(String(500), default="")

    currency: Mapped[str] = mapped_column(String(3))
    exchange_rate: Mapped[int]
    policy: Mapped[str] = mapped_column(String(40))
    tax_position: Mapped[str] = mapped_column(String(20))
    net: Mapped[int]
    tax: Mapped[int]
    gross: Mapped[int]
    base_net: Mapped[int]
    base_tax: Mapped[int]
    base_gross: Mapped[int]
    open: Mapped[int] = mapped_column(default=0)
    base_open: Mapped[int] = mapped_column(default=0)

    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    posted_at: Mapped[datetime | None]
    posted_by: Mapped[str | None] = mapped_column(String(200))


class InvoiceLine(Base):
    """A line of an invoice. `rates`: JSON of [key, title, percent, tax in minor units] in order; `credited` is the
    quantity that credit notes took back. Lines of a credit note name in `corrects_id` the line they take back."""

    __tablename__ = "finance_invoice_line"
    __wall__ = of_customer(departments=_OF_INVOICE)
    __table_args__ = (
        UniqueConstraint("customer_id", "id"),
        UniqueConstraint("invoice_id", "position"),
        ForeignKeyConstraint(
            ["customer_id", "invoice_id"], ["finance_invoice.customer_id", "finance_invoice.id"]
        ),
        ForeignKeyConstraint(
            ["customer_id", "corrects_id"],
            ["finance_invoice_line.customer_id", "finance_invoice_line.id"],
            name="fk_finance_invoice_line_corrects",
        ),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("credited >= 0 AND credited <= quantity", name="credited"),
        CheckConstraint("gross = net + tax", name="gross"),
        Index("ix_finance_invoice_line_order_line_id", "order_line_id"),
        Index("ix_finance_invoice_line_corrects_id", "corrects_id"),
    )

    id: Mapped[Id]
    invoice_id: Mapped[int]
    customer_id: Mapped[int]
    position: Mapped[int]
    order_line_id: Mapped[int | None]
    corrects_id: Mapped[int | None]
    sku: Mapped[str] = mapped_column(String(80), default="")
    name: Mapped[str] = mapped_column(String(300))
    description: Mapped[str] = mapped_column(Text, default="")
    unit: Mapped[str] = mapped_column(String(40), default="")
    quantity: Mapped[int]
    unit_price: Mapped[int]
    discount: Mapped[int]
    tax_class: Mapped[str] = mapped_column(String(30))
    tax_category: Mapped[str] = mapped_column(String(4))
    rates: Mapped[str] = mapped_column(Text)
    exemption: Mapped[str] = mapped_column(Text, default="")
    net: Mapped[int]
    tax: Mapped[int]
    gross: Mapped[int]
    credited: Mapped[int] = mapped_column(default=0)


class InvoiceTax(Base):
    """One tax of an invoice: `base` is the net taxed, `amount` the tax, both also in the base currency."""

    __tablename__ = "finance_invoice_tax"
    __wall__ = of_customer(departments=_OF_INVOICE)
    __table_args__ = (
        UniqueConstraint("invoice_id", "key"),
        Index("ix_finance_invoice_tax_customer_id", "customer_id", "invoice_id"),
        ForeignKeyConstraint(
            ["customer_id", "invoice_id"], ["finance_invoice.customer_id", "finance_invoice.id"]
        ),
    )

    id: Mapped[Id]
    invoice_id: Mapped[int]
    customer_id: Mapped[int]
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(100))
    category: Mapped[str] = mapped_column(String(4))
    exemption: Mapped[str] = mapped_column(Text, default="")
    percent: Mapped[int]
    base: Mapped[int]
    amount: Mapped[int]
    base_base: Mapped[int]
    base_amount: Mapped[int]


class Payment(Base):
    """Money that came in from a customer. `open` is what is not allocated; a reversed payment has nothing open.

    It is the whole account's: what it pays may be of several departments.
    """

    __tablename__ = "finance_payment"
    __wall__ = of_customer()
    __table_args__ = (
        UniqueConstraint("customer_id", "id"),
        UniqueConstraint("customer_id", "id", "currency", name="uq_finance_payment_currency"),
        CheckConstraint("amount > 0 AND base_amount >= 0", name="amount"),
        CheckConstraint("open >= 0 AND open <= amount", name="open"),
        CheckConstraint("base_open >= 0 AND base_open <= base_amount", name="base_open"),
        CheckConstraint("open <> 0 OR base_open = 0", name="used"),
        CheckConstraint("exchange_rate > 0", name="exchange_rate"),
        Index("ix_finance_payment_day", "day", "id"),
        Index("ix_finance_payment_customer_id", "customer_id", "day", "id"),
        Index("ix_finance_payment_customer_name", "customer_name", "id"),
        Index("ix_finance_payment_amount", "amount", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"))
    customer_name: Mapped[str] = mapped_column(String(200))
    day: Mapped[date]
    reference: Mapped[str] = mapped_column(String(140), default="")
    currency: Mapped[str] = mapped_column(String(3))
    exchange_rate: Mapped[int]
    amount: Mapped[int]
    base_amount: Mapped[int]
    open: Mapped[int]
    base_open: Mapped[int]
    account_id: Mapped[int] = mapped_column(ForeignKey("finance_account.id"))
    receivable_id: Mapped[int] = mapped_column(ForeignKey("finance_account.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("finance_entry.id"), unique=True)
    search_text: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))


class PaymentReversal(Base):
    """A payment that the bank took back, on a date."""

    __tablename__ = "finance_payment_reversal"
    __wall__ = Wall("payment_id IN (SELECT p.id FROM finance_payment p)", read=("id", "payment_id", "day"))

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey("finance_payment.id"), unique=True)
    day: Mapped[date]
    reason: Mapped[str] = mapped_column(String(300), default="")
    entry_id: Mapped[int] = mapped_column(ForeignKey("finance_entry.id"), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))


class Allocation(Base):
    """What of a payment or credit note settles an invoice, from a date on; rows are only added.

    `amount` is taken off both; `base_amount` off the invoice and `base_other` off the other, in the base currency:
    their difference is the realised exchange difference, posted by `entry_id` (which several allocations of one act
    share, and which also moves amounts between different receivable accounts). A counter row with the negated figures
    undoes another one, once. The keys hold customer and currency together. Rows are numbered without gaps and chained as
    entries are: `hash` is SHA-256 over the row and `previous_hash`.
    """

    __tablename__ = "finance_allocation"
    __wall__ = of_customer(departments=f"{_OF_INVOICE} OR {through('finance_invoice', 'credit_note_id')}")
    __table_args__ = (
        ForeignKeyConstraint(
            ["customer_id", "invoice_id", "currency"],
            ["finance_invoice.customer_id", "finance_invoice.id", "finance_invoice.currency"],
            name="fk_finance_allocation_invoice",
        ),
        ForeignKeyConstraint(
            ["customer_id", "payment_id", "currency"],
            ["finance_payment.customer_id", "finance_payment.id", "finance_payment.currency"],
            name="fk_finance_allocation_payment",
        ),
        ForeignKeyConstraint(
            ["customer_id", "credit_note_id", "currency"],
            ["finance_invoice.customer_id", "finance_invoice.id", "finance_invoice.currency"],
            name="fk_finance_allocation_credit_note",
        ),
        CheckConstraint("(payment_id IS NULL) <> (credit_note_id IS NULL)", name="other"),
        CheckConstraint("(amount > 0) = (undoes_id IS NULL) AND amount <> 0", name="amount"),
        CheckConstraint("base_amount = base_other OR entry_id IS NOT NULL", name="difference"),
        CheckConstraint(
            "undoes_id IS NOT NULL OR (base_amount >= 0 AND base_other >= 0)", name="base_amount"
        ),
        Index("ix_finance_allocation_invoice_id", "invoice_id", "day"),
        Index("ix_finance_allocation_payment_id", "payment_id", "day"),
        Index("ix_finance_allocation_credit_note_id", "credit_note_id", "day"),
        Index("ix_finance_allocation_customer_id", "customer_id", "day"),
        Index("ix_finance_allocation_entry_id", "entry_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    number: Mapped[int] = mapped_column(unique=True)
    customer_id: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    invoice_id: Mapped[int]
    payment_id: Mapped[int | None]
    credit_note_id: Mapped[int | None]
    day: Mapped[date]
    amount: Mapped[int]
    base_amount: Mapped[int]
    base_other: Mapped[int]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("finance_entry.id"))
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("finance_allocation.id"), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
