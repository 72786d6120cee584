"""What an act will write is shown before it is done: the very thing, and nothing of it stays."""

from __future__ import annotations

import re
from typing import Any

from house.world import MODULES, World, make_world
from sqlalchemy import text
from webtest import TestResponse

from portal.testing.fixtures import PortalFactory

ROLES = ("orders.manager", "customers.clerk", "catalog.reader", "finance.accountant")


def try_out(page: TestResponse, action: str, **values: str) -> TestResponse:
    """Send the form of that act as the script of its page does."""
    form = next(
        form
        for form in page.forms.values()
        if "_preview" in form.fields and (form.action or page.request.path).endswith(f"/{action}")
    )
    for name, value in values.items():
        form[name] = value
    return page.test_app.post(
        page.request.path_qs,
        [*form.submit_fields(), ("_preview", "1")],
        headers={"HX-Request": "true"},
        expect_errors=True,
    )


def counted(world: World) -> dict[str, Any]:
    """How many rows each table has, and where orders and counters stand."""
    with world.portal.reading() as unit:
        found: dict[str, Any] = {
            table: unit.db.scalar(text(f"SELECT COUNT(*) FROM {table}"))
            for table in (
                "orders_event",
                "finance_invoice",
                "finance_entry",
                "ops_mail",
                "ops_document",
                "kernel_job",
                "kernel_audit",
                "kernel_operation",
            )
        }
        found["states"] = unit.db.execute(text("SELECT state, version FROM orders_order ORDER BY id")).all()
        found["counters"] = unit.db.execute(text("SELECT * FROM finance_counter ORDER BY 1")).all()
    return found


def a_draft(world: World) -> str:
    """The address of an order that can be sent or confirmed."""
    assert world.alpha is not None
    return f"/orders/{world.orders[world.alpha.number][0]}/"


def test_confirming_shows_state_draft_and_nothing_is_written(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    order = a_draft(world)
    page = clerk.get(f"{order}confirm")
    before = counted(world)
    shown = try_out(page, "confirm")
    assert shown.status_int == 200
    assert "<html" not in shown.text
    assert "The order is confirmed" in shown.text
    assert "It is then: Confirmed." in shown.text
    assert counted(world) == before
    # The form is still good: what was tried is now done, once.
    form = next(form for form in page.forms.values() if "version" in form.fields)
    assert "Confirmed" in form.submit().follow().text


def test_what_posting_shows_is_what_it_writes(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    listed = clerk.get("/finance/invoices/?state=draft")
    match = re.search(r'href="(/finance/invoices/[0-9a-z]{26}/)"', listed.text)
    assert match is not None
    page = clerk.get(f"{match[1]}post")
    before = counted(world)
    shown = try_out(page, "post")
    assert counted(world) == before
    amounts = re.findall(r"€[\d,.]+", shown.text)
    assert len(amounts) >= 3
    number = re.search(r"The number (\S+) is taken", shown.text)
    assert number is not None
    form = next(form for form in page.forms.values() if "invoice_date" in form.fields)
    assert number[1] in form.submit().follow().text
    with world.portal.reading() as unit:
        rows = unit.db.execute(
            text(
                "SELECT l.base_amount FROM finance_entry_line l JOIN finance_entry e ON e.id = l.entry_id "
                "WHERE e.id = (SELECT MAX(id) FROM finance_entry)"
            )
        )
        written = sorted(f"€{abs(amount) / 100:,.2f}" for (amount,) in rows)
    assert sorted(amounts) == written


def test_a_refusal_is_said_and_a_wrong_form_too(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    listed = clerk.get("/finance/invoices/?state=draft")
    match = re.search(r'href="(/finance/invoices/[0-9a-z]{26}/)"', listed.text)
    assert match is not None
    page = clerk.get(f"{match[1]}post")
    before = counted(world)
    wrong = try_out(page, "post", invoice_date="soon")
    assert wrong.status_int == 200
    assert "effect-problems" in wrong.text
    assert counted(world) == before


def test_who_may_not_see_the_books_sees_no_amount(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    clerk = world.portal.employee("cleo@company.example", "orders.manager", "customers.clerk")
    order = a_draft(world)
    shown = try_out(clerk.get(f"{order}confirm"), "confirm")
    assert "The order is confirmed" in shown.text
    assert "€" not in shown.text
    assert "Books" not in shown.text


def test_mail_names_who_gets_it(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    page = clerk.get(f"{a_draft(world)}send")
    before = counted(world)
    shown = try_out(page, "send")
    assert "office@" in shown.text or "buyer@" in shown.text
    assert counted(world) == before


def test_without_scripts_the_act_is_done_from_the_page_that_shows_it(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    order = a_draft(world)
    page = clerk.get(f"{order}confirm")
    form = next(form for form in page.forms.values() if "_preview" in form.fields)
    shown = form.submit("_preview")
    assert shown.status_int == 200
    assert "The order is confirmed" in shown.text
    again = next(form for form in shown.forms.values() if "version" in form.fields)
    assert "_preview" not in again.fields
    assert "Confirmed" in again.submit().follow().text


def test_only_views_that_say_so_are_tried(portals: PortalFactory) -> None:
    """Elsewhere the field means nothing: a guess of a password counts, whatever is sent with it."""
    world = make_world(portals(*MODULES), documents=False)
    browser = world.portal.browser()
    form = browser.get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = "nobody@company.example", "wrong"
    browser.post("/sign-in", [*form.submit_fields(), ("_preview", "1")], expect_errors=True)
    with world.portal.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_attempt")) == 1
