"""What `portal verify` recomputes of the books: its own SQL and arithmetic, sharing nothing with the services."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Boolean, Date, text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding
from portal.kernel.i18n import Text, _
from portal.modules.finance import chains, recomputing

_BATCH = 1000

# --- entries -----------------------------------------------------------------------------------------------

_UNBALANCED = """
SELECT e.journal, e.number, COUNT(l.id) AS lines, COALESCE(SUM(l.base_amount), 0) AS rest
FROM finance_entry e LEFT JOIN finance_entry_line l ON l.entry_id = e.id
GROUP BY e.id, e.journal, e.number HAVING COUNT(l.id) < 2 OR COALESCE(SUM(l.base_amount), 0) <> 0
"""
_UNPOSTED = "SELECT journal, number FROM finance_entry WHERE NOT posted"


def entries_balance(session: Session) -> Iterator[Finding]:
    """Every entry is posted, has two lines, and its debits equal its credits."""
    for row in session.execute(text(_UNBALANCED)):
        yield Finding(
            "finance.balance", f"{row.journal} {row.number}", f"{row.lines} lines that sum to {row.rest}"
        )
    for row in session.execute(text(_UNPOSTED)):
        yield Finding("finance.balance", f"{row.journal} {row.number}", "was written and never posted")


# --- subledger ---------------------------------------------------------------------------------------------

_SUBLEDGER = """
SELECT customer_id, SUM(ledger) AS ledger, SUM(items) AS items FROM (
  SELECT l.customer_id, l.base_amount AS ledger, 0 AS items FROM finance_entry_line l
    JOIN finance_account a ON a.id = l.account_id WHERE a.purpose = 'receivable'
  UNION ALL
  SELECT customer_id, 0, CASE WHEN kind = 'credit_note' THEN -base_open ELSE base_open END
    FROM finance_invoice WHERE state = 'posted'
  UNION ALL
  SELECT customer_id, 0, -base_open FROM finance_payment
) AS both_sides GROUP BY customer_id HAVING SUM(ledger) <> SUM(items)
"""


def subledger_equals_control(session: Session) -> Iterator[Finding]:
    """The open items of every customer equal their lines on the receivable accounts."""
    for row in session.execute(text(_SUBLEDGER)):
        yield Finding(
            "finance.subledger",
            f"customer {row.customer_id}",
            f"open items are {row.items}, the receivable accounts say {row.ledger}",
        )


# --- allocations -------------------------------------------------------------------------------------------

_INVOICES = """
SELECT i.public_id, i.number, i.open, i.base_open, i.gross, i.base_gross,
  COALESCE(a.amount, 0) AS used, COALESCE(a.base, 0) AS base_used
FROM finance_invoice i LEFT JOIN (
  SELECT id, SUM(amount) AS amount, SUM(base) AS base FROM (
    SELECT invoice_id AS id, amount, base_amount AS base FROM finance_allocation
    UNION ALL
    SELECT credit_note_id, amount, base_other FROM finance_allocation WHERE credit_note_id IS NOT NULL
  ) AS ends GROUP BY id
) AS a ON a.id = i.id
WHERE i.state = 'posted' AND (i.open <> i.gross - COALESCE(a.amount, 0)
  OR i.base_open <> i.base_gross - COALESCE(a.base, 0) OR i.open < 0 OR COALESCE(a.amount, 0) < 0)
"""
_PAYMENTS = """
SELECT p.number, p.open, p.amount, COALESCE(a.amount, 0) AS used, r.id AS reversal FROM finance_payment p
LEFT JOIN (SELECT payment_id, SUM(amount) AS amount, SUM(base_other) AS base FROM finance_allocation
  GROUP BY payment_id) AS a ON a.payment_id = p.id
LEFT JOIN finance_payment_reversal r ON r.payment_id = p.id
WHERE (r.id IS NULL AND (p.open <> p.amount - COALESCE(a.amount, 0)
    OR p.base_open <> p.base_amount - COALESCE(a.base, 0)))
  OR (r.id IS NOT NULL AND (p.open <> 0 OR p.base_open <> 0 OR COALESCE(a.amount, 0) <> 0))
  OR COALESCE(a.amount, 0) < 0 OR COALESCE(a.amount, 0) > p.amount
