"""Orders in the demo: Northwind's 830 through the verbs that people use, three new requests, further ones for measuring."""

from __future__ import annotations

from datetime import timedelta

from portal.modules.orders.demo import further
from portal.modules.orders.demo.fates import REPEATED, fate_of
from portal.modules.orders.demo.story import Cast, Story
from portal.ops import northwind
from portal.ops.demo import DemoContext
from portal.people.demo import ACCOUNTANT, CLERK, appoint


def run(context: DemoContext) -> None:
    """Put what happens to each order on the agenda."""
    with context.unit(context.opening) as unit:
        appoint(unit, CLERK, "orders.clerk", "orders.shipper")
        appoint(unit, ACCOUNTANT, "orders.reader")
        cast = Cast.of(unit, context.buyers)
    context.further.steps.append(further.step(context, cast.clerk))
    context.further.rules.append(further.rules)
    for order in northwind.orders():
        story = Story(context, cast, order, fate_of(order))
        story.begin()
        if order.id in REPEATED:
            story.repeat(context.today - timedelta(days=1 + order.id % 3))
