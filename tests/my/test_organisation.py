"""Customer organisations run themselves: scopes, spending limits, and acceptances that wait for an approver."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from modules.finance.conftest import make_books
from modules.orders.conftest import CLERK, Shop, make_shop
from modules.pages import form_to, form_with
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from webtest import TestResponse

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.people import Actor, Limit, Realm, Scope
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts
from portal.modules.orders.services import lifecycle, own
from portal.modules.orders.services.drafting import Created
from portal.modules.orders.services.drafts import DraftLine
from portal.people import services
from portal.testing import Browser, TestPortal

CANARY = "Zanzibar"


class Firm:
    """A customer's people, by the word before the @ of their address, in a shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.base = f"/my/{shop.alpha.public_id}/"
        self.browsers: dict[str, Browser] = {}

    def person(
        self, name: str, *scopes: str, limit: int | None = None, account: CustomerFacts | None = None
    ) -> Browser:
        """Somebody who signed in; the limit in euros."""
        whose = account or self.shop.alpha
        browser = self.shop.portal.customer(
            f"{name}@customer.example", whose.id, whose.public_id, whose.name, "view", *scopes
        )
        if limit is not None:
            with self.shop.portal.unit() as unit:
                given = Limit(limit * 100, "EUR")
                services.change_membership(unit, whose.id, self.id(name), scopes, given, None)
        self.browsers[name] = browser
        return browser

    def id(self, name: str) -> int:
        """The number of a person."""
        with self.shop.portal.reading() as unit:
            user = services.find_user(unit, Realm.CUSTOMERS, f"{name}@customer.example")
            assert user is not None
            return user.id

    def page(self, name: str) -> str:
        """The page of a colleague."""
        with self.shop.portal.reading() as unit:
            user = services.find_user(unit, Realm.CUSTOMERS, f"{name}@customer.example")
            assert user is not None
            return f"{self.base}colleagues/{user.public_id}/"

    def actor(self, name: str) -> Actor:
        """The person as they act in services."""
        return Actor("customer", name, self.id(name))

    def order(self, order: Created) -> str:
        """The customer's page of an order."""
        return f"{self.base}orders/{order.public_id}/"

    def accept(self, name: str, order: Created) -> TestResponse:
        """Accept by the page."""
        form = form_with(self.browsers[name].get(f"{self.order(order)}accept"), "consent")
        form["name"], form["consent"], form["reference"] = name, True, f"PO {order.number}"
        return form.submit(expect_errors=True)

    def decide(self, name: str, order: Created, action: str = "approve") -> TestResponse:
        """Approve or reject by the page."""
        form = form_with(self.browsers[name].get(f"{self.order(order)}{action}"), "revision")
        if action == "approve":
            form["consent"] = True
        else:
            form["reason"] = "Too dear"
        return form.submit(expect_errors=True)

    def outcomes(self) -> list[str | None]:
        """What became of the acceptances that waited, oldest first."""
        return [row[0] for row in self.shop.rows("SELECT outcome FROM orders_approval ORDER BY id")]

    def mails(self) -> list[str]:
        """To whom mails about orders were queued."""
        found = self.shop.rows("SELECT recipient FROM ops_mail WHERE about LIKE 'orders.%' ORDER BY id")
        return [row[0] for row in found]


@pytest.fixture
def firm(portals: Callable[..., TestPortal]) -> Firm:
    """A customer's people in a shop: a buyer up to 100 €, an approver, one up to 100 € too, and a manager."""
    settings = {"company__iban": "DE02120300000000202051"}
    shop = make_shop(portals("taxes", "customers", "catalog", "orders", "finance", **settings))
    made = Firm(shop)
    made.person("buyer", "order", limit=100)
    made.person("boss", "approve")
    made.person("small", "approve", "order", limit=100)
    made.person("manager", "manage", "order")
    return made


sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


# --- scopes ------------------------------------------------------------------------------------------------


