"""Finding and locking orders, and the frozen values that others get to see of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.kernel.errors import Conflict
from portal.kernel.i18n import _
from portal.kernel.money import from_scaled
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import PostalAddress
from portal.modules.orders.interfaces import OrderFacts, OrderLineFacts
from portal.modules.orders.models import Order, OrderLine
from portal.modules.orders.transitions import Situation, State
from portal.modules.taxes.interfaces import TaxRate


def find(db: Session, public_id: str) -> Order | None:
    """The order of a public id: one statement."""
    return db.scalar(select(Order).where(Order.public_id == public_id))


def lock(unit: Unit, order_id: int, version: int | None = None) -> Order:
    """The order as it stands, locked until the transaction ends: one statement.

    Raises LookupError when it is unknown, Conflict when it is no longer at `version`.
    """
    order = unit.db.scalar(
        select(Order).where(Order.id == order_id).with_for_update().execution_options(populate_existing=True)
    )
    if order is None:
        raise LookupError(f"no order {order_id}")
    if version is not None and order.version != version:
        raise Conflict(_("Somebody changed this order meanwhile. Please look at it again."))
    return order


def lines_of(db: Session, order_id: int) -> Sequence[OrderLine]:
    """The lines of an order, by position: one statement. They are detached: what changes is written by statements."""
    lines = db.scalars(
        select(OrderLine)
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.position)
        .execution_options(populate_existing=True)
    ).all()
    for line in lines:
        db.expunge(line)
    return lines


def lock_with_lines(unit: Unit, order_id: int) -> tuple[Order, Sequence[OrderLine]]:
    """What `lock` and `lines_of` give, in one statement. LookupError when the order is unknown.

    The lines are locked too: PostgreSQL would otherwise show them as they were before it waited for the order.
    """
    rows = unit.db.execute(
        select(Order, OrderLine)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.id == order_id)
        .order_by(OrderLine.position)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        return lock(unit, order_id), []
    for _order, line in rows:
        unit.db.expunge(line)
    return rows[0][0], [line for _order, line in rows]


def open_goods(line: OrderLine) -> int:
    """What is still to be delivered of a line, scaled; nothing of a service."""
    return 0 if line.service else line.quantity - line.cancelled - line.delivered


def open_rest(line: OrderLine) -> int:
    """What is neither delivered nor invoiced nor cancelled of a line, scaled."""
    return line.quantity - line.cancelled - max(line.delivered, line.invoiced)


def situation(order: Order, lines: Iterable[OrderLine], today: date, *, waits: bool = False) -> Situation:
    """What the guards of the transition table look at."""
    found = list(lines)
    return Situation(
        state=State(order.state),
        today=today,
        valid_until=order.valid_until,
        lines=len(found),
        untaxed=sum(not line.tax_category for line in found),
        delivered=any(line.delivered for line in found),
        invoiced=any(line.invoiced for line in found),
        deliverable=any(open_goods(line) > 0 for line in found),
        cancellable=any(open_rest(line) > 0 for line in found),
        waits=waits,
    )


# --- values ------------------------------------------------------------------------------------------------


def address_json(address: PostalAddress | None) -> str | None:
    """An address as an order stores it."""
    if address is None:
        return None
    values: dict[str, Any] = {**asdict(address), "roles": sorted(address.roles)}
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def address_of(stored: str | None) -> PostalAddress | None:
    """A stored address."""
    if stored is None:
        return None
    values: dict[str, Any] = json.loads(stored)
    values["lines"] = tuple(values["lines"])
    values["roles"] = frozenset(values["roles"])
    return PostalAddress(**values)


def rates_json(rates: Iterable[TaxRate]) -> str:
    """The rates of a line as it stores them."""
    return json.dumps(
        [[rate.key, rate.title, str(rate.percent)] for rate in rates],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def rates_of(stored: str) -> tuple[TaxRate, ...]:
    """Stored rates."""
    return tuple(TaxRate(key, title, Decimal(percent)) for key, title, percent in json.loads(stored))


def line_facts(line: OrderLine) -> OrderLineFacts:
    """What others get to see of a line."""
    return OrderLineFacts(
        id=line.id,
        position=line.position,
        product_id=line.product_id,
        sku=line.sku,
        name=line.name,
        description=line.description,
        unit=line.unit,
        service=line.service,
        quantity=from_scaled(line.quantity),
        unit_price=from_scaled(line.unit_price),
        discount=from_scaled(line.discount),
        tax_class=line.tax_class,
        tax_category=line.tax_category,
        rates=rates_of(line.rates),
        exemption=line.exemption,
        net=line.net,
        delivered=from_scaled(line.delivered),
        invoiced=from_scaled(line.invoiced),
        cancelled=from_scaled(line.cancelled),
    )


def facts(order: Order, lines: Iterable[OrderLine]) -> OrderFacts:
    """What others get to see of an order."""
    return OrderFacts(
        id=order.id,
        public_id=order.public_id,
        number=order.number,
        customer_id=order.customer_id,
        customer_name=order.customer_name,
        customer_vat_id=order.customer_vat_id,
        customer_reference=order.customer_reference,
        state=order.state,
        currency=order.currency,
        language=order.language,
        policy=order.policy,
        tax_position=order.tax_position,
        payment_days=order.payment_days,
        payment_terms=order.payment_terms,
        bill_on=order.bill_on,
        billing_address=address_of(order.billing_address),
        delivery_address=address_of(order.delivery_address),
        contact=order.contact,
        responsible=order.responsible,
        confirmed_on=order.confirmed_on,
        delivered_on=order.delivered_on,
        net=order.net,
        tax=order.tax,
        gross=order.gross,
        lines=tuple(line_facts(line) for line in lines),
        customer_number=order.customer_number,
        department_id=order.department_id,
        department=order.department,
    )
