"""Pages of payments: recording, allocating, undoing, reversing."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.money import CURRENCIES
from portal.modules.customers.interfaces import ICustomers
from portal.modules.finance import lists
from portal.modules.finance.forms import (
    DayForm,
    PaymentCustomerForm,
    ReversalForm,
    allocation_form,
    chart_of,
    customer_search,
    payment_form,
    typed_amounts,
)
from portal.modules.finance.models import BANK, CREDIT_NOTE
from portal.modules.finance.permissions import PAY, VIEW
from portal.modules.finance.resources import InvoiceNode, PaymentNode, Payments
from portal.modules.finance.services import allocation, chart, payments, reading
from portal.modules.finance.services.payments import PaymentData
from portal.modules.finance.services.reading import OpenItem
from portal.proposals.panels import about
from portal.web.forms import Form
from portal.web.request import Request

_TEMPLATES = "portal:modules/finance/templates/"


@view_config(context=Payments, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}payments.jinja2")
def payments_list(context: Payments, request: Request) -> dict[str, Any]:
    """The payments, newest first."""
    page = lists.PAYMENTS.page(request.db, request.GET, base=request.resource_path(context))
    return {"page": page, "may_pay": request.permits(PAY)}


@view_config(context=Payments, name="csv", permission=VIEW, request_method="GET")
def payments_csv(context: Payments, request: Request) -> Response:
    """The same as a file."""
    return lists.PAYMENTS.csv(request)


@view_config(
    context=Payments,
    name="new",
    permission=PAY,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}payment_form.jinja2",
    preview=True,
)
def new(context: Payments, request: Request) -> Any:
    """Record a payment of the customer and currency in the address; without them they are asked first."""
    customer = request.unit.ask(ICustomers).find(request.GET.get("customer", ""))
    currency = request.GET.get("currency", "")
    back = request.resource_path(context)
    if customer is None or currency not in CURRENCIES:
        return _choose(request, back)
    items = reading.open_items(request.unit, customer.id, currency)
    form = payment_form(request, items, _banks(request), currency)
    if not request.submitted:
        return {"form": form, "items": items, "customer": customer, "currency": currency, "back": back}
    form.check()
    data = _data(form, customer.id, customer.name, currency, typed_amounts(form, items))
    public_id = payments.record(request.unit, chart_of(request), data)
    request.flash(_("The payment was recorded."))
    return HTTPSeeOther(request.resource_path(context, public_id, ""))


def _choose(request: Request, back: str) -> Any:
    """Ask whose payment it is; a valid answer leads to the form."""
    form = PaymentCustomerForm(request, {"currency": request.company.currency})
    customer_search(form, request)
    if not request.submitted:
        return {"form": form, "items": None, "customer": None, "back": back}
    form.check()
    query = {"customer": form.customer.data, "currency": form.currency.data}
    return HTTPSeeOther(request.resource_path(request.context, "new", query=query))


def _banks(request: Request) -> list[tuple[str, str]]:
    return chart.titles(chart_of(request).of_purpose(BANK))


def _data(form: Form, customer_id: int, name: str, currency: str, amounts: dict[str, int]) -> PaymentData:
    return PaymentData(
        customer_id=customer_id,
        customer_name=name,
        day=form["day"].data,
        amount=form["amount"].data,
        currency=currency,
        account=form["account"].data,
        reference=form["reference"].data,
        allocations=amounts,
    )


@view_config(
    context=InvoiceNode,
    name="pay",
    permission=PAY,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}payment_form.jinja2",
    preview=True,
)
def pay(context: InvoiceNode, request: Request) -> Any:
    """Record a payment of one invoice."""
    row = context.row
    back = request.resource_path(context)
    if row.number is None or row.kind == CREDIT_NOTE:
        raise HTTPNotFound
    item = OpenItem(row.public_id, row.kind, row.number, row.due_date, row.currency, row.gross, row.open)
    filled = {"amount": row.open, f"amount-{row.public_id}": row.open, "reference": row.number}
    form = payment_form(request, [item], _banks(request), row.currency, filled)
    if not request.submitted:
        customer = {"name": row.customer_name}
        return {"form": form, "items": [item], "customer": customer, "currency": row.currency, "back": back}
    form.check()
    data = _data(form, row.customer_id, row.customer_name, row.currency, typed_amounts(form, [item]))
    payments.record(request.unit, chart_of(request), data, known=row)
    request.flash(_("The payment was recorded."))
    return HTTPSeeOther(back)


@view_config(
    context=PaymentNode, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}payment.jinja2"
)
def payment(context: PaymentNode, request: Request) -> dict[str, Any]:
    """A payment and what it was allocated to."""
    row, unit = context.row, request.unit
    reversal = reading.reversal_of(unit, row.id)
    return {
        "payment": row,
        "four_eyes": about(request, payments.DOCUMENT_KIND, row.public_id),
        "allocations": reading.allocations_of_payment(unit, row.id),
        "reversal": reversal,
        "entry": reading.entry_link(unit, row.entry_id),
        "may_pay": request.permits(PAY),
        "base": request.company.currency,
    }


@view_config(
    context=PaymentNode,
    name="allocate",
    permission=PAY,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}allocate.jinja2",
    preview=True,
)
def allocate(context: PaymentNode, request: Request) -> Any:
    """Allocate what is open of a payment, to several invoices at once."""
    row = context.row
    items = reading.open_items(request.unit, row.customer_id, row.currency)
    form = allocation_form(request, items, row.currency)
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "items": items, "source": row, "back": back}
    form.check()
    allocation.allocate_payment(request.unit, row, typed_amounts(form, items), form["day"].data)
    request.flash(_("The payment was allocated."))
    return HTTPSeeOther(back)


@view_config(
    context=InvoiceNode,
    name="allocate",
    permission=PAY,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}allocate.jinja2",
    preview=True,
)
def allocate_note(context: InvoiceNode, request: Request) -> Any:
    """Allocate what is open of a credit note."""
    row = context.row
    if row.kind != CREDIT_NOTE:
        raise HTTPNotFound
    items = reading.open_items(request.unit, row.customer_id, row.currency)
    form = allocation_form(request, items, row.currency)
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "items": items, "source": row, "back": back}
    form.check()
    allocation.allocate_credit_note(request.unit, row, typed_amounts(form, items), form["day"].data)
    request.flash(_("The credit note was allocated."))
    return HTTPSeeOther(back)


@view_config(
    context=PaymentNode,
    name="undo",
    permission=PAY,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
    preview=True,
)
@view_config(
    context=InvoiceNode,
    name="undo",
    permission=PAY,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
    preview=True,
)
def undo(context: PaymentNode | InvoiceNode, request: Request) -> Any:
    """Take the allocation in the address back from a day on."""
    row = context.row
    known = (
        reading.allocations_of_payment(request.unit, row.id)
        if isinstance(context, PaymentNode)
        else reading.allocations_of_invoice(request.unit, context.row)
    )
    found = next((one for one in known if one.public_id == request.GET.get("allocation")), None)
    if found is None:
        raise HTTPNotFound
    form = DayForm(request, {"day": request.unit.today()})
    back = request.resource_path(context)
    if not request.submitted:
        heading = _("Take back the allocation to ${number}", mapping={"number": found.other_number})
        return {"form": form, "heading": heading, "back": back, "label": _("Take back")}
    form.check()
    if found.undone or found.amount < 0:
        raise Refused(_("This allocation was taken back already."))
    allocation.undo(request.unit, found.public_id, row.customer_id, form.day.data)
    request.flash(_("The allocation was taken back."))
    return HTTPSeeOther(back)


@view_config(
    context=PaymentNode,
    name="reverse",
    permission=PAY,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
    preview=True,
)
def reverse(context: PaymentNode, request: Request) -> Any:
    """The bank took the payment back."""
    form = ReversalForm(request, {"day": request.unit.today()})
    back = request.resource_path(context)
    if not request.submitted:
        return {
            "form": form,
            "heading": _("Reverse payment ${number}", mapping={"number": context.row.number}),
            "back": back,
            "label": _("Reverse"),
            "hint": _("Its allocations are taken back on that day, and the invoices are open again."),
        }
    form.check()
    payments.reverse(request.unit, chart.read(request.unit), context.row, form.day.data, form.reason.data)
    request.flash(_("The payment was reversed."))
    return HTTPSeeOther(back)
