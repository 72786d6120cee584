"""Rights under four eyes: no administrator of people alone gives anybody a role, themselves least of all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from modules.pages import form_to
from proposals.conftest import agree_to

from portal.kernel.errors import Refused
from portal.kernel.people import SYSTEM, Actor, Method, Realm
from portal.kernel.unit import Unit
from portal.people import roles
from portal.people import services as people
from portal.people.models import User
from portal.people.permissions import ADMINISTRATOR
from portal.proposals import services
from portal.proposals.intents import NeedsSecond
from portal.proposals.models import Proposal
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import Browser, TestPortal

ADA, BOB, EVE = (f"{name}@company.example" for name in ("ada", "bob", "eve"))


@pytest.fixture
def house(portals: PortalFactory) -> TestPortal:
    return portals(people__four_eyes__grant="true")


def user(unit: Unit, email: str) -> User:
    found = people.find_user(unit, Realm.EMPLOYEES, email)
    assert found is not None
    return found


def held(house: TestPortal, email: str) -> set[str]:
    with house.reading() as unit:
        return set(people.roles_of(unit, user(unit, email)))


def actor(house: TestPortal, email: str) -> Actor:
    with house.reading() as unit:
        found = user(unit, email)
        return Actor("employee", found.name, found.id)


def page_of(house: TestPortal, email: str) -> str:
    with house.reading() as unit:
        return f"/admin/users/{user(unit, email).public_id}/"


def proposals(house: TestPortal) -> list[Proposal]:
    with house.reading() as unit:
        return unit.db.query(Proposal).order_by(Proposal.id).all()


def tick(browser: Browser, house: TestPortal, email: str, *wanted: str, until: str = "") -> Any:
    """Send the form of roles with these ticked."""
    form = browser.get(page_of(house, email)).forms["roles"]
    for box in form.fields["roles"]:
        box.checked = box._value in wanted
    form["until"] = until
    return form.submit()


def path(answer: Any) -> str:
    return answer.location.removeprefix("http://localhost")


def test_an_administrator_alone_gives_themselves_nothing(house: TestPortal) -> None:
    ada, bob = house.employee(ADA, ADMINISTRATOR), house.employee(BOB, ADMINISTRATOR)
    answer = tick(ada, house, ADA, ADMINISTRATOR, "ops.administrator", "ops.auditor")
    assert held(house, ADA) == {ADMINISTRATOR}
    url = path(answer)
    assert url == f"/proposals/{proposals(house)[0].public_id}/"
    page = ada.get(url)
    assert "ops.administrator" in page
    token = page.forms[0]["csrf_token"].value
    ada.post(f"{url}agree", {"csrf_token": token, "_operation": "x" * 20}, status=422)
    assert held(house, ADA) == {ADMINISTRATOR}
    assert "proposed by ada" in bob.get(page_of(house, ADA))
    agree_to(bob, url)
    assert held(house, ADA) == {ADMINISTRATOR, "ops.administrator", "ops.auditor"}
    with house.reading() as unit:
        granted = {one.role: one.granted_by for one in people.grants_of(unit, user(unit, ADA))}
    assert granted["ops.auditor"] == "bob"


def test_what_was_ticked_and_unticked_waits_together(house: TestPortal) -> None:
    ada, bob = house.employee(ADA, ADMINISTRATOR), house.employee(BOB, ADMINISTRATOR)
    house.employee(EVE, "ops.administrator")
    url = path(tick(ada, house, EVE, "ops.auditor", until="2026-12-31"))
    assert held(house, EVE) == {"ops.administrator"}
    agree_to(bob, url)
    assert held(house, EVE) == {"ops.auditor"}
    with house.reading() as unit:
        assert {one.ends_on for one in people.grants_of(unit, user(unit, EVE))} == {date(2026, 12, 31)}


def test_taking_away_takes_one_person(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    house.employee(EVE, "ops.administrator", "ops.auditor")
    tick(ada, house, EVE, "ops.auditor")
    assert held(house, EVE) == {"ops.auditor"}
    assert proposals(house) == []


def test_it_lapses_when_the_roles_changed_meanwhile(house: TestPortal) -> None:
    ada, bob = house.employee(ADA, ADMINISTRATOR), house.employee(BOB, ADMINISTRATOR)
    house.employee(EVE, "ops.administrator")
    url = path(tick(ada, house, EVE, "ops.administrator", "ops.auditor"))
    form = form_to(bob.get(url), "agree")
    tick(bob, house, EVE)
    form.submit(status=303)
    assert proposals(house)[0].state == "lapsed"
    assert held(house, EVE) == set()


def test_a_later_end_needs_a_second_person_and_an_earlier_one_does_not(house: TestPortal) -> None:
    ada, bob = house.employee(ADA, ADMINISTRATOR), house.employee(BOB, ADMINISTRATOR)
    house.employee(EVE)
    agree_to(bob, path(tick(ada, house, EVE, "ops.auditor", until="2026-12-31")))

    def end(day: str) -> Any:
        form = ada.get(page_of(house, EVE)).forms["end"]
        form["role"], form["until"] = "ops.auditor", day
        return form.submit(status=303)

    def ends() -> date | None:
        with house.reading() as unit:
            [one] = people.grants_of(unit, user(unit, EVE))
            return one.ends_on

    end("2026-12-01")
    assert ends() == date(2026, 12, 1)
    for day, expected in (("2027-12-31", date(2027, 12, 31)), ("", None)):
        before = ends()
        url = path(end(day))
        assert ends() == before
        agree_to(bob, url)
        assert ends() == expected


def test_rights_added_to_a_composed_role_wait_too(house: TestPortal) -> None:
    ada, bob = house.employee(ADA, ADMINISTRATOR), house.employee(BOB, ADMINISTRATOR)
    own = ["people.administer", "people.explain"]
    role = house.run(lambda unit: roles.compose(unit, "desk", "Desk", ["people.explain"], own=own))
    url = f"/admin/roles/{role.public_id}/"

    def save(*permissions: str) -> Any:
        form = ada.get(url).forms["role"]
        for box in form.fields["permissions"]:
            box.checked = box._value in permissions
        return form.submit(status=303)

    def allows() -> set[str]:
        with house.reading() as unit:
            found = roles.find_role(unit, role.public_id)
            assert found is not None
            return set(found.allowed)

    proposed = path(save("people.explain", "people.administer"))
    assert allows() == {"people.explain"}
    page = bob.get(proposed)
    assert "people.administer" in page
    agree_to(bob, proposed)
    assert allows() == {"people.explain", "people.administer"}
    save("people.explain")
    assert allows() == {"people.explain"}
    waiting = path(save("people.explain", "people.administer"))
    with pytest.raises(Refused, match="has the right"), house.unit(actor(house, BOB)) as unit:
        services.agree(unit, waiting.split("/")[2], lambda _module, _permission: False)
    assert allows() == {"people.explain"}


def test_whoever_agrees_reads_what_a_composed_role_allows(house: TestPortal) -> None:
    ada, bob = house.employee(ADA, ADMINISTRATOR), house.employee(BOB, ADMINISTRATOR)
    own = ["people.administer", "people.explain"]
    house.run(lambda unit: roles.compose(unit, "helper", "Helper", ["people.administer"], own=own))
    house.employee(EVE)
    url = path(tick(ada, house, EVE, "custom.helper"))
    assert "Helper (custom.helper: people.administer)" in bob.get(url)


def test_agreeing_asks_who_one_is(house: TestPortal) -> None:
    ada, bob = house.employee(ADA, ADMINISTRATOR), house.employee(BOB, ADMINISTRATOR)
    house.employee(EVE)
    url = path(tick(ada, house, EVE, "ops.auditor"))
    house.clock.advance(minutes=20)
    answer = agree_to(bob, url)
    assert "/verify" in answer.location
    assert held(house, EVE) == set()


def test_what_the_ini_demands_of_administering_people_holds_here(portals: PortalFactory) -> None:
    house = portals(people__four_eyes__grant="true", people__require_mfa="true")
    house.employee(ADA, ADMINISTRATOR)
    bob = house.employee(BOB, ADMINISTRATOR)
    house.employee(EVE)
    with pytest.raises(NeedsSecond) as caught, house.unit(actor(house, ADA)) as unit:
        people.grant(unit, user(unit, EVE), "ops.auditor")
    made = house.run(lambda unit: services.propose(unit, caught.value).public_id, actor(house, ADA))
    bob.get(f"/proposals/{made}/", status=404)
    app = house.enrol_totp(BOB)
    browser = house.browser()
    browser.sign_in(BOB)
    browser.show_code(app.code())
    agree_to(browser, f"/proposals/{made}/")
    assert held(house, EVE) == {"ops.auditor"}


def test_groups_of_a_directory_give_roles_by_the_ini_alone(house: TestPortal) -> None:
    house.employee(ADA, ADMINISTRATOR)
    house.employee(EVE)
    house.run(lambda unit: people.grant(unit, user(unit, EVE), "ops.auditor", source=Method.SSO.value))
    assert held(house, EVE) == {"ops.auditor"}


def test_the_verbs_themselves_ask(house: TestPortal) -> None:
    house.employee(ADA, ADMINISTRATOR)
    house.employee(EVE, "ops.auditor")
    ada = actor(house, ADA)
    acts: list[Any] = [
        lambda unit: people.grant(unit, user(unit, EVE), "ops.administrator"),
        lambda unit: people.set_roles(unit, user(unit, EVE), ["ops.administrator"], shown=()),
    ]
    for act in acts:
        for who in (ada, SYSTEM):
            with pytest.raises(NeedsSecond), house.unit(who) as unit:
                act(unit)
    with pytest.raises(Refused, match="No module"), house.unit(ada) as unit:
        people.grant(unit, user(unit, EVE), "ops.emperor")
    assert held(house, EVE) == {"ops.auditor"}
    # what somebody has already asks nobody
    house.run(lambda unit: people.grant(unit, user(unit, EVE), "ops.auditor"), ada)


def test_the_first_administrator_comes_from_the_command_line_alone(house: TestPortal) -> None:
    house.employee(EVE)
    house.run(lambda unit: people.grant(unit, user(unit, EVE), ADMINISTRATOR), SYSTEM)
    assert held(house, EVE) == {ADMINISTRATOR}
    with pytest.raises(NeedsSecond), house.unit(SYSTEM) as unit:
        people.grant(unit, user(unit, EVE), "ops.auditor")


def test_without_the_setting_one_person_grants(portals: PortalFactory) -> None:
    house = portals()
    ada = house.employee(ADA, ADMINISTRATOR)
    house.employee(EVE)
    tick(ada, house, EVE, "ops.auditor")
    assert held(house, EVE) == {"ops.auditor"}
    assert proposals(house) == []
