"""Pages of exchange rates."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import select

from portal.kernel.i18n import _
from portal.kernel.money import CURRENCIES, from_scaled
from portal.modules.taxes import services
from portal.modules.taxes.forms import CorrectionForm, ExchangeRateForm
from portal.modules.taxes.models import ExchangeRateRow
from portal.modules.taxes.permissions import MANAGE, VIEW
from portal.modules.taxes.resources import ExchangeRate, ExchangeRates
from portal.web.lists import ChoiceFilter, Column, DateFilter, Listing
from portal.web.request import Request

EXCHANGE_RATES = Listing(
    base=select(ExchangeRateRow.id),
    id=ExchangeRateRow.id,
    columns=(
        Column("day", _("Valid from"), ExchangeRateRow.day, "date", sort=True, to="public_id"),
        Column("public_id", "", ExchangeRateRow.public_id, hidden=True),
        Column("currency", _("Currency"), ExchangeRateRow.currency, sort=True),
        Column("rate", _("Exchange rate"), ExchangeRateRow.rate, "quantity"),
        Column("recorded_by", _("Recorded by"), ExchangeRateRow.recorded_by),
        Column("recorded_at", _("Recorded"), ExchangeRateRow.recorded_at, "datetime"),
    ),
    default="-day",
    name="exchange-rates",
    filters=(
        ChoiceFilter(
            "currency",
            _("Currency"),
            {code: code for code in CURRENCIES},
            lambda value: ExchangeRateRow.currency == value,
        ),
        DateFilter("day", _("Valid from"), ExchangeRateRow.day),
    ),
)


@view_config(
    context=ExchangeRates,
    permission=VIEW,
    request_method="GET",
    renderer="portal:modules/taxes/templates/exchange_rates.jinja2",
)
def exchange_rates(context: ExchangeRates, request: Request) -> dict[str, Any]:
    """Exchange rates, newest first."""
    may_manage = request.permits(MANAGE)
    base = request.resource_path(context)
    page = EXCHANGE_RATES.page(
        request.db, request.GET, base=base, bases={"day": base if may_manage else None}
    )
    return {"page": page, "may_manage": may_manage}


@view_config(context=ExchangeRates, name="csv", permission=VIEW, request_method="GET")
def exchange_rates_csv(context: ExchangeRates, request: Request) -> Response:
    """The same as a file."""
    return EXCHANGE_RATES.csv(request)


@view_config(
    context=ExchangeRates,
    name="new",
    permission=MANAGE,
    request_method=("GET", "POST"),
    renderer="portal:modules/taxes/templates/form.jinja2",
)
def new(context: ExchangeRates, request: Request) -> Any:
    """A new rate."""
    form = ExchangeRateForm(request, {"day": request.unit.today()})
    form.rate.unit = request.company.currency
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": _("New exchange rate"), "back": back, "hint": _hint(request)}
    form.check()
    services.add_exchange_rate(request.unit, form.currency.data, form.day.data, from_scaled(form.rate.data))
    request.flash(_("The exchange rate was recorded."))
    return HTTPSeeOther(back)


@view_config(
    context=ExchangeRate,
    permission=MANAGE,
    request_method=("GET", "POST"),
    renderer="portal:modules/taxes/templates/form.jinja2",
)
def correct(context: ExchangeRate, request: Request) -> Any:
    """Correct a mistyped rate."""
    form = CorrectionForm(request, {"rate": context.row.rate})
    form.rate.unit = request.company.currency
    back = request.resource_path(context.__parent__)
    if not request.submitted:
        heading = _(
            "${currency} from ${date}",
            mapping={"currency": context.row.currency, "date": context.row.day},
        )
        return {"form": form, "heading": heading, "back": back, "hint": _hint(request)}
    form.check()
    services.correct_exchange_rate(request.unit, context.row, from_scaled(form.rate.data))
    request.flash(_("The exchange rate was corrected."))
    return HTTPSeeOther(back)


def _hint(request: Request) -> Any:
    base = request.company.currency
    return _("What one unit of the foreign currency costs in ${base}.", mapping={"base": base})
