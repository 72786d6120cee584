"""The pages of customers over HTTP, for employees."""

from __future__ import annotations

import pytest
from modules.customers.conftest import Account, Scalar
from modules.pages import form_to, form_with
from modules.racing import behind
from sqlalchemy import insert, text

from portal.kernel.db import new_public_id
from portal.kernel.unit import Unit
from portal.modules.customers import services
from portal.modules.customers.models import Customer
from portal.modules.customers.services import ContactData
from portal.testing.portal import Browser, TestPortal


@pytest.fixture
def clerk(portal: TestPortal) -> Browser:
    return portal.employee("clerk@company.example", "customers.clerk")


def test_who_may(portal: TestPortal, account: Account) -> None:
    made = account()
    here = f"/customers/{made.public_id}/"
    nobody = portal.employee("nobody@company.example", "taxes.manager")
    customer = portal.customer("buyer@customer.example", made.id, made.public_id, made.name)
    address = f"{here}addresses/{made.addresses[0].public_id}/"
    for path in ("/customers/", "/customers/csv", "/customers/C-10001", here, address, f"{here}edit"):
        nobody.get(path, status=403)
        customer.get(path, status=404)
        portal.browser().get(path, status=303)
    reader = portal.employee("reader@company.example", "customers.reader")
    page = reader.get(here)
    assert made.name in page
    for path in (f"{here}edit", f"{here}invite", address, f"{here}addresses/new", "/customers/new"):
        reader.get(path, status=403)
    assert not [form for form in page.forms.values() if here in form.action]


def test_a_role_is_needed_for_each_act(
    portal: TestPortal, account: Account, clerk: Browser, scalar: Scalar
) -> None:
    made = account()
    page = clerk.get(f"/customers/{made.public_id}/")
    assert not [form for form in page.forms.values() if form.action.endswith("archive")]
    form = form_with(page, "text")
    form.action = f"/customers/{made.public_id}/archive"
    form.submit(status=403)
    assert scalar("SELECT active FROM customers_customer") in (True, 1)


def test_typed_number_leads_to_the_account(portal: TestPortal, account: Account, clerk: Browser) -> None:
    made = account()
    assert clerk.get("/customers/c-10001", status=303).location.endswith(f"/customers/{made.public_id}/")
    clerk.get("/customers/C-10999", status=404)
    nobody = portal.employee("nobody@company.example")
    nobody.get("/customers/C-10001", status=403)
    nobody.get("/customers/C-10999", status=403)


def test_creating_with_a_first_address(clerk: Browser, scalar: Scalar) -> None:
    form = form_with(clerk.get("/customers/new"), "vat_id")
    form["name"], form["vat_id"], form["tags"] = "Alfreds Futterkiste", "de 136695976", "vip"
    form["lines"], form["postal_code"], form["city"] = "Obere Str. 57", "12209", "Berlin"
    form["payment_days"] = "14"
    page = form.submit().follow()
    assert "C-10001" in page
    assert "Obere Str. 57" in page
    assert scalar("SELECT vat_id FROM customers_customer") == "DE136695976"
    assert scalar("SELECT payment_days FROM customers_customer") == 14
    assert scalar("SELECT city FROM customers_customer") == "Berlin"


def test_a_wrong_vat_id_stands_next_to_its_field(clerk: Browser, scalar: Scalar) -> None:
    form = form_with(clerk.get("/customers/new"), "vat_id")
    form["name"], form["vat_id"], form["city"] = "Alfreds", "DE136695977", "Berlin"
    page = form.submit(status=422)
    assert "not a valid VAT id" in page.html.select_one("#vat_id-error").text
    assert form_with(page, "vat_id")["city"].value == "Berlin"
    assert scalar("SELECT count(*) FROM customers_customer") == 0
    assert scalar("SELECT count(*) FROM customers_counter") == 0


def test_possible_duplicates_are_shown_first(account: Account, clerk: Browser, scalar: Scalar) -> None:
    known = account("Alfreds Futterkiste")
    form = form_with(clerk.get("/customers/new"), "vat_id")
    assert "anyway" not in form.fields
    form["name"] = "Alfred's Futterkiste"
    page = form.submit(status=422)
    assert known.number in page.html.select_one("#duplicates").text
    assert scalar("SELECT count(*) FROM customers_customer") == 1
    again = form_with(page, "anyway")
    assert again["name"].value == "Alfred's Futterkiste"
    again["anyway"].checked = True
    assert "C-10002" in again.submit().follow()


