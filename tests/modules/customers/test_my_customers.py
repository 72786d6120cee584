"""The customer's own side over HTTP: addresses and company, and nothing of anybody else."""

from __future__ import annotations

import pytest
from modules.customers.conftest import Account, Scalar
from modules.pages import form_to, form_with

from portal.modules.customers import services
from portal.modules.customers.interfaces import CustomerFacts
from portal.testing.portal import Browser, TestPortal


@pytest.fixture
def mine(account: Account) -> CustomerFacts:
    return account("Alfreds Futterkiste", email="old@alfreds.example")


@pytest.fixture
def other(account: Account) -> CustomerFacts:
    return account("Blauer See", city="Mannheim")


@pytest.fixture
def manager(portal: TestPortal, mine: CustomerFacts) -> Browser:
    return portal.customer("maria@alfreds.example", mine.id, mine.public_id, mine.name)


def test_addresses_of_the_own_account(mine: CustomerFacts, manager: Browser, scalar: Scalar) -> None:
    here = f"/my/{mine.public_id}/addresses/"
    page = manager.get(here)
    assert "Berlin" in page
    form = form_with(page.click("New address"), "postal_code")
    form["city"] = "Potsdam"
    assert "Potsdam" in form.submit().follow()
    address = f"{here}{mine.addresses[0].public_id}/"
    form = form_with(manager.get(address), "postal_code")
    form["city"] = "Hamburg"
    form.submit(status=303)
    assert scalar("SELECT city FROM customers_customer") == "Hamburg"
    form_to(manager.get(address), "/remove").submit(status=303)
    assert scalar("SELECT count(*) FROM customers_address") == 1


def test_company(mine: CustomerFacts, manager: Browser, scalar: Scalar) -> None:
    page = manager.get(f"/my/{mine.public_id}/company/")
    assert mine.number in page
    form = form_with(page.click("Edit"), "email")
    form["email"] = "new@alfreds.example"
    form.submit(status=303)
    assert scalar("SELECT email FROM customers_customer") == "new@alfreds.example"
    assert scalar("SELECT name FROM customers_customer") == "Alfreds Futterkiste"


def test_other_fields_cannot_be_smuggled_in(mine: CustomerFacts, manager: Browser, scalar: Scalar) -> None:
    form = form_with(manager.get(f"/my/{mine.public_id}/company/edit"), "email")
    fields = [*form.submit_fields(), ("payment_days", "365")]
    manager.post(form.action or f"/my/{mine.public_id}/company/edit", fields, status=422)
    assert scalar("SELECT payment_days FROM customers_customer") == 30


def test_looking_is_not_changing(portal: TestPortal, mine: CustomerFacts, scalar: Scalar) -> None:
    viewer = portal.customer("v@alfreds.example", mine.id, mine.public_id, mine.name, "view", "order")
    here = f"/my/{mine.public_id}/"
    page = viewer.get(f"{here}addresses/")
    assert "New address" not in page
    assert "Edit" not in viewer.get(f"{here}company/").html.select_one("main").text
    address = f"{here}addresses/{mine.addresses[0].public_id}/"
    for path in (f"{here}addresses/new", address, f"{here}company/edit"):
        viewer.get(path, status=404)
    assert scalar("SELECT count(*) FROM customers_address") == 1


def test_nothing_of_another_account(
    portal: TestPortal, mine: CustomerFacts, other: CustomerFacts, manager: Browser, scalar: Scalar
) -> None:
    theirs = other.addresses[0].public_id
    own = mine.addresses[0].public_id
    for path in (
        f"/my/{other.public_id}/addresses/",
        f"/my/{other.public_id}/addresses/{theirs}/",
        f"/my/{other.public_id}/addresses/new",
        f"/my/{other.public_id}/company/",
        f"/my/{other.public_id}/company/edit",
        f"/my/{mine.public_id}/addresses/{theirs}/",
        f"/my/{mine.public_id}/addresses/{theirs}/remove",
        f"/customers/{mine.public_id}/",
    ):
        manager.get(path, status=404)
    fields = form_to(manager.get(f"/my/{mine.public_id}/addresses/{own}/"), "/remove").submit_fields()
    for path in (
        f"/my/{mine.public_id}/addresses/{theirs}/remove",
        f"/my/{other.public_id}/addresses/{theirs}/remove",
    ):
        manager.post(path, fields, status=404)
    assert scalar("SELECT count(*) FROM customers_address") == 2


def test_employees_have_no_business_there(portal: TestPortal, mine: CustomerFacts) -> None:
    employee = portal.employee("clerk@company.example", "customers.manager")
    assert employee.get(f"/my/{mine.public_id}/addresses/", expect_errors=True).status_int in (403, 404)


def test_notes_are_never_shown(portal: TestPortal, mine: CustomerFacts, manager: Browser) -> None:
    portal.run(lambda unit: services.add_note(unit, mine.id, "pays late"))
    for path in ("addresses/", "company/"):
        assert "pays late" not in manager.get(f"/my/{mine.public_id}/{path}")
