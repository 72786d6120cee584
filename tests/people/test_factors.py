"""Second factors: enrolled, asked for, spent once, lost and found again."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text
from webtest import Form, TestResponse

from portal.kernel.errors import Refused
from portal.kernel.people import Factor, Realm
from portal.kernel.unit import Unit
from portal.people import services
from portal.people.models import User
from portal.people.services import factors
from portal.people.services.recovery import reset_access
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD, Authenticator

ADA = "ada@company.example"
sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def person(unit: Unit) -> User:
    """Ada."""
    user = services.find_user(unit, Realm.EMPLOYEES, ADA)
    assert user is not None
    return user


def mails(house: TestPortal) -> list[str]:
    """What was written to people, oldest first."""
    with house.reading() as unit:
        return [row.text or "" for row in unit.db.execute(text("SELECT text FROM ops_mail ORDER BY id"))]


def stored(house: TestPortal, what: str) -> list[tuple[object, ...]]:
    """Rows."""
    with house.reading() as unit:
        return [tuple(row) for row in unit.db.execute(text(what))]


def half_way(house: TestPortal) -> Browser:
    """Ada's browser after the right password."""
    browser = house.browser()
    browser.sign_in(ADA)
    return browser


def enter(browser: Browser, code: str) -> TestResponse:
    """Show a code at the door."""
    form = browser.get("/second-factor").forms["second-factor"]
    form["code"] = code
    return form.submit(expect_errors=True)


# --- enrolling ---------------------------------------------------------------------------------------------------


@sqlite
def test_an_app_is_enrolled_by_the_key_on_the_page_and_one_code(house: TestPortal) -> None:
    browser = house.employee(ADA)
    before = browser.cookies["session"]
    page = browser.get("/account/").click("Your second factors").click("Add an app with codes")
    assert "data:image/svg+xml" in page.text
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
    assert secret is not None
    app = Authenticator(secret.group(1).replace(" ", ""), house.clock)
    form = page.forms["totp"]
    form["name"], form["code"] = "phone", "000000"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "not the code that the app shows now" in refused.text
    assert secret.group(1) in refused.text  # the same key: nothing has to be scanned again
    assert stored(house, "SELECT * FROM people_factor") == []
    form = refused.forms["totp"]
    form["name"], form["code"] = "phone", app.code()
    listed = form.submit().follow()
    assert "phone" in listed.text
    assert "You have no recovery codes." in listed.text
    assert browser.cookies["session"] != before
    assert stored(house, "SELECT factors FROM people_session") == [("totp",)]
    ((sealed,),) = stored(house, "SELECT secret FROM people_factor")
    assert app.secret not in str(sealed)
    assert "A second factor was added: “phone”." in mails(house)[-1]


@sqlite
def test_the_key_of_somebody_else_cannot_be_enrolled(house: TestPortal) -> None:
    ada, eve = house.employee(ADA), house.employee("eve@company.example")
    sealed = eve.get("/account/factors/totp").forms["totp"]["secret"].value
    form = ada.get("/account/factors/totp").forms["totp"]
    form["name"], form["code"], form["secret"] = "phone", "123456", sealed
    assert form.submit(expect_errors=True).status_int == 422
    assert stored(house, "SELECT * FROM people_factor") == []


# --- signing in --------------------------------------------------------------------------------------------------


def test_after_the_password_nothing_opens_before_the_code(house: TestPortal) -> None:
    house.employee(ADA)
    app = house.enrol_totp(ADA)
    browser = house.browser()
    form = browser.get("/sign-in?next=/account/password").forms["sign-in"]
    form["email"], form["password"] = ADA, PASSWORD
    asked = form.submit()
    assert asked.location == "http://localhost/second-factor?next=%2Faccount%2Fpassword"
    assert "session" not in browser.cookies
    assert str(browser.get("/account/").location).endswith("/sign-in?next=%2Faccount%2F")
    page = asked.follow()
    form = page.forms["second-factor"]
    form["code"] = "000000"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "This code is wrong, or was used already." in refused.text
    assert "session" not in browser.cookies
    form = refused.forms["second-factor"]
    form["code"] = app.code()
    assert form.submit().location == "http://localhost/account/password"
    assert "pending" not in browser.cookies
    assert browser.get("/account/").status_int == 200
    assert stored(house, "SELECT factors FROM people_session ORDER BY id")[-1] == ("totp",)