"""
_COUNTERS = """
SELECT c.number FROM finance_allocation c LEFT JOIN finance_allocation o ON o.id = c.undoes_id
WHERE (c.amount < 0 AND (o.id IS NULL OR o.amount <> -c.amount OR o.base_amount <> -c.base_amount
    OR o.base_other <> -c.base_other OR o.invoice_id <> c.invoice_id OR o.day > c.day))
  OR (c.amount > 0 AND c.undoes_id IS NOT NULL)
"""
_DIFFERENCES = """
SELECT e.journal, e.number FROM finance_entry e
JOIN (SELECT entry_id, SUM(base_other - base_amount) AS difference FROM finance_allocation
  WHERE entry_id IS NOT NULL GROUP BY entry_id) AS a ON a.entry_id = e.id
WHERE a.difference <> (SELECT COALESCE(SUM(l.base_amount), 0) FROM finance_entry_line l
  JOIN finance_account c ON c.id = l.account_id WHERE l.entry_id = e.id AND c.purpose = 'receivable')
"""


def allocations_fit(session: Session) -> Iterator[Finding]:
    """Open amounts are what allocations have left, none is below zero, and counter rows mirror what they undo."""
    for row in session.execute(text(_INVOICES)):
        yield Finding(
            "finance.allocation",
            row.number or row.public_id,
            f"{row.open} open of {row.gross}, though {row.used} is allocated "
            f"(in base {row.base_open} of {row.base_gross}, {row.base_used})",
        )
    for row in session.execute(text(_PAYMENTS)):
        yield Finding(
            "finance.allocation",
            row.number,
            f"{row.open} open of {row.amount}, though {row.used} is allocated",
        )
    for row in session.execute(text(_COUNTERS)):
        yield Finding(
            "finance.allocation", f"allocation {row.number}", "does not mirror the one that it takes back"
        )
    for row in session.execute(text(_DIFFERENCES)):
        yield Finding(
            "finance.allocation", f"{row.journal} {row.number}", "is not the difference of its allocations"
        )
    yield from recomputing.allocations_in_time(session)
    yield from chains.allocations_are_chained(session)


# --- numbers -----------------------------------------------------------------------------------------------

_GAPS = """
SELECT i.series, i.year, COUNT(*) AS documents, MIN(i.sequence) AS first, MAX(i.sequence) AS newest, c.last
FROM finance_invoice i LEFT JOIN finance_counter c ON c.series = i.series AND c.year = i.year
WHERE i.series IS NOT NULL GROUP BY i.series, i.year, c.last
HAVING COUNT(*) <> MAX(i.sequence) OR MIN(i.sequence) <> 1 OR c.last IS NULL OR c.last <> MAX(i.sequence)
"""
_EMPTY_SERIES = """
SELECT c.series, c.year, c.last FROM finance_counter c WHERE c.year <> 0 AND NOT EXISTS
  (SELECT 1 FROM finance_invoice i WHERE i.series = c.series AND i.year = c.year)
"""
_LABELS = """
SELECT number, series, year, sequence FROM finance_invoice WHERE state = 'posted' AND series IS NOT NULL
"""
_DATES = """
SELECT later.number FROM finance_invoice later JOIN finance_invoice earlier ON earlier.series = later.series
  AND earlier.year = later.year AND earlier.sequence = later.sequence - 1
WHERE earlier.invoice_date > later.invoice_date
"""


def numbers_are_gapless(session: Session) -> Iterator[Finding]:
    """Numbers of a series count from 1 without gaps up to the counter, in the order of their dates."""
    for row in session.execute(text(_GAPS)):
        yield Finding(
            "finance.numbers",
            f"{row.series}-{row.year}",
            f"{row.documents} documents from {row.first} to {row.newest}, the counter stands at {row.last}",
        )
    for row in session.execute(text(_EMPTY_SERIES)):
        yield Finding(
            "finance.numbers", f"{row.series}-{row.year}", f"counts {row.last}, but has no document"
        )
    for row in session.execute(text(_LABELS)):
        if row.number != f"{row.series}-{row.year}-{row.sequence:05d}":
            yield Finding("finance.numbers", row.number, f"should be number {row.sequence} of {row.series}")
    for row in session.execute(text(_DATES)):
        yield Finding("finance.numbers", row.number, "is dated before the document with the number before it")


# --- documents ---------------------------------------------------------------------------------------------

_ENTRIES = """
SELECT i.number, i.kind, i.base_gross, i.gross, e.id AS entry, e.day, i.invoice_date, e.posted,
  (SELECT COUNT(*) FROM finance_entry x WHERE x.document = 'finance.invoice:' || i.public_id
    AND x.journal IN ('sales', 'opening')) AS entries,
  (SELECT COALESCE(SUM(l.base_amount), 0) FROM finance_entry_line l
    WHERE l.entry_id = i.entry_id AND l.account_id = i.receivable_id AND l.customer_id = i.customer_id) AS base,
  (SELECT COALESCE(SUM(l.amount), 0) FROM finance_entry_line l
    WHERE l.entry_id = i.entry_id AND l.account_id = i.receivable_id AND l.customer_id = i.customer_id) AS amount,
  (SELECT COALESCE(SUM(l.amount), 0) FROM finance_entry_line l
    WHERE l.entry_id = i.entry_id AND l.tax_key <> '') AS taxes, i.tax
