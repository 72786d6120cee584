"""Departments on invoices: taken from the order, chosen by hand, kept when posted, covered by the digest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from modules.finance.conftest import ACCOUNTANT
from modules.pages import form_with
from my.divided import MODULES, NORTH, SOUTH, Divided, make_divided
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.kernel.composition import Finding
from portal.kernel.errors import Invalid, Refused
from portal.kernel.people import Actor
from portal.kernel.unit import Unit
from portal.modules.customers import services as customers
from portal.modules.customers.interfaces import ICustomers
from portal.modules.finance.services import drafting, posting, reading
from portal.modules.finance.services.drafting import InvoiceData
from portal.modules.finance.services.totals import DraftLine
from portal.testing.fixtures import PortalFactory

sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
LINE = DraftLine("Work", Decimal(1), Decimal(100), "standard")


@pytest.fixture
def divided(portals: PortalFactory) -> Divided:
    return make_divided(portals(*MODULES))


def findings(divided: Divided) -> list[Finding]:
    with divided.portal.reading() as unit:
        return [finding for check in divided.portal.house.checks.values() for finding in check.run(unit.db)]


def test_invoices_and_credit_notes_are_of_the_department_of_the_order(divided: Divided) -> None:
    north = divided.departments[NORTH]
    order = divided.shop.confirmed(department_id=north.id)
    invoice = divided.invoice_of(order)
    note = divided.credit(divided.posted(SOUTH))
    assert (invoice.department_id, invoice.department) == (north.id, "North")
    assert (note.department_id, note.department) == (divided.of(SOUTH), "South")
    documents = divided.rows(
        "SELECT d.department_id FROM ops_document d JOIN finance_invoice i ON i.document = d.public_id ORDER BY i.id"
    )
    assert [row.department_id for row in documents] == [north.id, divided.of(SOUTH), divided.of(SOUTH)]
    assert findings(divided) == []
    page = divided.staff().get(f"/finance/invoices/{invoice.public_id}/")
    assert "North" in page.text
    assert str(invoice.number) in divided.staff().get("/finance/invoices/?q=north").text
    assert str(note.number) not in divided.staff().get("/finance/invoices/?q=north").text


def test_what_is_posted_keeps_its_department_and_verify_sees_a_change(divided: Divided) -> None:
    invoice = divided.posted(NORTH)
    for values in ("department_id = NULL", f"department_id = {divided.of(SOUTH)}", "department = 'South'"):
        with pytest.raises(IntegrityError), divided.portal.unit() as unit:
            unit.db.execute(text(f"UPDATE finance_invoice SET {values}"))
    assert divided.stored(invoice.public_id).department == "North"
    assert findings(divided) == []
    on = "" if divided.portal.backend == "sqlite" else " ON finance_invoice"
    with divided.portal.unit() as unit:
        unit.db.execute(text(f"DROP TRIGGER finance_invoice_department{on}"))
        unit.db.execute(text("UPDATE finance_invoice SET department = 'Nowhere'"))
    assert [(one.check, one.explanation) for one in findings(divided)] == [
        ("finance.documents", "does not say what was posted")
    ]
    with divided.portal.unit() as unit:
        unit.db.execute(text("UPDATE finance_invoice SET department = 'North'"))
        unit.db.execute(text("UPDATE ops_document SET department_id = NULL"))
    assert [one.explanation for one in findings(divided)] == [
        "the document that was issued is of another department"
    ]


def test_by_hand_it_is_chosen_and_changed_until_it_is_posted(divided: Divided) -> None:
    staff, north, south = divided.staff(), divided.departments[NORTH], divided.departments[SOUTH]
    plain = form_with(staff.get("/finance/invoices/new"), "customer")
    assert "department" not in plain.fields
    form = form_with(staff.get(f"/finance/invoices/new?customer={divided.alpha.public_id}"), "customer")
    form["department"] = north.public_id
    form["lines-0-name"], form["lines-0-quantity"], form["lines-0-unit_price"] = "Work", "1", "100"
    form["lines-0-tax_class"] = "standard"
    form["customer_reference"] = "ref-1"
    page = form.submit().follow()
    assert "North" in page.text
    (row,) = divided.rows("SELECT public_id, department_id FROM finance_invoice")
    assert row.department_id == north.id
    form = form_with(staff.get(f"/finance/invoices/{row.public_id}/edit"), "delivery_date")
    assert form["department"].value == north.public_id
    form["department"], form["customer_reference"] = south.public_id, "ref-2"
    form.submit().follow()
    draft = divided.stored(row.public_id)
    assert (draft.department_id, draft.department) == (south.id, "South")
    for term, found in (("south", True), ("ref-2", True), ("north", False), ("ref-1", False)):
        assert (row.public_id in staff.get(f"/finance/invoices/?q={term}").text) is found
    divided.portal.run(lambda unit: _post(unit, row.public_id), ACCOUNTANT)
    assert divided.stored(row.public_id).department == "South"
    assert findings(divided) == []


def _post(unit: Unit, public_id: str) -> None:
    draft = reading.find_invoice(unit, public_id)
    assert draft is not None
    posting.post_invoice(unit, draft)


@sqlite
def test_only_a_department_of_the_customer_in_use_is_taken(divided: Divided) -> None:
    with divided.portal.unit() as unit:
        customers.archive_department(unit, divided.alpha.id, divided.departments[SOUTH].public_id)
    for customer, department in ((divided.alpha, SOUTH), (divided.shop.beta, NORTH)):

        def act(unit: Unit, customer: int = customer.id, department: str = department) -> None:
            data = InvoiceData("EUR", (LINE,), department_id=divided.of(department))
            drafting.draft_by_hand(unit, unit.ask(ICustomers).get(customer), data)

        with pytest.raises(Invalid) as raised:
            divided.portal.run(act, ACCOUNTANT)
        assert list(raised.value.errors) == ["department"]
    staff = divided.staff()
    form = form_with(staff.get(f"/finance/invoices/new?customer={divided.alpha.public_id}"), "customer")
    form["lines-0-name"], form["lines-0-quantity"], form["lines-0-unit_price"] = "Work", "1", "100"
    form["lines-0-tax_class"] = "standard"
    form["department"] = divided.departments[NORTH].public_id
    form["customer"], form["customer-text"] = divided.shop.beta.public_id, ""
    assert form.submit(expect_errors=True).status_int == 422
    assert divided.rows("SELECT 1 FROM finance_invoice") == []


@sqlite
def test_the_draft_of_an_order_keeps_the_department_of_the_order(divided: Divided) -> None:
    order = divided.shop.confirmed(department_id=divided.of(NORTH), bill_on="confirmation")
    (row,) = divided.rows(
        "SELECT id, public_id, version FROM finance_invoice WHERE order_id = :id", id=order.id
    )
    staff = divided.staff()
    form = form_with(staff.get(f"/finance/invoices/{row.public_id}/edit"), "delivery_date")
    assert "department" not in form.fields
    form["notes"] = "Thank you"
    form.submit().follow()
    draft = divided.stored(row.public_id)
    assert (draft.department, draft.notes) == ("North", "Thank you")
    with divided.portal.reading() as unit:
        lines = [drafting._stored_line(line, Decimal(1)) for line in reading.lines_of(unit, row.id)]
    data = InvoiceData("EUR", lines, department_id=divided.of(SOUTH))
    divided.portal.run(lambda unit: drafting.change_draft(unit, row.id, draft.version, data), ACCOUNTANT)
    assert divided.stored(row.public_id).department_id == divided.of(NORTH)


def test_open_documents_hold_their_department(divided: Divided) -> None:
    customer = Actor("customer", "Mara")

    def archive(actor: Actor) -> None:
        divided.portal.run(
            lambda unit: customers.archive_department(
                unit, divided.alpha.id, divided.departments[NORTH].public_id
            ),
            actor,
        )

    def draft(unit: Unit) -> str:
        data = InvoiceData("EUR", (LINE,), department_id=divided.of(NORTH))
        return drafting.draft_by_hand(unit, unit.ask(ICustomers).get(divided.alpha.id), data)

    public_id = divided.portal.run(draft, ACCOUNTANT)
    with pytest.raises(Refused):
        archive(ACCOUNTANT)
    archive(customer)  # who knows of no draft
    with divided.portal.unit() as unit:
        customers.unarchive_department(unit, divided.alpha.id, divided.departments[NORTH].public_id)
    divided.portal.run(lambda unit: _post(unit, public_id), ACCOUNTANT)
    for actor in (ACCOUNTANT, customer):
        with pytest.raises(Refused):
            archive(actor)
    divided.pay(119_00, {public_id: 119_00})
    archive(ACCOUNTANT)
    assert (
        divided.rows("SELECT 1 FROM customers_department WHERE archived_at IS NULL AND name = 'North'") == []
    )
    assert divided.stored(public_id).department == "North"
