"""Pages of the departments of an account."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.modules.customers import services
from portal.modules.customers.forms import DepartmentForm
from portal.modules.customers.permissions import EDIT, VIEW
from portal.modules.customers.resources import DepartmentNode, Departments
from portal.modules.customers.services import DepartmentData
from portal.web.request import Request

_FORM = "portal:modules/customers/templates/department.jinja2"


@view_config(context=Departments, permission=VIEW, request_method="GET")
def departments(context: Departments, request: Request) -> Response:
    """The account shows its departments."""
    return HTTPSeeOther(request.resource_path(context.__parent__))


@view_config(context=Departments, name="new", permission=EDIT, request_method=("GET", "POST"), renderer=_FORM)
def new(context: Departments, request: Request) -> Any:
    """Add a department."""
    form = DepartmentForm(request, {"name": "", "number": ""})
    back = request.resource_path(context.__parent__)
    if not request.submitted:
        return {"form": form, "heading": _("New department"), "back": back, "department": None}
    form.check()
    services.add_department(request.unit, context.customer.id, DepartmentData(**form.data))
    request.flash(_("The department was added."))
    return HTTPSeeOther(back)


@view_config(context=DepartmentNode, permission=EDIT, request_method=("GET", "POST"), renderer=_FORM)
def edit(context: DepartmentNode, request: Request) -> Any:
    """Change a department."""
    department = context.department
    form = DepartmentForm(request, {"name": department.name, "number": department.number})
    back = f"/customers/{context.customer.public_id}/"
    if not request.submitted:
        return {"form": form, "heading": department.name, "back": back, "department": department}
    form.check()
    services.change_department(
        request.unit, context.customer.id, department.public_id, form.values, form.base
    )
    request.flash(_("The department was changed."))
    return HTTPSeeOther(back)


@view_config(context=DepartmentNode, name="archive", permission=EDIT, request_method="POST", show="")
def archive(context: DepartmentNode, request: Request) -> Response:
    """Take a department out of use."""
    services.archive_department(request.unit, context.customer.id, context.department.public_id)
    request.flash(_("The department was archived."))
    return HTTPSeeOther(f"/customers/{context.customer.public_id}/")


@view_config(context=DepartmentNode, name="unarchive", permission=EDIT, request_method="POST", show="")
def unarchive(context: DepartmentNode, request: Request) -> Response:
    """Take a department into use again."""
    services.unarchive_department(request.unit, context.customer.id, context.department.public_id)
    request.flash(_("The department is in use again."))
    return HTTPSeeOther(f"/customers/{context.customer.public_id}/")
