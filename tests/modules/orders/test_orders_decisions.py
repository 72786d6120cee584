"""Votes before confirming and cancelling; what the portal confirms by itself; validity; permissions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from modules.orders.conftest import CLERK, Shop, make_shop
from modules.pages import form_to, form_with

from portal.kernel.errors import Refused
from portal.kernel.events import Event, Hold, Verdict, Vote, Warn
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.customers.services.accounts import archive
from portal.modules.orders.events import OrderCancelling, OrderConfirmed, OrderConfirming
from portal.modules.orders.services import lifecycle
from portal.modules.orders.services.lifecycle import Acceptance
from portal.modules.orders.services.objections import Objected
from portal.ops.schedule import schedule
from portal.testing.fixtures import PortalFactory

WARNING = Warn("catalog", _("Stock is short by ${n}", mapping={"n": 4}), "catalog.view")
HOLD = Hold("orders", _("Limit exceeded by ${n}", mapping={"n": 500}), "orders.release")


def voter(shop: Shop, question: type[Vote], answer: Verdict | Refused) -> None:
    """Somebody who hears the question and answers so."""

    def vote(_question: Any, _unit: Unit) -> Verdict:
        if isinstance(answer, Refused):
            raise answer
        return answer

    shop.portal.house.subscribers.setdefault(question, []).append(vote)


def heard(shop: Shop, event: type[Event]) -> list[Any]:
    found: list[Any] = []

    def hear(one: Any, _unit: Unit) -> None:
        found.append(one)

    shop.portal.house.subscribers.setdefault(event, []).append(hear)
    return found


def test_a_warning_is_read_and_passed_over(shop: Shop) -> None:
    order, confirmed = shop.order(), heard(shop, OrderConfirmed)
    voter(shop, OrderConfirming, WARNING)
    clerk = shop.staff("clerk")
    page = form_to(clerk.get(f"/orders/{order.public_id}/"), "confirm").submit(status=422)
    assert shop.row(order).state == "quotation"
    assert "Stock is short" not in page  # the clerk may not see the catalog
    assert "The reason is for those who may see that module" in page
    form = form_with(page, "passed")
    page = form.submit(status=422)  # not ticked: asked again
    assert (shop.row(order).state, confirmed) == ("quotation", [])
    form = form_with(page, "passed")
    form["passed"] = True
    form.submit().follow()
    assert shop.row(order).state == "confirmed"
    assert [event.order_id for event in confirmed] == [order.id]
    assert shop.rows("SELECT text, visible FROM orders_event WHERE action = 'pass-over'") == [
        ("catalog", False)
    ]


def test_who_may_see_the_module_reads_the_reason(shop: Shop) -> None:
    order = shop.order()
    voter(shop, OrderConfirming, WARNING)
    both = shop.portal.employee("both@company.example", "orders.clerk", "catalog.reader")
    page = form_to(both.get(f"/orders/{order.public_id}/"), "confirm").submit(status=422)
    assert "Stock is short by 4" in page


def test_a_hold_needs_somebody_who_may_release(shop: Shop) -> None:
    order = shop.order()
    voter(shop, OrderConfirming, HOLD)
    clerk, here = shop.staff("clerk"), f"/orders/{order.public_id}/"
    page = form_to(clerk.get(here), "confirm").submit(status=422)
    assert "Limit exceeded" not in page
    assert 'name="passed"' not in page
    manager = shop.staff("manager")
    page = form_to(manager.get(here), "confirm").submit(status=422)
    assert "Limit exceeded by 500" in page
    form = form_with(page, "passed")
    key = form["passed"]._value
    # The clerk sends what only the manager may tick.
    fields = [*form_with(clerk.get(f"{here}confirm"), "version").submit_fields(), ("passed", key)]
    clerk.post(f"{here}confirm", fields, status=422)
    assert shop.row(order).state == "quotation"
    form["passed"] = True
    form.submit().follow()
    assert shop.row(order).state == "confirmed"


def test_another_figure_is_another_objection(shop: Shop) -> None:
    order = shop.order()
    voter(shop, OrderConfirming, WARNING)
    with pytest.raises(Objected) as raised:
        shop.portal.run(lambda unit: lifecycle.confirm(unit, order.id), CLERK)
    [objection] = raised.value.objections
    shop.portal.house.subscribers[OrderConfirming].clear()
    voter(
        shop, OrderConfirming, Warn("catalog", _("Stock is short by ${n}", mapping={"n": 5}), "catalog.view")
    )
    with pytest.raises(Objected):
        shop.portal.run(lambda unit: lifecycle.confirm(unit, order.id, passed=[objection.key]), CLERK)
    assert shop.row(order).state == "quotation"


def test_a_refusal_refuses(shop: Shop) -> None:
    order, other = shop.order(), shop.confirmed()
    voter(shop, OrderConfirming, Refused(_("Never.")))
    voter(shop, OrderCancelling, Refused(_("Neither.")))
    manager = shop.staff("manager")
    assert "Never." in form_to(manager.get(f"/orders/{order.public_id}/"), "confirm").submit(status=422)
    form = form_with(manager.get(f"/orders/{other.public_id}/cancel"), "reason")
    assert "Neither." in form.submit(status=422)
    assert (shop.row(order).state, shop.row(other).state) == ("quotation", "confirmed")


def test_a_failing_subscriber_undoes_all(shop: Shop) -> None:
    order = shop.order()

    def fail(_event: Any, _unit: Unit) -> None:
        raise Refused(_("No tax for this."))

    shop.portal.house.subscribers.setdefault(OrderConfirmed, []).append(fail)
    with pytest.raises(Refused):
        shop.portal.run(lambda unit: lifecycle.confirm(unit, order.id), CLERK)
    assert shop.row(order).state == "quotation"
    assert shop.rows("SELECT COUNT(*) FROM ops_document") == [(0,)]


def accepted(shop: Shop) -> Any:
    order = shop.sent()
    shop.portal.run(lambda unit: lifecycle.record_acceptance(unit, order.id, Acceptance("Anna")), CLERK)
    return order


def test_the_portal_confirms_by_itself_only_where_told(portals: PortalFactory, shop: Shop) -> None:
    order = accepted(shop)
    shop.portal.work()
    assert shop.row(order).state == "accepted"
    auto = make_shop(portals("taxes", "customers", "catalog", "orders", orders__confirm_accepted="auto"))
    order = accepted(auto)
    assert auto.row(order).state == "accepted"
    auto.portal.work()
    assert auto.row(order).state == "confirmed"
    assert ("system",) in auto.rows("SELECT actor_kind FROM orders_event WHERE action = 'confirm'")


@pytest.mark.parametrize("late", [False, True])
def test_what_is_objected_waits_for_a_clerk(portals: PortalFactory, late: bool) -> None:
    shop = make_shop(portals("taxes", "customers", "catalog", "orders", orders__confirm_accepted="auto"))
    if late:  # finance, say, lacks an account when it hears of the order
        act: Callable[[Any, Unit], None] = lambda _event, _unit: (_ for _ in ()).throw(Refused("No account."))  # noqa: E731
        shop.portal.house.subscribers.setdefault(OrderConfirmed, []).append(act)
    else:
        voter(shop, OrderConfirming, WARNING)
    order = accepted(shop)
    shop.portal.work()
    row = shop.row(order)
    assert (row.state, row.confirmed_on) == ("accepted", None)
    assert len(shop.rows("SELECT 1 FROM orders_event WHERE action = 'hold'")) == 1
    assert shop.rows("SELECT 1 FROM ops_document WHERE kind = 'order_confirmation'") == []


def test_quotations_expire(shop: Shop) -> None:
    order, kept = shop.sent(), shop.confirmed()
    schedule(shop.portal.house)
    shop.portal.work()
    assert shop.row(order).state == "sent"
    shop.portal.clock.advance(days=31)
    with pytest.raises(Refused):
        shop.portal.run(lambda unit: lifecycle.record_acceptance(unit, order.id, Acceptance("Anna")), CLERK)
    assert shop.row(order).state == "sent"
    schedule(shop.portal.house)
    shop.portal.work()
    assert (shop.row(order).state, shop.row(kept).state) == ("expired", "confirmed")


def test_who_may_what(shop: Shop) -> None:
    order = shop.order()
    here = f"/orders/{order.public_id}/"
    reader, shipper, nobody = shop.staff("reader"), shop.staff("shipper"), shop.staff()
    assert "confirm" not in {form.action.rsplit("/", 1)[-1] for form in reader.get(here).forms.values()}
    for name in ("edit", "send", "confirm", "withdraw", "deliver", "cancel"):
        reader.get(f"{here}{name}", status=403)
    shipper.get(f"{here}edit", status=403)
    for path in ("/orders/", here, "/orders/csv", "/orders/SO-2026-00001", f"{here}draft"):
        nobody.get(path, status=403)
    for path in ("/orders/SO-2026-00001", "/orders/SO-2026-99999"):  # nobody learns which numbers there are
        assert shop.portal.browser().get(path).location.startswith("http://localhost/sign-in")
    assert reader.get("/orders/so-2026-00001").location.endswith(here)
    reader.get("/orders/SO-2026-99999", status=404)
    assert reader.get(f"{here}draft").body.startswith(b"%PDF")


def test_an_account_with_open_orders_is_not_archived(shop: Shop) -> None:
    shop.order()
    with pytest.raises(Refused):
        shop.portal.run(lambda unit: archive(unit, shop.alpha.id))
    shop.portal.run(lambda unit: archive(unit, shop.beta.id))
    assert shop.rows("SELECT active FROM customers_customer ORDER BY id") == [(True,), (False,)]


def test_cancelling_cancels_every_line(shop: Shop) -> None:
    order = shop.confirmed()
    manager = shop.staff("manager")
    form = form_with(manager.get(f"/orders/{order.public_id}/cancel"), "reason")
    form["reason"] = "Bankrupt"
    form.submit().follow()
    assert shop.row(order).state == "cancelled"
    assert all(line.billable == 0 == line.deliverable for line in shop.facts(order).lines)
    delivered = shop.confirmed()
    shop.deliver(delivered, "1")
    with pytest.raises(Refused):
        shop.portal.run(lambda unit: lifecycle.cancel(unit, delivered.id), CLERK)
    assert shop.row(delivered).state == "confirmed"
