"""Orders as customers see them: /my/<account>/orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.errors import Conflict
from portal.kernel.i18n import _
from portal.kernel.tree import CustomerRoot, Node
from portal.modules.catalog.interfaces import IProducts
from portal.modules.orders import CARD, permissions
from portal.modules.orders.forms import (
    AcceptForm,
    ApproveForm,
    OwnDeclineForm,
    QuestionForm,
    RejectForm,
    RequestForm,
    draft_line,
    product_label,
)
from portal.modules.orders.interfaces import MY_ORDER_PANELS
from portal.modules.orders.lists import own_csv, own_page
from portal.modules.orders.services import own
from portal.modules.orders.services.drafts import DraftLine
from portal.modules.orders.services.lifecycle import DOCUMENT_KIND
from portal.modules.orders.services.own import OwnOrder, Repeat
from portal.modules.orders.states import DELIVERY, OWN_STATES, UNDER_WAY, billing_badge
from portal.modules.orders.transitions import State, transition
from portal.modules.orders.views.shown import shown_timeline, totals
from portal.ops import documents
from portal.web.fields import Choice, choices_json
from portal.web.request import Request
from portal.web.slots import panels

_TEMPLATES = "portal:modules/orders/templates/"


class MyOrders(CustomerRoot):
    """/my/<account>/orders"""

    card: ClassVar[Card] = CARD
    request: Request

    def __getitem__(self, segment: str) -> Node:
        found = own.get(self.request.unit, self.scope, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return MyOrder(self.request, segment, self, found)


class MyOrder(Node):
    """An order of the account."""

    request: Request

    def __init__(self, request: Request, name: str, parent: MyOrders, order: OwnOrder) -> None:
        super().__init__(request, name, parent)
        self.scope = parent.scope
        self.order = order

    @property
    def title(self) -> Any:
        """The order's number."""
        return self.order.number

    def __getitem__(self, segment: str) -> Node:
        if segment == "documents":
            return MyDocuments(self.request, segment, self)
        raise KeyError(segment)


class MyDocuments(Node):
    """/my/<account>/orders/<order>/documents"""

    request: Request

    def __getitem__(self, segment: str) -> Node:
        if not is_public_id(segment) or not isinstance(self.__parent__, MyOrder):
            raise KeyError(segment)
        return MyDocument(self.request, segment, self, self.__parent__)


class MyDocument(Node):
    """An issued PDF, looked up after the person was allowed to."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, order: MyOrder) -> None:
        super().__init__(request, name, parent)
        self.order = order


@view_config(
    context=MyOrders,
    permission=permissions.MY_VIEW,
    request_method="GET",
    renderer=f"{_TEMPLATES}my_orders.jinja2",
)
def orders(context: MyOrders, request: Request) -> dict[str, Any]:
    """The account's orders, newest first."""
    page = own_page(request.unit, context.scope, request.GET, request.resource_path(context))
    return {"page": page, "may_request": request.permits(permissions.MY_REQUEST)}


@view_config(context=MyOrders, name="csv", permission=permissions.MY_VIEW, request_method="GET")
def orders_csv(context: MyOrders, request: Request) -> Response:
    """The same as a file."""
    return own_csv(request, context.scope)


@view_config(
    context=MyOrder,
    permission=permissions.MY_VIEW,
    request_method="GET",
    renderer=f"{_TEMPLATES}my_order.jinja2",
)
def order(context: MyOrder, request: Request) -> dict[str, Any]:
    """A quotation or an order: what it says, how far it is, what can be done."""
    found = context.order
    past = own.timeline(request.unit, context.scope, found)
    taxes = [(tax.title, tax.percent, tax.amount) for tax in found.taxes]
    return {
        "order": found,
        "state": OWN_STATES[found.state],
        "delivery": DELIVERY[found.delivery],
        "billing": billing_badge(found.state, found.billing),
        "totals": totals(found.net, taxes, found.gross),
        "exemptions": _exemptions(found),
        "timeline": shown_timeline(past.timeline),
        "deliveries": past.deliveries,
        "actions": [row for row in found.actions if request.permits(row.permission)],
        "progress": found.state in UNDER_WAY,
        "may_ask": request.permits(permissions.MY_ASK),
        "may_request": request.permits(permissions.MY_REQUEST),
        "panels": [] if found.being_revised else panels(request, MY_ORDER_PANELS, context, found.facts),
        "here": request.resource_path(context),
    }


