"""What `portal verify` hashes anew: the chains of entries and allocations, and documents as they were posted.

Its own SQL and serialisation, sharing nothing with the services.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Date, Integer, text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding
from portal.kernel.db import UtcDateTime

_BATCH = 1000

# --- entries -------------------------------------------------------------------------------------------------

_UNCOUNTED = """
SELECT DISTINCT e.journal FROM finance_entry e WHERE NOT EXISTS
  (SELECT 1 FROM finance_counter c WHERE c.series = 'journal:' || e.journal AND c.year = 0)
"""
_COUNTED = "SELECT series, last, last_hash FROM finance_counter WHERE year = 0 AND series LIKE 'journal:%'"
_ENTRIES = text(
    """
SELECT e.journal, e.number, e.public_id, e.day, e.text, e.currency, e.document, e.document_digest, e.reverses_id,
  e.posted_at, e.posted_by, e.previous_hash, e.hash, l.position, l.account_id, l.base_amount,
  l.currency AS line_currency, l.amount, l.customer_id, l.tax_key, l.text AS line_text
FROM finance_entry e LEFT JOIN finance_entry_line l ON l.entry_id = e.id
ORDER BY e.journal, e.number, l.position
"""
).columns(day=Date, posted_at=UtcDateTime, number=Integer)


def entries_are_chained(session: Session) -> Iterator[Finding]:
    """The hashes of all entries, computed anew from what is stored, follow one another without a gap."""
    rows = session.execute(_ENTRIES, execution_options={"yield_per": _BATCH})
    previous: dict[str, tuple[int, str]] = {}
    for (journal, number), lines in groupby(rows, key=lambda row: (row.journal, row.number)):
        found = list(lines)
        head = found[0]
        last_number, last_hash = previous.get(journal, (0, ""))
        name = f"{journal} {number}"
        if number != last_number + 1:
            yield Finding("finance.chain", name, f"follows the entry {last_number} of its journal")
        if head.previous_hash != last_hash:
            yield Finding("finance.chain", name, "does not carry the hash of the entry before it")
        if head.hash != _sha256(f"{head.previous_hash}\n{_json(_entry(found))}"):
            yield Finding("finance.chain", name, "its content is not what was posted")
        previous[journal] = (number, head.hash)
    for row in session.execute(text(_UNCOUNTED)):
        yield Finding("finance.chain", f"journal:{row.journal}", "has entries, but no counter")
    for row in session.execute(text(_COUNTED)):
        if previous.get(row.series.removeprefix("journal:"), (0, "")) != (row.last, row.last_hash):
            yield Finding("finance.chain", row.series, "its counter does not stand at the last entry")


def _entry(rows: Sequence[Any]) -> dict[str, Any]:
    head = rows[0]
    return {
        "public_id": head.public_id,
        "journal": head.journal,
        "number": head.number,
        "day": head.day.isoformat(),
        "text": head.text,
        "currency": head.currency,
        "document": head.document,
        "document_digest": head.document_digest,
        "reverses": head.reverses_id,
        "posted_at": head.posted_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "posted_by": head.posted_by,
        "lines": [
            [
                row.position,
                row.account_id,
                row.base_amount,
                row.line_currency,
                row.amount,
                row.customer_id,
                row.tax_key,
                row.line_text,
            ]
            for row in rows
            if row.position is not None
        ],
    }


# --- allocations ---------------------------------------------------------------------------------------------

_ALLOCATIONS = text(
    """
SELECT number, public_id, customer_id, currency, invoice_id, payment_id, credit_note_id, day, amount, base_amount,
  base_other, entry_id, undoes_id, created_at, created_by, previous_hash, hash
FROM finance_allocation ORDER BY number
"""
).columns(day=Date, created_at=UtcDateTime)
_ALLOCATED = "SELECT last, last_hash FROM finance_counter WHERE series = 'allocations' AND year = 0"


def allocations_are_chained(session: Session) -> Iterator[Finding]:
    """Allocations are as they were written, and none is missing, added or put before another one."""
    last_number, last_hash = 0, ""
    for row in session.execute(_ALLOCATIONS, execution_options={"yield_per": _BATCH}).mappings():
        content = {**row}
        number, previous, found = row["number"], content.pop("previous_hash"), content.pop("hash")
        name = f"allocation {number}"
        yield from _missing(last_number + 1, number - 1)
        if number == last_number + 1 and previous != last_hash:
            yield Finding("finance.allocation", name, "does not carry the hash of the allocation before it")
        if found != _sha256(f"{previous}\n{_json(_plain(content))}"):
            yield Finding("finance.allocation", name, "is not what was allocated")
        last_number, last_hash = number, found
    counter = session.execute(text(_ALLOCATED)).first()
    counted, noted = (counter.last, counter.last_hash) if counter is not None else (0, "")
    yield from _missing(last_number + 1, counted)
    if last_number > counted:
        for number in range(counted + 1, last_number + 1):
            yield Finding("finance.allocation", f"allocation {number}", "was added past its counter")
    elif last_number == counted and last_hash != noted:
        yield Finding("finance.allocation", f"allocation {counted}", "is not the one that its counter notes")


def _missing(first: int, last: int) -> Iterator[Finding]:
    if first == last:
        yield Finding("finance.allocation", f"allocation {first}", "is missing")
    elif first < last:
        yield Finding("finance.allocation", f"allocations {first} to {last}", "are missing")


# --- documents -----------------------------------------------------------------------------------------------

_DOCUMENTS = text(
    """
