"""What customers see of their own account; everything takes their scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, select

from portal.kernel.folding import matches
from portal.kernel.i18n import Text, _
from portal.kernel.people import Scope
from portal.kernel.scoping import within
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, IMyAddresses
from portal.modules.finance.models import CREDIT_NOTE, OPENING, POSTED, Invoice, InvoiceLine, InvoiceTax
from portal.modules.finance.services import printing, reading
from portal.modules.finance.services.account import AccountStatement, currencies, statement
from portal.modules.finance.services.ageing import Aged, aged_of_customer
from portal.modules.finance.services.reading import AllocationFacts, ShownLine, shown_line
from portal.ops import documents
from portal.ops.pdf import Statement
from portal.web.badges import Badge
from portal.web.lists import ChoiceFilter, Column, DateFilter, Listing

KINDS: dict[str, Text] = {
    "invoice": _("Invoice"),
    CREDIT_NOTE: _("Credit note"),
    OPENING: _("Opening item"),
}


def _found(term: str) -> Any:
    return matches(Invoice.search_text, term)


OWN_INVOICES = Listing(
    base=select(Invoice.id).where(Invoice.state == POSTED),
    id=Invoice.id,
    columns=(
        Column("number", _("Number"), Invoice.number, "link", to="public_id"),
        Column("public_id", "", Invoice.public_id, hidden=True),
        Column(
            "kind",
            _("Kind"),
            Invoice.kind,
            "status",
            states={kind: Badge(title) for kind, title in KINDS.items()},
        ),
        Column("invoice_date", _("Date"), Invoice.invoice_date, "date", sort=True),
        Column("due_date", _("Due"), Invoice.due_date, "date", sort=True, nullable=True),
        Column("department", _("Department"), Invoice.department, sparse=True),
        Column("reference", _("Your reference"), Invoice.customer_reference),
        Column("gross", _("Total"), Invoice.gross, "money", currency="currency"),
        Column("open", _("Open"), Invoice.open, "money", currency="currency"),
        Column("currency", "", Invoice.currency, hidden=True),
    ),
    default="-invoice_date",
    name="invoices",
    search=_found,
    search_hint=_("Number or reference"),
    filters=(
        ChoiceFilter(
            "state",
            _("State"),
            {"open": _("Open"), "settled": _("Settled")},
            lambda value: Invoice.open > 0 if value == "open" else Invoice.open == 0,
        ),
        DateFilter("date", _("Date"), Invoice.invoice_date),
    ),
)


def own_documents(scope: Scope) -> list[Any]:
    """The condition that holds a list to the account."""
    return [within(scope, Invoice)]


@dataclass(frozen=True, slots=True)
class OwnInvoice:
    """A posted document as its customer sees it; amounts in minor units of `currency`."""

    id: int
    public_id: str
    kind: str
    number: str
    invoice_date: date
    due_date: date | None
    delivery_date: date | None
    department: str
    customer_reference: str
    order_number: str
    order_public_id: str
    currency: str
    net: int
    gross: int
    open: int
    payment_terms: str
    notes: str
    document: str
    lines: tuple[ShownLine, ...]
    taxes: tuple[tuple[str, int], ...]


def find(unit: Unit, scope: Scope, public_id: str) -> Invoice | None:
    """A posted document of the account: one statement."""
    return unit.db.scalar(
        select(Invoice).where(
            Invoice.public_id == public_id,
            within(scope, Invoice),
            Invoice.state == POSTED,
        )
    )


def get(unit: Unit, scope: Scope, invoice: Invoice) -> OwnInvoice:
    """A document of the account with lines and taxes: two statements. LookupError for another's."""
    if not _is_seen(scope, invoice) or invoice.number is None or invoice.invoice_date is None:
        raise LookupError(f"no posted invoice {invoice.public_id} of this account")
    lines = unit.db.scalars(
        select(InvoiceLine)
        .where(InvoiceLine.invoice_id == invoice.id, InvoiceLine.customer_id == scope.customer_id)
        .order_by(InvoiceLine.position)
    )
    taxes = unit.db.execute(
        select(InvoiceTax.title, InvoiceTax.amount)
        .where(InvoiceTax.invoice_id == invoice.id, InvoiceTax.customer_id == scope.customer_id)
        .order_by(InvoiceTax.position)
    )
    return OwnInvoice(
        id=invoice.id,
        public_id=invoice.public_id,
        kind=invoice.kind,
        number=invoice.number,
        invoice_date=invoice.invoice_date,
        due_date=invoice.due_date,
        delivery_date=invoice.delivery_date,
        department=invoice.department,
        customer_reference=invoice.customer_reference,
        order_number=invoice.order_number,
        order_public_id=invoice.order_public_id,
        currency=invoice.currency,
        net=invoice.net,
        gross=invoice.gross,
        open=invoice.open,
        payment_terms=invoice.payment_terms,
        notes=invoice.notes,
        document=invoice.document,
        lines=tuple(shown_line(line) for line in lines),
        taxes=tuple((title, amount) for title, amount in taxes),
    )


