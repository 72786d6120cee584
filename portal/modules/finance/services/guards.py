"""Finance under four eyes: what its acts above their limits are shown as, and how the second person does them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.kernel.four_eyes import Allowed, Description, Reference
from portal.kernel.i18n import Text, _
from portal.kernel.money import Money, from_scaled
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ICustomers
from portal.modules.finance import permissions
from portal.modules.finance.models import DRAFT, Invoice, Payment
from portal.modules.finance.services import chart, crediting, journals, lock_date, payments, posting, reading
from portal.modules.finance.services.chart import Chart
from portal.modules.finance.services.journals import ManualLine, OpeningItem
from portal.modules.finance.services.payments import PaymentData

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

Arguments = Mapping[str, Any]
Lines = list[tuple[Text, Text | date | Money]]

_INVOICE, _PAYMENT = posting.DOCUMENT_KIND, payments.DOCUMENT_KIND
_TODAY: Text = _("The day of agreeing")


def _day(arguments: Arguments) -> date | None:
    return None if arguments["day"] is None else date.fromisoformat(arguments["day"])


def _invoice(unit: Unit, arguments: Arguments) -> Invoice:
    found = reading.find_invoice(unit, arguments["invoice"])
    if found is None:
        raise LookupError("the invoice is gone")
    return found


# --- posting -----------------------------------------------------------------------------------------------


def describe_posting(unit: Unit, arguments: Arguments) -> Description:
    """Whose invoice it is, and its date."""
    draft = _invoice(unit, arguments)
    lines: Lines = [
        (_("Customer"), f"{draft.customer_name} ({draft.customer_number})"),
        (_("Order"), draft.order_number),
        (_("Invoice date"), _day(arguments) or _TODAY),
        (_("Payment terms"), draft.payment_terms),
    ]
    return Description(_("Post invoice"), tuple(lines))


def seen_of_posting(unit: Unit, arguments: Arguments) -> str | None:
    """The version of the draft."""
    draft = reading.find_invoice(unit, arguments["invoice"])
    return None if draft is None or draft.state != DRAFT else str(draft.version)


def post(unit: Unit, arguments: Arguments, _allowed: Allowed) -> Reference:
    """Post the draft."""
    draft = _invoice(unit, arguments)
    posting.post_invoice(unit, draft, day=_day(arguments))
    return Reference(_INVOICE, draft.public_id)


# --- crediting ---------------------------------------------------------------------------------------------


def describe_credit(unit: Unit, arguments: Arguments) -> Description:
    """What is credited of which invoice."""
    invoice = _invoice(unit, arguments)
    names = {line.id: line for line in reading.lines_of(unit, invoice.id)}
    lines: Lines = [
        (_("Invoice"), invoice.number or ""),
        (_("Customer"), f"{invoice.customer_name} ({invoice.customer_number})"),
        (_("Date"), _day(arguments) or _TODAY),
        (_("Reason"), arguments["reason"]),
    ]
    for line_id, quantity in arguments["quantities"].items():
        line = names[int(line_id)]
        lines.append((line.name, f"{from_scaled(quantity):f} {line.unit}".strip()))
    return Description(_("Credit note"), tuple(lines))


def seen_of_credit(unit: Unit, arguments: Arguments) -> str | None:
    """What is open of the invoice, and credited of its lines."""
    invoice = reading.find_invoice(unit, arguments["invoice"])
    return None if invoice is None else crediting.seen_of(invoice, reading.lines_of(unit, invoice.id))


def credit(unit: Unit, arguments: Arguments, _allowed: Allowed) -> Reference:
    """Post the credit note."""
    quantities = {int(line): from_scaled(quantity) for line, quantity in arguments["quantities"].items()}
    day = _day(arguments) or unit.today()
    invoice = _invoice(unit, arguments)
    return Reference(_INVOICE, crediting.credit(unit, invoice, quantities, day, arguments["reason"]))


# --- payments ----------------------------------------------------------------------------------------------


def describe_payment(unit: Unit, arguments: Arguments) -> Description:
    """Who paid what into which account, and for which invoices."""
    account = chart.find(unit, arguments["account"])
    currency: str = arguments["currency"]
    lines: Lines = [
        (_("Customer"), arguments["customer_name"]),
        (_("Amount"), Money(arguments["amount"], currency)),
        (_("Date"), date.fromisoformat(arguments["day"])),
        (_("Account"), account.title if account is not None else ""),
        (_("Payment reference"), arguments["reference"]),
    ]
    paid = _paid(unit, arguments)
    for public_id, amount in arguments["allocations"].items():
        invoice = paid.get(public_id)
        number = invoice.number if invoice is not None else None
        lines.append((_("Invoice ${number}", mapping={"number": number or ""}), Money(amount, currency)))
    return Description(_("Record a payment"), tuple(lines))


def _paid(unit: Unit, arguments: Arguments) -> dict[str, Invoice]:
    """The invoices that a payment is allocated to: one statement, none where it is not allocated."""
    wanted = list(arguments["allocations"])
    if not wanted:
        return {}
    found = unit.db.scalars(
        select(Invoice).where(Invoice.public_id.in_(wanted), Invoice.customer_id == arguments["customer_id"])
    )
    return {invoice.public_id: invoice for invoice in found}


def seen_of_payment(unit: Unit, arguments: Arguments) -> str:
    """What is open of the invoices that it pays."""
    paid = _paid(unit, arguments)
    return payments.seen_of((public_id, invoice.open) for public_id, invoice in paid.items())


def pay(unit: Unit, arguments: Arguments, _allowed: Allowed) -> Reference:
    """Record the payment."""
    values: dict[str, Any] = {**arguments, "day": date.fromisoformat(arguments["day"])}
    data = PaymentData(**values)
    return Reference(_PAYMENT, payments.record(unit, chart.read(unit), data))


def _payment(unit: Unit, arguments: Arguments) -> Payment:
    found = reading.find_payment(unit, arguments["payment"])
    if found is None:
        raise LookupError("the payment is gone")
    return found


def describe_reversal(unit: Unit, arguments: Arguments) -> Description:
    """Which payment the bank took back."""
    payment = _payment(unit, arguments)
    lines: Lines = [
        (_("Customer"), payment.customer_name),
        (_("Amount"), Money(payment.amount, payment.currency)),
        (_("Date"), date.fromisoformat(arguments["day"])),
        (_("Reason"), arguments["reason"]),
    ]
    title = _("Reverse payment ${number}", mapping={"number": payment.number})
    return Description(title, tuple(lines))


def seen_of_reversal(unit: Unit, arguments: Arguments) -> str | None:
    """What is open of the payment, and its allocations."""
    return payments.seen_of_reversal(unit, arguments["payment"])


def reverse(unit: Unit, arguments: Arguments, _allowed: Allowed) -> Reference:
    """Reverse the payment."""
    payment = _payment(unit, arguments)
    day = date.fromisoformat(arguments["day"])
    payments.reverse(unit, chart.read(unit), payment, day, arguments["reason"])
    return Reference(_PAYMENT, payment.public_id)


# --- entries by hand ---------------------------------------------------------------------------------------


def describe_entry(unit: Unit, arguments: Arguments) -> Description:
    """What is posted, line by line."""
    return _DESCRIBED[arguments["verb"]](unit, arguments)


def _describe_lines(unit: Unit, arguments: Arguments) -> Description:
    books, currency = chart.read(unit), unit.company.currency
    lines: Lines = [(_("Date"), date.fromisoformat(arguments["day"])), (_("Text"), arguments["text"])]
    for public_id, amount, text in arguments["lines"]:
        account = books.find(public_id)
        titled = " · ".join(filter(None, (account.title if account is not None else public_id, text)))
        said = {"amount": Money(abs(amount), currency).amount}
        side = _("Debit ${amount}", mapping=said) if amount > 0 else _("Credit ${amount}", mapping=said)
        lines.append((titled, side))
    manual = arguments["verb"] == journals.MANUAL
    return Description(_("New entry") if manual else _("Opening balances"), tuple(lines))


def _describe_item(unit: Unit, arguments: Arguments) -> Description:
    customer = unit.ask(ICustomers).find(arguments["customer"])
    lines: Lines = [
        (_("Customer"), customer.name if customer is not None else ""),
        (_("Number"), arguments["number"]),
        (_("Amount"), Money(arguments["amount"], arguments["currency"])),
        (_("Date"), date.fromisoformat(arguments["day"])),
        (_("Issued on"), date.fromisoformat(arguments["issued_on"])),
        (_("Due date"), date.fromisoformat(arguments["due_date"])),
    ]
    return Description(_("Opening item"), tuple(lines))


def _describe_reversed(unit: Unit, arguments: Arguments) -> Description:
    entry = reading.find_entry(unit, arguments["entry"])
    if entry is None:
        raise LookupError("the entry is gone")
    lines: Lines = [
        (_("Entry"), entry.label),
        (_("Text"), entry.text),
        (_("Date"), date.fromisoformat(arguments["day"])),
    ]
    return Description(_("Reverse entry ${label}", mapping={"label": entry.label}), tuple(lines))


_DESCRIBED = {
    journals.MANUAL: _describe_lines,
    journals.OPENING_BALANCES: _describe_lines,
    journals.OPENING_ITEM: _describe_item,
    journals.REVERSAL: _describe_reversed,
}


def seen_of_entry(unit: Unit, arguments: Arguments) -> str | None:
    """New entries depend on nothing, a reversal on what it reverses."""
    if arguments["verb"] != journals.REVERSAL:
        return ""
    return journals.seen_of_reversal(unit, arguments["entry"])


def post_entry(unit: Unit, arguments: Arguments, _allowed: Allowed) -> Reference:
    """Post it."""
    books, day = chart.read(unit), date.fromisoformat(arguments["day"])
    if arguments["verb"] == journals.OPENING_ITEM:
        return Reference(_INVOICE, _add_item(unit, books, arguments, day))
    if arguments["verb"] == journals.REVERSAL:
        entry = journals.reverse_entry(unit, books, arguments["entry"], day)
    else:
        manual = arguments["verb"] == journals.MANUAL
        verb = journals.post_manual if manual else journals.post_opening
        entry = verb(unit, books, day, arguments["text"], [ManualLine(*line) for line in arguments["lines"]])
    return Reference(journals.ENTRY_KIND, entry)


def _add_item(unit: Unit, books: Chart, arguments: Arguments, day: date) -> str:
    customer = unit.ask(ICustomers).find(arguments["customer"])
    if customer is None:
        raise LookupError("the customer is gone")
    item = OpeningItem(
        number=arguments["number"],
        issued_on=date.fromisoformat(arguments["issued_on"]),
        due_date=date.fromisoformat(arguments["due_date"]),
        currency=arguments["currency"],
        amount=arguments["amount"],
    )
    return journals.add_opening_item(unit, books, customer, item, day)


# --- lock date ---------------------------------------------------------------------------------------------


def describe_lock_date(unit: Unit, arguments: Arguments) -> Description:
    """From where to where."""
    now = lock_date.present(unit)
    lines: Lines = [
        (_("Present lock date"), now or ""),
        (_("New lock date"), date.fromisoformat(arguments["day"])),
        (_("Reason"), arguments["reason"]),
    ]
    return Description(_("Move the lock date"), tuple(lines))


def seen_of_lock_date(unit: Unit, _arguments: Arguments) -> str:
    """Where it stands."""
    return lock_date.seen_of(lock_date.present(unit))


def move_lock_date(unit: Unit, arguments: Arguments, allowed: Allowed) -> None:
    """Move it; backwards only with that right."""
    lock_date.move(
        unit,
        date.fromisoformat(arguments["day"]),
        arguments["reason"],
        backwards=allowed("finance", permissions.CONFIGURE),
    )


# --- all of them -------------------------------------------------------------------------------------------


def connect(config: Composer, module: str) -> None:
    """Register the guards of this module."""
    for act, describe, seen, perform in (
        (permissions.POST_ACT, describe_posting, seen_of_posting, post),
        (permissions.CREDIT_ACT, describe_credit, seen_of_credit, credit),
        (permissions.PAY_ACT, describe_payment, seen_of_payment, pay),
        (permissions.REVERSE_PAYMENT_ACT, describe_reversal, seen_of_reversal, reverse),
        (permissions.JOURNAL_ACT, describe_entry, seen_of_entry, post_entry),
        (permissions.LOCK_DATE_ACT, describe_lock_date, seen_of_lock_date, move_lock_date),
    ):
        config.guard(act, module=module, describe=describe, seen=seen, perform=perform)
