"""The specimen of an outside module: added by one word in the ini, taken away with its data kept, added again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from house.world import CLERK, SPECIMEN, World, draft_order, make_world, new_customer
from modules.pages import form_to, form_with
from sqlalchemy import text

import portal as the_portal
from portal.kernel import schema
from portal.kernel.errors import BootRefused
from portal.kernel.people import Realm
from portal.ops import schedule, verification
from portal.people import services as people
from portal.testing import TestPortal
from portal.testing.fixtures import PortalFactory

PASSWORD = "seven large lanterns 5"
SALES = ("taxes", "customers", "catalog", "orders")


@pytest.fixture
def world(portals: PortalFactory) -> World:
    """A portal that has never seen the specimen."""
    return make_world(portals(*SALES))


@contextmanager
def reopened(world: World, *modules: str, upgrade: bool = False, **settings: str) -> Iterator[TestPortal]:
    """The same database, with other modules and settings in the ini; `upgrade` is `portal db upgrade`."""
    extra = {f"portal.{key.replace('__', '.')}": value for key, value in settings.items()}
    raw = {**world.portal.raw, "portal.modules": " ".join(modules), **extra}
    if upgrade:
        house = the_portal.compose(raw).house
        schema.upgrade(house.database, house.cards)
        house.database.engine.dispose()
    portal = TestPortal(raw)
    portal.clock.moment = world.portal.clock.moment
    yield portal
    portal.close()


def points(portal: TestPortal) -> list[tuple[str, int]]:
    with portal.reading() as unit:
        rows = unit.db.execute(text("SELECT reason, points FROM acme_loyalty_points ORDER BY id"))
        return [(reason, count) for reason, count in rows]


def test_one_word_adds_it_and_nothing_else(world: World) -> None:
    with (
        pytest.raises(BootRefused, match="migrations are pending for acme_loyalty"),
        reopened(world, *SALES, SPECIMEN),
    ):
        pass
    assert world.alpha is not None
    with reopened(world, *SALES, SPECIMEN, upgrade=True) as portal:
        with portal.house.database.engine.connect() as connection:
            assert schema.differences(connection, portal.house.card(SPECIMEN)) == []
        keeper = portal.employee("keeper@company.example", "acme_loyalty.keeper", "orders.manager")
        manager = portal.employee("manager@company.example", "orders.manager")
        # its own page, with a form
        form = form_with(keeper.get("/loyalty/").click("Grant points"), "points")
        form["customer-text"], form["points"], form["reason"] = "Alpha", "7", "Welcome"
        assert "Alpha GmbH" in form.submit().follow()
        manager.get("/loyalty/", status=403).mustcontain("role in the module Loyalty")
        assert "Loyalty" not in manager.get("/")
        # points for a confirmed order, and the panel on its page only for those who may see points
        order = portal.run(lambda unit: draft_order(unit, world.alpha, world.products[0]), CLERK)  # type: ignore[arg-type]
        here = f"/orders/{order.public_id}/"
        form_to(manager.get(here), "confirm").submit().follow()
        assert points(portal) == [("Welcome", 7), (f"Order {order.number}", 21)]
        assert "This order gave 21 points." in keeper.get(here)
        assert "This order gave" not in manager.get(here)
        # the customer's own page
        buyer = portal.customer(
            "anna@alpha.example", world.alpha.id, world.alpha.public_id, "Alpha GmbH", "view"
        )
        mine = buyer.get(f"/my/{world.alpha.public_id}/").click("Loyalty", index=0)
        assert mine.request.path == f"/my/{world.alpha.public_id}/loyalty/"
        mine.mustcontain("28", f"Order {order.number}", "+21")
        # cancelling takes back what was given
        form = form_with(manager.get(f"{here}cancel"), "reason")
        form.submit().follow()
        assert sum(count for _reason, count in points(portal)) == 7
        assert "This order gave" not in keeper.get(here)


def test_role_setting_check_and_german(world: World) -> None:
    assert world.beta is not None
    with reopened(world, *SALES, SPECIMEN, upgrade=True, acme_loyalty__points_per="100") as portal:
        administrator = portal.employee("ada@company.example", "people.administrator", "ops.administrator")
        with portal.unit() as unit:
            user = people.add_user(
                unit, Realm.EMPLOYEES, "max@company.example", "Max Moor", password=PASSWORD, language="de"
            )
            address = f"/admin/users/{user.public_id}/"
        form = administrator.get(address).forms["roles"]
        form.set("roles", True, index=role_index(form, "acme_loyalty.keeper"))
        form.submit().follow()
        assert "portal.acme_loyalty.points_per" in administrator.get("/admin/settings/")
        # the setting counts
        order = portal.run(lambda unit: draft_order(unit, world.beta, world.products[0]), CLERK)  # type: ignore[arg-type]
        max_ = portal.browser()
        max_.sign_in("max@company.example", PASSWORD)
        manager = portal.employee("manager@company.example", "orders.manager")
        form_to(manager.get(f"/orders/{order.public_id}/"), "confirm").submit()
        assert points(portal) == [(f"Order {order.number}", 2)]
        # German, for Max
        page = max_.get("/loyalty/")
        page.mustcontain("Treuepunkte", "Die meisten Punkte", "Punkte vergeben")
        form = form_with(page.click("Punkte vergeben"), "points")
        form["points"] = "0"
        form["customer-text"] = "Beta"
        form.submit(status=422)
        # the books
        assert findings(portal) == []
        with portal.unit() as unit:
            unit.db.execute(
                text("UPDATE acme_loyalty_points SET points = -2 WHERE order_public_id = :order"),
                {"order": order.public_id},
            )
        assert findings(portal) == [f"order {order.public_id}"]


def role_index(form: object, role: str) -> int:
    boxes = form.fields["roles"]  # type: ignore[attr-defined]
    return next(index for index, box in enumerate(boxes) if box._value == role)


def findings(portal: TestPortal) -> list[str]:
    return [finding.subject for result in verification.verify(portal.house) for finding in result.findings]


def test_the_job_expires_old_points(world: World) -> None:
    assert world.alpha is not None
    with reopened(world, *SALES, SPECIMEN, upgrade=True) as portal:
        keeper = portal.employee("keeper@company.example", "acme_loyalty.keeper")
        form = form_with(keeper.get("/loyalty/grant"), "points")
        form["customer-text"], form["points"], form["reason"] = "Alpha", "7", "Welcome"
        form.submit().follow()
        portal.clock.advance(days=729)
        assert "acme_loyalty.expire" in schedule.schedule(portal.house)
        portal.work()
        assert points(portal) == [("Welcome", 7)]
        portal.clock.advance(days=2)
        schedule.schedule(portal.house)
        portal.work()
        assert points(portal) == [("Welcome", 7), ("Points expired", -7)]


def test_its_vote_warns_and_holds(world: World) -> None:
    gamma = world.portal.run(lambda unit: new_customer(unit, "Gamma GmbH", "gamma"))
    orders = [
        world.portal.run(lambda unit: draft_order(unit, gamma, world.products[0]), CLERK)
        for _times in range(2)
    ]
    here = f"/orders/{orders[0].public_id}/"
    limits = {"acme_loyalty__warn_above": "100", "acme_loyalty__hold_above": "200"}
    with reopened(world, *SALES, SPECIMEN, upgrade=True, **limits) as portal:
        manager = portal.employee("manager@company.example", "orders.manager")
        keeper = portal.employee("keeper@company.example", "orders.clerk", "acme_loyalty.keeper")
        # held: whoever may not see loyalty learns that it is held, not why, and cannot go on
        page = form_to(manager.get(here), "confirm").submit(status=422)
        assert "held until somebody with the right" in page
        assert "A very big first order" not in page
        assert "passed" not in {name for form in page.forms.values() for name in form.fields}
        assert state(portal, here) == "quotation"
        # released by who may
        page = form_to(keeper.get(here), "confirm").submit(status=422)
        assert "A very big first order needs a look." in page
        assert state(portal, here) == "quotation"
        form = form_with(page, "passed")
        form["passed"] = True
        form.submit().follow()
        assert state(portal, here) == "confirmed"
        # from now on the customer has points, and nothing speaks against the next order
        there = f"/orders/{orders[1].public_id}/"
        form_to(manager.get(there), "confirm").submit().follow()
        assert state(portal, there) == "confirmed"

    delta = world.portal.run(lambda unit: new_customer(unit, "Delta GmbH", "delta"))
    order = world.portal.run(lambda unit: draft_order(unit, delta, world.products[0]), CLERK)
    here = f"/orders/{order.public_id}/"
    with reopened(world, *SALES, SPECIMEN, acme_loyalty__warn_above="100") as portal:
        clerk = portal.employee("clerk@company.example", "orders.clerk")
        page = form_to(clerk.get(here), "confirm").submit(status=422)
        assert "You can go on all the same" in page
        assert "This is a big first order." not in page
        assert state(portal, here) == "quotation"
        form = form_with(page, "passed")
        form["passed"] = True
        form.submit().follow()
        assert state(portal, here) == "confirmed"


def state(portal: TestPortal, here: str) -> str:
    with portal.reading() as unit:
        found = text("SELECT state FROM orders_order WHERE public_id = :order")
        return str(unit.db.execute(found, {"order": here.split("/")[2]}).scalar_one())


def test_taken_away_its_data_stay(world: World) -> None:
    assert world.alpha is not None
    with reopened(world, *SALES, SPECIMEN, upgrade=True) as portal:
        keeper = portal.employee("keeper@company.example", "acme_loyalty.keeper", "orders.manager")
        form = form_with(keeper.get("/loyalty/grant"), "points")
        form["customer-text"], form["points"], form["reason"] = "Alpha", "7", "Welcome"
        form.submit().follow()
        schedule.schedule(portal.house)

    order = world.orders[world.alpha.number][0]
    with reopened(world, *SALES, upgrade=True) as portal:
        keeper = portal.browser()
        keeper.sign_in("keeper@company.example")
        keeper.get("/loyalty/", status=404)
        assert "Loyalty" not in keeper.get("/")
        assert points(portal) == [("Welcome", 7)]
        form_to(keeper.get(f"/orders/{order}/"), "confirm").submit().follow()
        buyer = portal.customer("anna@alpha.example", world.alpha.id, world.alpha.public_id, "Alpha GmbH")
        buyer.get(f"/my/{world.alpha.public_id}/loyalty/", status=404)
        administrator = portal.employee("ada@company.example", "people.administrator", "ops.administrator")
        assert "acme_loyalty" not in administrator.get("/admin/modules/")
        portal.work()  # the job row of a module that is gone harms nobody
        for card in portal.house.cards:
            with portal.house.database.engine.connect() as connection:
                assert schema.differences(connection, card) == [], card.name

    with reopened(world, *SALES, SPECIMEN) as portal:
        keeper = portal.browser()
        keeper.sign_in("keeper@company.example")
        assert "Alpha GmbH" in keeper.get("/loyalty/")
        assert points(portal) == [("Welcome", 7)]
