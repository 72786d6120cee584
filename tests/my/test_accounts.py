"""Who gets into which account."""

from __future__ import annotations

import re

import pytest
from my.conftest import ACME, BETA
from sqlalchemy import text
from webtest import TestResponse

from portal.kernel.errors import Refused
from portal.kernel.people import Realm
from portal.people import services
from portal.testing import TestPortal

PATHS = ["", "colleagues/", "colleagues/invite", "orders/x", "nothing"]


def join(house: TestPortal, email: str, customer_id: int, account: str, name: str, *scopes: str) -> None:
    """A further account for somebody."""
    with house.unit() as unit:
        user = services.find_user(unit, Realm.CUSTOMERS, email)
        assert user is not None
        services.add_membership(unit, user, customer_id, account, name, scopes)


def shown(response: TestResponse, address: str) -> str:
    """A page without its address and what differs between any two renderings."""
    differing = r'name="(?:_operation|csrf_token)" value="[^"]*"|"X-CSRF-Token": "[^"]*"'
    return re.sub(differing, "", response.text.replace(address, ""))


def test_visitors_sign_in_and_come_back_to_the_very_page(house: TestPortal) -> None:
    for path in PATHS:
        answer = house.browser().get(f"/my/{ACME}/{path}")
        assert answer.status_int == 303
        assert answer.location.startswith("http://localhost/sign-in?next=%2Fmy%2F")
    assert house.browser().get("/my/").status_int == 303


def test_employees_are_told_that_this_is_for_others(house: TestPortal) -> None:
    employee = house.employee("ada@company.example", "people.administrator", "ops.administrator")
    for path in PATHS:
        answer = employee.get(f"/my/{ACME}/{path}", expect_errors=True)
        assert answer.status_int == 403
        assert "for other people" in answer.text
    assert employee.get("/my/", expect_errors=True).status_int == 403


def test_an_account_of_others_does_not_exist(house: TestPortal) -> None:
    house.customer("bob@beta.example", 8, BETA, "Beta")
    eve = house.customer("eve@acme.example", 7, ACME, "Acme")
    unknown = eve.get("/my/" + "z" * 26 + "/", expect_errors=True)
    for path in PATHS:
        foreign = eve.get(f"/my/{BETA}/{path}", expect_errors=True)
        assert foreign.status_int == 404
        assert "Beta" not in foreign.text
    foreign = eve.get(f"/my/{BETA}/", expect_errors=True)
    assert unknown.status_int == 404
    assert shown(unknown, "z" * 26) == shown(foreign, BETA)


def test_one_account_is_entered_at_once(house: TestPortal) -> None:
    eve = house.customer("eve@acme.example", 7, ACME, "Acme Trading", "view")
    assert eve.get("/my/").location == f"http://localhost/my/{ACME}/"
    home = eve.get("/").follow()
    assert "Acme Trading" in home.text
    assert "Nothing needs you right now" in home.text


def test_an_account_that_was_only_invited_to_waits_behind_those_that_were_opened(house: TestPortal) -> None:
    eve = house.customer("eve@acme.example", 8, BETA, "Beta Foods", "view")
    with house.unit() as unit:
        services.invite_member(unit, 7, ACME, "Acme Trading", email="eve@acme.example", name="Eve")
    assert eve.get("/").location == f"http://localhost/my/{BETA}/"
    choice = eve.get("/my/")
    assert choice.html.find("a", "btn", href=f"/my/{ACME}/").text.split() == ["Acme", "Trading", "Invited"]
    assert choice.html.find("a", "btn", href=f"/my/{BETA}/").text.split() == ["Beta", "Foods"]
    with house.reading() as unit:
        assert [member.invited for member in services.members_of(unit, 7)] == [True]
    eve.get(f"/my/{ACME}/")
    assert eve.get("/").location == f"http://localhost/my/{ACME}/"


def test_nobody_is_led_into_one_of_several_invitations(house: TestPortal) -> None:
    eve = house.customer("eve@acme.example", 8, BETA, "Beta Foods", "view")
    with house.unit() as unit:
        services.invite_member(unit, 7, ACME, "Acme Trading", email="eve@acme.example", name="Eve")
        unit.db.execute(text("UPDATE people_membership SET accepted_at = NULL"))
    assert eve.get("/").location == "http://localhost/my/"
    with house.reading() as unit:
        assert [member.invited for member in services.members_of(unit, 7)] == [True]


def test_several_accounts_are_chosen_among_and_switched(house: TestPortal) -> None:
    eve = house.customer("eve@acme.example", 7, ACME, "Acme Trading", "view")
    join(house, "eve@acme.example", 8, BETA, "Beta Foods", "view")
    choice = eve.get("/my/").text
    assert f'href="/my/{ACME}/"' in choice
    assert f'href="/my/{BETA}/"' in choice
    inside = eve.get(f"/my/{BETA}/").text
    assert f'href="/my/{ACME}/"' in inside
    assert f'href="/my/{BETA}/" aria-current="true"' in inside
    assert f'href="/my/{BETA}/colleagues/"' in inside


def test_without_any_account_there_is_a_word_of_help(house: TestPortal) -> None:
    eve = house.customer("eve@acme.example", 7, ACME, "Acme")
    with house.unit() as unit:
        user = services.find_user(unit, Realm.CUSTOMERS, "eve@acme.example")
        assert user is not None
        services.end_membership(unit, 7, user.id)
    assert "ask a colleague" in eve.get("/my/").text
    assert eve.get(f"/my/{ACME}/", expect_errors=True).status_int == 404
    assert eve.get("/").status_int == 200


def test_a_new_name_of_the_account_is_shown(house: TestPortal) -> None:
    eve = house.customer("eve@acme.example", 7, ACME, "Acme")
    bob = house.customer("bob@beta.example", 8, BETA, "Beta")
    with house.unit() as unit:
        services.rename_account(unit, 7, "Acme & Sons")
    assert "Acme &amp; Sons" in eve.get(f"/my/{ACME}/").text
    assert "Acme" not in bob.get(f"/my/{BETA}/").text


def test_the_home_costs_only_who_somebody_is(house: TestPortal) -> None:
    eve = house.customer("eve@acme.example", 7, ACME, "Acme")
    wall = 1 if house.backend == "postgresql" else 0
    assert eve.statements(f"/my/{ACME}/") == 1 + wall
    assert eve.statements(f"/my/{ACME}/colleagues/") == 2 + wall


def test_an_employee_cannot_be_a_member(house: TestPortal) -> None:
    house.employee("ada@company.example")
    with house.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, "ada@company.example")
        assert user is not None
        with pytest.raises(Refused, match="Employees"):
            services.add_membership(unit, user, 7, ACME, "Acme", ["view"])
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_membership")) == 0
