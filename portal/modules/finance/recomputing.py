"""What `portal verify` works out anew of documents: dates, citations, figures. SQL and fractions, no service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

from sqlalchemy import Date, text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding
from portal.kernel.money import SCALE, exponent

_BATCH = 1000
_HUNDRED = 100 * SCALE

# --- what documents cite -------------------------------------------------------------------------------------

_CITED = """
SELECT i.number,
  CASE WHEN (i.series IS NOT NULL OR i.kind = 'opening') AND e.text <> SUBSTR(i.number || ' ' || i.customer_name, 1, 300)
    THEN 'its entry calls it otherwise'
  WHEN EXISTS (SELECT 1 FROM finance_entry_line l WHERE l.entry_id = e.id AND l.currency <> i.currency)
    THEN 'its entry is in another currency'
  WHEN i.kind = 'invoice' AND i.tax_date <> COALESCE(i.delivery_date, i.invoice_date)
    THEN 'its tax point is neither its delivery nor its own date'
  WHEN i.due_date < i.invoice_date AND i.kind <> 'opening' THEN 'it is due before its date'
  WHEN i.series IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ops_document d WHERE d.public_id = i.document
    AND d.about_kind = 'finance.invoice' AND d.about_public_id = i.public_id AND d.number = i.number)
    THEN 'the document that was issued is not its own'
  WHEN EXISTS (SELECT 1 FROM ops_document d WHERE d.public_id = i.document
    AND COALESCE(d.department_id, 0) <> COALESCE(i.department_id, 0))
    THEN 'the document that was issued is of another department'
  WHEN EXISTS (SELECT 1 FROM finance_invoice c WHERE c.id = i.corrects_id
    AND COALESCE(c.department_id, 0) <> COALESCE(i.department_id, 0))
    THEN 'it is of another department than what it corrects'
  WHEN (i.department_id IS NULL) <> (i.department = '') THEN 'it does not name its department'
  END AS wrong
FROM finance_invoice i JOIN finance_entry e ON e.id = i.entry_id WHERE i.state = 'posted'
"""
_CITED_BY_PAYMENTS = """
SELECT p.number,
  CASE WHEN p.number <> UPPER(e.journal) || '-' || e.number THEN 'is not called as its entry'
  WHEN e.text <> SUBSTR(p.customer_name || CASE WHEN p.reference = '' THEN '' ELSE ' ' || p.reference END, 1, 300)
    THEN 'its entry has another customer or reference'
  WHEN NOT EXISTS (SELECT 1 FROM finance_entry_line l WHERE l.entry_id = e.id AND l.account_id = p.account_id
    AND l.currency = p.currency AND l.amount = p.amount) THEN 'its entry has another amount'
  WHEN v.day <> r.day THEN 'its reversal is dated otherwise than the entry'
  END AS wrong
FROM finance_payment p JOIN finance_entry e ON e.id = p.entry_id
LEFT JOIN finance_payment_reversal r ON r.payment_id = p.id LEFT JOIN finance_entry v ON v.id = r.entry_id
"""


def citations(session: Session) -> Iterator[Finding]:
    """Posted documents and payments that say something else than their entries or what was issued."""
    for statement in (_CITED, _CITED_BY_PAYMENTS):
        for row in session.execute(text(f"SELECT * FROM ({statement}) AS found WHERE wrong IS NOT NULL")):  # noqa: S608
            yield Finding("finance.documents", row.number, row.wrong)


# --- allocations in time -------------------------------------------------------------------------------------

_DATED = """
SELECT a.number FROM finance_allocation a JOIN finance_invoice i ON i.id = a.invoice_id
LEFT JOIN finance_invoice n ON n.id = a.credit_note_id LEFT JOIN finance_payment p ON p.id = a.payment_id
LEFT JOIN finance_entry e ON e.id = a.entry_id
WHERE a.day < i.invoice_date OR a.day < n.invoice_date OR a.day < p.day OR a.day <> e.day
"""
_ENDS = text(
    """
SELECT place, number, whole, day, amount FROM (
  SELECT 1 AS place, i.number, i.gross AS whole, a.day, a.amount, a.invoice_id AS document
    FROM finance_allocation a JOIN finance_invoice i ON i.id = a.invoice_id
  UNION ALL
  SELECT 1, i.number, i.gross, a.day, a.amount, a.credit_note_id
    FROM finance_allocation a JOIN finance_invoice i ON i.id = a.credit_note_id
  UNION ALL
  SELECT 2, p.number, p.amount, a.day, a.amount, a.payment_id
    FROM finance_allocation a JOIN finance_payment p ON p.id = a.payment_id
) AS ends ORDER BY place, document, day
"""
).columns(day=Date)


def allocations_in_time(session: Session) -> Iterator[Finding]:
    """Allocations dated before their documents or otherwise than their entry, or of more than there was on some day."""
    for row in session.execute(text(_DATED)):
        yield Finding(
            "finance.allocation", f"allocation {row.number}", "is dated otherwise than what it connects"
        )
    rows = session.execute(_ENDS, execution_options={"yield_per": _BATCH})
    for (_place, number), moves in groupby(rows, key=lambda row: (row.place, row.number)):
        used = 0
        days: list[tuple[date, int]] = []
        for day, together in groupby(moves, key=lambda row: row.day):
            found = list(together)
            used += sum(row.amount for row in found)
            days.append((day, used - found[0].whole))
        wrong = [(day, over) for day, over in days if over > 0]
        if wrong:
            day, over = wrong[0]
            yield Finding(
                "finance.allocation", number, f"on {day} there is {over} more allocated than it has"
            )


# --- figures -------------------------------------------------------------------------------------------------

_FIGURES = """
SELECT i.id, i.public_id, i.number, i.currency, i.policy, i.gross AS total, i.base_gross, i.exchange_rate,
  e.currency AS base_currency, l.position, l.quantity, l.unit_price, l.discount, l.net, l.gross, l.rates,
  l.order_line_id, o.net AS of_net, o.quantity AS of_quantity