def test_one_code_sent_twenty_times_at_once_lets_in_once(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__attempts_pair="100")  # this is about the code, not about the limit
    house.employee(ADA)
    app = house.enrol_totp(ADA)
    pending = half_way(house).cookies["pending"]
    code, start = app.code(), Barrier(20)
    forms: list[Form] = []
    for _number in range(20):
        browser = house.browser()
        browser.set_cookie("pending", pending)
        form = browser.get("/second-factor").forms["second-factor"]
        form["code"] = code
        forms.append(form)

    def send(form: Form) -> int:
        start.wait()
        return form.submit(expect_errors=True).status_int

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(send, forms))
    assert answers.count(303) == 1
    assert set(answers) <= {303, 422, 503}
    assert stored(house, "SELECT COUNT(*) FROM people_session WHERE factors = 'totp'") == [(1,)]


@sqlite
def test_codes_of_the_step_before_and_after_count_and_no_others(house: TestPortal) -> None:
    house.employee(ADA)
    app = house.enrol_totp(ADA)
    for seconds, status in ((-61, 422), (-30, 303), (61, 422), (30, 303), (0, 422)):
        browser = half_way(house)
        house.clock.advance(seconds=seconds)
        code = app.code()
        house.clock.advance(seconds=-seconds)
        assert enter(browser, code).status_int == status, seconds


@sqlite
def test_wrong_codes_are_limited_and_the_right_password_does_not_forgive_them(house: TestPortal) -> None:
    house.employee(ADA)
    app = house.enrol_totp(ADA)
    for _number in range(8):
        assert "wrong" in enter(half_way(house), "000000").text
    assert "Too many attempts" in enter(half_way(house), app.code()).text
    house.clock.advance(minutes=16)
    assert enter(half_way(house), app.code()).status_int == 303


@sqlite
@pytest.mark.parametrize("change", ["late", "password", "disabled", "forged"])
def test_what_is_pending_dies(house: TestPortal, change: str) -> None:
    house.employee(ADA)
    app = house.enrol_totp(ADA)
    browser = half_way(house)
    form = browser.get("/second-factor").forms["second-factor"]
    if change == "late":
        house.clock.advance(minutes=11)
    elif change == "forged":
        browser.set_cookie("pending", "x" * 100)
    else:
        with house.unit() as unit:
            user = person(unit)
            if change == "password":
                services.set_password(unit, user, "another long password")
            else:
                services.disable(unit, user)
    form["code"] = app.code()
    assert str(form.submit().location).startswith("http://localhost/sign-in")
    assert "session" not in browser.cookies


# --- recovery codes ----------------------------------------------------------------------------------------------


def recovery_codes(browser: Browser) -> list[str]:
    """Press the button."""
    shown = recovery_form(browser).submit()
    return re.findall(r"<code>([a-z2-7-]+)</code>", shown.text)


def recovery_form(browser: Browser) -> Form:
    """The button that makes new codes."""
    page = browser.get("/account/factors/")
    return next(form for form in page.forms.values() if form.action.endswith("/recovery"))


@sqlite
def test_recovery_codes_are_shown_once_work_once_and_tell_the_owner(house: TestPortal) -> None:
    browser = house.employee(ADA)
    house.enrol_totp(ADA)
    codes = recovery_codes(browser)
    assert len(set(codes)) == 10
    assert all(code not in browser.get("/account/factors/").text for code in codes)
    assert all(
        code.replace("-", "") not in str(stored(house, "SELECT * FROM people_recovery_code"))
        for code in codes
    )
    assert enter(half_way(house), codes[0].upper()).status_int == 303
    assert stored(house, "SELECT factors FROM people_session ORDER BY id")[-1] == ("recovery",)
    assert any("One of your recovery codes was used; 9 are left." in mail for mail in mails(house))
    assert enter(half_way(house), codes[0]).status_int == 422
    renewed = recovery_codes(browser)
    assert enter(half_way(house), codes[1]).status_int == 422
    assert enter(half_way(house), renewed[1]).status_int == 303


@sqlite
def test_codes_of_somebody_else_are_worth_nothing(house: TestPortal) -> None:
    house.employee(ADA)
    house.enrol_totp(ADA)
    eve = house.employee("eve@company.example")
    app = house.enrol_totp("eve@company.example")
    codes = recovery_codes(eve)
    assert enter(half_way(house), codes[0]).status_int == 422
    assert enter(half_way(house), app.code()).status_int == 422


