"""What a passkey's answer must be, tried with an authenticator in Python; the ceremony in Chromium is in tests/browser."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import text
from webauthn.helpers import bytes_to_base64url
from webtest import TestResponse

from portal.kernel.people import Realm
from portal.people import services
from portal.testing import Browser, TestPortal

ADA = "ada@company.example"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@dataclass
class Key:
    """A passkey that answers as it is told to: rightly unless a test says otherwise."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    identifier: bytes = b"credential-of-ada"
    handle: str = ""
    count: int = 0
    origin: str = "http://localhost"
    host: str = "localhost"
    flags: int = PRESENT | VERIFIED

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, flags: int) -> bytes:
        self.count += 1
        return sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def made(self, options: dict[str, Any]) -> str:
        """The answer to the wish for a new passkey."""
        self.handle = options["user"]["id"]
        numbers = self.private.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        data = self._data(self.flags | ATTESTED) + bytes(16) + len(self.identifier).to_bytes(2, "big")
        data += self.identifier + cbor2.dumps(cose)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._said(client, {"attestationObject": bytes_to_base64url(attestation)})

    def used(self, options: dict[str, Any]) -> str:
        """The answer to a challenge."""
        client = self._client("webauthn.get", options["challenge"])
        data = self._data(self.flags)
        signature = self.private.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._said(
            client,
            {
                "authenticatorData": bytes_to_base64url(data),
                "signature": bytes_to_base64url(signature),
                "userHandle": self.handle,
            },
        )

    def _said(self, client: bytes, response: dict[str, str]) -> str:
        identifier = bytes_to_base64url(self.identifier)
        said = {"clientDataJSON": bytes_to_base64url(client), **response}
        return json.dumps({"id": identifier, "rawId": identifier, "type": "public-key", "response": said})


def options(page: TestResponse) -> dict[str, Any]:
    found = re.search(r'id="passkey"[^>]* data-options="([^"]*)"', page.text)
    assert found is not None
    return json.loads(unescape(found.group(1)))


def enrolled(house: TestPortal) -> tuple[Browser, Key]:
    """Ada, with a passkey."""
    browser, key = house.employee(ADA), Key()
    assert enrol(browser, key).status_int == 303
    return browser, key


def enrol(browser: Browser, key: Key) -> TestResponse:
    """Send what the key makes."""
    page = browser.get("/account/factors/passkey")
    form = page.forms["passkey"]
    form["name"], form["credential"] = "laptop", key.made(options(page))
    return form.submit(expect_errors=True)


def answer(browser: Browser, key: Key, page: str = "/sign-in") -> TestResponse:
    """Send what the key answers."""
    shown = browser.get(page)
    form = shown.forms["passkey"]
    form["credential"] = key.used(options(shown))
    return form.submit(expect_errors=True)


def is_in(response: TestResponse) -> bool:
    """Whether a session began."""
    return any("session=" in value for name, value in response.headers.items() if name == "Set-Cookie")


def test_a_passkey_lets_in_and_counts(house: TestPortal) -> None:
    _browser, key = enrolled(house)
    assert is_in(answer(house.browser(), key))
    with house.reading() as unit:
        row = unit.db.execute(text("SELECT counter, used_at, handle FROM people_factor")).one()
    assert row.counter == key.count == 2
    assert row.used_at is not None
    assert "ada" not in row.handle.lower()


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8080"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"count": 0},
        {"private": ec.generate_private_key(ec.SECP256R1())},
        {"identifier": b"another credential"},
        {"handle": bytes_to_base64url(b"somebody else")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_wrong_answer_lets_nobody_in(house: TestPortal, change: dict[str, Any]) -> None:
    _browser, key = enrolled(house)
    right = dict(vars(key))
    vars(key).update(change)
    browser = house.browser()
    refused = answer(browser, key)
    assert not is_in(refused)
    assert "This passkey cannot be used here." in refused.follow().text
    vars(key).update(right, count=10)
    assert is_in(answer(browser, key))


@pytest.mark.parametrize(
    "change", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"flags": PRESENT}]
)
def test_a_wrong_new_passkey_is_not_stored(house: TestPortal, change: dict[str, Any]) -> None:
    browser = house.employee(ADA)
    refused = enrol(browser, Key(**change))
    assert refused.status_int == 422
    assert "The browser made no passkey that can be used here." in refused.text
    with house.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_factor")) == 0


