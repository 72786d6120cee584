"""The life of a session: begun, rotated, ended; a cookie from before is worth nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from portal.kernel.people import Realm
from portal.people import passwords, services
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA = "ada@company.example"


def cookie(browser: Browser) -> str:
    """The session cookie of a browser."""
    return browser.cookies["session"]


def with_cookie(house: TestPortal, token: str) -> Browser:
    """Somebody else's browser with a copied cookie."""
    browser = house.browser()
    browser.set_cookie("session", token)
    return browser


def is_signed_in(browser: Browser) -> bool:
    """Whether the server knows who this is."""
    response = browser.get("/account/")
    if response.status_int == 303:
        assert response.location.endswith("/sign-in?next=%2Faccount%2F")
        return False
    return response.status_int == 200


def test_the_whole_life(house: TestPortal) -> None:
    browser = house.employee(ADA)
    token = cookie(browser)
    assert is_signed_in(browser)
    sign_out(browser)
    assert "session" not in browser.cookies
    assert not is_signed_in(browser)
    assert not is_signed_in(with_cookie(house, token))


def sign_out(browser: Browser) -> None:
    """Press the button of the menu."""
    page = browser.get("/")
    form = next(form for form in page.forms.values() if form.action == "/sign-out")
    assert form.submit().location.startswith("http://localhost/sign-in")


def test_only_a_digest_of_the_cookie_is_stored(house: TestPortal) -> None:
    token = cookie(house.employee(ADA))
    assert len(token) >= 43
    with house.reading() as unit:
        rows = unit.db.execute(text("SELECT * FROM people_session")).all()
    assert len(rows) == 1
    assert token not in str(rows)


def test_a_cookie_planted_before_signing_in_is_not_taken_over(house: TestPortal) -> None:
    mallory = house.employee("mallory@company.example")
    planted = cookie(mallory)
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    victim = with_cookie(house, planted)
    page = victim.get("/account/password")  # signed in as mallory without knowing
    victim.post(
        "/sign-in",
        {
            "csrf_token": page.forms["password"]["csrf_token"].value,
            "email": ADA,
            "password": PASSWORD,
            "realm": "employees",
        },
    )
    assert cookie(victim) != planted
    assert "Ada" in victim.get("/account/").text
    assert not is_signed_in(mallory)


def test_an_invented_cookie_is_nobody(house: TestPortal) -> None:
    assert not is_signed_in(with_cookie(house, "A" * 43))
    assert not is_signed_in(with_cookie(house, ""))
    for odd in ("session=" + "x" * 8000, "session", "session=;;=", 'session="\\012"'):
        assert house.browser().get("/account/", headers={"Cookie": odd}).status_int == 303


def test_changing_the_password_ends_every_other_session_and_rotates_this_one(house: TestPortal) -> None:
    here = house.employee(ADA)
    elsewhere = house.browser()
    elsewhere.sign_in(ADA)
    before = cookie(here)
    form = here.get("/account/password").forms["password"]
    form["old"], form["new"], form["again"] = PASSWORD, "another long password", "another long password"
    assert form.submit().status_int == 303
    assert cookie(here) != before
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert not is_signed_in(with_cookie(house, before))
    house.browser().sign_in(ADA, "another long password")
    refused = sign_in_form(house, ADA, PASSWORD).submit(expect_errors=True)
    assert refused.status_int == 422


def sign_in_form(house: TestPortal, email: str, password: str):  # type: ignore[no-untyped-def]
    """The page of a new browser, filled in."""
    form = house.browser().get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = email, password
    return form


@pytest.mark.parametrize(
    ("old", "new", "again", "says"),
    [
        ("not the old one", "another long password", "another long password", "present password is wrong"),
        (PASSWORD, "another long password", "something different", "not the same as above"),
        (PASSWORD, "short", "short", "At least 10 characters"),
        (PASSWORD, "ada@company.example", "ada@company.example", "must not be the name or the e-mail"),
        (PASSWORD, "qwertyuiop", "qwertyuiop", "Many people use this password"),
        (PASSWORD, PASSWORD, PASSWORD, "This is the present password"),
    ],
)
def test_a_refused_change_of_password_changes_nothing(
    house: TestPortal, old: str, new: str, again: str, says: str
) -> None:
    browser = house.employee(ADA)
    token = cookie(browser)
    form = browser.get("/account/password").forms["password"]
    form["old"], form["new"], form["again"] = old, new, again
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert says in refused.text
    assert PASSWORD not in refused.text
    assert cookie(browser) == token
    assert is_signed_in(browser)
    house.browser().sign_in(ADA)


