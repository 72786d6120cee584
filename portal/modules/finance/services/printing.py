"""What the PDFs of finance say, from stored facts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portal.kernel.money import Money, from_scaled
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, PostalAddress
from portal.modules.finance.models import CREDIT_NOTE, Invoice, InvoiceLine, InvoiceTax
from portal.modules.finance.services import reading
from portal.modules.finance.services.account import AccountStatement
from portal.modules.finance.services.ageing import BUCKETS, Aged
from portal.ops.pdf import (
    AgeingBucket,
    Party,
    PrintDocument,
    PrintLine,
    PrintTax,
    Seller,
    Statement,
    StatementRow,
)


def document(
    unit: Unit,
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    taxes: Sequence[PrintTax],
    corrects: str = "",
) -> PrintDocument:
    """An invoice or credit note; `corrects` is the number of the invoice that a credit note corrects."""
    delivery = reading.address_of(invoice.delivery_address)
    foreign = invoice.currency != unit.company.currency
    return PrintDocument(
        kind="credit_note" if invoice.kind == CREDIT_NOTE else "invoice",
        number=invoice.number,
        issue_date=invoice.invoice_date or unit.today(),
        delivery_date=invoice.delivery_date,
        due_date=invoice.due_date,
        language=invoice.language,
        currency=invoice.currency,
        seller=Seller.of(unit.company),
        buyer=_party(
            invoice.customer_name, reading.address_of(invoice.billing_address), invoice.customer_vat_id
        ),
        delivery=None if delivery is None else _party(invoice.customer_name, delivery),
        account_number=invoice.customer_number,
        customer_reference=invoice.customer_reference,
        department=invoice.department,
        order_number=invoice.order_number,
        invoice_number=corrects,
        responsible=invoice.responsible,
        contact=invoice.contact,
        notes=invoice.notes,
        payment_terms=invoice.payment_terms if invoice.kind != CREDIT_NOTE else "",
        lines=tuple(_line(line) for line in lines),
        net_minor=invoice.net,
        tax_minor=invoice.tax,
        gross_minor=invoice.gross,
        taxes=tuple(taxes),
        base_tax=Money(invoice.base_tax, unit.company.currency) if foreign else None,
    )


def draft(unit: Unit, invoice: Invoice) -> PrintDocument:
    """A draft as it would be posted today."""
    return document(
        unit,
        invoice,
        reading.lines_of(unit, invoice.id),
        [_tax(tax) for tax in reading.taxes_of(unit, invoice.id)],
    )


def taxes_from(rows: Sequence[Mapping[str, Any]]) -> list[PrintTax]:
    """The breakdown of a document that is being posted, from its rows of taxes."""
    return [
        PrintTax(row["title"], from_scaled(row["percent"]), row["base"], row["amount"], row["exemption"])
        for row in rows
    ]


def statement(unit: Unit, customer: CustomerFacts, account: AccountStatement, aged: Aged | None) -> Statement:
    """A customer's statement."""
    return Statement(
        issue_date=unit.today(),
        language=customer.language,
        currency=account.currency,
        seller=Seller.of(unit.company),
        customer=_party(customer.name, customer.address("billing"), customer.vat_id),
        account_number=customer.number,
        start=account.start,
        end=account.end,
        opening_minor=account.opening,
        rows=tuple(
            StatementRow(
                date=row.day,
                kind=row.kind,
                number=row.number,
                reference=row.reference,
                debit_minor=row.debit,
                credit_minor=row.credit,
                balance_minor=row.balance,
            )
            for row in account.rows
        ),
        closing_minor=account.closing,
        ageing=_ageing(aged),
        credits_minor=aged.credits if aged is not None else 0,
    )


def _ageing(aged: Aged | None) -> tuple[AgeingBucket, ...]:
    if aged is None or not (any(aged.buckets) or aged.credits):
        return ()
    return tuple(
        AgeingBucket(first, last, amount) for (first, last), amount in zip(BUCKETS, aged.buckets, strict=True)
    )


def _party(name: str, address: PostalAddress | None, vat_id: str = "") -> Party:
    if address is None:
        return Party(name, (), vat_id)
    place = " ".join(part for part in (address.postal_code, address.city) if part)
    lines = tuple(part for part in (*address.lines, place, address.region) if part)
    return Party(address.name or name, lines, vat_id, address.country)


def _line(line: InvoiceLine) -> PrintLine:
    return PrintLine(
        position=line.position,
        sku=line.sku,
        name=line.name,
        description=line.description,
        quantity=from_scaled(line.quantity),
        unit=line.unit,
        unit_price=from_scaled(line.unit_price),
        discount=from_scaled(line.discount),
        net_minor=line.net,
        tax_label=reading.tax_label(line),
    )


def _tax(tax: InvoiceTax) -> PrintTax:
    return PrintTax(tax.title, from_scaled(tax.percent), tax.base, tax.amount, tax.exemption)
