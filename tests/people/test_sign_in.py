"""Signing in: what is refused, how often one may try, and where one goes afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import perf_counter
from urllib.parse import quote

import pytest
from argon2 import extract_parameters
from sqlalchemy import text
from webtest import TestResponse

from portal.kernel.people import Realm
from portal.people import passwords, services
from portal.people.destinations import after_sign_in, local_path
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA = "ada@company.example"


@pytest.fixture
def ada(house: TestPortal) -> TestPortal:
    """A portal in which Ada is an employee."""
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada Lovelace", password=PASSWORD)
    return house


def attempt(
    house: TestPortal, email: str, password: str, *, address: str = "192.0.2.1", realm: str = "employees"
) -> TestResponse:
    """One try in a new browser at a network address."""
    browser = Browser(house.router, extra_environ={"REMOTE_ADDR": address})
    form = browser.get("/sign-in").forms["sign-in"]
    form["email"], form["password"], form["realm"] = email, password, realm
    return form.submit(expect_errors=True)


def shown(response: TestResponse) -> str:
    """A page without what differs between any two renderings of it."""
    return re.sub(r'name="(csrf_token|_operation)" value="[^"]*"|data-options="[^"]*"', "", response.text)


def test_wrong_password_unknown_person_and_wrong_realm_look_alike(ada: TestPortal) -> None:
    known = attempt(ada, ADA, "wrong password")
    unknown = attempt(ada, "eve@company.example", "wrong password")
    assert known.status_int == unknown.status_int == 422
    assert "The e-mail or the password is wrong." in known.text
    assert shown(known).replace(ADA, "") == shown(unknown).replace("eve@company.example", "")
    assert attempt(ada, ADA, PASSWORD, realm="customers").status_int == 422
    assert "session" not in {name for name, _value in known.headers.items() if "session=" in _value}


#: As the house has it: what tests use otherwise comes later.
HASHER = passwords.HASHER


@pytest.fixture
def usual_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as in the house."""
    monkeypatch.setattr(passwords, "HASHER", HASHER)


def test_somebody_unknown_takes_as_long(usual_effort: None, ada: TestPortal) -> None:
    assert extract_parameters(passwords.NOBODY) == extract_parameters(passwords.hash_password("x" * 12))

    def shortest(email: str) -> float:
        times: list[float] = []
        for number in range(5):
            start = perf_counter()
            attempt(ada, email, "wrong password", address=f"198.51.100.{number}")
            times.append(perf_counter() - start)
        return min(times)

    known, unknown = shortest(ADA), shortest("eve@company.example")
    assert 0.5 < known / unknown < 2


def test_email_is_found_whatever_its_case_but_look_alikes_are_not(ada: TestPortal) -> None:
    assert attempt(ada, " ADA@Company.Example ", PASSWORD).status_int == 303
    assert attempt(ada, "аda@company.example", PASSWORD).status_int == 422  # a Cyrillic а
    with ada.reading() as unit:
        assert services.find_user(unit, Realm.EMPLOYEES, "ａda@company.example") is not None  # full width


def test_an_invited_person_cannot_sign_in_without_a_password(ada: TestPortal) -> None:
    with ada.unit() as unit:
        services.invite(unit, Realm.EMPLOYEES, "new@company.example", "New")
    assert attempt(ada, "new@company.example", "").status_int == 422
    assert attempt(ada, "new@company.example", PASSWORD).status_int == 422


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "\0", "password": PASSWORD},
        {"email": ADA, "password": "\0"},
        {"email": ADA, "password": "x" * 2000},
        {"email": "x" * 5000, "password": PASSWORD},
        {"email": ADA, "password": PASSWORD, "realm": "managers"},
        {"email": ADA, "password": PASSWORD, "role": "people.administrator"},
        {},
    ],
)
def test_odd_input_is_refused_politely(ada: TestPortal, fields: dict[str, str]) -> None:
    browser = ada.browser()
    token = browser.get("/sign-in").forms["sign-in"]["csrf_token"].value
    sent = {"realm": "employees", **fields, "csrf_token": token}
    # No form can hold a NUL: such a request is turned away before.
    status = 400 if any("\0" in value for value in sent.values()) else 422
    assert browser.post("/sign-in", sent, expect_errors=True).status_int == status
    assert "session" not in browser.cookies


# --- limits --------------------------------------------------------------------------------------------------


def attempts(house: TestPortal) -> int:
    """How many failures are counted."""
    with house.reading() as unit:
        return int(unit.db.scalar(text("SELECT COUNT(*) FROM people_attempt")) or 0)


