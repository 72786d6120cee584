"""Further orders for measuring: made through the services, and how their rows are copied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from portal.kernel.composition import House
from portal.kernel.people import Actor
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ICustomers
from portal.modules.orders.services import deliveries, drafting, lifecycle, reading
from portal.modules.orders.services.drafts import DraftLine
from portal.ops.demo import DemoContext
from portal.ops.further import FurtherOrder, Step
from portal.ops.multiplying import Numbering, Rules, Values

#: Of ten kinds of orders the last stays a quotation that was sent, the one before is not delivered.
_SENT, _CONFIRMED = 9, 8
_DISCOUNTS = (Decimal(0), Decimal(0), Decimal(5), Decimal(10))


def step(context: DemoContext, clerk: Actor) -> Step:
    """What happens to a further order until it is delivered, all on one day."""

    def life(order: FurtherOrder) -> None:
        order.order_id = _create(order, context.products, clerk)
        lifecycle.send(order.at(order.day, 8, clerk), order.order_id)
        if order.kind % 10 == _SENT:
            return
        accepted = lifecycle.Acceptance(name="By telephone")
        lifecycle.record_acceptance(order.at(order.day, 9, clerk), order.order_id, accepted)
        lifecycle.confirm(order.at(order.day, 10, clerk), order.order_id)
        if order.kind % 10 != _CONFIRMED:
            _deliver(order.at(order.day, 11, clerk), order.order_id)

    return life


def rules(_house: House) -> Rules:
    """How rows of orders are copied: their numbers are made of their own ids."""
    return Rules(
        references={("orders_line", "product_id"): "catalog_product"},
        numbers={
            "orders_order": Numbering(("number",), _numbered(drafting.PREFIX)),
            "orders_delivery": Numbering(("number",), _numbered(deliveries.PREFIX)),
        },
    )


def _numbered(prefix: str) -> Callable[[Values], Mapping[str, Any]]:
    return lambda row: {"number": f"{prefix}-{row['created_at'].year}-{row['id']:05d}"}


def _create(order: FurtherOrder, products: Mapping[int, str], clerk: Actor) -> int:
    unit = order.at(order.day, 7, clerk)
    customer = unit.ask(ICustomers).get(order.customer_id)
    sold = [products[number] for number in sorted(products) if number % 3]
    lines = tuple(
        DraftLine(
            quantity=Decimal(1 + (order.kind * 3 + place * 5) % 40),
            product=sold[(order.kind * 7 + place * 11) % len(sold)],
            discount=_DISCOUNTS[(order.kind + place) % len(_DISCOUNTS)],
        )
        for place in range(1 + order.kind % 5)
    )
    draft = replace(
        drafting.standard_draft(unit, customer),
        lines=lines,
        customer_reference=order.reference,
        requested_on=order.day + timedelta(days=7),
        promised_on=order.day + timedelta(days=10),
    )
    return drafting.create(unit, customer, draft).id


def _deliver(unit: Unit, order_id: int) -> None:
    deliveries.deliver(unit, order_id, deliveries.open_quantities(reading.lines_of(unit.db, order_id)))