def test_a_disabled_person_is_out_at_once_and_back_only_with_a_new_session(house: TestPortal) -> None:
    browser = house.employee(ADA)
    token = cookie(browser)
    act(house, ADA, services.disable)
    assert not is_signed_in(browser)
    assert sign_in_form(house, ADA, PASSWORD).submit(expect_errors=True).status_int == 422
    act(house, ADA, services.enable)
    assert not is_signed_in(with_cookie(house, token))
    house.browser().sign_in(ADA)


def act(house: TestPortal, email: str, verb: Callable[..., None], *arguments: object) -> None:
    """Do something to an employee."""
    with house.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, email)
        assert user is not None
        verb(unit, user, *arguments)


def test_a_session_ends_when_idle_and_lives_on_when_used(house: TestPortal) -> None:
    browser = house.employee(ADA)
    for _hour in range(10):
        house.clock.advance(hours=7)
        assert is_signed_in(browser)
    house.clock.advance(hours=8)
    assert not is_signed_in(browser)


def test_a_session_ends_at_last_however_busy(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__session_lifetime="2")
    browser = house.employee(ADA)
    for _quarter in range(7):
        house.clock.advance(minutes=15)
        assert is_signed_in(browser)
    house.clock.advance(minutes=15)
    assert not is_signed_in(browser)


def test_last_seen_is_written_at_most_once_a_minute(house: TestPortal) -> None:
    browser = house.employee(ADA)

    def seen() -> str:
        with house.reading() as unit:
            return str(unit.db.scalar(text("SELECT seen_at FROM people_session")))

    first = seen()
    house.clock.advance(seconds=59)
    browser.get("/account/")
    assert seen() == first
    house.clock.advance(seconds=1)
    browser.get("/account/")
    assert seen() != first


def test_who_somebody_is_costs_one_statement(house: TestPortal) -> None:
    browser = house.employee(ADA, "people.administrator", "ops.administrator")
    assert browser.statements("/account/password") == 1
    customer = house.customer("bob@acme.example", 7, "a" * 26, "Acme", "view")
    with house.unit() as unit:
        user = services.find_user(unit, Realm.CUSTOMERS, "bob@acme.example")
        assert user is not None
        services.add_membership(unit, user, 8, "b" * 26, "Beta", ["view"])
    # on PostgreSQL customers' requests also tell the database whose they are: the second wall
    assert customer.statements("/my/") == (2 if house.backend == "postgresql" else 1)
    assert house.browser().statements("/sign-in") == 0


def test_static_files_do_not_look_for_a_session(house: TestPortal) -> None:
    assert house.employee(ADA).statements("/static/portal.css") == 0


def test_the_cookie_is_bound_to_the_host_where_there_is_https(portals: Callable[..., TestPortal]) -> None:
    house = portals(base_url="https://portal.example")
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    browser = Browser(
        house.router, extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": "portal.example:443"}
    )
    form = browser.get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = ADA, PASSWORD
    answer = form.submit(headers={"Origin": "https://portal.example"})
    given = next(value for value in answer.headers.getall("Set-Cookie") if "session" in value)
    assert given.startswith("__Host-session=")
    parts = {part.strip().lower() for part in given.split(";")[1:]}
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= parts
    assert not any(part.startswith("domain") for part in parts)


def test_the_cookie_without_https_is_out_of_reach_of_scripts(house: TestPortal) -> None:
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    given = next(
        value
        for value in sign_in_form(house, ADA, PASSWORD).submit().headers.getall("Set-Cookie")
        if value.startswith("session=")
    )
    assert "HttpOnly" in given
    assert "SameSite=Lax" in given


def test_sign_out_needs_a_token_and_a_post(house: TestPortal) -> None:
    browser = house.employee(ADA)
    assert browser.get("/sign-out", expect_errors=True).status_int == 404
    assert browser.post("/sign-out", expect_errors=True).status_int == 400
    assert is_signed_in(browser)


def test_a_session_begun_with_a_password_that_is_changed_meanwhile_is_dead(house: TestPortal) -> None:
    if house.backend == "sqlite":
        pytest.skip("one writer at a time")
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    with house.unit() as slow:
        user = services.sign_in(slow, services.Visitor(Realm.EMPLOYEES, ADA, "192.0.2.1"), PASSWORD)
        act(house, ADA, services.set_password, "another long password")
        house.clock.advance(seconds=1)
        token = services.start_session(slow, user)
    assert not is_signed_in(with_cookie(house, token))
    browser = house.browser()
    browser.sign_in(ADA, "another long password")
    assert is_signed_in(browser)


