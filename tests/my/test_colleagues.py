"""Colleagues of a customer account: seen by all, managed by some, never without a manager."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from my.conftest import ACME, BETA
from sqlalchemy import text
from webtest import TestResponse

from portal.kernel.people import SCOPES, Realm
from portal.people import services
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

EVE, MAX = "eve@acme.example", "max@acme.example"
COLLEAGUES = f"/my/{ACME}/colleagues/"


def scopes(house: TestPortal, customer_id: int = 7) -> dict[str, set[str]]:
    """What is stored of an account's people."""
    with house.reading() as unit:
        return {member.email: set(member.scopes) for member in services.members_of(unit, customer_id)}


def page_of(house: TestPortal, email: str) -> str:
    """The page of a colleague."""
    with house.reading() as unit:
        user = services.find_user(unit, Realm.CUSTOMERS, email)
        assert user is not None
        return f"{COLLEAGUES}{user.public_id}/"


def invite(browser: Browser, email: str, *also: str, name: str = "Max", account: str = ACME) -> TestResponse:
    """Invite a colleague by the page."""
    form = browser.get(f"/my/{account}/colleagues/invite").forms["invite"]
    form["email"], form["name"], form["language"] = email, name, "en"
    for index, box in enumerate(form.fields["scopes"]):
        form.set("scopes", box._value in also, index=index)
    return form.submit(expect_errors=True)


def mails(house: TestPortal) -> list[str]:
    """The texts of the mails that were queued."""
    with house.reading() as unit:
        return list(unit.db.scalars(text("SELECT text FROM ops_mail ORDER BY id")))


def end(browser: Browser, page: str) -> TestResponse:
    """Press the button that takes a colleague out."""
    form = next(form for form in browser.get(page).forms.values() if form.action.endswith("end"))
    return form.submit(expect_errors=True)


