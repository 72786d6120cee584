"""The customer's own side: /my/<account>/addresses and /my/<account>/company."""

from __future__ import annotations

from typing import Any, ClassVar

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.i18n import _
from portal.kernel.people import Scope
from portal.kernel.tree import CustomerRoot, Node
from portal.modules.customers import CARD, services
from portal.modules.customers.forms import AddressForm, CompanyForm, country_name
from portal.modules.customers.interfaces import PostalAddress
from portal.modules.customers.permissions import MY_MANAGE, MY_VIEW
from portal.modules.customers.services import AddressData
from portal.web.request import Request

_TEMPLATES = "portal:modules/customers/templates/"


class MyAddresses(CustomerRoot):
    """/my/<account>/addresses"""

    card: ClassVar[Card] = CARD
    request: Request

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Addresses")

    @property
    def scope(self) -> Scope:
        """The account."""
        return Scope(self.customer_id)

    def __getitem__(self, segment: str) -> Node:
        unit = self.request.unit
        found = services.my_address(unit, self.scope, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return MyAddress(self.request, segment, self, found)


class MyAddress(Node):
    """One of the account's addresses."""

    request: Request

    def __init__(self, request: Request, name: str, parent: MyAddresses, address: PostalAddress) -> None:
        super().__init__(request, name, parent)
        self.scope = parent.scope
        self.address = address

    @property
    def title(self) -> Any:
        """The name on the envelope."""
        return self.address.name


class MyCompany(CustomerRoot):
    """/my/<account>/company"""

    card: ClassVar[Card] = CARD
    request: Request

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Company")

    @property
    def scope(self) -> Scope:
        """The account."""
        return Scope(self.customer_id)


@view_config(
    context=MyAddresses, permission=MY_VIEW, request_method="GET", renderer=f"{_TEMPLATES}my_addresses.jinja2"
)
def addresses(context: MyAddresses, request: Request) -> dict[str, Any]:
    """The account's addresses."""
    account = services.my_account(request.unit, context.scope)
    return {"addresses": account.addresses, "may_manage": request.permits(MY_MANAGE)}


@view_config(
    context=MyAddresses,
    name="new",
    permission=MY_MANAGE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
)
def new_address(context: MyAddresses, request: Request) -> Any:
    """Add an address."""
    account = services.my_account(request.unit, context.scope)
    blank = {"lines": "", "postal_code": "", "city": "", "region": "", "billing": False, "delivery": True}
    form = AddressForm(request, {**blank, "name": account.name, "country": account.country})
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": _("New address"), "back": back}
    form.check()
    services.add_my_address(request.unit, context.scope, AddressData(**form.data))
    request.flash(_("The address was added."))
    return HTTPSeeOther(back)


@view_config(
    context=MyAddress,
    permission=MY_MANAGE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
)
def edit_address(context: MyAddress, request: Request) -> Any:
    """Change an address."""
    form = AddressForm(request, _values(context.address))
    back = request.resource_path(context.__parent__)
    if not request.submitted:
        return {"form": form, "heading": context.address.name, "back": back, "removable": True}
    form.check()
    services.change_my_address(request.unit, context.scope, context.address.public_id, form.values, form.base)
    request.flash(_("The address was changed."))
    return HTTPSeeOther(back)


@view_config(context=MyAddress, name="remove", permission=MY_MANAGE, request_method="POST", show="")
def remove_address(context: MyAddress, request: Request) -> Response:
    """Remove an address."""
    services.remove_my_address(request.unit, context.scope, context.address.public_id)
    request.flash(_("The address was removed."))
    return HTTPSeeOther(request.resource_path(context.__parent__))


@view_config(
    context=MyCompany, permission=MY_VIEW, request_method="GET", renderer=f"{_TEMPLATES}my_company.jinja2"
)
def company(context: MyCompany, request: Request) -> dict[str, Any]:
    """What is stored about the customer's company."""
    account = services.my_account(request.unit, context.scope)
    return {
        "account": account,
        "country": country_name(account.country, request.locale_name),
        "may_manage": request.permits(MY_MANAGE),
    }


@view_config(
    context=MyCompany,
    name="edit",
    permission=MY_MANAGE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
)
def edit_company(context: MyCompany, request: Request) -> Any:
    """Change e-mail and telephone."""
    account = services.my_account(request.unit, context.scope)
    form = CompanyForm(request, {"email": account.email, "phone": account.phone})
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": account.name, "back": back}
    form.check()
    services.change_my_company(request.unit, context.scope, form.values, form.base)
    request.flash(_("Your company's data was changed."))
    return HTTPSeeOther(back)


def _values(address: PostalAddress) -> dict[str, Any]:
    return {
        "name": address.name,
        "lines": "\n".join(address.lines),
        "postal_code": address.postal_code,
        "city": address.city,
        "region": address.region,
        "country": address.country,
        "billing": "billing" in address.roles,
        "delivery": "delivery" in address.roles,
    }