def payments_of(unit: Unit, scope: Scope, invoice: Invoice) -> list[AllocationFacts]:
    """What settled a document of the account: one statement.

    Payments are the whole account's: whoever is limited to departments reads that something was paid, not by which.
    """
    if not _is_seen(scope, invoice):
        raise LookupError(f"no invoice {invoice.public_id} of this account")
    return reading.allocations_of_invoice(unit, invoice, scope)


def _is_seen(scope: Scope, invoice: Invoice) -> bool:
    return invoice.customer_id == scope.customer_id and scope.covers(invoice.department_id)


def pdf(unit: Unit, scope: Scope, invoice: Invoice) -> documents.Issued | None:
    """The stored PDF of a document of the account; None where none was issued (opening items)."""
    if not invoice.document:
        return None
    return documents.find(unit.db, invoice.document, scope)


@dataclass(frozen=True, slots=True)
class Owed:
    """What an account owes in a currency; `due_next` is the earliest due date of what is open."""

    currency: str
    open: int
    overdue: int
    count: int
    due_next: date | None


def owed(unit: Unit, scope: Scope) -> list[Owed]:
    """What is open of the account's invoices, by currency: one statement."""
    today = unit.today()
    rows = unit.db.execute(
        select(
            Invoice.currency,
            func.sum(Invoice.open),
            func.sum(case((Invoice.due_date < today, Invoice.open), else_=0)),
            func.count(),
            func.min(Invoice.due_date),
        )
        .where(
            within(scope, Invoice),
            Invoice.state == POSTED,
            Invoice.kind != CREDIT_NOTE,
            Invoice.open > 0,
        )
        .group_by(Invoice.currency)
        .order_by(Invoice.currency)
    )
    return [Owed(row[0], int(row[1]), int(row[2]), row[3], row[4]) for row in rows]


@dataclass(frozen=True, slots=True)
class OwnStatement:
    """The account's statement with its ageing at the end; `currencies` are those to choose from."""

    customer: CustomerFacts
    currencies: tuple[str, ...]
    account: AccountStatement
    aged: Aged


def account_statement(unit: Unit, scope: Scope, currency: str | None, start: date, end: date) -> OwnStatement:
    """The statement in a currency (None: the account's own): five statements of SQL.

    It is of the whole account, with its payments and balance: LookupError for a scope of departments.
    """
    if not scope.is_whole:
        raise LookupError(f"no statement for departments of the account {scope.customer_id}")
    return statement_for(unit, unit.ask(IMyAddresses).get(scope), currency, start, end)


def statement_for(
    unit: Unit, customer: CustomerFacts, currency: str | None, start: date, end: date
) -> OwnStatement:
    """The same for a customer who was read already: three statements of SQL."""
    scope = Scope.whole(customer.id)
    known = currencies(unit, scope)
    chosen = currency if currency in known else customer.currency
    account = statement(unit, scope, chosen, start, end)
    return OwnStatement(
        customer,
        tuple(dict.fromkeys((customer.currency, *known))),
        account,
        aged_of_customer(unit, scope, chosen, end),
    )


def printed(unit: Unit, found: OwnStatement) -> Statement:
    """The statement as it is printed."""
    return printing.statement(unit, found.customer, found.account, found.aged)