def test_a_colleague_is_invited_and_comes(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    assert "max@acme.example gets a mail." in invite(eve, MAX, "order").follow().text
    assert scopes(house)[MAX] == {"view", "order"}
    (mail,) = mails(house)
    browser = house.browser()
    form = browser.get(re.findall(r"http://localhost(\S+)", mail)[0]).forms["invitation"]
    form["password"], form["again"] = "a brand new password", "a brand new password"
    assert form.submit().follow().follow().request.path == f"/my/{ACME}/"
    assert "Invite a colleague" not in browser.get(COLLEAGUES).text


def test_somebody_with_an_account_elsewhere_gets_a_further_one(house: TestPortal) -> None:
    bob = house.customer("bob@beta.example", 8, BETA, "Beta", "view", "manage")
    eve = house.customer(EVE, 7, ACME, "Acme")
    assert invite(eve, "BOB@beta.example", name="Not His Name").status_int == 303
    (mail,) = mails(house)
    assert f"http://localhost/my/{ACME}/" in mail
    assert "invitation" not in mail
    assert bob.get(f"/my/{ACME}/").status_int == 200
    assert "Not His Name" not in bob.get("/account/").text
    assert bob.get(COLLEAGUES + "invite", expect_errors=True).status_int == 404
    assert scopes(house, 8) == {"bob@beta.example": {"view", "manage"}}


def test_whoever_invites_learns_nothing_about_a_person_of_others(house: TestPortal) -> None:
    house.customer("bob@beta.example", 8, BETA, "Beta")
    with house.unit() as unit:
        bob = services.find_user(unit, Realm.CUSTOMERS, "bob@beta.example")
        assert bob is not None
        services.change_profile(unit, bob, "Robert Secret", "en")
    eve = house.customer(EVE, 7, ACME, "Acme")
    invite(eve, "Bob@Beta.example", name="Guess")
    invite(eve, "New@Beta.example", name="Other Guess")
    again = invite(eve, "bob@beta.example", name="Guess")
    assert "Guess uses this account already." in again.text
    page = eve.get(COLLEAGUES).html.find("tbody")
    rows = [" ".join(row.get_text().split()) for row in page.find_all("tr") if "Guess" in row.get_text()]
    known = rows[0].replace("Guess", "").replace("bob@", "")
    unknown = rows[1].replace("Other Guess", "").replace("new@", "")
    assert known == unknown
    for text_ in (page.get_text(), eve.get(page_of(house, "bob@beta.example")).text, again.text):
        assert "Robert" not in text_
    # Once the person has opened the account, they are one of its people.
    browser = house.browser()
    browser.sign_in("bob@beta.example", realm=Realm.CUSTOMERS)
    assert "Robert" not in eve.get(COLLEAGUES).text
    browser.get(f"/my/{ACME}/")
    assert "Robert Secret" in eve.get(COLLEAGUES).text
    assert "Guess" not in eve.get(COLLEAGUES).html.find("tbody").get_text().replace("Other Guess", "")


def test_an_invitation_leaves_that_of_others_alone(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    bob = house.customer("bob@beta.example", 8, BETA, "Beta")
    invite(eve, MAX)
    invite(bob, MAX, account=BETA)
    first, second = (re.findall(r"http://localhost(/invitation/\S+)", mail)[0] for mail in mails(house))
    assert house.browser().get(second).status_int == 200
    form = house.browser().get(first).forms["invitation"]
    form["password"], form["again"] = "a brand new password", "a brand new password"
    assert form.submit().status_int == 303
    assert house.browser().get(second, expect_errors=True).status_int == 410


def test_invitations_of_a_day_are_limited(portals: Callable[..., TestPortal]) -> None:
    house = portals(people__invitations_per_day="2")
    eve = house.customer(EVE, 7, ACME, "Acme")
    bob = house.customer("bob@beta.example", 8, BETA, "Beta")
    assert invite(eve, "a@acme.example").status_int == 303
    assert end(eve, page_of(house, "a@acme.example")).status_int == 303  # taken back, but the mail is out
    assert invite(eve, "b@acme.example").status_int == 303
    refused = invite(eve, "c@acme.example")
    assert refused.status_int == 422
    assert "2 colleagues were invited within 24 hours" in refused.text
    assert invite(bob, "c@beta.example", account=BETA).status_int == 303
    assert len(mails(house)) == 3
    house.clock.advance(hours=24)
    eve.sign_in(EVE, realm=Realm.CUSTOMERS)
    assert invite(eve, "c@acme.example").status_int == 303


def test_the_greeting_has_room_for_a_name_only(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    invite(eve, MAX, name="Dear customer, your invoice is overdue, please pay at once to " + "x" * 100)
    (mail,) = mails(house)
    assert "your invoice is overdue" in mail
    assert "to x" not in mail
    assert len(mail.splitlines()[0]) <= len("Hello ,") + 60


def test_a_member_and_a_disabled_person_are_not_invited(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    house.customer("out@acme.example", 8, BETA, "Beta")
    with house.unit() as unit:
        user = services.find_user(unit, Realm.CUSTOMERS, "out@acme.example")
        assert user is not None
        services.disable(unit, user)
    for email in (EVE, "out@acme.example", "no address"):
        assert invite(eve, email).status_int == 422
    field = invite(eve, "out@acme.example").html.find(id=re.compile("email-error$"))
    assert "The access of out@acme.example has been disabled" in str(field)
    assert scopes(house) == {EVE: set(SCOPES)}
    assert mails(house) == []


def test_the_same_form_twice_invites_once(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    form = eve.get(COLLEAGUES + "invite").forms["invite"]
    form["email"], form["name"], form["language"] = MAX, "Max", "en"
    assert form.submit().status_int == form.submit().status_int == 303
    assert len(mails(house)) == 1
    assert len(scopes(house)) == 2


def test_what_a_colleague_may_do_is_changed_and_counts_at_once(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    other = house.customer(MAX, 7, ACME, "Acme", "view")
    assert other.get(COLLEAGUES + "invite", expect_errors=True).status_int == 404
    form = eve.get(page_of(house, MAX)).forms["scopes"]
    for index in range(len(form.fields["scopes"])):
        form.set("scopes", True, index=index)
    form.submit()
    assert scopes(house)[MAX] == set(SCOPES)
    assert other.get(COLLEAGUES + "invite").status_int == 200


def test_a_membership_ends_at_once(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    other = house.customer(MAX, 7, ACME, "Acme")
    assert end(eve, page_of(house, MAX)).status_int == 303
    assert list(scopes(house)) == [EVE]
    assert other.get(f"/my/{ACME}/", expect_errors=True).status_int == 404
    assert eve.get(page_of_gone(house), expect_errors=True).status_int == 404


def page_of_gone(house: TestPortal) -> str:
    """The page of somebody who was a colleague."""
    return page_of(house, MAX)


def test_an_account_keeps_somebody_who_manages_it(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    house.customer(MAX, 7, ACME, "Acme", "view", "order")
    invite(eve, "new@acme.example", "manage")  # invited, but has not come: no manager yet
    mine = page_of(house, EVE)
    refused = end(eve, mine)
    assert refused.status_int == 422
    assert "Somebody has to manage the account" in refused.text
    form = eve.get(mine).forms["scopes"]
    for index in range(len(form.fields["scopes"])):
        form.set("scopes", False, index=index)
    assert form.submit(expect_errors=True).status_int == 422
    assert scopes(house)[EVE] == set(SCOPES)


@pytest.mark.parametrize("given", [("view",), ("view", "order")])
def test_only_managers_manage(house: TestPortal, given: tuple[str, ...]) -> None:
    house.customer(EVE, 7, ACME, "Acme")
    other = house.customer(MAX, 7, ACME, "Acme", *given)
    before = scopes(house)
    page = page_of(house, EVE)
    token = other.get("/account/").forms["profile"]["csrf_token"].value
    for path in (COLLEAGUES + "invite", page, page + "end"):
        fields = {
            "csrf_token": token,
            "_operation": "0123456789abcdef",
            "email": "x@acme.example",
            "name": "X",
        }
        assert other.post(path, fields, expect_errors=True).status_int == 404
    assert other.get(page, expect_errors=True).status_int == 404
    assert scopes(house) == before
    assert mails(house) == []


def test_a_manager_reaches_nobody_of_another_account(house: TestPortal) -> None:
    house.customer("bob@beta.example", 8, BETA, "Beta")
    eve = house.customer(EVE, 7, ACME, "Acme")
    with house.reading() as unit:
        bob = services.find_user(unit, Realm.CUSTOMERS, "bob@beta.example")
        assert bob is not None
    foreign = f"{COLLEAGUES}{bob.public_id}/"
    token = eve.get("/account/").forms["profile"]["csrf_token"].value
    for path in (foreign, foreign + "end"):
        fields = {"csrf_token": token, "_operation": "0123456789abcdef", "scopes": "manage"}
        assert eve.post(path, fields, expect_errors=True).status_int == 404
    assert scopes(house, 8) == {"bob@beta.example": set(SCOPES)}


def test_an_unknown_scope_is_refused(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    house.customer(MAX, 7, ACME, "Acme", "view")
    form = eve.get(page_of(house, MAX)).forms["scopes"]
    fields = [*form.submit_fields(), ("scopes", "emperor")]
    assert eve.post(page_of(house, MAX), fields, expect_errors=True).status_int == 422
    assert scopes(house)[MAX] == {"view"}


def test_who_was_let_into_an_account_is_in_the_audit_log(house: TestPortal) -> None:
    house.customer("bob@beta.example", 8, BETA, "Beta", "view", "manage")
    eve = house.customer(EVE, 7, ACME, "Acme")
    assert invite(eve, "bob@beta.example", "order").status_int == 303
    with house.reading() as unit:
        rows = unit.db.execute(
            text(
                "SELECT actor_name, detail FROM kernel_audit "
                "WHERE action = 'membership_added' AND customer_id = 7 ORDER BY id"
            )
        ).all()
        bob = services.find_user(unit, Realm.CUSTOMERS, "bob@beta.example")
    assert bob is not None
    said = {
        "user_id": bob.id,
        "customer_id": 7,
        "scopes": "order view",
        "limit_amount": None,
        "limit_currency": None,
        "departments": None,
    }
    assert (rows[-1].actor_name, json.loads(rows[-1].detail)["values"]) == ("eve", said)


def test_what_a_colleague_may_do_is_in_the_audit_log_before_and_after(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    house.customer(MAX, 7, ACME, "Acme", "view", "pay")
    for ticked, limit in ((("order",), "100"), (("order",), "100"), ((), "")):
        form = eve.get(page_of(house, MAX)).forms["scopes"]
        for index, box in enumerate(form.fields["scopes"]):
            form.set("scopes", box._value in ticked, index=index)
        form["limit"] = limit
        assert form.submit().status_int == 303
    with house.reading() as unit:
        details = unit.db.scalars(
            text("SELECT detail FROM kernel_audit WHERE action = 'membership_changed' ORDER BY id")
        ).all()
        max_ = services.find_user(unit, Realm.CUSTOMERS, MAX)
    assert max_ is not None
    first, second = (json.loads(detail)["values"] for detail in details)  # saving the same changes nothing
    assert first == {
        "user_id": max_.id,
        "customer_id": 7,
        "scopes": "order view",
        "limit_amount": 100_00,
        "limit_currency": "EUR",
        "scopes_before": "pay view",
        "limit_amount_before": None,
        "limit_currency_before": None,
        "departments": None,
        "departments_before": None,
    }
    assert (second["scopes_before"], second["scopes"]) == ("order view", "view")
    assert (second["limit_amount_before"], second["limit_amount"]) == (100_00, None)
    assert (second["limit_currency_before"], second["limit_currency"]) == ("EUR", None)


def test_changing_and_inviting_ask_for_a_fresh_proof_and_keep_the_form(house: TestPortal) -> None:
    eve = house.customer(EVE, 7, ACME, "Acme")
    house.customer(MAX, 7, ACME, "Acme", "view")
    page = page_of(house, MAX)
    for path, name in ((page, "scopes"), (f"{COLLEAGUES}invite", "invite")):
        house.clock.advance(minutes=11)
        form = eve.get(path).forms[name]
        for index, box in enumerate(form.fields["scopes"]):
            form.set("scopes", box._value == "pay", index=index)
        if name == "invite":
            form["email"], form["name"], form["language"] = "new@acme.example", "New", "en"
        before = scopes(house)
        asked = form.submit()
        assert asked.location == "http://localhost/verify?next=%2Faccount%2Fkept"
        assert scopes(house) == before
        assert mails(house) == []
        proof = asked.follow().forms["verify"]
        proof["password"] = PASSWORD
        kept = proof.submit().follow()
        assert scopes(house) == before
        again = next(form for form in kept.forms.values() if form.action == path)
        assert again.submit().status_int == 303
    assert scopes(house)[MAX] == {"view", "pay"}
    assert scopes(house)["new@acme.example"] == {"view", "pay"}
    assert len(mails(house)) == 1
