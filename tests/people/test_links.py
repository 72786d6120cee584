"""Links that come by mail: a forgotten password, an invitation."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from people.conftest import Mailbox
from sqlalchemy import text
from webtest import TestResponse

from portal.kernel.people import Realm
from portal.people import services
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA = "ada@company.example"
NEW = "a brand new password"


@pytest.fixture
def ada(house: TestPortal) -> TestPortal:
    """A portal in which Ada is an employee."""
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada Lovelace", password=PASSWORD, language="en")
    return house


def forget(house: TestPortal, email: str, *, address: str = "192.0.2.1") -> TestResponse:
    """Say that one has forgotten one's password."""
    browser = Browser(house.router, extra_environ={"REMOTE_ADDR": address})
    form = browser.get("/forgotten").forms["forgotten"]
    form["email"] = email
    return form.submit(expect_errors=True)


def choose(browser: Browser, link: str, form_id: str, password: str = NEW) -> TestResponse:
    """Open a link and send its form."""
    form = browser.get(link).forms[form_id]
    form["password"], form["again"] = password, password
    return form.submit(expect_errors=True)


def can_sign_in(house: TestPortal, email: str, password: str) -> bool:
    """Whether this password opens the door."""
    form = house.browser().get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = email, password
    return form.submit(expect_errors=True).status_int == 303


# --- a forgotten password ------------------------------------------------------------------------------------


def test_a_forgotten_password_is_replaced_by_a_link(ada: TestPortal, links: Mailbox) -> None:
    before = ada.browser()
    before.sign_in(ADA)
    assert forget(ada, "ADA@company.example").follow().status_int == 200
    ada.work()
    (link,) = links(ADA)
    browser = ada.browser()
    answer = choose(browser, link, "reset")
    assert answer.location == "http://localhost/sign-in?realm=employees"
    assert "has been changed" in answer.follow().text
    assert "session" not in browser.cookies
    assert can_sign_in(ada, ADA, NEW)
    assert not can_sign_in(ada, ADA, PASSWORD)
    assert before.get("/account/").status_int == 303


def test_known_and_unknown_get_the_same_answer(ada: TestPortal, links: Mailbox) -> None:
    known, unknown = forget(ada, ADA), forget(ada, "eve@company.example")
    assert known.status == unknown.status == "303 See Other"
    assert known.location == unknown.location
    assert known.headers["Server-Timing"] == unknown.headers["Server-Timing"]
    assert known.follow().text == unknown.follow().text
    assert links(ADA) == []  # nothing is looked up before the worker comes
    ada.work()
    assert len(links(ADA)) == 1
    assert links("eve@company.example") == []


def test_the_link_works_once(ada: TestPortal, links: Mailbox) -> None:
    forget(ada, ADA)
    ada.work()
    (link,) = links(ADA)
    slow = ada.browser().get(link).forms["reset"]
    choose(ada.browser(), link, "reset")
    slow["password"], slow["again"] = "yet another password", "yet another password"
    refused = slow.submit(expect_errors=True)
    assert refused.status_int in (410, 422)
    assert "does not work any more" in refused.text
    assert ada.browser().get(link, expect_errors=True).status_int == 410
    assert can_sign_in(ada, ADA, NEW)
    assert not can_sign_in(ada, ADA, "yet another password")


def test_looking_at_the_link_spends_nothing(ada: TestPortal, links: Mailbox) -> None:
    forget(ada, ADA)
    ada.work()
    (link,) = links(ADA)
    for _number in range(3):
        assert ada.browser().get(link).status_int == 200
    assert choose(ada.browser(), link, "reset").status_int == 303


def test_a_refused_password_leaves_the_link_and_the_old_password(ada: TestPortal, links: Mailbox) -> None:
    forget(ada, ADA)
    ada.work()
    (link,) = links(ADA)
    refused = choose(ada.browser(), link, "reset", "password123")
    assert refused.status_int == 422
    assert "Many people use this password" in refused.text
    assert can_sign_in(ada, ADA, PASSWORD)
    assert choose(ada.browser(), link, "reset").status_int == 303


