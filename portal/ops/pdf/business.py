"""The payload of quotations, order confirmations, delivery notes, invoices and credit notes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from pyramid.i18n import TranslationString

from portal.kernel.i18n import _
from portal.ops.pdf.document import Bank, Party, PrintDocument, PrintLine, PrintTax
from portal.ops.pdf.formats import Formats
from portal.ops.pdf.labels import NUMBERS, TITLES, Translator, translator
from portal.ops.pdf.letter import Fact, Payload, iban_groups, letter, postal


def business_payload(document: PrintDocument) -> Payload:
    """All that the template of a business document prints. Raises as `Formats` does."""
    formats = Formats(document.language, document.currency)
    t = translator(document.language)
    title = " ".join(filter(None, (t(TITLES[document.kind]), document.number)))
    facts = ((t(label), value) for label, value in _facts(document, formats))
    payload = letter(document.seller, _recipient(document), title, document.issue_date, facts, formats, t)
    priced = document.kind != "delivery_note"
    return {
        **payload,
        "watermark": t(_("DRAFT")) if document.draft else None,
        "party": _other_party(document, formats, t),
        "table": _priced_table(document, formats, t) if priced else _delivered_table(document, formats, t),
        "totals": _totals(document, formats, t) if priced else None,
        "payment": _payment(document, formats, t),
        "texts": list(_texts(document, t)),
        "signatures": [] if priced else [t(_("Date")), t(_("Received by (name, signature)"))],
    }


def _recipient(document: PrintDocument) -> Party:
    if document.kind == "delivery_note" and document.delivery:
        return document.delivery
    return document.buyer


def _other_party(document: PrintDocument, formats: Formats, t: Translator) -> Payload | None:
    """The buyer or the place of delivery, whichever the letter is not addressed to."""
    if document.delivery is None:
        return None
    label, party = _("Delivery address"), document.delivery
    if document.kind == "delivery_note":
        label, party = _("Ordered by"), document.buyer
    return {"label": t(label), "lines": postal(party, document.seller.party.country, formats)}


def _facts(document: PrintDocument, formats: Formats) -> Iterator[tuple[TranslationString, str]]:
    def day(value: date | None) -> str:
        return formats.date(value) if value else ""

    yield NUMBERS[document.kind], document.number or ""
    if document.revision > 1:
        yield _("Revision"), str(document.revision)
    yield _("Date"), formats.date(document.issue_date)
    yield _supply_label(document), day(document.delivery_date)
    yield _("Due date"), day(document.due_date)
    yield _("Valid until"), day(document.valid_until)
    yield _("Corrects invoice"), document.invoice_number
    if document.kind not in ("quotation", "order_confirmation"):
        yield _("Order no."), document.order_number
    yield _("Your reference"), document.customer_reference
    yield _("Department"), document.department
    yield _("Customer no."), document.account_number
    yield _("Your VAT ID"), document.buyer.vat_id
    yield _("Your contact"), document.contact
    yield _("Our contact"), document.responsible


def _supply_label(document: PrintDocument) -> TranslationString:
    if document.kind in ("invoice", "credit_note"):
        return _("Date of supply")
    if document.kind == "delivery_note":
        return _("Delivery date")
    return _("Planned delivery")


def _priced_table(document: PrintDocument, formats: Formats, t: Translator) -> Payload:
    discounted = any(line.discount for line in document.lines)
    row = partial(_priced_row, discounted=discounted, formats=formats)
    labels = {
        "position": t(_("Pos.")),
        "item": t(_("Description")),
        "quantity": t(_("Quantity")),
        "price": t(_("Unit price")),
        "discount": t(_("Discount")) if discounted else None,
        "tax": t(_("VAT")),
        "amount": t(_("Amount in ${currency}", mapping={"currency": document.currency})),
    }
    return {"labels": labels, "rows": [row(line) for line in document.lines]}


def _priced_row(line: PrintLine, discounted: bool, formats: Formats) -> Payload:
    return {
        **_delivered_row(line, formats),
        "price": formats.price(line.unit_price),
        "discount": (formats.percent(line.discount) if line.discount else "") if discounted else None,
        "tax": line.tax_label,
        "amount": formats.amount(line.net_minor),
    }


def _delivered_table(document: PrintDocument, formats: Formats, t: Translator) -> Payload:
    labels = {"position": t(_("Pos.")), "item": t(_("Description")), "quantity": t(_("Quantity"))}
    return {"labels": labels, "rows": [_delivered_row(line, formats) for line in document.lines]}


def _delivered_row(line: PrintLine, formats: Formats) -> Payload:
    return {
        "position": str(line.position),
        "sku": line.sku,
        "name": line.name,
        "description": line.description,
        "quantity": formats.quantity(line.quantity),
        "unit": line.unit,
    }


def _totals(document: PrintDocument, formats: Formats, t: Translator) -> Payload:
    sums: list[Fact] = [
        (t(_("Net amount")), formats.money(document.net_minor)),
        (t(_("VAT")), formats.money(document.tax_minor)),
    ]
    base = document.base_tax
    in_base = _("VAT in ${currency}", mapping={"currency": base.currency if base else ""})
    return {
        "labels": [t(_("VAT")), t(_("Rate")), t(_("Taxable amount")), t(_("VAT amount"))],
        "taxes": [_tax(tax, formats) for tax in document.taxes],
        "sums": sums,
        "gross": (t(_gross_label(document)), formats.money(document.gross_minor)),
        "base": (t(in_base), formats.money(base.minor, base.currency)) if base else None,
    }


def _tax(tax: PrintTax, formats: Formats) -> Payload:
    return {
        "label": tax.label,
        "percent": formats.percent(tax.percent),
        "base": formats.amount(tax.base_minor),
        "amount": formats.amount(tax.amount_minor),
        "exemption": tax.exemption,
    }


def _gross_label(document: PrintDocument) -> TranslationString:
    return {"invoice": _("Amount due"), "credit_note": _("Amount credited")}.get(document.kind, _("Total"))


def _payment(document: PrintDocument, formats: Formats, t: Translator) -> Payload | None:
    """How to pay an invoice: amount, account and reference, as they are typed into a transfer."""
    bank = document.seller.bank
    if document.kind != "invoice" or bank is None or document.gross_minor <= 0:
        return None
    return {"label": t(_("Payment")), "facts": list(_transfer(document, bank, formats, t))}


def _transfer(document: PrintDocument, bank: Bank, formats: Formats, t: Translator) -> Iterator[Fact]:
    yield t(_("Amount")), formats.money(document.gross_minor)
    if document.due_date:
        yield t(_("Payable by")), formats.date(document.due_date)
    yield t(_("Payee")), document.seller.party.name
    yield "IBAN", iban_groups(bank.iban)
    if bank.bic:
        yield "BIC", " · ".join(filter(None, (bank.bic, bank.name)))
    if document.number:
        yield t(_("Payment reference")), document.number


def _texts(document: PrintDocument, t: Translator) -> Iterator[Payload]:
    if document.payment_terms and document.kind != "delivery_note":
        yield {"label": t(_("Payment terms")), "text": document.payment_terms}
    said = {tax.exemption for tax in document.taxes}
    for text in document.exemptions:
        if text not in said:
            yield {"label": "", "text": text}
    if document.notes:
        yield {"label": t(_("Notes")), "text": document.notes}
