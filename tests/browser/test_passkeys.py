"""Passkeys in Chromium with an authenticator of its own: made, asked for after the password, and in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browser.conftest import Person, Served
from sqlalchemy import text

from portal.kernel.people import Realm
from portal.people import services as people
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import PASSWORD

ADA = "ada@company.example"
pytestmark = pytest.mark.browser


@pytest.fixture
def served(portals: PortalFactory, at: str, listen: Callable[..., Served]) -> Served:
    """A portal of people."""
    portal = portals(base_url=at)
    with portal.unit() as unit:
        people.add_user(unit, Realm.EMPLOYEES, ADA, "Ada Lovelace", password=PASSWORD)
    return listen(portal)


def ada(served: Served) -> tuple[Person, Any]:
    """Ada before a page, and her authenticator, which knows her finger."""
    person = served.visitor("ada", 1200)
    devtools: Any = person.page.context.new_cdp_session(person.page)
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
    return person, devtools


def sign_in(person: Person) -> None:
    """Type e-mail and password."""
    person.go("/sign-in", "sign-in")
    person.sign_in(ADA)


def lose_session(person: Person) -> None:
    """As after its end."""
    person.page.context.clear_cookies(name="session")


def sessions(served: Served) -> list[tuple[str, str]]:
    """How the sessions were begun, oldest first."""
    with served.portal.reading() as unit:
        rows = unit.db.execute(text("SELECT method, factors FROM people_session ORDER BY id"))
        return [(row.method, row.factors) for row in rows]


def test_a_passkey_from_its_making_to_signing_in_without_a_password(served: Served) -> None:
    person, _devtools = ada(served)
    page = person.page
    sign_in(person)
    person.go("/account/factors/", "factors")
    person.click("Add a passkey", "passkey")
    page.get_by_label("Name").fill("laptop")
    person.press("Make a passkey", "made")
    assert page.get_by_role("cell", name="laptop").is_visible()
    assert sessions(served) == [("password", "passkey")]

    lose_session(person)
    sign_in(person)
    assert "/second-factor" in page.url
    person.press("Use a passkey", "second factor")
    assert sessions(served)[1:] == [("password", "passkey")]

    lose_session(person)
    person.go("/sign-in?next=/account/password", "sign-in")
    person.press("Use a passkey", "passwordless")
    assert page.url.endswith("/account/password")
    assert sessions(served)[2:] == [("passkey", "passkey")]

    served.portal.clock.advance(minutes=11)
    person.go("/account/password", "verify")
    assert "/verify" in page.url
    person.press("Use a passkey", "verified")
    assert page.url.endswith("/account/password")
    assert served.complaints == []


def test_who_cancels_is_told_and_may_try_again(served: Served) -> None:
    person, devtools = ada(served)
    page = person.page
    devtools.send("WebAuthn.disable")
    page.add_init_script("navigator.credentials.get = () => Promise.reject(new DOMException('no'))")
    person.go("/sign-in", "sign-in")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("No passkey was used. You can try again.").wait_for()
    assert page.get_by_role("button", name="Use a passkey").is_enabled()
    assert sessions(served) == []
