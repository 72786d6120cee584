"""What is typed is there again when the page is opened anew, for its author alone, until it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from house.world import MODULES, World, make_world
from sqlalchemy import text

from portal.people import drafts
from portal.testing import Browser
from portal.testing.fixtures import PortalFactory

ROLES = ("orders.manager", "customers.clerk", "catalog.editor", "finance.accountant")


def typed(browser: Browser, address: str, **values: Any) -> list[tuple[str, Any]]:
    """What the form of that page would send with these values."""
    page = browser.get(address)
    form = next(form for form in page.forms.values() if "data-autosave" in form.text.split(">", 1)[0])
    for name, value in values.items():
        form[name.replace("__", "-")] = value
    return form.submit_fields()


def keep(browser: Browser, address: str, fields: list[tuple[str, Any]], status: int = 204) -> None:
    """Send it as the script of the page does."""
    browser.post("/account/draft", [*fields, ("_address", address)], status=status)


def new_order(world: World) -> str:
    assert world.alpha is not None
    return f"/orders/new/{world.alpha.public_id}/"


def test_lines_and_terms_are_there_again_and_gone_once_sent(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    address = new_order(world)
    fields = typed(
        clerk, address, customer_reference="PO 77", lines__0__name="Setting up", lines__0__quantity="3"
    )
    keep(clerk, address, fields)
    page = clerk.get(address)
    assert "is filled in again" in page.text
    form = next(form for form in page.forms.values() if "customer_reference" in form.fields)
    assert form["customer_reference"].value == "PO 77"
    assert form["lines-0-name"].value == "Setting up"
    assert form["lines-0-quantity"].value == "3"
    with world.portal.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM orders_order")) == len(world.orders) * 4
    # What was sent is what was typed; the draft's own form was then used.
    form["lines-0-unit_price"], form["lines-0-tax_class"] = "10", "standard"
    keep(clerk, address, form.submit_fields())
    assert form.submit().status_int == 303
    again = clerk.get(address)
    assert "is filled in again" not in again.text
    assert "PO 77" not in again.text


def test_a_draft_is_its_authors_alone(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    cleo = world.portal.employee("cleo@company.example", *ROLES)
    otto = world.portal.employee("otto@company.example", *ROLES)
    address = new_order(world)
    keep(cleo, address, typed(cleo, address, customer_reference="secret plan"))
    assert "secret plan" not in otto.get(address).text
    otto.post("/account/discard-draft", {"address": address, "csrf_token": _token(otto, address)})
    assert "secret plan" in cleo.get(address).text
    with world.portal.reading() as unit:
        stored = unit.db.scalar(text("SELECT sealed FROM people_form_draft"))
    assert "secret plan" not in str(stored)


def test_a_stored_order_is_merged_with_what_the_draft_was_based_on(portals: PortalFactory) -> None:
    """Somebody else saves between typing and taking up: what the draft did not touch stays theirs."""
    world = make_world(portals(*MODULES))
    assert world.alpha is not None
    cleo = world.portal.employee("cleo@company.example", *ROLES)
    otto = world.portal.employee("otto@company.example", *ROLES)
    address = f"/orders/{world.orders[world.alpha.number][0]}/edit"
    keep(cleo, address, typed(cleo, address, customer_reference="Cleo's"))
    page = otto.get(address)
    form = next(form for form in page.forms.values() if "notes" in form.fields)
    form["notes"] = "Otto's text"
    assert form.submit().status_int == 303
    mine = next(form for form in cleo.get(address).forms.values() if "notes" in form.fields)
    assert mine["customer_reference"].value == "Cleo's"
    saved = mine.submit().follow()
    assert "Cleo&#39;s" in saved.text
    assert "Otto&#39;s text" in saved.text


def test_drafts_are_discarded_and_die_of_age(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    address = "/catalog/new"
    keep(clerk, address, typed(clerk, address, name="Chai"))
    discarded = clerk.get(address).forms
    form = next(form for form in discarded.values() if form.action == "/account/discard-draft")
    assert form.submit().location.endswith(address)
    assert "Chai" not in clerk.get(address).text
    keep(clerk, address, typed(clerk, address, name="Chai"))
    world.portal.clock.advance(days=29)
    world.portal.run(drafts.tidy)
    with world.portal.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_form_draft")) == 1
    world.portal.clock.advance(days=2)
    world.portal.run(drafts.tidy)
    with world.portal.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_form_draft")) == 0


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//x", "/", "", "/" + "x" * 400])
def test_what_is_no_page_is_not_kept(portals: PortalFactory, address: str) -> None:
    world = make_world(portals(*MODULES), documents=False)
    clerk = world.portal.employee("cleo@company.example", *ROLES)
    keep(clerk, address, typed(clerk, "/catalog/new", name="Chai"), status=409)
    with world.portal.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_form_draft")) == 0


def test_a_customers_request_is_kept_behind_the_wall(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES))
    assert world.alpha is not None
    buyer = world.buyer(world.alpha, "buyer@alpha.example")
    address = f"/my/{world.alpha.public_id}/orders/request"
    keep(buyer, address, typed(buyer, address, reference="PO 5"))
    form = next(form for form in buyer.get(address).forms.values() if "reference" in form.fields)
    assert form["reference"].value == "PO 5"


def _token(browser: Browser, address: str) -> str:
    form = next(form for form in browser.get(address).forms.values() if "csrf_token" in form.fields)
    return str(form["csrf_token"].value)