@sqlite
def test_each_scope_opens_its_pages_and_no_others(firm: Firm) -> None:
    pages = {
        "": {"view", "order", "approve", "pay", "statements", "manage"},
        "orders/": {"view", "order", "approve", "pay", "statements", "manage"},
        "orders/csv": {"view", "order", "approve", "pay", "statements", "manage"},
        "invoices/": {"view", "order", "approve", "pay", "statements", "manage"},
        "invoices/csv": {"view", "order", "approve", "pay", "statements", "manage"},
        "orders/request": {"order"},
        "statement/": {"statements"},
        "statement/csv": {"statements"},
        "statement/pdf": {"statements"},
        "colleagues/invite": {"manage"},
        "company/edit": {"manage"},
    }
    for scope in ("view", "order", "approve", "pay", "statements", "manage"):
        browser = firm.person(f"only-{scope}", *({scope} - {"view"}))
        opened = {
            path for path in pages if browser.get(firm.base + path, expect_errors=True).status_int == 200
        }
        assert opened == {path for path, scopes in pages.items() if scope in scopes}, scope
        assert ("statement/" in browser.get(firm.base).text) == (scope == "statements")


@sqlite
def test_payment_data_is_for_those_who_pay(portals: Callable[..., TestPortal]) -> None:
    books = make_books(portals("taxes", "customers", "finance", company__iban="DE02120300000000202051"))
    alpha = books.alpha
    account, page = f"/my/{alpha.public_id}/", f"invoices/{books.posted().public_id}/"
    payer, viewer = (
        books.portal.customer(f"{name}@alpha.example", alpha.id, alpha.public_id, alpha.name, *scopes)
        for name, scopes in (("payer", ("view", "pay")), ("viewer", ("view",)))
    )
    for path, shown in ((page, "DE02"), ("", "To pay"), ("invoices/", "To pay")):
        assert shown in payer.get(account + path).text
        assert shown not in viewer.get(account + path).text


# --- limits ------------------------------------------------------------------------------------------------


@sqlite
def test_a_manager_sets_limits_and_others_do_not(firm: Firm) -> None:
    manager = firm.browsers["manager"]
    page = firm.page("buyer")
    for typed in ("-1", "NaN", "Infinity", "1e3", "9" * 30, "1.234", "abc"):
        form = manager.get(page).forms["scopes"]
        form["limit"] = typed
        refused = form.submit(expect_errors=True)
        assert refused.status_int == 422, typed
        assert refused.html.find(id="limit-error"), typed
        assert refused.forms["scopes"]["limit"].value == typed
        assert limit_of(firm, "buyer") == Limit(100_00, "EUR")
    form = manager.get(page).forms["scopes"]
    assert form["limit"].value == "100.00"
    form["limit"] = "250.50"
    assert form.submit().status_int == 303
    assert limit_of(firm, "buyer") == Limit(250_50, "EUR")
    assert "250.50" in manager.get(f"{firm.base}colleagues/").text
    assert "250.50" not in firm.browsers["boss"].get(f"{firm.base}colleagues/").text
    invited = manager.get(f"{firm.base}colleagues/invite").forms["invite"]
    invited["email"], invited["name"], invited["limit"] = "new@customer.example", "New", "75"
    assert invited.submit().status_int == 303
    assert limit_of(firm, "new") == Limit(75_00, "EUR")
    form = manager.get(page).forms["scopes"]
    form["limit"] = ""
    form.submit()
    assert limit_of(firm, "buyer") is None


def limit_of(firm: Firm, name: str) -> Limit | None:
    """The stored limit of a person."""
    with firm.shop.portal.reading() as unit:
        return next(
            member.limit
            for member in services.members_of(unit, firm.shop.alpha.id)
            if member.email.startswith(f"{name}@")
        )


@sqlite
def test_nobody_changes_their_own_limit_and_no_service_stores_nonsense(firm: Firm) -> None:
    form = firm.browsers["manager"].get(firm.page("manager")).forms["scopes"]
    form["limit"] = "5"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "Nobody changes their own limit" in str(refused.html.find(id="limit-error"))
    assert limit_of(firm, "manager") is None
    account, buyer = firm.shop.alpha.id, firm.id("buyer")
    for amount in (-1, 10**18):
        given = Limit(amount, "EUR")
        with pytest.raises(Invalid) as raised, firm.shop.portal.unit() as unit:
            services.change_membership(unit, account, buyer, ["order"], given, None)
        assert list(raised.value.errors) == ["limit"]
    assert limit_of(firm, "buyer") == Limit(100_00, "EUR")


