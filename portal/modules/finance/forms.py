"""Forms of finance, and the period that reports are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.kernel.db import is_public_id
from portal.kernel.i18n import Text, _
from portal.kernel.money import from_scaled
from portal.modules.customers.interfaces import CustomerFacts, Department, ICustomers
from portal.modules.finance.models import RECEIVABLE, Invoice, InvoiceLine
from portal.modules.finance.services import chart
from portal.modules.finance.services.chart import KINDS, PURPOSES, Chart
from portal.modules.finance.services.drafting import InvoiceData
from portal.modules.finance.services.reading import OpenItem, ShownLine
from portal.modules.finance.services.totals import DraftLine
from portal.modules.taxes.interfaces import ITaxes, Position, position_title
from portal.web.filters import unreadable
from portal.web.forms import (
    BooleanField,
    Choice,
    ChoiceField,
    CurrencyField,
    DateField,
    Form,
    HiddenField,
    LinesField,
    MoneyField,
    MultiChoiceField,
    PercentField,
    PriceField,
    QuantityField,
    Row,
    SearchChoiceField,
    TextAreaField,
    TextField,
)
from portal.web.request import Request

# --- invoices ----------------------------------------------------------------------------------------------


class TaxClassField(ChoiceField):
    """A tax class; which there are is read once for a page."""

    @property
    def options(self) -> list[Choice]:
        """The classes in use."""
        environ = self.request.environ
        if "finance.tax_classes" not in environ:
            classes = self.request.unit.ask(ITaxes).classes()
            environ["finance.tax_classes"] = [Choice(one.code, one.title) for one in classes]
        found: list[Choice] = environ["finance.tax_classes"]
        return found

    def examine(self, form: Any) -> None:
        """Any class: the taxes are looked up for it, and an unknown one is refused there."""


class AccountField(ChoiceField):
    """An account by public id; the chart is read once for a page (see `chart_of`)."""

    @property
    def options(self) -> list[Choice]:
        """The active accounts that are not those of customers."""
        accounts = chart_of(self.request).active
        return [Choice(one.public_id, one.title) for one in accounts if one.purpose != RECEIVABLE]


def chart_of(request: Request) -> Chart:
    """The chart as it was read for this page: one statement."""
    if "finance.chart" not in request.environ:
        request.environ["finance.chart"] = chart.read(request.unit)
    found: Chart = request.environ["finance.chart"]
    return found


class InvoiceLineRow(Row):
    """A line of an invoice by hand."""

    unasked = ("tax_class", "order_line")

    order_line = HiddenField(longest=20, pattern=r"[0-9]*")
    sku = TextField(_("SKU"), longest=80)
    name = TextField(_("What is sold"), longest=300, required=True)
    description = TextField(_("Note"), longest=1000)
    quantity = QuantityField(required=True)
    unit = TextField(_("Unit"), longest=40)
    unit_price = PriceField(required=True)
    discount = PercentField(_("Discount"))
    tax_class = TaxClassField(_("Tax class"), required=True)


class DraftForm(Form):
    """A draft that is edited; `version` is the one that was looked at."""

    version = HiddenField(longest=12, pattern=r"[0-9]+", required=True)
    currency = CurrencyField(_("Currency"), required=True)
    department = ChoiceField(_("Department"), blank=_("The whole account"))
    delivery_date = DateField(
        _("Delivery date"), description=_("The tax point; without it the invoice date is.")
    )
    due_date = DateField(_("Due date"), description=_("Empty: as the customer's payment terms say."))
    customer_reference = TextField(_("Customer's reference"), longest=100)
    contact = TextField(_("Contact"), longest=200)
    lines = LinesField(InvoiceLineRow, _("Lines"), least=1, most=200)
    notes = TextAreaField(_("Notes"), longest=2000)

    def __init__(
        self,
        request: Request,
        data: Mapping[str, Any],
        departments: Sequence[Department] = (),
        *,
        kept: int | None = None,
        currency: str | None = None,
    ) -> None:
        """Offer the customer's `departments` in use, and the one with the id `kept`, which the draft is of already."""
        offered = [one for one in departments if one.active or one.id == kept]
        chosen = next((one.public_id for one in offered if one.id == kept), None)
        super().__init__(request, {**data, "department": chosen}, currency=currency)
        self._departments = {one.public_id: one.id for one in offered}
        self._kept = kept
        self.department.choices = [(one.public_id, one.name) for one in offered]
        if not offered:
            del self.department

    @property
    def invoice(self) -> InvoiceData:
        """What was typed."""
        department = self._departments.get(self.department.data) if "department" in self else self._kept
        return InvoiceData(
            department_id=department,
            currency=self.currency.data,
            lines=[_draft_line(row) for row in self.lines.data],
            delivery_date=self.delivery_date.data,
            due_date=self.due_date.data,
            customer_reference=self.customer_reference.data,
            contact=self.contact.data,
            notes=self.notes.data,
        )


