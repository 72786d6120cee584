"""What hashes cover: documents as they were posted, and allocations one after another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from portal.modules.finance.models import Invoice, InvoiceLine, Payment

#: A row, or its columns by name before it is written.
Row = Mapping[str, Any] | Invoice | InvoiceLine | Payment

#: What a document prints and is booked by; its public id is in the entry, its open amounts are the allocations'.
HEADER = (
    "kind", "number", "series", "year", "sequence", "customer_id", "customer_name", "customer_number",
    "customer_vat_id", "customer_reference", "order_id", "order_number", "corrects_id", "receivable_id", "language",
    "billing_address", "delivery_address", "contact", "responsible", "notes", "invoice_date", "delivery_date",
    "due_date", "tax_date", "reported_on", "payment_days", "payment_terms", "currency", "exchange_rate", "policy",
    "tax_position", "net", "tax", "gross", "base_net", "base_tax", "base_gross",
)  # fmt: skip
#: Of the header what a document need not have. It is covered where there is something, so that documents from before
#: there was such a thing keep their digests.
FURTHER = ("department_id", "department")
LINE = (
    "position", "order_line_id", "corrects_id", "sku", "name", "description", "unit", "quantity", "unit_price",
    "discount", "tax_class", "tax_category", "rates", "exemption", "net", "tax", "gross",
)  # fmt: skip
TAX = (
    "position", "key", "title", "category", "exemption", "percent", "base", "amount", "base_base", "base_amount",
)  # fmt: skip
#: A payment is called as its entry.
PAYMENT = (
    "customer_id", "customer_name", "day", "reference", "currency", "exchange_rate", "amount", "base_amount",
    "account_id", "receivable_id",
)  # fmt: skip
REVERSAL = ("payment_id", "day", "reason")
ALLOCATION = (
    "number", "public_id", "customer_id", "currency", "invoice_id", "payment_id", "credit_note_id", "day", "amount",
    "base_amount", "base_other", "entry_id", "undoes_id", "created_at", "created_by",
)  # fmt: skip


def canonical(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys and without spaces."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def of_document(header: Row, lines: Sequence[Row] = (), taxes: Sequence[Row] = ()) -> str:
    """The digest of an invoice, credit note or opening item, with lines and taxes in their order."""
    return _sha256(
        canonical(
            {
                **_picked(header, HEADER),
                **{name: value for name, value in _picked(header, FURTHER).items() if value is not None},
                "lines": [_picked(line, LINE) for line in lines],
                "taxes": [_picked(row, TAX) for row in taxes],
            }
        )
    )


def of_payment(payment: Row) -> str:
    """The digest of a payment."""
    return _sha256(canonical(_picked(payment, PAYMENT)))


def of_reversal(reversal: Row) -> str:
    """The digest of the reversal of a payment."""
    return _sha256(canonical(_picked(reversal, REVERSAL)))


def of_allocation(previous: str, allocation: Row) -> str:
    """The hash of an allocation, over the one before it."""
    return _sha256(f"{previous}\n{canonical(_picked(allocation, ALLOCATION))}")


def _picked(row: Row, names: Sequence[str]) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return {name: _plain(row.get(name)) for name in names}
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    """Days and moments as ISO texts; an empty text is nothing, as a column that was left out."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return None if value == "" else value


def _sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
