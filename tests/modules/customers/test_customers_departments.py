"""Departments of accounts as employees keep them: named once, archived only when nothing hangs on them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from modules.customers.conftest import Account
from modules.pages import form_to, form_with
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.people import Actor, Realm, Scope
from portal.kernel.unit import Unit
from portal.modules.customers import services
from portal.modules.customers.interfaces import CustomerFacts, Department, ICustomers, IMyAddresses
from portal.modules.customers.services import AddressData, DepartmentData
from portal.modules.customers.services.checks import check_customers
from portal.people import services as people
from portal.people.interfaces import IAccountTerms
from portal.testing import TestPortal

CLERK = Actor("employee", "Clara Clerk")


@pytest.fixture
def made(account: Account) -> CustomerFacts:
    return account()


def add(portal: TestPortal, made: CustomerFacts, name: str, number: str = "") -> Department:
    """A department of the account."""
    data = DepartmentData(name, number)
    public_id = portal.run(lambda unit: services.add_department(unit, made.id, data), CLERK)
    return next(one for one in facts(portal, made).departments if one.public_id == public_id)


def facts(portal: TestPortal, made: CustomerFacts) -> CustomerFacts:
    with portal.reading() as unit:
        return unit.ask(ICustomers).get(made.id)


def limit_to(portal: TestPortal, made: CustomerFacts, *departments: Department) -> None:
    """Let somebody in who is limited to departments."""

    def act(unit: Unit) -> None:
        user = people.add_user(unit, Realm.CUSTOMERS, "nora@customer.example", "Nora")
        ids = [one.id for one in departments]
        people.add_membership(
            unit, user, made.id, made.public_id, made.name, ["order", "statements"], departments=ids
        )

    portal.run(act)


def test_employees_keep_departments_on_the_page_of_the_account(
    portal: TestPortal, made: CustomerFacts
) -> None:
    clerk = portal.employee("clerk@company.example", "customers.clerk")
    reader = portal.employee("reader@company.example", "customers.reader")
    here = f"/customers/{made.public_id}/"
    assert "Departments" not in reader.get(here).text
    form = form_with(clerk.get(f"{here}departments/new"), "number")
    form["name"], form["number"] = "  North   Site ", "300"
    assert form.submit().follow().request.path == here
    (north,) = facts(portal, made).departments
    assert (north.name, north.number, north.active) == ("North Site", "300", True)
    page = f"{here}departments/{north.public_id}/"
    assert "North Site" in reader.get(here).text
    assert page not in reader.get(here).text
    for path in (page, f"{here}departments/new"):
        reader.get(path, status=403)
    form = form_with(clerk.get(page), "number")
    form["name"] = "Far North"
    assert form.submit().follow().text.count("Far North") >= 1
    assert form_to(clerk.get(page), "archive").submit().status_int == 303
    assert not facts(portal, made).departments[0].active
    assert form_to(clerk.get(page), "unarchive").submit().status_int == 303
    assert facts(portal, made).departments[0].active
    assert clerk.get(f"{here}departments/{'x' * 26}/", expect_errors=True).status_int == 404
    with portal.reading() as unit:
        said = [str(entry.text) for entry in services.timeline(unit, made.id)]
        audited = unit.db.scalars(
            text("SELECT action FROM kernel_audit WHERE subject = 'customers_department' ORDER BY id")
        ).all()
    assert said[:4] == [
        "Department taken into use again: ${name}",
        "Department archived: ${name}",
        "Department changed: ${name}",
        "Department added: ${name}",
    ]
    assert audited == ["created", "changed", "changed", "changed"]


def test_a_name_stands_once_among_those_in_use(portal: TestPortal, made: CustomerFacts) -> None:
    north, south = add(portal, made, "North"), add(portal, made, "South")
    acts: tuple[Callable[[Unit], object], ...] = (
        lambda unit: services.add_department(unit, made.id, DepartmentData("NORTH ")),
        lambda unit: services.add_department(unit, made.id, DepartmentData("  ")),
        lambda unit: services.change_department(
            unit, made.id, south.public_id, {"name": "north", "number": ""}, {}
        ),
    )
    for act in acts:
        with pytest.raises(Invalid) as raised:
            portal.run(act, CLERK)
        assert list(raised.value.errors) == ["name"]
    portal.run(lambda unit: services.archive_department(unit, made.id, north.public_id), CLERK)
    again = add(portal, made, "North")
    with pytest.raises(Invalid):
        portal.run(lambda unit: services.unarchive_department(unit, made.id, north.public_id), CLERK)
    names = [(one.id, one.name, one.active) for one in facts(portal, made).departments]
    assert names == [(north.id, "North", False), (again.id, "North", True), (south.id, "South", True)]
    twice = text("UPDATE customers_department SET archived_at = NULL WHERE id = :id")
    with pytest.raises(IntegrityError), portal.unit() as unit:
        unit.db.execute(twice, {"id": north.id})


def test_archiving_is_refused_while_people_are_limited_to_it(portal: TestPortal, made: CustomerFacts) -> None:
    north, south = add(portal, made, "North"), add(portal, made, "South")
    limit_to(portal, made, north)
    with pytest.raises(Refused) as raised:
        portal.run(lambda unit: services.archive_department(unit, made.id, north.public_id), CLERK)
    assert raised.value.reason.mapping == {"names": "Nora"}  # type: ignore[union-attr]
    portal.run(lambda unit: services.archive_department(unit, made.id, south.public_id), CLERK)
    assert [one.active for one in facts(portal, made).departments] == [True, False]
    for act in (services.archive_department, services.change_department):
        more = ({"name": "X", "number": ""}, {}) if act is services.change_department else ()
        with pytest.raises(Conflict):
            portal.run(lambda unit, act=act, more=more: act(unit, made.id, "x" * 26, *more), CLERK)


def test_a_department_of_another_account_is_none(
    portal: TestPortal, made: CustomerFacts, account: Account
) -> None:
    other = account("Another Company")
    north = add(portal, made, "North")
    data = AddressData("Ramp", "DE", city="Kiel", department=north.public_id)
    with pytest.raises(Invalid) as raised:
        portal.run(lambda unit: services.add_address(unit, other.id, data), CLERK)
    assert list(raised.value.errors) == ["department"]
    with portal.reading() as unit:
        row = services.find_customer(unit, other.public_id)
        assert row is not None
        assert services.find_department(unit, other.id, north.public_id) is None
    with pytest.raises(Invalid) as raised:
        portal.run(
            lambda unit: services.invite(unit, row, "x@customer.example", "X", ["order"], [north.id]), CLERK
        )
    assert list(raised.value.errors) == ["departments"]
    assert len(facts(portal, other).addresses) == 1
    with portal.reading() as unit:
        assert people.members_of(unit, other.id) == []


def test_employees_invite_into_departments(portal: TestPortal, made: CustomerFacts) -> None:
    clerk = portal.employee("clerk@company.example", "customers.clerk")
    here = f"/customers/{made.public_id}/"
    assert "departments" not in form_with(clerk.get(f"{here}invite"), "email").fields
    north = add(portal, made, "North")
    form = form_with(clerk.get(f"{here}invite"), "email")
    assert [box.checked for box in form.fields["departments"]] == [True, False]
    form["email"], form["name"] = "nora@customer.example", "Nora"
    form.set("departments", False, index=0)
    assert form.submit(expect_errors=True).status_int == 422
    form.set("departments", True, index=1)
    assert form.submit().status_int == 303
    with portal.reading() as unit:
        (member,) = people.members_of(unit, made.id)
    assert member.departments == {north.id}
    # the statement is of the whole account, whoever ticked it
    assert member.scopes == {"view", "order", "pay"}
    assert "North" in clerk.get(here).text


def test_the_account_costs_two_statements_with_all_that_it_has(
    portal: TestPortal, made: CustomerFacts
) -> None:
    for name in ("North", "South"):
        add(portal, made, name)
    assert len(portal.count(lambda unit: unit.ask(ICustomers).get(made.id))) == 2
    assert len(portal.count(lambda unit: unit.ask(IAccountTerms).terms(Scope.whole(made.id)))) == 1


def test_a_scope_of_departments_holds_what_is_of_them(portal: TestPortal, made: CustomerFacts) -> None:
    north, south = add(portal, made, "North"), add(portal, made, "South")
    for one, city in ((north, "Kiel"), (south, "Ulm")):
        data = AddressData(one.name, "DE", city=city, billing=False, department=one.public_id)
        portal.run(lambda unit, data=data: services.add_address(unit, made.id, data), CLERK)
    portal.run(
        lambda unit: services.add_contact(unit, made.id, services.ContactData("Somebody")),
        CLERK,
    )
    with portal.reading() as unit:
        scope = Scope(made.id, frozenset({north.id}))
        mine, whole = unit.ask(IMyAddresses).get(scope), unit.ask(IMyAddresses).get(Scope.whole(made.id))
        terms = unit.ask(IAccountTerms).terms(scope)
    assert [one.name for one in terms.departments] == ["North"]
    assert [one.name for one in mine.departments] == ["North"]
    assert (mine.contacts, len(whole.contacts)) == ((), 1)
    assert [one.city for one in mine.addresses] == ["Berlin", "Kiel"]
    assert [one.city for one in whole.addresses] == ["Berlin", "Kiel", "Ulm"]
    for account, department, role, city in (
        (whole, None, "delivery", "Berlin"),
        (whole, north.id, "delivery", "Kiel"),
        (whole, south.id, "delivery", "Ulm"),
        (whole, south.id, "billing", "Berlin"),
    ):
        found = account.address(role, department)
        assert found is not None
        assert found.city == city


def test_verify_names_people_limited_to_what_is_not_there(portal: TestPortal, made: CustomerFacts) -> None:
    north = add(portal, made, "North")
    limit_to(portal, made, north)
    with portal.reading() as unit:
        assert list(check_customers(unit.db)) == []
    trigger = "customers_member_update"
    with portal.unit() as unit:
        if portal.backend == "sqlite":
            unit.db.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            unit.db.execute(text(f"DROP TRIGGER {trigger} ON people_membership"))
        unit.db.execute(text(f"UPDATE people_membership SET departments = '{north.id} 999'"))
    with portal.reading() as unit:
        (finding,) = check_customers(unit.db)
    assert finding.subject == made.number
    assert "limited to departments" in finding.explanation