def test_the_link_grows_old(ada: TestPortal, links: Mailbox) -> None:
    forget(ada, ADA)
    ada.work()
    (link,) = links(ADA)
    ada.clock.advance(minutes=59, seconds=59)
    assert ada.browser().get(link).status_int == 200
    ada.clock.advance(seconds=1)
    assert ada.browser().get(link, expect_errors=True).status_int == 410


@pytest.mark.parametrize(
    "verb", [services.disable, lambda unit, user: services.set_password(unit, user, NEW)]
)
def test_disabling_and_a_new_password_kill_open_links(ada: TestPortal, links: Mailbox, verb: object) -> None:
    forget(ada, ADA)
    ada.work()
    (link,) = links(ADA)
    with ada.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, ADA)
        verb(unit, user)  # type: ignore[operator]
    assert ada.browser().get(link, expect_errors=True).status_int == 410


def test_a_disabled_person_gets_no_link(ada: TestPortal, links: Mailbox) -> None:
    with ada.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, ADA)
        assert user is not None
        services.disable(unit, user)
    forget(ada, ADA)
    ada.work()
    assert links(ADA) == []


def test_the_link_is_made_of_the_ini_not_of_headers(ada: TestPortal, links: Mailbox) -> None:
    browser = ada.browser()
    form = browser.get("/forgotten").forms["forgotten"]
    form["email"] = ADA
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    forged = {"Host": "evil.example", "Cookie": cookies}
    assert form.submit(headers=forged, expect_errors=True).status_int == 400
    assert form.submit(headers={"X-Forwarded-Host": "evil.example"}).status_int == 303
    ada.work()
    (file,) = Path(ada.raw["portal.mail.folder"]).iterdir()
    mail = file.read_text()
    assert "evil" not in mail
    assert "http://localhost/reset/" in mail


def test_the_mail_goes_to_the_stored_address(ada: TestPortal) -> None:
    forget(ada, "ａda@company.example")  # full width: folds to the same
    ada.work()
    with ada.reading() as unit:
        assert ADA in str(unit.db.scalar(text("SELECT recipient FROM ops_mail")))


def test_asking_is_limited_silently(ada: TestPortal, links: Mailbox) -> None:
    answers = {forget(ada, ADA).location for _number in range(12)}
    assert len(answers) == 1
    ada.work()
    assert len(links(ADA)) == 8


def test_only_a_digest_of_the_link_is_stored(ada: TestPortal, links: Mailbox) -> None:
    forget(ada, ADA)
    ada.work()
    token = links(ADA)[0].rpartition("/")[2]
    assert len(token) >= 43
    with ada.reading() as unit:
        assert token not in str(unit.db.execute(text("SELECT * FROM people_token")).all())


def test_a_link_is_for_its_purpose_only(ada: TestPortal, links: Mailbox) -> None:
    forget(ada, ADA)
    ada.work()
    token = links(ADA)[0].rpartition("/")[2]
    assert ada.browser().get(f"/invitation/{token}", expect_errors=True).status_int == 410


def test_a_sent_link_is_kept_nowhere(ada: TestPortal, links: Mailbox) -> None:
    forget(ada, ADA)
    ada.work()
    token = links(ADA)[0].rpartition("/")[2]
    with ada.reading() as unit:
        mails = unit.db.execute(text("SELECT state, text, html FROM ops_mail")).all()
        assert mails == [("sent", "", None)]
        for table in ("ops_mail", "kernel_job", "kernel_operation", "people_token"):
            assert token not in str(unit.db.execute(text(f"SELECT * FROM {table}")).all())


