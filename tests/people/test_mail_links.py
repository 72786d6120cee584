"""Signing in by a link that comes by mail, and changing one's e-mail by one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from people.conftest import Mailbox
from sqlalchemy import text
from webtest import TestResponse

from portal.kernel.people import Realm
from portal.people import services
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA, NEW = "ada@company.example", "ada.lovelace@company.example"
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def customer(house: TestPortal, password: str | None = PASSWORD) -> None:
    """Ada belongs to a customer."""
    with house.unit() as unit:
        user = services.add_user(unit, Realm.CUSTOMERS, ADA, "Ada", password=password)
        services.add_membership(unit, user, 7, "a" * 26, "Alpha", ("view",))


def ask(browser: Browser, email: str = ADA, wanted: str = "/account/") -> TestResponse:
    """Ask for a link on the page that the sign-in page leads to."""
    form = browser.get(f"/sign-in-by-mail?next={wanted}").forms["link"]
    form["email"] = email
    return form.submit().follow()


def use(browser: Browser, link: str) -> TestResponse:
    """Open a link and press its button."""
    return browser.get(link).forms["link"].submit(expect_errors=True)


def test_a_link_signs_in_once_and_only_when_its_button_is_pressed(house: TestPortal, links: Mailbox) -> None:
    customer(house)
    browser = house.browser()
    assert "/sign-in-by-mail" in browser.get("/sign-in?realm=customers").text
    assert "/sign-in-by-mail" not in browser.get("/sign-in").text
    assert "is on its way" in ask(browser).text
    house.work()
    (link,) = links(ADA)
    scanner = house.browser()
    for _look in range(2):
        assert scanner.get(link).status_int == 200
    assert "session" not in scanner.cookies
    assert "You sign in as ada@company.example" in browser.get(link).text
    assert use(browser, link).location == "http://localhost/account/"
    assert "Link by mail" in browser.get("/account/sessions").text
    assert house.browser().get(link, expect_errors=True).status_int == 410
    token = browser.get("/account/").forms["profile"]["csrf_token"].value
    assert browser.post(link, {"csrf_token": token}, expect_errors=True).status_int == 410
    with house.reading() as unit:
        assert unit.db.execute(text("SELECT method FROM people_session")).scalars().all() == ["link"]
        assert link.split("/")[2].split("?")[0] not in str(
            unit.db.execute(text("SELECT * FROM people_token")).all()
        )


def test_known_and_unknown_get_the_same_answer_and_only_customers_a_mail(
    house: TestPortal, links: Mailbox
) -> None:
    customer(house)
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, "eve@company.example", "Eve", password=PASSWORD)
        off = services.add_user(unit, Realm.CUSTOMERS, "off@company.example", "Off", password=PASSWORD)
        services.disable(unit, off)
    everybody = (ADA, "eve@company.example", "off@company.example", "nobody@company.example")
    answers = {ask(house.browser(), email).text for email in everybody}
    assert len(answers) == 1
    house.work()
    assert [len(links(email)) for email in everybody] == [1, 0, 0, 0]


def test_a_link_grows_old_and_leads_nowhere_else(house: TestPortal, links: Mailbox) -> None:
    customer(house)
    ask(house.browser(), wanted="//evil.example/")
    ask(house.browser())
    house.work()
    first, second = links(ADA)
    assert use(house.browser(), first.split("?")[0] + "?next=//evil.example").location == "http://localhost/"
    house.clock.advance(minutes=15)
    assert house.browser().get(second, expect_errors=True).status_int == 410


def test_a_new_password_kills_open_links(house: TestPortal, links: Mailbox) -> None:
    customer(house)
    ask(house.browser())
    house.work()
    browser = house.browser()
    browser.sign_in(ADA, realm=Realm.CUSTOMERS)
    form = browser.get("/account/password").forms["password"]
    form["old"], form["new"], form["again"] = PASSWORD, "another long password", "another long password"
    form.submit()
    assert house.browser().get(links(ADA)[0], expect_errors=True).status_int == 410


def test_whoever_has_no_password_may_choose_one_and_proves_by_links_who_they_are(
    house: TestPortal, links: Mailbox
) -> None:
    customer(house, password=None)
    browser = house.browser()
    ask(browser)
    house.work()
    use(browser, links(ADA)[-1])
    house.clock.advance(minutes=11)
    asked = browser.get("/account/password").follow()
    assert asked.location == "http://localhost/sign-in-by-mail?next=%2Faccount%2Fpassword"
    asked.follow().forms["link"].submit()
    house.work()
    page = use(browser, links(ADA)[-1]).follow()
    form = page.forms["password"]
    form["password"], form["again"] = "short", "short"
    assert form.submit(expect_errors=True).status_int == 422
    form["password"], form["again"] = PASSWORD, PASSWORD
    assert form.submit().status_int == 303
    assert browser.get("/account/").status_int == 200
    house.browser().sign_in(ADA, realm=Realm.CUSTOMERS)


def test_without_the_setting_there_is_no_such_page(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__link_sign_in="false")
    browser = house.browser()
    assert "/sign-in-by-mail" not in browser.get("/sign-in?realm=customers").text
    for path in ("/sign-in-by-mail", "/sign-in-link/" + "x" * 43):
        assert browser.get(path, expect_errors=True).status_int == 404


# --- another e-mail --------------------------------------------------------------------------------------------


def change(browser: Browser, email: str = NEW) -> TestResponse:
    """Ask for another e-mail."""
    form = browser.get("/account/email").forms["change-email"]
    form["email"] = email
    return form.submit(expect_errors=True)


def email_of(house: TestPortal) -> str:
    """Ada's e-mail in the database."""
    with house.reading() as unit:
        return str(unit.db.scalar(text("SELECT email FROM people_user ORDER BY id LIMIT 1")))


