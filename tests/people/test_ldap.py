"""Signing in by a directory, a real OpenLDAP server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from people.slapd import ADA, BASE, THERE, Directory, connected, running_slapd
from sqlalchemy import text

import portal as the_portal
from portal.kernel.errors import BootRefused
from portal.kernel.people import Realm
from portal.people import services
from portal.people.directory import ldap
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD, raw_settings

BOB = "bob@company.example"
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Directory]:
    """OpenLDAP's own server."""
    with running_slapd(request, tmp_path_factory.mktemp("ldap")) as directory:
        yield directory


@pytest.fixture
def directory(server: Directory) -> Iterator[Directory]:
    """The directory with Ada, and Eve of whom there are two."""
    with server.filled() as directory:
        yield directory


@pytest.fixture
def house(portals: Callable[..., TestPortal], directory: Directory) -> TestPortal:
    """A portal that asks the directory; Ada is an employee with another password here."""
    portal = connected(portals, directory.url)
    add(portal, ADA)
    return portal


def add(portal: TestPortal, email: str, realm: Realm = Realm.EMPLOYEES) -> None:
    with portal.unit() as unit:
        services.add_user(unit, realm, email, email.split("@", maxsplit=1)[0], password=PASSWORD)


def attempt(
    portal: TestPortal, email: str, password: str, realm: Realm = Realm.EMPLOYEES
) -> tuple[Browser, Any]:
    browser = portal.browser()
    form = browser.get("/sign-in").forms["sign-in"]
    form["email"], form["password"], form["realm"] = email, password, realm.value
    return browser, form.submit(expect_errors=True)


def roles(portal: TestPortal) -> set[tuple[str, str]]:
    with portal.reading() as unit:
        ada = services.find_user(unit, Realm.EMPLOYEES, ADA)
        assert ada is not None
        return {(given.role, given.source) for given in services.grants_of(unit, ada)}


def test_both_passwords_open_and_the_method_is_kept(house: TestPortal) -> None:
    browser, answer = attempt(house, ADA, THERE)
    assert answer.status_int == 303
    assert ADA in browser.get("/account/").text
    assert attempt(house, ADA, PASSWORD)[1].status_int == 303
    with house.reading() as unit:
        methods = unit.db.execute(text("SELECT method FROM people_session ORDER BY id")).scalars().all()
    assert methods == ["ldap", "password"]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (ADA, "wrong"),
        ("nobody@company.example", THERE),
        ("*@company.example", THERE),
        ("eve@company.example", THERE),
        ("ada@company.example)(cn=*", THERE),
    ],
)
def test_what_is_wrong_opens_nothing_and_looks_alike(house: TestPortal, email: str, password: str) -> None:
    add(house, "eve@company.example")
    _browser, answer = attempt(house, email, password)
    assert answer.status_int == 422
    with house.reading() as unit:
        assert unit.db.execute(text("SELECT COUNT(*) FROM people_session")).scalar_one() == 0
        assert unit.db.execute(text("SELECT COUNT(*) FROM people_external")).scalar_one() == 0


def test_an_empty_password_is_never_asked_about(house: TestPortal, caplog: pytest.LogCaptureFixture) -> None:
    assert attempt(house, ADA, "")[1].status_int == 422
    settings = house.house.settings
    assert ldap.vouch(settings, ADA, THERE) is not None
    with caplog.at_level(logging.WARNING, "portal.people.directory"):
        assert ldap.vouch(settings, ADA, "") is None
    # The library would refuse it too, with a warning of ours.
    assert not caplog.records
    assert ldap.vouch(settings, "*", THERE) is None


def test_customers_are_never_asked_for_there(house: TestPortal) -> None:
    add(house, BOB, Realm.CUSTOMERS)
    assert attempt(house, ADA, THERE, Realm.CUSTOMERS)[1].status_int == 422


def test_groups_give_and_take_roles(house: TestPortal, directory: Directory) -> None:
    directory.put("Heads of Sales", within=True)
    attempt(house, ADA, THERE)
    assert roles(house) == {("people.supporter", "ldap")}
    directory.put("Heads of Sales", within=False)
    attempt(house, ADA, PASSWORD)
    assert roles(house) == {("people.supporter", "ldap")}
    attempt(house, ADA, THERE)
    assert roles(house) == set()