def test_renewing_a_hash_does_not_bring_an_old_password_back(
    house: TestPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    if house.backend == "sqlite":
        pytest.skip("one writer at a time")
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    stronger = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1)
    with house.unit() as slow:
        user = services.find_user(slow, Realm.EMPLOYEES, ADA)
        assert user is not None
        act(house, ADA, services.set_password, "another long password")
        monkeypatch.setattr(passwords, "HASHER", stronger)
        services.sign_in(slow, services.Visitor(Realm.EMPLOYEES, ADA, "192.0.2.1"), PASSWORD)
    assert sign_in_form(house, ADA, PASSWORD).submit(expect_errors=True).status_int == 422
    house.browser().sign_in(ADA, "another long password")


# --- the list of sessions ----------------------------------------------------------------------------------------

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
)
sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def ids(house: TestPortal) -> list[str]:
    """The public ids of all sessions, oldest first."""
    with house.reading() as unit:
        return list(unit.db.scalars(text("SELECT public_id FROM people_session ORDER BY id")))


def end_session(browser: Browser, path: str, session: str) -> int:
    """Have a session ended as the button does; the status of the answer."""
    token = browser.get("/account/").forms["profile"]["csrf_token"].value
    fields = {"csrf_token": token, "_operation": session[:26].ljust(16, "x"), "session": session}
    return int(browser.post(path, fields, expect_errors=True).status_int)


def two_devices(house: TestPortal, *roles: str) -> tuple[Browser, Browser]:
    """Ada at her desk and on her phone."""
    house.employee(ADA, *roles)
    desk = Browser(house.router, extra_environ={"HTTP_USER_AGENT": FIREFOX, "REMOTE_ADDR": "192.0.2.7"})
    phone = Browser(house.router, extra_environ={"HTTP_USER_AGENT": SAFARI, "REMOTE_ADDR": "198.51.100.9"})
    for browser in (desk, phone):
        browser.sign_in(ADA)
    return desk, phone


@sqlite
def test_sessions_are_listed_and_ended_one_by_one_or_all(house: TestPortal) -> None:
    desk, phone = two_devices(house)
    page = desk.get("/account/sessions")
    assert [name in page.text for name in ("Firefox on Windows", "Safari on iPhone")] == [True, True]
    assert [place in page.text for place in ("192.0.2.7", "198.51.100.9", "This device")] == [True] * 3
    assert "Unknown device" in page.text
    buttons = [form for form in page.forms.values() if form.action == "/account/end-session"]
    assert len(buttons) == 2  # not for the session that looks
    buttons[0].submit()
    assert (is_signed_in(desk), is_signed_in(phone)) == (True, False)
    assert "Safari on iPhone" not in desk.get("/account/sessions").text
    phone.sign_in(ADA)
    form = next(
        form
        for form in desk.get("/account/sessions").forms.values()
        if form.action == "/account/end-sessions"
    )
    form.submit()
    assert (is_signed_in(desk), is_signed_in(phone)) == (True, False)


@sqlite
def test_the_session_of_another_is_not_there(house: TestPortal) -> None:
    desk, _phone = two_devices(house)
    mallory = house.customer("mallory@beta.example", 7, "b" * 26, "Beta")
    for wrong in (ids(house)[1], "1", "", "x" * 26):
        assert end_session(mallory, "/account/end-session", wrong) == 404
    assert is_signed_in(desk)
    assert "Firefox" not in mallory.get("/account/sessions").text


@sqlite
def test_an_administrator_sees_and_ends_the_sessions_of_a_person(house: TestPortal) -> None:
    desk, phone = two_devices(house)
    root = house.employee("root@company.example", "people.administrator")
    with house.reading() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, ADA)
        assert user is not None
        path = f"/admin/users/{user.public_id}/"
    page = root.get(path)
    assert "Firefox on Windows" in page.text
    assert end_session(root, f"{path}end-session", ids(house)[-1]) == 404  # their own is not Ada's
    assert end_session(root, f"{path}end-session", ids(house)[1]) == 303
    assert (is_signed_in(desk), is_signed_in(phone), is_signed_in(root)) == (False, True, True)
    next(form for form in root.get(path).forms.values() if form.action == f"{path}end-sessions").submit()
    assert (is_signed_in(phone), is_signed_in(root)) == (False, True)


def test_what_ends_on_one_server_has_ended_on_the_other_at_the_next_request(house: TestPortal) -> None:
    other = TestPortal(house.raw)
    other.house.clock = house.clock
    try:
        house.employee("root@company.example", "people.administrator")
        browser = house.employee(ADA, "people.administrator")
        there = Browser(other.router)
        there.set_cookie("session", cookie(browser))
        assert there.get("/admin/users/").status_int == 200
        act(house, ADA, services.revoke, "people.administrator")
        assert there.get("/admin/users/", expect_errors=True).status_int == 403
        assert is_signed_in(there)
        act(house, ADA, services.set_password, "another long password")
        assert not is_signed_in(there)
        there.sign_in(ADA, "another long password")
        act(house, ADA, services.disable)
        assert not is_signed_in(there)
    finally:
        other.close()
