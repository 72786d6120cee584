"""The list of customers."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import exists, func, select, type_coerce
from sqlalchemy.types import String, TypeDecorator

from portal.kernel.folding import fold, matches
from portal.kernel.i18n import _
from portal.modules.customers import services
from portal.modules.customers.forms import country_names
from portal.modules.customers.models import Customer, Tag
from portal.modules.customers.permissions import EDIT, VIEW
from portal.modules.customers.resources import CustomersRoot, Typed
from portal.web.lists import ChoiceFilter, Column, FlagFilter, Listing, TextFilter
from portal.web.request import Request


class _Words(TypeDecorator[list[str]]):
    """Words that an aggregate put together with new lines."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Any) -> list[str]:
        """Take them apart again, in alphabetical order."""
        return sorted(value.split("\n")) if value else []


def _searched(term: str) -> Any:
    return matches(Customer.search_text, term)


def _tags() -> Any:
    together = select(func.aggregate_strings(Tag.tag, "\n")).where(Tag.customer_id == Customer.id)
    return type_coerce(together.correlate(Customer).scalar_subquery(), _Words)


def _tagged(typed: str) -> Any:
    return exists().where(Tag.customer_id == Customer.id, Tag.tag_key == fold(typed))


def listing(request: Request) -> Listing:
    """The list, with countries named in the language of the request."""
    return Listing(
        base=select(Customer.id),
        id=Customer.id,
        columns=(
            Column("number", _("Number"), Customer.number, "link", sort=True, to="public_id"),
            Column("public_id", "", Customer.public_id, hidden=True),
            Column(
                "name", _("Name"), Customer.name, "link", sort=True, sort_by=Customer.name_key, to="public_id"
            ),
            Column("city", _("City"), Customer.city, sort=True, sort_by=Customer.city_key),
            Column("country", _("Country"), Customer.country),
            Column("vat_id", _("VAT id"), Customer.vat_id),
            Column("tags", _("Tags"), _tags(), "tags"),
            Column("currency", _("Currency"), Customer.currency),
            Column("active", _("Active"), Customer.active, "boolean"),
            Column("created_at", _("Opened"), Customer.created_at, "datetime", sort=True),
        ),
        default="name",
        name="customers",
        search=_searched,
        search_hint=_("Name, number, VAT id, city or tag"),
        filters=(
            FlagFilter("active", _("Active"), Customer.active.is_),
            ChoiceFilter(
                "country",
                _("Country"),
                country_names(request.locale_name),
                lambda value: Customer.country == value,
            ),
            TextFilter("tag", _("Tag"), _tagged),
        ),
    )


@view_config(
    context=CustomersRoot,
    permission=VIEW,
    request_method="GET",
    renderer="portal:modules/customers/templates/customers.jinja2",
)
def customers(context: CustomersRoot, request: Request) -> dict[str, Any]:
    """The accounts, by name."""
    page = listing(request).page(request.db, request.GET, base="/customers/")
    return {"page": page, "may_edit": request.permits(EDIT)}


@view_config(context=CustomersRoot, name="csv", permission=VIEW, request_method="GET")
def customers_csv(context: CustomersRoot, request: Request) -> Response:
    """The same as a file."""
    return listing(request).csv(request)


@view_config(context=Typed, permission=VIEW, request_method="GET")
def typed(context: Typed, request: Request) -> Response:
    """Lead from a typed number to the account."""
    public_id = services.find_number(request.unit, str(context.__name__))
    if public_id is None:
        raise HTTPNotFound
    return HTTPSeeOther(f"/customers/{public_id}/")
