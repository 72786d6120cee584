"""Posting invoices: the one way in which a draft becomes an invoice with a number and an entry in the ledger.

Locks are taken in one order: the customer's row, the order, the invoice, the counters last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, func, select, update

from portal.kernel.errors import Invalid, Refused
from portal.kernel.folding import fold
from portal.kernel.four_eyes import Reference
from portal.kernel.i18n import _
from portal.kernel.money import from_scaled, to_scaled
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ICustomers
from portal.modules.finance.events import InvoicePosted, InvoicePosting
from portal.modules.finance.models import (
    CREDIT_NOTE,
    POSTED,
    SALES_JOURNAL,
    Invoice,
    InvoiceLine,
    InvoiceTax,
)
from portal.modules.finance.permissions import POST_ACT
from portal.modules.finance.services import digests, drafting, ledger, numbers, printing, reading, rules
from portal.modules.finance.services.chart import locked_until
from portal.modules.finance.services.rules import Accounts, RuleKey
from portal.modules.finance.services.totals import AtRate, InBase, TaxedLine, nets_of, rates_of, sum_up
from portal.modules.finance.settings import CREDIT_SERIES, INVOICE_SERIES
from portal.modules.orders.interfaces import IOrders
from portal.modules.taxes.interfaces import ITaxes, Position
from portal.ops import documents
from portal.proposals.intents import Intent, demand

#: How invoices and credit notes are referred to from elsewhere.
DOCUMENT_KIND = "finance.invoice"


def post_invoice(unit: Unit, invoice: Invoice, version: int | None = None, day: date | None = None) -> str:
    """Post a draft with the invoice date `day` (default: today); returns the number.

    Raises Refused for a date that is closed, to come, or before the newest invoice, for lines that bill more than the
    order has left, a missing posting rule, or taxes that have changed since the draft was written; Conflict when the
    draft is not at `version` any more; NeedsSecond above the limit of one person.
    """
    day = day or unit.today()
    unit.ask(ICustomers).lock(invoice.customer_id)
    orders = unit.ask_if(IOrders) if invoice.order_id is not None else None
    if invoice.order_id is not None and orders is not None:
        orders.lock(invoice.order_id)
    draft, lines = drafting.lock_draft(unit, invoice.id, version)
    _demand_dates(unit, draft, day)
    taxed = [taxed_line(line) for line in lines]
    vote(unit, draft, draft.kind, draft.public_id, draft.gross)
    worked, in_base = _fresh(unit, draft, taxed, draft.delivery_date or day)
    accounts = accounts_of(unit, taxed, draft.tax_position, day)
    base_gross: int = worked.get("base_gross", draft.base_gross)
    demand(unit, POST_ACT, base_gross, lambda: _intent(unit, draft, day))
    if draft.order_id is not None and orders is not None:
        orders.record_invoiced(draft.order_id, reading.quantities_of(lines))
        orders.set_settled(draft.order_id, not draft.gross and not _others_open(unit, draft))
    return finish(unit, draft, lines, taxed, accounts, {**worked, "invoice_date": day}, in_base)


def _intent(unit: Unit, draft: Invoice, day: date) -> Intent:
    return Intent(
        arguments={"invoice": draft.public_id, "day": unless_today(unit, day)},
        title=" ".join(filter(None, (draft.customer_name, draft.order_number))),
        seen=str(draft.version),
        about=Reference(DOCUMENT_KIND, draft.public_id),
        amount=(draft.gross, draft.currency),
    )


def unless_today(unit: Unit, day: date) -> str | None:
    """A day as it is proposed: documents are numbered in the order of their days, so today is the day of agreeing."""
    return None if day == unit.today() else day.isoformat()


def _demand_dates(unit: Unit, draft: Invoice, day: date) -> None:
    if day > unit.today():
        raise Invalid({"invoice_date": _("An invoice is not dated in the future.")})
    if draft.due_date is not None and draft.due_date < day:
        raise Invalid({"due_date": _("An invoice is not due before its date.")})


def _others_open(unit: Unit, draft: Invoice) -> bool:
    """Whether another invoice of the order is to be paid; asked only of an invoice of nothing, which is settled."""
    asked = select(func.count()).where(
        Invoice.order_id == draft.order_id,
        Invoice.state == POSTED,
        Invoice.kind != CREDIT_NOTE,
        Invoice.open > 0,
    )
    return bool(unit.db.scalar(asked))


def vote(unit: Unit, document: Invoice, kind: str, public_id: str, gross: int) -> None:
    """Ask whether anybody refuses a document of this customer and order to be posted."""
    unit.vote(
        InvoicePosting(
            public_id=public_id,
            kind=kind,
            customer_id=document.customer_id,
            order=document.order_public_id,
            currency=document.currency,
            gross=gross,
        )
    )


def taxed_line(line: InvoiceLine) -> TaxedLine:
    """A stored line as it is summed and posted."""
    return TaxedLine(line.tax_class, line.tax_category, line.exemption, line.net, rates_of(line.rates))


def _fresh(
    unit: Unit, draft: Invoice, taxed: Sequence[TaxedLine], tax_date: date
) -> tuple[dict[str, Any], InBase]:
    """Columns that follow from the tax point, and how amounts are converted there.

    The taxes must be those of the draft, which somebody has looked at: rates may have been changed since, for the same
    day too. Amounts in base follow the exchange rate of the tax point.
    """
    taxes = unit.ask(ITaxes)
    taxation = taxes.taxation(
        {line.tax_class for line in taxed}, Position(draft.tax_position), tax_date, draft.language
    )
    for line in taxed:
        now = taxation[line.tax_class]
        rates = [(rate.key, rate.percent) for rate in now.rates] or [(now.category, Decimal(0))]
        if now.category != line.category or rates != [(rate.key, rate.percent) for rate in line.rates]:
            raise Refused(_("The taxes have changed since this draft was written. Please save it again."))
    rate = taxes.exchange_rate(draft.currency, tax_date)
    in_base = AtRate(draft.currency, unit.company.currency, rate)
    if to_scaled(rate) == draft.exchange_rate:
        return {"tax_date": tax_date}, in_base
    summed = sum_up(taxed, rate, in_base)
    table: Any = InvoiceTax.__table__
    unit.db.execute(
        update(table)
        .where(table.c.invoice_id == draft.id, table.c.key == bindparam("of_key"))
        .values(base_base=bindparam("new_base"), base_amount=bindparam("new_amount")),
        [
            {"of_key": row["key"], "new_base": row["base_base"], "new_amount": row["base_amount"]}
            for row in summed.taxes
        ],
    )
    return {"tax_date": tax_date, **summed.header}, in_base


def accounts_of(
    unit: Unit, lines: Sequence[TaxedLine], position: str, day: date
) -> dict[tuple[str, str], Accounts]:
    """The accounts by tax key and tax class.

    Raises Refused as `rules.accounts_for`, or where rules for one document disagree about receivables or a tax.
    """
    keys = {
        (rate.key, line.tax_class): RuleKey(rate.key, line.tax_class, position)
        for line in lines
        for rate in line.rates
    }
    found = rules.accounts_for(unit, keys.values(), day)
    by_place = {place: found[key] for place, key in keys.items()}
    if len({accounts.receivable for accounts in found.values()}) > 1:
        raise Refused(_("The posting rules of these lines name different receivable accounts."))
    if len({(key, accounts.tax) for (key, _class), accounts in by_place.items()}) > len(
        {key for key, _class in by_place}
    ):
        raise Refused(_("The posting rules of these lines name different accounts for one tax."))
    return by_place


def finish(
    unit: Unit,
    draft: Invoice,
    lines: Sequence[InvoiceLine],
    taxed: Sequence[TaxedLine],
    accounts: dict[tuple[str, str], Accounts],
    columns: dict[str, Any],
    in_base: InBase,
    corrects: str = "",
) -> str:
    """Number a draft that was checked, post its entry, issue its PDF and tell others; returns the number.

    `in_base` converts its amounts as its header was converted.
    """
    # The row is complete only at the end, and goes to the database as one statement.
    with unit.db.no_autoflush:
        number = _finish(unit, draft, lines, taxed, accounts, columns, in_base, corrects)
    unit.db.flush()
    unit.publish(
        InvoicePosted(
            public_id=draft.public_id,
            kind=draft.kind,
            number=number,
            customer_id=draft.customer_id,
            order=draft.order_public_id,
            currency=draft.currency,
            gross=draft.gross,
            posted_on=columns["invoice_date"],
        )
    )
    return number


def _finish(
    unit: Unit,
    draft: Invoice,
    lines: Sequence[InvoiceLine],
    taxed: Sequence[TaxedLine],
    accounts: dict[tuple[str, str], Accounts],
    columns: dict[str, Any],
    in_base: InBase,
    corrects: str,
) -> str:
    day: date = columns["invoice_date"]
    for name, value in columns.items():
        setattr(draft, name, value)
    credit = draft.kind == CREDIT_NOTE
    series = numbers.document_series(unit, unit.setting(CREDIT_SERIES if credit else INVOICE_SERIES), day)
    taken, entry_number = numbers.take(unit, series, numbers.journal_series(SALES_JOURNAL))
    number = series.label(taken.number)
    draft.number, draft.series, draft.year, draft.sequence = number, series.name, series.year, taken.number
    draft.reported_on = _reported_on(unit, draft.tax_date)
    draft.receivable_id = next(iter(accounts.values())).receivable
    draft.due_date = None if credit else draft.due_date or day + timedelta(days=draft.payment_days)
    breakdown = sum_up(taxed, from_scaled(draft.exchange_rate), in_base).taxes
    entry = ledger.write(
        unit,
        ledger.NewEntry(
            journal=SALES_JOURNAL,
            day=day,
            text=f"{number} {draft.customer_name}",
            lines=entry_lines(draft, taxed, accounts, in_base),
            document=f"{DOCUMENT_KIND}:{draft.public_id}",
            document_digest=digests.of_document(draft, lines, breakdown),
            of_nothing=not draft.gross,
        ),
        entry_number,
    )
    draft.state, draft.entry_id = POSTED, entry.id
    draft.open, draft.base_open = draft.gross, draft.base_gross
    draft.posted_at, draft.posted_by = unit.now(), unit.actor.name[:200]
    draft.search_text = fold(f"{number} {draft.search_text}")[:800]
    draft.document = documents.issue(
        unit,
        printing.document(unit, draft, lines, printing.taxes_from(breakdown), corrects),
        DOCUMENT_KIND,
        draft.public_id,
        draft.customer_id,
        draft.department_id,
    )
    return number


def _reported_on(unit: Unit, tax_date: date) -> date:
    """The tax point or, where the books are closed over it, the first day that is open: one statement."""
    locked = unit.db.scalar(select(locked_until()))
    return tax_date if locked is None else max(tax_date, locked + timedelta(days=1))


def entry_lines(
    draft: Invoice,
    taxed: Sequence[TaxedLine],
    accounts: dict[tuple[str, str], Accounts],
    in_base: InBase,
) -> list[ledger.Line]:
    """Receivable against revenue and tax; the other way round for a credit note. Amounts are those of `sum_up`."""
    sign = -1 if draft.kind == CREDIT_NOTE else 1
    revenue: dict[int, list[int]] = {}
    tax: dict[tuple[int, str], list[int]] = {}
    for group, net in nets_of(taxed).items():
        _add(revenue, accounts[group].revenue, in_base.net(group, net), net)
    for row in sum_up(taxed, from_scaled(draft.exchange_rate), in_base).taxes:
        place = next(place for place in accounts if place[0] == row["key"])
        _add(tax, (accounts[place].tax, row["key"]), row["base_amount"], row["amount"])
    receivable = next(iter(accounts.values())).receivable
    lines = [
        ledger.Line(
            receivable, sign * draft.base_gross, draft.currency, sign * draft.gross, draft.customer_id
        )
    ]
    lines += [
        ledger.Line(account, -sign * base, draft.currency, -sign * amount)
        for account, (base, amount) in revenue.items()
    ]
    lines += [
        ledger.Line(account, -sign * base, draft.currency, -sign * amount, tax_key=key)
        for (account, key), (base, amount) in tax.items()
    ]
    return lines


def _add(sums: dict[Any, list[int]], place: Any, base: int, amount: int) -> None:
    before = sums.setdefault(place, [0, 0])
    before[0] += base
    before[1] += amount
