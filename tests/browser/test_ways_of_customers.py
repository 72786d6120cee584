"""How people of customers come in, in Chromium: by a link sent by mail, by a document's link, by an invitation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser.conftest import Served
from house.world import CLERK, draft_order

from portal.kernel.mail import Address
from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts
from portal.modules.orders.services import lifecycle, mailing

ANNA, MAX, BRUNO = "anna@alpha.example", "max@alpha.example", "buyer@alpha.example"
Serve = Callable[..., Served]
pytestmark = pytest.mark.browser


def test_a_link_by_mail_is_spent_by_its_button_alone(serve: Serve) -> None:
    served = serve()
    anna = served.visitor("anna", 390)
    anna.go("/sign-in?realm=customers&next=/account/sessions", "sign-in")
    anna.click("Sign in by a link sent by mail", "ask")
    anna.type(email=ANNA)
    anna.press("Send the link", "on-its-way")
    link = served.letter(ANNA, "/sign-in-link/")
    # A program that looks at mails opens it first, and so does another device of hers.
    scanner = served.visitor("scanner", 1280)
    for _look in range(2):
        scanner.go(link, "looked-at")
        assert f"You sign in as {ANNA}" in scanner.says()
    assert served.one("SELECT COUNT(*) FROM people_session") == 0
    anna.go(link, "link")
    anna.press("Sign in", "signed-in")
    assert anna.path() == "/account/sessions"
    assert "Link by mail" in anna.says()
    scanner.press("Sign in", "spent")
    assert "This link does not work any more" in scanner.says()
    scanner.go("/account/", "nobody")
    assert scanner.path().startswith("/sign-in")
    assert served.one("SELECT COUNT(*) FROM people_session") == 1
    assert served.complaints == []


def send(unit: Unit, customer: CustomerFacts, order_id: int) -> None:
    """Send a quotation to its buyer, with the mail that has the link."""
    sent = lifecycle.send(unit, order_id)
    to = (Address("Bruno Buyer", BRUNO),)
    mailing.send_letter(unit, sent.order, mailing.QUOTATION, sent.document, to, customer.public_id)


def test_a_quotation_is_accepted_on_a_phone_without_an_account(serve: Serve) -> None:
    served = serve(people__document_links="true")
    portal, product = served.portal, served.world.products[0]
    order = portal.run(lambda unit: draft_order(unit, served.alpha, product), CLERK)
    portal.run(lambda unit: send(unit, served.alpha, order.id), CLERK)
    link = served.letter(BRUNO, "/d/")
    bruno = served.visitor("bruno", 390, "dark")
    bruno.go(link, "link")
    assert order.number not in bruno.says()
    assert served.one("SELECT COUNT(*) FROM people_document_link WHERE opened_at IS NOT NULL") == 0
    bruno.press("Open the document", "quotation")
    assert order.number in bruno.says()
    document = bruno.path()
    bruno.click("Accept", "accept")
    bruno.press("Accept and order", "without-consent")
    state = "SELECT state FROM orders_order WHERE id = :id"
    assert served.one(state, id=order.id) == "sent"
    bruno.type(name="Bruno Buyer", reference="PO 77")
    bruno.page.locator("[name=consent]").check()
    bruno.press("Accept and order", "accepted")
    assert bruno.path() == document
    assert "Bruno Buyer" in bruno.says()
    accepted = (
        "SELECT state || ' ' || accepted_by || ' ' || customer_reference FROM orders_order WHERE id = :id"
    )
    assert served.one(accepted, id=order.id) == "accepted Bruno Buyer PO 77"
    bruno.go(served.my, "no-account")
    assert bruno.path().startswith("/sign-in")
    assert served.complaints == []


def test_a_colleague_is_invited_and_chooses_a_password(serve: Serve) -> None:
    served = serve()
    anna = served.person("anna", ANNA, Realm.CUSTOMERS, 1280)
    anna.go(f"{served.my}colleagues/", "colleagues")
    anna.click("Invite a colleague", "invite")
    anna.press("Send the invitation", "nothing-typed")
    anna.type(email=MAX, name="Max Alpha")
    anna.page.locator("[name=scopes][value=order]").check()
    anna.press("Send the invitation", "invited")
    assert MAX in anna.says()
    link = served.letter(MAX, "/invitation/")
    colleague = served.visitor("max", 390)
    colleague.go(link, "invitation")
    colleague.type(password="short", again="short")
    colleague.press("Save and go on", "too-short")
    assert served.one("SELECT COUNT(*) FROM people_user WHERE password_hash IS NULL") > 0
    colleague.type(password="a brand new password", again="a brand new password")
    colleague.press("Save and go on", "welcome")
    assert colleague.path() == served.my
    colleague.go(f"{served.my}colleagues/", "colleagues-of-max")
    assert "Invite a colleague" not in colleague.says()
    scopes = "SELECT m.scopes FROM people_membership m JOIN people_user u ON u.id = m.user_id WHERE u.email = :email"
    assert set(served.one(scopes, email=MAX).split()) == {"view", "order"}

    colleague.sign_out()
    colleague.go(link, "used-invitation")
    assert "This invitation does not work any more" in colleague.says()
    colleague.go("/sign-in?realm=customers", "sign-in")
    colleague.sign_in(MAX, "a brand new password")
    assert colleague.path() == served.my
    assert served.complaints == []
