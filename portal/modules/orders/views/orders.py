"""Pages of orders: the list, one order, writing one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import select

from portal.kernel.i18n import Text, _
from portal.kernel.people import Realm, Scope
from portal.modules.catalog.interfaces import IPrices, IProducts, PriceQuery, ProductFacts
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.modules.orders import permissions
from portal.modules.orders.forms import CommentForm, CustomerPickForm, OrderForm, product_label
from portal.modules.orders.interfaces import ORDER_PANELS
from portal.modules.orders.lists import ORDERS
from portal.modules.orders.models import Order
from portal.modules.orders.resources import (
    DocumentNode,
    NewOrder,
    NewOrderFor,
    OrderNode,
    OrdersRoot,
    TypedNumber,
)
from portal.modules.orders.services import approvals, comments, drafting, mailing, printing, reading
from portal.modules.orders.services.history import Subject, history
from portal.modules.orders.services.lifecycle import DOCUMENT_KIND
from portal.modules.orders.states import BILL_ON_TITLES, DELIVERY, STATES, UNDER_WAY, billing_badge
from portal.modules.orders.transitions import State, offered
from portal.modules.orders.views.shown import exemptions, order_totals, shown_lines, shown_timeline
from portal.ops import documents
from portal.people.services.users import list_users
from portal.proposals.panels import about
from portal.web.fields import Choice, choices_json
from portal.web.formats import decimal
from portal.web.request import Request
from portal.web.slots import panels

_ONE = Decimal(1)
TEMPLATES = "portal:modules/orders/templates/"
#: States in which a draft PDF can be had; afterwards there are issued ones.
_DRAFTS = (State.REQUESTED, State.QUOTATION)


@view_config(
    context=OrdersRoot,
    permission=permissions.VIEW,
    request_method="GET",
    renderer=f"{TEMPLATES}orders.jinja2",
)
def orders(context: OrdersRoot, request: Request) -> dict[str, Any]:
    """The newest orders, searched, filtered and sorted."""
    return {
        "page": ORDERS.page(request.db, request.GET, base="/orders/"),
        "may_edit": request.permits(permissions.EDIT),
    }


@view_config(context=OrdersRoot, name="csv", permission=permissions.VIEW, request_method="GET")
def orders_csv(context: OrdersRoot, request: Request) -> Response:
    """The same as a file."""
    return ORDERS.csv(request)


@view_config(context=TypedNumber, permission=permissions.VIEW, request_method="GET")
def typed_number(context: TypedNumber, request: Request) -> Response:
    """From a number that somebody typed to the order."""
    number = str(context.__name__).upper()
    public_id = request.db.scalar(select(Order.public_id).where(Order.number == number))
    if public_id is None:
        raise HTTPNotFound
    return HTTPSeeOther(f"/orders/{public_id}/")


@view_config(
    context=OrderNode, permission=permissions.VIEW, request_method="GET", renderer=f"{TEMPLATES}order.jinja2"
)
def order(context: OrderNode, request: Request) -> dict[str, Any]:
    """One order with all that can be done to it: order, lines and history are one statement each.

    Of a quotation that was sent, one more tells whether it waits for an approver at the customer's.
    """
    row, unit = context.order, request.unit
    lines = reading.lines_of(request.db, row.id)
    past = history(unit, Subject.of(row))
    situation = reading.situation(row, lines, unit.today())
    approval = approvals.open_of(unit, row) if row.state == State.SENT else None
    return {
        "order": row,
        "four_eyes": about(request, DOCUMENT_KIND, row.public_id),
        "wait": None
        if approval is None
        else approvals.shown(unit, Scope.whole(row.customer_id), row, approval),
        "state": STATES[row.state],
        "delivery": DELIVERY[row.delivery],
        "billing": billing_badge(row.state, row.billing),
        "bill_on": BILL_ON_TITLES[row.bill_on],
        "lines": shown_lines(lines, request),
        "totals": order_totals(row),
        "exemptions": exemptions(row),
        "billing_address": reading.address_of(row.billing_address),
        "delivery_address": reading.address_of(row.delivery_address),
        "deliveries": past.deliveries,
        "timeline": shown_timeline(past.timeline),
        "repeats": past.repeats,
        "actions": sorted(offered(situation, request.permits), key=lambda row: row.danger),
        "panels": panels(request, ORDER_PANELS, context, reading.facts(row, lines)),
        "may_comment": request.permits(permissions.COMMENT),
        "may_edit": request.permits(permissions.EDIT),
        "may_mail": row.state in mailing.CONFIRMED and request.permits(permissions.EDIT),
        "has_draft": row.state in _DRAFTS,
        "progress": row.state in UNDER_WAY,
        "here": f"/orders/{row.public_id}/",
    }


@view_config(
    context=OrderNode, name="comment", permission=permissions.COMMENT, request_method="POST", show=""
)
def comment(context: OrderNode, request: Request) -> Response:
    """Comment, internally or visible to the customer."""
    form = CommentForm(request)
    form.check()
    comments.comment(request.unit, context.order.id, form.text.data, visible=form.visible.data)
    request.flash(_("The comment was added."))
    return back_to(context)


@view_config(context=OrderNode, name="duplicate", permission=permissions.EDIT, request_method="POST", show="")
def duplicate(context: OrderNode, request: Request) -> Response:
    """A new quotation with the same lines, at the prices of today."""
    created, differences = drafting.duplicate(request.unit, context.order.id)
    locale, currency = request.locale_name, context.order.currency
    for one in differences:
        if one.now is None:
            request.flash(
                _("${name} is no longer sold and was left out.", mapping={"name": one.name}), "warning"
            )
        else:
            values = {
                "name": one.name,
                "before": f"{decimal(one.before, locale)} {currency}",
                "now": f"{decimal(one.now, locale)} {currency}",
            }
            request.flash(_("${name} cost ${before} and costs ${now} now.", mapping=values), "warning")
    request.flash(_("A copy with today's prices was made."))
    return HTTPSeeOther(f"/orders/{created.public_id}/")


@view_config(context=OrderNode, name="draft", permission=permissions.VIEW, request_method="GET")
def draft_pdf(context: OrderNode, request: Request) -> Response:
    """The quotation as it stands, with a watermark; nothing is stored."""
    if context.order.state not in _DRAFTS:
        raise HTTPNotFound
    lines = reading.lines_of(request.db, context.order.id)
    printed = printing.quotation(request.unit, context.order, lines)
    return documents.pdf_response(documents.draft(printed), f"draft-{context.order.number}.pdf")


@view_config(context=DocumentNode, permission=permissions.VIEW, request_method="GET")
def document(context: DocumentNode, request: Request) -> Response:
    """An issued document of the order."""
    issued = documents.of(request.db, DOCUMENT_KIND, context.order.public_id)
    found = next((one for one in issued if one.public_id == context.__name__), None)
    if found is None:
        raise HTTPNotFound
    return documents.response(request.db, found)


# --- writing -----------------------------------------------------------------------------------------------


@view_config(
    context=NewOrder,
    permission=permissions.EDIT,
    request_method=("GET", "POST"),
    renderer=f"{TEMPLATES}pick_customer.jinja2",
)
def pick_customer(context: NewOrder, request: Request) -> Any:
    """For whom the quotation is."""
    form = CustomerPickForm(request)
    found = request.unit.ask(ICustomers)
    form.customer.find = lambda text: [_customer_choice(one) for one in found.search(text)]
    form.customer.get = lambda value: (
        _customer_choice(one) if (one := found.find(value)) is not None else None
    )
    if not request.submitted:
        return {"form": form}
    form.check()
    return HTTPSeeOther(f"/orders/new/{form.customer.data}/")


@view_config(
    context=NewOrder, name="customers", permission=permissions.EDIT, request_method="GET", renderer="json"
)
def customers(context: NewOrder, request: Request) -> Any:
    """Customers that fit what was typed."""
    term = request.GET.get("q", "")[:200]
    found = request.unit.ask(ICustomers).search(term) if term.strip() else ()
    return choices_json([_customer_choice(one) for one in found], request)


def _customer_choice(customer: CustomerFacts) -> Choice:
    return Choice(customer.public_id, f"{customer.number} · {customer.name}", customer.country)


@view_config(
    context=NewOrderFor,
    permission=permissions.EDIT,
    request_method=("GET", "POST"),
    renderer=f"{TEMPLATES}order_form.jinja2",
    autosave=True,
)
def new(context: NewOrderFor, request: Request) -> Any:
    """Write a quotation."""
    unit = request.unit
    customer = unit.ask(ICustomers).find(str(context.__name__))
    if customer is None:
        raise HTTPNotFound
    form = OrderForm(request, customer, drafting.standard_draft(unit, customer), customer.currency)
    if not request.submitted or "add" in request.POST:
        return written_page(
            request, form, _("New quotation for ${name}", mapping={"name": customer.name}), "/orders/"
        )
    form.check()
    created = drafting.create(unit, customer, form.written(), form.products.facts)
    request.flash(_("${number} was begun.", mapping={"number": created.number}))
    return HTTPSeeOther(f"/orders/{created.public_id}/")


def written_page(request: Request, form: OrderForm, heading: Text, back: str) -> dict[str, Any]:
    """What the page with the form shows; the employees to choose from are read for it alone."""
    people = list_users(request.unit, Realm.EMPLOYEES)
    form.offer_responsible(person.name for person in people if person.active)
    return {
        "form": form,
        "heading": heading,
        "back": back,
        "totals_url": request.resource_path(request.context, "totals"),
    }


def products_found(request: Request, customer_id: int | None, currency: str) -> list[dict[str, Any]]:
    """Products that fit what was typed, with their prices for the customer to fill in."""
    term = request.GET.get("q", "")[:200]
    found = request.unit.ask(IProducts).search(term) if term.strip() else ()
    prices: dict[int, str] = {}
    if found and customer_id is not None:
        queries = [PriceQuery(product.id, _ONE) for product in found]
        asked = request.unit.ask(IPrices).prices(queries, customer_id, currency, request.unit.today())
        prices = {
            key: decimal(price.amount, request.locale_name, grouping=False) for key, price in asked.items()
        }
    return choices_json([_product_choice(product, prices.get(product.id, "")) for product in found], request)


def _product_choice(product: ProductFacts, price: str) -> Choice:
    fill = {"name": product.name, "unit": product.unit, "unit_price": price, "tax_class": product.tax_class}
    return Choice(product.public_id, product_label(product.sku, product.name), price, fill)


@view_config(
    context=NewOrderFor, name="products", permission=permissions.EDIT, request_method="GET", renderer="json"
)
def products_for_new(context: NewOrderFor, request: Request) -> Any:
    """Products for a quotation that is being written."""
    customer = request.unit.ask(ICustomers).find(str(context.__name__))
    if customer is None:
        raise HTTPNotFound
    return products_found(request, customer.id, customer.currency)


@view_config(
    context=OrderNode, name="products", permission=permissions.EDIT, request_method="GET", renderer="json"
)
def products_for_order(context: OrderNode, request: Request) -> Any:
    """Products for a quotation that is being changed."""
    return products_found(request, context.order.customer_id, context.order.currency)


def back_to(context: OrderNode) -> Response:
    """To the page of the order."""
    return HTTPSeeOther(f"/orders/{context.order.public_id}/")
