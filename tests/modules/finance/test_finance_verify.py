"""`portal verify` names whatever was tampered with, the guard of the base currency, parallel work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from modules.finance.conftest import ACCOUNTANT, TODAY, line
from sqlalchemy import text

import portal
from portal.kernel.errors import BootRefused, Invalid
from portal.kernel.unit import Unit
from portal.modules.finance.services import allocation, chart, drafting, journals, posting
from portal.modules.finance.services.drafting import InvoiceData
from portal.modules.finance.services.journals import OpeningItem
from portal.modules.taxes import services as taxes
from portal.ops import verification

if TYPE_CHECKING:
    from modules.finance.conftest import Books

TAMPERINGS = {
    "entry text": ("UPDATE finance_entry SET text = 'other' WHERE journal = 'bank'", "chain"),
    "entry day": ("UPDATE finance_entry SET day = '2026-01-01' WHERE journal = 'bank'", "chain"),
    "entry hash": ("UPDATE finance_entry SET hash = 'x' WHERE journal = 'bank'", "chain"),
    "entry gone": (
        "DELETE FROM finance_entry_line WHERE entry_id IN (SELECT id FROM finance_entry WHERE journal = 'general')",
        "balance",
    ),
    "entry not posted": ("UPDATE finance_entry SET posted = (1 = 0) WHERE journal = 'bank'", "balance"),
    "line amount": (
        "UPDATE finance_entry_line SET base_amount = base_amount + 1 WHERE position = 1 AND entry_id = 1",
        "balance",
    ),
    "lines in balance": (
        "UPDATE finance_entry_line SET base_amount = 2 * base_amount WHERE entry_id = 1",
        "chain",
    ),
    "line account": (
        (
            "UPDATE finance_entry_line SET account_id = (SELECT id FROM finance_account WHERE number = '1010')"
            " WHERE position = 1 AND entry_id = 1"
        ),
        "subledger",
    ),
    "counter": ("UPDATE finance_counter SET last = last + 1 WHERE series = 'INV'", "numbers"),
    "journal counter": ("UPDATE finance_counter SET last = last + 1 WHERE series = 'journal:bank'", "chain"),
    "number": (
        "UPDATE finance_invoice SET number = 'INV-2026-00009' WHERE sequence = 2 AND series = 'INV'",
        "numbers",
    ),
    "sequence": ("UPDATE finance_invoice SET sequence = 9 WHERE sequence = 2 AND series = 'INV'", "numbers"),
    "invoice date": (
        "UPDATE finance_invoice SET invoice_date = '2026-11-30' WHERE sequence = 1 AND series = 'INV'",
        "numbers",
    ),
    "invoice open": ("UPDATE finance_invoice SET open = open - 1 WHERE open > 1", "allocation"),
    "invoice in base": (
        "UPDATE finance_invoice SET base_open = base_open - 1 WHERE base_open > 1",
        "subledger",
    ),
    "invoice total": (
        "UPDATE finance_invoice SET gross = gross + 1, net = net + 1 WHERE kind = 'invoice'",
        "totals",
    ),
    "invoice line": ("UPDATE finance_invoice_line SET net = net + 1, gross = gross + 1", "totals"),
    "credited": ("UPDATE finance_invoice_line SET credited = 0", "totals"),
    "invoice tax": ("UPDATE finance_invoice_tax SET amount = amount + 1", "totals"),
    "invoice tax base": ("UPDATE finance_invoice_tax SET base = base + 1", "totals"),
    "invoice of another entry": (
        "UPDATE finance_invoice SET receivable_id = (SELECT id FROM finance_account WHERE number = '1010')",
        "documents",
    ),
    "payment amount": ("UPDATE finance_payment SET amount = amount + 1", "allocation"),
    "payment in base": (
        "UPDATE finance_payment SET base_amount = base_amount + 1, base_open = base_open + 1 WHERE open > 0",
        "documents",
    ),
    "payment open": ("UPDATE finance_payment SET open = open - 1 WHERE open > 1", "allocation"),
    "allocation amount": ("UPDATE finance_allocation SET amount = amount + 1 WHERE amount > 0", "allocation"),
    "allocation difference": (
        "UPDATE finance_allocation SET base_other = base_other + 1 WHERE entry_id IS NOT NULL AND amount > 0",
        "allocation",
    ),
    "allocation gone": (
        "DELETE FROM finance_allocation WHERE payment_id = 1 AND undoes_id IS NULL",
        "allocation",
    ),
    "allocation day": ("UPDATE finance_allocation SET day = '2026-01-01'", "allocation"),
    "reversal day": ("UPDATE finance_payment_reversal SET day = '2026-12-31'", "documents"),
    "due date": ("UPDATE finance_invoice SET due_date = '2026-01-01' WHERE kind = 'invoice'", "documents"),
    "tax date": ("UPDATE finance_invoice SET tax_date = '2020-01-01'", "documents"),
    "delivery date": ("UPDATE finance_invoice SET delivery_date = '2020-01-01'", "documents"),
    "invoice currency": ("UPDATE finance_invoice SET currency = 'JPY' WHERE id = 1", "documents"),
    "invoice rate": (
        "UPDATE finance_invoice SET exchange_rate = 2 * exchange_rate WHERE currency = 'USD'",
        "totals",
    ),
    "invoice name": ("UPDATE finance_invoice SET customer_name = 'Other'", "documents"),
    "invoice document": ("UPDATE finance_invoice SET document = ''", "documents"),
    "document of another": (
        "UPDATE finance_invoice SET document = (SELECT document FROM finance_invoice WHERE id = 1) WHERE id = 2",
        "documents",
    ),
    "line quantity": (
        "UPDATE finance_invoice_line SET quantity = 2 * quantity WHERE corrects_id IS NULL",
        "totals",
    ),
    "line price": ("UPDATE finance_invoice_line SET unit_price = 2 * unit_price", "totals"),
    "line discount": ("UPDATE finance_invoice_line SET discount = 5000000", "totals"),
    "line percent": ("""UPDATE finance_invoice_line SET rates = REPLACE(rates, '"19"', '"7"')""", "totals"),
    "tax percent": ("UPDATE finance_invoice_tax SET percent = 0", "totals"),
    "tax in base": ("UPDATE finance_invoice_tax SET base_base = base_base + 100", "totals"),
    "tax shifted": (
        (
            "UPDATE finance_invoice_tax SET base_amount = base_amount + CASE position WHEN 1 THEN 5 ELSE -5 END"
            " WHERE invoice_id = 1"
        ),
        "totals",
    ),
    "payment with its open amount": (
        "UPDATE finance_payment SET amount = amount + 100, open = open + 100 WHERE open > 0",
        "documents",
    ),
    "payment currency": ("UPDATE finance_payment SET currency = 'JPY' WHERE id = 4", "documents"),
    "payment number": ("UPDATE finance_payment SET number = 'BANK-99' WHERE id = 1", "documents"),
    "payment reference": ("UPDATE finance_payment SET reference = 'other' WHERE id = 1", "documents"),
    "payment rate": ("UPDATE finance_payment SET exchange_rate = 1 WHERE currency = 'USD'", "totals"),
    "journal without counter": ("DELETE FROM finance_counter WHERE series = 'journal:bank'", "chain"),
    "reversal gone": ("DELETE FROM finance_payment_reversal", "documents"),
}


@pytest.fixture
def busy(books: Books) -> Books:
    """Books in which everything happened once."""
    books.posted(line("2", "33.33"), line("1", "5", "reduced"), day=date(2026, 10, 1))
    partly = books.posted(line("4", "25"))
    books.credit(partly, "1")
    books.pay(7000, {partly.public_id: 5000})
    bounced = books.pay(1000, {partly.public_id: 1000})
    books.reverse(bounced)
    dollars = books.posted(customer=books.beta, currency="USD")
    books.portal.run(lambda unit: taxes.add_exchange_rate(unit, "USD", TODAY, Decimal("0.95")))
    books.pay(10000, {dollars.public_id: 9000}, customer=books.beta, currency="USD")
    books.pay(500)
    assert books.findings() == []
    return books


@pytest.mark.parametrize("what", TAMPERINGS)
def test_each_tampering_is_named_by_its_check(busy: Books, what: str) -> None:
    statement, check = TAMPERINGS[what]
    with busy.portal.unit() as unit:
        _without_triggers(unit)
        changed: Any = unit.db.execute(text(statement))
        assert changed.rowcount > 0
    assert f"finance.{check}" in {finding.check for finding in busy.findings()}


#: (statements, what verify names and nothing else does): what no figure, date or number gives away.
UNSEEN_BY_FIGURES = {
    "VAT id": (
        ["UPDATE finance_invoice SET customer_vat_id = 'DE999' WHERE number = 'INV-2026-00001'"],
        {("documents", "INV-2026-00001")},
    ),
    "address": (
        [
            (
                'UPDATE finance_invoice SET billing_address = REPLACE(billing_address, \'"city": "\', \'"city": "New \')'
                " WHERE number = 'INV-2026-00001'"
            )
        ],
        {("documents", "INV-2026-00001")},
    ),
    "line name": (
        ["UPDATE finance_invoice_line SET name = 'Coffee' WHERE invoice_id = 1 AND position = 1"],
        {("documents", "INV-2026-00001")},
    ),
    "tax class": (
        ["UPDATE finance_invoice_line SET tax_class = 'reduced' WHERE invoice_id = 1 AND position = 1"],
        {("documents", "INV-2026-00001")},
    ),
    "tax title": (
        ["UPDATE finance_invoice_tax SET title = 'Other tax' WHERE invoice_id = 1 AND position = 1"],
        {("documents", "INV-2026-00001")},
    ),
    "tax title of a line": (
        [
            'UPDATE finance_invoice_line SET rates = REPLACE(rates, \'","19"\', \' (reduced)","19"\') WHERE invoice_id = 1'
        ],
        {("documents", "INV-2026-00001")},
    ),
    "later due date": (
        ["UPDATE finance_invoice SET due_date = '2027-12-31' WHERE number = 'INV-2026-00002'"],
        {("documents", "INV-2026-00002")},
    ),
    "notes of a credit note": (
        ["UPDATE finance_invoice SET notes = 'other' WHERE number = 'CN-2026-00001'"],
        {("documents", "CN-2026-00001")},
    ),
    "due date of an opening item": (
        ["UPDATE finance_invoice SET due_date = '2027-12-31' WHERE kind = 'opening'"],
        {("documents", "OLD-1")},
    ),
    "reason of a reversal": (
        ["UPDATE finance_payment_reversal SET reason = 'other'"],
        {("documents", "BANK-2")},
    ),
    "digest of a document": (
        [
            "UPDATE finance_entry SET document_digest = 'x' WHERE journal = 'sales' AND number = 1",
        ],
        {("chain", "sales 1"), ("documents", "INV-2026-00001")},
    ),
    "opening item gone": (
        [
            "UPDATE finance_counter SET last_date = NULL WHERE year = 0",
            "DELETE FROM finance_invoice WHERE kind = 'opening'",
        ],
        {("documents", "opening 1"), ("subledger", "customer 1")},
    ),
    "allocation gone with both open amounts": (
        [
            "DELETE FROM finance_allocation WHERE number = 2",
            (
                "UPDATE finance_invoice SET open = open + 5000, base_open = base_open + 5000"
                " WHERE number = 'INV-2026-00002'"
            ),
            "UPDATE finance_payment SET open = open + 5000, base_open = base_open + 5000 WHERE number = 'BANK-1'",
        ],
        {("allocation", "allocation 2")},
    ),
    "allocation gone with what took it back": (
        [
            "DELETE FROM finance_allocation WHERE undoes_id IS NOT NULL",
            "DELETE FROM finance_allocation WHERE number = 3",
        ],
        {("allocation", "allocations 3 to 4")},
    ),
    "allocation added with both open amounts": (
        [
            (
                "INSERT INTO finance_allocation (public_id, number, customer_id, currency, invoice_id, payment_id, day,"
                " amount, base_amount, base_other, created_at, created_by, previous_hash, hash)"
                " SELECT 'x', 6, customer_id, currency, invoice_id, payment_id, day, 100, 100, 100, created_at,"
                " created_by, (SELECT hash FROM finance_allocation WHERE number = 5), 'x'"
                " FROM finance_allocation WHERE number = 2"
            ),
            (
                "UPDATE finance_invoice SET open = open - 100, base_open = base_open - 100"
                " WHERE number = 'INV-2026-00002'"
            ),
            "UPDATE finance_payment SET open = open - 100, base_open = base_open - 100 WHERE number = 'BANK-1'",
        ],
        {("allocation", "allocation 6")},
    ),
    "author of an allocation": (
        ["UPDATE finance_allocation SET created_by = 'other' WHERE number = 2"],
        {("allocation", "allocation 2")},
    ),
}


def test_what_no_figure_gives_away_is_named_by_digests_and_chains(busy: Books) -> None:
    item = OpeningItem("OLD-1", date(2025, 12, 1), date(2026, 1, 1), "EUR", 5000)
    busy.portal.run(
        lambda unit: journals.add_opening_item(unit, chart.read(unit), busy.alpha, item, TODAY), ACCOUNTANT
    )
    assert busy.findings() == []
    named: dict[str, Any] = {}
    with busy.portal.unit() as unit:
        _without_triggers(unit)
        for what, (statements, _expected) in UNSEEN_BY_FIGURES.items():
            with unit.db.begin_nested() as tampered:
                for statement in statements:
                    changed: Any = unit.db.execute(text(statement))
                    assert changed.rowcount > 0, what
                found = [found for one in unit.house.checks.values() for found in one.run(unit.db)]
                named[what] = {(one.check.removeprefix("finance."), one.subject) for one in found}
                tampered.rollback()
    assert named == {what: expected for what, (_statements, expected) in UNSEEN_BY_FIGURES.items()}


def test_a_cut_off_end_is_named_by_the_heads_noted_before(busy: Books) -> None:
    house = busy.portal.house
    noted = verification.heads(house)
    assert sorted(noted) == ["ALLOCATION-5", "BANK-5", "GENERAL-1", "SALES-4"]
    assert verification.lost(house, list(noted.items())) == []
    with busy.portal.unit() as unit:
        _without_triggers(unit)
        for statement in (
            "DELETE FROM finance_payment WHERE number = 'BANK-5'",
            (
                "DELETE FROM finance_entry_line WHERE entry_id = (SELECT id FROM finance_entry WHERE journal = 'bank'"
                " AND number = 5)"
            ),
            "DELETE FROM finance_entry WHERE journal = 'bank' AND number = 5",
            (
                "UPDATE finance_counter SET last = 4, last_hash = (SELECT hash FROM finance_entry WHERE journal = 'bank'"
                " AND number = 4) WHERE series = 'journal:bank'"
            ),
        ):
            unit.db.execute(text(statement))
    assert busy.findings() == []
    (lost,) = verification.lost(house, list(noted.items()))
    assert (lost.subject, lost.explanation) == ("BANK-5", "is not there any more")
    busy.pay(500)
    (lost,) = verification.lost(house, list(noted.items()))
    assert (lost.subject, lost.explanation) == ("BANK-5", "has another hash")


def _without_triggers(unit: Unit) -> None:
    """As the owner of the database could."""
    if unit.house.database.is_sqlite:
        unit.db.execute(text("PRAGMA defer_foreign_keys = ON"))
        for (name,) in unit.db.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            unit.db.execute(text(f'DROP TRIGGER "{name}"'))
        return
    tables = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'finance!_%' ESCAPE '!'"
    for (name,) in unit.db.execute(text(tables)).all():
        unit.db.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER ALL"))


def test_a_base_currency_changed_after_the_first_posting_stops_the_boot(books: Books) -> None:
    changed = {**books.portal.raw, "portal.company.currency": "USD"}
    portal.main({}, **changed).registry.house.database.engine.dispose()
    books.posted()
    with pytest.raises(BootRefused, match=r"portal\.company\.currency is USD"):
        portal.main({}, **changed)


# --- parallel ------------------------------------------------------------------------------------------------

_THREADS = 8


def _in_parallel(acts: list[Any]) -> list[Any]:
    with ThreadPoolExecutor(_THREADS) as pool:
        return [future.result() for future in [pool.submit(act) for act in acts]]


def test_200_parallel_postings_leave_no_gap_and_no_double(books: Books) -> None:
    data = InvoiceData("EUR", (line(),))

    def draft(unit: Unit) -> list[str]:
        customers = (books.alpha, books.beta)
        return [drafting.draft_by_hand(unit, customers[place % 2], data) for place in range(200)]

    drafts = [books.invoice(public_id) for public_id in books.portal.run(draft, ACCOUNTANT)]
    numbers = _in_parallel(
        [
            lambda draft=draft: books.portal.run(lambda unit: posting.post_invoice(unit, draft), tries=200)
            for draft in drafts
        ]
    )
    assert sorted(numbers) == [f"INV-2026-{number:05d}" for number in range(1, 201)]
    assert books.rows("SELECT last FROM finance_counter WHERE series = 'INV'")[0].last == 200
    assert books.findings() == []


def test_one_draft_is_posted_once_by_parallel_posters(books: Books) -> None:
    draft = books.draft()

    def post() -> str | None:
        from portal.kernel.errors import Refused

        try:
            return books.portal.run(lambda unit: posting.post_invoice(unit, draft), tries=200)
        except Refused:
            return None

    assert sorted(filter(None, _in_parallel([post] * 16))) == ["INV-2026-00001"]
    assert len(books.rows("SELECT id FROM finance_entry")) == 1


def test_200_parallel_allocations_never_exceed_the_invoice(books: Books) -> None:
    invoice = books.posted()
    payment = books.pay(100000)

    def allocate() -> bool:
        try:
            books.portal.run(
                lambda unit: allocation.allocate_payment(unit, payment, {invoice.public_id: 100}, TODAY),
                tries=200,
            )
        except Invalid:
            return False
        return True

    granted = _in_parallel([allocate] * 200)
    assert sum(granted) == 119
    assert books.again(invoice).open == 0
    assert books.payment(payment.public_id).open == 100000 - 11900
    assert books.findings() == []
