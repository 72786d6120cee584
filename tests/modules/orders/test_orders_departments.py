"""Departments on orders, on the employees' side: chosen, shown, searched, kept, and held where business is open."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from modules.orders.conftest import CLERK, Shop, make_shop
from modules.pages import form_with
from pypdf import PdfReader
from sqlalchemy import text

from portal.kernel.errors import Invalid, Refused
from portal.kernel.people import Actor
from portal.modules.customers import services as customers
from portal.modules.customers.interfaces import Department, ICustomers
from portal.modules.customers.services import DepartmentData
from portal.modules.orders.checks import check_departments
from portal.modules.orders.services import drafting, editing, lifecycle, reading
from portal.modules.orders.services.drafts import DraftLine
from portal.testing.fixtures import PortalFactory

sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def shop(portals: PortalFactory) -> Shop:
    return make_shop(portals("taxes", "customers", "catalog", "orders"))


def add(shop: Shop, name: str) -> Department:
    """A department of alpha."""
    shop.portal.run(lambda unit: customers.add_department(unit, shop.alpha.id, DepartmentData(name)), CLERK)
    with shop.portal.reading() as unit:
        shop.alpha = unit.ask(ICustomers).get(shop.alpha.id)
    return next(one for one in shop.alpha.departments if one.name == name)


def archive(shop: Shop, department: Department, actor: Actor = CLERK) -> None:
    shop.portal.run(
        lambda unit: customers.archive_department(unit, shop.alpha.id, department.public_id), actor
    )


def test_a_clerk_chooses_the_department_and_finds_by_it(shop: Shop) -> None:
    clerk = shop.staff("manager")
    new = f"/orders/new/{shop.alpha.public_id}/"
    assert "department" not in form_with(clerk.get(new), "lines-0-product").fields
    north, south = add(shop, "Nörd"), add(shop, "South")
    form = form_with(clerk.get(new), "lines-0-product")
    form["lines-0-product-text"], form["lines-0-quantity"] = "TEA", "2"
    form["department"] = north.public_id
    page = form.submit().follow()
    assert "Nörd" in page.text
    plain = shop.order()
    (made,) = shop.rows("SELECT id, number, public_id, department_id, department FROM orders_order WHERE id <> :id",
                        id=plain.id)  # fmt: skip
    assert (made.department_id, made.department) == (north.id, "Nörd")
    for page_, found in (
        ("/orders/?q=nord", True),
        ("/orders/?department=nord", True),
        ("/orders/?department=south", False),
        ("/orders/csv?q=nord", True),
    ):
        assert (made.number in clerk.get(page_).text, plain.number in clerk.get(page_).text) == (found, False)
    heads = [one.get_text(strip=True) for one in clerk.get("/orders/").html.find_all("th")]
    assert "Department" in heads
    assert "Department" in clerk.get("/orders/csv").text.splitlines()[0]
    # where nothing is of a department there is no such column
    heads = [one.get_text(strip=True) for one in clerk.get(f"/orders/?q={plain.number}").html.find_all("th")]
    assert "Department" not in heads
    assert "Department" not in clerk.get(f"/orders/csv?q={plain.number}").text
    form = form_with(clerk.get(f"/orders/{made.public_id}/edit"), "lines-0-product")
    assert form["department"].value == north.public_id
    form["department"] = south.public_id
    form.submit().follow()
    assert shop.rows("SELECT department FROM orders_order WHERE id = :id", id=made.id) == [("South",)]
    form = form_with(clerk.get(f"/orders/{made.public_id}/edit"), "lines-0-product")
    form["department"] = ""
    form.submit().follow()
    found = "SELECT department_id, department, department_folded FROM orders_order WHERE id = :id"
    assert shop.rows(found, id=made.id) == [(None, "", "")]


def test_only_a_department_of_the_customer_in_use_is_chosen(shop: Shop) -> None:
    north, gone = add(shop, "North"), add(shop, "Gone")
    archive(shop, gone)
    for customer, department in ((shop.alpha, gone.id), (shop.beta, north.id), (shop.alpha, 10**6)):
        with pytest.raises(Invalid) as raised:
            shop.order(customer=customer, department_id=department)
        assert list(raised.value.errors) == ["department"]
    assert shop.rows("SELECT 1 FROM orders_order") == []
    form = form_with(shop.staff("manager").get(f"/orders/new/{shop.alpha.public_id}/"), "lines-0-product")
    assert [value for value, *_rest in form["department"].options] == ["", north.public_id]
    form["lines-0-product-text"], form["lines-0-quantity"] = "TEA", "2"
    form["department"].force_value(gone.public_id)
    assert form.submit(expect_errors=True).status_int == 422
    assert shop.rows("SELECT 1 FROM orders_order") == []


@sqlite
def test_duplicating_keeps_the_department_unless_it_is_out_of_use(shop: Shop) -> None:
    north = add(shop, "North")
    order = shop.order(department_id=north.id)
    shop.portal.run(lambda unit: drafting.duplicate(unit, order.id), CLERK)
    kept = "SELECT department_id, department FROM orders_order ORDER BY id"
    assert shop.rows(kept) == [(north.id, "North")] * 2
    for row in shop.rows("SELECT id FROM orders_order"):
        shop.portal.run(lambda unit, row=row: lifecycle.withdraw(unit, row.id), CLERK)
    archive(shop, north)
    shop.portal.run(lambda unit: drafting.duplicate(unit, order.id), CLERK)
    assert shop.rows(kept)[2:] == [(None, "")]


@sqlite
def test_a_department_that_went_out_of_use_stays_on_its_draft(shop: Shop) -> None:
    north = add(shop, "North")
    order = shop.order(department_id=north.id)
    with shop.portal.unit() as unit:
        unit.db.execute(text("UPDATE customers_department SET archived_at = '2026-11-01 00:00:00'"))
    clerk = shop.staff("manager")
    form = form_with(clerk.get(f"/orders/{order.public_id}/edit"), "lines-0-product")
    form["notes"] = "Call first"
    form.submit().follow()
    assert shop.rows("SELECT department_id, department, notes FROM orders_order") == [
        (north.id, "North", "Call first")
    ]


def test_open_orders_hold_their_department(shop: Shop) -> None:
    north = add(shop, "North")
    draft = shop.order(department_id=north.id)
    with pytest.raises(Refused) as raised:
        archive(shop, north)
    assert raised.value.reason.mapping == {"number": draft.number}  # type: ignore[union-attr]
    # what the customer does not see does not speak against it, and is not named
    archive(shop, north, Actor("customer", "Mara"))
    with shop.portal.unit() as unit:
        customers.unarchive_department(unit, shop.alpha.id, north.public_id)
    shop.portal.run(lambda unit: lifecycle.send(unit, draft.id), CLERK)
    with pytest.raises(Refused):
        archive(shop, north, Actor("customer", "Mara"))
    assert shop.rows("SELECT archived_at FROM customers_department") == [(None,)]
    shop.portal.run(lambda unit: lifecycle.withdraw(unit, draft.id), CLERK)
    archive(shop, north)
    assert shop.rows("SELECT 1 FROM customers_department WHERE archived_at IS NULL") == []


def test_each_document_of_an_order_prints_it_and_belongs_to_it(shop: Shop) -> None:
    north = add(shop, "North")
    order = shop.confirmed(DraftLine(Decimal(10), product=shop.tea.public_id), department_id=north.id)
    shop.deliver(order, "4")
    shop.portal.work()
    rows = shop.rows("SELECT kind, department_id, public_id FROM ops_document ORDER BY id")
    assert [(row.kind, row.department_id) for row in rows] == [
        ("order_confirmation", north.id),
        ("delivery_note", north.id),
    ]
    for row in rows:
        pdf = shop.staff("manager").get(f"/orders/{order.public_id}/documents/{row.public_id}").body
        said = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
        assert "Department" in said
        assert "North" in said
    assert shop.facts(order).department_id == north.id


@sqlite
def test_two_clerks_who_choose_different_departments_are_asked(shop: Shop) -> None:
    north, south = add(shop, "North"), add(shop, "South")
    order = shop.order()
    clerk = shop.staff("manager")
    pages = [form_with(clerk.get(f"/orders/{order.public_id}/edit"), "lines-0-product") for _two in range(2)]
    for form, department in zip(pages, (north, south), strict=True):
        form["department"] = department.public_id
    pages[0].submit().follow()
    asked = pages[1].submit(expect_errors=True)
    assert asked.status_int == 409
    question = asked.html.find(string=lambda words: words and "South" in words and words.strip() == "South")
    assert question is not None
    assert shop.rows("SELECT department FROM orders_order") == [("North",)]


def test_verify_names_orders_and_documents_that_went_apart(shop: Shop) -> None:
    north = add(shop, "North")
    order = shop.sent(department_id=north.id)
    with shop.portal.reading() as unit:
        assert list(check_departments(unit.db)) == []
    with shop.portal.unit() as unit:
        unit.db.execute(text("UPDATE ops_document SET department_id = NULL"))
        unit.db.execute(text("UPDATE orders_order SET department = ''"))
    with shop.portal.reading() as unit:
        assert [one.subject for one in check_departments(unit.db)] == [order.number] * 2


@sqlite
def test_a_revision_is_new_where_only_the_department_is(shop: Shop) -> None:
    north = add(shop, "North")
    order = shop.sent()
    shop.portal.run(lambda unit: lifecycle.revise(unit, order.id), CLERK)

    def give(unit: object) -> None:
        row = unit.db.get_one(reading.Order, order.id)  # type: ignore[attr-defined]
        base = editing.stored_fields(row, reading.lines_of(unit.db, order.id))  # type: ignore[attr-defined]
        editing.save(unit, order.id, editing.Written({**base, "department": north.id}), base)  # type: ignore[arg-type]

    shop.portal.run(give, CLERK)
    sent = shop.portal.run(lambda unit: lifecycle.send(unit, order.id), CLERK)
    assert sent.revision == 2
    documents = shop.rows("SELECT department_id FROM ops_document ORDER BY id")
    assert documents == [(north.id,), (north.id,)]
