"""The customer's own side: /my/<account>/addresses and /my/<account>/company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.i18n import _
from portal.kernel.tree import CustomerRoot, Node
from portal.modules.customers import CARD, services
from portal.modules.customers.forms import AddressForm, CompanyForm, DepartmentForm, country_name
from portal.modules.customers.interfaces import Department, PostalAddress
from portal.modules.customers.permissions import MY_MANAGE, MY_VIEW
from portal.modules.customers.services import DepartmentData
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
    of_whole_account = frozenset({MY_MANAGE})

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Company")

    def __getitem__(self, segment: str) -> Node:
        if segment == "departments":
            return MyDepartments(self.request, segment, self)
        raise KeyError(segment)


class MyDepartments(Node):
    """/my/<account>/company/departments"""

    request: Request

    def __init__(self, request: Request, name: str, parent: MyCompany) -> None:
        super().__init__(request, name, parent)
        self.scope = parent.scope

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Departments")

    def __getitem__(self, segment: str) -> Node:
        unit = self.request.unit
        found = services.my_department(unit, self.scope, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return MyDepartment(self.request, segment, self, found)


class MyDepartment(Node):
    """One of the account's departments."""

    request: Request

    def __init__(self, request: Request, name: str, parent: MyDepartments, department: Department) -> None:
        super().__init__(request, name, parent)
        self.scope = parent.scope
        self.department = department

    @property
    def title(self) -> Any:
        """Its name."""
        return self.department.name


@view_config(
    context=MyAddresses, permission=MY_VIEW, request_method="GET", renderer=f"{_TEMPLATES}my_addresses.jinja2"
)
def addresses(context: MyAddresses, request: Request) -> dict[str, Any]:
    """The account's addresses; those of the whole account are changed by people of the whole account."""
    account = services.my_account(request.unit, context.scope)
    may_manage, names = request.permits(MY_MANAGE), {one.id: one.name for one in account.departments}
    placed = zip(account.addresses, account.address_departments, strict=True)
    return {
        "addresses": [
            (address, names.get(place or 0, ""), may_manage and context.scope.covers(place))
            for address, place in placed
        ],
        "may_manage": may_manage,
    }


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
    begun = {**blank, "name": account.name, "country": account.country}
    form = _address_form(context, request, begun, account.departments_in_use)
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": _("New address"), "back": back}
    form.check()
    services.add_my_address(request.unit, context.scope, form.written)
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
    stored = services.stored_my_address(request.unit, context.scope, context.address.public_id)
    departments = services.my_departments(request.unit, context.scope)
    kept = [one for one in departments if one.active or one.public_id == stored["department"]]
    form = _address_form(context, request, stored, kept)
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


def _address_form(
    context: MyAddresses | MyAddress,
    request: Request,
    stored: Mapping[str, Any],
    departments: Sequence[Department],
) -> AddressForm:
    """The form of an address with the departments that it may be given to."""
    whole = context.scope.is_whole
    only = departments[0].public_id if departments and not whole else None
    return AddressForm(request, {"department": only, **stored}, departments, whole=whole)


# --- departments -------------------------------------------------------------------------------------------


@view_config(
    context=MyDepartments,
    permission=MY_MANAGE,
    request_method="GET",
    renderer=f"{_TEMPLATES}my_departments.jinja2",
)
def departments(context: MyDepartments, request: Request) -> dict[str, Any]:
    """The account's departments."""
    return {"departments": services.my_departments(request.unit, context.scope)}


@view_config(
    context=MyDepartments,
    name="new",
    permission=MY_MANAGE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}department.jinja2",
)
def new_department(context: MyDepartments, request: Request) -> Any:
    """Add a department."""
    form = DepartmentForm(request, {"name": "", "number": ""})
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": _("New department"), "back": back, "department": None}
    form.check()
    services.add_my_department(request.unit, context.scope, DepartmentData(**form.data))
    request.flash(_("The department was added."))
    return HTTPSeeOther(back)


@view_config(
    context=MyDepartment,
    permission=MY_MANAGE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}department.jinja2",
)
def edit_department(context: MyDepartment, request: Request) -> Any:
    """Change a department."""
    department = context.department
    form = DepartmentForm(request, {"name": department.name, "number": department.number})
    back = request.resource_path(context.__parent__)
    if not request.submitted:
        return {"form": form, "heading": department.name, "back": back, "department": department}
    form.check()
    services.change_my_department(request.unit, context.scope, department.public_id, form.values, form.base)
    request.flash(_("The department was changed."))
    return HTTPSeeOther(back)


@view_config(context=MyDepartment, name="archive", permission=MY_MANAGE, request_method="POST", show="")
def archive_department(context: MyDepartment, request: Request) -> Response:
    """Take a department out of use."""
    services.archive_my_department(request.unit, context.scope, context.department.public_id)
    request.flash(_("The department was archived."))
    return HTTPSeeOther(request.resource_path(context.__parent__))


@view_config(context=MyDepartment, name="unarchive", permission=MY_MANAGE, request_method="POST", show="")
def unarchive_department(context: MyDepartment, request: Request) -> Response:
    """Take a department into use again."""
    services.unarchive_my_department(request.unit, context.scope, context.department.public_id)
    request.flash(_("The department is in use again."))
    return HTTPSeeOther(request.resource_path(context.__parent__))
