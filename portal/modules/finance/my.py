"""The customer's side: /my/<account>/invoices and /my/<account>/statement."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.i18n import Text, _
from portal.kernel.tree import CustomerRoot, Node
from portal.modules.finance import CARD
from portal.modules.finance.forms import period
from portal.modules.finance.permissions import MY_PAY, MY_STATEMENTS, MY_VIEW
from portal.modules.finance.services import own, statement_csv
from portal.modules.finance.services.own import OwnStatement
from portal.modules.finance.statements import statement_pdf_response, statement_response
from portal.ops import documents
from portal.web.request import Request

_TEMPLATES = "portal:modules/finance/templates/"


class MyInvoices(CustomerRoot):
    """/my/<account>/invoices"""

    card: ClassVar[Card] = CARD
    request: Request

    @property
    def title(self) -> Text:
        """What breadcrumbs call it."""
        return _("Invoices")

    def __getitem__(self, segment: str) -> Node:
        found = own.find(self.request.unit, self.scope, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return MyInvoice(self.request, segment, self, found)


class MyInvoice(Node):
    """A posted document of the account."""

    request: Request

    def __init__(self, request: Request, name: str, parent: MyInvoices, row: Any) -> None:
        super().__init__(request, name, parent)
        self.scope = parent.scope
        self.row = row

    @property
    def title(self) -> Any:
        """Its number."""
        return self.row.number


class MyStatement(CustomerRoot):
    """/my/<account>/statement"""

    card: ClassVar[Card] = CARD
    request: Request
    of_whole_account = frozenset({MY_STATEMENTS})

    @property
    def title(self) -> Text:
        """What breadcrumbs call it."""
        return _("Statement")


@view_config(
    context=MyInvoices, permission=MY_VIEW, request_method="GET", renderer=f"{_TEMPLATES}my_invoices.jinja2"
)
def invoices(context: MyInvoices, request: Request) -> dict[str, Any]:
    """The account's invoices and credit notes, newest first, and to those who pay what is owed."""
    page = own.OWN_INVOICES.page(
        request.db, request.GET, own.own_documents(context.scope), base=request.resource_path(context)
    )
    owed = own.owed(request.unit, context.scope) if request.permits(MY_PAY) else []
    return {"page": page, "owed": owed}


@view_config(context=MyInvoices, name="csv", permission=MY_VIEW, request_method="GET")
def invoices_csv(context: MyInvoices, request: Request) -> Response:
    """The same as a file."""
    return own.OWN_INVOICES.csv(request, own.own_documents(context.scope))


@view_config(
    context=MyInvoice, permission=MY_VIEW, request_method="GET", renderer=f"{_TEMPLATES}my_invoice.jinja2"
)
def invoice(context: MyInvoice, request: Request) -> dict[str, Any]:
    """An invoice: what is open of it, and to those who pay how it is paid."""
    return {
        "invoice": own.get(request.unit, context.scope, context.row),
        "kinds": own.KINDS,
        "settled_by": own.payments_of(request.unit, context.scope, context.row),
        "today": request.unit.today(),
        "may_pay": request.permits(MY_PAY),
    }


@view_config(context=MyInvoice, name="pdf", permission=MY_VIEW, request_method="GET")
def invoice_pdf(context: MyInvoice, request: Request) -> Response:
    """The PDF as it was issued."""
    issued = own.pdf(request.unit, context.scope, context.row)
    if issued is None:
        raise HTTPNotFound
    return documents.response(request.db, issued)


@view_config(
    context=MyStatement,
    permission=MY_STATEMENTS,
    request_method="GET",
    renderer=f"{_TEMPLATES}my_statement.jinja2",
)
def statement(context: MyStatement, request: Request) -> dict[str, Any]:
    """The account's movements with the running balance."""
    found, asked = _statement(context, request), period(request)
    query = urlencode({**asked.query, "currency": found.account.currency})
    return {"found": found, "period": asked, "kinds": statement_csv.KINDS, "query": query, "hidden": {}}


@view_config(context=MyStatement, name="pdf", permission=MY_STATEMENTS, request_method="GET")
def statement_pdf(context: MyStatement, request: Request) -> Response:
    """The same as a PDF."""
    return statement_pdf_response(_statement(context, request), request)


@view_config(context=MyStatement, name="csv", permission=MY_STATEMENTS, request_method="GET")
def statement_file(context: MyStatement, request: Request) -> Response:
    """The same as a CSV file."""
    return statement_response(_statement(context, request), request)


def _statement(context: MyStatement, request: Request) -> OwnStatement:
    asked = period(request)
    currency = request.GET.get("currency") or None
    return own.account_statement(request.unit, context.scope, currency, asked.start, asked.end)