@sqlite
def test_who_does_not_manage_posts_limits_in_vain(firm: Firm) -> None:
    buyer, other = firm.browsers["buyer"], firm.person("other", "manage", account=firm.shop.beta)
    for browser, account in ((buyer, firm.shop.alpha), (other, firm.shop.alpha), (other, firm.shop.beta)):
        token = browser.get("/account/").forms["profile"]["csrf_token"].value
        fields = {
            "csrf_token": token,
            "_operation": "0123456789abcdef",
            "scopes": "manage",
            "limit": "",
            "customer_id": "1",
            "name": "X",
        }
        path = firm.page("buyer").replace(firm.shop.alpha.public_id, account.public_id)
        assert browser.post(path, fields, expect_errors=True).status_int == 404
        assert browser.post(f"{path}end", fields, expect_errors=True).status_int == 404
        # Nor do other forms take such fields along.
        assert browser.post("/account/", fields, expect_errors=True).status_int in (404, 422)
    assert limit_of(firm, "buyer") == Limit(100_00, "EUR")
    found = firm.shop.rows("SELECT scopes FROM people_membership WHERE user_id = :id", id=firm.id("buyer"))
    assert found == [("order view",)]


@sqlite
def test_a_manager_changes_neither_name_nor_e_mail_nor_password_of_a_colleague(firm: Firm) -> None:
    manager, before = firm.browsers["manager"], firm.shop.rows("SELECT * FROM people_user ORDER BY id")
    form = manager.get(firm.page("buyer")).forms["scopes"]
    for field in ("email", "name", "password", "password_hash", "user_id"):
        fields = [*form.submit_fields(), (field, "evil@alpha.example")]
        assert manager.post(firm.page("buyer"), fields, expect_errors=True).status_int == 422
    assert firm.shop.rows("SELECT * FROM people_user ORDER BY id") == before


# --- waiting for approval ----------------------------------------------------------------------------------


def test_above_the_limit_an_acceptance_waits_and_an_approver_accepts(firm: Firm) -> None:
    order = firm.shop.sent()
    assert firm.shop.row(order).gross > 100_00
    assert "above your spending limit" in firm.accept("buyer", order).follow().text
    assert firm.shop.row(order).state == "sent"
    assert firm.outcomes() == [None]
    (mail,) = firm.mails()
    assert "boss@customer.example" in mail
    page = firm.browsers["buyer"].get(firm.order(order))
    assert "waits for approval by boss." in page.text
    assert f"{order.public_id}/accept" not in page.text
    staff = firm.shop.staff("clerk").get(f"/orders/{order.public_id}/")
    assert "buyer accepted above their spending limit" in staff.text
    assert "/approve" not in staff.text
    assert "To approve" in firm.browsers["boss"].get(firm.base).text
    for name in ("buyer", "small", "manager"):
        assert "To approve" not in firm.browsers[name].get(firm.base).text
    assert firm.decide("boss", order).status_int == 303
    row = firm.shop.row(order)
    assert (row.state, row.accepted_by, row.accepted_user_id) == ("accepted", "boss", firm.id("boss"))
    assert row.customer_reference == f"PO {order.number}"
    assert firm.outcomes() == ["approved"]
    assert "To approve" not in firm.browsers["boss"].get(firm.base).text


@sqlite
def test_up_to_the_limit_and_without_one_it_is_accepted_at_once(firm: Firm) -> None:
    cheap = firm.shop.sent(DraftLine(Decimal(1), product=firm.shop.tea.public_id))
    dear = firm.shop.sent()
    assert "will be confirmed" in firm.accept("buyer", cheap).follow().text
    assert "will be confirmed" in firm.accept("manager", dear).follow().text
    assert {firm.shop.row(one).state for one in (cheap, dear)} == {"accepted"}
    exact = firm.shop.sent()
    with firm.shop.portal.unit() as unit:
        gross = firm.shop.row(exact).gross
        limit = Limit(gross, "EUR")
        services.change_membership(unit, firm.shop.alpha.id, firm.id("buyer"), ["order"], limit, None)
    firm.accept("buyer", exact)
    assert firm.shop.row(exact).state == "accepted"
    foreign = firm.shop.sent()
    with firm.shop.portal.unit() as unit:
        limit = Limit(10**9, "USD")
        services.change_membership(unit, firm.shop.alpha.id, firm.id("buyer"), ["order"], limit, None)
    firm.accept("buyer", foreign)
    assert firm.shop.row(foreign).state == "sent"
    assert firm.outcomes() == [None]


