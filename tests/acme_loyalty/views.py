"""Staff pages."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config

from acme_loyalty import services
from acme_loyalty.forms import GrantForm, customer_choice
from acme_loyalty.resources import Loyalty
from portal.kernel.i18n import _
from portal.modules.customers.interfaces import ICustomers
from portal.web.forms import choices_json
from portal.web.request import Request


@view_config(
    context=Loyalty,
    permission="acme_loyalty.view",
    request_method="GET",
    renderer="acme_loyalty:templates/loyalty.jinja2",
)
def overview(context: Loyalty, request: Request) -> dict[str, Any]:
    """Who has most points."""
    rows = services.balances(request.unit)
    names = request.unit.ask(ICustomers).names([customer for customer, _points in rows])
    return {"rows": [(names.get(customer, ""), points) for customer, points in rows]}


@view_config(
    context=Loyalty,
    name="grant",
    permission="acme_loyalty.grant",
    request_method=("GET", "POST"),
    renderer="acme_loyalty:templates/grant.jinja2",
)
def grant(context: Loyalty, request: Request) -> Any:
    """Give points by hand."""
    form = GrantForm(request)
    if request.submitted:
        form.check()
        services.grant(request.unit, form.customer.data, form.points.data, form.reason.data)
        request.flash(_("Points granted."))
        return HTTPSeeOther(location=request.resource_path(context))
    return {"form": form}


@view_config(
    context=Loyalty,
    name="customers",
    permission="acme_loyalty.grant",
    request_method="GET",
    renderer="json",
)
def customers(context: Loyalty, request: Request) -> Any:
    """Customers that fit what was typed."""
    term = request.GET.get("q", "")[:200]
    found = request.unit.ask(ICustomers).search(term) if term.strip() else ()
    return choices_json([customer_choice(one) for one in found], request)
