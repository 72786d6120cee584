"""Opening items, their correction, and accounts that rules and settings name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from modules.finance.conftest import ACCOUNTANT, TODAY

from portal.kernel.errors import Invalid, Refused
from portal.modules.finance.models import Invoice
from portal.modules.finance.services import chart, journals
from portal.modules.finance.services.chart import AccountData
from portal.modules.finance.services.journals import OpeningItem

if TYPE_CHECKING:
    from modules.finance.conftest import Books

ITEM = OpeningItem("OLD-1", date(2025, 12, 1), date(2025, 12, 31), "EUR", 1000)


def add(books: Books, item: OpeningItem, day: date = TODAY) -> Invoice:
    customer = books.alpha if item.currency == "EUR" else books.beta
    return books.invoice(
        books.portal.run(
            lambda unit: journals.add_opening_item(unit, chart.read(unit), customer, item, day), ACCOUNTANT
        )
    )


def reverse(books: Books, item: Invoice, day: date = TODAY) -> None:
    (entry,) = books.rows("SELECT public_id FROM finance_entry WHERE id = :id", id=item.entry_id)
    books.portal.run(
        lambda unit: journals.reverse_entry(unit, chart.read(unit), entry.public_id, day), ACCOUNTANT
    )


@pytest.mark.parametrize("number", ["INV-2026-00001", "inv-2026-00001", "CN-2027-00012", "OPENING-1"])
def test_an_opening_item_has_no_number_of_the_portal(books: Books, number: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(books, replace(ITEM, number=number))
    assert set(refused.value.errors) == {"number"}
    assert books.posted().number == "INV-2026-00001"
    assert add(books, replace(ITEM, number="A-INV-2026-00002")).open == 1000
    assert books.posted().number == "INV-2026-00002"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"issued_on": TODAY + timedelta(1), "due_date": TODAY + timedelta(9)}, "issued_on"),
        ({"due_date": date(2025, 11, 30)}, "due_date"),
        ({"amount": 0}, "amount"),
    ],
)
def test_dates_of_an_opening_item_are_in_order(books: Books, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(books, replace(ITEM, **wrong))
    assert set(refused.value.errors) == {field}
    assert books.rows("SELECT id FROM finance_invoice") == []


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_a_wrong_opening_item_is_taken_back(books: Books, currency: str) -> None:
    yesterday = TODAY - timedelta(1)
    item = add(books, replace(ITEM, currency=currency), yesterday)
    reverse(books, item)
    assert (books.again(item).open, books.ledger()) == (0, {})
    assert books.aged(yesterday).total.total == books.control(yesterday) == item.base_gross
    assert books.aged().total.total == books.control(TODAY) == 0
    assert books.findings() == []
    with pytest.raises(Refused):
        reverse(books, item)
    assert add(books, replace(ITEM, number="OLD-1a", currency=currency)).open == 1000
    assert books.findings() == []


def test_an_opening_item_is_not_taken_back_once_something_is_settled_or_before_it(books: Books) -> None:
    item = add(books, ITEM)
    with pytest.raises(Invalid):
        reverse(books, item, TODAY - timedelta(1))
    books.pay(100, {item.public_id: 100})
    with pytest.raises(Refused, match="settled"):
        reverse(books, item)
    assert books.again(item).open == 900
    books.undo(books.allocations()[0])
    reverse(books, item)
    assert books.again(item).open == 0
    assert books.findings() == []


@pytest.mark.parametrize("number", ["1200", "7900", "9000", "4000"])
def test_accounts_of_rules_and_settings_stay_what_they_are(books: Books, number: str) -> None:
    with books.portal.reading() as unit:
        account = next(one for one in chart.read(unit).accounts if one.number == number)
    kind, purpose = ("asset", "bank") if number != "1200" else ("asset", "general")
    with pytest.raises(Invalid) as refused:
        books.portal.run(
            lambda unit: chart.change_account(unit, account, AccountData(number, "New", kind, purpose)),
            ACCOUNTANT,
        )
    assert set(refused.value.errors) == {"kind"}
    (stored,) = books.rows("SELECT kind, purpose FROM finance_account WHERE number = :number", number=number)
    assert (stored.kind, stored.purpose) == (account.kind, account.purpose)
    books.portal.run(
        lambda unit: chart.change_account(
            unit, account, AccountData(number, "New", account.kind, account.purpose)
        ),
        ACCOUNTANT,
    )


def test_payments_are_credited_to_an_account_for_customers_alone(books: Books) -> None:
    """As an account could have been changed, or a setting moved to another one, past the pages."""
    with books.portal.reading() as unit:
        accounts = chart.read(unit)
    from portal.modules.finance.settings import RECEIVABLE_ACCOUNT

    with pytest.raises(Refused, match="not an account for customers"):
        accounts.at(RECEIVABLE_ACCOUNT, "4000")
    assert accounts.at(RECEIVABLE_ACCOUNT, "1200").purpose == "receivable"