def test_possible_duplicates_while_typing(portal: TestPortal, account: Account, clerk: Browser) -> None:
    account("Alfreds Futterkiste")
    assert "C-10001" in clerk.get("/customers/duplicates?name=alfreds+futterkiste&vat_id=&email=&phone=")
    assert "C-10001" not in clerk.get("/customers/duplicates?name=other")
    portal.employee("reader@company.example", "customers.reader").get(
        "/customers/duplicates?name=alfreds", status=403
    )


def test_double_submit_opens_one_account(clerk: Browser, scalar: Scalar) -> None:
    form = form_with(clerk.get("/customers/new"), "vat_id")
    form["name"] = "Alfreds"
    first, second = form.submit(status=303), form.submit(status=303)
    assert first.location == second.location
    assert scalar("SELECT count(*) FROM customers_customer") == 1


def test_two_editors_merge_and_choose(account: Account, clerk: Browser, scalar: Scalar) -> None:
    edit = f"/customers/{account().public_id}/edit"
    mine, theirs = form_with(clerk.get(edit), "vat_id"), form_with(clerk.get(edit), "vat_id")
    theirs["payment_days"], theirs["phone"] = "60", "030 111111"
    theirs.submit(status=303)
    mine["payment_days"], mine["email"] = "90", "office@alfreds.example"
    page = mine.submit(status=409)
    assert scalar("SELECT payment_days FROM customers_customer") == 60
    assert scalar("SELECT email FROM customers_customer") == ""
    again = form_with(page, "vat_id")
    assert again["phone"].value == "030 111111"
    assert again["payment_days"].value == "90"
    again["_base-choice-payment_days"] = "theirs"
    again.submit(status=303)
    assert scalar("SELECT payment_days FROM customers_customer") == 60
    assert scalar("SELECT phone FROM customers_customer") == "030 111111"
    assert scalar("SELECT email FROM customers_customer") == "office@alfreds.example"


def test_archiving(portal: TestPortal, account: Account, scalar: Scalar) -> None:
    made = account()
    manager = portal.employee("manager@company.example", "customers.manager")
    page = form_to(manager.get(f"/customers/{made.public_id}/"), "/archive").submit().follow()
    assert scalar("SELECT active FROM customers_customer") in (False, 0)
    assert "Archived" in page
    form_to(page, "/unarchive").submit().follow()
    assert scalar("SELECT active FROM customers_customer") in (True, 1)


def test_addresses(account: Account, clerk: Browser, scalar: Scalar) -> None:
    made = account()
    here = f"/customers/{made.public_id}/"
    form = form_with(clerk.get(f"{here}addresses/new"), "postal_code")
    form["city"], form["billing"] = "Potsdam", False
    assert "Potsdam" in form.submit().follow()
    address = f"{here}addresses/{made.addresses[0].public_id}/"
    form = form_with(clerk.get(address), "postal_code")
    form["billing"], form["delivery"] = False, False
    assert "billing, for delivery, or both" in form.submit(status=422)
    form["billing"], form["city"] = True, "Hamburg"
    form.submit(status=303)
    assert scalar("SELECT city FROM customers_customer") == "Hamburg"
    form_to(clerk.get(address), "/remove").submit(status=303)
    clerk.get(address, status=404)
    assert scalar("SELECT city FROM customers_customer") == "Potsdam"


def test_an_address_is_found_below_its_own_account_only(account: Account, clerk: Browser) -> None:
    one, other = account("One"), account("Other")
    clerk.get(f"/customers/{other.public_id}/addresses/{one.addresses[0].public_id}/", status=404)


def test_contacts(account: Account, clerk: Browser, scalar: Scalar) -> None:
    here = f"/customers/{account().public_id}/"
    form = form_with(clerk.get(f"{here}contacts/new"), "function")
    form["name"], form["email"] = "Maria Anders", "not an address"
    form.submit(status=422)
    form["email"], form["billing"] = "maria@alfreds.example", True
    page = form.submit().follow()
    form = form_with(page.click("Maria Anders"), "function")
    form["function"] = "Purchasing"
    page = form.submit().follow()
    assert scalar("SELECT function FROM customers_contact") == "Purchasing"
    form_to(page.click("Maria Anders"), "/remove").submit(status=303)
    assert scalar("SELECT count(*) FROM customers_contact") == 0


def test_notes(account: Account, clerk: Browser, scalar: Scalar) -> None:
    page = clerk.get(f"/customers/{account().public_id}/")
    form = form_with(page, "text")
    form["text"] = "<b>Rings twice</b>"
    page = form.submit().follow()
    assert "&lt;b&gt;Rings twice&lt;/b&gt;" in page.text
    form_with(page, "note").submit().follow()
    assert scalar("SELECT count(*) FROM customers_note") == 0


