"""Pages of categories."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal.kernel.folding import matches
from portal.kernel.i18n import _
from portal.modules.catalog import services
from portal.modules.catalog.forms import CategoryForm
from portal.modules.catalog.models import Category
from portal.modules.catalog.permissions import EDIT, VIEW
from portal.modules.catalog.resources import Categories, CategoryNode
from portal.modules.catalog.services import CategoryData
from portal.web.lists import Column, FlagFilter, Listing
from portal.web.request import Request

_Parent = aliased(Category)
_TEMPLATES = "portal:modules/catalog/templates/"


def _searched(term: str) -> Any:
    return matches(Category.name_key, term)


CATEGORIES = Listing(
    base=select(Category.id).outerjoin(_Parent, _Parent.id == Category.parent_id),
    id=Category.id,
    columns=(
        Column(
            "name", _("Name"), Category.name, "link", sort=True, sort_by=Category.name_key, to="public_id"
        ),
        Column("public_id", "", Category.public_id, hidden=True),
        Column("parent", _("Below"), _Parent.name),
    ),
    default="name",
    name="categories",
    search=_searched,
    search_hint=_("Name"),
    filters=(FlagFilter("top", _("At the top"), lambda yes: Category.parent_id.is_(None).is_(yes)),),
)


@view_config(
    context=Categories, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}categories.jinja2"
)
def categories(context: Categories, request: Request) -> dict[str, Any]:
    """The categories, by name."""
    may_edit = request.permits(EDIT)
    base = request.resource_path(context)
    page = CATEGORIES.page(request.db, request.GET, base=base, bases={"name": base if may_edit else None})
    return {"page": page, "may_edit": may_edit}


@view_config(context=Categories, name="csv", permission=VIEW, request_method="GET")
def categories_csv(context: Categories, request: Request) -> Response:
    """The same as a file."""
    return CATEGORIES.csv(request)


@view_config(
    context=Categories,
    name="new",
    permission=EDIT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}category_form.jinja2",
)
def new(context: Categories, request: Request) -> Any:
    """A new category."""
    form = CategoryForm(request, {"name": "", "parent": None})
    form.parent.choices = services.category_choices(request.unit).items()
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": _("New category"), "back": back, "removable": False}
    form.check()
    services.add_category(request.unit, CategoryData(form.name.data, form.parent.data))
    request.flash(_("The category was added."))
    return HTTPSeeOther(back)


@view_config(
    context=CategoryNode,
    permission=EDIT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}category_form.jinja2",
)
def edit(context: CategoryNode, request: Request) -> Any:
    """Rename or move a category."""
    parents = services.category_choices(request.unit, but=context.category)
    form = CategoryForm(request, services.stored_category(request.unit, context.category))
    form.parent.choices = parents.items()
    back = request.resource_path(context.__parent__)
    if not request.submitted:
        return {"form": form, "heading": context.category.name, "back": back, "removable": True}
    form.check()
    services.change_category(request.unit, context.category, form.values, form.base)
    request.flash(_("The category was changed."))
    return HTTPSeeOther(back)


@view_config(context=CategoryNode, name="remove", permission=EDIT, request_method="POST", show="")
def remove(context: CategoryNode, request: Request) -> Response:
    """Remove an empty category."""
    services.remove_category(request.unit, context.category)
    request.flash(_("The category was removed."))
    return HTTPSeeOther(request.resource_path(context.__parent__))