def test_an_answer_is_good_once_for_one_browser_and_for_some_minutes(house: TestPortal) -> None:
    _browser, key = enrolled(house)
    browser = house.browser()
    page = browser.get("/sign-in")
    form = page.forms["passkey"]
    form["credential"] = key.used(options(page))
    assert is_in(form.submit())
    browser.reset()
    other = house.browser()
    again = other.get("/sign-in").forms["passkey"]
    again["credential"] = form["credential"].value
    assert not is_in(again.submit(expect_errors=True))

    stolen = house.browser().get("/sign-in")
    again = other.get("/sign-in").forms["passkey"]
    again["credential"] = key.used(options(stolen))
    assert not is_in(again.submit(expect_errors=True))

    page = other.get("/sign-in")
    form = page.forms["passkey"]
    form["credential"] = key.used(options(page))
    house.clock.advance(minutes=11)
    assert not is_in(form.submit(expect_errors=True))


def test_the_same_answer_at_once_lets_in_once(house: TestPortal) -> None:
    _browser, key = enrolled(house)
    browser = house.browser()
    page = browser.get("/sign-in")
    form = page.forms["passkey"]
    form["credential"] = key.used(options(page))
    # The sign count would stop it too: take it away, as with passkeys that do not count.
    with house.unit() as unit:
        unit.db.execute(text("UPDATE people_factor SET counter = 0"))
    assert is_in(form.submit())
    with house.unit() as unit:
        unit.db.execute(text("UPDATE people_factor SET counter = 0"))
    twin = house.browser()
    twin.set_cookie("visitor", browser.cookies["visitor"])
    assert not is_in(
        twin.post(
            "/passkey",
            {"csrf_token": form["csrf_token"].value, "credential": form["credential"].value, "next": "/"},
            expect_errors=True,
        )
    )


@pytest.mark.parametrize(
    "odd",
    ["", "{}", "[]", "null", '{"id": 1}', "x" * 9_000, '{"response": {"clientDataJSON": ""}}'],
    ids=range(7),
)
def test_odd_answers_are_refused_politely(house: TestPortal, odd: str) -> None:
    browser = house.browser()
    form = browser.get("/sign-in").forms["passkey"]
    form["credential"] = odd
    assert str(form.submit(expect_errors=True).location).endswith("/sign-in?next=%2F")


def test_a_disabled_person_and_a_removed_passkey_are_out(house: TestPortal) -> None:
    browser, key = enrolled(house)
    with house.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, ADA)
        assert user is not None
        user.active = False
    assert not is_in(answer(house.browser(), key))
    with house.unit() as unit:
        unit.db.execute(text("UPDATE people_user SET active = true"))
    assert is_in(answer(house.browser(), key))
    page = browser.get("/account/factors/")
    next(form for form in page.forms.values() if form.action.endswith("/remove")).submit()
    assert not is_in(answer(house.browser(), key))


def test_a_passkey_of_somebody_else_does_not_verify(house: TestPortal) -> None:
    enrolled(house)
    eve, key = house.employee("eve@company.example"), Key(identifier=b"credential-of-eve")
    assert enrol(eve, key).status_int == 303
    ada = house.browser()
    ada.sign_in(ADA)
    page = ada.get("/second-factor")
    assert "credential" not in str(page.forms["second-factor"].fields)
    # Eve's key at Ada's door lets Eve in, not Ada.
    answer(ada, key, "/second-factor")
    assert "eve@company.example" in ada.get("/account/").text