def test_two_pages_that_make_codes_at_once_leave_one_set_the_one_that_was_shown(house: TestPortal) -> None:
    browser = house.employee(ADA)
    house.enrol_totp(ADA)
    for _again in range(3):
        forms = [recovery_form(browser) for _number in range(4)]
        assert len({form["_operation"].value for form in forms}) == 4
        start = Barrier(4)

        def send(form: Form, start: Barrier = start) -> TestResponse:
            start.wait()
            return form.submit(expect_errors=True)

        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(send, forms))
        shown = [answer for answer in answers if answer.status_int == 200]
        assert len(shown) == 1
        assert all(
            "New recovery codes were made meanwhile" in answer.text
            for answer in answers
            if answer.status_int == 409
        )
        assert {answer.status_int for answer in answers} <= {200, 409, 503}
        assert stored(house, "SELECT COUNT(*) FROM people_recovery_code") == [(10,)]
        codes = re.findall(r"<code>([a-z2-7-]+)</code>", shown[0].text)
        assert enter(half_way(house), codes[0]).status_int == 303


@sqlite
def test_a_second_tab_makes_no_further_codes_and_is_told(house: TestPortal) -> None:
    browser = house.employee(ADA)
    house.enrol_totp(ADA)
    first, second, same = recovery_form(browser), recovery_form(browser), recovery_form(browser)
    same["_operation"].force_value(first["_operation"].value)
    codes = re.findall(r"<code>([a-z2-7-]+)</code>", first.submit().text)
    for late in (second, same):
        told = late.submit(expect_errors=True)
        assert told.status_int == 409
        assert "New recovery codes were made meanwhile" in told.text
        assert codes[0] not in told.text
    assert enter(half_way(house), codes[0]).status_int == 303
    renewed = recovery_codes(browser)
    assert enter(half_way(house), codes[1]).status_int == 422
    assert enter(half_way(house), renewed[1]).status_int == 303


# --- demanded, removed, verified anew ----------------------------------------------------------------------------


def test_who_lacks_a_demanded_factor_is_led_to_enrol_and_back(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__require_mfa="true")
    browser = house.employee(ADA, "people.administrator")
    page = browser.get("/admin/users/").follow().follow()
    assert page.request.path_qs == "/account/factors/?next=%2Fadmin%2Fusers%2F"
    form = page.click("Add an app with codes").forms["totp"]
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", browser.get("/account/factors/totp").text)
    page = page.click("Add an app with codes")
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
    assert secret is not None
    form = page.forms["totp"]
    form["name"], form["code"] = "phone", Authenticator(secret.group(1).replace(" ", ""), house.clock).code()
    page = form.submit().follow().click("Continue where you were")
    assert page.request.path == "/admin/users/"
    assert page.status_int == 200


@sqlite
def test_a_session_from_before_the_factor_shows_it_alone_while_fresh(
    portals: Callable[..., TestPortal],
) -> None:
    house = portals(people__require_mfa="true")
    browser = house.employee(ADA, "people.administrator")
    app = house.enrol_totp(ADA)
    form = browser.get("/admin/users/").follow().forms["verify"]
    assert "password" not in form.fields
    form["code"] = app.code()
    assert form.submit().follow().request.path == "/admin/users/"
    house.clock.advance(minutes=11)
    form = browser.get("/account/password").follow().forms["verify"]
    form["password"], form["code"] = PASSWORD, "000000"
    assert form.submit(expect_errors=True).status_int == 422
    form["password"], form["code"] = "wrong password", app.code()
    assert form.submit(expect_errors=True).status_int == 422
    assert browser.get("/account/password").status_int == 303
    form["password"], form["code"] = PASSWORD, app.code()
    assert form.submit().location == "http://localhost/account/password"


def remove(browser: Browser) -> TestResponse:
    """Press the first button that removes a factor."""
    page = browser.get("/account/factors/")
    form = next(form for form in page.forms.values() if form.action.endswith("/remove"))
    return form.submit(expect_errors=True)


@sqlite
def test_the_last_factor_goes_with_the_recovery_codes_and_the_owner_is_told(house: TestPortal) -> None:
    browser = house.employee(ADA)
    house.enrol_totp(ADA)
    recovery_codes(browser)
    house.clock.advance(minutes=11)
    assert "/verify?next=" in str(remove(browser).location)
    assert stored(house, "SELECT COUNT(*) FROM people_factor") == [(1,)]
    browser = house.browser()
    browser.sign_in(ADA)
    with house.unit() as unit:  # enters by a code of another device
        factors.add_totp(unit, person(unit), "tablet", "A" * 32, Authenticator("A" * 32, house.clock).code())
    house.clock.advance(minutes=1)
    browser.show_code(Authenticator("A" * 32, house.clock).code())
    assert remove(browser).status_int == 303
    assert stored(house, "SELECT COUNT(*) FROM people_recovery_code") == [(10,)]
    assert remove(browser).status_int == 303
    assert stored(house, "SELECT COUNT(*) FROM people_recovery_code") == [(0,)]
    assert "A second factor was removed: “tablet”." in mails(house)[-1]
    assert half_way(house).get("/account/").status_int == 200