FROM finance_invoice i LEFT JOIN finance_entry e ON e.id = i.entry_id
WHERE i.state = 'posted'
"""
_PAYMENT_ENTRIES = """
SELECT p.number, p.amount, p.base_amount,
  (SELECT COUNT(*) FROM finance_entry e WHERE e.id = p.entry_id AND e.posted AND e.day = p.day
    AND e.document = 'finance.payment:' || p.public_id) AS entries,
  (SELECT COALESCE(SUM(l.base_amount), 0) FROM finance_entry_line l
    WHERE l.entry_id = p.entry_id AND l.account_id = p.account_id) AS bank,
  (SELECT COALESCE(SUM(l.base_amount), 0) FROM finance_entry_line l
    WHERE l.entry_id = p.entry_id AND l.account_id = p.receivable_id AND l.customer_id = p.customer_id) AS owed,
  r.id AS reversal, v.reverses_id AS reverses, p.entry_id
FROM finance_payment p LEFT JOIN finance_payment_reversal r ON r.payment_id = p.id
LEFT JOIN finance_entry v ON v.id = r.entry_id
"""
_ORPHANS = """
SELECT e.journal, e.number, e.document FROM finance_entry e WHERE e.journal IN ('sales', 'bank')
  AND NOT EXISTS (SELECT 1 FROM finance_invoice i WHERE i.entry_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM finance_payment p WHERE p.entry_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM finance_payment_reversal r WHERE r.entry_id = e.id)
"""


def documents_have_their_entries(session: Session) -> Iterator[Finding]:
    """Every posted document has exactly one entry of its amounts, and entries of those journals have a document."""
    typed = text(_ENTRIES).columns(day=Date, invoice_date=Date, posted=Boolean)
    for row in session.execute(typed):
        sign = -1 if row.kind == "credit_note" else 1
        if row.entry is None or row.entries != 1 or not row.posted or row.day != row.invoice_date:
            yield Finding("finance.documents", row.number, f"has {row.entries} entries of its date")
        elif (row.base, row.amount) != (sign * row.base_gross, sign * row.gross):
            yield Finding(
                "finance.documents", row.number, f"its entry says {row.amount} ({row.base} in base)"
            )
        elif row.kind != "opening" and row.taxes != -sign * row.tax:
            yield Finding("finance.documents", row.number, f"its entry posts {-sign * row.taxes} of taxes")
    for row in session.execute(text(_PAYMENT_ENTRIES)):
        if row.entries != 1 or (row.bank, row.owed) != (row.base_amount, -row.base_amount):
            yield Finding("finance.documents", row.number, f"its entry says {row.bank} in base")
        if row.reversal is not None and row.reverses != row.entry_id:
            yield Finding("finance.documents", row.number, "its reversal does not reverse its entry")
    for row in session.execute(text(_ORPHANS)):
        yield Finding("finance.documents", f"{row.journal} {row.number}", "belongs to no document")
    yield from recomputing.citations(session)
    yield from chains.documents_as_posted(session)


# --- totals ------------------------------------------------------------------------------------------------

_HEADERS = """
SELECT i.public_id, i.number, i.net, i.tax, i.gross, i.base_net, i.base_tax, i.base_gross,
  COALESCE(l.net, 0) AS line_net, COALESCE(l.tax, 0) AS line_tax, COALESCE(l.gross, 0) AS line_gross,
  COALESCE(t.amount, 0) AS tax_amount, COALESCE(t.base_amount, 0) AS tax_base
