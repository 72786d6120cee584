"""How employees sign in, in Chromium: by an app with codes, by the company's provider, by its directory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser.conftest import Person, Served
from people.provider import Company, registered, told_of
from people.slapd import THERE, Directory, connected, running_slapd

from portal.kernel.people import Realm
from portal.people import services as people
from portal.testing import TestPortal
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import PASSWORD, Authenticator

ADA = "ada@company.example"
Listen = Callable[[TestPortal], Served]
pytestmark = pytest.mark.browser


def add_ada(portal: TestPortal) -> None:
    with portal.unit() as unit:
        people.add_user(unit, Realm.EMPLOYEES, ADA, "Ada Lovelace", password=PASSWORD)


def roles(portal: TestPortal) -> set[tuple[str, str]]:
    """Ada's roles, and where they come from."""
    with portal.reading() as unit:
        ada = people.find_user(unit, Realm.EMPLOYEES, ADA)
        assert ada is not None
        return {(given.role, given.source) for given in people.grants_of(unit, ada)}


def newest_session(served: Served) -> str:
    """By what the newest session was begun, and which factors were shown in it."""
    return str(served.one("SELECT method || ' ' || factors FROM people_session ORDER BY id DESC LIMIT 1"))


def test_an_app_with_codes_from_its_key_to_a_recovery_code(
    portals: PortalFactory, at: str, listen: Listen
) -> None:
    portal = portals(base_url=at)
    add_ada(portal)
    served = listen(portal)
    ada = served.person("ada", ADA, Realm.EMPLOYEES, 390, "dark")
    ada.go("/account/factors/", "factors")
    ada.click("Add an app with codes", "key")
    key = ada.page.locator("main code").inner_text()
    app = Authenticator(key.replace(" ", ""), portal.clock)
    ada.type(name="phone", code="000000")
    ada.press("Add", "wrong-code")
    assert "not the code that the app shows now" in ada.says()
    assert ada.page.locator("main code").inner_text() == key
    assert served.one("SELECT COUNT(*) FROM people_factor") == 0
    ada.type(code=app.code())
    ada.press("Add", "enrolled")
    assert ada.page.get_by_role("cell", name="phone").is_visible()
    ada.press("Make new recovery codes", "recovery-codes")
    recovery = ada.page.locator("#recovery-codes code").first.inner_text()
    ada.click("I have kept them", "kept")

    ada.sign_out()
    ada.go("/sign-in?next=/account/sessions", "sign-in")
    ada.sign_in(ADA)
    assert ada.path().startswith("/second-factor")
    ada.type(code="000000")
    ada.press("Sign in", "wrong-code-at-the-door")
    assert "This code is wrong, or was used already." in ada.says()
    assert served.one("SELECT COUNT(*) FROM people_session WHERE ended_at IS NULL") == 0
    portal.clock.advance(minutes=1)
    ada.type(code=app.code())
    ada.press("Sign in", "in-by-code")
    assert ada.path() == "/account/sessions"
    assert newest_session(served) == "password totp"

    ada.sign_out()
    ada.go("/sign-in", "sign-in")
    ada.sign_in(ADA)
    ada.type(code=recovery)
    ada.press("Sign in", "in-by-recovery-code")
    assert ada.path() == "/"
    assert newest_session(served) == "password recovery"

    portal.clock.advance(minutes=11)
    ada.go("/account/email", "step-up")
    assert ada.path() == "/verify?next=%2Faccount%2Femail"
    ada.type(password=PASSWORD, code=recovery)
    ada.press("Continue", "spent-recovery-code")
    assert ada.path().startswith("/verify")
    assert "This code is wrong, or was used already." in ada.says()
    ada.type(password=PASSWORD, code=app.code())
    ada.press("Continue", "where-one-was")
    assert ada.path() == "/account/email"
    assert served.complaints == []


@pytest.fixture
def company(portals: PortalFactory, iam_server: Any, at: str) -> Iterator[Company]:
    """A portal, and the provider that knows it at its address."""
    with registered(iam_server, at):
        yield Company(told_of(portals, iam_server, base_url=at), iam_server)


def test_the_provider_of_the_company(company: Company, listen: Listen) -> None:
    portal, iam = company.portal, company.iam
    add_ada(portal)
    ada_there = company.person(ADA, "Support", "Others")
    served = listen(portal)
    ada = served.visitor("ada", 1280)
    ada.go("/sign-in?next=/admin/view-as/", "sign-in")
    at_the_provider(ada, iam.url)
    ada.page.get_by_role("button", name=re.compile("accept", re.IGNORECASE)).click()
    ada.page.wait_for_url(f"{served.address}/admin/view-as/")
    ada.look("in-by-the-provider")
    assert "Search people" in ada.says()
    assert newest_session(served) == "sso "
    assert roles(portal) == {("people.supporter", "sso")}

    # Out of the group there, the role is gone at the next sign-in here.
    company.put(ada_there, "Others")
    ada.sign_out()
    ada.go("/sign-in?next=/account/", "sign-in")
    ada.page.get_by_role("link", name="Company account").click()
    ada.page.wait_for_url(f"{served.address}/account/")
    ada.look("in-without-the-role")
    assert roles(portal) == set()
    ada.go("/admin/view-as/", "forbidden")
    assert "for a role in the module" in ada.says()
    assert served.complaints == []


def at_the_provider(person: Person, url: str) -> None:
    """Go there by the button, and type name and password on its own pages."""
    page = person.page
    page.get_by_role("link", name="Company account").click()
    page.wait_for_url(f"{url}**")
    page.locator("[name=login]").fill("ada")
    page.locator("[name=login]").press("Enter")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")


@pytest.fixture
def directory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Directory]:
    """OpenLDAP's own server, with Ada in it."""
    with running_slapd(request, tmp_path_factory.mktemp("ldap")) as server, server.filled() as directory:
        yield directory


def test_the_directory_of_the_company(
    portals: PortalFactory, directory: Directory, at: str, listen: Listen
) -> None:
    portal = connected(portals, directory.url, base_url=at)
    add_ada(portal)
    directory.put("Support", within=True)
    served = listen(portal)
    ada = served.visitor("ada", 390)
    ada.go("/sign-in?next=/admin/view-as/", "sign-in")
    ada.sign_in(ADA, "not the password there", "wrong-password")
    assert ada.path().startswith("/sign-in")
    assert served.one("SELECT COUNT(*) FROM people_session") == 0
    ada.sign_in(ADA, THERE, "in-by-the-directory")
    assert ada.path() == "/admin/view-as/"
    assert "Search people" in ada.says()
    assert newest_session(served) == "ldap "
    assert roles(portal) == {("people.supporter", "ldap")}

    portal.clock.advance(minutes=11)
    ada.go("/account/password", "step-up")
    ada.type(password=PASSWORD)
    ada.press("Continue", "the-password-here-is-no-proof")
    assert "The password is wrong." in ada.says()
    ada.type(password=THERE)
    ada.press("Continue", "where-one-was")
    assert ada.path() == "/account/password"
    assert served.complaints == []
