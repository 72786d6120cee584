"""A customer's statement as a file, alike for employees and for the customer."""

from __future__ import annotations

from pyramid.response import Response

from portal.kernel.i18n import TranslationString
from portal.modules.finance.services import own, statement_csv
from portal.modules.finance.services.own import OwnStatement
from portal.ops import documents
from portal.ops.pdf import render
from portal.web.export import csv_response
from portal.web.request import Request


def statement_pdf_response(found: OwnStatement, request: Request) -> Response:
    """The statement as a PDF."""
    name = f"statement-{found.customer.number}-{found.account.end.isoformat()}.pdf"
    return documents.pdf_response(render(own.printed(request.unit, found)), name)


def statement_response(found: OwnStatement, request: Request) -> Response:
    """The statement as a CSV file."""
    rows = (
        [request.translate(cell) if isinstance(cell, TranslationString) else cell for cell in row]
        for row in statement_csv.rows(found.account)
    )
    head = [request.translate(title) for title in statement_csv.HEAD]
    return csv_response(f"statement-{found.customer.number}", head, rows, request.locale_name)
