"""What the customer reads of an act: that it was done; why only where somebody says so. Pages that are no longer fresh."""

from __future__ import annotations

import pytest
from modules.orders.conftest import CLERK, Shop
from modules.pages import form_to, form_with
from modules.racing import behind

from portal.modules.orders.jobs import expire
from portal.modules.orders.services import lifecycle
from portal.modules.orders.services.billing import Orders
from portal.modules.orders.services.drafting import Created

SECRET = "They are about to go bankrupt"


def begun(shop: Shop, action: str) -> Created:
    """An order on which the action can be taken."""
    if action in ("withdraw", "record-decline"):
        return shop.sent()
    order = shop.confirmed()
    if action == "undo-delivery":
        shop.deliver(order, "4")
    return order


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(
    ("action", "done"),
    [
        ("withdraw", "Withdrawn"),
        ("record-decline", "Decline recorded"),
        ("cancel", "Order cancelled"),
        ("undo-delivery", "Delivery taken back"),
    ],
)
def test_customers_read_a_reason_only_where_somebody_says_so(
    shop: Shop, action: str, done: str, told: bool
) -> None:
    order, manager = begun(shop, action), shop.staff("manager")
    form = form_with(manager.get(f"/orders/{order.public_id}/{action}"), "reason")
    form["reason"], form["visible"] = SECRET, told
    assert SECRET in form.submit().follow()
    page = shop.buyer().get(f"/my/{shop.alpha.public_id}/orders/{order.public_id}/")
    assert done in page
    assert (SECRET in page) is told


def test_nobody_is_asked_to_show_a_reason_on_what_cannot_be_seen(shop: Shop) -> None:
    order, manager = shop.order(), shop.staff("manager")
    form = form_with(manager.get(f"/orders/{order.public_id}/withdraw"), "reason")
    assert "visible" not in form.fields
    form["reason"] = SECRET
    assert SECRET in form.submit().follow()
    shop.buyer().get(f"/my/{shop.alpha.public_id}/orders/{order.public_id}/", status=404)
    assert shop.rows("SELECT action, text, visible FROM orders_event") == [("withdraw", SECRET, False)]


# --- what was changed meanwhile ----------------------------------------------------------------------------


def test_a_page_is_fresh_again_once_it_said_that_it_was_not(shop: Shop) -> None:
    order, manager = shop.order(), shop.staff("manager")
    form = form_with(manager.get(f"/orders/{order.public_id}/withdraw"), "version")
    form["reason"] = "Not now"
    shop.portal.run(lambda unit: lifecycle.send(unit, order.id), CLERK)
    page = form.submit(status=409)
    assert "Please look at it again" in page
    assert shop.row(order).state == "sent"
    form = form_with(page, "version")
    assert (form["version"].value, form["reason"].value) == (str(shop.row(order).version), "Not now")
    form.submit().follow()
    assert shop.row(order).state == "withdrawn"


@pytest.mark.parametrize("action", ["confirm", "withdraw", "revise"])
def test_an_act_that_does_not_say_what_it_saw_is_refused(shop: Shop, action: str) -> None:
    order, manager = shop.sent() if action == "revise" else shop.order(), shop.staff("manager")
    before = shop.row(order)
    here = f"/orders/{order.public_id}/"
    form = form_with(manager.get(here), "csrf_token")
    fields = {name: form[name].value for name in ("csrf_token", "_operation")}
    assert "This form is incomplete" in manager.post(f"{here}{action}", fields, status=422)
    after = shop.row(order)
    assert (after.state, after.version) == (before.state, before.version)


def test_a_form_whose_base_is_too_deep_is_refused(shop: Shop) -> None:
    order, clerk = shop.order(), shop.staff("clerk")
    here = f"/orders/{order.public_id}/edit"
    fields = form_with(clerk.get(here), "customer_reference").submit_fields()
    fields = [(name, "[" * 100_000 if name == "_base" else value) for name, value in fields]
    page = clerk.post(here, fields, status=422)
    page.request.environ["wsgi.input"].close()  # WebOb leaves a large body to the garbage collector
    assert "This form is incomplete" in page
    assert shop.row(order).version == 1


# --- what the portal does by itself ------------------------------------------------------------------------


def test_one_quotation_decided_meanwhile_does_not_keep_others_from_expiring(shop: Shop) -> None:
    if shop.portal.backend == "sqlite":
        pytest.skip("one writer at a time")
    first, second, third = shop.sent(), shop.sent(), shop.sent()
    shop.portal.clock.advance(days=31)
    behind(
        shop.portal,
        lambda unit: lifecycle.withdraw(unit, second.id),
        lambda: shop.portal.run(lambda unit: expire(unit, {})),
    )
    assert [shop.row(one).state for one in (first, second, third)] == ["expired", "withdrawn", "expired"]


def test_a_closed_order_says_when_it_is_no_longer_paid(shop: Shop) -> None:
    order, manager = shop.confirmed(), shop.staff("manager")
    shop.deliver(order, "10")
    here = f"/orders/{order.public_id}/"

    def settle(settled: bool) -> set[str]:
        """The badges of the order's page."""

        def act(unit: object) -> None:
            orders = Orders(unit)  # type: ignore[arg-type]
            facts = orders.lock(order.id)
            orders.record_invoiced(order.id, {line.id: line.billable for line in facts.lines})
            orders.set_settled(order.id, settled)

        shop.portal.run(act, CLERK)
        return {badge.get_text() for badge in manager.get(here).html.select(".page-title .state")}

    assert {"Closed", "Paid"} <= settle(True)
    badges = settle(False)
    assert {"Closed", "Invoiced, not paid"} <= badges
    assert "Paid" not in badges
    page = shop.buyer().get(f"/my/{shop.alpha.public_id}/orders/{order.public_id}/")
    assert "Invoiced, not paid" in page
    assert form_to(manager.get(here), "/reopen")
