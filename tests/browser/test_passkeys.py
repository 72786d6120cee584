"""Passkeys in Chromium with an authenticator of its own: made, asked for after the password, and in its place."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser.conftest import BREACHES, Person
from sqlalchemy import text
from webtest.http import StopableWSGIServer

from portal.kernel.people import Realm
from portal.people import services as people
from portal.testing import TestPortal
from portal.testing.portal import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ADA = "ada@company.example"


@pytest.fixture
def port() -> int:
    """A free port of this machine: the origin of passkeys is the address in the ini."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def house(portals: Callable[..., TestPortal], port: int) -> Iterator[TestPortal]:
    """A portal of people, served at its own address."""
    house = portals(base_url=f"http://localhost:{port}")
    with house.unit() as unit:
        people.add_user(unit, Realm.EMPLOYEES, ADA, "Ada Lovelace", password=PASSWORD)
    server = StopableWSGIServer.create(house.router, host="127.0.0.1", port=port)
    yield house
    server.shutdown()


def ada(chromium: Browser, house: TestPortal, pictures: Path) -> tuple[Person, Any]:
    """Ada before a page, and her authenticator, which knows her finger."""
    context = chromium.new_context(viewport={"width": 1200, "height": 860}, locale="en-GB")
    context.set_default_timeout(15_000)
    context.add_init_script(BREACHES)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    devtools: Any = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return Person(page, house.raw["portal.base_url"], pictures, "ada", []), devtools


def sign_in(person: Person) -> None:
    """Type e-mail and password."""
    person.go("/sign-in", "sign-in")
    person.page.get_by_label("E-mail").fill(ADA)
    person.page.get_by_label("Password").fill(PASSWORD)
    person.press("Sign in", "signed-in")


def sign_out(page: Page) -> None:
    """Lose the session, as after its end."""
    page.context.clear_cookies(name="session")


def sessions(house: TestPortal) -> list[tuple[str, str]]:
    """How the sessions were begun, oldest first."""
    with house.reading() as unit:
        rows = unit.db.execute(text("SELECT method, factors FROM people_session ORDER BY id"))
        return [(row.method, row.factors) for row in rows]


def test_a_passkey_from_its_making_to_signing_in_without_a_password(
    chromium: Browser, house: TestPortal, tmp_path: Path
) -> None:
    person, _devtools = ada(chromium, house, tmp_path)
    page = person.page
    sign_in(person)
    person.go("/account/factors/", "factors")
    person.click("Add a passkey", "passkey")
    page.get_by_label("Name").fill("laptop")
    person.press("Make a passkey", "made")
    assert page.get_by_role("cell", name="laptop").is_visible()
    assert sessions(house) == [("password", "passkey")]

    sign_out(page)
    sign_in(person)
    assert "/second-factor" in page.url
    person.press("Use a passkey", "second factor")
    assert sessions(house)[1:] == [("password", "passkey")]

    sign_out(page)
    person.go("/sign-in?next=/account/password", "sign-in")
    person.press("Use a passkey", "passwordless")
    assert page.url.endswith("/account/password")
    assert sessions(house)[2:] == [("passkey", "passkey")]

    house.clock.advance(minutes=11)
    person.go("/account/password", "verify")
    assert "/verify" in page.url
    person.press("Use a passkey", "verified")
    assert page.url.endswith("/account/password")
    assert person.complaints == []
    page.context.close()


def test_who_cancels_is_told_and_may_try_again(chromium: Browser, house: TestPortal, tmp_path: Path) -> None:
    person, devtools = ada(chromium, house, tmp_path)
    page = person.page
    devtools.send("WebAuthn.disable")
    page.add_init_script("navigator.credentials.get = () => Promise.reject(new DOMException('no'))")
    person.go("/sign-in", "sign-in")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("No passkey was used. You can try again.").wait_for()
    assert page.get_by_role("button", name="Use a passkey").is_enabled()
    assert sessions(house) == []
    page.context.close()
