"""Pages of tax classes."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import or_, select

from portal.kernel.i18n import _
from portal.modules.taxes import services
from portal.modules.taxes.forms import ClassForm, NewClassForm
from portal.modules.taxes.models import TaxClassRow
from portal.modules.taxes.permissions import MANAGE, VIEW
from portal.modules.taxes.resources import Class, Classes
from portal.web.lists import Column, FlagFilter, Listing
from portal.web.request import Request


def _searched(term: str) -> Any:
    return or_(
        TaxClassRow.code.icontains(term, autoescape=True), TaxClassRow.title.icontains(term, autoescape=True)
    )


CLASSES = Listing(
    base=select(TaxClassRow.id),
    id=TaxClassRow.id,
    columns=(
        Column("code", _("Code"), TaxClassRow.code, "link", sort=True, to="to"),
        Column("to", "", TaxClassRow.code, hidden=True),
        Column("title", _("Title"), TaxClassRow.title),
        Column("active", _("In use"), TaxClassRow.active, "boolean"),
    ),
    default="code",
    name="tax-classes",
    search=_searched,
    search_hint=_("Code or title"),
    filters=(FlagFilter("active", _("In use"), TaxClassRow.active.is_),),
)


@view_config(
    context=Classes,
    permission=VIEW,
    request_method="GET",
    renderer="portal:modules/taxes/templates/classes.jinja2",
)
def classes(context: Classes, request: Request) -> dict[str, Any]:
    """The tax classes."""
    may_manage = request.permits(MANAGE)
    base = request.resource_path(context)
    bases = {"code": base if may_manage else None}
    return {"page": CLASSES.page(request.db, request.GET, base=base, bases=bases), "may_manage": may_manage}


@view_config(context=Classes, name="csv", permission=VIEW, request_method="GET")
def classes_csv(context: Classes, request: Request) -> Response:
    """The same as a file."""
    return CLASSES.csv(request)


@view_config(
    context=Classes,
    name="new",
    permission=MANAGE,
    request_method=("GET", "POST"),
    renderer="portal:modules/taxes/templates/form.jinja2",
)
def new(context: Classes, request: Request) -> Any:
    """A new class."""
    form = NewClassForm(request)
    if not request.submitted:
        return {"form": form, "heading": _("New tax class"), "back": request.resource_path(context)}
    form.check()
    services.add_class(request.unit, form.code.data, form.title.data)
    request.flash(_("The tax class was added."))
    return HTTPSeeOther(request.resource_path(context))


@view_config(
    context=Class,
    permission=MANAGE,
    request_method=("GET", "POST"),
    renderer="portal:modules/taxes/templates/form.jinja2",
)
def edit(context: Class, request: Request) -> Any:
    """Rename a class, or take it out of use."""
    form = ClassForm(request, {"title": context.row.title, "active": context.row.active})
    back = request.resource_path(context.__parent__)
    if not request.submitted:
        return {"form": form, "heading": context.row.title, "back": back}
    form.check()
    services.change_class(request.unit, context.row, form.title.data, form.active.data)
    request.flash(_("The tax class was changed."))
    return HTTPSeeOther(back)
