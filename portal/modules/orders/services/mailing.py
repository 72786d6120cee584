"""Mail to customers: who would get it and what it says is shown first, then one mail is queued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.kernel import BASE_URL
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import TranslationString, _
from portal.kernel.mail import Address, Attachment, IMail, Message
from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, IMyAddresses
from portal.modules.orders.interfaces import ORDER_KIND as DOCUMENT_KIND
from portal.modules.orders.models import Order
from portal.modules.orders.services import history, reading
from portal.modules.orders.transitions import State
from portal.ops import documents
from portal.people import document_links
from portal.people.colleagues import Member
from portal.people.document_links import Linked

QUOTATION, CONFIRMATION, APPROVAL = "quotation", "order_confirmation", "approval"
#: States in which there is an order confirmation to mail.
CONFIRMED = (State.CONFIRMED, State.CLOSED)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is sent, in the customer's language."""

    subject: str
    text: str


def recipients(customer: CustomerFacts) -> list[Address]:
    """Who may be written to: the account's own address, then its contacts."""
    own = [Address(customer.name, customer.email)] if customer.email else []
    people = [Address(contact.name, contact.email) for contact in customer.contacts if contact.email]
    found: dict[str, Address] = {}
    for address in (*own, *people):
        found.setdefault(address.email.casefold(), address)
    return list(found.values())


def linked(order: Order) -> Linked:
    """The order as a document link opens it."""
    return Linked(DOCUMENT_KIND, order.public_id, order.customer_id, order.customer_name, order.language)


def letter(unit: Unit, order: Order, kind: str, account: str, *, by: str = "", link: str = "") -> Letter:
    """What the mail says; `account` is the segment of the customer's pages in the address, `by` who brought it about.

    `link` opens a quotation without an account; where it is empty the mail has none.
    """
    values = {
        "number": order.number,
        "company": unit.company.name,
        "by": by,
        "url": f"{unit.setting(BASE_URL).rstrip('/')}/my/{account}/orders/{order.public_id}/",
    }

    def say(text: str) -> str:
        return unit.translate(TranslationString(text, domain="portal", mapping=values), order.language)

    subject, body = _LETTERS[kind]
    text = say(body)
    return Letter(
        say(subject), f"{text}\n{document_links.postscript(unit, link, order.language)}" if link else text
    )


def send_letter(
    unit: Unit, order: Order, kind: str, document: str, to: Sequence[Address], account: str
) -> None:
    """Queue one mail to these recipients with the issued PDF. Raises Invalid without a recipient."""
    if not to:
        raise Invalid({"to": _("Choose who gets the mail.")})
    issued = documents.find(unit.db, document)
    if issued is None:
        raise LookupError(f"no document {document}")
    link = document_links.for_mail(unit, linked(order), to) if kind == QUOTATION else ""
    said = letter(unit, order, kind, account, link=link)
    unit.ask(IMail).queue(
        Message(
            to=tuple(to),
            subject=said.subject,
            text=said.text,
            language=order.language,
            about=f"{DOCUMENT_KIND}:{order.public_id}",
            attachments=(Attachment(issued.file_name, document),),
            secret=bool(link),
        )
    )


def ask_approval(unit: Unit, scope: Scope, order: Order, approvers: Sequence[Member]) -> None:
    """Queue one mail to each approver of the customer's: a colleague accepted above their spending limit."""
    account = unit.ask(IMyAddresses).get(scope).public_id
    said = letter(unit, order, APPROVAL, account, by=unit.actor.name)
    for approver in approvers:
        unit.ask(IMail).queue(
            Message(
                to=(Address(approver.name, approver.email),),
                subject=said.subject,
                text=said.text,
                language=order.language,
                about=f"{DOCUMENT_KIND}:{order.public_id}",
            )
        )


def send_confirmation(
    unit: Unit, order_id: int, to: Sequence[Address], account: str, version: int | None = None
) -> None:
    """Mail the order confirmation that was issued.

    Raises Invalid where there is none, or nobody to send it to, Conflict when the order is no longer at `version`.
    """
    order = reading.lock(unit, order_id, version)
    if order.state not in CONFIRMED:
        raise Refused(_("Only a confirmed order has a confirmation."))
    issued = [
        entry for entry in documents.of(unit.db, DOCUMENT_KIND, order.public_id) if entry.kind == CONFIRMATION
    ]
    if not issued:
        raise Invalid({"": _("There is no order confirmation yet.")})
    send_letter(unit, order, CONFIRMATION, issued[-1].public_id, to, account)
    history.record(
        unit, order, "send-confirmation", ", ".join(address.email for address in to), visible=False
    )


_QUOTATION = (
    _("Quotation ${number} from ${company}"),
    _(
        "Dear customer,\n\nplease find attached our quotation ${number}. You can read it, ask questions, and accept or "
        "decline it here:\n\n${url}\n\nKind regards\n${company}\n"
    ),
)
_CONFIRMATION = (
    _("Order confirmation ${number} from ${company}"),
    _(
        "Dear customer,\n\nthank you for your order ${number}. Its confirmation is attached; how far it has come stands "
        "here:\n\n${url}\n\nKind regards\n${company}\n"
    ),
)
_APPROVAL = (
    _("${number} waits for your approval"),
    _(
        "Dear customer,\n\n${by} accepted our quotation ${number} above their spending limit. It is ordered as soon as "
        "one of your approvers agrees; you can read it and decide here:\n\n${url}\n\nKind regards\n${company}\n"
    ),
)
_LETTERS = {QUOTATION: _QUOTATION, CONFIRMATION: _CONFIRMATION, APPROVAL: _APPROVAL}
