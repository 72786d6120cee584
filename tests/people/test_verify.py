"""Acts that matter ask for a proof of identity that is minutes old, and lead back afterwards."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from portal.kernel.people import Realm
from portal.people import services
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA = "ada@company.example"
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def stale(house: TestPortal, *roles: str) -> Browser:
    """Ada, who has signed in eleven minutes ago."""
    browser = house.employee(ADA, *roles)
    house.clock.advance(minutes=11)
    return browser


def test_a_page_that_matters_asks_again_and_leads_back_under_a_new_cookie(house: TestPortal) -> None:
    browser = stale(house)
    before = browser.cookies["session"]
    asked = browser.get("/account/password")
    assert asked.location == "http://localhost/verify?next=%2Faccount%2Fpassword"
    form = asked.follow().forms["verify"]
    form["password"] = "not the password"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "The password is wrong." in refused.text
    assert browser.get("/account/password").status_int == 303
    form = refused.forms["verify"]
    form["password"] = PASSWORD
    assert form.submit().location == "http://localhost/account/password"
    assert browser.cookies["session"] != before
    assert browser.get("/account/password").status_int == 200
    old = house.browser()
    old.set_cookie("session", before)
    assert old.get("/account/").status_int == 303


def test_an_act_that_matters_is_not_done_and_leads_to_its_page(house: TestPortal) -> None:
    browser = house.employee(ADA, "people.administrator")
    with house.unit() as unit:
        bob = services.add_user(unit, Realm.EMPLOYEES, "bob@company.example", "Bob", password=PASSWORD)
        path = f"/admin/users/{bob.public_id}/"
    house.clock.advance(minutes=11)
    form = browser.get(path).forms["roles"]
    form.set("roles", True, index=0)
    assert "/verify?next=" in str(form.submit().location)
    with house.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_grant")) == 1
    verify(browser)
    form = browser.get(path).forms["roles"]
    form.set("roles", True, index=0)
    assert str(form.submit().location).endswith(path)
    with house.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_grant")) == 2


def verify(browser: Browser) -> None:
    """Type the password once more."""
    form = browser.get("/verify").forms["verify"]
    form["password"] = PASSWORD
    form.submit()


def test_wrong_passwords_count_here_too(house: TestPortal) -> None:
    browser = stale(house)
    for _number in range(8):
        form = browser.get("/verify").forms["verify"]
        form["password"] = "not the password"
        assert "The password is wrong." in form.submit(expect_errors=True).text
    form = browser.get("/verify").forms["verify"]
    form["password"] = PASSWORD
    assert "Too many attempts" in form.submit(expect_errors=True).text
    assert browser.get("/account/password").status_int == 303


@pytest.mark.parametrize("wanted", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/verify"])
def test_the_way_back_stays_in_the_portal(house: TestPortal, wanted: str) -> None:
    browser = stale(house)
    form = browser.get("/verify", {"next": wanted}).forms["verify"]
    form["password"] = PASSWORD
    assert form.submit().location == "http://localhost/"


def test_visitors_are_asked_to_sign_in(house: TestPortal) -> None:
    assert str(house.browser().get("/verify?next=/account/").location).endswith("/sign-in?next=%2Faccount%2F")
