"""Writing quotations: prices, taxes, totals; two editors of one order; revisions; duplicates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from modules.orders.conftest import CLERK, Shop
from modules.pages import form_with

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.merging import Changed
from portal.kernel.unit import Unit
from portal.modules.catalog.services.products import change_product, find_product, stored_values
from portal.modules.customers import services as customers
from portal.modules.orders.models import Order
from portal.modules.orders.services import drafting, editing, lifecycle, reading
from portal.modules.orders.services.drafting import Created
from portal.modules.orders.services.drafts import Draft, DraftLine
from portal.modules.taxes import services as taxes


def snapshot(shop: Shop, order: Created) -> tuple[dict[str, Any], Draft]:
    """What an editor is shown: the form's base, and the draft."""
    with shop.portal.reading() as unit:
        row, lines = unit.db.get_one(Order, order.id), reading.lines_of(unit.db, order.id)
        return editing.stored_fields(row, lines), drafting.draft_of(row, lines)


def save(shop: Shop, order: Created, draft: Draft, base: dict[str, Any]) -> None:
    shop.portal.run(lambda unit: editing.save(unit, order.id, editing.written(draft), base), CLERK)


def with_line(draft: Draft, place: int, **values: Any) -> Draft:
    lines = list(draft.lines)
    lines[place] = replace(lines[place], **values)
    return replace(draft, lines=tuple(lines))


# --- amounts -----------------------------------------------------------------------------------------------


def test_prices_taxes_and_totals(shop: Shop) -> None:
    order = shop.order(
        DraftLine(Decimal(3), product=shop.soap.public_id),
        DraftLine(
            Decimal("1.5"), product=shop.tea.public_id, unit_price=Decimal("11.99"), discount=Decimal(5)
        ),
        DraftLine(Decimal(1), name="Setting up", unit_price=Decimal(50), tax_class="standard", service=True),
    )
    soap, tea, free = shop.facts(order).lines
    assert (soap.net, tea.net, free.net) == (1197, 1709, 5000)  # 1.5 × 11.99 × 0.95 = 17.08575
    row = shop.row(order)
    assert (row.net, row.tax, row.gross) == (7906, 1502, 9408)
    assert row.policy == "document/half_up/net"
    assert row.base_gross == 9408
    sources = [source for (source,) in shop.rows("SELECT price_source FROM orders_line ORDER BY position")]
    assert sources[0] != sources[1] == sources[2] == "By hand"


def test_rounding_by_line_when_the_ini_says_so(portals: Any) -> None:
    from modules.orders.conftest import make_shop

    shop = make_shop(portals("taxes", "customers", "catalog", "orders", orders__tax_rounding="line"))
    free = {"name": "Part", "tax_class": "standard", "quantity": Decimal(1)}
    order = shop.order(*(DraftLine(unit_price=Decimal("0.13"), **free) for _line in range(3)))
    row = shop.row(order)
    assert (row.policy, row.net, row.tax) == ("line/half_up/net", 39, 6)  # 3 × 0.0247 is 0.07 on the document


def test_foreign_currency_keeps_the_rate_of_its_day(shop: Shop) -> None:
    from portal.modules.customers.interfaces import ICustomers
    from portal.modules.customers.services.accounts import CustomerData

    def abroad(unit: Unit) -> Any:
        made = customers.create_customer(unit, CustomerData("Gamma KK", "JP", "JPY"), anyway=True)
        return unit.ask(ICustomers).get(made.id)

    gamma = shop.portal.run(abroad)
    line = DraftLine(Decimal(2), name="Box", unit_price=Decimal(1234), tax_class="standard")
    with pytest.raises(Refused):
        shop.order(line, customer=gamma)
    assert shop.rows("SELECT COUNT(*) FROM orders_order") == [(0,)]
    shop.portal.run(lambda unit: taxes.add_exchange_rate(unit, "JPY", date(2026, 11, 1), Decimal("0.0062")))
    row = shop.row(shop.order(line, customer=gamma))
    assert (row.currency, row.net, row.gross, row.tax_position) == ("JPY", 2468, 2468, "export")
    assert row.base_gross == 1530  # 2468 × 0.0062 = 15.3016 EUR
    assert row.exchange_rate == 6200