def _draft_line(row: Mapping[str, Any]) -> DraftLine:
    return DraftLine(
        name=row["name"],
        quantity=from_scaled(row["quantity"]),
        unit_price=from_scaled(row["unit_price"]),
        tax_class=row["tax_class"],
        discount=from_scaled(row["discount"] or 0),
        description=row["description"],
        unit=row["unit"],
        sku=row["sku"],
        order_line_id=int(row["order_line"]) if row["order_line"] else None,
    )


class NewInvoiceForm(DraftForm):
    """An invoice by hand."""

    customer = SearchChoiceField(_("Customer"), required=True, url="/finance/invoices/customers")


def draft_values(draft: Invoice, lines: Sequence[InvoiceLine]) -> dict[str, Any]:
    """What is stored of a draft, for the form that edits it."""
    return {
        "version": str(draft.version),
        "currency": draft.currency,
        "delivery_date": draft.delivery_date,
        "due_date": draft.due_date,
        "customer_reference": draft.customer_reference,
        "contact": draft.contact,
        "notes": draft.notes,
        "lines": [
            {
                "order_line": "" if line.order_line_id is None else str(line.order_line_id),
                "sku": line.sku,
                "name": line.name,
                "description": line.description,
                "quantity": line.quantity,
                "unit": line.unit,
                "unit_price": line.unit_price,
                "discount": line.discount or None,
                "tax_class": line.tax_class,
            }
            for line in lines
        ],
    }


def customer_search(form: Form, request: Request) -> None:
    """Let the field `customer` of a form search accounts."""
    customers = request.unit.ask(ICustomers)

    def get(public_id: str) -> Choice | None:
        found = customers.find(public_id) if is_public_id(public_id) else None
        return None if found is None else customer_choice(found)

    def find(term: str) -> list[Choice]:
        return [customer_choice(one) for one in customers.search(term)]

    field: Any = form["customer"]
    field.find, field.get = find, get


def customer_choice(customer: CustomerFacts) -> Choice:
    """An account to choose; its currency is filled in beside it."""
    label = f"{customer.number} · {customer.name}"
    return Choice(customer.public_id, label, fill={"currency": customer.currency})


class PostForm(Form):
    """Posting a draft; `version` is the one that was looked at."""

    version = HiddenField(longest=12, pattern=r"[0-9]+", required=True)
    invoice_date = DateField(_("Invoice date"), required=True)


class DeleteForm(Form):
    """Deleting a draft."""

    version = HiddenField(longest=12, pattern=r"[0-9]+", required=True)


class MailForm(Form):
    """Who gets a mail."""

    to = MultiChoiceField(_("Recipients"))


def credit_form(request: Request, lines: Sequence[ShownLine]) -> Form:
    """A field for the quantity of each line that is left to credit, filled with the rest."""
    fields: dict[str, Any] = {
        f"quantity-{line.id}": QuantityField(line.description, least=0) for line in lines
    }
    kind = type("CreditForm", (_CreditForm,), fields)
    form: Form = kind(
        request,
        {
            "day": request.unit.today(),
            **{f"quantity-{line.id}": line.quantity - line.credited for line in lines},
        },
    )
    return form


class _CreditForm(Form):
    day = DateField(_("Date of the credit note"), required=True)
    reason = TextField(_("Reason"), required=True, longest=500)


# --- payments ----------------------------------------------------------------------------------------------


class PaymentCustomerForm(Form):
    """Whose payment it is, and in which currency: the first step."""

    customer = SearchChoiceField(_("Customer"), required=True, url="/finance/invoices/customers")
    currency = CurrencyField(_("Currency"), required=True)


class _PaymentForm(Form):
    day = DateField(_("Date"), required=True)
    amount = MoneyField(_("Amount received"), required=True)
    account = ChoiceField(_("Received on"), required=True)
    reference = TextField(_("Payment reference"), longest=140)


def payment_form(
    request: Request,
    items: Sequence[OpenItem],
    banks: Sequence[tuple[str, str]],
    currency: str,
    filled: Mapping[str, Any] | None = None,
) -> Form:
    """A payment in a currency, with the amount for each open invoice."""
    kind = type("PaymentForm", (_PaymentForm,), _amounts(items))
    form: Form = kind(request, {"day": request.unit.today(), **(filled or {})}, currency=currency)
    form["account"].choices = banks  # type: ignore[attr-defined]
    return form


