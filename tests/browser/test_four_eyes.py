"""Two people over one order in Chromium: desktop and phone, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser.conftest import Person, Served
from house.world import CLERK, draft_order

from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.modules.orders.services.billing import Orders
from portal.people import services as people
from portal.testing.portal import PASSWORD

pytestmark = pytest.mark.browser
Serve = Callable[..., Served]


def test_two_people_on_a_desktop(serve: Serve) -> None:
    walk(serve(orders__four_eyes__confirm="100"), 1280, "light")


def test_two_people_on_a_phone_in_the_dark(serve: Serve) -> None:
    walk(serve(orders__four_eyes__confirm="100"), 390, "dark")


def walk(served: Served, width: int, scheme: str) -> None:
    portal, alpha = served.world.portal, served.world.alpha
    assert alpha is not None
    first, second = (
        portal.run(lambda unit: draft_order(unit, alpha, served.world.products[0]), CLERK) for _time in "ab"
    )
    with portal.unit() as unit:
        berta = people.add_user(unit, Realm.EMPLOYEES, "berta@company.example", "Berta", password=PASSWORD)
        people.grant(unit, berta, "orders.manager")
    clara = served.person("clara", "clara@company.example", Realm.EMPLOYEES, width, scheme)
    propose(clara, first.public_id)
    propose(clara, second.public_id)
    clara.press("Withdraw", "withdrawn")
    propose(clara, second.public_id)

    other = served.person("berta", "berta@company.example", Realm.EMPLOYEES, width, scheme)
    other.click("To decide", "waiting")
    other.page.locator("main td a").last.click()
    other.look("proposal")
    other.press("Agree", "agreed")
    other.click("See what came of it", "order")
    assert "agreed to by Berta" in other.page.locator("main").inner_text()
    other.go("/", "home")
    other.click("To decide", "waiting-one")
    other.page.locator("main td a").first.click()
    other.look("proposal-two")
    other.press("Decline", "refused")
    other.page.get_by_label("Reason").fill("Too much at once")
    other.press("Decline", "declined")
    assert portal.run(lambda unit: state(unit, first.id)) == "confirmed"
    assert portal.run(lambda unit: state(unit, second.id)) == "quotation"
    assert served.complaints == []


def propose(person: Person, order: str) -> None:
    person.go(f"/orders/{order}/", "order")
    person.press("Confirm order", "proposed")
    assert "Waits for a second person" in person.page.locator("main").inner_text()


def state(unit: Unit, order_id: int) -> str:
    return Orders(unit).get(order_id).state