@pytest.mark.parametrize(
    "line",
    [
        DraftLine(Decimal(0), name="x", tax_class="standard"),
        DraftLine(Decimal(1), name="x"),
        DraftLine(Decimal(1), tax_class="standard"),
        DraftLine(Decimal(1), product="x" * 26),
        DraftLine(Decimal(10**9), name="x", unit_price=Decimal(10**9), tax_class="standard"),
    ],
)
def test_lines_that_cannot_be(shop: Shop, line: DraftLine) -> None:
    with pytest.raises(Invalid):
        shop.order(line)
    assert shop.rows("SELECT COUNT(*) FROM orders_order") == [(0,)]


def test_an_unknown_tax_class_is_refused(shop: Shop) -> None:
    with pytest.raises(Refused):
        shop.order(DraftLine(Decimal(1), name="x", unit_price=Decimal(1), tax_class="unheard-of"))


# --- two editors -------------------------------------------------------------------------------------------


def test_untouched_fields_and_lines_merge(shop: Shop) -> None:
    order = shop.order()
    base, draft = snapshot(shop, order)
    save(shop, order, with_line(replace(draft, notes="by Ann"), 0, quantity=Decimal(12)), base)
    mine = replace(with_line(draft, 1, discount=Decimal(10)), customer_reference="PO 1")
    mine = replace(mine, lines=(*mine.lines, DraftLine(Decimal(1), product=shop.soap.public_id)))
    save(shop, order, mine, base)
    row, facts = shop.row(order), shop.facts(order)
    assert (row.notes, row.customer_reference, row.version) == ("by Ann", "PO 1", 3)
    assert [(line.quantity, line.discount) for line in facts.lines] == [
        (Decimal(12), Decimal(0)),
        (Decimal(1), Decimal(10)),
        (Decimal(1), Decimal(0)),
    ]


def test_both_add_a_line(shop: Shop) -> None:
    order = shop.order()
    base, draft = snapshot(shop, order)
    for name in ("from Ann", "from Bob"):
        line = DraftLine(Decimal(1), name=name, unit_price=Decimal(1), tax_class="standard")
        save(shop, order, replace(draft, lines=(*draft.lines, line)), base)
    assert [line.name for line in shop.facts(order).lines][2:] == ["from Ann", "from Bob"]


def test_what_both_changed_is_a_conflict(shop: Shop) -> None:
    order = shop.order()
    base, draft = snapshot(shop, order)
    save(shop, order, with_line(draft, 0, quantity=Decimal(12)), base)
    with pytest.raises(Changed) as raised:
        save(shop, order, replace(with_line(draft, 0, quantity=Decimal(8)), notes="mine"), base)
    assert list(raised.value.stored) == ["line-1"]
    assert (shop.facts(order).lines[0].quantity, shop.row(order).notes) == (Decimal(12), "")
    with pytest.raises(Changed):  # removed here, changed there
        save(shop, order, replace(draft, lines=draft.lines[1:]), base)
    save(shop, order, with_line(draft, 0, quantity=Decimal(12)), base)  # both the same: no conflict


def test_conflict_on_the_page_is_chosen_field_by_field(shop: Shop) -> None:
    order = shop.order()
    here = f"/orders/{order.public_id}/edit"
    ann, bob = shop.staff("clerk"), shop.staff("manager")
    ours, theirs = (form_with(browser.get(here), "customer_reference") for browser in (bob, ann))
    theirs["customer_reference"], theirs["notes"], theirs["lines-0-quantity"] = "from Ann", "kept", "12"
    theirs.submit().follow()
    ours["customer_reference"], ours["lines-0-quantity"] = "from Bob", "8"
    page = ours.submit(status=409)
    assert shop.row(order).customer_reference == "from Ann"
    form = form_with(page, "customer_reference")
    assert form["notes"].value == "kept"
    form["_base-choice-customer_reference"] = "theirs"
    form["_base-choice-line-1"] = "mine"
    form.submit().follow()
    row = shop.row(order)
    assert (row.customer_reference, row.notes) == ("from Ann", "kept")
    assert shop.facts(order).lines[0].quantity == Decimal(8)


