"""Looking at the portal as somebody else: what is seen, that nothing is done, and that it is known and ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.people import services
from portal.people.events import ViewingBegan, ViewingEnded
from portal.people.models import User
from portal.people.viewing import Viewing
from portal.testing import Browser, TestPortal

ADA, BOB, EVE = "ada@company.example", "bob@company.example", "eve@acme.example"
SUPPORTER, ADMINISTRATOR = "people.supporter", "people.administrator"
ACCOUNT = "a" * 26

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def heard(house: TestPortal) -> list[object]:
    events: list[object] = []

    def hear(event: object, unit: object) -> None:
        events.append(event)

    house.house.subscribers.update({ViewingBegan: [hear], ViewingEnded: [hear]})
    return events


def user(house: TestPortal, email: str, realm: Realm = Realm.EMPLOYEES) -> User:
    with house.reading() as unit:
        found = services.find_user(unit, realm, email)
        assert found is not None
        return found


def look(house: TestPortal, browser: Browser, email: str, realm: Realm = Realm.EMPLOYEES) -> object:
    """Search the person and begin to look as them; returns the answer."""
    page = browser.get("/admin/view-as/")
    form = page.forms["search"]
    form["q"] = email
    form = form.submit().click(href=user(house, email, realm).public_id).forms["view-as"]
    form["reason"] = "ticket 4711"
    return form.submit(expect_errors=True)


def views(house: TestPortal) -> int:
    with house.reading() as unit:
        return len(unit.db.scalars(select(Viewing.session_id)).all())


def test_a_supporter_sees_what_a_customer_sees_and_ends_it(house: TestPortal, heard: list[object]) -> None:
    ada = house.employee(ADA, SUPPORTER)
    house.customer(EVE, 7, ACCOUNT, "Acme")
    look(house, ada, EVE, Realm.CUSTOMERS)
    page = ada.get(f"/my/{ACCOUNT}/")
    assert "ada sees the portal as eve (eve@acme.example)" in page
    assert ada.get("/admin/view-as/", expect_errors=True).status_int == 404
    assert "ada sees the portal as eve" in ada.get("/nowhere", expect_errors=True)
    ada.get(f"/my/{ACCOUNT}/").forms["end-view"].submit()
    assert ada.get("/admin/view-as/").status_int == 200
    assert "sees the portal as" not in ada.get("/admin/view-as/")
    viewer, seen = user(house, ADA).id, user(house, EVE, Realm.CUSTOMERS).id
    began = heard[0]
    assert isinstance(began, ViewingBegan)
    assert (began.viewer_id, began.user_id, began.reason) == (viewer, seen, "ticket 4711")
    assert heard[1:] == [ViewingEnded(viewer, seen)]


@SQLITE
def test_nothing_is_done_and_no_secret_is_seen(house: TestPortal) -> None:
    ada = house.employee(ADA, SUPPORTER, ADMINISTRATOR)
    house.employee(BOB, ADMINISTRATOR)
    look(house, ada, BOB)
    assert ada.get("/admin/users/").status_int == 200
    for path in ("/account/", "/account/password"):
        assert ada.get(path, expect_errors=True).status_int == 403
    token = ada.get("/admin/users/").forms["end-view"]["csrf_token"].value
    fields = {"csrf_token": token, "_operation": "0123456789abcdef"}
    roles = {**fields, "roles": "ops.administrator", "shown": ADMINISTRATOR, "until": ""}
    bob = f"/admin/users/{user(house, BOB).public_id}/"
    before = contents(house)
    for path, sent in (
        (bob, roles),
        (f"{bob}disable", fields),
        (
            "/sign-in",
            {**fields, "email": BOB, "password": "correct horse battery staple", "realm": "employees"},
        ),
        ("/verify", {**fields, "password": "correct horse battery staple"}),
        ("/forgotten", {**fields, "email": BOB, "realm": "employees"}),
    ):
        answer = ada.post(path, sent, expect_errors=True)
        assert answer.status_int == 403, path
        assert "can change nothing" in answer, path
    assert contents(house) == before


def contents(house: TestPortal) -> list[object]:
    tables = (
        "people_user",
        "people_grant",
        "people_attempt",
        "people_token",
        "people_session",
        "people_viewing",
    )
    with house.reading() as unit:
        return [tuple(row) for name in tables for row in unit.db.execute(text(f"SELECT * FROM {name}"))]


@SQLITE
def test_it_ends_by_itself_after_half_an_hour(house: TestPortal, heard: list[object]) -> None:
    ada = house.employee(ADA, SUPPORTER)
    house.employee(BOB)
    look(house, ada, BOB)
    house.clock.advance(minutes=29)
    assert ada.get("/admin/view-as/", expect_errors=True).status_int == 403
    house.clock.advance(minutes=1)
    assert ada.get("/admin/view-as/").status_int == 200
    assert heard[1:] == [ViewingEnded(user(house, ADA).id, user(house, BOB).id)]
    assert views(house) == 0


@SQLITE
def test_the_person_is_not_noted_as_having_been_there(house: TestPortal) -> None:
    ada = house.employee(ADA, SUPPORTER)
    with house.unit() as unit:
        eve = services.add_user(unit, Realm.CUSTOMERS, EVE, "Eve", password="correct horse battery staple")
        services.add_membership(unit, eve, 7, ACCOUNT, "Acme", ("view",))
        unit.db.execute(text("UPDATE people_membership SET accepted_at = NULL"))
    look(house, ada, EVE, Realm.CUSTOMERS)
    house.clock.advance(minutes=2)
    assert ada.get(f"/my/{ACCOUNT}/").status_int == 200
    with house.reading() as unit:
        assert unit.db.execute(text("SELECT accepted_at FROM people_membership")).scalars().all() == [None]
        assert services.last_seen(unit, eve) is None


@SQLITE
@pytest.mark.parametrize("role", [ADMINISTRATOR, "ops.administrator"])
def test_nobody_looks_as_somebody_of_more_power(house: TestPortal, role: str) -> None:
    ada = house.employee(ADA, SUPPORTER)
    house.employee(BOB, role)
    answer = look(house, ada, BOB)
    assert "rights over people or the portal that you lack" in str(answer)
    assert views(house) == 0
    assert ada.get("/admin/view-as/").status_int == 200


@SQLITE
def test_only_the_role_looks_and_only_with_a_reason(house: TestPortal) -> None:
    house.employee(BOB)
    bob = f"/admin/view-as/{user(house, BOB).public_id}/"
    administrator = house.employee("carl@company.example", ADMINISTRATOR)
    token = administrator.get("/account/").forms["profile"]["csrf_token"].value
    fields = {"csrf_token": token, "_operation": "0123456789abcdef"}
    assert administrator.post(f"{bob}disable", fields, expect_errors=True).status_int == 404
    assert administrator.get(bob, expect_errors=True).status_int == 403
    ada = house.employee(ADA, SUPPORTER)
    form = ada.get(bob).forms["view-as"]
    assert form.submit(expect_errors=True).status_int == 422
    assert views(house) == 0
    own = ada.get(f"/admin/view-as/{user(house, ADA).public_id}/").forms["view-as"]
    own["reason"] = "me"
    assert own.submit(expect_errors=True).status_int == 422
    assert views(house) == 0


ENDINGS: list[Callable[[TestPortal, Browser], object]] = [
    lambda house, ada: ada.post(
        "/sign-out", {"csrf_token": ada.get("/").forms["end-view"]["csrf_token"].value}
    ),
    lambda house, ada: house.run(lambda unit: services.disable(unit, unit.db.merge(user(house, BOB)))),
    lambda house, ada: house.run(lambda unit: services.disable(unit, unit.db.merge(user(house, ADA)))),
    lambda house, ada: house.run(lambda unit: services.end_sessions(unit, user(house, ADA).id)),
    lambda house, ada: house.run(lambda unit: end_the_only(unit, user(house, ADA))),
]


def end_the_only(unit: Unit, person: User) -> None:
    """As an administrator does it on the person's page."""
    (session,) = services.live_sessions(unit, person)
    services.end_session_of(unit, person, session.public_id)


@SQLITE
@pytest.mark.parametrize("number", range(len(ENDINGS)))
def test_whatever_ends_the_session_or_the_person_ends_it(
    house: TestPortal, heard: list[object], number: int
) -> None:
    ada = house.employee(ADA, SUPPORTER)
    house.employee(BOB)
    look(house, ada, BOB)
    ENDINGS[number](house, ada)
    assert views(house) == 0
    assert len(heard) == 2


@SQLITE
def test_a_right_taken_from_the_person_counts_at_once(house: TestPortal) -> None:
    ada = house.employee(ADA, SUPPORTER, "ops.administrator")
    house.employee(BOB, "ops.administrator")
    look(house, ada, BOB)
    assert ada.get("/admin/jobs").status_int == 200
    assert ada.statements("/admin/settings/") == 1
    with house.unit() as unit:
        services.revoke(unit, user(house, BOB), "ops.administrator")
    assert ada.get("/admin/jobs", expect_errors=True).status_int == 403