def test_failures_are_counted_although_the_refusal_is_rolled_back(ada: TestPortal) -> None:
    for number in range(1, 4):
        attempt(ada, ADA, "wrong password")
        assert attempts(ada) == number


@pytest.mark.parametrize("email", [ADA, "eve@company.example"])
def test_after_too_many_failures_the_right_password_is_refused_too(ada: TestPortal, email: str) -> None:
    for _number in range(8):
        assert "is wrong" in attempt(ada, email, "wrong password").text
    limited = attempt(ada, email, PASSWORD)
    assert limited.status_int == 422
    assert "Too many attempts. Please wait 15 minutes" in limited.text
    assert attempts(ada) == 8  # what was not tried does not count, so the wait does not grow


def test_the_limit_passes_and_holds_for_one_address(ada: TestPortal) -> None:
    for _number in range(8):
        attempt(ada, ADA, "wrong password")
    assert attempt(ada, ADA, PASSWORD, address="203.0.113.9").status_int == 303
    ada.clock.advance(minutes=14, seconds=59)
    assert attempt(ada, ADA, PASSWORD).status_int == 422
    ada.clock.advance(seconds=1)
    assert attempt(ada, ADA, PASSWORD).status_int == 303


def test_a_person_is_protected_from_many_addresses(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__attempts_account="5")
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    for number in range(5):
        attempt(house, ADA, "wrong password", address=f"203.0.113.{number}")
    assert "Too many" in attempt(house, ADA, PASSWORD, address="203.0.113.77").text


def test_a_known_browser_is_not_shut_out_by_what_others_try(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__attempts_account="5", people__attempts_pair="3")
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    mine = house.browser()
    mine.sign_in(ADA)
    other = house.employee("bob@company.example")
    for number in range(5):
        attempt(house, ADA, "wrong password", address=f"203.0.113.{number}")
    for browser in (mine, other):
        next(form for form in browser.get("/").forms.values() if form.action == "/sign-out").submit()
    assert "Too many" in again(other, PASSWORD).text  # known, but as somebody else
    forged = house.browser()
    forged.set_cookie("device", mine.cookies["device"][:-2] + "xx")
    assert "Too many" in again(forged, PASSWORD).text
    for _number in range(3):
        assert "is wrong" in again(mine, "wrong password").text
    assert "Too many" in again(mine, PASSWORD).text  # its own failures count as ever
    house.clock.advance(minutes=16)
    for number in range(5):
        attempt(house, ADA, "wrong password", address=f"203.0.113.{number}")
    assert again(mine, PASSWORD).status_int == 303


def again(browser: Browser, password: str) -> TestResponse:
    """Ada's try in a browser that was used before."""
    form = browser.get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = ADA, password
    return form.submit(expect_errors=True)


def test_guessing_elsewhere_does_not_keep_one_from_changing_the_password(
    portals: Callable[..., TestPortal],
) -> None:
    house = portals(people__attempts_account="2")
    browser = house.employee(ADA)
    for number in range(2):
        attempt(house, ADA, "wrong password", address=f"203.0.113.{number}")
    assert change(browser, PASSWORD).status_int == 303


def test_an_address_cannot_try_many_people(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__attempts_address="5")
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    for number in range(5):
        attempt(house, f"somebody{number}@company.example", "wrong password")
    assert "Too many" in attempt(house, ADA, PASSWORD).text
    assert attempt(house, ADA, PASSWORD, address="203.0.113.77").status_int == 303


def test_one_household_of_ipv6_is_one_address(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__attempts_address="3")
    for number in range(3):
        attempt(house, f"somebody{number}@company.example", "wrong", address=f"2001:db8:1:2::{number + 1}")
    assert "Too many" in attempt(house, ADA, "wrong", address="2001:db8:1:2:ffff::1").text
    assert "Too many" not in attempt(house, ADA, "wrong", address="2001:db8:1:3::1").text


