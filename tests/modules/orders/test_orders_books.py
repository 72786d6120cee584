"""Races, deliveries, what `portal verify` finds, mail, the list."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from modules.orders.conftest import CLERK, Shop
from modules.pages import form_to, form_with
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.kernel.errors import Invalid, Refused
from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.orders.checks import check_progress, check_quantities, check_totals
from portal.modules.orders.events import OrderDelivered, OrderDeliveryUndone
from portal.modules.orders.services import deliveries, lifecycle, own
from portal.modules.orders.services.billing import Orders
from portal.modules.orders.services.drafts import DraftLine


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """What each of so many threads made of the act: its result or the refusal."""
    results: list[object] = [None] * count
    barrier = threading.Barrier(count)

    def run(place: int) -> None:
        barrier.wait()
        try:
            results[place] = act(place)
        except (Refused, Invalid) as refusal:
            results[place] = refusal

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# --- races -------------------------------------------------------------------------------------------------


def test_parallel_deliveries_never_exceed_the_order(shop: Shop) -> None:
    order = shop.confirmed(DraftLine(Decimal(10), product=shop.tea.public_id))
    [line] = shop.facts(order).lines
    results = at_once(
        16,
        lambda _place: shop.portal.run(
            lambda unit: deliveries.deliver(unit, order.id, {line.id: Decimal(1)}), CLERK
        ),
    )
    assert sum(isinstance(result, deliveries.Made) for result in results) == 10
    assert shop.facts(order).lines[0].delivered == Decimal(10)
    assert shop.rows("SELECT SUM(quantity), COUNT(*) FROM orders_delivery_line") == [(10_000_000, 10)]
    assert shop.row(order).delivery == "fully"


def test_parallel_billing_never_exceeds_the_order(shop: Shop) -> None:
    order = shop.confirmed(DraftLine(Decimal(5), product=shop.tea.public_id))
    [line] = shop.facts(order).lines

    def bill(unit: Unit) -> None:
        orders = Orders(unit)
        orders.lock(order.id)
        orders.record_invoiced(order.id, {line.id: Decimal(2)})

    results = at_once(6, lambda _place: shop.portal.run(bill, CLERK))
    assert sum(result is None for result in results) == 2
    assert shop.facts(order).lines[0].invoiced == Decimal(4)


def test_parallel_orders_have_different_numbers(shop: Shop) -> None:
    made = at_once(8, lambda _place: shop.order().number)
    assert len(set(made)) == 8
    assert all(str(number).startswith("SO-2026-") for number in made)


def test_confirmed_once(shop: Shop) -> None:
    order = shop.order()
    results = at_once(
        5, lambda _place: shop.portal.run(lambda unit: lifecycle.confirm(unit, order.id), CLERK)
    )
    assert sum(isinstance(result, Refused) for result in results) == 4
    assert len(shop.rows("SELECT 1 FROM orders_event WHERE action = 'confirm'")) == 1


# --- deliveries --------------------------------------------------------------------------------------------


def test_delivering_and_taking_back(shop: Shop) -> None:
    heard: list[Any] = []
    for event in (OrderDelivered, OrderDeliveryUndone):
        shop.portal.house.subscribers.setdefault(event, []).append(lambda one, _unit: heard.append(one))
    order = shop.confirmed()
    tea, advice = shop.facts(order).lines
    assert (tea.deliverable, advice.deliverable) == (Decimal(10), Decimal(0))
    shipper, here = shop.staff("shipper"), f"/orders/{order.public_id}/"
    form = form_with(shipper.get(f"{here}deliver"), "delivered_on")
    form["lines-0-quantity"] = "11"
    page = form.submit(status=422)
    wrong = page.html.find(attrs={"name": "lines-0-quantity"})
    assert (wrong["value"], wrong["aria-invalid"]) == ("11", "true")
    assert "only 10 are open" in page.html.find(id=wrong["aria-describedby"]).get_text()
    assert shop.facts(order).lines[0].delivered == 0
    form = form_with(page, "delivered_on")
    form["lines-0-quantity"], form["note"] = "4.5", "By bike"
    form.submit().follow()
    assert (shop.row(order).delivery, shop.facts(order).lines[0].delivered) == ("partly", Decimal("4.5"))
    [(delivery,)] = shop.rows("SELECT public_id FROM orders_delivery")
    page = shipper.get(f"{here}{delivery}/")
    assert "By bike" in page
    form_with(page.click(description="Take delivery back"), "reason").submit().follow()
    row = shop.row(order)
    assert (row.delivery, row.delivered_on, shop.facts(order).lines[0].delivered) == (
        "none",
        None,
        Decimal(0),
    )
    assert [type(event) for event in heard] == [OrderDelivered, OrderDeliveryUndone]
    assert heard[0].quantities == heard[1].quantities == ((tea.id, Decimal("4.5")),)
    with pytest.raises(Refused):
        shop.portal.run(lambda unit: deliveries.undo(unit, order.id, delivery), CLERK)
    [(counter,)] = shop.rows("SELECT public_id FROM orders_delivery WHERE undoes_id IS NOT NULL")
    with pytest.raises(Refused):
        shop.portal.run(lambda unit: deliveries.undo(unit, order.id, counter), CLERK)
    assert len(shop.rows("SELECT 1 FROM orders_delivery")) == 2


def test_lines_opened_meanwhile_are_offered_without_a_quantity(shop: Shop) -> None:
    lines = [DraftLine(Decimal(2), product=one.public_id) for one in (shop.tea, shop.soap)]
    order = shop.confirmed(*lines)
    made = shop.deliver(order, "0", "2")
    form = form_with(shop.staff("shipper").get(f"/orders/{order.public_id}/deliver"), "delivered_on")
    assert "lines-1-quantity" not in form.fields
    form["lines-0-quantity"] = "1.5"
    shop.portal.run(lambda unit: deliveries.undo(unit, order.id, made.public_id), CLERK)
    page = form.submit(status=409)
    assert [line.delivered for line in shop.facts(order).lines] == [0, 0]
    form = form_with(page, "delivered_on")
    assert [form[f"lines-{place}-quantity"].value for place in (0, 1)] == ["1.5", ""]
    form["lines-1-quantity"] = "1"
    form.submit().follow()
    assert [line.delivered for line in shop.facts(order).lines] == [Decimal("1.5"), 1]


def test_services_need_no_delivery(shop: Shop) -> None:
    order = shop.confirmed(DraftLine(Decimal(3), product=shop.advice.public_id))
    assert shop.row(order).delivery == "fully"
    shop.portal.run(lambda unit: lifecycle.close(unit, order.id), CLERK)
    assert shop.row(order).state == "closed"


def test_cancelling_the_rest_of_a_line(shop: Shop) -> None:
    order = shop.confirmed()
    shop.deliver(order, "4")
    form = form_with(shop.staff("manager").get(f"/orders/{order.public_id}/cancel-rest"), "line")
    form["line"] = "1"
    form.submit().follow()
    assert shop.facts(order).lines[0].cancelled == Decimal(6)
    assert shop.row(order).delivery == "fully"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders_line SET delivered = 11000000",
        "UPDATE orders_line SET delivered = -1",
        "UPDATE orders_line SET invoiced = quantity + 1",
        "UPDATE orders_line SET cancelled = quantity, delivered = 1",
        "UPDATE orders_line SET quantity = 0",
        "UPDATE orders_order SET gross = gross + 1",
        "UPDATE orders_order SET state = 'lost'",
    ],
)
def test_the_database_repeats_the_rules(shop: Shop, statement: str) -> None:
    shop.confirmed()
    with pytest.raises(IntegrityError), shop.portal.unit() as unit:
        unit.db.execute(text(statement))


def test_numbers_go_beyond_five_digits(shop: Shop) -> None:
    first = shop.order()
    with shop.portal.unit() as unit:
        row = dict(unit.db.execute(text("SELECT * FROM orders_order")).mappings().one())
        columns = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        row |= {"id": 123_455, "number": "SO-2026-123455", "public_id": "z" * 26}
        unit.db.execute(text(f"INSERT INTO orders_order ({columns}) VALUES ({values})"), row)
        if unit.db.get_bind().dialect.name == "postgresql":
            unit.db.execute(text("SELECT setval(pg_get_serial_sequence('orders_order', 'id'), 123455)"))
    assert (first.number, shop.order().number) == ("SO-2026-00001", "SO-2026-123456")


# --- portal verify -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE orders_order SET net = net + 1, gross = gross + 1", "SO-2026-00001"),
        ("UPDATE orders_order SET tax = tax + 1, gross = gross + 1", "SO-2026-00001"),
        (
            "UPDATE orders_line SET unit_price = unit_price + 1000000 WHERE position = 1",
            "SO-2026-00001 line 1",
        ),
        ("UPDATE orders_line SET discount = 5000000 WHERE position = 2", "SO-2026-00001 line 2"),
        ("UPDATE orders_line SET delivered = delivered + 1 WHERE position = 1", "SO-2026-00001 line 1"),
        ("DELETE FROM orders_delivery_line", "SO-2026-00001 line 1"),
        ("UPDATE orders_order SET delivery = 'fully'", "SO-2026-00001"),
        ("UPDATE orders_order SET billing = 'settled'", "SO-2026-00001"),
    ],
)
def test_verify_names_what_was_tampered_with(shop: Shop, statement: str, named: str) -> None:
    order = shop.confirmed()
    shop.deliver(order, "3")

    def found() -> set[str]:
        with shop.portal.reading() as unit:
            checks = (check_totals, check_quantities, check_progress)
            return {finding.subject for check in checks for finding in check(unit.db)}

    assert found() == set()
    with shop.portal.unit() as unit:
        unit.db.execute(text(statement))
    assert named in found()


# --- mail and documents ------------------------------------------------------------------------------------


def mails(folder: Path) -> list[Any]:
    return [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.rglob("*.eml"))
    ]


def test_one_mail_with_pdf_and_link_to_those_who_were_ticked(shop: Shop, tmp_path: Path) -> None:
    order, clerk = shop.order(), shop.staff("clerk")
    here = f"/orders/{order.public_id}/"
    page = clerk.get(f"{here}send")
    assert "person.office@alpha.example" in page
    assert f"Quotation {order.number} from Test Trading GmbH" in page
    form = form_with(page, "to")
    form.set("to", True, index=0)
    form.submit().follow()
    shop.portal.work()
    [mail] = mails(tmp_path / "mail")
    assert "office@alpha.example" in mail["To"]
    assert "person.office@alpha.example" in mail["To"]
    assert (
        f"http://localhost/my/{shop.alpha.public_id}/orders/{order.public_id}/"
        in mail.get_body().get_content()
    )
    [pdf] = list(mail.iter_attachments())
    assert pdf.get_content().startswith(b"%PDF")
    stored = (
        shop.buyer().get(f"/my/{shop.alpha.public_id}/orders/{order.public_id}/").click(description="^PDF$")
    )
    assert stored.body == pdf.get_content()

    shop.portal.run(
        lambda unit: lifecycle.record_acceptance(unit, order.id, lifecycle.Acceptance("Anna")), CLERK
    )
    form_to(clerk.get(here), "confirm").submit().follow()
    form_with(clerk.get(f"{here}send-confirmation"), "to").submit().follow()
    shop.portal.work()
    assert {mail["Subject"].split()[0] for mail in mails(tmp_path / "mail")} == {"Quotation", "Order"}
    assert len(mails(tmp_path / "mail")) == 2


def test_a_confirmation_of_what_changed_meanwhile_is_not_mailed(shop: Shop) -> None:
    order, clerk = shop.confirmed(), shop.staff("clerk")
    here = f"/orders/{order.public_id}/send-confirmation"
    form = form_with(clerk.get(here), "to")
    shop.deliver(order, "1")
    page = form.submit(status=409)
    assert shop.rows("SELECT COUNT(*) FROM ops_mail") == [(0,)]
    form_with(page, "to").submit().follow()
    assert shop.rows("SELECT COUNT(*) FROM ops_mail") == [(1,)]
    form = form_with(clerk.get(here), "to")
    form["version"] = ""
    form.submit(status=422)
    assert shop.rows("SELECT COUNT(*) FROM ops_mail") == [(1,)]


def test_nobody_else_gets_the_mail(shop: Shop, tmp_path: Path) -> None:
    order, clerk = shop.order(), shop.staff("clerk")
    form = form_with(clerk.get(f"/orders/{order.public_id}/send"), "to")
    fields = [(name, value) for name, value in form.submit_fields() if name != "to"]
    clerk.post(f"/orders/{order.public_id}/send", [*fields, ("to", "thief@elsewhere.example")], status=422)
    assert shop.row(order).state == "quotation"
    shop.portal.work()
    assert mails(tmp_path / "mail") == []


def test_a_draft_has_a_watermark_and_is_not_stored(shop: Shop) -> None:
    order = shop.order()
    assert shop.staff("reader").get(f"/orders/{order.public_id}/draft").body.startswith(b"%PDF")
    assert shop.rows("SELECT COUNT(*) FROM ops_document") == [(0,)]
    sent = shop.sent()
    shop.staff("reader").get(f"/orders/{sent.public_id}/draft", status=404)


# --- the list ----------------------------------------------------------------------------------------------


def test_list_searches_filters_sorts_and_exports(shop: Shop) -> None:
    one = shop.confirmed(customer_reference="Über-Ref 5")
    two = shop.order(customer=shop.beta, responsible="Zoë GROẞE Ämter")
    clerk = shop.staff("clerk")
    for query, found in (
        ("q=alpha", [one]),
        ("q=uber", [one]),
        (f"q={two.number.lower()}", [two]),
        ("q=hauptstrasse+hamburg+clara", [one]),
        ("q=buyer+beta", [two]),
        ("requested_to=2026-12-01", []),
        ("state=quotation", [two]),
        ("state=open", [one, two]),
        ("delivery=none&billing=none&state=confirmed", [one]),
        ("responsible=clara", [one]),
        ("responsible=ZO%C3%8B", [two]),
        ("responsible=%C3%A4mter+gro%C3%9Fe", [two]),
        ("responsible=beta", []),
        ("ordered_from=2026-11-02&ordered_to=2026-11-02", [one, two]),
        ("ordered_from=2026-11-03", []),
        ("question=yes", []),
    ):
        page = clerk.get(f"/orders/?{query}")
        assert [order.number in page for order in (one, two)] == [one in found, two in found], query
    for sort in ("number", "customer", "ordered_on", "promised_on", "responsible", "gross"):
        for name in (sort, f"-{sort}"):
            assert one.number in clerk.get(f"/orders/?sort={name}")
    assert [order.number in clerk.get("/orders/?delivery=none") for order in (one, two)] == [True, False]
    assert [order.number in clerk.get("/orders/?billing=none") for order in (one, two)] == [True, False]
    clerk.get("/orders/?sort=public_id", status=422)
    csv = clerk.get("/orders/csv?q=alpha").text
    assert one.number in csv
    assert two.number not in csv


def test_list_says_how_far_an_order_is_and_what_it_costs_only_where_that_means_something(shop: Shop) -> None:
    line = DraftLine(Decimal(1), product=shop.tea.public_id)
    long = shop.confirmed(line)
    quoted = shop.order(line)
    asked = shop.portal.run(lambda unit: own.request(unit, Scope.whole(shop.alpha.id), [line]))
    with shop.portal.unit() as unit:
        unit.db.execute(text("UPDATE orders_order SET customer_name = :name"), {"name": "<Alpha> " * 10})
    page = shop.staff("clerk").get("/orders/")

    def cells(number: str) -> list[str]:
        row = page.html.find("a", string=number).find_parent("tr")
        return [
            row.find("td", attrs={"data-label": label}).get_text()
            for label in ("Delivery", "Billing", "Total")
        ]

    assert cells(long.number) == ["Not delivered", "Not invoiced", "€14.88"]
    assert cells(quoted.number) == ["", "", "€14.88"]
    assert cells(asked.number) == ["", "", ""]
    name = page.html.find("td", attrs={"data-label": "Customer"}).span
    assert name["title"] == name.get_text() == "<Alpha> " * 10
