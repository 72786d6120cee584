"""The database keeps the books against whoever writes SQL, by every way that a row can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from modules.finance.conftest import line
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.kernel.db import Database

if TYPE_CHECKING:
    from modules.finance.conftest import Books

_FORGED_ENTRY = (
    "INSERT INTO finance_entry (id, public_id, journal, number, day, text, currency, document, document_digest, posted, posted_at,"
    " posted_by, previous_hash, hash) SELECT 99, 'forged', journal, 99, day, 'forged', currency, '', '', (1 = 0), posted_at,"
    " posted_by, '', '' FROM finance_entry WHERE id = 1"
)
_FORGED_LINE = (
    "INSERT INTO finance_entry_line (entry_id, position, account_id, base_amount, currency, amount, customer_id,"
    " tax_key, text) SELECT 99, 99, account_id, 500, 'EUR', 500, customer_id, '', '' FROM finance_entry_line"
    " WHERE id = 1"
)


def test_a_line_does_not_move_into_a_posted_entry(books: Books) -> None:
    books.posted()
    with books.portal.unit() as unit:
        unit.db.execute(text(_FORGED_ENTRY))
        unit.db.execute(text(_FORGED_LINE))
    with pytest.raises(DBAPIError, match="posted entry"), books.portal.unit() as unit:
        unit.db.execute(text("UPDATE finance_entry_line SET entry_id = 1 WHERE entry_id = 99"))
    assert books.rows("SELECT COUNT(*) AS n FROM finance_entry_line WHERE entry_id = 1")[0].n == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE finance_invoice_line SET invoice_id = {posted}, position = 99 WHERE invoice_id = {draft}",
        "UPDATE finance_invoice_tax SET invoice_id = {posted}, key = 'other' WHERE invoice_id = {draft}",
    ],
)
def test_a_line_does_not_move_into_a_posted_document(books: Books, statement: str) -> None:
    posted, draft = books.posted(), books.draft()
    with pytest.raises(DBAPIError, match="posted document"), books.portal.unit() as unit:
        unit.db.execute(text(statement.format(posted=posted.id, draft=draft.id)))
    assert len(books.lines(posted)) == len(books.lines(draft)) == 1
    assert books.findings() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE finance_counter SET last = last + 2 WHERE series = 'INV'",
        "UPDATE finance_counter SET last = last + 2 WHERE series = 'journal:sales'",
        "UPDATE finance_counter SET last_date = '2020-01-01' WHERE series = 'INV'",
        "UPDATE finance_counter SET last_date = NULL WHERE series = 'INV'",
        "UPDATE finance_counter SET last_hash = 'x' WHERE series = 'journal:sales'",
        "UPDATE finance_counter SET year = 2020 WHERE series = 'INV'",
        "DELETE FROM finance_counter WHERE series = 'journal:sales'",
        "DELETE FROM finance_journal WHERE code = 'opening'",
        "UPDATE finance_account SET purpose = 'general' WHERE number = '1200'",
        "UPDATE finance_account SET kind = 'expense' WHERE number = '4000'",
    ],
)
def test_counters_journals_and_accounts_in_use_stay(books: Books, statement: str) -> None:
    books.posted()
    with pytest.raises(DBAPIError, match="finance: "), books.portal.unit() as unit:
        unit.db.execute(text(statement))
    assert books.findings() == []
    assert books.posted().number == "INV-2026-00002"


def test_a_counter_does_not_begin_below_the_numbers_that_are_there(books: Books) -> None:
    books.posted()
    with books.portal.unit() as unit:
        trigger = "finance_counter_kept"
        on = "" if books.portal.house.database.is_sqlite else " ON finance_counter"
        unit.db.execute(text(f"DROP TRIGGER {trigger}{on}"))
        unit.db.execute(text("DELETE FROM finance_counter"))
    for series, year in (("INV", 2026), ("journal:sales", 0)):
        with pytest.raises(DBAPIError, match="not given again"), books.portal.unit() as unit:
            unit.db.execute(
                text(
                    "INSERT INTO finance_counter (series, year, last, last_hash) VALUES (:series, :year, 0, '')"
                ),
                {"series": series, "year": year},
            )
    assert books.rows("SELECT * FROM finance_counter") == []


_REPLACED = {
    "finance_entry": "text",
    "finance_entry_line": "base_amount",
    "finance_invoice": "customer_name",
    "finance_invoice_line": "name",
    "finance_invoice_tax": "percent",
    "finance_payment": "customer_name",
    "finance_allocation": "day",
    "finance_payment_reversal": "reason",
    "finance_lock_date": "reason",
    "finance_counter": "last",
}


@pytest.mark.parametrize("table", _REPLACED)
@pytest.mark.parametrize("asking", [True, False], ids=["as the portal", "as anybody"])
def test_sqlite_replaces_no_row(books: Books, table: str, asking: bool) -> None:
    """`asking` is whether the connection lets REPLACE ask the triggers of DELETE, as those of the portal do."""
    if not books.portal.house.database.is_sqlite:
        return
    invoice = books.posted(line())
    payment = books.pay(5000, {invoice.public_id: 5000})
    books.reverse(payment)
    with books.portal.unit() as unit:
        unit.db.execute(
            text(
                "INSERT INTO finance_lock_date (day, reason, set_at, set_by) VALUES ('2020-01-01', '', :at, 'x')"
            ),
            {"at": "2026-01-01 00:00:00.000000"},
        )
    columns: list[str] = [row.name for row in books.rows(f"PRAGMA table_info({table})")]
    before = books.rows(f"SELECT * FROM {table}")
    forged: dict[str, str] = {_REPLACED[table]: "0", "posted": "0"}
    values = ", ".join(forged.get(column, column) for column in columns)
    replace = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}"
    with pytest.raises(DBAPIError, match="finance: "):
        _run(books, replace, asking=asking)
    assert books.rows(f"SELECT * FROM {table}") == before


def _run(books: Books, statement: str, *, asking: bool) -> None:
    with Database(books.portal.house.database.engine).session(write=True) as session:
        connection = session.connection()
        connection.exec_driver_sql(f"PRAGMA recursive_triggers={'ON' if asking else 'OFF'}")
        try:
            session.execute(text(statement))
        finally:
            connection.exec_driver_sql("PRAGMA recursive_triggers=ON")


def test_sqlite_moves_no_row_onto_another(books: Books) -> None:
    if not books.portal.house.database.is_sqlite:
        return
    posted, draft = books.posted(), books.draft()
    move = f"UPDATE OR REPLACE finance_invoice SET id = {posted.id} WHERE id = {draft.id}"
    with pytest.raises(DBAPIError, match="not replaced"):
        _run(books, move, asking=False)
    assert books.again(posted).number == "INV-2026-00001"


def test_the_portal_lets_replace_ask_the_triggers(books: Books) -> None:
    if books.portal.house.database.is_sqlite:
        assert books.rows("PRAGMA recursive_triggers")[0][0] == 1


_UNCHAINED_ALLOCATION = (
    "INSERT INTO finance_allocation (public_id, number, customer_id, currency, invoice_id, payment_id, day, amount,"
    " base_amount, base_other, created_at, created_by, previous_hash, hash) SELECT 'x', {number}, customer_id, currency,"
    " invoice_id, payment_id, day, 100, 100, 100, created_at, '', {previous}, 'x' FROM finance_allocation"
)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (_UNCHAINED_ALLOCATION.format(number="2", previous="'x'"), "follows the one before it"),
        (_UNCHAINED_ALLOCATION.format(number="3", previous="hash"), "follows the one before it"),
        ("UPDATE finance_counter SET last_hash = 'x' WHERE series = 'allocations'", "hash of its last"),
        ("UPDATE finance_counter SET last = last + 2 WHERE series = 'allocations'", "no number is left out"),
    ],
)
def test_an_allocation_does_not_stand_beside_the_chain(books: Books, statement: str, reason: str) -> None:
    invoice = books.posted()
    books.pay(6000, {invoice.public_id: 5000})
    with pytest.raises(DBAPIError, match=reason), books.portal.unit() as unit:
        unit.db.execute(text(statement))
    assert books.again(invoice).open == 6900
    books.pay(100, {invoice.public_id: 100})
    assert [row.number for row in books.rows("SELECT number FROM finance_allocation ORDER BY id")] == [1, 2]
    assert books.findings() == []