def test_an_empty_note_is_refused_on_the_page(account: Account, clerk: Browser, scalar: Scalar) -> None:
    page = form_with(clerk.get(f"/customers/{account().public_id}/"), "text").submit(status=422)
    assert "Alfreds" in page
    assert scalar("SELECT count(*) FROM customers_note") == 0


def test_inviting_a_person(account: Account, clerk: Browser, scalar: Scalar) -> None:
    made = account()
    form = form_with(clerk.get(f"/customers/{made.public_id}/invite"), "scopes")
    form["email"], form["name"] = "maria@alfreds.example", "Maria Anders"
    page = form.submit().follow()
    assert "maria@alfreds.example" in page
    assert scalar("SELECT customer_id FROM people_membership") == made.id
    assert scalar("SELECT account FROM people_membership") == made.public_id
    assert scalar("SELECT scopes FROM people_membership") == "order pay statements view"
    assert scalar("SELECT count(*) FROM kernel_job") == 1
    form_with(page, "member").submit().follow()
    assert scalar("SELECT count(*) FROM people_membership") == 0


def test_search_filter_sort_and_export(account: Account, clerk: Browser) -> None:
    account("Alfreds Futterkiste", city="Berlin", vat_id="DE136695976", tags="vip")
    account("Blondesddsl père et fils", city="Strasbourg", country="FR")

    def names(query: str) -> list[str]:
        rows = clerk.get(f"/customers/?{query}").html.select("tbody tr")
        return [row.select("td")[1].text for row in rows]

    assert names("q=BLONDES+pere") == ["Blondesddsl père et fils"]
    for query in ("q=C-10001", "q=de136695976", "q=berlin", "q=vip", "country=DE", "tag=VIP"):
        assert names(query) == ["Alfreds Futterkiste"], query
    assert names("active=no") == []
    assert names("sort=-city")[0] == "Blondesddsl père et fils"
    lines = clerk.get("/customers/csv?tag=vip").text.splitlines()
    assert len(lines) == 2
    for wrong in ("country=XX", "sort=email", "colour=red"):
        clerk.get(f"/customers/?{wrong}", status=422)


def test_ten_thousand_customers(portal: TestPortal, account: Account, clerk: Browser) -> None:
    account("Alfreds Futterkiste", tags="vip, food")
    few = [clerk.statements(path) for path in ("/customers/", "/customers/?q=alfreds")]
    with portal.unit() as unit:
        unit.db.execute(insert(Customer), [_row(unit.now(), number) for number in range(10_000)])
        if portal.backend == "postgresql":
            unit.db.execute(text("ANALYZE customers_customer"))
    many = [clerk.statements(path) for path in ("/customers/", "/customers/?q=alfreds")]
    assert many == few
    assert max(many) <= 4
    assert clerk.get("/customers/?q=customer+9999").html.select("tbody tr")
    assert len(clerk.get("/customers/").html.select("tbody tr")) == 50


def _row(now: object, number: int) -> dict[str, object]:
    name = f"Customer {number}"
    return {
        "public_id": new_public_id(),
        "number": f"D-{number}",
        "name": name,
        "name_key": name.lower(),
        "search_text": name.lower(),
        "country": "DE",
        "currency": "EUR",
        "language": "en",
        "payment_days": 30,
        "created_at": now,
        "changed_at": now,
    }


def test_the_page_of_an_account_costs_the_same_for_few_and_many(
    portal: TestPortal, account: Account, clerk: Browser
) -> None:
    made = account()
    here = f"/customers/{made.public_id}/"
    few = clerk.statements(here)
    for number in range(12):
        form = form_with(clerk.get(f"{here}contacts/new"), "function")
        form["name"] = f"Person {number}"
        form.submit(status=303)
    assert clerk.statements(here) == few


@pytest.mark.parametrize("removing", [False, True])
def test_saving_what_somebody_just_removes_is_a_conflict(
    portal: TestPortal, account: Account, clerk: Browser, scalar: Scalar, removing: bool
) -> None:
    if portal.backend == "sqlite":
        pytest.skip("one writer at a time")
    made = account()
    contact = portal.run(lambda unit: services.add_contact(unit, made.id, ContactData("Anna")))
    page = clerk.get(f"/customers/{made.public_id}/contacts/{contact}/")
    form = form_to(page, "/remove") if removing else form_with(page, "phone")

    def remove(unit: Unit) -> None:
        services.remove_contact(unit, made.id, contact)

    late = behind(portal, remove, lambda: form.submit(expect_errors=True))
    assert late.status_int == 409
    assert "Somebody else has removed this contact." in late
    assert scalar("SELECT count(*) FROM customers_contact") == 0
