"""Drafts, posting, numbers, credit notes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from modules.finance.conftest import TODAY, line
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.modules.finance.services import crediting, drafting, lock_date, posting
from portal.modules.finance.services.drafting import InvoiceData
from portal.modules.taxes import services as taxes

if TYPE_CHECKING:
    from modules.finance.conftest import Books


def test_a_posted_invoice_has_number_entry_and_open_amount(books: Books) -> None:
    invoice = books.posted(line("2", "50"), line("1", "10", "reduced"))
    assert invoice.number == "INV-2026-00001"
    assert (invoice.net, invoice.tax, invoice.gross) == (11000, 1970, 12970)
    assert (invoice.open, invoice.base_open) == (12970, 12970)
    assert invoice.due_date == date(2026, 12, 2)
    assert books.ledger() == {"1200": 12970, "2200": -1970, "4000": -11000}
    assert books.findings() == []
    assert books.posted().number == "INV-2026-00002"


def test_a_foreign_invoice_is_posted_in_base_at_the_rate_of_its_tax_point(books: Books) -> None:
    invoice = books.posted(line("3", "33.33"), customer=books.beta, currency="USD")
    assert (invoice.tax_position, invoice.tax) == ("export", 0)
    assert (invoice.gross, invoice.base_gross) == (9999, 8999)
    assert books.ledger() == {"1200": 8999, "4200": -8999}
    yen = books.posted(line("1", "12345"), customer=books.beta, currency="JPY")
    assert (yen.gross, yen.base_gross) == (12345, 7530)
    assert books.findings() == []


def test_a_draft_is_edited_with_its_version_and_deleted(books: Books) -> None:
    draft = books.draft()
    changed = InvoiceData("EUR", (line("3"),), notes="more")
    books.portal.run(lambda unit: drafting.change_draft(unit, draft.id, draft.version, changed))
    assert books.again(draft).net == 30000
    with pytest.raises(Conflict):
        books.portal.run(lambda unit: drafting.change_draft(unit, draft.id, draft.version, changed))
    with pytest.raises(Conflict):
        books.portal.run(lambda unit: drafting.delete_draft(unit, draft.id, draft.version))
    assert books.again(draft).version == 2
    books.portal.run(lambda unit: drafting.delete_draft(unit, draft.id, 2))
    assert books.rows("SELECT id FROM finance_invoice") == []
    assert books.rows("SELECT id FROM finance_invoice_line") == []


def test_a_posted_invoice_is_neither_edited_nor_deleted_nor_posted_again(books: Books) -> None:
    invoice = books.posted()
    for act in (
        lambda unit: drafting.delete_draft(unit, invoice.id, invoice.version),
        lambda unit: drafting.change_draft(
            unit, invoice.id, invoice.version, InvoiceData("EUR", (line("9"),))
        ),
        lambda unit: posting.post_invoice(unit, invoice),
    ):
        with pytest.raises(Refused):
            books.portal.run(act)
    assert books.again(invoice).gross == 11900
    assert len(books.rows("SELECT id FROM finance_entry")) == 1


def test_dates_keep_the_order_of_numbers(books: Books) -> None:
    books.posted(day=date(2026, 10, 30))
    late = books.draft()
    with pytest.raises(Refused, match="later date"):
        books.post(late, date(2026, 10, 29))
    assert books.again(late).state == "draft"
    assert books.rows("SELECT last FROM finance_counter WHERE year = 2026")[0].last == 1
    with pytest.raises(Invalid):
        books.post(late, date(2026, 11, 3))
    assert books.post(late, date(2026, 10, 30)).number == "INV-2026-00002"


def test_another_fiscal_year_counts_from_one(books: Books) -> None:
    books.posted(day=date(2025, 12, 31))
    assert books.posted(day=date(2026, 1, 1)).number == "INV-2026-00001"
    assert books.findings() == []


def test_posting_without_a_rule_is_refused_naming_it(books: Books) -> None:
    draft = books.draft()
    with books.portal.unit() as unit:
        unit.db.execute(text("DELETE FROM finance_posting_rule WHERE tax_class = 'standard'"))
    with pytest.raises(Refused) as refusal:
        books.post(draft)
    assert refusal.value.reason.mapping == {  # type: ignore[union-attr]
        "tax": "DE-S-19",
        "class": "standard",
        "position": "Domestic",
    }
    assert books.again(draft).state == "draft"
    assert books.rows("SELECT series FROM finance_counter") == []


def test_nothing_is_posted_on_or_before_the_lock_date(books: Books) -> None:
    invoice = books.posted(day=date(2026, 10, 1))
    books.portal.run(lambda unit: lock_date.move(unit, date(2026, 10, 31), "October", backwards=False))
    draft = books.draft()
    with pytest.raises(Refused, match="closed"):
        books.post(draft, date(2026, 10, 31))
    with pytest.raises(Refused, match="closed"):
        books.credit(invoice, "1", day=date(2026, 10, 31))
    with pytest.raises(Refused, match="closed"):
        books.pay(100, day=date(2026, 10, 31))
    assert len(books.rows("SELECT id FROM finance_entry")) == 1
    with pytest.raises(Refused, match="controller"):
        books.portal.run(lambda unit: lock_date.move(unit, date(2026, 9, 30), "", backwards=False))
    with pytest.raises(Invalid):
        books.portal.run(lambda unit: lock_date.move(unit, TODAY, "", backwards=False))
    books.portal.run(lambda unit: lock_date.move(unit, date(2026, 9, 30), "again", backwards=True))
    assert books.post(draft, date(2026, 10, 31)).state == "posted"


def test_taxes_that_changed_since_the_draft_are_refused(books: Books) -> None:
    draft = books.draft(line("1", "10", "reduced"))
    tomorrow = date(2026, 11, 3)
    with books.portal.unit() as unit:
        from portal.modules.taxes.interfaces import Position, TaxRate

        taxes.begin_rates(
            unit, "reduced", Position.DOMESTIC, tomorrow, "S", [TaxRate("DE-S-8", "USt 8 %", Decimal(8))]
        )
    books.portal.clock.advance(days=1)
    with pytest.raises(Refused, match="taxes have changed"):
        books.post(draft)
    assert books.again(draft).state == "draft"
    kept = books.draft(line("1", "10", "reduced"), delivery_date=TODAY)
    assert books.post(kept).tax == 70


def test_figures_out_of_range_are_errors_of_their_fields(books: Books) -> None:
    for bad, where in (
        (line("0"), "lines-0-quantity"),
        (line("-1"), "lines-0-quantity"),
        (line("1", "-1"), "lines-0-unit_price"),
        (line("1e13"), "lines-0-quantity"),
        (line("1000000000", "1000000000000"), ""),
    ):
        with pytest.raises(Invalid) as invalid:
            books.draft(bad)
        assert list(invalid.value.errors) == [where]
    with pytest.raises(Refused):
        books.draft(line(tax_class="nothing"))
    assert books.rows("SELECT id FROM finance_invoice") == []


# --- credit notes ------------------------------------------------------------------------------------------


def test_parts_that_are_credited_sum_exactly_to_the_invoice(books: Books) -> None:
    invoice = books.posted(line("3", "33.33"), line("7", "0.99", "reduced"))
    notes = [
        books.credit(invoice, "1", "2"),
        books.credit(invoice, "1.5", "0"),
        books.credit(invoice, "0.5", "5"),
    ]
    for column in ("net", "tax", "gross", "base_gross"):
        assert sum(getattr(note, column) for note in notes) == getattr(invoice, column)
    assert [note.number for note in notes] == ["CN-2026-00001", "CN-2026-00002", "CN-2026-00003"]
    assert (books.again(invoice).open, [note.open for note in notes]) == (0, [0, 0, 0])
    assert books.ledger() == {}
    assert books.findings() == []


def test_never_more_is_credited_than_is_left(books: Books) -> None:
    invoice = books.posted(line("2"))
    (one,) = books.lines(invoice)
    books.credit(invoice, "1.5")
    with pytest.raises(Invalid) as invalid:
        books.credit(invoice, "0.500001")
    assert list(invalid.value.errors) == [f"quantity-{one.id}"]
    with pytest.raises(Invalid):
        books.credit(invoice, "0")
    with pytest.raises(Invalid):
        books.portal.run(lambda unit: crediting.credit(unit, invoice, {one.id: Decimal(-1)}, TODAY, ""))
    assert books.lines(invoice)[0].credited == 1_500_000
    assert len(books.rows("SELECT id FROM finance_invoice")) == 2


def test_a_credit_note_is_allocated_as_far_as_its_invoice_is_open(books: Books) -> None:
    invoice = books.posted(line("2"))
    books.pay(20000, {invoice.public_id: 20000})
    note = books.credit(invoice, "1")
    assert (books.again(invoice).open, note.gross, note.open) == (0, 11900, 8100)
    assert books.ledger()["1200"] == -8100
    assert books.findings() == []


def test_drafts_and_credit_notes_are_not_credited(books: Books) -> None:
    draft = books.draft()
    with pytest.raises(Refused):
        books.credit(draft, "1")
    note = books.credit(books.posted(), "1")
    with pytest.raises(Refused):
        books.credit(note, "1")
    assert len(books.rows("SELECT id FROM finance_invoice WHERE kind = 'credit_note'")) == 1


# --- the database keeps the books ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE finance_entry SET text = 'x'",
        "DELETE FROM finance_entry",
        "UPDATE finance_entry SET posted = (1 = 0)",
        "UPDATE finance_entry_line SET base_amount = base_amount + 1",
        "DELETE FROM finance_entry_line",
        (
            "INSERT INTO finance_entry_line (entry_id, position, account_id, base_amount, currency, amount, tax_key,"
            " text) SELECT entry_id, 99, account_id, 1, 'EUR', 1, '', '' FROM finance_entry_line WHERE position = 1"
        ),
        "UPDATE finance_invoice SET gross = gross + 1, net = net + 1",
        "UPDATE finance_invoice SET number = 'X' WHERE kind = 'invoice'",
        "DELETE FROM finance_invoice",
        "UPDATE finance_invoice_line SET quantity = quantity + 1",
        "DELETE FROM finance_invoice_tax",
        "UPDATE finance_invoice SET open = open + 1000000",
        "UPDATE finance_payment SET amount = amount + 1",
        "DELETE FROM finance_payment",
        "UPDATE finance_allocation SET amount = amount + 1",
        "DELETE FROM finance_allocation",
        (
            "INSERT INTO finance_allocation (public_id, number, customer_id, currency, invoice_id, payment_id, day, amount,"
            " base_amount, base_other, created_at, created_by, previous_hash, hash) SELECT 'x', 2, customer_id,"
            " currency, invoice_id, payment_id, day, 100000, 100000, 100000, created_at, '', hash, 'x'"
            " FROM finance_allocation"
        ),
        "UPDATE finance_counter SET last = last - 1",
        "DELETE FROM finance_counter",
    ],
)
def test_the_database_refuses_to_change_what_is_posted(books: Books, statement: str) -> None:
    invoice = books.posted()
    books.pay(5000, {invoice.public_id: 5000})
    with pytest.raises(DBAPIError), books.portal.unit() as unit:
        unit.db.execute(text(statement))
    assert books.again(invoice).open == 6900
    assert books.findings() == []


def test_nobody_empties_the_books_of_postgresql(books: Books) -> None:
    if books.portal.backend != "postgresql":
        return
    books.posted()
    for table in ("finance_entry_line", "finance_entry", "finance_invoice", "finance_allocation"):
        with pytest.raises(DBAPIError, match="not emptied"), books.portal.unit() as unit:
            unit.db.execute(text(f"TRUNCATE {table} CASCADE"))
    assert len(books.rows("SELECT id FROM finance_entry")) == 1


def test_an_entry_that_does_not_balance_is_not_posted_by_the_database(books: Books) -> None:
    books.posted()
    for statement in _FORGED[:2]:
        books.portal.run(lambda unit, statement=statement: unit.db.execute(text(statement)))
    with pytest.raises(DBAPIError, match="balances"):
        books.portal.run(lambda unit: unit.db.execute(text(_FORGED[2])))
    assert [row.posted for row in books.rows("SELECT posted FROM finance_entry ORDER BY id")] == [True, False]


_FORGED = (
    (
        "INSERT INTO finance_entry (public_id, journal, number, day, text, currency, document, document_digest, posted, posted_at,"
        " posted_by, previous_hash, hash) SELECT 'forged', journal, 2, day, 'forged', currency, '', '', (1 = 0), posted_at,"
        " posted_by, hash, 'h' FROM finance_entry"
    ),
    (
        "INSERT INTO finance_entry_line (entry_id, position, account_id, base_amount, currency, amount, customer_id,"
        " tax_key, text) SELECT (SELECT id FROM finance_entry WHERE number = 2), l.position, l.account_id,"
        " l.base_amount + 1, 'EUR', l.amount, l.customer_id, '', '' FROM finance_entry_line l"
    ),
    "UPDATE finance_entry SET posted = (1 = 1) WHERE number = 2",
)
