"""Pages of invoices: the list, drafts, posting, credit notes, mail."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.db import is_public_id
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.money import from_scaled
from portal.modules.customers.interfaces import ICustomers
from portal.modules.finance import lists
from portal.modules.finance.forms import (
    DeleteForm,
    DraftForm,
    MailForm,
    NewInvoiceForm,
    PostForm,
    credit_form,
    customer_choice,
    customer_search,
    draft_values,
)
from portal.modules.finance.models import CREDIT_NOTE, DRAFT, INVOICE, Invoice
from portal.modules.finance.permissions import DRAFT as MAY_DRAFT
from portal.modules.finance.permissions import PAY, POST, VIEW
from portal.modules.finance.resources import FinanceRoot, InvoiceNode, Invoices
from portal.modules.finance.services import crediting, drafting, mailing, posting, printing, reading
from portal.modules.finance.services.totals import WorkedOut
from portal.modules.orders.interfaces import ORDER_KIND, IOrders
from portal.ops import documents
from portal.people import document_links
from portal.people.document_links import Linked
from portal.proposals.panels import about
from portal.web.forms import choices_json
from portal.web.references import staff_base
from portal.web.request import Request
from portal.web.totals import Totals, by_row, totals_response

_TEMPLATES = "portal:modules/finance/templates/"


@view_config(context=FinanceRoot, permission=VIEW, request_method="GET")
def begin(context: FinanceRoot, request: Request) -> Response:
    """The invoices are the first page."""
    return HTTPSeeOther(request.resource_path(context, "invoices", ""))


@view_config(context=Invoices, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}invoices.jinja2")
def invoices(context: Invoices, request: Request) -> dict[str, Any]:
    """Everything that was or will be invoiced, newest first."""
    listing = lists.invoices(request.unit.today())
    bases = {"order": staff_base(request, ORDER_KIND)}
    page = listing.page(request.db, request.GET, base=request.resource_path(context), bases=bases)
    return {"page": page, "may_draft": request.permits(MAY_DRAFT)}


def linked_invoice(context: InvoiceNode, request: Request) -> Linked:
    """The invoice as a document link opens it. Raises Refused for one that was never issued."""
    if not context.row.document:
        raise Refused(_("Only posted invoices and credit notes are sent."))
    return mailing.linked(context.row)


@view_config(context=Invoices, name="csv", permission=VIEW, request_method="GET")
def invoices_csv(context: Invoices, request: Request) -> Response:
    """The same as a file."""
    return lists.invoices(request.unit.today()).csv(request)


@view_config(context=Invoices, name="customers", permission=VIEW, request_method="GET", renderer="json")
def customers(context: Invoices, request: Request) -> Any:
    """Customers to choose from."""
    term = request.GET.get("q", "")
    found = request.unit.ask(ICustomers).search(term) if term.strip() else ()
    return choices_json([customer_choice(one) for one in found], request)


@view_config(
    context=Invoices,
    name="new",
    permission=MAY_DRAFT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}invoice_form.jinja2",
    autosave=True,
)
def new(context: Invoices, request: Request) -> Any:
    """An invoice by hand."""
    customer = request.GET.get("customer")
    known = request.unit.ask(ICustomers).find(customer) if customer and is_public_id(customer) else None
    form = NewInvoiceForm(
        request,
        {"currency": request.company.currency, "customer": customer, "version": "1"},
        () if known is None else known.departments,
    )
    customer_search(form, request)
    back = request.resource_path(context)
    if not request.submitted:
        totals_url = request.resource_path(context, "totals")
        return {"form": form, "back": back, "heading": _("New invoice"), "totals_url": totals_url}
    form.check()
    found = request.unit.ask(ICustomers).find(form.customer.data)
    if found is None:
        raise Invalid({"customer": _("There is no such customer.")})
    if form.invoice.department_id is not None and known is not None and known.id != found.id:
        raise Invalid({"department": _("This department is of another customer.")})
    public_id = drafting.draft_by_hand(request.unit, found, form.invoice)
    request.flash(_("The draft was saved."))
    return HTTPSeeOther(request.resource_path(context, public_id, ""))


@view_config(context=Invoices, name="from-order", permission=MAY_DRAFT, request_method="POST", show="")
def from_order(context: Invoices, request: Request) -> Response:
    """Draft what an order has left to bill."""
    orders = request.unit.ask_if(IOrders)
    order = None if orders is None else orders.find(str(request.POST.get("order", "")))
    if orders is None or order is None:
        raise HTTPNotFound
    public_id = drafting.draft_from_order(request.unit, orders.lock(order.id))
    if public_id is None:
        raise Refused(_("There is nothing left to invoice of this order."))
    request.flash(_("The draft was saved."))
    return HTTPSeeOther(request.resource_path(context, public_id, ""))


@view_config(
    context=InvoiceNode, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}invoice.jinja2"
)
def invoice(context: InvoiceNode, request: Request) -> dict[str, Any]:
    """An invoice with lines, taxes, what settled it, its entry and what can be done."""
    row, unit = context.row, request.unit
    lines = reading.lines_of(unit, row.id)
    return {
        "invoice": row,
        "four_eyes": about(request, posting.DOCUMENT_KIND, row.public_id),
        "state": lists.INVOICE_STATES[lists.invoice_state(row, unit.today())],
        "kind": lists.DOCUMENT_KINDS[row.kind],
        "lines": [reading.shown_line(line) for line in lines],
        "taxes": reading.taxes_of(unit, row.id),
        "settled_by": reading.allocations_of_invoice(unit, row),
        "entry": reading.entry_link(unit, row.entry_id),
        "billing_address": reading.address_of(row.billing_address),
        "corrects": reading.number_of(unit, row.corrects_id),
        "may": {
            "edit": row.state == DRAFT and request.permits(MAY_DRAFT),
            "post": row.state == DRAFT and request.permits(POST),
            "credit": row.kind == INVOICE
            and row.state != DRAFT
            and any(line.credited < line.quantity for line in lines)
            and request.permits(POST),
            "pay": row.kind != CREDIT_NOTE and row.open > 0 and request.permits(PAY),
            "allocate": row.kind == CREDIT_NOTE and row.open > 0 and request.permits(PAY),
            "undo": request.permits(PAY),
            "mail": bool(row.document) and request.permits(POST),
        },
    }


@view_config(context=InvoiceNode, name="pdf", permission=VIEW, request_method="GET")
def pdf(context: InvoiceNode, request: Request) -> Response:
    """The PDF as it was issued; a draft with a watermark."""
    row = context.row
    if row.state == DRAFT:
        body = documents.draft(printing.draft(request.unit, row))
        return documents.pdf_response(body, f"draft-{row.public_id[:8]}.pdf")
    issued = documents.find(request.db, row.document) if row.document else None
    if issued is None:
        raise HTTPNotFound
    return documents.response(request.db, issued)


@view_config(
    context=InvoiceNode,
    name="edit",
    permission=MAY_DRAFT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}invoice_form.jinja2",
    autosave=True,
)
def edit(context: InvoiceNode, request: Request) -> Any:
    """Edit a draft."""
    row = context.row
    back = request.resource_path(context)
    if row.state != DRAFT:
        return HTTPSeeOther(back)
    values = draft_values(row, reading.lines_of(request.unit, row.id))
    form = _draft_form(request, row, values)
    if not request.submitted:
        totals_url = request.resource_path(context, "totals")
        return {"form": form, "back": back, "heading": _("Edit draft"), "totals_url": totals_url}
    form.check()
    drafting.change_draft(request.unit, row.id, int(form.version.data), form.invoice)
    request.flash(_("The draft was saved."))
    return HTTPSeeOther(back)


@view_config(context=Invoices, name="totals", permission=MAY_DRAFT, request_method="POST", operation=False)
def totals_of_new(context: Invoices, request: Request) -> Response:
    """What an invoice comes to while it is being written."""
    customer = str(request.POST.get("customer", ""))
    found = request.unit.ask(ICustomers).find(customer) if is_public_id(customer) else None
    form = NewInvoiceForm(request, {"version": "1"}, () if found is None else found.departments)
    customer_search(form, request)

    def worked() -> Totals:
        form.check()
        if found is None:
            raise Invalid({"customer": _("There is no such customer.")})
        return _totals(form, drafting.worked_out_by_hand(request.unit, found, form.invoice))

    return totals_response(request, worked)


@view_config(context=InvoiceNode, name="totals", permission=MAY_DRAFT, request_method="POST", operation=False)
def totals_of_draft(context: InvoiceNode, request: Request) -> Response:
    """What a draft comes to while it is being changed."""
    row = context.row
    form = _draft_form(request, row, {})

    def worked() -> Totals:
        form.check()
        return _totals(form, drafting.worked_out_anew(request.unit, row, form.invoice))

    return totals_response(request, worked)


def _draft_form(request: Request, row: Invoice, values: Mapping[str, Any]) -> DraftForm:
    """The form of a stored draft; the department of an order's invoice is the order's."""
    departments = request.unit.ask(ICustomers).departments(row.customer_id) if row.order_id is None else ()
    return DraftForm(request, values, departments, kept=row.department_id, currency=row.currency)


def _totals(form: DraftForm, worked: WorkedOut) -> Totals:
    return Totals(
        form.currency.data,
        worked.header["net"],
        [(tax["title"], tax["amount"]) for tax in worked.taxes],
        worked.header["gross"],
        by_row(form.lines, [line["net"] for line in worked.lines]),
    )


@view_config(context=InvoiceNode, name="delete", permission=MAY_DRAFT, request_method="POST", show="")
def delete(context: InvoiceNode, request: Request) -> Response:
    """Delete a draft."""
    form = DeleteForm(request)
    form.check()
    drafting.delete_draft(request.unit, context.row.id, int(form.version.data))
    request.flash(_("The draft was deleted."))
    return HTTPSeeOther(request.resource_path(context.__parent__))


@view_config(
    context=InvoiceNode,
    name="post",
    permission=POST,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}invoice_post.jinja2",
    preview=True,
)
def post(context: InvoiceNode, request: Request) -> Any:
    """Post a draft."""
    row = context.row
    back = request.resource_path(context)
    if row.state != DRAFT and request.refusal is None:
        return HTTPSeeOther(back)
    form = PostForm(request, {"invoice_date": request.unit.today(), "version": str(row.version)})
    if not request.submitted:
        return {"form": form, "invoice": row, "back": back}
    form.check()
    number = posting.post_invoice(request.unit, row, int(form.version.data), form.invoice_date.data)
    request.flash(_("Invoice ${number} was posted.", mapping={"number": number}))
    return HTTPSeeOther(back)


@view_config(
    context=InvoiceNode,
    name="credit",
    permission=POST,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}credit.jinja2",
    preview=True,
)
def credit(context: InvoiceNode, request: Request) -> Any:
    """Credit an invoice by line and quantity."""
    row = context.row
    lines = [reading.shown_line(line) for line in reading.lines_of(request.unit, row.id)]
    form = credit_form(request, lines)
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "invoice": row, "lines": lines, "back": back}
    form.check()
    quantities = {
        line.id: from_scaled(form[f"quantity-{line.id}"].data or 0)
        for line in lines
        if form[f"quantity-{line.id}"].data
    }
    public_id = crediting.credit(
        request.unit,
        row,
        {line: Decimal(quantity) for line, quantity in quantities.items()},
        form["day"].data,
        form["reason"].data,
    )
    request.flash(_("The credit note was posted."))
    return HTTPSeeOther(request.resource_path(context.__parent__, public_id, ""))


@view_config(
    context=InvoiceNode,
    name="mail",
    permission=POST,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}mail.jinja2",
    preview=True,
)
def mail(context: InvoiceNode, request: Request) -> Any:
    """Show who gets the mail and what it says, then queue it."""
    row = context.row
    customer = drafting.customer_of(request.unit, row)
    known = mailing.recipients(customer)
    form = MailForm(request, {"to": [address.email for address in known]})
    form.to.choices = [(one.email, f"{one.name} <{one.email}>") for one in known]
    back = request.resource_path(context)
    if not request.submitted:
        letter = mailing.letter(
            request.unit, row, customer.public_id, link=document_links.shown_for_mail(request.unit)
        )
        return {"form": form, "invoice": row, "letter": letter, "back": back}
    form.check()
    chosen = [address for address in known if address.email in form.to.data]
    mailing.send(request.unit, row, chosen, customer.public_id)
    request.flash(_("The mail is on its way."))
    return HTTPSeeOther(back)
