"""Departments of a customer account are walled from each other: on every page, in every sum, for every act."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from modules.orders.conftest import CLERK
from modules.pages import form_to, form_with
from my.divided import MODULES, NORTH, SOUTH, WHOLE, Divided, make_divided, text_of, with_documents
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from webtest import TestResponse

from portal.kernel.errors import Invalid, Refused
from portal.kernel.people import Limit, Realm
from portal.kernel.unit import Unit
from portal.modules.finance.services import own as own_finance
from portal.modules.orders.services import editing, lifecycle, own, reading
from portal.modules.orders.services.drafts import DraftLine
from portal.people import api_tokens, colleagues, document_links
from portal.people import services as people
from portal.people.forms import WHOLE_ACCOUNT
from portal.testing import Browser
from portal.testing.fixtures import PortalFactory

sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def divided(portals: PortalFactory) -> Divided:
    """The account with departments and people: mara sees the whole of it, nora North, sven South."""
    found = make_divided(portals(*MODULES, company__iban="DE02120300000000202051"))
    found.person("mara")
    found.person("nora", NORTH)
    found.person("sven", SOUTH)
    return found


@pytest.fixture
def filled(divided: Divided) -> Divided:
    """The same with an order and an invoice of each department and of the whole account."""
    return with_documents(divided)


def status(browser: Browser, url: str) -> int:
    return browser.get(url, expect_errors=True).status_int


# --- reading -----------------------------------------------------------------------------------------------


def test_people_of_a_department_read_its_documents_and_no_others(filled: Divided) -> None:
    nora, mara = filled.browsers["nora"], filled.browsers["mara"]
    for name in (NORTH, SOUTH, WHOLE):
        expected = 200 if name == NORTH else 404
        order, invoice = filled.order(filled.orders[name]), filled.invoice(filled.invoices[name])
        for page in (order, f"{order}accept", f"{order}decline", invoice, f"{invoice}pdf"):
            assert (page, status(nora, page)) == (page, expected)
            assert status(mara, page) == 200
        assert status(nora, f"{filled.base}orders/request?order={filled.orders[name].public_id}") == expected
        (document,) = filled.rows(
            "SELECT public_id FROM ops_document WHERE about_public_id = :id", id=filled.orders[name].public_id
        )
        assert status(nora, f"{order}documents/{document.public_id}") == expected
    # not below an order that they do see either
    (foreign,) = filled.rows(
        "SELECT public_id FROM ops_document WHERE about_public_id = :id", id=filled.orders[SOUTH].public_id
    )
    assert status(nora, f"{filled.order(filled.orders[NORTH])}documents/{foreign.public_id}") == 404


def test_lists_searches_files_and_the_home_page_hold_nothing_of_others(filled: Divided) -> None:
    for who, sees in (("nora", {NORTH}), ("sven", {SOUTH}), ("mara", {NORTH, SOUTH, WHOLE})):
        browser = filled.browsers[who]
        for name in (NORTH, SOUTH, WHOLE):
            for kind, one in (("orders", filled.orders[name]), ("invoices", filled.invoices[name])):
                for page in (
                    "",
                    "csv",
                    f"?q={one.number}",
                    f"?q=ref-{name}",
                    f"csv?q=ref-{name}",
                    "?q=south",
                ):
                    if page == "?q=south" and name != SOUTH:
                        continue
                    said = browser.get(f"{filled.base}{kind}/{page}").text
                    # A page repeats what was searched for, so what it found is told by its address.
                    shown = str(one.number if page.startswith("csv") else one.public_id) in said
                    assert (who, kind, page, shown) == (who, kind, page, name in sees)
            assert (filled.orders[name].number in browser.get(filled.base).text) is (name in sees)


def test_what_is_owed_is_counted_over_what_one_sees(filled: Divided) -> None:
    for _times in range(2):
        filled.posted(SOUTH, "200")
    gross = {"nora": "€119.00", "sven": "€595.00", "mara": "€833.00"}
    for who, owed in gross.items():
        browser = filled.browsers[who]
        card = browser.get(filled.base).html.find("a", href=f"{filled.base}invoices/?state=open")
        assert card.get_text() == owed
        figures = browser.get(f"{filled.base}invoices/").html.find(class_="figures").get_text()
        assert [one for one in gross.values() if one in figures] == [owed]


def test_the_statement_is_of_the_whole_account(filled: Divided) -> None:
    nora, mara = filled.browsers["nora"], filled.browsers["mara"]
    for page in ("", "pdf", "csv"):
        assert status(nora, f"{filled.base}statement/{page}") == 404
        assert status(mara, f"{filled.base}statement/{page}") == 200
    assert "/statement/" not in nora.get(filled.base).text
    with filled.portal.reading() as unit, pytest.raises(LookupError):
        own_finance.account_statement(unit, filled.scope(NORTH), "EUR", unit.today(), unit.today())
    assert "statements" not in filled.member("nora").scopes


def test_a_page_tells_nothing_of_payments_and_credit_notes_beyond_it(filled: Divided) -> None:
    north, south = filled.invoices[NORTH], filled.invoices[SOUTH]
    payment = filled.pay(200_00, {north.public_id: 50_00, south.public_id: 60_00})
    note = filled.credit(filled.posted(SOUTH))
    nora, mara = (text_of(filled.browsers[who].get(filled.invoice(north))) for who in ("nora", "mara"))
    assert payment in mara
    assert payment not in nora
    assert "Payment · €50.00" in nora
    assert status(filled.browsers["nora"], filled.invoice(note)) == 404
    # a credit note of the one that settles what the other owes
    filled.portal.run(lambda unit: _allocate(unit, filled, note.public_id, north.public_id))
    nora, mara = (text_of(filled.browsers[who].get(filled.invoice(north))) for who in ("nora", "mara"))
    assert str(note.number) in mara
    assert str(note.number) not in nora
    assert "Credit note · €10.00" in nora


def _allocate(unit: Unit, divided: Divided, note: str, invoice: str) -> None:
    from portal.modules.finance.services import allocation
    from portal.modules.finance.services import reading as books

    # what it was posted with is taken back first
    row = books.find_invoice(unit, note)
    assert row is not None
    for one in books.allocations_of_invoice(unit, row):
        allocation.undo(unit, one.public_id, divided.alpha.id, unit.today())
    unit.db.expire_all()
    row = books.find_invoice(unit, note)
    assert row is not None
    allocation.allocate_credit_note(unit, row, {invoice: 10_00}, unit.today())


# --- asking and deciding -----------------------------------------------------------------------------------


def request_page(divided: Divided, who: str, query: str = "") -> TestResponse:
    return divided.browsers[who].get(f"{divided.base}orders/request{query}")


def send_request(divided: Divided, page: TestResponse, **fields: str) -> TestResponse:
    form = form_with(page, "lines-0-quantity")
    form["lines-0-name"], form["lines-0-quantity"] = "Chairs", "2"
    for name, value in fields.items():
        form[name] = value
    return form.submit(expect_errors=True)


def newest(divided: Divided) -> tuple[int | None, str]:
    (row,) = divided.rows("SELECT department_id, department FROM orders_order ORDER BY id DESC LIMIT 1")
    return row.department_id, row.department


def test_a_request_carries_the_department(divided: Divided) -> None:
    north, south = divided.departments[NORTH], divided.departments[SOUTH]
    page = request_page(divided, "nora")
    assert 'name="department"' not in page.text
    assert send_request(divided, page).status_int == 303
    assert newest(divided) == (north.id, "North")
    page = request_page(divided, "mara")
    assert send_request(divided, page).status_int == 303
    assert newest(divided) == (None, "")
    assert send_request(divided, request_page(divided, "mara"), department=south.public_id).status_int == 303
    assert newest(divided) == (south.id, "South")
    (order,) = divided.rows("SELECT public_id FROM orders_order ORDER BY id DESC LIMIT 1")
    assert status(divided.browsers["nora"], f"{divided.base}orders/{order.public_id}/") == 404
    assert status(divided.browsers["sven"], f"{divided.base}orders/{order.public_id}/") == 200
    again = form_with(request_page(divided, "mara", f"?order={order.public_id}"), "department")
    assert again["department"].value == south.public_id


@sqlite
def test_several_departments_are_a_choice_and_others_are_none(divided: Divided) -> None:
    both = divided.person("both", NORTH, SOUTH)
    page = request_page(divided, "both")
    assert send_request(divided, page).status_int == 422
    assert divided.rows("SELECT 1 FROM orders_order") == []
    assert send_request(
        divided, request_page(divided, "both"), department=divided.departments[SOUTH].public_id
    )
    assert newest(divided) == (divided.departments[SOUTH].id, "South")
    assert "South" in both.get(f"{divided.base}orders/").text
    forms = form_with(request_page(divided, "nora"), "lines-0-quantity").submit_fields()
    sent = [
        *((name, value) for name, value in forms if name not in ("lines-0-name", "lines-0-quantity")),
        ("lines-0-name", "Chairs"),
        ("lines-0-quantity", "1"),
        ("department", divided.departments[SOUTH].public_id),
    ]
    answer = divided.browsers["nora"].post(f"{divided.base}orders/request", sent, expect_errors=True)
    assert answer.status_int == 422
    line = DraftLine(Decimal(1), name="Chairs")
    for who, names in (("nora", (NORTH,)), ("both", (NORTH, SOUTH))):
        for asked in (divided.departments[SOUTH].public_id if who == "nora" else None, "x" * 26):
            with pytest.raises(Invalid) as raised:
                divided.portal.run(
                    lambda unit, names=names, asked=asked: own.request(
                        unit, divided.scope(*names), [line], department=asked
                    ),
                    divided.actor(who),
                )
            assert list(raised.value.errors) == ["department"]
    assert len(divided.rows("SELECT 1 FROM orders_order")) == 1


def test_an_account_without_departments_looks_as_before(portals: PortalFactory) -> None:
    divided = make_divided(portals(*MODULES))
    beta = divided.shop.beta
    browser = divided.portal.customer("ben@beta.example", beta.id, beta.public_id, beta.name)
    order = divided.shop.sent(customer=beta)
    base = f"/my/{beta.public_id}/"
    invite = f"{base}colleagues/invite"
    pages = (
        "orders/",
        "orders/csv",
        "invoices/",
        "invoices/csv",
        f"orders/{order.public_id}/",
        "orders/request",
    )
    for page in ("", *pages, "addresses/", "addresses/new", "colleagues/", "colleagues/invite"):
        assert "epartment" not in browser.get(base + page).text, page
    form = browser.get(invite).forms["invite"]
    form["email"], form["name"] = "new@beta.example", "New"
    assert form.submit().status_int == 303
    staff = divided.staff()
    for page in ("/orders/", "/orders/csv", f"/orders/{order.public_id}/", f"/orders/new/{beta.public_id}/"):
        answer = staff.get(page)
        assert "North" not in answer.text
        if answer.content_type == "text/html":
            # The filter of the staff's list is for all accounts.
            assert not [
                one for one in answer.html.find_all(["th", "dt", "label"]) if "Department" in one.text
            ][1 if page == "/orders/" else 0 :], page


def above(divided: Divided, who: str, name: str) -> TestResponse:
    """Accept the order of a department."""
    order = divided.orders[name]
    form = form_with(divided.browsers[who].get(f"{divided.order(order)}accept"), "consent")
    form["name"], form["consent"] = who, True
    return form.submit(expect_errors=True)


def test_above_a_limit_it_waits_for_an_approver_who_sees_the_order(filled: Divided) -> None:
    filled.person("buyer", NORTH, scopes=("order",), limit=100)
    filled.person("boss-south", SOUTH, scopes=("approve",))
    with filled.portal.unit() as unit:
        people.end_membership(unit, filled.alpha.id, filled.id("nora"))
        people.end_membership(unit, filled.alpha.id, filled.id("mara"))
    # an approver of the other department is none
    refused = above(filled, "buyer", NORTH)
    assert refused.status_int == 422
    assert "nobody of your account may approve" in refused.text
    assert filled.rows("SELECT 1 FROM orders_approval") == []
    filled.person("boss-north", NORTH, scopes=("approve",))
    filled.person("boss", scopes=("approve",))
    assert above(filled, "buyer", NORTH).status_int == 303
    order = filled.orders[NORTH]
    page = filled.order(order)
    assert "waits for approval by boss, boss-north." in filled.browsers["buyer"].get(page).text
    mails = sorted(filled.rows("SELECT recipient FROM ops_mail"))
    assert [one.recipient.split("<")[-1].rstrip(">") for one in mails] == [
        "boss@customer.example",
        "boss-north@customer.example",
    ]
    for who, may in (("boss-south", False), ("sven", False), ("boss-north", True), ("boss", True)):
        assert (status(filled.browsers[who], f"{page}approve") == 200) is may
        assert ("To approve" in filled.browsers[who].get(filled.base).text) is may
    with pytest.raises(LookupError):
        filled.portal.run(
            lambda unit: own.approve(unit, filled.scope(SOUTH), order.public_id, revision=1),
            filled.actor("boss-south"),
        )
    # even where the order is found: who does not see its department does not decide
    with pytest.raises(Refused):
        filled.portal.run(
            lambda unit: own.approve(unit, filled.scope(), order.public_id, revision=1),
            filled.actor("boss-south"),
        )
    form = form_with(filled.browsers["boss-north"].get(f"{page}approve"), "consent")
    form["consent"] = True
    assert form.submit().status_int == 303
    assert filled.shop.row(order).state == "accepted"


def test_what_others_do_by_posting_is_not_done(filled: Divided) -> None:
    nora, order = filled.browsers["nora"], filled.orders[SOUTH]
    before = filled.rows("SELECT version, state FROM orders_order ORDER BY id")
    token = nora.get("/account/").forms["profile"]["csrf_token"].value
    fields = {
        "csrf_token": token,
        "_operation": "0123456789abcdef",
        "revision": "1",
        "consent": "1",
        "name": "N",
    }
    for action in ("accept", "decline", "approve", "reject", "withdraw-approval", "take-back", "ask"):
        page = f"{filled.order(order)}{action}"
        assert nora.post(page, {**fields, "text": "?", "reason": "?"}, expect_errors=True).status_int == 404
    acts: tuple[Callable[[Unit], object], ...] = (
        lambda unit: own.accept(unit, filled.scope(NORTH), order.public_id, name="N", revision=1),
        lambda unit: own.decline(unit, filled.scope(NORTH), order.public_id, reason="N", revision=1),
        lambda unit: own.ask(unit, filled.scope(NORTH), order.public_id, "?"),
        lambda unit: own.to_repeat(unit, filled.scope(NORTH), order.public_id),
    )
    for act in acts:
        with pytest.raises(LookupError):
            filled.portal.run(act, filled.actor("nora"))
    assert filled.rows("SELECT version, state FROM orders_order ORDER BY id") == before
    assert filled.rows("SELECT 1 FROM orders_comment") == []


@sqlite
def test_a_reference_of_another_department_is_not_told(filled: Divided) -> None:
    order, scope = filled.orders[NORTH], filled.scope(NORTH)
    assert filled.portal.run(
        lambda unit: own.accept(unit, scope, order.public_id, name="N", revision=1, reference="ref-south"),
        filled.actor("nora"),
    )
    again = filled.shop.sent(department_id=filled.of(NORTH))
    with pytest.raises(Invalid) as raised:
        filled.portal.run(
            lambda unit: own.accept(
                unit, filled.scope(), again.public_id, name="M", revision=1, reference="ref-south"
            ),
            filled.actor("mara"),
        )
    said = raised.value.errors["reference"]
    assert filled.orders[SOUTH].number in str(getattr(said, "mapping", {}))


# --- colleagues --------------------------------------------------------------------------------------------


def test_a_manager_of_departments_meets_and_manages_only_people_within_them(divided: Divided) -> None:
    divided.person("nils", NORTH, scopes=("order",))
    divided.person("both", NORTH, SOUTH)
    manager = divided.browsers["nora"]
    shown = manager.get(f"{divided.base}colleagues/").text
    assert [name for name in ("nora", "nils", "sven", "mara", "both") if f"{name}@" in shown] == [
        "nora",
        "nils",
    ]
    token = manager.get("/account/").forms["profile"]["csrf_token"].value
    fields = {"csrf_token": token, "_operation": "0123456789abcdef", "scopes": "manage"}
    for name in ("sven", "mara", "both"):
        page = divided.page_of(name)
        assert status(manager, page) == 404
        for path in (page, f"{page}end"):
            assert manager.post(path, fields, expect_errors=True).status_int == 404
    form = manager.get(divided.page_of("nils")).forms["scopes"]
    assert "departments" not in form.fields
    for index in range(len(form.fields["scopes"])):
        form.set("scopes", True, index=index)
    assert form.submit().status_int == 303
    nils = divided.member("nils")
    assert nils.departments == divided.ids(NORTH)
    assert nils.scopes == {"view", "order", "approve", "pay", "manage"}
    assert form_to(manager.get(divided.page_of("nils")), "end").submit().status_int == 303
    assert divided.rows("SELECT 1 FROM people_membership WHERE user_id = :id", id=divided.id("nils")) == []


def test_a_manager_of_departments_invites_into_them_and_never_widens(divided: Divided) -> None:
    manager = divided.browsers["nora"]
    form = manager.get(f"{divided.base}colleagues/invite").forms["invite"]
    assert "departments" not in form.fields
    form["email"], form["name"] = "new@customer.example", "New"
    assert form.submit().status_int == 303
    assert divided.member("new").departments == divided.ids(NORTH)
    form = manager.get(f"{divided.base}colleagues/invite").forms["invite"]
    form["email"], form["name"] = "other@customer.example", "Other"
    fields = [*form.submit_fields(), ("departments", WHOLE_ACCOUNT)]
    assert manager.post(f"{divided.base}colleagues/invite", fields, expect_errors=True).status_int == 422
    scope, invited = divided.scope(NORTH), divided.rows("SELECT 1 FROM people_membership")
    new = divided.page_of("new").split("/")[-2]
    for wider in (None, divided.ids(SOUTH), divided.ids(NORTH, SOUTH), frozenset[int]()):
        acts: tuple[Callable[[Unit], object], ...] = (
            lambda unit, wider=wider: colleagues.change(unit, scope, new, ["order"], None, wider),
            lambda unit, wider=wider: colleagues.invite(
                unit,
                scope,
                email="other@customer.example",
                name="Other",
                language="en",
                scopes=["order"],
                departments=wider,
            ),
        )
        for act in acts:
            with pytest.raises(Invalid) as raised:
                divided.portal.run(act, divided.actor("nora"))
            assert list(raised.value.errors) == ["departments"]
    assert divided.member("new").departments == divided.ids(NORTH)
    assert divided.rows("SELECT 1 FROM people_membership") == invited
    # people of others are not named to whoever may not meet them
    form = manager.get(f"{divided.base}colleagues/invite").forms["invite"]
    form["email"], form["name"] = "sven@customer.example", "Guess"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "uses the account already" in refused.text
    assert divided.member("sven").departments == divided.ids(SOUTH)


def test_a_manager_of_the_whole_account_limits_and_widens(divided: Divided) -> None:
    mara, nora = divided.browsers["mara"], divided.browsers["nora"]
    page = divided.page_of("nora")
    assert "North" in mara.get(f"{divided.base}colleagues/").text
    form = mara.get(page).forms["scopes"]
    assert [box.checked for box in form.fields["departments"]] == [False, True, False]
    form.set("departments", False, index=1)
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert divided.member("nora").departments == divided.ids(NORTH)
    form.set("departments", True, index=2)
    assert form.submit().status_int == 303
    assert divided.member("nora").departments == divided.ids(SOUTH)
    form = mara.get(page).forms["scopes"]
    form.set("departments", True, index=0)
    form.set("departments", False, index=2)
    assert form.submit().status_int == 303
    assert divided.member("nora").departments is None
    assert status(nora, f"{divided.base}company/departments/") == 200
    form = mara.get(f"{divided.base}colleagues/invite").forms["invite"]
    form["email"], form["name"] = "new@customer.example", "New"
    form.set("departments", False, index=0)
    form.set("departments", True, index=2)
    assert form.submit().status_int == 303
    assert divided.member("new").departments == divided.ids(SOUTH)


@sqlite
def test_the_account_keeps_somebody_who_manages_all_of_it(divided: Divided) -> None:
    scope, mara = divided.scope(), divided.page_of("mara").split("/")[-2]
    everything = ["order", "approve", "pay", "manage"]
    acts: tuple[Callable[[Unit], object], ...] = (
        lambda unit: colleagues.end(unit, scope, mara),
        lambda unit: colleagues.change(unit, scope, mara, ["order"], None, None),
        lambda unit: colleagues.change(unit, scope, mara, everything, None, divided.ids(NORTH, SOUTH)),
    )
    for act in acts:
        with pytest.raises(Refused):
            divided.portal.run(act, divided.actor("mara"))
    assert divided.member("mara").departments is None
    assert "manage" in divided.member("mara").scopes
    # one of a department may go: whoever manages the whole account manages it too
    nora = divided.page_of("nora").split("/")[-2]
    divided.portal.run(lambda unit: colleagues.end(unit, divided.scope(NORTH), nora), divided.actor("nora"))
    assert divided.rows("SELECT 1 FROM people_membership WHERE user_id = :id", id=divided.id("nora")) == []


@sqlite
def test_the_log_says_what_a_membership_was_and_is(divided: Divided) -> None:
    mara, nora = divided.actor("mara"), divided.page_of("nora").split("/")[-2]
    divided.portal.run(
        lambda unit: colleagues.change(
            unit, divided.scope(), nora, ["order"], Limit(5_00, "EUR"), divided.ids(NORTH, SOUTH)
        ),
        mara,
    )
    (row,) = divided.rows("SELECT detail FROM kernel_audit WHERE action = 'membership_changed'")
    north, south = divided.departments[NORTH].id, divided.departments[SOUTH].id
    assert json.loads(row.detail)["values"] == {
        "user_id": divided.id("nora"),
        "customer_id": divided.alpha.id,
        "scopes": "order view",
        "limit_amount": 500,
        "limit_currency": "EUR",
        "departments": f"{north} {south}",
        "scopes_before": "approve manage order pay view",
        "limit_amount_before": None,
        "limit_currency_before": None,
        "departments_before": str(north),
    }


# --- departments and addresses of the account --------------------------------------------------------------


def test_whoever_manages_the_whole_account_keeps_departments(divided: Divided) -> None:
    mara, base = divided.browsers["mara"], f"{divided.base}company/departments/"
    form = form_with(mara.get(f"{base}new"), "name")
    form["name"], form["number"] = " East   Side ", "300"
    assert form.submit().status_int == 303
    assert "East Side" in mara.get(base).text
    form = form_with(mara.get(f"{base}new"), "name")
    form["name"] = "EAST SIDE"
    assert form.submit(expect_errors=True).status_int == 422
    page = f"{base}{divided.departments[NORTH].public_id}/"
    form = form_with(mara.get(page), "name")
    form["name"] = "Far North"
    assert form.submit().status_int == 303
    names = "SELECT name FROM customers_department ORDER BY id"
    assert [row.name for row in divided.rows(names)] == ["Far North", "South", "East Side"]
    refused = form_to(mara.get(page), "archive").submit(expect_errors=True)
    assert refused.status_int == 422
    assert "People are limited to this department: nora." in refused.text
    east = divided.rows("SELECT public_id FROM customers_department WHERE name = 'East Side'")[0].public_id
    assert form_to(mara.get(f"{base}{east}/"), "archive").submit().status_int == 303
    assert "East Side" not in mara.get(f"{divided.base}colleagues/invite").text
    assert form_to(mara.get(f"{base}{east}/"), "unarchive").submit().status_int == 303
    for who in ("nora", "sven"):
        for path in (base, f"{base}new", page):
            assert status(divided.browsers[who], path) == 404
        assert "departments/" not in divided.browsers[who].get(f"{divided.base}company/").text
        assert status(divided.browsers[who], f"{divided.base}company/edit") == 404


def test_addresses_of_a_department_are_its_own(divided: Divided) -> None:
    mara, nora, sven = (divided.browsers[who] for who in ("mara", "nora", "sven"))
    new = f"{divided.base}addresses/new"
    form = form_with(nora.get(new), "lines")
    assert "department" not in form.fields
    form["name"], form["city"], form["lines"] = "Ramp", "Kiel", "Hafen 1"
    assert form.submit().status_int == 303
    form = form_with(mara.get(new), "lines")
    form["name"], form["city"], form["department"] = "Peak", "Ulm", divided.departments[SOUTH].public_id
    assert form.submit().status_int == 303
    mine = "FROM customers_address WHERE customer_id = :id ORDER BY id"
    rows = divided.rows(f"SELECT name, department_id, public_id {mine}", id=divided.alpha.id)
    assert [(row.name, row.department_id) for row in rows] == [
        ("Alpha GmbH", None),
        ("Ramp", divided.departments[NORTH].id),
        ("Peak", divided.departments[SOUTH].id),
    ]
    pages = {row.name: f"{divided.base}addresses/{row.public_id}/" for row in rows}
    for browser, seen, changed in (
        (nora, {"Alpha GmbH", "Ramp"}, {"Ramp"}),
        (sven, {"Alpha GmbH", "Peak"}, {"Peak"}),
        (mara, set(pages), set(pages)),
    ):
        shown = browser.get(f"{divided.base}addresses/").text
        assert {name for name in pages if name in shown} == seen
        assert {name for name, page in pages.items() if page in shown} == changed
        assert {name for name, page in pages.items() if status(browser, page) == 200} == changed
    # what the account is found by is made of all of them, whoever changed one
    form = form_with(nora.get(pages["Ramp"]), "lines")
    form["city"] = "Husum"
    assert form.submit().status_int == 303
    (found,) = divided.rows(
        "SELECT city, search_text FROM customers_customer WHERE id = :id", id=divided.alpha.id
    )
    assert found.city == "Hamburg"
    assert {"hamburg", "husum", "ulm"} <= set(found.search_text.split())
    # and a request of the department goes to its place
    send_request(divided, request_page(divided, "nora"))
    (order,) = divided.rows("SELECT billing_address, delivery_address FROM orders_order")
    assert "Ramp" in order.delivery_address
    assert "Alpha GmbH" in order.billing_address
    assert form_to(nora.get(pages["Ramp"]), "remove").submit().status_int == 303
    token = nora.get("/account/").forms["profile"]["csrf_token"].value
    fields = {"csrf_token": token, "_operation": "0123456789abcdef"}
    for name in ("Alpha GmbH", "Peak"):
        assert nora.post(f"{pages[name]}remove", fields, expect_errors=True).status_int == 404
    assert len(divided.rows(f"SELECT 1 {mine}", id=divided.alpha.id)) == 2


@sqlite
def test_contacts_are_of_the_whole_account(divided: Divided) -> None:
    assert "Buyer of Alpha" in divided.browsers["mara"].get(f"{divided.base}company/").text
    assert "Buyer of Alpha" not in divided.browsers["nora"].get(f"{divided.base}company/").text


# --- documents that move, tokens, links --------------------------------------------------------------------


def move(divided: Divided, name: str, to: str) -> None:
    """Let a clerk give an order to another department."""
    order = divided.orders[name]

    def act(unit: Unit) -> None:
        lifecycle.revise(unit, order.id)
        row = unit.db.get_one(reading.Order, order.id)
        base = editing.stored_fields(row, reading.lines_of(unit.db, order.id))
        sent = editing.Written({**base, "department": divided.of(to)})
        editing.save(unit, order.id, sent, base)

    divided.portal.run(act, CLERK)


def test_an_order_moves_with_all_that_belongs_to_it(filled: Divided) -> None:
    order = filled.orders[NORTH]
    nora, sven = filled.browsers["nora"], filled.browsers["sven"]
    (document,) = filled.rows(
        "SELECT public_id FROM ops_document WHERE about_public_id = :id", id=order.public_id
    )
    page = filled.order(order)
    move(filled, NORTH, SOUTH)
    for path in (page, f"{page}documents/{document.public_id}"):
        assert status(nora, path) == 404
        assert status(sven, path) == 200
    assert filled.shop.row(order).department == "South"
    with pytest.raises(Invalid):
        filled.portal.run(
            lambda unit: editing.save(
                unit, order.id, editing.Written({"department": 10**6}), {"department": filled.of(SOUTH)}
            ),
            CLERK,
        )
    move_back = filled.rows("SELECT department_id FROM orders_order WHERE id = :id", id=order.id)
    assert move_back == [(filled.of(SOUTH),)]


@sqlite
def test_a_token_is_as_limited_as_its_owner(filled: Divided) -> None:
    def make(unit: Unit, name: str) -> str:
        owner = people.find_user(unit, Realm.CUSTOMERS, f"{name}@customer.example")
        assert owner is not None
        allowed = {one.name for group in api_tokens.choosable(unit, owner) for one in group.permissions}
        assert ("finance.my.statements" in allowed) is (name == "mara")
        until = unit.today().replace(day=28)
        return api_tokens.create(
            unit, owner, name="Export", permissions=sorted(allowed), expires_on=until, operation=name * 8
        )

    for name, sees in (("nora", {NORTH}), ("mara", {NORTH, SOUTH, WHOLE})):
        token = filled.portal.run(lambda unit, name=name: make(unit, name), filled.actor(name))
        program = filled.portal.browser()
        program.authorization = ("Bearer", token)
        for kind, numbers in (
            ("orders", {key: one.number for key, one in filled.orders.items()}),
            ("invoices", {key: str(one.number) for key, one in filled.invoices.items()}),
        ):
            said = program.get(f"{filled.base}{kind}/csv").text
            assert {key for key, number in numbers.items() if number in said} == sees
        assert (status(program, f"{filled.base}statement/csv") == 200) is (name == "mara")


def test_a_document_link_opens_its_document_whatever_its_department(filled: Divided) -> None:
    from portal.modules.finance.services import mailing as invoices
    from portal.modules.orders.services import mailing

    def link(unit: Unit, kind: str) -> str:
        order = unit.db.get_one(reading.Order, filled.orders[NORTH].id)
        linked = mailing.linked(order) if kind == "order" else invoices.linked(filled.invoices[NORTH])
        return document_links.create(unit, linked, "somebody@else.example", 5, f"{kind}-0123456789")

    for kind, canary in (("order", "canary-north"), ("invoice", "canary-north")):
        url = filled.portal.run(lambda unit, kind=kind: link(unit, kind), CLERK)
        guest = filled.portal.browser()
        page = guest.get(url.removeprefix("http://localhost")).forms["open"].submit().follow()
        assert canary in page.text
        assert "North" in page.text
        assert "canary-south" not in page.text


@sqlite
def test_the_bearer_of_a_link_is_told_no_reference_of_other_departments(filled: Divided) -> None:
    from portal.kernel.people import Actor

    order = filled.orders[NORTH]
    guest = Actor("link", "document link sent to x")
    assert filled.portal.run(
        lambda unit: own.accept(
            unit, filled.scope(), order.public_id, name="X", revision=1, reference="ref-south"
        ),
        guest,
    )


# --- what is printed, and what it costs --------------------------------------------------------------------


@sqlite
def test_documents_print_the_department_by_the_name_of_then(filled: Divided) -> None:
    from portal.modules.customers import services as customers

    filled.portal.run(
        lambda unit: customers.change_department(
            unit,
            filled.alpha.id,
            filled.departments[NORTH].public_id,
            {"name": "Far North", "number": ""},
            {},
        ),
        CLERK,
    )
    nora = filled.browsers["nora"]
    for url in (
        f"{filled.invoice(filled.invoices[NORTH])}pdf",
        f"{filled.order(filled.orders[NORTH])}documents/{_document(filled, NORTH)}",
    ):
        said = "".join(page.extract_text() for page in PdfReader(io.BytesIO(nora.get(url).body)).pages)
        assert "Department" in said
        assert "North" in said
        assert "Far North" not in said
    whole = filled.browsers["mara"].get(f"{filled.invoice(filled.invoices[WHOLE])}pdf").body
    assert "Department" not in "".join(page.extract_text() for page in PdfReader(io.BytesIO(whole)).pages)


def _document(divided: Divided, name: str) -> str:
    (row,) = divided.rows(
        "SELECT public_id FROM ops_document WHERE about_public_id = :id", id=divided.orders[name].public_id
    )
    return str(row.public_id)


def test_departments_cost_no_statement(filled: Divided) -> None:
    wall = filled.portal.backend == "postgresql"
    for page, budget in (
        ("invoices/", 3),
        ("orders/", 2),
        ("", 5),
        (f"orders/{filled.orders[NORTH].public_id}/", 5),
    ):
        counts = {who: filled.browsers[who].statements(filled.base + page) for who in ("nora", "mara")}
        assert counts["nora"] <= counts["mara"] <= budget + wall, (page, counts)


# --- keys --------------------------------------------------------------------------------------------------


def test_no_row_takes_a_department_of_another_account(filled: Divided) -> None:
    portal, beta = filled.portal, filled.shop.beta
    north = filled.departments[NORTH].id
    other = filled.shop.order(customer=beta)
    with portal.unit() as unit:
        user = people.add_user(unit, Realm.CUSTOMERS, "ben@beta.example", "Ben")
        people.add_membership(unit, user, beta.id, beta.public_id, beta.name, ["order"])
    mixed = {
        "orders_order": f"UPDATE orders_order SET department_id = {north} WHERE id = {other.id}",
        "customers_address": f"UPDATE customers_address SET department_id = {north} WHERE customer_id = {beta.id}",
        "people_membership": f"UPDATE people_membership SET departments = '{north}' WHERE customer_id = {beta.id}",
        "membership of several": (
            f"UPDATE people_membership SET departments = '{north} 999999' WHERE customer_id = {filled.alpha.id}"
        ),
        "no department": "UPDATE people_membership SET departments = ''",
        "moved membership": (
            f"UPDATE people_membership SET customer_id = {beta.id} WHERE user_id = {filled.id('nora')}"
        ),
        "moved department": f"UPDATE customers_department SET customer_id = {beta.id} WHERE id = {north}",
        "deleted department": f"DELETE FROM customers_department WHERE id = {filled.departments[SOUTH].id}",
        "moved order": f"UPDATE orders_order SET customer_id = {beta.id} WHERE id = {filled.orders[NORTH].id}",
        "posted": f"UPDATE finance_invoice SET department_id = NULL, department = '' WHERE department_id = {north}",
    }
    before = {name: filled.rows(f"SELECT * FROM {name} ORDER BY id") for name in TABLES}
    for name, statement in mixed.items():
        with pytest.raises(IntegrityError), portal.unit() as unit:
            unit.db.execute(text(statement))
        assert {table: filled.rows(f"SELECT * FROM {table} ORDER BY id") for table in TABLES} == before, name
    draft = portal.run(lambda unit: _foreign_draft(unit, filled))
    with pytest.raises(IntegrityError), portal.unit() as unit:
        unit.db.execute(
            text(f"UPDATE finance_invoice SET department_id = {north} WHERE public_id = '{draft}'")
        )
    with pytest.raises(IntegrityError), portal.unit() as unit:
        people.add_membership(
            unit,
            people.add_user(unit, Realm.CUSTOMERS, "bob@beta.example", "Bob"),
            beta.id,
            beta.public_id,
            beta.name,
            ["order"],
            departments=[north],
        )


TABLES = ("orders_order", "customers_address", "people_membership", "customers_department", "finance_invoice")


def _foreign_draft(unit: Unit, divided: Divided) -> str:
    from portal.modules.finance.services import drafting
    from portal.modules.finance.services.drafting import InvoiceData
    from portal.modules.finance.services.totals import DraftLine as InvoiceLine

    data = InvoiceData("EUR", (InvoiceLine("Work", Decimal(1), Decimal(1), "standard"),))
    return drafting.draft_by_hand(unit, divided.shop.beta, data)