@sqlite
def test_the_last_factor_stays_while_it_is_demanded(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__require_mfa="true")
    browser = house.employee(ADA, "people.administrator")
    house.enrol_totp(ADA)
    refused = remove(browser)
    assert refused.status_int == 422
    assert "The portal demands a second factor of you." in refused.text
    assert stored(house, "SELECT COUNT(*) FROM people_factor") == [(1,)]


@sqlite
def test_nobody_removes_the_factor_of_somebody_else(house: TestPortal) -> None:
    house.employee(ADA)
    house.enrol_totp(ADA)
    ((public_id,),) = stored(house, "SELECT public_id FROM people_factor")
    house.employee("eve@company.example")
    with house.unit() as unit:
        eve = services.find_user(unit, Realm.EMPLOYEES, "eve@company.example")
        assert eve is not None
        with pytest.raises(Refused):
            factors.remove_factor(unit, eve, str(public_id))
    assert stored(house, "SELECT COUNT(*) FROM people_factor") == [(1,)]


@sqlite
def test_changing_the_password_keeps_the_factor_of_the_session(house: TestPortal) -> None:
    house.employee(ADA)
    app = house.enrol_totp(ADA)
    browser = half_way(house)
    browser.show_code(app.code())
    form = browser.get("/account/password").forms["password"]
    form["old"], form["new"], form["again"] = PASSWORD, "another long password", "another long password"
    assert form.submit().location == "http://localhost/account/"
    assert stored(house, "SELECT factors FROM people_session WHERE ended_at IS NULL") == [
        (Factor.TOTP.value,)
    ]
    assert any("Your password was changed" in mail for mail in mails(house))


@sqlite
def test_a_new_browser_is_told_to_the_owner_but_not_the_first(house: TestPortal) -> None:
    browser = house.employee(ADA)
    assert mails(house) == []
    next(form for form in browser.get("/").forms.values() if form.action == "/sign-out").submit()
    browser.sign_in(ADA)
    assert mails(house) == []
    house.browser().sign_in(ADA)
    assert "You signed in with a browser that was new to us" in mails(house)[-1]


# --- the way back ------------------------------------------------------------------------------------------------


def test_who_has_lost_everything_begins_anew_by_a_link(house: TestPortal) -> None:
    browser = house.employee(ADA)
    house.enrol_totp(ADA)
    recovery_codes(browser)
    with house.unit() as unit:
        path = reset_access(unit, person(unit))
    assert browser.get("/account/").status_int == 303
    assert (
        stored(house, "SELECT * FROM people_factor")
        == stored(house, "SELECT * FROM people_recovery_code")
        == []
    )
    assert "so that you can choose new ones" in mails(house)[-1]
    assert path not in mails(house)[-1]
    form = house.browser().get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = ADA, PASSWORD
    assert form.submit(expect_errors=True).status_int == 422
    anew = house.browser()
    form = anew.get(path).forms["reset"]
    form["password"], form["again"] = "another long password", "another long password"
    assert form.submit().status_int == 303
    assert house.browser().get(path, expect_errors=True).status_int == 410
    anew.sign_in(ADA, "another long password")
    assert anew.get("/account/").status_int == 200


@sqlite
def test_a_disabled_person_is_not_reset(house: TestPortal) -> None:
    house.employee(ADA)
    house.enrol_totp(ADA)
    with house.unit() as unit:
        services.disable(unit, person(unit))
    with house.unit() as unit, pytest.raises(Refused):
        reset_access(unit, person(unit))
    assert stored(house, "SELECT COUNT(*) FROM people_factor") == [(1,)]


def test_people_of_customers_have_factors_too(portals: Callable[..., TestPortal]) -> None:
    house = portals(my__require_mfa="true")
    account = "0123456789abcdefghjkmnpqrs"
    house.customer("anna@alpha.example", 1, account, "Alpha")
    app = house.enrol_totp("anna@alpha.example", Realm.CUSTOMERS)
    browser = house.browser()
    form = browser.get(f"/sign-in?next=/my/{account}/").forms["sign-in"]
    form["email"], form["password"] = "anna@alpha.example", PASSWORD
    form = form.submit().follow().forms["second-factor"]
    form["code"] = app.code()
    assert form.submit().location == f"http://localhost/my/{account}/"
    assert browser.get(f"/my/{account}/").status_int == 200
    house.clock.advance(minutes=11)
    assert "phone" in browser.get("/account/factors/").text
    form = browser.get("/account/password").follow().forms["verify"]
    form["password"], form["code"] = PASSWORD, app.code()
    assert form.submit().location == "http://localhost/account/password"
    codes = recovery_codes(browser)
    assert len(codes) == 10
