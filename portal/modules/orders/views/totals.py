"""What a quotation comes to while it is being written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response
from pyramid.view import view_config

from portal.modules.customers.interfaces import ICustomers
from portal.modules.orders import permissions
from portal.modules.orders.forms import OrderEditForm, OrderForm
from portal.modules.orders.models import OrderLine
from portal.modules.orders.resources import NewOrderFor, OrderNode
from portal.modules.orders.services import drafting, reading
from portal.modules.orders.services.pricing import Terms, work_out
from portal.web.request import Request
from portal.web.totals import Totals, by_row, totals_response


@view_config(
    context=NewOrderFor, name="totals", permission=permissions.EDIT, request_method="POST", operation=False
)
def of_new(context: NewOrderFor, request: Request) -> Response:
    """Of one that is not stored yet."""
    unit = request.unit
    customer = unit.ask(ICustomers).find(str(context.__name__))
    if customer is None:
        raise HTTPNotFound
    form = OrderForm(request, customer, drafting.standard_draft(unit, customer), customer.currency)
    return _totals(request, form, drafting.terms_for(unit, customer), {})


@view_config(
    context=OrderNode, name="totals", permission=permissions.EDIT, request_method="POST", operation=False
)
def of_stored(context: OrderNode, request: Request) -> Response:
    """Of one that is being changed."""
    order, unit = context.order, request.unit
    lines = reading.lines_of(request.db, order.id)
    customer = unit.ask(ICustomers).get(order.customer_id)
    form = OrderEditForm(request, customer, drafting.draft_of(order, lines), lines, order.currency)
    return _totals(request, form, drafting.terms_of(unit, order), {line.key: line for line in lines})


def _totals(request: Request, form: OrderForm, terms: Terms, stored: Mapping[int, OrderLine]) -> Response:
    def worked() -> Totals:
        form.check()
        draft = form.written()
        drafting.check(draft.lines)
        found = work_out(request.unit, terms, draft.lines, stored, form.products.facts)
        head: Mapping[str, Any] = found.header
        return Totals(
            terms.currency,
            head["net"],
            [(one["title"], one["amount"]) for one in json.loads(head["taxes"])],
            head["gross"],
            by_row(form.lines, [line["net"] for line in found.lines]),
        )

    return totals_response(request, worked)