@sqlite
def test_where_nobody_may_approve_nothing_waits(firm: Firm) -> None:
    with firm.shop.portal.unit() as unit:
        services.end_membership(unit, firm.shop.alpha.id, firm.id("boss"))
    order = firm.shop.sent()
    refused = firm.accept("buyer", order)
    assert refused.status_int == 422
    assert "nobody of your account may approve" in refused.text
    assert firm.outcomes() == []
    assert firm.mails() == []
    assert firm.shop.row(order).state == "sent"


@sqlite
def test_nobody_approves_their_own_and_nobody_beyond_their_own_limit(firm: Firm) -> None:
    order = firm.shop.sent()
    firm.accept("small", order)
    scope, portal = Scope.whole(firm.shop.alpha.id), firm.shop.portal
    with portal.unit() as unit:
        # The right to approve, and no limit any more: it is their own acceptance all the same.
        services.change_membership(unit, scope.customer_id, firm.id("small"), ["approve"], None, None)
    acts: tuple[Callable[[Unit], None], ...] = (
        lambda unit: own.approve(unit, scope, order.public_id, revision=1),
        lambda unit: own.reject(unit, scope, order.public_id, reason="No", revision=1),
    )
    for name in ("small", "buyer", "manager"):
        for act in acts:
            with pytest.raises(Refused):
                portal.run(act, firm.actor(name))
    with portal.unit() as unit:
        limit = Limit(1, "EUR")
        services.change_membership(unit, scope.customer_id, firm.id("boss"), ["approve"], limit, None)
    with pytest.raises(Refused):
        portal.run(lambda unit: own.approve(unit, scope, order.public_id, revision=1), firm.actor("boss"))
    page = firm.browsers["boss"].get(f"{firm.order(order)}approve")
    assert not any("consent" in form.fields for form in page.forms.values())
    assert firm.outcomes() == [None]
    assert firm.shop.row(order).state == "sent"


@sqlite
def test_rejected_or_withdrawn_the_quotation_stays_open(firm: Firm) -> None:
    order = firm.shop.sent()
    firm.accept("buyer", order)
    again, scope = firm.shop.portal.run, Scope.whole(firm.shop.alpha.id)
    with pytest.raises(Refused):
        again(
            lambda unit: own.accept(unit, scope, order.public_id, name="B", revision=1), firm.actor("buyer")
        )
    form = firm.browsers["boss"].get(f"{firm.order(order)}reject").forms
    empty = next(one for one in form.values() if "reason" in one.fields)
    assert empty.submit(expect_errors=True).status_int == 422
    assert firm.outcomes() == [None]
    assert firm.decide("boss", order, "reject").status_int == 303
    assert "Too dear" in firm.browsers["buyer"].get(firm.order(order)).text
    firm.accept("buyer", order)
    with pytest.raises(Refused):
        again(lambda unit: own.withdraw_approval(unit, scope, order.public_id), firm.actor("boss"))
    form_to(firm.browsers["buyer"].get(firm.order(order)), "withdraw-approval").submit().follow()
    assert firm.outcomes() == ["rejected", "withdrawn"]
    assert firm.shop.row(order).state == "sent"
    firm.accept("manager", order)
    assert firm.shop.row(order).state == "accepted"


def _revised(firm: Firm, order: Created) -> None:
    firm.shop.portal.run(lambda unit: lifecycle.revise(unit, order.id), CLERK)


def _by_phone(firm: Firm, order: Created) -> None:
    acceptance = lifecycle.Acceptance("Boss by phone")
    firm.shop.portal.run(lambda unit: lifecycle.record_acceptance(unit, order.id, acceptance), CLERK)


def _by_a_colleague(firm: Firm, order: Created) -> None:
    assert firm.accept("manager", order).status_int == 303


