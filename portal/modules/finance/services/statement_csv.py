"""A customer's statement as rows of a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portal.kernel.i18n import Text, _
from portal.modules.finance.services.account import AccountStatement
from portal.web.export import Cell
from portal.web.formats import plain_money

KINDS: dict[str, Text] = {
    "invoice": _("Invoice"),
    "credit_note": _("Credit note"),
    "payment": _("Payment"),
    "reversal": _("Reversal"),
    "entry": _("Opening item"),
}
HEAD: Sequence[Text] = (
    _("Date"),
    _("Document"),
    _("Number"),
    _("Reference"),
    _("Debit"),
    _("Credit"),
    _("Balance"),
    _("Currency"),
)


def rows(account: AccountStatement) -> Iterator[list[Cell | Text]]:
    """The opening balance and each movement."""
    code = account.currency
    opening = plain_money(account.opening, code)
    yield [account.start, _("Opening balance"), None, None, None, None, opening, code]
    for row in account.rows:
        yield [
            row.day,
            KINDS[row.kind],
            row.number,
            row.reference,
            plain_money(row.debit, code) if row.debit else None,
            plain_money(row.credit, code) if row.credit else None,
            plain_money(row.balance, code),
            code,
        ]
