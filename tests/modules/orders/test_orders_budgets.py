"""Budgets of SQL statements: small, and the same for 3 lines and for 100."""

from __future__ import annotations

from decimal import Decimal

import pytest
from modules.orders.conftest import Shop
from modules.pages import form_to, form_with

from portal.modules.orders.services.drafts import DraftLine
from portal.testing.portal import Browser


def lines(shop: Shop, count: int) -> list[DraftLine]:
    return [
        DraftLine(Decimal(1), product=(shop.tea, shop.soap)[place % 2].public_id) for place in range(count)
    ]


def taken(browser: Browser, response: object) -> int:
    timing = response.headers["Server-Timing"]  # type: ignore[attr-defined]
    return int(timing.split('"')[1].split()[0])


def test_list(shop: Shop) -> None:
    clerk = shop.staff("clerk")
    empty = clerk.statements("/orders/?state=confirmed&q=alpha")
    for _count in range(3):
        shop.confirmed(*lines(shop, 3))
    assert clerk.statements("/orders/?state=confirmed&q=alpha") == empty <= 4
    mine = f"/my/{shop.alpha.public_id}/orders/"
    assert shop.buyer().statements(mine) <= 4


@pytest.mark.parametrize("count", [3, 100])
def test_one_order(shop: Shop, count: int) -> None:
    order = shop.confirmed(*lines(shop, count))
    shop.deliver(order, *["1"] * (count - 1))
    assert shop.staff("clerk", "shipper").statements(f"/orders/{order.public_id}/") == 4
    wall = 1 if shop.portal.backend == "postgresql" else 0
    assert shop.buyer().statements(f"/my/{shop.alpha.public_id}/orders/{order.public_id}/") == 4 + wall


@pytest.mark.parametrize("count", [3, 100])
def test_posting_a_draft(shop: Shop, count: int) -> None:
    clerk = shop.staff("clerk")
    page = clerk.get(f"/orders/new/{shop.alpha.public_id}/")
    form = form_with(page, "customer_reference")
    fields = [(name, value) for name, value in form.submit_fields() if not name.startswith("lines-")]
    for place in range(count):
        product = (shop.tea, shop.soap)[place % 2]
        fields += [
            (f"lines-{place}-product", product.public_id),
            (f"lines-{place}-product-text", f"{product.sku} · {product.name}"),
            (f"lines-{place}-quantity", "2"),
        ]
    response = clerk.post(form.action or page.request.path, fields)
    response.request.environ["wsgi.input"].close()  # WebOb leaves a large body to the garbage collector
    assert response.status_int == 303
    assert taken(clerk, response) <= 10
    assert shop.rows("SELECT COUNT(*) FROM orders_line")[0][0] == count


@pytest.mark.parametrize("count", [3, 100])
def test_confirming(shop: Shop, count: int) -> None:
    order = shop.order(*lines(shop, count))
    clerk = shop.staff("clerk")
    response = form_to(clerk.get(f"/orders/{order.public_id}/"), "confirm").submit()
    assert response.status_int == 303
    assert taken(clerk, response) <= 12
    assert shop.row(order).state == "confirmed"


def test_acts_cost_the_same_for_many_lines(shop: Shop) -> None:
    from portal.modules.orders.services import deliveries, lifecycle

    def costs(count: int) -> list[int]:
        order = shop.order(*lines(shop, count))
        found = [len(shop.portal.count(lambda unit: lifecycle.confirm(unit, order.id)))]
        wanted = {line.id: Decimal(1) for line in shop.facts(order).lines}
        found.append(len(shop.portal.count(lambda unit: deliveries.deliver(unit, order.id, wanted))))
        [(delivery,)] = shop.rows(
            "SELECT public_id FROM orders_delivery WHERE order_id = :id AND undoes_id IS NULL", id=order.id
        )
        found.append(len(shop.portal.count(lambda unit: deliveries.undo(unit, order.id, delivery))))
        return found

    assert costs(3) == costs(100)
