"""Roles that administrators compose, and grants that end on a date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from threading import Barrier, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, text

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.people import Realm
from portal.kernel.tree import Root
from portal.kernel.unit import Unit
from portal.people import access, roles, services
from portal.people.models import User
from portal.people.roles import Role
from portal.testing import Browser, TestPortal

ADA, BOB, CARL = "ada@company.example", "bob@company.example", "carl@company.example"
ADMINISTRATOR = "people.administrator"
SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def trade(portals: Callable[..., TestPortal]) -> TestPortal:
    """A portal with two modules to compose from."""
    return portals("taxes", "catalog", "customers")


def user(unit: Unit, email: str) -> User:
    found = services.find_user(unit, Realm.EMPLOYEES, email)
    assert found is not None
    return found


def page_of(house: TestPortal, email: str) -> str:
    with house.reading() as unit:
        return f"/admin/users/{user(unit, email).public_id}/"


def composed(house: TestPortal) -> list[tuple[str, str, str, bool]]:
    with house.reading() as unit:
        return [
            (role.name, role.title, role.permissions, role.archived_at is None)
            for role in unit.db.scalars(select(Role).order_by(Role.id))
        ]


def make(house: TestPortal, slug: str, *permissions: str) -> Role:
    with house.unit() as unit:
        return roles.compose(unit, slug, slug.title(), permissions, own=permissions)


def tick(browser: Browser, page: str, form: str, **ticked: bool) -> object:
    """Tick and untick permissions of a form ("catalog__view" for catalog.view) and send it."""
    sent = browser.get(page).forms[form]
    boxes = {box._value: place for place, box in enumerate(sent.fields["permissions"])}
    for name, on in ticked.items():
        sent.set("permissions", on, index=boxes[name.replace("__", ".")])
    return sent.submit(expect_errors=True)


@SQLITE
def test_a_role_is_composed_granted_edited_and_archived(trade: TestPortal) -> None:
    ada = trade.employee(ADA, ADMINISTRATOR)
    bob = trade.employee(BOB)
    form = ada.get("/admin/roles/new").forms["role"]
    form["slug"], form["title"] = "front_desk", "Front desk"
    boxes = {box._value: place for place, box in enumerate(form.fields["permissions"])}
    for name in ("catalog.view", "customers.view"):
        form.set("permissions", True, index=boxes[name])
    form.submit().follow()
    assert composed(trade) == [("custom.front_desk", "Front desk", "catalog.view customers.view", True)]
    for path in ("/catalog/", "/customers/", "/taxes/"):
        assert bob.get(path, expect_errors=True).status_int == 403
    with trade.unit() as unit:
        services.grant(unit, user(unit, BOB), "custom.front_desk")
    assert bob.get("/catalog/").status_int == 200
    assert bob.get("/customers/").status_int == 200
    assert "/catalog/" in bob.get("/")
    for path in ("/taxes/", "/catalog/new", "/admin/"):
        assert bob.get(path, expect_errors=True).status_int == 403
    page = ada.get("/admin/roles/").click("Front desk")
    assert BOB in page
    tick(ada, page.request.path, "role", customers__view=False)
    assert bob.get("/catalog/").status_int == 200
    assert bob.get("/customers/", expect_errors=True).status_int == 403
    ada.post(page.request.path + "archive", hidden(ada, page.request.path))
    assert composed(trade)[0][3] is False
    assert bob.get("/catalog/", expect_errors=True).status_int == 403
    with trade.unit() as unit, pytest.raises(Refused, match="No module"):
        services.grant(unit, user(unit, ADA), "custom.front_desk")


def hidden(browser: Browser, page: str) -> dict[str, str]:
    form = next(iter(browser.get(page).forms.values()))
    return {"csrf_token": form["csrf_token"].value, "_operation": form["_operation"].value}


@SQLITE
def test_a_role_composed_of_pages_of_administration_enters_there(trade: TestPortal) -> None:
    make(trade, "watch", "people.explain")
    bob = trade.employee(BOB, "custom.watch")
    assert bob.get("/admin/").status_int == 200
    assert bob.get("/admin/access/").status_int == 200
    assert bob.get("/admin/users/", expect_errors=True).status_int == 403


@SQLITE
def test_a_role_gives_a_module_only_its_own_permissions(trade: TestPortal) -> None:
    """The same word in two modules' lists would else cross a module's border."""
    make(trade, "mixed", "catalog.edit", "customers.view")
    bob = trade.employee(BOB, "custom.mixed")
    assert bob.get("/customers/").status_int == 200
    assert bob.get("/customers/new", expect_errors=True).status_int == 403
    with trade.reading() as unit:
        assert services.rights_of(unit, user(unit, BOB)) == {"catalog.edit", "customers.view"}
    with trade.reading() as unit:
        how = access.usual(unit, user(unit, BOB))
        request: Any = SimpleNamespace(identified=access.identity_of(unit, user(unit, BOB), how))
        for module, own in (
            ("catalog", ("catalog.edit",)),
            ("customers", ("customers.view",)),
            ("taxes", None),
        ):
            entries = trade.house.roots[module](request, module, Root(request)).__acl__()
            given = [entry[2] for entry in entries if entry[1] == "role:custom.mixed"]
            assert given == ([] if own is None else [own])


@SQLITE
def test_administrators_have_no_right_of_the_business(trade: TestPortal) -> None:
    ada = trade.employee(ADA, ADMINISTRATOR, "ops.administrator", "people.supporter")
    for path in ("/catalog/", "/customers/", "/taxes/", "/customers/csv", "/catalog/csv"):
        assert ada.get(path, expect_errors=True).status_int == 403
    with trade.reading() as unit:
        rights = services.rights_of(unit, user(unit, ADA))
    assert {name.split(".")[0] for name in rights} == {"people", "ops"}


@SQLITE
def test_nobody_gives_power_that_they_lack(trade: TestPortal) -> None:
    ada = trade.employee(ADA, ADMINISTRATOR)
    page = ada.get("/admin/roles/new")
    locked = page.html.select_one('input[value="ops.administer"]')
    assert locked.has_attr("disabled")
    assert not page.html.select_one('input[value="people.administer"]').has_attr("disabled")
    form = page.forms["role"]
    form["slug"], form["title"] = "root", "Root"
    fields = [*form.submit_fields(), ("permissions", "ops.administer")]
    refused = ada.post("/admin/roles/new", fields, expect_errors=True)
    assert refused.status_int == 422
    assert "that they lack: ops.administer" in refused
    assert composed(trade) == []


@pytest.mark.parametrize(
    ("slug", "title", "permissions", "field"),
    [
        ("Front", "Front", ["catalog.view"], "slug"),
        ("1st", "First", ["catalog.view"], "slug"),
        ("a__b", "First", ["catalog.view"], "slug"),
        ("x" * 41, "First", ["catalog.view"], "slug"),
        ("taken", "First", ["catalog.view"], "slug"),
        ("first", "  ", ["catalog.view"], "title"),
        ("first", "First", [], "permissions"),
        ("first", "First", ["catalog.conquer"], "permissions"),
        ("first", "First", ["people.profile"], "permissions"),
        ("first", "First", ["ops.enter"], "permissions"),
    ],
)
@SQLITE
def test_no_odd_role_is_composed(
    trade: TestPortal, slug: str, title: str, permissions: list[str], field: str
) -> None:
    make(trade, "taken", "catalog.view")
    before = composed(trade)
    with trade.unit() as unit, pytest.raises(Invalid) as refused:
        roles.compose(unit, slug, title, permissions, own=permissions)
    assert list(refused.value.errors) == [field]
    assert composed(trade) == before


@SQLITE
def test_whoever_was_slower_learns_it(trade: TestPortal) -> None:
    role = make(trade, "desk", "catalog.view")
    with trade.unit() as unit:
        again = roles.find_role(unit, role.public_id)
        assert again is not None
        roles.change(unit, again, "Desk", ["customers.view"], version=1, own=())
        with pytest.raises(Conflict):
            roles.change(unit, again, "Desk", ["catalog.edit"], version=1, own=())
    assert composed(trade) == [("custom.desk", "Desk", "customers.view", True)]


# --- until a date --------------------------------------------------------------------------------------------


@SQLITE
def test_a_grant_ends_with_the_companys_day(house: TestPortal) -> None:
    """The clock stands at 10:00 in Berlin; the day ends there an hour before it does in UTC."""
    house.employee(ADA, ADMINISTRATOR)
    bob = house.employee(BOB)
    with house.unit() as unit:
        services.grant(unit, user(unit, BOB), "ops.administrator", date(2026, 11, 2))
    assert bob.get("/admin/jobs").status_int == 200
    house.clock.advance(hours=13, minutes=59)
    bob = house.browser()
    bob.sign_in(BOB)
    assert bob.get("/admin/jobs").status_int == 200
    house.clock.advance(minutes=1)
    assert bob.get("/admin/jobs", expect_errors=True).status_int == 403
    with house.reading() as unit:
        assert services.roles_of(unit, user(unit, BOB)) == frozenset()


@SQLITE
def test_the_last_day_is_shown_and_changed_on_the_page(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    bob = house.employee(BOB)
    page = page_of(house, BOB)
    form = ada.get(page).forms["roles"]
    boxes = [box._value for box in form.fields["roles"]]
    form.set("roles", True, index=boxes.index("ops.administrator"))
    form["until"] = "2026-11-05"
    form.submit()
    assert ends(house, BOB) == {"ops.administrator": date(2026, 11, 5)}
    assert "Nov 5, 2026" in ada.get(page)
    for wrong in ("2026-11-01", "soon"):
        form = ada.get(page).forms["end"]
        form["role"], form["until"] = "ops.administrator", wrong
        refused = form.submit(expect_errors=True)
        assert refused.status_int == 422
        assert refused.forms["end"]["until"].value == wrong
        assert ends(house, BOB) == {"ops.administrator": date(2026, 11, 5)}
    form = ada.get(page).forms["end"]
    form["role"], form["until"] = "ops.administrator", ""
    form.submit()
    assert ends(house, BOB) == {"ops.administrator": None}
    assert bob.get("/admin/jobs").status_int == 200


def ends(house: TestPortal, email: str) -> dict[str, date | None]:
    with house.reading() as unit:
        return {given.role: given.ends_on for given in services.grants_of(unit, user(unit, email))}


@SQLITE
def test_what_has_ended_is_granted_anew(house: TestPortal) -> None:
    house.employee(BOB)
    with house.unit() as unit:
        services.grant(unit, user(unit, BOB), "ops.administrator", date(2026, 11, 2))
    house.clock.advance(days=3)
    with house.unit() as unit:
        assert services.roles_of(unit, user(unit, BOB)) == frozenset()
        services.grant(unit, user(unit, BOB), "ops.administrator")
        assert services.roles_of(unit, user(unit, BOB)) == {"ops.administrator"}


@SQLITE
def test_the_last_administrator_without_an_end_keeps_it(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    house.employee(BOB)
    with house.unit() as unit:
        services.grant(unit, user(unit, BOB), ADMINISTRATOR, date(2026, 12, 31))
    form = ada.get(page_of(house, ADA)).forms["end"]
    form["role"], form["until"] = ADMINISTRATOR, "2026-12-31"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "last administrator" in refused
    assert ends(house, ADA) == {ADMINISTRATOR: None}
    with house.unit() as unit:
        for act in (services.revoke, services.limit):
            rest = (ADMINISTRATOR,) if act is services.revoke else (ADMINISTRATOR, date(2026, 12, 1))
            with pytest.raises(Refused, match="last administrator"):
                act(unit, user(unit, ADA), *rest)  # type: ignore[arg-type]
        with pytest.raises(Refused, match="last administrator"):
            services.disable(unit, user(unit, ADA))
        # a composed role with the right does not keep the portal administered
    make(house, "chief", "people.administer")
    with house.unit() as unit:
        services.grant(unit, user(unit, BOB), "custom.chief")
        with pytest.raises(Refused, match="last administrator"):
            services.revoke(unit, user(unit, ADA), ADMINISTRATOR)


@pytest.mark.parametrize("act", ["revoke", "limit"])
def test_two_administrators_cannot_take_each_others_role_at_one_moment(house: TestPortal, act: str) -> None:
    house.employee(ADA, ADMINISTRATOR)
    house.employee(BOB, ADMINISTRATOR)
    barrier = Barrier(2)
    refusals: list[Refused] = []

    def take(email: str) -> None:
        def command(unit: Unit) -> None:
            if act == "revoke":
                services.revoke(unit, user(unit, email), ADMINISTRATOR)
            else:
                services.limit(unit, user(unit, email), ADMINISTRATOR, date(2026, 12, 1))

        barrier.wait()
        try:
            house.run(command)
        except Refused as refused:
            refusals.append(refused)

    threads = [Thread(target=take, args=(email,)) for email in (ADA, BOB)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refusals) == 1
    with house.reading() as unit:
        unlimited = unit.db.execute(text("SELECT count(*) FROM people_grant WHERE ends_on IS NULL")).scalar()
    assert unlimited == 1