def test_more_empty_lines_without_a_script(shop: Shop) -> None:
    clerk = shop.staff("clerk")
    form = form_with(clerk.get(f"/orders/new/{shop.alpha.public_id}/"), "customer_reference")
    form["lines-0-product-text"], form["lines-0-quantity"] = "TEA", "1"
    form["lines-1-product-text"], form["lines-1-quantity"] = "SOAP", "2"
    page = form.submit("add")
    form = form_with(page, "customer_reference")
    assert "lines-3-quantity" in form.fields
    assert form["lines-1-quantity"].value == "2"
    assert shop.rows("SELECT COUNT(*) FROM orders_order") == [(0,)]
    form["lines-0-product-text"] = "NOTHING"
    page = form.submit(status=422)
    assert "Nothing found" in page
    assert shop.rows("SELECT COUNT(*) FROM orders_order") == [(0,)]


def test_only_drafts_are_edited(shop: Shop) -> None:
    order = shop.sent()
    base, draft = snapshot(shop, order)
    with pytest.raises(Refused):
        save(shop, order, replace(draft, notes="late"), base)
    shop.staff("clerk").get(f"/orders/{order.public_id}/edit", status=409)
    assert shop.row(order).notes == ""


def test_an_act_on_an_order_that_changed_is_refused(shop: Shop) -> None:
    order = shop.order()
    base, draft = snapshot(shop, order)
    save(shop, order, replace(draft, notes="new"), base)
    with pytest.raises(Conflict):
        shop.portal.run(lambda unit: lifecycle.confirm(unit, order.id, version=1), CLERK)
    assert shop.row(order).state == "quotation"


# --- revisions ---------------------------------------------------------------------------------------------


def test_revision_rises_only_when_the_customer_sees_a_change(shop: Shop) -> None:
    order = shop.sent()
    issued = shop.rows("SELECT COUNT(*) FROM ops_document")
    shop.portal.run(lambda unit: lifecycle.revise(unit, order.id), CLERK)
    base, draft = snapshot(shop, order)
    save(shop, order, replace(draft, bill_on="hand"), base)  # nothing that they see
    sent = shop.portal.run(lambda unit: lifecycle.send(unit, order.id), CLERK)
    assert sent.revision == 1
    assert shop.rows("SELECT COUNT(*) FROM ops_document") == issued
    shop.portal.run(lambda unit: lifecycle.revise(unit, order.id), CLERK)
    base, draft = snapshot(shop, order)
    save(shop, order, with_line(draft, 0, quantity=Decimal(20)), base)
    sent = shop.portal.run(lambda unit: lifecycle.send(unit, order.id), CLERK)
    assert (sent.revision, shop.row(order).revision) == (2, 2)


def test_later_changes_of_master_data_change_nothing(shop: Shop) -> None:
    order = shop.confirmed()
    before = [tuple(row) for row in shop.rows("SELECT * FROM orders_order")]
    lines = [tuple(row) for row in shop.rows("SELECT * FROM orders_line")]

    def change(unit: Unit) -> None:
        found = customers.find_customer(unit, shop.alpha.public_id)
        assert found is not None
        base = customers.stored_values(unit, found)
        customers.change_customer(unit, found.id, {**base, "name": "Renamed", "payment_days": 5}, base)
        product = find_product(unit, shop.tea.public_id)
        assert product is not None
        stored = stored_values(unit, product)
        change_product(unit, product.id, {**stored, "name": "Coffee"}, stored)

    shop.portal.run(change)
    assert [tuple(row) for row in shop.rows("SELECT * FROM orders_order")] == before
    assert [tuple(row) for row in shop.rows("SELECT * FROM orders_line")] == lines
    assert "Renamed" not in shop.staff("clerk").get(f"/orders/{order.public_id}/")


def test_duplicate_asks_prices_anew_and_shows_differences(shop: Shop) -> None:
    order = shop.confirmed(
        DraftLine(Decimal(2), product=shop.tea.public_id, unit_price=Decimal("10.00")),
        DraftLine(Decimal(3), name="Own part", unit_price=Decimal(7), tax_class="standard"),
    )
    page = shop.staff("clerk").get(f"/orders/{order.public_id}/")
    page = next(form for form in page.forms.values() if form.action.endswith("duplicate")).submit().follow()
    assert "Tea cost 10 EUR and costs 12.5 EUR now" in page
    rows = shop.rows("SELECT net, state FROM orders_order ORDER BY id")
    assert [tuple(row) for row in rows] == [(4100, "confirmed"), (4600, "quotation")]