def _exemptions(order: OwnOrder) -> list[str]:
    return [tax.exemption for tax in order.taxes if tax.exemption]


@view_config(context=MyDocument, permission=permissions.MY_VIEW, request_method="GET")
def document(context: MyDocument, request: Request) -> Response:
    """An issued document of the order."""
    order = context.order
    issued = documents.of(request.db, DOCUMENT_KIND, order.order.public_id)
    found = next((one for one in issued if one.public_id == context.__name__), None)
    if found is None:
        raise HTTPNotFound
    return documents.response(request.db, found)


# --- deciding ----------------------------------------------------------------------------------------------


@view_config(
    context=MyOrder,
    name="accept",
    permission=permissions.MY_ACCEPT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}my_accept.jinja2",
)
def accept(context: MyOrder, request: Request) -> Any:
    """Accept the quotation that was read, in the typed name."""
    form = AcceptForm(
        request, {"revision": str(context.order.revision), "reference": context.order.customer_reference}
    )
    if not request.submitted:
        return _decision(context, request, form)
    form.check()
    at_once = own.accept(
        request.unit,
        context.scope,
        context.order.public_id,
        name=form.name.data,
        revision=int(form.revision.data),
        reference=form.reference.data,
        repeat=form.repeat.data,
    )
    if at_once:
        request.flash(_("Thank you. Your order will be confirmed."))
    else:
        request.flash(_("This is above your spending limit. Your approvers were asked by mail."))
    return _back(context, request)


@view_config(
    context=MyOrder,
    name="approve",
    permission=permissions.MY_APPROVE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}my_approve.jinja2",
)
def approve(context: MyOrder, request: Request) -> Any:
    """Accept in one's own name what a colleague was not allowed to accept alone."""
    form = ApproveForm(request, {"revision": str(context.order.revision)})
    if not request.submitted:
        return {**_decision(context, request, form), "row": transition("approve")}
    form.check()
    own.approve(request.unit, context.scope, context.order.public_id, revision=int(form.revision.data))
    request.flash(_("Thank you. Your order will be confirmed."))
    return _back(context, request)


@view_config(
    context=MyOrder,
    name="reject",
    permission=permissions.MY_APPROVE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}my_approve.jinja2",
)
def reject(context: MyOrder, request: Request) -> Any:
    """Let a colleague's acceptance not come about, with a reason."""
    form = RejectForm(request, {"revision": str(context.order.revision)})
    if not request.submitted:
        return {**_decision(context, request, form), "row": transition("reject")}
    form.check()
    own.reject(
        request.unit,
        context.scope,
        context.order.public_id,
        reason=form.reason.data,
        revision=int(form.revision.data),
    )
    request.flash(_("The acceptance was refused. The quotation stays open."))
    return _back(context, request)


@view_config(
    context=MyOrder,
    name="withdraw-approval",
    permission=permissions.MY_ACCEPT,
    request_method="POST",
    show="",
)
def withdraw_approval(context: MyOrder, request: Request) -> Response:
    """Take one's own acceptance back while it waits."""
    own.withdraw_approval(request.unit, context.scope, context.order.public_id)
    request.flash(_("Your acceptance was withdrawn."))
    return _back(context, request)


