"""Whoever signs in from a browser that was not known is told by mail, and so learns of a stranger who does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from people.conftest import Mailbox
from sqlalchemy import text
from webtest import TestResponse

from portal.kernel.people import Realm
from portal.people import jobs, services
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA = "ada@company.example"
PHONE = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
NEW = "You signed in with a browser that was new to us"
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def mails(house: TestPortal) -> list[str]:
    """What was written to people, oldest first."""
    with house.reading() as unit:
        return [row.text or "" for row in unit.db.execute(text("SELECT text FROM ops_mail ORDER BY id"))]


def sign_in(browser: Browser, email: str = ADA, password: str = PASSWORD) -> TestResponse:
    """By the page, from a phone."""
    form = browser.get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = email, password
    return form.submit(
        extra_environ={"HTTP_USER_AGENT": PHONE, "REMOTE_ADDR": "203.0.113.9"}, expect_errors=True
    )


def test_the_mail_says_when_with_what_and_from_where_and_comes_once(house: TestPortal) -> None:
    first = house.employee(ADA)
    assert mails(house) == []  # nobody was there before
    house.clock.advance(hours=3)
    phone = house.browser()
    assert sign_in(phone).status_int == 303
    (mail,) = mails(house)
    assert f"{NEW}: Firefox on Android, at the network address 203.0.113.9." in mail
    assert "This was on Nov 2, 2026, 1:00:00" in mail  # in the company's zone
    with house.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM kernel_job WHERE kind = 'ops.mail'")) == 1
    for browser in (phone, first):
        browser.post(
            "/sign-out", {"csrf_token": browser.get("/account/").forms["profile"]["csrf_token"].value}
        )
        assert sign_in(browser).status_int == 303
    assert len(mails(house)) == 1


def test_the_mail_speaks_the_persons_language(house: TestPortal) -> None:
    house.employee(ADA)
    with house.unit() as unit:
        unit.db.execute(text("UPDATE people_user SET language = 'de'"))
    sign_in(house.browser())
    (mail,) = mails(house)
    assert "Hallo ada" in mail


@pytest.mark.parametrize("days", [0, 90])
def test_who_follows_an_invitation_is_not_told_of_it(house: TestPortal, links: Mailbox, days: int) -> None:
    with house.unit() as unit:
        user = services.invite(unit, Realm.EMPLOYEES, ADA, "Ada")
        public_id = user.public_id
    house.clock.advance(days=days)
    with house.unit() as unit:
        again = services.user_by_public_id(unit, public_id)
        assert again is not None
        services.send_invitation(unit, again)
    form = house.browser().get(links(ADA)[-1]).forms["invitation"]
    form["password"] = form["again"] = PASSWORD
    assert form.submit().status_int == 303
    assert not any(NEW in mail for mail in mails(house))
    sign_in(house.browser())
    assert NEW in mails(house)[-1]


def test_an_account_that_slept_until_its_sessions_were_forgotten_is_told(house: TestPortal) -> None:
    house.employee(ADA)
    house.clock.advance(days=90)
    with house.unit() as unit:
        jobs.tidy_job(unit, {})
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_session")) == 0
    sign_in(house.browser())
    assert NEW in mails(house)[-1]


def test_the_ini_switches_it_off(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__new_browser_mail="false")
    house.employee(ADA)
    assert sign_in(house.browser()).status_int == 303
    assert mails(house) == []


def test_who_is_refused_learns_nothing_by_it_and_nobody_is_told(house: TestPortal) -> None:
    """The same statements for an e-mail that is known and for one that is not, whatever the browser knows."""
    house.employee(ADA)
    taken: set[str] = set()
    for email in (ADA, "nobody@company.example"):
        answer = sign_in(house.browser(), email, "not the password")
        assert answer.status_int == 422
        taken.add(answer.headers["Server-Timing"])
    assert len(taken) == 1
    assert mails(house) == []


def test_half_a_sign_in_tells_nobody_yet(house: TestPortal) -> None:
    house.employee(ADA)
    app = house.enrol_totp(ADA)
    before = mails(house)
    browser = house.browser()
    assert "/second-factor" in str(sign_in(browser).location)
    assert mails(house) == before
    browser.show_code(app.code())
    assert NEW in mails(house)[-1]