def test_people_are_added_only_where_the_ini_says_so(
    portals: Callable[..., TestPortal], directory: Directory
) -> None:
    assert attempt(connected(portals, directory.url), ADA, THERE)[1].status_int == 422
    portal = connected(portals, directory.url, ldap__create_users="true")
    browser, answer = attempt(portal, ADA, THERE)
    assert answer.status_int == 303
    assert "Ada" in browser.get("/account/").text


def test_fresh_proof_is_the_password_there(house: TestPortal) -> None:
    browser, _answer = attempt(house, ADA, THERE)
    house.clock.advance(minutes=11)
    page = browser.get("/account/password").follow().follow()
    form = page.forms["verify"]
    form["password"] = PASSWORD
    refused = form.submit(expect_errors=True)
    assert "The password is wrong." in refused.text
    assert browser.get("/account/password").status_int == 303
    form = refused.forms["verify"]
    form["password"] = THERE
    assert form.submit().location == "http://localhost/account/password"
    assert browser.get("/account/password").status_int == 200


def test_fresh_proof_takes_the_second_factor_of_who_has_one(house: TestPortal) -> None:
    app = house.enrol_totp(ADA)
    browser, _answer = attempt(house, ADA, THERE)
    browser.show_code(app.code())
    house.clock.advance(minutes=11)
    form = browser.get("/account/password").follow().follow().forms["verify"]
    for password, code, complaint in (
        (THERE, "", "required"),
        (THERE, "000000", "This code is wrong"),
        ("wrong", app.code(), "The password is wrong."),
    ):
        form["password"], form["code"] = password, code
        refused = form.submit(expect_errors=True)
        assert refused.status_int == 422
        assert complaint in refused.text
        assert browser.get("/account/password").status_int == 303
        form = refused.forms["verify"]
    form["password"], form["code"] = THERE, app.code()
    assert form.submit().location == "http://localhost/account/password"
    assert browser.get("/account/password").status_int == 200


def test_a_directory_that_is_down_keeps_out_only_who_needs_it(
    portals: Callable[..., TestPortal], caplog: pytest.LogCaptureFixture
) -> None:
    portal = connected(portals, "ldap://127.0.0.1:9")
    add(portal, ADA)
    with caplog.at_level(logging.WARNING, "portal.people.directory"):
        assert attempt(portal, ADA, THERE)[1].status_int == 422
    assert "the directory cannot be asked" in caplog.text
    assert THERE not in caplog.text
    assert attempt(portal, ADA, PASSWORD)[1].status_int == 303


def test_a_server_that_proves_nothing_is_not_believed(
    portals: Callable[..., TestPortal], directory: Directory, tmp_path: Path
) -> None:
    """Asked for encryption, this server has none: no password is sent."""
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    some = certificates if certificates.exists() else tmp_path / "none.pem"
    some.touch()
    portal = connected(portals, directory.url, ldap__ca_file=str(some))
    add(portal, ADA)
    assert attempt(portal, ADA, THERE)[1].status_int == 422


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"ldap__url": "https://directory.example.com"}, "must be an address such as ldaps://"),
        ({"ldap__url": "ldaps://directory.example.com"}, "portal.ldap.base is missing"),
        ({"ldap__filter": "(mail=ada)"}, "must have {email} where"),
    ],
)
def test_the_boot_refuses_what_is_half_said(settings: dict[str, str], complaint: str, backend: str) -> None:
    with pytest.raises(BootRefused, match=complaint):
        the_portal.compose(raw_settings((), "sqlite:///never.sqlite", **settings))


def test_the_boot_names_the_extra_that_is_missing(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldap, "find_spec", lambda _name: None)
    settings = {"ldap__url": "ldaps://directory.example.com", "ldap__base": BASE}
    with pytest.raises(BootRefused, match=r"pip install portal-suite\[ldap\]"):
        the_portal.compose(raw_settings((), "sqlite:///never.sqlite", **settings))
