"""A form that was sent too late is kept for the person who filled it in, and saves once, when they say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from webtest import TestResponse
from webtest.forms import Form

from portal.kernel.people import Realm
from portal.people import kept, services
from portal.people.jobs import tidy_job
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA, BOB = "ada@company.example", "bob@company.example"
KEPT = "/account/kept"
sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def filled(browser: Browser, name: str = "Ada Lovelace") -> Form:
    """The profile's form with another name typed into it."""
    form = browser.get("/account/").forms["profile"]
    form["name"] = name
    return form


def name_of(house: TestPortal, email: str = ADA) -> str:
    """What a person is called in the database."""
    with house.reading() as unit:
        return str(
            unit.db.scalar(text("SELECT name FROM people_user WHERE email = :email"), {"email": email})
        )


def rows(house: TestPortal) -> int:
    """How many forms are kept."""
    with house.reading() as unit:
        return int(unit.db.scalar(text("SELECT COUNT(*) FROM people_kept_form")) or 0)


def end_by_time(house: TestPortal, browser: Browser) -> None:
    house.clock.advance(hours=9)


def end_by_signing_out_in_another_tab(house: TestPortal, browser: Browser) -> None:
    next(form for form in browser.get("/account/").forms.values() if form.action == "/sign-out").submit()


def end_from_elsewhere(house: TestPortal, browser: Browser) -> None:
    with house.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, ADA) or services.find_user(
            unit, Realm.CUSTOMERS, ADA
        )
        assert user is not None
        services.end_sessions(unit, user.id)


def sign_in(page: TestResponse, email: str = ADA) -> TestResponse:
    """Fill in the sign-in page that one was led to; the realm is what it proposes."""
    form = page.forms["sign-in"]
    form["email"], form["password"] = email, PASSWORD
    return form.submit()


def sent(page: TestResponse) -> Form:
    """The kept form on its page."""
    return next(form for form in page.forms.values() if str(form.id or "").startswith("send-"))


@pytest.mark.parametrize("end", [end_by_time, end_by_signing_out_in_another_tab, end_from_elsewhere])
def test_a_form_sent_after_its_session_ended_is_kept_and_saves_once(
    house: TestPortal, end: Callable[[TestPortal, Browser], None]
) -> None:
    browser = house.employee(ADA)
    form = filled(browser)
    end(house, browser)
    answer = form.submit()
    assert answer.location == "http://localhost/sign-in?realm=employees&next=%2Faccount%2Fkept"
    assert name_of(house) == "ada"
    offered = sign_in(answer.follow())
    assert offered.location == f"http://localhost{KEPT}"
    page = offered.follow()
    assert name_of(house) == "ada"
    assert "Ada Lovelace" in page.text
    again = sent(page)
    assert again.action == "/account/"
    assert again.submit().location == "http://localhost/account/"
    assert name_of(house) == "Ada Lovelace"
    # Sent once more from the same page, after another change: the first answer, and no second effect.
    filled(browser, "Ada King").submit()
    assert again.submit().location == "http://localhost/account/"
    assert name_of(house) == "Ada King"
    assert "No form is kept for you" in browser.get(KEPT).text


@sqlite
def test_customers_are_led_to_their_own_sign_in_and_back(house: TestPortal) -> None:
    browser = house.customer(ADA, 7, "a" * 26, "Alpha")
    form = filled(browser)
    end_from_elsewhere(house, browser)
    answer = form.submit()
    assert "realm=customers" in str(answer.location)
    page = sign_in(answer.follow()).follow()
    assert sent(page).submit().status_int == 303
    assert name_of(house) == "Ada Lovelace"


@sqlite
def test_nobody_else_is_shown_it(house: TestPortal) -> None:
    house.employee(BOB)
    browser = house.employee(ADA)
    form = filled(browser)
    end_from_elsewhere(house, browser)
    page = sign_in(form.submit().follow(), BOB).follow()
    assert "Lovelace" not in page.text
    assert "No form is kept for you" in page.text
    with house.reading() as unit:
        public_id = unit.db.scalar(text("SELECT public_id FROM people_kept_form"))
    token = browser.get("/account/").forms["profile"]["csrf_token"].value
    fields = {"csrf_token": token, "_operation": "x" * 16, "form": public_id}
    assert browser.post("/account/discard-kept", fields, expect_errors=True).status_int == 404
    assert rows(house) == 1
    assert "Lovelace" in house.browser().sign_in(ADA).test_app.get(KEPT).text


@sqlite
def test_a_tab_from_before_another_sign_in_of_the_same_person_is_offered_again(house: TestPortal) -> None:
    browser = house.employee(ADA)
    form = filled(browser)
    end_by_signing_out_in_another_tab(house, browser)
    browser.sign_in(ADA)
    answer = form.submit()
    assert answer.location == f"http://localhost{KEPT}"
    assert name_of(house) == "ada"
    sent(answer.follow()).submit()
    assert name_of(house) == "Ada Lovelace"