FROM finance_invoice i
LEFT JOIN (SELECT invoice_id, SUM(net) AS net, SUM(tax) AS tax, SUM(gross) AS gross FROM finance_invoice_line
  GROUP BY invoice_id) AS l ON l.invoice_id = i.id
LEFT JOIN (SELECT invoice_id, SUM(amount) AS amount, SUM(base_amount) AS base_amount FROM finance_invoice_tax
  GROUP BY invoice_id) AS t ON t.invoice_id = i.id
LEFT JOIN finance_invoice o ON o.id = i.corrects_id AND o.kind = 'opening'
WHERE i.kind <> 'opening' AND o.id IS NULL AND (i.net <> COALESCE(l.net, 0) OR i.tax <> COALESCE(l.tax, 0)
  OR i.gross <> COALESCE(l.gross, 0) OR i.tax <> COALESCE(t.amount, 0)
  OR i.base_tax <> COALESCE(t.base_amount, 0) OR i.base_gross <> i.base_net + i.base_tax)
"""
_LINES = """
SELECT i.public_id, i.number, l.position, l.net, l.tax, l.rates, l.invoice_id, l.credited, l.quantity,
  COALESCE((SELECT SUM(c.quantity) FROM finance_invoice_line c JOIN finance_invoice n ON n.id = c.invoice_id
    WHERE c.corrects_id = l.id AND n.state = 'posted'), 0) AS taken
FROM finance_invoice_line l JOIN finance_invoice i ON i.id = l.invoice_id ORDER BY l.invoice_id, l.position
"""
_TAXES = "SELECT invoice_id, key, base, amount FROM finance_invoice_tax"


def totals_are_right(session: Session) -> Iterator[Finding]:
    """Headers are the sums of their lines and taxes, each tax of its lines, and credited quantities of credit notes."""
    for row in session.execute(text(_HEADERS)):
        yield Finding(
            "finance.totals",
            row.number or f"draft {row.public_id}",
            f"net {row.net}, tax {row.tax}, total {row.gross}; its lines give {row.line_net}, {row.line_tax}, "
            f"{row.line_gross}, its taxes {row.tax_amount}",
        )
    stored: dict[int, dict[str, tuple[int, int]]] = {}
    for row in session.execute(text(_TAXES)):
        stored.setdefault(row.invoice_id, {})[row.key] = (row.base, row.amount)
    rows = session.execute(text(_LINES), execution_options={"yield_per": _BATCH})
    for invoice_id, lines in groupby(rows, key=lambda row: row.invoice_id):
        yield from _line_findings(list(lines), stored.get(invoice_id, {}))
    yield from recomputing.figures(session)


def _line_findings(lines: list[Any], stored: dict[str, tuple[int, int]]) -> Iterator[Finding]:
    name = lines[0].number or f"draft {lines[0].public_id}"
    sums: dict[str, tuple[int, int]] = {}
    for line in lines:
        rates: list[list[Any]] = json.loads(line.rates)
        for key, _title, _percent, amount in rates:
            base, tax = sums.get(key, (0, 0))
            sums[key] = (base + line.net, tax + amount)
        if sum(rate[3] for rate in rates) != line.tax:
            yield Finding(
                "finance.totals", f"{name} line {line.position}", f"its taxes do not sum to {line.tax}"
            )
        if line.credited != line.taken:
            yield Finding(
                "finance.totals",
                f"{name} line {line.position}",
                f"{line.credited} credited, though credit notes took back {line.taken}",
            )
    if sums != stored:
        yield Finding("finance.totals", name, f"its taxes are {stored}, its lines give {sums}")


CHECKS: tuple[tuple[str, Text, Callable[[Session], Iterator[Finding]]], ...] = (
    ("balance", _("Entries balance"), entries_balance),
    ("chain", _("Hash chain of the journals"), chains.entries_are_chained),
    ("subledger", _("Open items equal the receivable accounts"), subledger_equals_control),
    ("allocation", _("Allocations and open amounts"), allocations_fit),
    ("numbers", _("Numbers without gaps"), numbers_are_gapless),
    ("documents", _("Documents and their entries"), documents_have_their_entries),
    ("totals", _("Totals of invoices"), totals_are_right),
)
