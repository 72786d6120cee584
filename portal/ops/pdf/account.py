"""The payload of a customer's statement of account."""

from __future__ import annotations

from portal.kernel.i18n import _
from portal.ops.pdf.document import AgeingBucket, Statement, StatementRow
from portal.ops.pdf.formats import Formats
from portal.ops.pdf.labels import ENTRIES, Translator, translator
from portal.ops.pdf.letter import Payload, letter


def statement_payload(statement: Statement) -> Payload:
    """All that the template of a statement prints. Raises as `Formats` does."""
    formats = Formats(statement.language, statement.currency)
    t = translator(statement.language)
    facts = [
        (t(_("Customer no.")), statement.account_number),
        (t(_("Date")), formats.date(statement.issue_date)),
        (t(_("Currency")), statement.currency),
        (t(_("Your VAT ID")), statement.customer.vat_id),
    ]
    title = t(_("Statement of account"))
    payload = letter(statement.seller, statement.customer, title, statement.issue_date, facts, formats, t)
    return {
        **payload,
        "watermark": None,
        "period": formats.period(statement.start, statement.end),
        "labels": [
            t(label)
            for label in (_("Date"), _("Document"), _("Reference"), _("Debit"), _("Credit"), _("Balance"))
        ],
        "opening": (t(_("Opening balance")), formats.amount(statement.opening_minor)),
        "rows": [_row(row, formats, t) for row in statement.rows],
        "closing": (t(_("Closing balance")), formats.money(statement.closing_minor)),
        "ageing": _ageing(statement, formats, t),
    }


def _row(row: StatementRow, formats: Formats, t: Translator) -> list[str]:
    return [
        formats.date(row.date),
        " ".join(filter(None, (t(ENTRIES[row.kind]), row.number))),
        row.reference,
        formats.amount(row.debit_minor) if row.debit_minor else "",
        formats.amount(row.credit_minor) if row.credit_minor else "",
        formats.amount(row.balance_minor),
    ]


def _ageing(statement: Statement, formats: Formats, t: Translator) -> Payload | None:
    if not statement.ageing:
        return None
    buckets = [(_bucket(bucket, t), formats.amount(bucket.amount_minor)) for bucket in statement.ageing]
    if statement.credits_minor:
        buckets.append((t(_("Credits")), formats.amount(statement.credits_minor)))
    return {"label": t(_("Open items by days overdue")), "buckets": buckets}


def _bucket(bucket: AgeingBucket, t: Translator) -> str:
    if bucket.first is None:
        return t(_("Not due"))
    if bucket.last is None:
        return t(_("From ${first} days", mapping={"first": str(bucket.first)}))
    return t(_("${first} to ${last} days", mapping={"first": str(bucket.first), "last": str(bucket.last)}))
