"""Reports: open items, aged receivables, trial balance, taxes, a customer's statement."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.modules.customers.interfaces import ICustomers
from portal.modules.finance.forms import day_of, period
from portal.modules.finance.permissions import VIEW
from portal.modules.finance.resources import Reports
from portal.modules.finance.services import ageing, own, reports, statement_csv
from portal.modules.finance.services.own import OwnStatement
from portal.modules.finance.statements import statement_pdf_response, statement_response
from portal.web.export import csv_response
from portal.web.formats import plain_money
from portal.web.request import Request

_TEMPLATES = "portal:modules/finance/templates/"
#: Customers that the page of aged receivables lists; its CSV file has all of them.
_LISTED = 200


@view_config(context=Reports, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}reports.jinja2")
def overview(context: Reports, request: Request) -> dict[str, Any]:
    """The reports there are."""
    return {}


@view_config(
    context=Reports,
    name="aged",
    permission=VIEW,
    request_method="GET",
    renderer=f"{_TEMPLATES}aged.jinja2",
)
def aged(context: Reports, request: Request) -> dict[str, Any]:
    """Aged receivables as of any day."""
    day = day_of(request, "day", request.unit.today())
    report = ageing.aged_receivables(request.unit, day, _LISTED)
    names = request.unit.ask(ICustomers).names([one.customer_id for one in report.customers])
    return {"report": report, "names": names, "currency": request.company.currency}


@view_config(context=Reports, name="aged.csv", permission=VIEW, request_method="GET")
def aged_csv(context: Reports, request: Request) -> Response:
    """The same as a file, with all customers."""
    code = request.company.currency
    report = ageing.aged_receivables(request.unit, day_of(request, "day", request.unit.today()))
    names = request.unit.ask(ICustomers).names([one.customer_id for one in report.customers])
    head = [request.translate(title) for title in (_("Customer"), *_AGED_TITLES, _("Total"), _("Currency"))]
    rows = (
        [
            names.get(one.customer_id, ""),
            *(plain_money(amount, code) for amount in (*one.aged.buckets, one.aged.credits, one.aged.total)),
            code,
        ]
        for one in report.customers
    )
    return csv_response(f"aged-{report.day.isoformat()}", head, rows, request.locale_name)


_AGED_TITLES = (
    _("Not due"),
    _("1–30 days"),
    _("31–60 days"),
    _("61–90 days"),
    _("From 91 days"),
    _("Not allocated"),
)


@view_config(
    context=Reports,
    name="trial-balance",
    permission=VIEW,
    request_method="GET",
    renderer=f"{_TEMPLATES}trial_balance.jinja2",
)
def trial_balance(context: Reports, request: Request) -> dict[str, Any]:
    """The balances of all accounts; each leads to the entries behind it."""
    asked = period(request)
    rows = reports.trial_balance(request.unit, asked.start, asked.end)
    return {
        "rows": rows,
        "period": asked,
        "query": urlencode(asked.query),
        "currency": request.company.currency,
        "totals": {
            "opening": sum(row.opening for row in rows),
            "debit": sum(row.debit for row in rows),
            "credit": sum(row.credit for row in rows),
            "closing": sum(row.closing for row in rows),
        },
    }


@view_config(context=Reports, name="trial-balance.csv", permission=VIEW, request_method="GET")
def trial_balance_csv(context: Reports, request: Request) -> Response:
    """The same as a file."""
    asked = period(request)
    code = request.company.currency
    titles = (_("Account"), _("Name"), _("Opening"), _("Debit"), _("Credit"), _("Closing"), _("Currency"))
    rows = (
        [
            row.number,
            row.name,
            *(plain_money(amount, code) for amount in (row.opening, row.debit, row.credit, row.closing)),
            code,
        ]
        for row in reports.trial_balance(request.unit, asked.start, asked.end)
    )
    head = [request.translate(title) for title in titles]
    return csv_response("trial-balance", head, rows, request.locale_name)


@view_config(
    context=Reports,
    name="taxes",
    permission=VIEW,
    request_method="GET",
    renderer=f"{_TEMPLATES}tax_summary.jinja2",
)
def taxes(context: Reports, request: Request) -> dict[str, Any]:
    """Taxes by rate over a period, by the tax point of the documents."""
    asked = period(request)
    rows = reports.tax_summary(request.unit, asked.start, asked.end)
    return {
        "rows": rows,
        "period": asked,
        "currency": request.company.currency,
        "total": (sum(row.base for row in rows), sum(row.amount for row in rows)),
    }


@view_config(context=Reports, name="taxes.csv", permission=VIEW, request_method="GET")
def taxes_csv(context: Reports, request: Request) -> Response:
    """The same as a file."""
    asked = period(request)
    code = request.company.currency
    titles = (_("Tax"), _("Title"), _("Category"), _("Taxable amount"), _("Tax amount"), _("Currency"))
    rows = (
        [row.key, row.title, row.category, plain_money(row.base, code), plain_money(row.amount, code), code]
        for row in reports.tax_summary(request.unit, asked.start, asked.end)
    )
    return csv_response("taxes", [request.translate(title) for title in titles], rows, request.locale_name)


# --- statement -----------------------------------------------------------------------------------------------


@view_config(
    context=Reports,
    name="statement",
    permission=VIEW,
    request_method="GET",
    renderer=f"{_TEMPLATES}statement.jinja2",
)
def customer_statement(context: Reports, request: Request) -> dict[str, Any]:
    """A customer's account with the running balance."""
    found = _statement(request)
    asked = period(request)
    query = {**asked.query, "customer": found.customer.public_id, "currency": found.account.currency}
    return {
        "found": found,
        "period": asked,
        "kinds": statement_csv.KINDS,
        "query": urlencode(query),
        "hidden": {"customer": found.customer.public_id},
    }


@view_config(context=Reports, name="statement.pdf", permission=VIEW, request_method="GET")
def customer_statement_pdf(context: Reports, request: Request) -> Response:
    """The same as a PDF."""
    return statement_pdf_response(_statement(request), request)


@view_config(context=Reports, name="statement.csv", permission=VIEW, request_method="GET")
def customer_statement_csv(context: Reports, request: Request) -> Response:
    """The same as a CSV file."""
    return statement_response(_statement(request), request)


def _statement(request: Request) -> OwnStatement:
    customer = request.unit.ask(ICustomers).find(request.GET.get("customer", ""))
    if customer is None:
        raise HTTPNotFound
    asked = period(request)
    currency = request.GET.get("currency") or None
    return own.statement_for(request.unit, customer, currency, asked.start, asked.end)
