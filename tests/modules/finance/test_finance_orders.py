"""Finance with orders: drafts that follow confirmation and delivery, what is told back, panels, budgets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from modules.finance.conftest import Books
from modules.orders.conftest import CLERK, Shop, make_shop
from modules.pages import form_to, form_with

from portal.kernel.errors import Refused
from portal.modules.finance.services import starting_chart
from portal.modules.orders.services import billing, deliveries, lifecycle
from portal.modules.orders.services.drafts import DraftLine
from portal.testing.fixtures import PortalFactory


@pytest.fixture
def shop(portals: PortalFactory) -> Shop:
    """A shop with books."""
    made = make_shop(portals("taxes", "customers", "catalog", "orders", "finance"))
    made.portal.run(starting_chart.install_chart)
    return made


@pytest.fixture
def books(shop: Shop) -> Books:
    """The books of the shop."""
    return Books(shop.portal, shop.alpha, shop.beta)


def _invoices(books: Books) -> list[Any]:
    return [
        books.invoice(row.public_id)
        for row in books.rows("SELECT public_id FROM finance_invoice ORDER BY id")
    ]


def test_an_order_billed_on_confirmation_is_drafted_posted_and_settled(shop: Shop, books: Books) -> None:
    order = shop.confirmed(bill_on="confirmation")
    (draft,) = _invoices(books)
    facts = shop.facts(order)
    assert (draft.state, draft.net, draft.gross) == ("draft", facts.net, facts.gross)
    assert shop.row(order).billing == "none"
    invoice = books.post(draft)
    assert shop.row(order).billing == "fully"
    books.pay(invoice.gross - 1, {invoice.public_id: invoice.gross - 1})
    assert shop.row(order).billing == "fully"
    payment = books.pay(1, {invoice.public_id: 1})
    assert shop.row(order).billing == "settled"
    books.reverse(payment)
    assert shop.row(order).billing == "fully"
    note = books.credit(invoice, "10", "0")
    assert shop.row(order).billing == "partly"
    assert note.order_id == order.id
    assert books.findings() == []


def test_an_order_billed_on_delivery_is_drafted_as_it_is_delivered(shop: Shop, books: Books) -> None:
    order = shop.confirmed(bill_on="delivery")
    assert _invoices(books) == []
    shop.deliver(order, "4")
    (first,) = _invoices(books)
    assert [(line.name, line.quantity) for line in books.lines(first)] == [("Tea", 4_000_000)]
    books.post(first)
    made = shop.deliver(order, "6")
    second = _invoices(books)[1]
    assert [(line.name, line.quantity) for line in books.lines(second)] == [
        ("Tea", 6_000_000),
        ("Advice", 1_000_000),
    ]
    shop.portal.run(lambda unit: deliveries.undo(unit, order.id, made.public_id), CLERK)
    assert [one.state for one in _invoices(books)] == ["posted"]
    assert shop.row(order).billing == "partly"
    assert books.findings() == []


@pytest.mark.parametrize("delivered", ["0", "4"])
def test_services_are_billed_with_the_last_goods_though_these_are_cancelled(
    shop: Shop, books: Books, delivered: str
) -> None:
    order = shop.confirmed(bill_on="delivery")
    if delivered != "0":
        shop.deliver(order, delivered)
        (first,) = _invoices(books)
        books.post(first)
    shop.portal.run(lambda unit: deliveries.cancel_rest(unit, order.id, 1), CLERK)
    draft = _invoices(books)[-1]
    assert [(line.name, line.quantity) for line in books.lines(draft)] == [("Advice", 1_000_000)]
    books.post(draft)
    assert shop.row(order).billing == "fully"
    assert books.findings() == []


def test_an_order_billed_by_hand_is_not_drafted_by_cancelling(shop: Shop, books: Books) -> None:
    order = shop.confirmed(bill_on="hand")
    shop.portal.run(lambda unit: deliveries.cancel_rest(unit, order.id, 1), CLERK)
    assert _invoices(books) == []


def test_services_alone_are_billed_on_confirmation(shop: Shop, books: Books) -> None:
    shop.confirmed(DraftLine(Decimal(2), product=shop.advice.public_id), bill_on="delivery")
    (draft,) = _invoices(books)
    assert draft.net == 18000


def test_nothing_is_billed_twice_and_never_more_than_ordered(shop: Shop, books: Books) -> None:
    order = shop.confirmed(bill_on="hand")
    assert _invoices(books) == []
    staff = books.staff()
    for _time in range(2):
        shop.portal.run(lambda unit: _draft(unit, order.id))
    (draft,) = _invoices(books)
    shop.portal.run(
        lambda unit: billing.Orders(unit).record_invoiced(
            order.id, {shop.facts(order).lines[0].id: Decimal(1)}
        )
    )
    with pytest.raises(Refused, match="left to invoice"):
        books.post(draft)
    assert books.again(draft).state == "draft"
    assert shop.facts(order).lines[0].invoiced == 1
    assert books.rows("SELECT series FROM finance_counter") == []
    assert "Draft" in staff.get(f"/finance/invoices/{draft.public_id}/")


def _draft(unit: Any, order_id: int) -> str | None:
    from portal.modules.finance.services import drafting

    return drafting.draft_from_order(unit, billing.Orders(unit).get(order_id))


def test_a_cancelled_order_loses_its_drafts(shop: Shop, books: Books) -> None:
    order = shop.confirmed(bill_on="confirmation")
    assert len(_invoices(books)) == 1
    shop.portal.run(lambda unit: lifecycle.cancel(unit, order.id, "changed my mind"), CLERK)
    assert _invoices(books) == []


def test_the_orders_page_shows_its_invoices_and_drafts_what_is_left(shop: Shop, books: Books) -> None:
    order = shop.confirmed(bill_on="hand")
    both = shop.portal.employee("both@company.example", "orders.reader", "finance.accountant")
    page = both.get(f"/orders/{order.public_id}/")
    draft = form_to(page, "from-order").submit().follow()
    assert "Alpha GmbH" in draft
    posted = form_with(draft.click("^Post$"), "invoice_date").submit().follow()
    assert "INV-2026-00001" in posted
    page = both.get(f"/orders/{order.public_id}/")
    assert "INV-2026-00001" in page
    assert not any(form.action.endswith("from-order") for form in page.forms.values())
    assert "INV-2026-00001" not in shop.staff("reader").get(f"/orders/{order.public_id}/")
    buyer = shop.buyer()
    own = buyer.get(f"/my/{shop.alpha.public_id}/orders/{order.public_id}/").click("INV-2026-00001")
    assert "DE02120300000000202051" in own
    customer = both.get("/")
    assert customer.status_int == 200


# --- budgets -------------------------------------------------------------------------------------------------


def test_the_list_of_invoices_leads_to_the_order_where_that_may_be_seen(shop: Shop, books: Books) -> None:
    order = shop.confirmed(bill_on="confirmation")
    books.draft()
    reader = books.staff()
    page = reader.get("/finance/invoices/")
    assert order.number in page
    assert page.html.find("a", string=order.number) is None
    both = books.portal.employee("both@company.example", "finance.reader", "orders.reader")
    page = both.get("/finance/invoices/")
    assert page.html.find("a", string=order.number)["href"] == f"/orders/{order.public_id}/"
    assert [
        row.find("td", attrs={"data-label": "Order"}).get_text() for row in page.html.select("tbody tr")
    ] == [
        "",
        order.number,
    ]


@pytest.mark.parametrize("count", [3, 100])
def test_budgets(shop: Shop, books: Books, count: int) -> None:
    lines = [DraftLine(Decimal(1), product=shop.tea.public_id) for _line in range(count)]
    order = shop.order(*lines, bill_on="confirmation")
    confirmed = shop.portal.count(lambda unit: lifecycle.confirm(unit, order.id))
    assert len(confirmed) <= 20, confirmed
    (draft,) = _invoices(books)
    staff = books.staff()
    form = form_with(staff.get(f"/finance/invoices/{draft.public_id}/post"), "invoice_date")
    posted = form.submit()
    assert posted.status_int == 303
    assert _statements(posted) <= 20
    form = form_with(staff.get(f"/finance/invoices/{draft.public_id}/pay"), "amount")
    paid = form.submit()
    assert paid.status_int == 303
    assert _statements(paid) <= 16
    assert shop.row(order).billing == "settled"
    assert books.findings() == []


def _statements(response: Any) -> int:
    return int(response.headers["Server-Timing"].split('"')[1].split()[0])