SELECT i.id, e.document_digest, i.kind, i.number, i.series, i.year, i.sequence, i.customer_id, i.customer_name,
  i.customer_number, i.customer_vat_id, i.customer_reference, i.order_id, i.order_number, i.corrects_id, i.receivable_id,
  i.language, i.billing_address, i.delivery_address, i.contact, i.responsible, i.notes, i.invoice_date, i.delivery_date,
  i.due_date, i.tax_date, i.reported_on, i.payment_days, i.payment_terms, i.currency, i.exchange_rate, i.policy,
  i.tax_position, i.net, i.tax, i.gross, i.base_net, i.base_tax, i.base_gross, i.department_id, i.department
FROM finance_invoice i JOIN finance_entry e ON e.id = i.entry_id
WHERE i.state = 'posted' AND i.id > :after ORDER BY i.id LIMIT :batch
"""
).columns(invoice_date=Date, delivery_date=Date, due_date=Date, tax_date=Date, reported_on=Date)
_LINES = text(
    """
SELECT invoice_id, position, order_line_id, corrects_id, sku, name, description, unit, quantity, unit_price, discount,
  tax_class, tax_category, rates, exemption, net, tax, gross
FROM finance_invoice_line WHERE invoice_id BETWEEN :first AND :last ORDER BY invoice_id, position
"""
)
_TAXES = text(
    """
SELECT invoice_id, position, key, title, category, exemption, percent, base, amount, base_base, base_amount
FROM finance_invoice_tax WHERE invoice_id BETWEEN :first AND :last ORDER BY invoice_id, position
"""
)
_PAYMENTS = text(
    """
SELECT p.number, e.document_digest, p.customer_id, p.customer_name, p.day, p.reference, p.currency, p.exchange_rate,
  p.amount, p.base_amount, p.account_id, p.receivable_id
FROM finance_payment p JOIN finance_entry e ON e.id = p.entry_id ORDER BY p.id
"""
).columns(day=Date)
_REVERSALS = text(
    """
SELECT p.number, e.document_digest, r.payment_id, r.day, r.reason
FROM finance_payment_reversal r JOIN finance_payment p ON p.id = r.payment_id JOIN finance_entry e ON e.id = r.entry_id
ORDER BY r.id
"""
).columns(day=Date)
_FORSAKEN = """
SELECT e.journal, e.number FROM finance_entry e WHERE e.document_digest <> ''
  AND NOT EXISTS (SELECT 1 FROM finance_invoice i WHERE i.entry_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM finance_payment p WHERE p.entry_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM finance_payment_reversal r WHERE r.entry_id = e.id)
"""


def documents_as_posted(session: Session) -> Iterator[Finding]:
    """Documents and payments that are not, word for word, what their entry took the digest of."""
    after = 0
    while found := session.execute(_DOCUMENTS, {"after": after, "batch": _BATCH}).mappings().all():
        span = {"first": found[0]["id"], "last": found[-1]["id"]}
        lines, taxes = (_by_document(session, parts, span) for parts in (_LINES, _TAXES))
        for row in found:
            content = {**row}
            document_id, digest = content.pop("id"), content.pop("document_digest")
            if content["department_id"] is None:
                # Of none it says nothing, as before there were any.
                del content["department_id"], content["department"]
            parts = {"lines": lines.get(document_id, []), "taxes": taxes.get(document_id, [])}
            if _sha256(_json({**_plain(content), **parts})) != digest:
                yield Finding("finance.documents", row["number"], "does not say what was posted")
        after = found[-1]["id"]
    for statement, wrong in (
        (_PAYMENTS, "does not say what was posted"),
        (_REVERSALS, "its reversal does not say what was posted"),
    ):
        for row in session.execute(statement, execution_options={"yield_per": _BATCH}).mappings():
            content = {**row}
            number, digest = content.pop("number"), content.pop("document_digest")
            if _sha256(_json(_plain(content))) != digest:
                yield Finding("finance.documents", number, wrong)
    for row in session.execute(text(_FORSAKEN)):
        yield Finding("finance.documents", f"{row.journal} {row.number}", "its document is missing")


def _by_document(session: Session, statement: Any, span: Mapping[str, int]) -> dict[int, list[Any]]:
    parts: dict[int, list[Any]] = {}
    for row in session.execute(statement, span).mappings():
        content = {**row}
        parts.setdefault(content.pop("invoice_id"), []).append(_plain(content))
    return parts


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """Days and moments as ISO texts; an empty text says as much as none."""
    return {name: _said(value) for name, value in content.items()}


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else None if value == "" else value


def _sha256(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8")).hexdigest()


# --- heads ---------------------------------------------------------------------------------------------------

_LAST = """
SELECT UPPER(journal) || '-' || number AS name, hash FROM finance_entry e
WHERE number = (SELECT MAX(number) FROM finance_entry o WHERE o.journal = e.journal)
UNION ALL
SELECT 'ALLOCATION-' || number, hash FROM finance_allocation
WHERE number = (SELECT MAX(number) FROM finance_allocation) ORDER BY name
"""
_NAMED_ENTRY = "SELECT hash FROM finance_entry WHERE journal = :series AND number = :number"
_NAMED_ALLOCATION = "SELECT hash FROM finance_allocation WHERE number = :number AND :series = 'allocation'"


def links(session: Session, names: Collection[str] | None) -> Mapping[str, str]:
    """The hashes of these entries (`SALES-12`) and allocations (`ALLOCATION-7`); without names, of the last of each chain."""
    if names is None:
        return {row.name: row.hash for row in session.execute(text(_LAST))}
    found: dict[str, str] = {}
    for name in names:
        series, _dash, number = name.lower().rpartition("-")
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            continue
        for statement in (_NAMED_ENTRY, _NAMED_ALLOCATION):
            for row in session.execute(text(statement), {"series": series, "number": int(number)}):
                found[name] = row.hash
    return found