class _AllocationForm(Form):
    day = DateField(_("From"), required=True)


def allocation_form(request: Request, items: Sequence[OpenItem], currency: str) -> Form:
    """The amount for each open invoice."""
    kind = type("AllocationForm", (_AllocationForm,), _amounts(items))
    form: Form = kind(request, {"day": request.unit.today()}, currency=currency)
    return form


def _amounts(items: Sequence[OpenItem]) -> dict[str, Any]:
    return {f"amount-{item.public_id}": MoneyField(item.number, least=0) for item in items}


def typed_amounts(form: Form, items: Sequence[OpenItem]) -> dict[str, int]:
    """What was typed for each invoice, zero and nothing left out."""
    return {item.public_id: amount for item in items if (amount := form[f"amount-{item.public_id}"].data)}


class DayForm(Form):
    """A day on which something is taken back."""

    day = DateField(_("Day"), required=True)


class ReversalForm(DayForm):
    """Reversing a payment."""

    reason = TextField(_("Reason"), required=True, longest=300)


# --- ledger ------------------------------------------------------------------------------------------------


class ManualLineRow(Row):
    """A line of an entry by hand."""

    account = AccountField(_("Account"), blank="", required=True)
    text = TextField(_("Text"), longest=300)
    debit = MoneyField(_("Debit"), least=0)
    credit = MoneyField(_("Credit"), least=0)


class ManualEntryForm(Form):
    """An entry by hand, or opening balances."""

    day = DateField(_("Date"), required=True)
    text = TextField(_("Text"), required=True, longest=300)
    lines = LinesField(ManualLineRow, _("Lines"), least=1, most=200, spare=2)


class OpeningItemForm(Form):
    """An invoice of before that is still open."""

    customer = SearchChoiceField(_("Customer"), required=True, url="/finance/invoices/customers")
    number = TextField(_("Number of the invoice"), required=True, longest=40)
    issued_on = DateField(_("Invoice date"), required=True)
    due_date = DateField(_("Due date"), required=True)
    currency = CurrencyField(_("Currency"), required=True)
    amount = MoneyField(_("Open amount"), currency_from="currency", required=True)
    day = DateField(_("Taken into the books on"), required=True)


class AccountForm(Form):
    """An account of the chart."""

    number = TextField(
        _("Number"),
        required=True,
        longest=20,
        pattern=r"[A-Za-z0-9.-]+",
        hint=_("Letters, digits, dots and dashes."),
    )
    name = TextField(_("Name"), required=True, longest=200)
    kind = ChoiceField(_("Kind"), KINDS.items(), required=True)
    purpose = ChoiceField(_("Purpose"), PURPOSES.items(), required=True)
    active = BooleanField(_("In use"), default=True)


class RuleAccountsForm(Form):
    """The accounts of a posting rule."""

    revenue = ChoiceField(_("Revenue"), required=True)
    tax = ChoiceField(_("Tax"), required=True)
    receivable = ChoiceField(_("Receivables"), required=True)


class RuleForm(RuleAccountsForm):
    """A posting rule."""

    tax_key = TextField(_("Tax"), required=True, longest=30)
    tax_class = ChoiceField(_("Tax class"), required=True)
    position = ChoiceField(
        _("Position of the customer"),
        [(position.value, position_title(position)) for position in Position],
        required=True,
    )


class LockDateForm(Form):
    """Up to when the books are closed."""

    day = DateField(_("Closed up to and including"), required=True)
    reason = TextField(_("Reason"), longest=300)


# --- reports -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    start: date
    end: date

    @property
    def query(self) -> dict[str, str]:
        """The period as parameters of an address."""
        return {"from": self.start.isoformat(), "to": self.end.isoformat()}


def period(request: Request) -> Period:
    """The period of the address; by default the calendar year so far. Raises Invalid."""
    today = request.unit.today()
    start = day_of(request, "from", today.replace(month=1, day=1))
    end = day_of(request, "to", today)
    if end < start:
        raise unreadable("to")
    return Period(start, end)


def day_of(request: Request, name: str, default: date) -> date:
    """A day in the address. Raises Invalid for what is none."""
    typed = request.GET.get(name, "").strip()
    if not typed:
        return default
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise unreadable(name) from None


#: The name of each journal.
JOURNALS: dict[str, Text] = {
    "sales": _("Sales"),
    "bank": _("Bank"),
    "general": _("General"),
    "opening": _("Opening balances"),
}