def test_guessing_cannot_keep_out_who_chooses_a_new_password(
    portals: Callable[..., TestPortal], tmp_path: Path
) -> None:
    house = portals(people__attempts_account="5", people__forgotten_account="3")
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    for number in range(5):
        guess(house, f"203.0.113.{number}")
        forget(house, ADA, address=f"203.0.113.{number}")
    assert not can_sign_in(house, ADA, PASSWORD)
    house.work()
    first, *others = sorted((tmp_path / "mail").iterdir())
    assert len(others) == 2
    link = re.findall(r"http://localhost(/reset/\S+)", first.read_text())[0]
    browser = house.browser()
    choose(browser, link, "reset")
    assert can_sign_in(house, ADA, NEW)
    for number in range(5):
        guess(house, f"203.0.113.{number}")
    assert not can_sign_in(house, ADA, NEW)
    browser.sign_in(ADA, NEW)  # in the browser that chose it, whatever others go on guessing
    assert browser.get("/account/").status_int == 200


def guess(house: TestPortal, address: str) -> None:
    """One wrong password from a network address."""
    form = Browser(house.router, extra_environ={"REMOTE_ADDR": address}).get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = ADA, "wrong password"
    form.submit(expect_errors=True)


# --- invitations ---------------------------------------------------------------------------------------------


def test_an_invitation_is_accepted(house: TestPortal, links: Mailbox) -> None:
    with house.unit() as unit:
        services.invite(unit, Realm.EMPLOYEES, "new@company.example", "N.", "en")
    (link,) = links("new@company.example")
    browser = house.browser()
    form = browser.get(link).forms["invitation"]
    assert form["name"].value == "N."
    form["name"], form["password"], form["again"] = "Niels Neu", NEW, NEW
    assert "Niels Neu" in form.submit().follow().text
    assert browser.get("/account/").status_int == 200
    assert house.browser().get(link, expect_errors=True).status_int == 410
    assert can_sign_in(house, "new@company.example", NEW)


def test_an_invitation_grows_old_and_can_be_sent_again(house: TestPortal, links: Mailbox) -> None:
    with house.unit() as unit:
        services.invite(unit, Realm.EMPLOYEES, "new@company.example", "New")
    house.clock.advance(days=14)
    assert house.browser().get(links("new@company.example")[0], expect_errors=True).status_int == 410
    with house.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, "new@company.example")
        assert user is not None
        services.send_invitation(unit, user)
        services.send_invitation(unit, user)
    first, second, third = links("new@company.example")
    assert first != second
    assert house.browser().get(second, expect_errors=True).status_int == 410  # replaced by the newer one
    assert house.browser().get(third).status_int == 200


def test_mails_speak_the_language_of_the_recipient(house: TestPortal) -> None:
    with house.unit() as unit:
        services.invite(unit, Realm.EMPLOYEES, "neu@company.example", "Neu", "de")
    with house.reading() as unit:
        mail = unit.db.execute(text("SELECT language, text, subject FROM ops_mail")).one()
    assert mail.language == "de"
    assert re.search(r"16\.11\.2026,? 10:00", mail.text)  # two weeks on, in Berlin


def test_what_is_remembered_of_a_form_does_not_give_the_password_away(
    house: TestPortal, links: Mailbox
) -> None:
    with house.unit() as unit:
        services.invite(unit, Realm.EMPLOYEES, "new@company.example", "New")
    browser = house.browser()
    (link,) = links("new@company.example")
    form = browser.get(link).forms["invitation"]
    form["password"], form["again"] = NEW, NEW
    fields = dict(form.submit_fields())
    assert browser.post(link, fields).status_int == 303
    # The answer is remembered with a digest of the form, from which nobody without the secret can guess the password.
    plain = sha256(link.encode())
    for name, value in sorted(fields.items()):
        if name not in ("csrf_token", "_operation"):
            plain.update(f"\0{name}={value}".encode())
    with house.reading() as unit:
        (stored,) = unit.db.scalars(text("SELECT body FROM kernel_operation"))
        assert len(stored) == len(plain.hexdigest())
        assert stored != plain.hexdigest()
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_session")) == 1
