"""Payments and allocations: exchange differences, undoing, reversing, reports as of a day, an independent model."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from modules.finance.conftest import TODAY, line
from sqlalchemy import text

from portal.kernel.db import Contention
from portal.kernel.errors import Invalid, Refused
from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.finance.services import account, allocation, chart, lock_date, reading, reports
from portal.modules.taxes import services as taxes

if TYPE_CHECKING:
    from modules.finance.conftest import Books


def test_a_payment_settles_part_of_one_invoice_and_waits_with_the_rest(books: Books) -> None:
    invoice = books.posted()
    payment = books.pay(15000, {invoice.public_id: 10000})
    assert (books.again(invoice).open, payment.open) == (1900, 5000)
    assert books.ledger() == {"1000": 15000, "1200": -3100, "2200": -1900, "4000": -10000}
    assert books.findings() == []


def test_never_more_is_allocated_than_is_open(books: Books) -> None:
    invoice = books.posted()
    payment = books.pay(20000)
    for amounts in ({invoice.public_id: 11901}, {invoice.public_id: -1}, {}, {"0" * 26: 1}):
        with pytest.raises(Invalid):
            books.allocate(payment, amounts)
    with pytest.raises(Invalid):
        books.pay(5000, {invoice.public_id: 6000})
    for day in (date(2026, 11, 1), date(2026, 11, 3)):
        with pytest.raises(Invalid):
            books.allocate(payment, {invoice.public_id: 100}, day)
    assert books.allocations() == []
    assert (books.again(invoice).open, len(books.rows("SELECT id FROM finance_payment"))) == (11900, 1)


def test_another_customers_or_currencys_invoice_is_not_paid(books: Books) -> None:
    theirs = books.posted(customer=books.beta, currency="USD")
    dollars = books.posted(currency="USD")
    payment = books.pay(10000)
    for invoice in (theirs, dollars):
        with pytest.raises(Invalid):
            books.allocate(payment, {invoice.public_id: 100})
    draft = books.draft()
    with pytest.raises((Invalid, LookupError)):
        books.allocate(payment, {draft.public_id: 100})
    assert books.allocations() == []


def test_realised_exchange_differences_go_to_their_account(books: Books) -> None:
    invoice = books.posted(line("1", "100"), customer=books.beta, currency="USD", day=date(2026, 10, 1))
    assert invoice.base_gross == 9000
    books.portal.run(lambda unit: taxes.add_exchange_rate(unit, "USD", date(2026, 11, 1), Decimal("0.95")))
    payment = books.pay(10000, customer=books.beta, currency="USD")
    assert payment.base_amount == 9500
    books.allocate(payment, {invoice.public_id: 3333})
    books.allocate(payment, {invoice.public_id: 6667})
    assert (books.again(invoice).open, books.again(invoice).base_open) == (0, 0)
    assert books.ledger() == {"1000": 9500, "4200": -9000, "7900": -500}
    assert books.findings() == []
    first, _second = books.allocations()
    books.undo(first)
    assert books.again(invoice).open == 3333
    assert books.findings() == []
    assert books.aged().total.total == books.control(TODAY) == books.ledger().get("1200", 0)


def test_yen_are_paid_without_decimals(books: Books) -> None:
    books.portal.run(lambda unit: taxes.add_exchange_rate(unit, "JPY", date(2026, 11, 2), Decimal("0.0059")))
    invoice = books.posted(line("1", "12345"), customer=books.beta, currency="JPY", day=date(2026, 10, 1))
    books.pay(12345, {invoice.public_id: 12345}, customer=books.beta, currency="JPY")
    assert books.again(invoice).open == 0
    assert books.ledger() == {"1000": 7284, "4200": -7530, "7900": 246}
    assert books.findings() == []


def test_undoing_and_reversing_restore_both_sides_exactly(books: Books) -> None:
    invoice, other = books.posted(), books.posted(line("2", "33.33"))
    before = books.ledger()
    payment = books.pay(15000, {invoice.public_id: 11900, other.public_id: 3100})
    first, second = books.allocations()
    books.undo(first)
    assert (books.again(invoice).open, books.payment(payment.public_id).open) == (11900, 11900)
    with pytest.raises(Refused):
        books.undo(first)
    counter = books.allocations()[-1]
    with pytest.raises(Refused):
        books.undo(counter)
    with pytest.raises(LookupError):
        books.portal.run(
            lambda unit: __import__("portal.modules.finance.services.allocation", fromlist=["undo"]).undo(
                unit, second.public_id, books.beta.id, TODAY
            )
        )
    assert len(books.allocations()) == 3
    books.reverse(payment)
    assert (books.again(other).open, books.payment(payment.public_id).open) == (other.gross, 0)
    assert books.ledger() == before
    with pytest.raises(Refused):
        books.reverse(payment)
    with pytest.raises((Refused, Invalid)):
        books.allocate(payment, {invoice.public_id: 1})
    assert books.ledger() == before
    assert books.findings() == []


def test_a_report_as_of_a_day_stays_after_later_acts(books: Books) -> None:
    old = books.posted(day=date(2026, 7, 1))
    new = books.posted(line("2"), day=date(2026, 9, 15))
    payment = books.pay(15000, {old.public_id: 11900}, day=date(2026, 9, 20))
    october = date(2026, 10, 20)
    report = books.aged(october)
    assert report.total.buckets == (0, 23800, 0, 0, 0)
    assert report.total.credits == -3100
    assert report.total.total == books.control(october)
    (allocation,) = books.allocations()
    books.undo(allocation)
    books.reverse(payment)
    books.credit(new, "1")
    assert books.aged(october) == report
    assert books.aged().total.total == books.control(TODAY) == 23800
    assert books.aged().total.buckets == (0, 11900, 0, 0, 11900)
    assert books.findings() == []


@pytest.mark.parametrize(
    ("days", "bucket"), [(0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4)]
)
def test_due_today_is_not_overdue(books: Books, days: int, bucket: int) -> None:
    invoice = books.posted(day=date(2026, 6, 1))
    assert invoice.due_date == date(2026, 7, 1)
    report = books.aged(date(2026, 7, 1) + timedelta(days=days))
    assert [place for place, amount in enumerate(report.total.buckets) if amount] == [bucket]


def test_statement_and_trial_balance_agree_with_the_ledger(books: Books) -> None:
    invoice = books.posted(day=date(2026, 9, 1))
    books.credit(invoice, "0.5", day=date(2026, 10, 1))
    payment = books.pay(3000, {invoice.public_id: 3000}, day=date(2026, 10, 5))
    books.reverse(payment)
    with books.portal.reading() as unit:
        found = account.statement(unit, Scope.whole(books.alpha.id), "EUR", date(2026, 10, 1), TODAY)
        trial = reports.trial_balance(unit, date(2026, 10, 1), TODAY)
        summary = reports.tax_summary(unit, date(2026, 9, 1), date(2026, 9, 30))
        later = reports.tax_summary(unit, date(2026, 10, 1), date(2026, 10, 31))
    assert found.opening == 11900
    assert [(row.kind, row.balance) for row in found.rows] == [
        ("credit_note", 5950),
        ("payment", 2950),
        ("reversal", 5950),
    ]
    assert found.closing == books.ledger()["1200"] == 5950
    assert {row.number: row.closing for row in trial if row.closing} == books.ledger()
    assert sum(row.closing for row in trial) == sum(row.opening for row in trial) == 0
    assert [(row.key, row.base, row.amount) for row in summary] == [("DE-S-19", 10000, 1900)]
    assert [(row.key, row.base, row.amount) for row in later] == [("DE-S-19", -5000, -950)]


class Model:
    """What stands open, by arithmetic of its own."""

    def __init__(self) -> None:
        self.invoices: dict[str, int] = {}
        self.payments: dict[str, int] = {}
        self.allocations: dict[str, tuple[str, str, int]] = {}
        self.reversed: set[str] = set()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_machine_of_random_acts_agrees_with_a_model(books: Books, seed: int) -> None:
    rng = random.Random(seed)
    model = Model()
    currency = "USD"
    for step in range(45):
        if step % 15 == 5:
            rate = Decimal(rng.randrange(800_000, 1_100_000)).scaleb(-6)
            day = date(2026, 11, 1) if step < 15 else TODAY
            books.portal.run(lambda unit, day=day, rate=rate: _rate(unit, day, rate))
        act = rng.choice(["invoice", "pay", "allocate", "allocate", "undo", "reverse", "too much"])
        if act == "invoice" or not model.invoices:
            price = str(Decimal(rng.randrange(1, 99999)).scaleb(-2))
            invoice = books.posted(line("1", price), customer=books.beta, currency=currency)
            model.invoices[invoice.public_id] = invoice.gross
        elif act == "pay" or not model.payments:
            payment = books.pay(rng.randrange(1, 99999), customer=books.beta, currency=currency)
            model.payments[payment.public_id] = payment.amount
        else:
            _act(books, model, rng, act)
    for public_id, amount in model.invoices.items():
        assert books.invoice(public_id).open == amount
    for public_id, amount in model.payments.items():
        assert books.payment(public_id).open == amount
    assert books.aged().total.total == books.control(TODAY)
    assert books.findings() == []


def _rate(unit: object, day: date, rate: Decimal) -> None:
    from portal.kernel.errors import Invalid

    try:
        taxes.add_exchange_rate(unit, "USD", day, rate)  # type: ignore[arg-type]
    except Invalid:
        return


def _act(books: Books, model: Model, rng: random.Random, act: str) -> None:
    standing = [one for one in model.payments if one not in model.reversed]
    if act == "reverse" and rng.random() < 0.5 and standing:
        public_id = rng.choice(standing)
        for allocation, (invoice, payment, amount) in list(model.allocations.items()):
            if payment == public_id:
                model.invoices[invoice] += amount
                del model.allocations[allocation]
        books.reverse(books.payment(public_id))
        model.payments[public_id] = 0
        model.reversed.add(public_id)
    elif act == "undo" and model.allocations:
        public_id = rng.choice(list(model.allocations))
        invoice, payment, amount = model.allocations.pop(public_id)
        books.undo(next(one for one in books.allocations() if one.public_id == public_id))
        model.invoices[invoice] += amount
        model.payments[payment] += amount
    elif standing:
        invoice, payment = rng.choice(list(model.invoices)), rng.choice(standing)
        room = min(model.invoices[invoice], model.payments[payment])
        if act == "too much" or not room:
            with pytest.raises(Invalid):
                books.allocate(books.payment(payment), {invoice: room + 1})
            return
        amount = rng.randrange(1, room + 1)
        books.allocate(books.payment(payment), {invoice: amount})
        model.allocations[books.allocations()[-1].public_id] = (invoice, payment, amount)
        model.invoices[invoice] -= amount
        model.payments[payment] -= amount


def test_parts_in_base_stay_within_the_document_in_whatever_order_they_are_undone(books: Books) -> None:
    books.portal.run(lambda unit: taxes.add_exchange_rate(unit, "KRW", date(2026, 1, 1), Decimal("0.001429")))
    invoice = books.posted(line("1", "21"), customer=books.beta, currency="KRW")
    assert (invoice.gross, invoice.base_gross) == (21, 3)
    books.pay(3, {invoice.public_id: 3}, customer=books.beta, currency="KRW")
    second = books.pay(8, {invoice.public_id: 8}, customer=books.beta, currency="KRW")
    books.undo(books.allocations()[0])
    books.pay(1, {invoice.public_id: 1}, customer=books.beta, currency="KRW")
    assert all(one.base_amount >= 0 for one in books.allocations() if one.undoes_id is None)
    books.reverse(second)
    rest = books.again(invoice).open
    books.pay(rest, {invoice.public_id: rest}, customer=books.beta, currency="KRW")
    assert (books.again(invoice).open, books.again(invoice).base_open) == (0, 0)
    assert books.findings() == []


def test_what_was_undone_is_not_allocated_from_an_earlier_day(books: Books) -> None:
    early, late = TODAY - timedelta(20), TODAY - timedelta(10)
    first, second = (books.posted(day=TODAY - timedelta(30)) for _place in range(2))
    payment = books.pay(11900, {first.public_id: 11900}, day=early)
    books.undo(books.allocations()[0], late)
    other = books.pay(11900, day=early)
    for paying, invoice in ((payment, second), (other, first)):
        with pytest.raises(Invalid, match="taken back"):
            books.allocate(paying, {invoice.public_id: 100}, late - timedelta(1))
    with pytest.raises(Invalid, match="taken back"):
        books.pay(100, {first.public_id: 100}, day=early)
    with pytest.raises(Invalid):
        books.reverse(payment, late - timedelta(1))
    assert len(books.allocations()) == 2
    books.allocate(payment, {second.public_id: 11900}, late)
    books.allocate(other, {first.public_id: 11900}, late)
    for day in (early, late - timedelta(1), late, TODAY):
        assert books.aged(day).total.total == books.control(day)
    assert books.findings() == []


def test_an_older_payment_pays_an_invoice_that_a_newer_one_pays_too(books: Books) -> None:
    invoice = books.posted(day=TODAY - timedelta(30))
    books.pay(1000, {invoice.public_id: 1000}, day=TODAY - timedelta(5))
    books.pay(1000, {invoice.public_id: 1000}, day=TODAY - timedelta(9))
    assert books.again(invoice).open == 9900
    assert books.findings() == []


def test_nothing_is_allocated_in_a_period_that_was_closed_meanwhile(books: Books) -> None:
    """The command read the lock date before it was moved; the database looks again."""
    day = TODAY - timedelta(1)
    invoice = books.posted(day=day)
    payment = books.pay(500, day=day)

    def act(unit: Unit) -> None:
        before = chart.read(unit)
        lock_date.move(unit, day, "", backwards=False)
        locked = allocation.lock(unit, invoice.customer_id, [invoice.id])
        mine = reading.lock_payment(unit, payment.id)
        allocation.apply(unit, before, locked, mine, {invoice.id: 500}, day)

    with pytest.raises(Refused, match="closed"):
        books.portal.run(act)
    assert list(books.allocations()) == []


def test_a_lock_date_waits_for_an_allocation_under_way(books: Books) -> None:
    if books.portal.house.database.is_sqlite:
        return  # has one writer at a time
    day = TODAY - timedelta(1)
    invoice = books.posted(day=day)
    payment = books.pay(500, day=day)

    def impatient(unit: Unit) -> None:
        unit.db.execute(text("SET LOCAL lock_timeout = 100"))
        lock_date.move(unit, day, "", backwards=False)

    with books.portal.unit() as unit:
        allocation.allocate_payment(unit, payment, {invoice.public_id: 500}, day)
        with pytest.raises(Contention):
            books.portal.run(impatient, tries=1)
    assert [one.day for one in books.allocations()] == [day]
    assert books.rows("SELECT day FROM finance_lock_date") == []