@view_config(
    context=MyOrder,
    name="decline",
    permission=permissions.MY_ACCEPT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}my_decline.jinja2",
)
def decline(context: MyOrder, request: Request) -> Any:
    """Decline the quotation that was read, with a reason."""
    form = OwnDeclineForm(request, {"revision": str(context.order.revision)})
    if not request.submitted:
        return _decision(context, request, form)
    form.check()
    own.decline(
        request.unit,
        context.scope,
        context.order.public_id,
        reason=form.reason.data,
        revision=int(form.revision.data),
    )
    request.flash(_("The quotation was declined."))
    return _back(context, request)


def _decision(context: MyOrder, request: Request, form: Any) -> dict[str, Any]:
    """The page of a decision shows what is decided on, as it stands now."""
    found = context.order
    if isinstance(request.refusal, Conflict):
        # What is shown now is the new revision: deciding again is deciding on that.
        form.revision.data, form.revision.raw_data = str(found.revision), None
    taxes = [(tax.title, tax.percent, tax.amount) for tax in found.taxes]
    return {
        "form": form,
        "order": found,
        "totals": totals(found.net, taxes, found.gross),
        "exemptions": _exemptions(found),
        "open": found.state == State.SENT and not found.being_revised,
        "back": request.resource_path(context),
    }


@view_config(
    context=MyOrder, name="take-back", permission=permissions.MY_REQUEST, request_method="POST", show=""
)
def take_back(context: MyOrder, request: Request) -> Response:
    """Take a request back."""
    own.take_back(request.unit, context.scope, context.order.public_id)
    request.flash(_("Your request was taken back."))
    return _back(context, request)


@view_config(context=MyOrder, name="ask", permission=permissions.MY_ASK, request_method="POST", show="")
def ask(context: MyOrder, request: Request) -> Response:
    """Ask a question."""
    form = QuestionForm(request)
    form.check()
    own.ask(request.unit, context.scope, context.order.public_id, form.text.data)
    request.flash(_("Your question was sent."))
    return _back(context, request)


def _back(context: MyOrder, request: Request) -> Response:
    return HTTPSeeOther(request.resource_path(context))


# --- asking for a quotation --------------------------------------------------------------------------------


@view_config(
    context=MyOrders,
    name="request",
    permission=permissions.MY_REQUEST,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}my_request.jinja2",
    autosave=True,
)
def request_quotation(context: MyOrders, request: Request) -> Any:
    """Ask for a quotation: from the catalog, in free text, or like an old order."""
    form = RequestForm(
        request,
        _beginning(context, request),
        own.departments(request.unit, context.scope),
        whole=context.scope.is_whole,
    )
    back = request.resource_path(context)
    if not request.submitted or "add" in request.POST:
        return {"form": form, "back": back}
    form.check()
    created = own.request(
        request.unit,
        context.scope,
        [draft_line(row) for row in form.lines.data],
        reference=form.reference.data,
        requested_on=form.requested_on.data,
        notes=form.notes.data,
        department=form.department.data if "department" in form else None,
    )
    request.flash(_("We received your request ${number}.", mapping={"number": created.number}))
    return HTTPSeeOther(f"{back}{created.public_id}/")


def _beginning(context: MyOrders, request: Request) -> Repeat:
    """What the page begins with: a product of the catalog, or the lines and the department of an old order."""
    if request.method == "POST":
        return Repeat([], None)
    old, product = request.GET.get("order", ""), request.GET.get("product", "")
    if is_public_id(old):
        try:
            return own.to_repeat(request.unit, context.scope, old)
        except LookupError:
            raise HTTPNotFound from None
    if is_public_id(product):
        return Repeat([DraftLine(Decimal(1), product)], None)
    return Repeat([], None)


@view_config(
    context=MyOrders,
    name="products",
    permission=permissions.MY_REQUEST,
    request_method="GET",
    renderer="json",
)
def products(context: MyOrders, request: Request) -> Any:
    """Products that fit what was typed."""
    term = request.GET.get("q", "")[:200]
    found = request.unit.ask(IProducts).search(term) if term.strip() else ()
    choices = [
        Choice(one.public_id, product_label(one.sku, one.name), one.unit, {"unit": one.unit}) for one in found
    ]
    return choices_json(choices, request)