def test_headers_of_the_visitor_do_not_change_their_address(ada: TestPortal) -> None:
    for number in range(8):
        browser = Browser(ada.router, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
        form = browser.get("/sign-in").forms["sign-in"]
        form["email"], form["password"] = ADA, "wrong password"
        form.submit(headers={"X-Forwarded-For": f"203.0.113.{number}"}, expect_errors=True)
    assert "Too many" in attempt(ada, ADA, PASSWORD).text


def test_signing_in_forgives_the_failures_before(ada: TestPortal) -> None:
    for _number in range(7):
        attempt(ada, ADA, "wrong password")
    attempt(ada, "eve@company.example", "wrong password")
    assert attempt(ada, ADA, PASSWORD).status_int == 303
    assert attempts(ada) == 1


def test_guessing_the_present_password_is_limited_too(ada: TestPortal) -> None:
    browser = ada.browser()
    browser.sign_in(ADA)
    for _number in range(8):
        change(browser, "wrong password")
    assert "Too many" in change(browser, PASSWORD).text
    assert attempt(ada, ADA, PASSWORD, address="203.0.113.9").status_int == 303


def change(browser: Browser, old: str) -> TestResponse:
    """Try to change the password."""
    form = browser.get("/account/password").forms["password"]
    form["old"], form["new"], form["again"] = old, "another long password", "another long password"
    return form.submit(expect_errors=True)


def test_old_attempts_are_tidied_away(ada: TestPortal) -> None:
    from portal.people.jobs import tidy_job

    attempt(ada, ADA, "wrong password")
    ada.employee("bob@company.example")
    ada.clock.advance(days=60)
    attempt(ada, ADA, "wrong password")
    with ada.unit() as unit:
        tidy_job(unit, {})
    assert attempts(ada) == 1
    with ada.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_session")) == 0
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_user")) == 2


# --- where to go ---------------------------------------------------------------------------------------------

ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/x//evil.example",
    " //evil.example",
    "/ /evil.example",
    "http://[evil",
    "/\u2028/evil.example",
    "\x01/evil",
    "/" + "x" * 3000,
    "/sign-in?next=/account/",
    "/sign-out",
]


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_only_paths_of_the_portal_are_followed(ada: TestPortal, wanted: str) -> None:
    assert local_path(wanted) == "/"
    browser = ada.browser()
    form = browser.get("/sign-in?next=" + quote(wanted, safe="")).forms["sign-in"]
    assert form["next"].value == "/"
    form["email"], form["password"] = ADA, PASSWORD
    form["next"].force_value(wanted)
    answer = form.submit(expect_errors=True)
    if answer.status_int == 303:
        assert answer.location == "http://localhost/"
    else:
        assert answer.status_int == 422  # control characters and great lengths are no text of a form


def test_one_arrives_where_one_wanted_to_go(ada: TestPortal) -> None:
    browser = ada.browser()
    asked = browser.get("/account/password?x=1&y=%C3%A4")
    page = asked.follow()
    assert 'aria-current="page">Employees' in page.text
    form = page.forms["sign-in"]
    form["email"], form["password"] = ADA, PASSWORD
    assert form.submit().location == "http://localhost/account/password?x=1&y=%C3%A4"


def test_the_tab_follows_what_was_asked_for(house: TestPortal) -> None:
    page = house.browser().get("/my/" + "a" * 26 + "/orders/x").follow()
    assert page.forms["sign-in"]["realm"].value == "customers"
    assert page.forms["sign-in"]["next"].value == "/my/" + "a" * 26 + "/orders/x"
    other = page.click("Employees")
    assert other.forms["sign-in"]["realm"].value == "employees"


def test_nobody_is_led_to_pages_for_other_people() -> None:
    assert after_sign_in("/my/x/", Realm.EMPLOYEES) == "/"
    assert after_sign_in("/orders/x/", Realm.CUSTOMERS) == "/"
    assert after_sign_in("/my/x/", Realm.CUSTOMERS) == "/my/x/"
    assert after_sign_in("/account/password", Realm.CUSTOMERS) == "/account/password"


def test_an_address_with_letters_of_any_alphabet_is_encoded(ada: TestPortal) -> None:
    assert (
        after_sign_in("/my/日/?q=ä&r=%C3%A4#é", Realm.CUSTOMERS) == "/my/%E6%97%A5/?q=%C3%A4&r=%C3%A4#%C3%A9"
    )
    browser = ada.browser()
    browser.sign_in(ADA)
    assert browser.get("/sign-in?next=/account/%E6%97%A5").location == "http://localhost/account/%E6%97%A5"


def test_whoever_is_signed_in_is_sent_on(ada: TestPortal) -> None:
    browser = ada.browser()
    browser.sign_in(ADA)
    assert browser.get("/sign-in?next=/account/").location == "http://localhost/account/"
    assert browser.get("/sign-in?next=//evil.example").location == "http://localhost/"


def test_nothing_stands_below_the_pages_of_signing_in(house: TestPortal) -> None:
    for path in ("/sign-in/x", "/forgotten/x", "/reset", "/reset/a/b", "/invitation"):
        assert house.browser().get(path, expect_errors=True).status_int == 404
