"""The page of a denial: why, what can be done about it, and back to where one was. Over HTTP, for each demand of the ini."""

from __future__ import annotations

import pytest

from portal.kernel.people import Method, Realm
from portal.testing import Browser, TestPortal
from portal.testing.fixtures import PortalFactory

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

ACCOUNT = "a" * 26
WHERE = "/customers/?q=x"


def clerk(portals: PortalFactory, **ini: str) -> tuple[TestPortal, Browser]:
    portal = portals("taxes", "customers", **ini)
    return portal, portal.employee("clerk@company.example", "customers.manager")


def buyer(portals: PortalFactory, **ini: str) -> tuple[TestPortal, Browser]:
    portal = portals("taxes", "customers", **ini)
    return portal, portal.customer("eve@acme.example", 7, ACCOUNT, "Acme")


def test_visitors_sign_in_and_come_back(portals: PortalFactory) -> None:
    portal, _browser = clerk(portals)
    visitor = portal.browser()
    answer = visitor.get(WHERE)
    assert answer.location == "http://localhost/sign-in?next=%2Fcustomers%2F%3Fq%3Dx"
    form = answer.follow().forms["sign-in"]
    form["email"], form["password"] = "clerk@company.example", "correct horse battery staple"
    assert str(form.submit().location).endswith(WHERE)


def test_another_way_of_signing_in(portals: PortalFactory) -> None:
    _portal, browser = clerk(portals, customers__accepts="sso link")
    refused = browser.get(WHERE, expect_errors=True)
    assert refused.status_int == 403
    assert "Your way of signing in is not accepted here." in refused
    assert "by a link sent by mail, with the account of an organisation" in refused
    page = refused.click("Sign in otherwise")
    assert page.forms["sign-in"]["next"].value == WHERE
    assert page.forms["sign-in"]["realm"].value == Realm.EMPLOYEES.value


def test_every_way_of_signing_in_has_its_words(portals: PortalFactory) -> None:
    others = sorted(method.value for method in set(Method) - {Method.PASSWORD})
    _portal, browser = clerk(portals, customers__accepts=" ".join(others))
    refused = browser.get(WHERE, expect_errors=True)
    assert refused.status_int == 403
    accepted = next(line for line in refused.text.splitlines() if "Accepted here" in line)
    assert accepted.count(",") >= len(others) - 1


def test_another_way_of_signing_in_for_customers(portals: PortalFactory) -> None:
    _portal, browser = buyer(portals, my__accepts="link")
    refused = browser.get(f"/my/{ACCOUNT}/", expect_errors=True)
    assert refused.status_int == 403
    assert "sign in: by a link sent by mail." in refused
    page = refused.click("Sign in otherwise")
    assert page.forms["sign-in"]["next"].value == f"/my/{ACCOUNT}/"
    assert page.forms["sign-in"]["realm"].value == Realm.CUSTOMERS.value
    # what they have no right to still does not exist
    assert browser.get(f"/my/{'b' * 26}/", expect_errors=True).status_int == 404
    assert browser.get("/customers/", expect_errors=True).status_int == 404


@pytest.mark.parametrize(
    ("key", "step"), [("require_mfa", "/verify?factor=1&next="), ("max_age", "/verify?next=")]
)
def test_a_proof_is_asked_for_and_leads_back(portals: PortalFactory, key: str, step: str) -> None:
    value = {"require_mfa": "true", "max_age": "10"}[key]
    ini = {f"customers__{key}": value, f"my__{key}": value}
    portal, staff = clerk(portals, **ini)
    customer = portal.customer("eve@acme.example", 7, ACCOUNT, "Acme")
    portal.clock.advance(minutes=11)
    assert staff.get(WHERE).location == f"http://localhost{step}%2Fcustomers%2F%3Fq%3Dx"
    assert customer.get(f"/my/{ACCOUNT}/").location == f"http://localhost{step}%2Fmy%2F{ACCOUNT}%2F"
    # the way to meet the demand is open
    assert staff.get("/account/").status_int == 200
    assert customer.get("/account/").status_int == 200


def test_another_network(portals: PortalFactory) -> None:
    portal, staff = clerk(portals, customers__networks="10.0.0.0/8", my__networks="10.0.0.0/8")
    customer = portal.customer("eve@acme.example", 7, ACCOUNT, "Acme")
    for browser, path in ((staff, WHERE), (customer, f"/my/{ACCOUNT}/")):
        refused = browser.get(path, extra_environ={"REMOTE_ADDR": "192.0.2.7"}, expect_errors=True)
        assert refused.status_int == 403
        assert "cannot be used from where you are" in refused
        assert "192.0.2.7" in refused
        assert "Ask " not in refused
        assert browser.get(path, extra_environ={"REMOTE_ADDR": "10.1.2.3"}).status_int == 200


def test_a_missing_role_names_who_gives_it_and_which_would_do(portals: PortalFactory) -> None:
    portal = portals("taxes", "customers")
    portal.employee("ada@company.example", "people.administrator")
    bob = portal.employee("bob@company.example")
    refused = bob.get(WHERE, expect_errors=True)
    assert refused.status_int == 403
    assert "Ask ada for a role in the module Customers." in refused
    assert "One of these would do:" in refused
    assert refused.html.select_one(f'a[href="{WHERE}"]') is not None


def test_the_part_of_customers_cannot_be_asked_for(portals: PortalFactory) -> None:
    _portal, browser = clerk(portals)
    refused = browser.get(f"/my/{ACCOUNT}/", expect_errors=True)
    assert refused.status_int == 403
    assert "for other people" in refused
    assert "Ask " not in refused