def _declined(firm: Firm, order: Created) -> None:
    scope = Scope.whole(firm.shop.alpha.id)
    firm.shop.portal.run(
        lambda unit: own.decline(unit, scope, order.public_id, reason="No", revision=1), firm.actor("manager")
    )


@sqlite
@pytest.mark.parametrize("away", [_revised, _by_phone, _by_a_colleague, _declined])
def test_a_wait_ends_where_the_order_goes_on(firm: Firm, away: Callable[[Firm, Created], None]) -> None:
    order = firm.shop.sent()
    firm.accept("buyer", order)
    form = form_with(firm.browsers["boss"].get(f"{firm.order(order)}approve"), "consent")
    away(firm, order)
    state = firm.shop.row(order).state
    assert firm.outcomes() == ["void"]
    form["consent"] = True
    assert form.submit(expect_errors=True).status_int in (409, 422)
    assert firm.shop.row(order).state == state
    assert firm.outcomes() == ["void"]
    assert "To approve" not in firm.browsers["boss"].get(firm.base).text


@sqlite
def test_another_revision_is_not_what_was_accepted(firm: Firm) -> None:
    order = firm.shop.sent()
    firm.accept("buyer", order)
    scope, portal = Scope.whole(firm.shop.alpha.id), firm.shop.portal
    _revised(firm, order)
    portal.run(lambda unit: lifecycle.send(unit, order.id), CLERK)  # the same words again, the same revision
    with pytest.raises(Refused):
        portal.run(lambda unit: own.approve(unit, scope, order.public_id, revision=1), firm.actor("boss"))
    firm.accept("buyer", order)
    with pytest.raises(Conflict):
        portal.run(lambda unit: own.approve(unit, scope, order.public_id, revision=2), firm.actor("boss"))
    assert firm.outcomes() == ["void", None]
    assert firm.shop.row(order).state == "sent"


# --- walls -------------------------------------------------------------------------------------------------


@sqlite
def test_people_of_another_account_see_nothing_of_it_and_decide_nothing(firm: Firm) -> None:
    order = firm.shop.sent(notes=CANARY)
    firm.accept("buyer", order)
    rival = firm.person("rival", "order", "approve", "pay", "statements", "manage", account=firm.shop.beta)
    theirs = f"/my/{firm.shop.beta.public_id}/"
    token = rival.get("/account/").forms["profile"]["csrf_token"].value
    fields = {"csrf_token": token, "_operation": "0123456789abcdef", "revision": "1", "consent": "1"}
    for base in (firm.base, theirs):
        page = f"{base}orders/{order.public_id}/"
        for action in ("", "approve", "reject", "accept"):
            assert rival.get(page + action, expect_errors=True).status_int == 404
        for action in ("approve", "reject", "withdraw-approval"):
            assert rival.post(page + action, fields, expect_errors=True).status_int == 404
    for path in ("", "orders/", "orders/csv", "colleagues/", f"orders/?q={order.number}"):
        shown = rival.get(theirs + path).text
        for secret in (order.public_id, CANARY, "buyer@", "boss@"):
            assert secret not in shown
    scope, before = Scope.whole(firm.shop.beta.id), firm.shop.row(order).version
    acts: tuple[Callable[[Unit], None], ...] = (
        lambda unit: own.approve(unit, scope, order.public_id, revision=1),
        lambda unit: own.reject(unit, scope, order.public_id, reason="No", revision=1),
        lambda unit: own.withdraw_approval(unit, scope, order.public_id),
    )
    for act in acts:
        with pytest.raises(LookupError):
            firm.shop.portal.run(act, firm.actor("rival"))
    assert firm.shop.row(order).version == before
    assert firm.outcomes() == [None]


def test_a_wait_that_mixes_two_accounts_cannot_be_stored(firm: Firm) -> None:
    order = firm.shop.sent()
    firm.accept("buyer", order)
    mixed = text("UPDATE orders_approval SET customer_id = :other")
    with pytest.raises(IntegrityError), firm.shop.portal.unit() as unit:
        unit.db.execute(mixed, {"other": firm.shop.beta.id})
    found = firm.shop.rows("SELECT customer_id FROM orders_approval")
    assert found == [(firm.shop.alpha.id,)]
