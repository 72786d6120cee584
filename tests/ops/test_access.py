"""/admin/access: what it says of a decision is what decides; and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.kernel.people import Realm
from portal.people import roles, services
from portal.people.models import User
from portal.testing import Browser, TestPortal

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

BOB, EVE = "bob@company.example", "eve@acme.example"
ACCOUNT = "a" * 26


@pytest.fixture
def portal(portals: Callable[..., TestPortal]) -> TestPortal:
    return portals("taxes", "customers", customers__max_age="30", customers__networks="10.0.0.0/8")


@pytest.fixture
def admin(portal: TestPortal) -> Browser:
    return portal.employee("admin@company.example", "people.administrator")


def user(portal: TestPortal, email: str, realm: Realm = Realm.EMPLOYEES) -> User:
    with portal.reading() as unit:
        found = services.find_user(unit, realm, email)
        assert found is not None
        return found


def explained(browser: Browser, **asked: str) -> str:
    """What the page says of one question, in one line."""
    params = {name.rstrip("_"): value for name, value in asked.items()}
    page = browser.get("/admin/access/", params)
    found = page.html.select("[data-explanation]")
    return " | ".join(" ".join(one.get_text(" ").split()) for one in found)


def test_only_the_right_opens_it_and_no_more_is_needed(portal: TestPortal, admin: Browser) -> None:
    paths = ["/admin/access/", *(f"/admin/access/{tab}" for tab in ("matrix", "who", "what"))]
    for path in paths:
        assert portal.browser().get(path).status_int == 303
        assert (
            portal.employee("x" + path.strip("/").replace("/", "") + "@company.example", "ops.administrator")
            .get(path, expect_errors=True)
            .status_int
            == 403
        )
        assert admin.get(path).status_int == 200
    assert "/admin/access/" in admin.get("/admin/")


def test_a_role_allows_and_a_missing_one_denies(portal: TestPortal, admin: Browser) -> None:
    bob = portal.employee(BOB)
    said = explained(admin, person=BOB, address="/customers/", from_="10.1.1.1", method="password")
    assert said.startswith("Denied")
    assert "You do not have the right to do this." in said
    assert "customers.view" in said
    assert "the list of rights" in said
    with portal.unit() as unit:
        services.grant(unit, user(portal, BOB), "customers.manager")
    said = explained(admin, person=BOB, address="/customers/", from_="10.1.1.1", method="password")
    assert said.startswith("Allowed")
    assert "role:customers.manager" in said
    assert "/customers/ (portal.modules.customers.resources." in said
    # what it says is what happens
    assert bob.get("/customers/", extra_environ={"REMOTE_ADDR": "10.1.1.1"}).status_int == 200


def test_a_setting_is_named_with_file_line_and_value(
    portal: TestPortal, admin: Browser, tmp_path: Path
) -> None:
    ini = tmp_path / "site.ini"
    ini.write_text("[app:main]\nportal.customers.networks = 10.0.0.0/8\n\nportal.customers.max_age = 30\n")
    portal.house.source = ini
    portal.employee(BOB, "customers.manager")
    said = explained(admin, person=BOB, address="/customers/", from_="192.0.2.1", method="password")
    assert said.startswith("Denied")
    assert "portal.customers.networks = 10.0.0.0/8 (site.ini:2)" in said
    said = explained(admin, person=BOB, address="/customers/", from_="10.1.1.1", method="password", age="31")
    assert "portal.customers.max_age = 30 (site.ini:4)" in said
    assert explained(
        admin, person=BOB, address="/customers/", from_="10.1.1.1", method="password", age="29"
    ).startswith("Allowed")


def test_the_latest_session_counts_unless_another_is_chosen(portal: TestPortal, admin: Browser) -> None:
    bob = portal.employee(BOB, "customers.manager")
    bob.get("/", extra_environ={"REMOTE_ADDR": "10.1.1.1"})
    with portal.unit() as unit:
        unit.db.execute(text("UPDATE people_session SET address = '10.1.1.1'"))
    assert explained(admin, person=BOB, address="/customers/").startswith("Allowed")
    portal.clock.advance(minutes=31)
    admin = portal.browser()
    admin.sign_in("admin@company.example")
    said = explained(admin, person=BOB, address="/customers/")
    assert "portal.customers.max_age = 30 (ini)" in said


def test_acts_permissions_and_customers(portal: TestPortal, admin: Browser) -> None:
    portal.employee(BOB, "people.supporter")
    portal.customer(EVE, 7, ACCOUNT, "Acme", "view")
    said = explained(
        admin, person=BOB, address=f"/admin/users/{user(portal, BOB).public_id}/disable", act="POST"
    )
    assert said.startswith("Denied")
    assert "people.administer" in said
    assert explained(admin, person=BOB, permission="people.view_as").startswith("Allowed")
    assert explained(admin, person=BOB, permission="people.administer").startswith("Denied")
    own = explained(admin, person=EVE, address=f"/my/{ACCOUNT}/")
    assert own.startswith("Allowed")
    assert "scope:7:view" in own
    assert "nothing at this address" in explained(admin, person=EVE, address=f"/my/{'b' * 26}/")
    # as they would see it: to customers the employees' side does not exist
    assert "nothing at this address" in explained(admin, person=EVE, address="/admin/users/")
    assert "for other people" in explained(admin, person=BOB, address=f"/my/{ACCOUNT}/")
    assert "nothing at this address" in explained(admin, person=BOB, address="/nowhere/at/all")
    with portal.unit() as unit:
        bob = services.find_user(unit, Realm.EMPLOYEES, BOB)
        assert bob is not None
        services.disable(unit, bob)
    assert "disabled" in explained(admin, person=BOB, permission="people.view_as")


@pytest.mark.parametrize(
    "asked",
    [
        {"address": "no path"},
        {"address": "/", "act": "DELETE"},
        {"address": "/", "method": "magic"},
        {"address": "/", "method": "password", "age": "-1"},
        {"address": "/", "method": "password", "factor": "spell"},
        {"permission": "customers.conquer"},
    ],
)
def test_a_question_that_means_nothing(portal: TestPortal, admin: Browser, asked: dict[str, str]) -> None:
    portal.employee(BOB)
    assert admin.get("/admin/access/", {"person": BOB, **asked}, expect_errors=True).status_int == 422


def test_several_people_of_one_name_are_offered(portal: TestPortal, admin: Browser) -> None:
    for number in range(30):
        with portal.unit() as unit:
            services.invite(unit, Realm.EMPLOYEES, f"smith{number}@company.example", f"Smith {number}")
    page = admin.get("/admin/access/", {"person": "smith"})
    assert len([link for link in page.html.select("main li a") if "person=" in link["href"]]) == 20
    assert admin.statements("/admin/access/?person=smith") <= 3


def test_the_matrix_has_every_role_composed_ones_too(portal: TestPortal, admin: Browser) -> None:
    with portal.unit() as unit:
        roles.compose(unit, "desk", "Front desk", ["customers.view"], own=())
    page = admin.get("/admin/access/matrix")
    for card in portal.house.cards:
        for role in card.roles:
            assert role.name in page
    table = next(one for one in page.html.select("table") if "customers.view" in one.get_text())
    heads = [head.get_text(" ") for head in table.select("thead th")][1:]
    place = next(index for index, head in enumerate(heads) if "custom.desk" in head)
    held = {
        row.select_one(".hint").get_text(): bool(row.select("td")[place].select("svg"))
        for row in table.select("tbody tr")
    }
    assert [name for name, has in held.items() if has] == ["customers.view"]


def test_who_may_do_it_and_until_when(portal: TestPortal, admin: Browser) -> None:
    portal.employee(BOB)
    portal.customer(EVE, 7, ACCOUNT, "Acme", "view")
    with portal.unit() as unit:
        roles.compose(unit, "desk", "Front desk", ["customers.view"], own=())
        services.grant(unit, user(portal, BOB), "custom.desk", date(2026, 12, 24))
    page = admin.get("/admin/access/who?permission=customers.view")
    assert BOB in page
    assert "custom.desk" in page
    assert "Dec 24, 2026" in page
    assert EVE not in page
    assert EVE in admin.get("/admin/access/who?permission=my.view")
    portal.clock.advance(days=60)
    again = portal.browser()
    again.sign_in("admin@company.example")
    assert BOB not in again.get("/admin/access/who?permission=customers.view")
    assert again.get("/admin/access/who?permission=x", expect_errors=True).status_int == 422


def test_what_somebody_may_do(portal: TestPortal, admin: Browser) -> None:
    portal.employee(BOB, "people.supporter")
    portal.customer(EVE, 7, ACCOUNT, "Acme", "view")
    page = admin.get(f"/admin/access/what?person={BOB}")
    assert "people.view_as" in page
    assert "people.administer" not in page.html.select_one("main").get_text()
    assert "Acme" in admin.get(f"/admin/access/what?person={EVE}")
    assert "my.view" in admin.get(f"/admin/access/what?person={EVE}")


def test_nothing_is_written_and_nobody_was_there(portal: TestPortal, admin: Browser) -> None:
    portal.employee(BOB, "customers.manager")
    with portal.reading() as unit:
        before = unit.db.execute(text("SELECT count(*), max(seen_at) FROM people_session")).one()
    explained(admin, person=BOB, address="/customers/", act="POST")
    with portal.reading() as unit:
        assert unit.db.execute(text("SELECT count(*), max(seen_at) FROM people_session")).one() == before
