"""Pages of products."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import literal, select
from sqlalchemy.orm import aliased

from portal.kernel.folding import matches
from portal.kernel.i18n import Text, _
from portal.kernel.money import from_scaled
from portal.modules.catalog import services
from portal.modules.catalog.forms import ProductForm
from portal.modules.catalog.interfaces import GOODS
from portal.modules.catalog.models import Category, Product
from portal.modules.catalog.permissions import EDIT, VIEW
from portal.modules.catalog.resources import CatalogRoot, ProductNode
from portal.modules.catalog.services import KINDS, ProductData
from portal.modules.taxes.interfaces import ITaxes
from portal.web.badges import Badge
from portal.web.lists import ChoiceFilter, Column, FlagFilter, Listing
from portal.web.request import Request

_Parent = aliased(Category)
_TEMPLATES = "portal:modules/catalog/templates/"


def listing(request: Request) -> Listing:
    """The list of products, with the categories to filter by."""
    categories: dict[str, Text] = dict(services.category_titles(request.unit))
    currency = request.company.currency
    return Listing(
        base=select(Product.id)
        .outerjoin(Category, Category.id == Product.category_id)
        .outerjoin(_Parent, _Parent.id == Category.parent_id),
        id=Product.id,
        columns=(
            Column("sku", _("SKU"), Product.sku, "link", sort=True, sort_by=Product.sku_key, to="public_id"),
            Column("public_id", "", Product.public_id, hidden=True),
            Column("name", _("Name"), Product.name, sort=True, sort_by=Product.name_key),
            Column("category", _("Category"), Category.name),
            Column("price", _("List price"), Product.list_price, "price", sort=True, currency="currency"),
            Column("currency", "", literal(currency), hidden=True),
            Column("unit", _("Unit"), Product.unit),
            Column("tax_class", _("Tax class"), Product.tax_class),
            Column(
                "kind",
                _("Kind"),
                Product.kind,
                "status",
                states={kind: Badge(title) for kind, title in KINDS.items()},
            ),
            Column("active", _("Active"), Product.active, "boolean"),
        ),
        default="name",
        name="products",
        search=_searched,
        search_hint=_("SKU or name"),
        filters=(
            ChoiceFilter("category", _("Category"), categories, _in_category),
            ChoiceFilter("kind", _("Kind"), KINDS, lambda value: Product.kind == value),
            FlagFilter("active", _("Active"), Product.active.is_),
        ),
    )


def _searched(term: str) -> Any:
    return matches(Product.search_text, term)


def _in_category(public_id: str) -> Any:
    """Products of a category or of those below it."""
    return (Category.public_id == public_id) | (_Parent.public_id == public_id)


@view_config(
    context=CatalogRoot, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}products.jinja2"
)
def products(context: CatalogRoot, request: Request) -> dict[str, Any]:
    """The products, by name."""
    page = listing(request).page(request.db, request.GET, base="/catalog/")
    return {"page": page, "may_edit": request.permits(EDIT)}


@view_config(context=CatalogRoot, name="csv", permission=VIEW, request_method="GET")
def products_csv(context: CatalogRoot, request: Request) -> Response:
    """The same as a file."""
    return listing(request).csv(request)


@view_config(
    context=CatalogRoot,
    name="new",
    permission=EDIT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}product_form.jinja2",
    autosave=True,
)
def new(context: CatalogRoot, request: Request) -> Any:
    """A new product."""
    blank = {"sku": "", "name": "", "description": "", "unit": request.translate(_("piece"))}
    form = _form(request, {**blank, "list_price": None, "tax_class": None, "kind": GOODS, "category": None})
    if not request.submitted:
        return {"form": form, "heading": _("New product"), "back": "/catalog/"}
    form.check()
    values: dict[str, Any] = {**form.data, "list_price": from_scaled(form.list_price.data)}
    product = services.create_product(request.unit, ProductData(**values))
    request.flash(_("The product was added."))
    return HTTPSeeOther(f"/catalog/{product.public_id}/")


@view_config(
    context=ProductNode, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}product.jinja2"
)
def product(context: ProductNode, request: Request) -> dict[str, Any]:
    """A product."""
    titles = services.category_titles(request.unit) if context.product.category_id else {}
    values = services.stored_values(request.unit, context.product)
    return {
        "product": context.product,
        "kind": KINDS[context.product.kind],
        "category": titles.get(values["category"], ""),
        "may_edit": request.permits(EDIT),
    }


@view_config(
    context=ProductNode,
    name="edit",
    permission=EDIT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}product_form.jinja2",
    autosave=True,
)
def edit(context: ProductNode, request: Request) -> Any:
    """Change a product."""
    stored = services.stored_values(request.unit, context.product)
    form = _form(request, stored)
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": context.product.name, "back": back}
    form.check()
    services.change_product(request.unit, context.product.id, form.values, form.base)
    request.flash(_("The product was changed."))
    return HTTPSeeOther(back)


@view_config(context=ProductNode, name="deactivate", permission=EDIT, request_method="POST", show="")
def deactivate(context: ProductNode, request: Request) -> Response:
    """Take a product out of sale."""
    services.set_active(request.unit, context.product, False)
    request.flash(_("The product is no longer offered."))
    return HTTPSeeOther(request.resource_path(context))


@view_config(context=ProductNode, name="activate", permission=EDIT, request_method="POST", show="")
def activate(context: ProductNode, request: Request) -> Response:
    """Offer a product again."""
    services.set_active(request.unit, context.product, True)
    request.flash(_("The product is offered again."))
    return HTTPSeeOther(request.resource_path(context))


def _form(request: Request, stored: dict[str, Any]) -> ProductForm:
    form = ProductForm(request, stored)
    form.list_price.unit = request.company.currency
    classes = {one.code: one.title for one in request.unit.ask(ITaxes).classes()}
    kept = stored["tax_class"]
    if kept:
        # A class out of use stays with the products that have it.
        classes.setdefault(kept, kept)
    form.tax_class.choices = classes.items()
    form.category.choices = services.category_titles(request.unit).items()
    return form