def mails(house: TestPortal) -> list[str]:
    """To whom mails went, oldest first."""
    with house.reading() as unit:
        return list(unit.db.scalars(text("SELECT recipient FROM ops_mail ORDER BY id")))


def test_an_e_mail_changes_when_the_new_address_confirms_and_the_old_one_is_told(
    house: TestPortal, links: Mailbox
) -> None:
    browser = house.employee(ADA)
    assert change(browser).location == "http://localhost/account/"
    (link,) = links(NEW)
    assert NEW in house.browser().get(link).text
    assert email_of(house) == ADA
    elsewhere = house.browser().get(link).forms["confirm-email"].submit()
    assert elsewhere.location == "http://localhost/sign-in?realm=employees"
    assert email_of(house) == NEW
    told, old = mails(house)
    assert (NEW in told, ADA in old) == (True, True)
    with house.reading() as unit:
        body = str(unit.db.scalar(text("SELECT text FROM ops_mail ORDER BY id DESC LIMIT 1")))
    assert "office@company.example" in body
    assert NEW in browser.get("/account/").text
    assert house.browser().get(link, expect_errors=True).status_int == 410
    house.browser().sign_in(NEW)


def test_a_known_browser_stays_known_under_the_new_e_mail(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__attempts_account="2")
    browser = house.employee(ADA)
    change(browser)
    with house.unit() as unit:
        link = str(unit.db.scalar(text("SELECT text FROM ops_mail"))).split("http://localhost")[1].split()[0]
    house.browser().get(link).forms["confirm-email"].submit()
    browser.get("/account/")
    next(form for form in browser.get("/").forms.values() if form.action == "/sign-out").submit()
    for number in range(3):
        stranger = Browser(house.router, extra_environ={"REMOTE_ADDR": f"203.0.113.{number}"})
        form = stranger.get("/sign-in").forms["sign-in"]
        form["email"], form["password"] = NEW, "not the password"
        assert form.submit(expect_errors=True).status_int == 422
    assert browser.sign_in(NEW).status_int == 200


@pytest.mark.parametrize(
    ("email", "says"),
    [("not an address", "Enter an e-mail address"), ("ADA@company.example", "This is the present e-mail.")],
)
def test_a_bad_e_mail_is_refused(house: TestPortal, email: str, says: str) -> None:
    browser = house.employee(ADA)
    refused = change(browser, email)
    assert refused.status_int == 422
    assert says in refused.text
    assert (email_of(house), mails(house)) == (ADA, [])


def test_the_address_of_somebody_else_is_not_told_and_not_taken(house: TestPortal, links: Mailbox) -> None:
    browser = house.employee(ADA)
    change(browser)
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, NEW, "Somebody", password=PASSWORD)
    page = house.browser().get(links(NEW)[0])
    assert page.forms["confirm-email"].submit(expect_errors=True).status_int == 422
    assert email_of(house) == ADA
    assert change(browser).location == "http://localhost/account/"
    assert len(mails(house)) == 1


def test_it_asks_for_a_fresh_proof_and_kills_links_to_the_old_address(
    house: TestPortal, links: Mailbox
) -> None:
    browser = house.employee(ADA)
    house.clock.advance(minutes=11)
    assert browser.get("/account/email").location == "http://localhost/verify?next=%2Faccount%2Femail"
    fresh = house.browser()
    fresh.sign_in(ADA)
    form = house.browser().get("/forgotten").forms["forgotten"]
    form["email"] = ADA
    form.submit()
    house.work()
    (reset,) = [link for link in links(ADA) if link.startswith("/reset/")]
    change(fresh)
    fresh.get(links(NEW)[0]).forms["confirm-email"].submit()
    assert house.browser().get(reset, expect_errors=True).status_int == 410
