"""What employees write for each other is in nothing that a customer gets: page, file, PDF, search, sorting, error."""

from __future__ import annotations

from io import BytesIO

import pytest
from house.world import CLERK, MODULES, World, make_world
from pypdf import PdfReader

from portal.testing import Browser
from portal.testing.crawler import Crawler
from portal.testing.fixtures import PortalFactory

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

NOTE, COMMENT, REASON, SHOWN = "canarynote", "canarycomment", "canaryreason", "shownword"
INTERNAL = (NOTE, COMMENT, REASON)


@pytest.fixture
def world(portals: PortalFactory) -> World:
    """The full house, with something internal in every place that has room for it."""
    from portal.modules.customers import services as customers
    from portal.modules.orders.services import comments, lifecycle
    from portal.modules.orders.services.billing import Orders

    world = make_world(portals(*MODULES))
    alpha, portal = world.alpha, world.portal
    assert alpha is not None
    portal.run(lambda unit: customers.add_note(unit, alpha.id, f"Pays late. {NOTE}"), CLERK)
    with portal.reading() as unit:
        facts = [Orders(unit).find(one) for one in world.orders[alpha.number][1:3]]
        numbers = [order.id for order in facts if order is not None]
    for number in numbers:
        portal.run(
            lambda unit, at=number: comments.comment(unit, at, f"Dear! {COMMENT}", visible=False), CLERK
        )
        portal.run(lambda unit, at=number: comments.comment(unit, at, SHOWN, visible=True), CLERK)
    portal.run(lambda unit: lifecycle.withdraw(unit, numbers[0], REASON), CLERK)
    portal.work()
    return world


def buyer(world: World) -> Browser:
    assert world.alpha is not None
    return world.buyer(world.alpha, "anna@alpha.example")


def texts(crawl: Crawler) -> dict[str, str]:
    """All that a crawl was answered, PDFs as their text."""
    found: dict[str, str] = {}
    for url, visit in crawl.visits.items():
        body: bytes = visit.response.body
        if body.startswith(b"%PDF"):
            found[url] = " ".join(page.extract_text() for page in PdfReader(BytesIO(body)).pages)
        else:
            found[url] = body.decode("utf-8", "replace")
    return found


def test_nothing_internal_is_in_any_answer(world: World) -> None:
    found = texts(Crawler(buyer(world), alike=2).from_("/"))
    assert [url for url, text in found.items() for canary in INTERNAL if canary in text] == []
    # what is meant for them is there, and so are files and PDFs
    assert any(SHOWN in text for text in found.values())
    assert any(".pdf" in url or "Alpha GmbH" in text for url, text in found.items() if "pdf" in url)
    assert any("csv" in url for url in found)
    # employees read all of it
    staff = texts(Crawler(world.all_seeing(), alike=1).from_("/orders/", "/customers/"))
    assert {canary for canary in INTERNAL for text in staff.values() if canary in text} == set(INTERNAL)


def test_nothing_internal_is_searched_sorted_or_filtered_by(world: World) -> None:
    browser = buyer(world)
    assert world.alpha is not None
    here = f"/my/{world.alpha.public_id}/"
    for page in ("orders/", "invoices/", "catalog/"):
        assert len(browser.get(here + page).html.select("tbody tr")) > 0, page
        for canary in INTERNAL:
            found = browser.get(f"{here}{page}?q={canary}")
            assert len(found.html.select("tbody tr")) == 0, page
    for page in ("orders/csv", "invoices/csv"):
        assert len(browser.get(here + page).text.strip().splitlines()) > 1
        for canary in INTERNAL:
            assert len(browser.get(f"{here}{page}?q={canary}").text.strip().splitlines()) == 1
    for key in ("notes", "responsible", "base_gross", "version", "search_text"):
        for page in ("orders/", "invoices/", "orders/csv", "invoices/csv"):
            for query in (f"sort={key}", f"sort=-{key}", f"{key}=x"):
                assert browser.get(f"{here}{page}?{query}", expect_errors=True).status_int == 422, query