def test_a_tab_of_a_customer_from_before_is_kept_behind_the_walls_too(house: TestPortal) -> None:
    path = f"/my/{'a' * 26}/colleagues/invite"
    browser = house.customer(ADA, 7, "a" * 26, "Alpha")
    form = browser.get(path).forms["invite"]
    form["email"] = BOB
    end_by_signing_out_in_another_tab(house, browser)
    browser.sign_in(ADA, realm=Realm.CUSTOMERS)
    assert form.submit().location == f"http://localhost{KEPT}"
    again = sent(browser.get(KEPT))
    assert (again.action, again["email"].value) == (path, BOB)


@sqlite
def test_a_tab_of_somebody_else_in_the_same_browser_is_only_out_of_date(house: TestPortal) -> None:
    browser = house.employee(ADA)
    form = filled(browser)
    house.employee(BOB)
    end_by_signing_out_in_another_tab(house, browser)
    browser.sign_in(BOB)
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 400
    assert (rows(house), name_of(house), name_of(house, BOB)) == (0, "ada", "bob")


@sqlite
def test_a_form_sent_after_freshness_ended_is_kept_too(house: TestPortal) -> None:
    browser = house.employee(ADA, "people.administrator")
    with house.unit() as unit:
        bob = services.add_user(unit, Realm.EMPLOYEES, BOB, "Bob", password=PASSWORD)
        path = f"/admin/users/{bob.public_id}/"
    form = browser.get(path).forms["roles"]
    form.set("roles", True, index=0)
    role = form.get("roles", index=0).value
    house.clock.advance(minutes=11)
    answer = form.submit()
    assert answer.location == "http://localhost/verify?next=%2Faccount%2Fkept"
    verify = answer.follow().forms["verify"]
    verify["password"] = PASSWORD
    page = verify.submit().follow()
    with house.reading() as unit:
        granted = "SELECT COUNT(*) FROM people_grant WHERE role = :role AND user_id <> 1"
        assert unit.db.scalar(text(granted), {"role": role}) == 0
    assert str(sent(page).submit().location).endswith(path)
    with house.reading() as unit:
        assert unit.db.scalar(text(granted), {"role": role}) == 1


@sqlite
def test_passwords_are_not_kept_and_what_is_kept_is_sealed(house: TestPortal) -> None:
    browser = house.employee(ADA)
    form = browser.get("/account/password").forms["password"]
    new = "another long password"
    form["old"], form["new"], form["again"] = PASSWORD, new, new
    end_from_elsewhere(house, browser)
    page = sign_in(form.submit().follow()).follow()
    assert PASSWORD not in page.text
    assert new not in page.text
    again = sent(page)
    assert again["old"].value == ""
    again["old"], again["new"], again["again"] = PASSWORD, new, new
    assert again.submit().status_int == 303
    house.browser().sign_in(ADA, new)
    filled(browser)
    form = filled(browser, "Somebody In Clear")
    end_from_elsewhere(house, browser)
    form.submit()
    with house.reading() as unit:
        assert "Clear" not in str(unit.db.execute(text("SELECT * FROM people_kept_form")).all())


@sqlite
def test_it_waits_for_an_hour_and_can_be_discarded(house: TestPortal) -> None:
    browser = house.employee(ADA)
    for _number in range(2):
        form = filled(browser)
        end_from_elsewhere(house, browser)
        form.submit()
        browser.sign_in(ADA)
    page = browser.get(KEPT)
    assert page.text.count("Ada Lovelace") == page.text.count('id="send-') * 2 == 4
    next(form for form in page.forms.values() if form.action == "/account/discard-kept").submit()
    assert rows(house) == 1
    house.clock.advance(minutes=60)
    assert "Ada Lovelace" not in browser.get(KEPT).text
    house.run(lambda unit: tidy_job(unit, {}))
    assert rows(house) == 0


@sqlite
@pytest.mark.parametrize("token", ["", "x", "1.", "1." + "0" * 64, "9" * 30 + ".x", "²." + "0" * 64])
def test_a_forged_form_is_not_kept(house: TestPortal, token: str) -> None:
    browser = house.employee(ADA)
    end_from_elsewhere(house, browser)
    fields = {"csrf_token": token, "_operation": "x" * 16, "name": "Mallory", "language": "en"}
    answer = browser.post("/account/", fields)
    assert answer.location == "http://localhost/sign-in?next=%2Faccount%2F"
    assert rows(house) == 0


@sqlite
@pytest.mark.parametrize(
    "how", ["too large", "in the form for files", "without its one-time id", "of a disabled person"]
)
def test_what_cannot_be_kept_is_not(house: TestPortal, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = house.employee(ADA)
    form = filled(browser)
    fields = {name: form[name].value for name in ("csrf_token", "_operation", "name", "language")}
    end_from_elsewhere(house, browser)
    kind = "application/x-www-form-urlencoded"
    body: Any = fields
    if how == "too large":
        monkeypatch.setattr(kept, "_LARGEST", 200)
        fields["name"] = "x" * 200
    elif how == "in the form for files":
        kind, body = browser.encode_multipart(list(fields.items()), [])
    elif how == "without its one-time id":
        del fields["_operation"]
    else:
        with house.unit() as unit:
            user = services.find_user(unit, Realm.EMPLOYEES, ADA)
            assert user is not None
            services.disable(unit, user)
    answer = browser.post("/account/", body, content_type=kind)
    assert answer.location == "http://localhost/sign-in?next=%2Faccount%2F"
    assert rows(house) == 0
