"""The lists of finance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import String, and_, case, cast, func, literal, or_, select

from portal.kernel.folding import matches
from portal.kernel.i18n import _
from portal.modules.finance.forms import JOURNALS
from portal.modules.finance.models import (
    CREDIT_NOTE,
    DRAFT,
    INVOICE,
    OPENING,
    POSTED,
    Account,
    Entry,
    Invoice,
    Payment,
    PaymentReversal,
    PostingRule,
)
from portal.modules.finance.services.chart import KINDS, PURPOSES
from portal.modules.finance.services.own import KINDS as DOCUMENT_KINDS
from portal.modules.taxes.interfaces import Position, position_title
from portal.web.badges import Badge
from portal.web.lists import ChoiceFilter, Column, DateFilter, Listing, TextFilter

INVOICE_KINDS = {kind: Badge(title) for kind, title in DOCUMENT_KINDS.items()}
INVOICE_STATES = {
    "draft": Badge(_("Draft"), "neutral"),
    "open": Badge(_("Open"), "info"),
    "overdue": Badge(_("Overdue"), "danger"),
    "settled": Badge(_("Settled"), "success"),
}

_NUMBER_OR_ID = func.coalesce(Invoice.number, literal("#") + cast(Invoice.id, String))


def invoice_state(invoice: Invoice, today: date) -> str:
    """draft, open, overdue or settled."""
    if invoice.state == DRAFT:
        return "draft"
    if not invoice.open:
        return "settled"
    return "overdue" if invoice.due_date is not None and invoice.due_date < today else "open"


def _found(folded: Any) -> Callable[[str], Any]:
    """A search in a column of folded text."""

    def clause(term: str) -> Any:
        return matches(folded, term)

    return clause


def _contains(*columns: Any) -> Callable[[str], Any]:
    """A search for what was typed as it stands, whatever its case."""

    def clause(term: str) -> Any:
        return or_(*(column.icontains(term, autoescape=True) for column in columns))

    return clause


def _state(today: date) -> Any:
    """The same in the database."""
    return case(
        (Invoice.state == DRAFT, "draft"),
        (Invoice.open == 0, "settled"),
        (and_(Invoice.kind != CREDIT_NOTE, Invoice.due_date < today), "overdue"),
        else_="open",
    )


def _in_state(today: date) -> Any:
    def clause(value: str) -> Any:
        open_ = and_(Invoice.state == POSTED, Invoice.open > 0)
        return {
            "draft": Invoice.state == DRAFT,
            "open": open_,
            "overdue": and_(open_, Invoice.kind != CREDIT_NOTE, Invoice.due_date < today),
            "settled": and_(Invoice.state == POSTED, Invoice.open == 0),
        }[value]

    return clause


def invoices(today: date) -> Listing:
    """Invoices, credit notes, opening items and drafts; what is overdue is judged as of a day."""
    return Listing(
        base=select(Invoice.id),
        id=Invoice.id,
        columns=(
            # A draft has no number yet; its id is something to point at, and to follow.
            Column("number", _("Number"), _NUMBER_OR_ID, "link", to="public_id"),
            Column("public_id", "", Invoice.public_id, hidden=True),
            Column("kind", _("Kind"), Invoice.kind, "status", states=INVOICE_KINDS, hidden=True),
            Column("customer", _("Customer"), Invoice.customer_name, sort=True, to="public_id", clipped=True),
            Column("department", _("Department"), Invoice.department, clipped=True, sparse=True),
            Column("created_at", "", Invoice.created_at, sort=True, hidden=True),
            Column("invoice_date", _("Date"), Invoice.invoice_date, "date", sort=True, nullable=True),
            Column("due_date", _("Due"), Invoice.due_date, "date", sort=True, nullable=True),
            Column("order", _("Order"), Invoice.order_number, "link", to="order_public_id"),
            Column("order_public_id", "", func.nullif(Invoice.order_public_id, ""), hidden=True),
            Column("gross", _("Total"), Invoice.gross, "money", sort=True, currency="currency"),
            Column("open", _("Open"), Invoice.open, "money", currency="currency"),
            Column("currency", "", Invoice.currency, hidden=True),
            Column("state", _("State"), _state(today), "status", states=INVOICE_STATES),
        ),
        default="-created_at",
        name="invoices",
        search=_found(Invoice.search_text),
        search_hint=_("Number, customer, reference or order"),
        filters=(
            ChoiceFilter(
                "state",
                _("State"),
                {state: badge.label for state, badge in INVOICE_STATES.items()},
                _in_state(today),
            ),
            ChoiceFilter(
                "kind",
                _("Kind"),
                {kind: DOCUMENT_KINDS[kind] for kind in (INVOICE, CREDIT_NOTE, OPENING)},
                lambda value: Invoice.kind == value,
            ),
            DateFilter("date", _("Date"), Invoice.invoice_date),
            DateFilter("due", _("Due"), Invoice.due_date),
            TextFilter("currency", _("Currency"), lambda value: Invoice.currency == value.upper()),
        ),
    )


PAYMENTS = Listing(
    base=select(Payment.id).outerjoin(PaymentReversal, PaymentReversal.payment_id == Payment.id),
    id=Payment.id,
    columns=(
        Column("number", _("Number"), Payment.number, "link", to="public_id"),
        Column("public_id", "", Payment.public_id, hidden=True),
        Column("day", _("Date"), Payment.day, "date", sort=True),
        Column("customer", _("Customer"), Payment.customer_name, sort=True, to="public_id", clipped=True),
        Column("reference", _("Payment reference"), Payment.reference),
        Column("amount", _("Amount"), Payment.amount, "money", sort=True, currency="currency"),
        Column("open", _("Not allocated"), Payment.open, "money", currency="currency"),
        Column("currency", "", Payment.currency, hidden=True),
        Column("reversed", _("Reversed"), PaymentReversal.day, "date"),
    ),
    default="-day",
    name="payments",
    search=_found(Payment.search_text),
    search_hint=_("Number, customer or reference"),
    filters=(
        ChoiceFilter(
            "state",
            _("State"),
            {"open": _("Not allocated"), "used": _("Allocated"), "reversed": _("Reversed")},
            lambda value: {
                "open": Payment.open > 0,
                "used": and_(Payment.open == 0, PaymentReversal.id.is_(None)),
                "reversed": PaymentReversal.id.is_not(None),
            }[value],
        ),
        DateFilter("date", _("Date"), Payment.day),
    ),
)

ENTRIES = Listing(
    base=select(Entry.id),
    id=Entry.id,
    columns=(
        Column("day", _("Date"), Entry.day, "date", sort=True, to="public_id"),
        Column("public_id", "", Entry.public_id, hidden=True),
        Column(
            "journal",
            _("Journal"),
            Entry.journal,
            "status",
            states={code: Badge(title) for code, title in JOURNALS.items()},
        ),
        Column("number", _("No."), Entry.number, to="public_id"),
        Column("text", _("Text"), Entry.text),
        Column("posted_at", _("Posted"), Entry.posted_at, "datetime", sort=True),
        Column("posted_by", _("By"), Entry.posted_by),
    ),
    default="-posted_at",
    name="entries",
    search=_contains(Entry.text),
    search_hint=_("Text"),
    filters=(
        ChoiceFilter("journal", _("Journal"), JOURNALS, lambda value: Entry.journal == value),
        DateFilter("date", _("Date"), Entry.day),
    ),
)

ACCOUNTS = Listing(
    base=select(Account.id),
    id=Account.id,
    columns=(
        Column("number", _("Number"), Account.number, sort=True, to="public_id"),
        Column("public_id", "", Account.public_id, hidden=True),
        Column("name", _("Name"), Account.name, to="public_id"),
        Column(
            "kind",
            _("Kind"),
            Account.kind,
            "status",
            states={kind: Badge(title) for kind, title in KINDS.items()},
        ),
        Column(
            "purpose",
            _("Purpose"),
            Account.purpose,
            "status",
            states={purpose: Badge(title) for purpose, title in PURPOSES.items()},
        ),
        Column("active", _("In use"), Account.active, "boolean"),
    ),
    default="number",
    name="accounts",
    search=_contains(Account.number, Account.name),
    search_hint=_("Number or name"),
    filters=(ChoiceFilter("kind", _("Kind"), KINDS, lambda value: Account.kind == value),),
)


def _account(column: Any) -> Any:
    return select(Account.number).where(Account.id == column).scalar_subquery()


_POSITIONS = {position.value: position_title(position) for position in Position}

RULES = Listing(
    base=select(PostingRule.id),
    id=PostingRule.id,
    columns=(
        Column("tax_key", _("Tax"), PostingRule.tax_key, sort=True, to="public_id"),
        Column("public_id", "", PostingRule.public_id, hidden=True),
        Column("tax_class", _("Tax class"), PostingRule.tax_class, sort=True),
        Column(
            "position",
            _("Position of the customer"),
            PostingRule.position,
            "status",
            states={value: Badge(title) for value, title in _POSITIONS.items()},
        ),
        Column("revenue", _("Revenue"), _account(PostingRule.revenue_id)),
        Column("tax", _("Tax account"), _account(PostingRule.tax_id)),
        Column("receivable", _("Receivables"), _account(PostingRule.receivable_id)),
    ),
    default="tax_key",
    name="posting-rules",
    search=_contains(PostingRule.tax_key),
    search_hint=_("Tax"),
    filters=(
        ChoiceFilter("position", _("Position"), _POSITIONS, lambda value: PostingRule.position == value),
    ),
)
