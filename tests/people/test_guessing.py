"""Limits on guessing hold however many try at once, and never shut out who is known."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Lock

import pytest
from sqlalchemy import text

from portal.kernel.people import Realm
from portal.people import passwords, services
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA = "ada@company.example"
WRONG = "not the password"
GUESSES = 200


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were compared with a stored one."""
    compared: list[str] = []
    lock, matches = Lock(), passwords.matches

    def counting(stored: str | None, password: str) -> bool:
        with lock:
            compared.append(password)
        return matches(stored, password)

    monkeypatch.setattr(import_module("portal.people.services.sign_in"), "matches", counting)
    return compared


def sign_in(browser: Browser, email: str, password: str) -> int:
    """Send the form; the status of the answer."""
    form = browser.get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = email, password
    return int(form.submit(expect_errors=True).status_int)


def counted(house: TestPortal) -> int:
    """How many attempts are counted."""
    with house.reading() as unit:
        return int(unit.db.scalar(text("SELECT COUNT(*) FROM people_attempt")) or 0)


def test_of_200_guesses_at_once_ten_at_most_are_tried_and_the_owner_comes_in(
    house: TestPortal, tried: list[str]
) -> None:
    owner = house.employee(ADA)
    next(form for form in owner.get("/").forms.values() if form.action == "/sign-out").submit()
    tried.clear()
    guessers = [house.browser() for _number in range(8)]
    pages = [browser.get("/sign-in").forms["sign-in"] for browser in guessers]

    def guess(number: int) -> int:
        browser, form = guessers[number % 8], pages[number % 8]
        if number == GUESSES // 2:
            return sign_in(owner, ADA, PASSWORD)
        fields = {"csrf_token": form["csrf_token"].value, "realm": "employees"}
        sent = {**fields, "email": ADA, "password": f"{WRONG} {number}"}
        return int(browser.post("/sign-in", sent, expect_errors=True).status_int)

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(guess, range(GUESSES + 1)))
    assert statuses.pop(GUESSES // 2) == 303
    assert set(statuses) == {422}
    assert len([password for password in tried if password.startswith(WRONG)]) == 8
    assert owner.get("/account/").status_int == 200
    # the attempt of the owner is forgiven, those of the others are not
    assert counted(house) == 8


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_limit_of_everybody_together_spares_known_browsers(
    portals: Callable[..., TestPortal], tried: list[str]
) -> None:
    house = portals(people__attempts_overall="5")
    owner = house.employee(ADA)
    next(form for form in owner.get("/").forms.values() if form.action == "/sign-out").submit()
    for number in range(5):
        somewhere = Browser(house.router, extra_environ={"REMOTE_ADDR": f"203.0.113.{number}"})
        assert sign_in(somewhere, f"somebody{number}@company.example", WRONG) == 422
    tried.clear()
    assert sign_in(house.browser(), ADA, PASSWORD) == 422
    assert tried == []
    assert sign_in(owner, ADA, PASSWORD) == 303
    house.clock.advance(minutes=15)
    assert sign_in(house.browser(), ADA, PASSWORD) == 303


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_guessing_at_the_owners_own_address_does_not_shut_them_out(house: TestPortal) -> None:
    owner = house.employee(ADA)
    next(form for form in owner.get("/").forms.values() if form.action == "/sign-out").submit()
    for _number in range(9):
        sign_in(house.browser(), ADA, WRONG)
    assert sign_in(house.browser(), ADA, PASSWORD) == 422
    assert sign_in(owner, ADA, PASSWORD) == 303


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["forgotten", "sign-in-by-mail"])
@pytest.mark.parametrize("email", [ADA, "nobody@company.example"])
def test_links_are_mailed_so_often_and_no_more_with_one_answer(
    house: TestPortal, path: str, email: str
) -> None:
    with house.unit() as unit:
        services.add_user(unit, Realm.CUSTOMERS, ADA, "Ada", password=PASSWORD)
    answers: set[tuple[int, str]] = set()
    for _number in range(9):
        form = house.browser().get(f"/{path}?realm=customers").forms["link" if "mail" in path else path]
        form["email"] = email
        answer = form.submit()
        answers.add((answer.status_int, str(answer.location)))
    assert len(answers) == 1
    house.work()
    with house.reading() as unit:
        mails = unit.db.scalar(text("SELECT COUNT(*) FROM ops_mail"))
    assert mails == (8 if email == ADA else 0)
