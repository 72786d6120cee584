"""What a document comes to while it is written is what it comes to when it is saved."""

from __future__ import annotations

import re

from house.world import MODULES, make_world
from sqlalchemy import text
from webtest import TestResponse

from portal.testing import Browser
from portal.testing.fixtures import PortalFactory

ROLES = ("orders.manager", "customers.clerk", "catalog.reader", "finance.accountant")


def form_of(page: TestResponse) -> object:
    return next(form for form in page.forms.values() if "lines-0-quantity" in form.fields)


def worked(browser: Browser, page: TestResponse, form: object, status: int = 200) -> TestResponse:
    """Ask for the totals as the script of the page does."""
    address = re.search(r'hx-post="([^"]*totals)"', page.text)
    assert address is not None
    fields = form.submit_fields()  # type: ignore[attr-defined]
    return browser.post(address[1], fields, headers={"HX-Request": "true"}, status=status)


def amounts(answer: TestResponse) -> list[str]:
    return re.findall(r"€[\d,.]+", answer.text)


def test_a_new_quotation_and_one_that_is_changed(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES), documents=False)
    assert world.alpha is not None
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    page = clerk.get(f"/orders/new/{world.alpha.public_id}/")
    form = form_of(page)
    worked(clerk, page, form, status=204)  # nothing is typed yet
    # The first row stays blank: the net of a line stands in the row that it was typed into.
    form["lines-1-name"], form["lines-1-quantity"] = "Setting up", "3"  # type: ignore[index]
    form["lines-1-unit_price"], form["lines-1-tax_class"] = "33.33", "standard"  # type: ignore[index]
    shown = worked(clerk, page, form)
    assert 'id="lines-1-net"' in shown.text
    assert 'id="lines-0-net"' not in shown.text
    net, tax, gross, line = amounts(shown)
    assert (net, line) == ("€99.99", "€99.99")
    with world.portal.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM orders_order")) == 0
    saved = form.submit().follow()  # type: ignore[attr-defined]
    assert {net, tax, gross} <= set(amounts(saved))
    edited = clerk.get(f"{saved.request.path}edit")
    form = form_of(edited)
    form["lines-0-quantity"] = "6"  # type: ignore[index]
    assert amounts(worked(clerk, edited, form))[0] == "€199.98"
    with world.portal.reading() as unit:
        assert unit.db.scalar(text("SELECT net FROM orders_order")) == 99_99


def test_what_cannot_be_worked_out_is_no_error(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES), documents=False)
    assert world.alpha is not None
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    page = clerk.get(f"/orders/new/{world.alpha.public_id}/")
    form = form_of(page)
    form["lines-0-name"], form["lines-0-quantity"] = "Setting up", "three"  # type: ignore[index]
    worked(clerk, page, form, status=204)


def test_an_invoice_by_hand(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES), documents=False)
    assert world.alpha is not None
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    page = clerk.get(f"/finance/invoices/new?customer={world.alpha.public_id}")
    form = form_of(page)
    form["lines-0-name"], form["lines-0-quantity"] = "Consulting", "2"  # type: ignore[index]
    form["lines-0-unit_price"], form["lines-0-tax_class"] = "50", "standard"  # type: ignore[index]
    shown = amounts(worked(clerk, page, form))
    assert shown[0] == "€100.00"
    saved = form.submit().follow()  # type: ignore[attr-defined]
    assert set(shown) <= set(amounts(saved))
    edited = clerk.get(f"{saved.request.path}edit")
    form = form_of(edited)
    form["lines-0-quantity"] = "4"  # type: ignore[index]
    assert amounts(worked(clerk, edited, form))[0] == "€200.00"
    with world.portal.reading() as unit:
        assert unit.db.scalar(text("SELECT net FROM finance_invoice")) == 100_00
