"""Document links: one document without an account, and nothing else."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from house.world import MODULES, World, make_world
from sqlalchemy import text

from portal.modules.customers.interfaces import CustomerFacts
from portal.people import document_links
from portal.people.document_links import Linked
from portal.testing import Browser, TestPortal

BUYER = "buyer@alpha.example"
PortalFactory = Callable[..., TestPortal]


@pytest.fixture
def world(portals: PortalFactory) -> World:
    return make_world(portals(*MODULES))


def alpha_of(world: World) -> CustomerFacts:
    assert world.alpha is not None
    return world.alpha


def link_to(world: World, kind: str, document: str, *, days: int = 14, sent_to: str = BUYER) -> str:
    """The path of a new link to a document of Alpha."""
    alpha = alpha_of(world)
    linked = Linked(kind, document, alpha.id, alpha.name, "en")
    made = world.portal.run(
        lambda unit: document_links.create(unit, linked, sent_to, days, f"operation {document}")
    )
    return made.removeprefix("http://localhost")


def form_with(page: Any, field: str) -> Any:
    return next(form for form in page.forms.values() if field in form.fields)


def shown_link(page: Any) -> str:
    return str(page.html.select_one("#link").text).removeprefix("http://localhost")


def quotation(world: World) -> str:
    return world.orders[alpha_of(world).number][1]


def opened(world: World, path: str, browser: Browser | None = None) -> tuple[Browser, str]:
    """A browser in which the link was opened, and where the document stands."""
    browser = browser or world.portal.browser()
    answer = browser.get(path).forms["open"].submit()
    assert answer.status_int == 303
    return browser, str(answer.location).removeprefix("http://localhost")


def one(world: World, sql: str) -> Any:
    with world.portal.reading() as unit:
        return unit.db.execute(text(sql)).one()


def test_a_quotation_is_read_and_accepted_without_an_account(world: World) -> None:
    document = quotation(world)
    path = link_to(world, "orders.order", document)
    browser = world.portal.browser()
    page = browser.get(path)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Alpha" not in page.text
    assert one(world, "SELECT opened_at FROM people_document_link").opened_at is None
    browser, place = opened(world, path, browser)
    assert "document" in browser.cookies
    assert path.split("/")[2] not in place
    shown = browser.get(place)
    number = one(world, f"SELECT number FROM orders_order WHERE public_id = '{document}'").number
    assert number in shown.text
    for hidden in (
        "/my/orders",
        'href="/account',
        f"/my/{alpha_of(world).public_id}",
        "sign-out",
        'name="text"',
    ):
        assert hidden not in shown.text, hidden
    pdf = re.search(rf'href="({place}documents/[^"]+)"', shown.text)
    assert pdf is not None
    assert browser.get(pdf.group(1)).content_type == "application/pdf"
    form = form_with(browser.get(f"{place}accept"), "name")
    form["name"] = "Bruno Buyer"
    form["reference"] = "PO 77"
    assert form.submit(expect_errors=True).status_int == 422  # without consent
    form["consent"] = True
    assert form.submit().status_int == 303
    order = one(world, f"SELECT * FROM orders_order WHERE public_id = '{document}'")
    assert (order.accepted_by, order.customer_reference) == ("Bruno Buyer", "PO 77")
    event = one(world, f"SELECT * FROM orders_event WHERE order_id = {order.id} AND action = 'accept'")
    assert (event.actor_kind, event.actor, event.user_id) == ("link", f"document link sent to {BUYER}", None)
    said = one(
        world, "SELECT * FROM kernel_audit WHERE actor_kind = 'link' AND customer_id IS NOT NULL LIMIT 1"
    )
    assert (said.session_id, said.actor_user_id) == (None, None)
    assert "Bruno Buyer" in browser.get(place).text


def test_a_quotation_is_declined_by_the_link(world: World) -> None:
    browser, place = opened(world, link_to(world, "orders.order", quotation(world)))
    form = form_with(browser.get(f"{place}decline"), "reason")
    form["reason"] = "Too dear"
    assert form.submit().status_int == 303
    state = one(world, f"SELECT state FROM orders_order WHERE public_id = '{quotation(world)}'").state
    assert state == "declined"


def test_an_invoice_with_its_pdf_is_read(world: World) -> None:
    invoice = world.invoices[alpha_of(world).number][0]
    browser, place = opened(world, link_to(world, "finance.invoice", invoice))
    assert place.endswith(f"/invoices/{invoice}/")
    assert "How to pay" in browser.get(place).text
    assert browser.get(f"{place}pdf").content_type == "application/pdf"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_it_opens_nothing_else(world: World) -> None:
    alpha, beta = alpha_of(world), world.beta
    assert beta is not None
    browser, place = opened(world, link_to(world, "orders.order", quotation(world)))
    link = place.split("/")[3]
    orders, others = world.orders[alpha.number], world.orders[beta.number]
    token = str(form_with(browser.get(f"{place}accept"), "revision")["csrf_token"].value)
    elsewhere = [
        *(place.replace(quotation(world), other) for other in (orders[2], orders[3], others[1])),
        place.replace("/orders/", "/invoices/").replace(quotation(world), world.invoices[alpha.number][0]),
        f"/my/document/{link}/",
        f"/my/document/{link}/orders/",
        f"/my/document/{link}/orders/csv",
        f"/my/document/{link}/orders/request",
        f"/my/document/{link}/invoices/",
        f"/my/document/{link}/statement/",
        f"/my/document/{link}/catalog/",
        f"/my/document/{link}/colleagues/",
        # told as a path that climbs out of the document again
        f"/my/document/{link}/../../{link}/orders/",
        f"/my/document/{link}/../../{link}/orders/csv",
        f"/my/document/{link}/../../../orders/",
        f"/my/document/{link}/orders/../../../{alpha.public_id}/orders/",
        f"/my/{link}/orders/",
    ]
    for path in elsewhere:
        answer = browser.get(path, expect_errors=True)
        assert answer.status_int == 404 or "/sign-in" in str(answer.location), path
        for number in ("SO-2026-00001", "SO-2026-00003", "IN-2026-00001"):
            assert number not in answer.text, path
    for path in (
        "/my/",
        f"/my/{alpha.public_id}/",
        f"/my/{alpha.public_id}/orders/",
        "/account/",
        "/orders/",
    ):
        assert "/sign-in" in str(browser.get(path, expect_errors=True).location), path
    before = one(world, "SELECT COUNT(*) AS n FROM orders_comment").n
    for act in ("ask", "take-back", "approve", "reject", "withdraw-approval"):
        fields = {"csrf_token": token, "_operation": f"operation of {act}", "text": "Hello", "revision": "1"}
        denied = browser.post(f"{place}{act}", fields, expect_errors=True)
        assert denied.status_int in (404, 409, 422), act
    assert one(world, "SELECT COUNT(*) AS n FROM orders_comment").n == before
    assert browser.get(place).status_int == 200


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("how", ["revoked", "expired", "half an hour", "no cookie", "another's cookie"])
def test_what_ends_a_link_counts_at_once(world: World, how: str) -> None:
    portal, path = world.portal, link_to(world, "orders.order", quotation(world), days=1)
    browser, place = opened(world, path)
    assert browser.get(place).status_int == 200
    if how == "revoked":
        clerk = portal.employee("eva@company.example", "orders.clerk")
        page = clerk.get(f"/orders/{quotation(world)}/links")
        assert BUYER in page.text
        next(form for form in page.forms.values() if form.action.endswith("revoke-link")).submit()
    elif how == "expired":
        portal.clock.advance(days=1)
    elif how == "half an hour":
        portal.clock.advance(minutes=30)
    elif how == "no cookie":
        browser = portal.browser()
    else:
        other, elsewhere = opened(
            world, link_to(world, "finance.invoice", world.invoices[alpha_of(world).number][0])
        )
        assert other.get(elsewhere).status_int == 200
        stolen = other.cookies["document"]
        assert stolen is not None
        browser = portal.browser()
        browser.set_cookie("document", stolen.strip('"'))
    for address in (place, f"{place}accept"):
        closed = browser.get(address, expect_errors=True)
        assert closed.status_int == 404
        assert "by the link that you were sent" in closed.text
    if how in ("revoked", "expired"):
        dead = portal.browser().get(path).forms["open"].submit(expect_errors=True)
        assert dead.status_int == 410
        assert one(world, "SELECT COUNT(*) AS n FROM people_attempt WHERE kind = 'document'").n == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_opening_takes_the_forms_own_token_and_a_link_that_is(world: World) -> None:
    path = link_to(world, "orders.order", quotation(world))
    assert world.portal.browser().post(path, {}, expect_errors=True).status_int == 400
    assert one(world, "SELECT opened_at FROM people_document_link").opened_at is None
    unknown = world.portal.browser().get("/d/there-is-no-such-link")
    assert unknown.status_int == 200  # the page is the same for all
    assert unknown.forms["open"].submit(expect_errors=True).status_int == 410


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_token_stays_out_of_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = link_to(world, "orders.order", quotation(world))
    opened(world, path)
    assert "'/d/…'" in caplog.text
    assert path.split("/")[2] not in caplog.text


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_employees_make_links_on_the_documents_page(world: World) -> None:
    portal = world.portal
    clerk = portal.employee("eva@company.example", "orders.clerk")
    place = f"/orders/{quotation(world)}/"
    assert f"{place}links" in clerk.get(place).text
    form = clerk.get(f"{place}links").forms["new-link"]
    form["sent_to"], form["days"] = "not an address", "900"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert refused.forms["new-link"]["sent_to"].value == "not an address"
    form["sent_to"], form["days"] = "Chris@Beta.example", "3"
    made = form.submit()
    path = shown_link(made)
    assert shown_link(form.submit()) == path  # a reload makes no other
    assert one(world, "SELECT COUNT(*) AS n FROM people_document_link").n == 1
    browser, document = opened(world, path)
    assert browser.get(document).status_int == 200
    reader = portal.employee("rita@company.example", "orders.reader")
    assert reader.get(f"{place}links", expect_errors=True).status_int == 403
    draft = world.orders[alpha_of(world).number][0]
    assert clerk.get(f"/orders/{draft}/links", expect_errors=True).status_int == 409


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_mail_carries_a_link_where_the_ini_wants_it(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES, people__document_links="true"))
    clerk = world.portal.employee("eva@company.example", "orders.clerk")
    draft = world.orders[alpha_of(world).number][0]
    page = clerk.get(f"/orders/{draft}/send")
    assert "http://localhost/d/…" in page.text
    form = form_with(page, "to")
    form.submit()
    mail = one(world, "SELECT text, secret FROM ops_mail ORDER BY id DESC LIMIT 1")
    path = re.search(r"http://localhost(/d/\S+)", mail.text)
    assert path is not None
    assert mail.secret
    browser, place = opened(world, path.group(1))
    assert browser.get(place).status_int == 200


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_it_opens_over_https_though_browsers_send_no_origin_from_there(portals: PortalFactory) -> None:
    world = make_world(portals(*MODULES, base_url="https://localhost"))
    path = link_to(world, "orders.order", quotation(world)).removeprefix("https://localhost")
    browser = world.portal.browser()
    browser.extra_environ.update({"wsgi.url_scheme": "https", "HTTP_HOST": "localhost"})
    form = browser.get(path).forms["open"]
    answer = form.submit(headers={"Origin": "null"})
    assert answer.status_int == 303
    cookie = next(one for one in answer.headers.getall("Set-Cookie") if one.startswith("document="))
    said = {part.strip().lower() for part in cookie.split(";")[1:]}
    link = str(answer.location).split("/")[5]
    assert {"secure", "httponly", "samesite=strict", "max-age=1800", f"path=/my/document/{link}/"} <= said
    assert browser.get(str(answer.location)).status_int == 200
