"""/admin/users, and the rule that somebody can always administer people."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from people.conftest import Mailbox
from sqlalchemy import text
from webtest import Form

from portal.kernel.errors import Invalid, Refused
from portal.kernel.people import Realm
from portal.people import services
from portal.people.events import PasswordChanged, RoleGranted, RoleRevoked, UserAdded, UserDisabled
from portal.people.models import User
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA, BOB = "ada@company.example", "bob@company.example"
ADMINISTRATOR = "people.administrator"


def address(house: TestPortal, email: str, realm: Realm = Realm.EMPLOYEES) -> str:
    """The page of a person."""
    with house.reading() as unit:
        return f"/admin/users/{found(services.find_user(unit, realm, email)).public_id}/"


def found(user: User | None) -> User:
    """A person that is there."""
    assert user is not None
    return user


def roles(house: TestPortal, email: str) -> frozenset[str]:
    """The roles of an employee, as stored."""
    with house.reading() as unit:
        return services.roles_of(unit, found(services.find_user(unit, Realm.EMPLOYEES, email)))


def tick(form: Form, role: str) -> None:
    """Tick the box of a role."""
    boxes = [box._value for box in form.fields["roles"]]
    form.set("roles", True, index=boxes.index(role))


def press(browser: Browser, page: str, button: str) -> object:
    """Press a button of a page that acts by itself."""
    form = next(form for form in browser.get(page).forms.values() if form.action.endswith(button))
    return form.submit(expect_errors=True)


def test_an_employee_is_invited_and_gets_roles(house: TestPortal, links: Mailbox) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    form = ada.get("/admin/users/new").forms["invite"]
    form["email"], form["name"], form["language"] = BOB, "Bob", "en"
    page = form.submit().follow()
    assert page.request.path == address(house, BOB)
    assert "Bob gets an invitation by mail." in page.text
    form = page.forms["roles"]
    tick(form, "ops.administrator")
    form.submit()
    assert roles(house, BOB) == {"ops.administrator"}
    assert len(links(BOB)) == 1


def test_roles_count_at_the_next_request(house: TestPortal) -> None:
    house.employee(ADA, ADMINISTRATOR)
    bob = house.employee(BOB)
    assert bob.get("/admin/users/", expect_errors=True).status_int == 403
    with house.unit() as unit:
        services.grant(unit, found(services.find_user(unit, Realm.EMPLOYEES, BOB)), ADMINISTRATOR)
    assert bob.get("/admin/users/").status_int == 200
    with house.unit() as unit:
        services.revoke(unit, found(services.find_user(unit, Realm.EMPLOYEES, BOB)), ADMINISTRATOR)
    refused = bob.get("/admin/users/", expect_errors=True)
    assert refused.status_int == 403
    assert "Ask ada for a role in the module People" in refused.text


PAGES = ["/admin/users/", "/admin/users/new", "/admin/users/csv"]


def test_the_pages_are_for_administrators_alone(house: TestPortal) -> None:
    house.employee(ADA, ADMINISTRATOR)
    bob = house.employee(BOB, "ops.administrator")
    customer = house.customer("eve@acme.example", 7, "a" * 26, "Acme")
    person = address(house, ADA)
    for path in [*PAGES, person]:
        assert house.browser().get(path).location.startswith("http://localhost/sign-in?next=")
        assert bob.get(path, expect_errors=True).status_int == 403
        assert customer.get(path, expect_errors=True).status_int == 404
    token = bob.get("/account/").forms["profile"]["csrf_token"].value
    for act in ("", "disable", "send-link"):
        fields = {
            "csrf_token": token,
            "_operation": f"0123456789abcdef{act}",
            "roles": "people.administrator",
        }
        assert bob.post(person + act, fields, expect_errors=True).status_int == 403
    assert roles(house, ADA) == {ADMINISTRATOR}
    assert roles(house, BOB) == {"ops.administrator"}


def test_the_way_to_the_page_is_open_to_whoever_may_use_it(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    index = ada.get("/").click("Administration")
    assert index.click("People").request.path == "/admin/users/"
    for path in ("/admin/settings/", "/admin/mail/"):
        assert ada.get(path, expect_errors=True).status_int == 403
        assert f'href="{path}"' not in index.text
    bob = house.employee(BOB)
    assert bob.get("/admin/", expect_errors=True).status_int == 403
    assert "Administration" not in bob.get("/").text


def test_two_administrators_at_one_page_do_not_undo_each_other(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    house.employee(BOB)
    form = ada.get(address(house, BOB)).forms["roles"]
    with house.unit() as unit:
        services.grant(unit, found(services.find_user(unit, Realm.EMPLOYEES, BOB)), "ops.administrator")
    tick(form, ADMINISTRATOR)
    form.submit()
    assert roles(house, BOB) == {ADMINISTRATOR, "ops.administrator"}


def test_the_last_administrator_stays(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    form = ada.get(address(house, ADA)).forms["roles"]
    for index in range(len(form.fields["roles"])):
        form.set("roles", False, index=index)
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "last administrator" in refused.text
    assert roles(house, ADA) == {ADMINISTRATOR}
    with house.unit() as unit:
        user = found(services.find_user(unit, Realm.EMPLOYEES, ADA))
        with pytest.raises(Refused, match="last administrator"):
            services.disable(unit, user)
    assert ada.get("/admin/users/").status_int == 200


def test_somebody_who_has_not_come_yet_or_is_disabled_is_no_other_administrator(house: TestPortal) -> None:
    house.employee(ADA, ADMINISTRATOR)
    house.employee("carl@company.example", ADMINISTRATOR)
    with house.unit() as unit:
        invited = services.invite(unit, Realm.EMPLOYEES, BOB, "Bob")
        services.grant(unit, invited, ADMINISTRATOR)
        services.disable(unit, found(services.find_user(unit, Realm.EMPLOYEES, "carl@company.example")))
        with pytest.raises(Refused, match="last administrator"):
            services.revoke(unit, found(services.find_user(unit, Realm.EMPLOYEES, ADA)), ADMINISTRATOR)


def test_two_administrators_cannot_remove_each_other_at_one_moment(house: TestPortal) -> None:
    house.employee(ADA, ADMINISTRATOR)
    house.employee(BOB, ADMINISTRATOR)
    barrier = Barrier(2)
    refusals: list[Refused] = []

    def remove(email: str) -> None:
        def act(unit: object) -> None:
            user = found(services.find_user(unit, Realm.EMPLOYEES, email))  # type: ignore[arg-type]
            services.disable(unit, user)  # type: ignore[arg-type]

        barrier.wait()
        try:
            house.run(act)
        except Refused as refused:
            refusals.append(refused)

    threads = [Thread(target=remove, args=(email,)) for email in (ADA, BOB)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refusals) == 1
    with house.reading() as unit:
        assert len(services.administrators(unit)) == 1


def test_disabling_and_enabling_by_the_page(house: TestPortal, links: Mailbox) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    bob = house.employee(BOB)
    page = address(house, BOB)
    press(ada, page, "send-link")
    assert len(links(BOB)) == 1
    press(ada, page, "disable")
    assert bob.get("/account/").status_int == 303
    assert house.browser().get(links(BOB)[0], expect_errors=True).status_int == 410
    assert "Disabled" in ada.get(page).text
    press(ada, page, "enable")
    house.browser().sign_in(BOB)


def test_nobody_disables_themselves(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    house.employee(BOB, ADMINISTRATOR)
    page = ada.get(address(house, ADA))
    assert not any(form.action.endswith("disable") for form in page.forms.values())
    fields = {"csrf_token": page.forms["roles"]["csrf_token"].value, "_operation": "0123456789abcdef"}
    refused = ada.post(address(house, ADA) + "disable", fields, expect_errors=True)
    assert refused.status_int == 422
    assert "cannot disable yourself" in refused.text
    assert ada.get("/account/").status_int == 200


def test_the_list_searches_filters_and_exports(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    house.customer("eve@müller.example", 7, "a" * 26, "Acme")
    with house.unit() as unit:
        services.invite(unit, Realm.EMPLOYEES, BOB, "Bob")
    assert BOB in ada.get("/admin/users/").text
    searched = ada.get("/admin/users/?q=MULLER").text
    assert "eve@müller.example" in searched
    assert BOB not in searched
    invited = ada.get("/admin/users/?state=invited&realm=employees&sort=-created").text
    assert BOB in invited
    assert "eve@müller.example" not in invited
    assert ada.statements("/admin/users/") == 2
    assert "eve@müller.example" in ada.get("/admin/users/csv?realm=customers").text
    assert ada.get("/admin/users/?realm=managers", expect_errors=True).status_int == 422


def test_a_customers_page_shows_their_accounts_and_no_roles(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    house.customer("eve@acme.example", 7, "a" * 26, "Acme Trading", "view", "order")
    page = ada.get(address(house, "eve@acme.example", Realm.CUSTOMERS))
    assert "Acme Trading" in page.text
    assert "roles" not in page.forms


# --- verbs ---------------------------------------------------------------------------------------------------


def test_an_email_is_unique_within_its_realm(house: TestPortal) -> None:
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
        services.add_user(unit, Realm.CUSTOMERS, ADA, "Ada")
        with pytest.raises(Invalid, match="there already"):
            services.add_user(unit, Realm.EMPLOYEES, "ADA@Company.example", "Ada")
        assert len(services.list_users(unit)) == 2
        assert [user.invited for user in services.list_users(unit, Realm.CUSTOMERS)] == [True]


@pytest.mark.parametrize(
    ("email", "name", "password", "field"),
    [
        ("no address", "Ada", None, "email"),
        ("a@b@c.example", "Ada", None, "email"),
        ("ﷺ" * 30 + "@x.example", "Ada", None, "email"),
        (ADA, "  ", None, "name"),
        (ADA, "x" * 201, None, "name"),
        (ADA, "Ada\0", None, "name"),
        (ADA, "Ada Lovelace", "adalovelace", "password"),
        (ADA, "Ada Lovelace", "aaaabbbbaaaa", "password"),
    ],
)
def test_nobody_is_added_with_odd_values(
    house: TestPortal, email: str, name: str, password: str | None, field: str
) -> None:
    with house.unit() as unit:
        with pytest.raises(Invalid) as refused:
            services.add_user(unit, Realm.EMPLOYEES, email, name, password=password)
        assert list(refused.value.errors) == [field]
        assert services.list_users(unit) == []


def test_only_roles_of_the_house_are_granted_and_only_to_employees(house: TestPortal) -> None:
    with house.unit() as unit:
        ada = services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada")
        eve = services.add_user(unit, Realm.CUSTOMERS, "eve@acme.example", "Eve")
        with pytest.raises(Refused, match="No module"):
            services.grant(unit, ada, "orders.emperor")
        with pytest.raises(Refused, match="Only employees"):
            services.grant(unit, eve, ADMINISTRATOR)
        services.grant(unit, ada, ADMINISTRATOR)
        services.grant(unit, ada, ADMINISTRATOR)
        assert services.roles_of(unit, ada) == {ADMINISTRATOR}
        assert unit.db.execute(text("SELECT granted_by FROM people_grant")).scalars().all() == ["system"]


def test_a_role_of_an_absent_module_is_kept_and_can_be_revoked(house: TestPortal) -> None:
    ada = house.employee(ADA, ADMINISTRATOR)
    house.employee(BOB)
    with house.unit() as unit:
        bob = found(services.find_user(unit, Realm.EMPLOYEES, BOB))
        unit.db.execute(
            text(
                "INSERT INTO people_grant (user_id, role, granted_by, granted_at)"
                " VALUES (:id, 'gone.clerk', 'x', '2026-01-01 00:00:00')"
            ),
            {"id": bob.id},
        )
    ada.get(address(house, BOB)).forms["roles"].submit()
    assert roles(house, BOB) == {"gone.clerk"}
    with house.unit() as unit:
        services.revoke(unit, found(services.find_user(unit, Realm.EMPLOYEES, BOB)), "gone.clerk")
    assert roles(house, BOB) == frozenset()


def test_others_hear_of_people(house: TestPortal) -> None:
    heard: list[object] = []

    def hear(event: object, unit: object) -> None:
        heard.append(event)

    kinds = (UserAdded, RoleGranted, RoleRevoked, PasswordChanged, UserDisabled)
    house.house.subscribers.update({kind: [hear] for kind in kinds})
    with house.unit() as unit:
        ada = services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada")
        services.grant(unit, ada, "ops.administrator")
        services.revoke(unit, ada, "ops.administrator")
        services.set_password(unit, ada, PASSWORD)
        services.disable(unit, ada)
        services.disable(unit, ada)
        number = ada.id
    assert heard == [
        UserAdded(number, Realm.EMPLOYEES, ADA, "Ada"),
        RoleGranted(number, "ops.administrator"),
        RoleRevoked(number, "ops.administrator"),
        PasswordChanged(number),
        UserDisabled(number),
    ]


def test_one_changes_ones_own_name_and_language(house: TestPortal) -> None:
    make: list[Callable[[], Browser]] = [
        lambda: house.employee(ADA),
        lambda: house.customer("eve@acme.example", 7, "a" * 26, "Acme"),
    ]
    for browser in (one() for one in make):
        form = browser.get("/account/").forms["profile"]
        form["name"], form["language"] = "Somebody Else", "de"
        page = form.submit().follow()
        assert 'lang="de"' in page.text
        assert "Somebody Else" in page.text
        assert page.html.select_one(".toast-success div").get_text(strip=True) == "Gespeichert."
        form = page.forms["profile"]
        form["name"] = " "
        assert form.submit(expect_errors=True).status_int == 422
        assert "Somebody Else" in browser.get("/account/").text


@pytest.mark.parametrize("email", ["müller@example.com", "a..b@example.com", ".a@example.com", "a[b@example.com",
                                   "a\\b@example.com", "a:b@example.com"])  # fmt: skip
def test_an_address_that_mail_cannot_be_sent_to_is_refused_politely(house: TestPortal, email: str) -> None:
    browser = house.employee("root@company.example", "people.administrator")
    form = next(form for form in browser.get("/admin/users/new").forms.values() if "email" in form.fields)
    form["email"], form["name"] = email, "Somebody"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "Enter an e-mail address" in refused
    with house.reading() as unit:
        assert len(services.list_users(unit)) == 1
        with pytest.raises(Invalid):
            services.add_user(unit, Realm.EMPLOYEES, email, "Somebody")


def test_a_domain_of_another_alphabet_is_invited(house: TestPortal) -> None:
    browser = house.employee("root@company.example", "people.administrator")
    form = next(form for form in browser.get("/admin/users/new").forms.values() if "email" in form.fields)
    form["email"], form["name"] = "a@EXÄMPLE.example", "Somebody"
    assert form.submit().status_int == 303
    assert house.work() >= 1
    with house.reading() as unit:
        assert unit.db.execute(text("SELECT state FROM ops_mail")).scalars().all() == ["sent"]
        assert services.find_user(unit, Realm.EMPLOYEES, "a@exämple.example") is not None
