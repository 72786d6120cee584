"""Pages of tax rates."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import or_, select

from portal.kernel.i18n import _
from portal.kernel.money import from_scaled, to_scaled
from portal.modules.taxes import services
from portal.modules.taxes.forms import EndForm, RatesForm
from portal.modules.taxes.interfaces import ITaxes, Position, TaxRate, position_title
from portal.modules.taxes.models import TaxClassRow, TaxRateRow
from portal.modules.taxes.permissions import MANAGE, VIEW
from portal.modules.taxes.resources import Rate, Rates, TaxesRoot
from portal.web.badges import Badge
from portal.web.lists import ChoiceFilter, Column, DateFilter, Listing
from portal.web.request import Request

_POSITIONS = {position.value: position_title(position) for position in Position}


def _searched(term: str) -> Any:
    return or_(
        TaxRateRow.key.icontains(term, autoescape=True), TaxRateRow.title.icontains(term, autoescape=True)
    )


RATES = Listing(
    base=select(TaxRateRow.id).join(TaxClassRow, TaxClassRow.id == TaxRateRow.class_id),
    id=TaxRateRow.id,
    columns=(
        Column("key", _("Key"), TaxRateRow.key, "link", sort=True, to="public_id"),
        Column("public_id", "", TaxRateRow.public_id, hidden=True),
        Column("title", _("Title"), TaxRateRow.title),
        Column("percent", _("Percent"), TaxRateRow.percent, "percent"),
        Column("class", _("Tax class"), TaxClassRow.title),
        Column(
            "position",
            _("Position"),
            TaxRateRow.position,
            "status",
            states={value: Badge(title) for value, title in _POSITIONS.items()},
        ),
        Column("category", _("Category"), TaxRateRow.category),
        Column("valid_from", _("Valid from"), TaxRateRow.valid_from, "date", sort=True),
        Column("valid_to", _("Until"), TaxRateRow.valid_to, "date"),
    ),
    default="-valid_from",
    name="tax-rates",
    search=_searched,
    search_hint=_("Key or title"),
    filters=(
        ChoiceFilter("position", _("Position"), _POSITIONS, lambda value: TaxRateRow.position == value),
        ChoiceFilter(
            "category", _("Category"), services.CATEGORIES, lambda value: TaxRateRow.category == value
        ),
        DateFilter("from", _("Valid from"), TaxRateRow.valid_from),
    ),
)


@view_config(
    context=TaxesRoot,
    permission=VIEW,
    request_method="GET",
    renderer="portal:modules/taxes/templates/rates.jinja2",
)
@view_config(
    context=Rates,
    permission=VIEW,
    request_method="GET",
    renderer="portal:modules/taxes/templates/rates.jinja2",
)
def rates(context: TaxesRoot | Rates, request: Request) -> dict[str, Any]:
    """The rates, newest first."""
    return {
        "page": RATES.page(request.db, request.GET, base="/taxes/", bases={"key": "/taxes/rates/"}),
        "may_manage": request.permits(MANAGE),
        "starting": request.permits(MANAGE) and services.offers_starting_table(request.unit),
        "starting_label": _(
            "Load a starting table for ${country}", mapping={"country": request.company.country}
        ),
    }


@view_config(context=TaxesRoot, name="csv", permission=VIEW, request_method="GET")
def rates_csv(context: TaxesRoot, request: Request) -> Response:
    """The same as a file."""
    return RATES.csv(request)


@view_config(context=TaxesRoot, name="load", permission=MANAGE, request_method="POST", show="")
def load(context: TaxesRoot, request: Request) -> Response:
    """Fill the empty table for the company's country."""
    services.install_defaults(request.unit)
    request.flash(_("The starting table was loaded. Please have it checked by your accountant."))
    return HTTPSeeOther("/taxes/")


@view_config(
    context=TaxesRoot,
    name="new",
    permission=MANAGE,
    request_method=("GET", "POST"),
    renderer="portal:modules/taxes/templates/rates_form.jinja2",
)
def new(context: TaxesRoot, request: Request) -> Any:
    """Begin a set of rates; `of` in the address names a set to start from."""
    form = RatesForm(request, _template(request))
    form.class_code.choices = [(one.code, one.title) for one in request.unit.ask(ITaxes).classes()]
    if not request.submitted:
        return {"form": form}
    form.check()
    public_id = services.begin_rates(
        request.unit,
        form.class_code.data,
        Position(form.position.data),
        form.valid_from.data,
        form.category.data,
        [TaxRate(row["key"], row["title"], from_scaled(row["percent"])) for row in form.rates.data],
        {"en": form.exemption_en.data, "de": form.exemption_de.data},
    )
    request.flash(_("The rates were recorded."))
    return HTTPSeeOther(f"/taxes/rates/{public_id}/")


def _template(request: Request) -> dict[str, Any]:
    found = services.find_rates(request.unit, request.GET.get("of", ""))
    if found is None:
        return {"position": Position.DOMESTIC.value, "category": "S"}
    return {
        "class_code": found.class_code,
        "position": found.position.value,
        "category": found.category,
        "rates": [
            {"key": rate.key, "title": rate.title, "percent": to_scaled(rate.percent)} for rate in found.rates
        ],
        "exemption_en": found.exemption_en,
        "exemption_de": found.exemption_de,
    }


@view_config(
    context=Rate, permission=VIEW, request_method="GET", renderer="portal:modules/taxes/templates/rate.jinja2"
)
def rate(context: Rate, request: Request) -> dict[str, Any]:
    """A set of rates."""
    return {
        "rates": context.rates,
        "position": position_title(context.rates.position),
        "category": services.CATEGORIES[context.rates.category],
        "figures": [(one.key, one.title, to_scaled(one.percent)) for one in context.rates.rates],
        "removable": services.is_future(request.unit, context.rates),
        "may_manage": request.permits(MANAGE),
    }


@view_config(
    context=Rate,
    name="end",
    permission=MANAGE,
    request_method=("GET", "POST"),
    renderer="portal:modules/taxes/templates/rate_end.jinja2",
)
def end(context: Rate, request: Request) -> Any:
    """Let the set end on a day."""
    form = EndForm(request)
    if not request.submitted:
        return {"form": form, "rates": context.rates}
    form.check()
    services.end_rates(request.unit, context.rates, form.last_day.data)
    request.flash(_("The rates end on that day."))
    return HTTPSeeOther(request.resource_path(context))


@view_config(context=Rate, name="remove", permission=MANAGE, request_method="POST", show="")
def remove(context: Rate, request: Request) -> Response:
    """Take away a set that has not begun."""
    services.remove_rates(request.unit, context.rates)
    request.flash(_("The rates were removed."))
    return HTTPSeeOther("/taxes/")
