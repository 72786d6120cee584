"""Pages of the addresses of an account."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.modules.customers import services
from portal.modules.customers.forms import AddressForm
from portal.modules.customers.interfaces import Department
from portal.modules.customers.permissions import EDIT, VIEW
from portal.modules.customers.resources import Addresses, AddressNode
from portal.web.request import Request

_FORM = "portal:modules/customers/templates/form.jinja2"


@view_config(context=Addresses, permission=VIEW, request_method="GET")
def addresses(context: Addresses, request: Request) -> Response:
    """The account shows its addresses."""
    return HTTPSeeOther(request.resource_path(context.__parent__))


@view_config(context=Addresses, name="new", permission=EDIT, request_method=("GET", "POST"), renderer=_FORM)
def new(context: Addresses, request: Request) -> Any:
    """Add an address."""
    customer = context.customer
    blank = {"lines": "", "postal_code": "", "city": "", "region": "", "department": None}
    form = AddressForm(
        request,
        {**blank, "name": customer.name, "country": customer.country, "billing": True, "delivery": True},
        _departments(request, customer.id),
    )
    back = request.resource_path(context.__parent__)
    if not request.submitted:
        return {"form": form, "heading": _("New address"), "back": back}
    form.check()
    services.add_address(request.unit, customer.id, form.written)
    request.flash(_("The address was added."))
    return HTTPSeeOther(back)


@view_config(context=AddressNode, permission=EDIT, request_method=("GET", "POST"), renderer=_FORM)
def edit(context: AddressNode, request: Request) -> Any:
    """Change an address."""
    stored = services.stored_address(request.unit, context.address)
    form = AddressForm(request, stored, _departments(request, context.customer.id, stored["department"]))
    back = f"/customers/{context.customer.public_id}/"
    if not request.submitted:
        return {"form": form, "heading": context.address.name, "back": back, "removable": True}
    form.check()
    services.change_address(
        request.unit, context.customer.id, context.address.public_id, form.values, form.base
    )
    request.flash(_("The address was changed."))
    return HTTPSeeOther(back)


@view_config(context=AddressNode, name="remove", permission=EDIT, request_method="POST", show="")
def remove(context: AddressNode, request: Request) -> Response:
    """Remove an address."""
    services.remove_address(request.unit, context.customer.id, context.address.public_id)
    request.flash(_("The address was removed."))
    return HTTPSeeOther(f"/customers/{context.customer.public_id}/")


def _departments(request: Request, customer_id: int, kept: str | None = None) -> list[Department]:
    """The departments to choose from: those in use, and the one that an address has already."""
    found = services.Customers(request.unit).departments(customer_id)
    return [one for one in found if one.active or one.public_id == kept]
