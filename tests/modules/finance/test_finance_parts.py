"""Orders billed in parts, dates of supply, and what drafts follow."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from modules.finance.conftest import ACCOUNTANT, TODAY, Books, line
from modules.orders.conftest import CLERK, Shop, make_shop
from sqlalchemy import text

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.people import Scope
from portal.modules.finance.services import (
    account,
    drafting,
    lock_date,
    own,
    printing,
    reports,
    starting_chart,
)
from portal.modules.finance.services.drafting import InvoiceData
from portal.modules.finance.services.totals import AtRate, StoredRate, TaxedLine, sum_up
from portal.modules.finance.services.totals import DraftLine as InvoiceDraftLine
from portal.modules.orders.services import billing, deliveries, lifecycle
from portal.modules.orders.services.drafts import DraftLine
from portal.modules.taxes import services as taxes
from portal.testing.fixtures import PortalFactory


@pytest.fixture
def shop(portals: PortalFactory) -> Shop:
    """A shop with books."""
    made = make_shop(portals("taxes", "customers", "catalog", "orders", "finance"))
    made.portal.run(starting_chart.install_chart)
    return made


@pytest.fixture
def desk(shop: Shop) -> Books:
    """The books of the shop."""
    return Books(shop.portal, shop.alpha, shop.beta)


def _invoices(desk: Books) -> list[Any]:
    rows = desk.rows("SELECT public_id FROM finance_invoice ORDER BY id")
    return [desk.invoice(row.public_id) for row in rows]


def _priced(quantity: str, price: str, discount: str = "0") -> DraftLine:
    return DraftLine(
        Decimal(quantity),
        name="Sample",
        unit_price=Decimal(price),
        discount=Decimal(discount),
        tax_class="standard",
    )


def _deliver(shop: Shop, order: Any, quantity: str, day: date) -> None:
    first = shop.facts(order).lines[0].id
    shop.portal.run(
        lambda unit: deliveries.deliver(unit, order.id, {first: Decimal(quantity)}, on=day), CLERK
    )


def _quantities(desk: Books, draft: Any) -> list[tuple[str, int]]:
    return [(one.name, one.quantity // 1_000_000) for one in desk.lines(draft)]


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "expected"),
    [("3", "33.335", "0", (10001, 1900)), ("10", "0.07", "10", (63, 12)), ("2", "5", "100", (0, 0))],
)
def test_invoices_of_parts_sum_to_the_order(
    shop: Shop, desk: Books, quantity: str, price: str, discount: str, expected: tuple[int, int]
) -> None:
    order = shop.confirmed(_priced(quantity, price, discount), bill_on="delivery")
    facts = shop.facts(order)
    assert (facts.net, facts.tax) == expected
    for _time in range(int(quantity)):
        shop.deliver(order, "1")
        desk.post(_invoices(desk)[-1])
    invoices = _invoices(desk)
    assert len(invoices) == int(quantity)
    assert (sum(one.net for one in invoices), sum(one.tax for one in invoices)) == expected
    assert desk.findings() == []


def test_an_edited_draft_keeps_the_parts_of_the_order_and_other_prices_stand_alone(
    shop: Shop, desk: Books
) -> None:
    order = shop.confirmed(_priced("3", "33.335"), bill_on="delivery")
    shop.deliver(order, "1")
    shop.deliver(order, "2")
    first, second = _invoices(desk)
    (one,) = desk.lines(first)

    def save(price: str) -> None:
        written = InvoiceDraftLine(
            one.name, Decimal(1), Decimal(price), "standard", order_line_id=one.order_line_id
        )
        data = InvoiceData("EUR", (written,), notes="edited")
        version = desk.again(first).version
        desk.portal.run(lambda unit: drafting.change_draft(unit, first.id, version, data), ACCOUNTANT)

    save("33.335")
    assert desk.again(first).net + desk.again(second).net == 10001
    save("10")
    assert desk.again(first).net == 1000


def test_an_order_of_nothing_is_settled_when_it_is_posted(shop: Shop, desk: Books) -> None:
    order = shop.confirmed(_priced("1", "10", "100"), bill_on="delivery")
    shop.deliver(order, "1")
    invoice = desk.post(_invoices(desk)[-1])
    assert (invoice.gross, invoice.open, invoice.number) == (0, 0, "INV-2026-00001")
    assert shop.row(order).billing == "settled"
    assert desk.findings() == []


def test_the_quantities_of_an_invoice_of_nothing_are_taken_back(shop: Shop, desk: Books) -> None:
    order = shop.confirmed(_priced("2", "10", "100"), bill_on="delivery")
    shop.deliver(order, "2")
    invoice = desk.post(_invoices(desk)[-1])
    note = desk.credit(invoice, "1.5")
    assert (note.gross, note.open, note.number, note.state) == (0, 0, "CN-2026-00001", "posted")
    assert [one.credited for one in desk.lines(invoice)] == [1_500_000]
    assert [one.invoiced for one in shop.facts(order).lines] == [Decimal("0.5")]
    assert desk.allocations() == []
    with pytest.raises(Invalid, match="left to credit"):
        desk.credit(invoice, "1")
    desk.credit(invoice, "0.5")
    assert [one.invoiced for one in shop.facts(order).lines] == [0]
    assert desk.ledger() == {}
    assert desk.findings() == []


def test_a_line_of_nothing_is_credited_alone(books: Books) -> None:
    invoice = books.posted(line(), line(price="0"))
    note = books.credit(invoice, "0", "1")
    assert (note.gross, books.again(invoice).open) == (0, 11900)
    assert [one.credited for one in books.lines(invoice)] == [0, 1_000_000]
    assert books.findings() == []


def test_goods_delivered_before_posting_date_the_supply_of_what_was_drafted_at_once(
    shop: Shop, desk: Books
) -> None:
    order = shop.confirmed(bill_on="confirmation")
    (draft,) = _invoices(desk)
    assert draft.delivery_date is None
    day = TODAY - timedelta(days=5)
    made = _delivered(shop, order, "10", day)
    assert (desk.again(draft).delivery_date, desk.again(draft).tax_date) == (day, day)
    shop.portal.run(lambda unit: deliveries.undo(unit, order.id, made), CLERK)
    assert desk.again(draft).delivery_date is None


def _delivered(shop: Shop, order: Any, quantity: str, day: date) -> str:
    _deliver(shop, order, quantity, day)
    return str(shop.rows("SELECT public_id FROM orders_delivery ORDER BY id DESC LIMIT 1")[0].public_id)


def test_each_draft_carries_the_day_of_its_own_delivery_and_none_to_come(shop: Shop, desk: Books) -> None:
    order = shop.confirmed(bill_on="delivery")
    shop.deliver(order, "4")
    early = TODAY - timedelta(days=20)
    _deliver(shop, order, "3", early)
    assert [one.delivery_date for one in _invoices(desk)] == [TODAY, early]
    with pytest.raises(Invalid) as invalid:
        _deliver(shop, order, "3", TODAY + timedelta(days=1))
    assert list(invalid.value.errors) == ["delivered_on"]
    with pytest.raises(Invalid) as invalid:
        desk.draft(delivery_date=TODAY + timedelta(days=1))
    assert list(invalid.value.errors) == ["delivery_date"]
    assert (len(_invoices(desk)), shop.facts(order).lines[0].delivered) == (2, 7)


def test_a_date_of_supply_is_printed_only_where_it_is_known(books: Books) -> None:
    with books.portal.reading() as unit:
        unknown = printing.draft(unit, books.draft())
        known = printing.draft(unit, books.draft(delivery_date=date(2026, 10, 20)))
    assert (unknown.delivery_date, known.delivery_date) == (None, date(2026, 10, 20))


def test_a_tax_carries_every_text_of_exemption_once() -> None:
    rates = (StoredRate("E", "Exempt", Decimal(0), 0),)
    lines = [
        TaxedLine(name, "E", said, 100, rates) for name, said in (("a", "one"), ("b", "two"), ("c", "one"))
    ]
    (tax,) = sum_up(lines, Decimal(1), AtRate("EUR", "EUR", Decimal(1))).taxes
    assert tax["exemption"] == "one\ntwo"


def test_credit_in_parts_leaves_nothing_in_the_base_currency(books: Books) -> None:
    invoice = books.posted(
        line("7", "0.33"), line("7", "0.11", "reduced"), customer=books.beta, currency="USD"
    )
    notes = [books.credit(invoice, "1", "1") for _time in range(7)]
    assert sum(note.base_gross for note in notes) == invoice.base_gross
    assert books.ledger() == {}
    with books.portal.reading() as unit:
        sums = reports.tax_summary(unit, date(2026, 1, 1), TODAY)
    assert {(row.base, row.amount) for row in sums} == {(0, 0)}
    assert books.findings() == []


def test_posting_follows_a_rate_and_refuses_a_tax_changed_for_the_same_day(books: Books) -> None:
    foreign = books.draft(customer=books.beta, currency="USD", delivery_date=TODAY)
    books.portal.run(lambda unit: taxes.add_exchange_rate(unit, "USD", TODAY, Decimal("0.50")))
    assert books.post(foreign).base_gross == 5000
    taxed = books.draft(delivery_date=TODAY)
    with books.portal.unit() as unit:
        unit.db.execute(
            text(
                'UPDATE finance_invoice_line SET rates = \'[["DE-S-19", "USt", "16", 1900]]\''
                f" WHERE invoice_id = {taxed.id}"
            )
        )
    with pytest.raises(Refused, match="taxes have changed"):
        books.post(taxed)
    assert books.again(taxed).state == "draft"


def test_a_closed_period_of_the_tax_summary_stays(books: Books) -> None:
    august = date(2026, 8, 1), date(2026, 8, 31)
    books.posted(day=date(2026, 8, 1), delivery_date=date(2026, 8, 1))
    books.portal.run(lambda unit: lock_date.move(unit, date(2026, 9, 30), "", backwards=False), ACCOUNTANT)
    late = books.posted(delivery_date=date(2026, 8, 15))
    assert (late.tax_date, late.reported_on) == (date(2026, 8, 15), date(2026, 10, 1))
    with books.portal.reading() as unit:
        assert [row.base for row in reports.tax_summary(unit, *august)] == [10000]
        assert [row.base for row in reports.tax_summary(unit, date(2026, 10, 1), TODAY)] == [10000]


def test_a_draft_that_is_gone_is_a_conflict(shop: Shop, desk: Books) -> None:
    order = shop.confirmed(bill_on="confirmation")
    (draft,) = _invoices(desk)
    shop.portal.run(lambda unit: lifecycle.cancel(unit, order.id, "no"), CLERK)
    for act in (
        lambda: desk.post(draft),
        lambda: desk.portal.run(lambda unit: drafting.delete_draft(unit, draft.id, draft.version)),
        lambda: desk.portal.run(
            lambda unit: drafting.change_draft(unit, draft.id, draft.version, InvoiceData("EUR", (line(),)))
        ),
    ):
        with pytest.raises(Conflict):
            act()
    assert _invoices(desk) == []


def test_cancelling_a_rest_takes_only_that_off_a_draft(shop: Shop, desk: Books) -> None:
    order = shop.confirmed(bill_on="confirmation")
    (draft,) = _invoices(desk)
    written = [
        InvoiceDraftLine(
            one.name,
            Decimal(8) if one.position == 1 else Decimal(1),
            Decimal(one.unit_price) / 1_000_000,
            one.tax_class,
            order_line_id=one.order_line_id,
        )
        for one in desk.lines(draft)
    ]
    data = InvoiceData("EUR", written, notes="keep me", due_date=date(2026, 12, 31))
    desk.portal.run(lambda unit: drafting.change_draft(unit, draft.id, draft.version, data), ACCOUNTANT)
    shop.deliver(order, "6")
    shop.portal.run(lambda unit: deliveries.cancel_rest(unit, order.id, 1), CLERK)
    after = desk.again(draft)
    assert (after.notes, after.due_date) == ("keep me", date(2026, 12, 31))
    assert _quantities(desk, after) == [("Tea", 6), ("Advice", 1)]


def test_what_was_credited_is_not_billed_with_the_next_delivery(shop: Shop, desk: Books) -> None:
    order = shop.confirmed(bill_on="delivery")
    shop.deliver(order, "4")
    desk.credit(desk.post(_invoices(desk)[-1]), "4")
    shop.deliver(order, "6")
    assert _quantities(desk, _invoices(desk)[-1]) == [("Tea", 6), ("Advice", 1)]


def test_only_a_confirmed_order_is_drafted(shop: Shop, desk: Books) -> None:
    order = shop.order()
    with pytest.raises(Refused, match="confirmed"):
        shop.portal.run(lambda unit: drafting.draft_from_order(unit, billing.Orders(unit).lock(order.id)))
    assert _invoices(desk) == []


def test_a_statement_sums_to_its_balance_and_keeps_reasons_inside(books: Books) -> None:
    books.posted()
    books.pay(3000)
    books.reverse(books.pay(500))
    with books.portal.reading() as unit:
        found = own.statement_for(unit, books.alpha, "EUR", date(2026, 1, 1), TODAY)
        printed = own.printed(unit, found)
        moves = account.statement(unit, Scope.whole(books.alpha.id), "EUR", date(2026, 1, 1), TODAY).rows
    assert printed.credits_minor == -3000
    assert sum(one.amount_minor for one in printed.ageing) + printed.credits_minor == printed.closing_minor
    assert [one.reference for one in moves if one.kind == "reversal"] == ["transfer"]
