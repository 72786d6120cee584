"""Business documents as PDF: a pure renderer without database, network, clock or request.

A caller describes a document completely by stored facts (`PrintDocument`, `Statement`) and gets the bytes of a PDF/A
in the document's language from `render`. The same description gives the same bytes, so that what is rendered at
issue can be stored by its hash.
"""

from __future__ import annotations

from portal.ops.pdf.document import (
    AgeingBucket,
    Bank,
    DocumentKind,
    EntryKind,
    Party,
    PrintDocument,
    PrintLine,
    PrintTax,
    Seller,
    Statement,
    StatementRow,
)
from portal.ops.pdf.render import render

__all__ = [
    "AgeingBucket",
    "Bank",
    "DocumentKind",
    "EntryKind",
    "Party",
    "PrintDocument",
    "PrintLine",
    "PrintTax",
    "Seller",
    "Statement",
    "StatementRow",
    "render",
]