FROM finance_invoice i JOIN finance_invoice_line l ON l.invoice_id = i.id
LEFT JOIN finance_invoice_line o ON o.id = l.corrects_id LEFT JOIN finance_entry e ON e.id = i.entry_id
ORDER BY i.id, l.position
"""
_TAXES = "SELECT invoice_id, key, percent, base, amount, base_base, base_amount FROM finance_invoice_tax"
_PAID = """
SELECT p.number, p.amount, p.base_amount, p.currency, p.exchange_rate, e.currency AS base_currency
FROM finance_payment p JOIN finance_entry e ON e.id = p.entry_id
"""


def figures(session: Session) -> Iterator[Finding]:
    """Lines that are not quantity × price less discount, taxes that are not their percent, amounts in base that are not
    those of the exchange rate. What is rounded in parts may differ by a minor unit for each of them."""
    taxes: dict[int, list[Any]] = {}
    for row in session.execute(text(_TAXES)):
        taxes.setdefault(row.invoice_id, []).append(row)
    rows = session.execute(text(_FIGURES), execution_options={"yield_per": _BATCH})
    for invoice_id, found in groupby(rows, key=lambda row: row.id):
        lines = list(found)
        name = lines[0].number or f"draft {lines[0].public_id}"
        for wrong in (*_lines(lines), *_percents(lines, taxes.get(invoice_id, []))):
            yield Finding("finance.totals", name, wrong)
        if lines[0].base_currency is not None:
            for wrong in _in_base(lines, taxes.get(invoice_id, [])):
                yield Finding("finance.totals", name, wrong)
    for row in session.execute(text(_PAID)):
        if abs(_converted(row, row.amount) - row.base_amount) > Fraction(1, 2):
            yield Finding("finance.totals", row.number, f"{row.base_amount} in base is not its exchange rate")


def _lines(lines: list[Any]) -> Iterator[str]:
    for line in lines:
        if line.of_net is not None:
            amount, exact = line.net, Fraction(line.of_net * line.quantity, line.of_quantity)
        else:
            amount = line.gross if line.policy.endswith("/gross") else line.net
            exact = Fraction(
                line.quantity * line.unit_price * (_HUNDRED - line.discount), SCALE**2 * _HUNDRED
            )
            exact *= 10 ** exponent(line.currency)
        alone = line.of_net is None and line.order_line_id is None
        if abs(amount - exact) > (Fraction(1, 2) if alone else 1):
            yield f"line {line.position}: its quantity and price give {round(exact)}, not {amount}"


def _percents(lines: list[Any], taxes: list[Any]) -> Iterator[str]:
    percents = {row.key: Fraction(row.percent, _HUNDRED) for row in taxes}
    for line in lines:
        for key, _title, percent, amount in json.loads(line.rates):
            share = Fraction(Decimal(percent)) / 100
            if percents.get(key, share) != share:
                yield f"line {line.position}: {percent} % of {key} is not the percent of its tax"
            if abs(amount - line.net * share) > 2:
                yield f"line {line.position}: {percent} % of {line.net} is not {amount}"


def _in_base(lines: list[Any], taxes: list[Any]) -> Iterator[str]:
    head = lines[0]
    if abs(_converted(head, head.total) - head.base_gross) > len(lines) + len(taxes):
        yield f"{head.base_gross} in base is not its exchange rate"
    for row in taxes:
        if abs(_converted(head, row.base) - row.base_base) > len(lines):
            yield f"{row.key}: {row.base_base} taxed in base is not its exchange rate"
        if abs(_converted(head, row.amount) - row.base_amount) > Fraction(1, 2):
            yield f"{row.key}: {row.base_amount} of tax in base is not its exchange rate"


def _converted(row: Any, amount: int) -> Fraction:
    """The exact value in minor units of the base currency."""
    places = exponent(row.base_currency) - exponent(row.currency)
    rate = Fraction(1) if row.currency == row.base_currency else Fraction(row.exchange_rate, SCALE)
    return amount * rate * Fraction(10) ** places
