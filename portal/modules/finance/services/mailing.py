"""Mailing an invoice: its recipients are shown first, then one mail is queued with the stored PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.kernel import BASE_URL
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import TranslationString, _
from portal.kernel.mail import Address, Attachment, IMail, Message
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.modules.finance.models import CREDIT_NOTE, Invoice
from portal.modules.finance.services.posting import DOCUMENT_KIND
from portal.ops import documents
from portal.ops.pdf.formats import Formats
from portal.people import document_links
from portal.people.document_links import Linked


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is sent, in the customer's language."""

    subject: str
    text: str


def recipients(customer: CustomerFacts) -> list[Address]:
    """Who gets invoices: the contacts for billing, then the account's own address; each address once."""
    found = [Address(one.name, one.email) for one in customer.contacts if one.billing and one.email]
    if customer.email:
        found.append(Address(customer.name, customer.email))
    return list({address.email.casefold(): address for address in reversed(found)}.values())[::-1]


def linked(invoice: Invoice) -> Linked:
    """The invoice as a document link opens it."""
    return Linked(
        DOCUMENT_KIND, invoice.public_id, invoice.customer_id, invoice.customer_name, invoice.language
    )


def letter(unit: Unit, invoice: Invoice, account: str, *, link: str = "") -> Letter:
    """What the mail says; `account` is the segment of the customer's pages in the address.

    `link` opens the document without an account; where it is empty the mail has none.
    """
    formats = Formats(invoice.language, invoice.currency)
    values = {
        "number": invoice.number or "",
        "company": unit.company.name,
        "amount": formats.money(invoice.gross),
        "due": formats.date(invoice.due_date) if invoice.due_date else "",
        "url": f"{unit.setting(BASE_URL).rstrip('/')}/my/{account}/invoices/{invoice.public_id}/",
    }

    def say(text: str) -> str:
        return unit.translate(TranslationString(text, domain="portal", mapping=values), invoice.language)

    subject, body = _CREDIT_NOTE if invoice.kind == CREDIT_NOTE else _INVOICE
    text = say(body)
    return Letter(
        say(subject), f"{text}\n{document_links.postscript(unit, link, invoice.language)}" if link else text
    )


def send(unit: Unit, invoice: Invoice, to: Sequence[Address], account: str) -> None:
    """Queue one mail to these recipients with the stored PDF. Raises Invalid without a recipient, Refused for a
    document that was never issued."""
    if not to:
        raise Invalid({"to": _("Choose who gets the mail.")})
    issued = documents.find(unit.db, invoice.document) if invoice.document else None
    if issued is None:
        raise Refused(_("Only posted invoices and credit notes are mailed."))
    link = document_links.for_mail(unit, linked(invoice), to)
    said = letter(unit, invoice, account, link=link)
    unit.ask(IMail).queue(
        Message(
            to=tuple(to),
            subject=said.subject,
            text=said.text,
            language=invoice.language,
            about=f"{DOCUMENT_KIND}:{invoice.public_id}",
            attachments=(Attachment(issued.file_name, issued.public_id),),
            secret=bool(link),
        )
    )
    text = _(
        "${number} mailed to ${to}",
        mapping={"number": invoice.number, "to": ", ".join(address.email for address in to)},
    )
    unit.ask(ICustomers).record(invoice.customer_id, text, kind=DOCUMENT_KIND, public_id=invoice.public_id)


_INVOICE = (
    _("Invoice ${number} from ${company}"),
    _(
        "Dear customer,\n\nplease find attached our invoice ${number} over ${amount}, payable by ${due}. You can also "
        "read it here:\n\n${url}\n\nKind regards\n${company}\n"
    ),
)
_CREDIT_NOTE = (
    _("Credit note ${number} from ${company}"),
    _(
        "Dear customer,\n\nplease find attached our credit note ${number} over ${amount}. You can also read it "
        "here:\n\n${url}\n\nKind regards\n${company}\n"
    ),
)
