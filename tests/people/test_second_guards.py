"""Guards that stand behind others, each alone: what is in front of them is taken away by hand."""

from __future__ import annotations

import re

import pytest
from people.conftest import Mailbox
from sqlalchemy import text

from portal.kernel.errors import Refused
from portal.kernel.people import Method, Realm
from portal.people import services
from portal.people.services import Kind
from portal.testing import TestPortal
from portal.testing.portal import PASSWORD

ADA = "ada@company.example"


def test_whoever_is_not_active_is_nobody_even_where_a_session_lives(house: TestPortal) -> None:
    browser = house.employee(ADA)
    assert browser.get("/account/").status_int == 200
    # disabling ends the sessions too; here the row of the person alone says so
    with house.unit() as unit:
        unit.db.execute(text("UPDATE people_user SET active = :no"), {"no": False})
    assert browser.get("/account/", status=303).location.endswith("/sign-in?next=%2Faccount%2F")


def test_every_way_of_signing_in_has_its_words_in_the_list_of_sessions(house: TestPortal) -> None:
    browser = house.employee(ADA)
    for method in set(Method) - {Method.TOKEN, Method.DOCUMENT}:
        with house.unit() as unit:
            unit.db.execute(text("UPDATE people_session SET method = :method"), {"method": method.value})
        assert browser.get("/account/sessions").status_int == 200


def test_a_token_that_is_none_is_told_so_on_open_pages_too(house: TestPortal) -> None:
    headers = {"Authorization": "Bearer portal_nobody_nothing"}
    assert house.browser().get("/sign-in", headers=headers, status=401).json["error"] == "invalid_token"


def test_the_address_is_not_taken_from_a_header(house: TestPortal) -> None:
    browser = house.employee(ADA)
    assert browser.get("/account/", headers={"X-Vhm-Root": "/nowhere"}).status_int == 200


def test_a_link_is_spent_once_even_where_the_password_stays(house: TestPortal, links: Mailbox) -> None:
    with house.unit() as unit:
        user = services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada Lovelace", password=PASSWORD)
        services.send_reset(unit, user)
    (path,) = links(ADA)
    token = re.sub(r"^/reset/", "", path)
    with house.unit() as unit:
        assert services.spend_token(unit, Kind.RESET, token).email == ADA
    with house.unit() as unit, pytest.raises(Refused):
        services.spend_token(unit, Kind.RESET, token)
