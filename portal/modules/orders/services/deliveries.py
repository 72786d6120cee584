"""Delivering goods, taking deliveries back, cancelling what is left of a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import aliased

from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.money import from_scaled, to_scaled
from portal.kernel.unit import Unit
from portal.modules.orders.events import OrderDelivered, OrderDeliveryUndone, OrderLineCancelled
from portal.modules.orders.models import Delivery, DeliveryLine, Order, OrderLine
from portal.modules.orders.services import numbers, printing, reading
from portal.modules.orders.services.lifecycle import begin, close_if_done, finish, issue, move, tell
from portal.modules.orders.services.progress import refresh

PREFIX = "DN"


@dataclass(frozen=True, slots=True)
class Made:
    """A delivery that was made."""

    public_id: str
    number: str


def deliver(
    unit: Unit,
    order_id: int,
    quantities: Mapping[int, Decimal],
    *,
    on: date | None = None,
    note: str = "",
    version: int | None = None,
) -> Made:
    """Deliver quantities by line id, in the line's unit; None of `on` means today.

    Raises Invalid (`lines-<n>-quantity`, the n-th of `quantities` from 0) above what is open of a line, (`delivered_on`)
    for a day to come, Refused for an empty delivery.
    """
    day = on or unit.today()
    if day > unit.today():
        raise Invalid({"delivered_on": _("A day to come cannot be chosen.")})
    order, lines, row = begin(unit, order_id, "deliver", version)
    _check(lines, quantities)
    scaled = {line_id: to_scaled(quantity) for line_id, quantity in quantities.items() if quantity}
    made = _write(unit, order, scaled, day, note)
    for line in lines:
        line.delivered += scaled.get(line.id, 0)
    _store(unit, lines, "delivered", scaled)
    order.delivered_on = max(day, order.delivered_on or day)
    refresh(order, lines)
    move(unit, order, row)
    printed = printing.delivery_note(unit, order, lines, made.number, day, scaled)
    document = issue(unit, order, printed)
    _attach(unit, made.public_id, document)
    tell(unit, order, row, made.number, document)
    unit.publish(
        OrderDelivered(
            order.id, order.public_id, order.customer_id, order.bill_on, made.public_id, _plain(scaled), day
        )
    )
    close_if_done(unit, order)
    return made


def undo(
    unit: Unit,
    order_id: int,
    delivery_id: str,
    *,
    reason: str = "",
    visible: bool = False,
    version: int | None = None,
) -> Made:
    """Take a delivery back by a counter-delivery of today; the customer reads the reason if it is `visible`.

    Raises Refused when it was taken back already, or is itself a counter-delivery.
    """
    order, lines, row = begin(unit, order_id, "undo-delivery", version)
    delivery = _undoable(unit, order, delivery_id)
    rows = unit.db.execute(
        select(DeliveryLine.line_id, DeliveryLine.quantity).where(DeliveryLine.delivery_id == delivery.id)
    )
    back = {line_id: -quantity for line_id, quantity in rows}
    made = _write(unit, order, back, unit.today(), reason, undoes_id=delivery.id)
    for line in lines:
        line.delivered += back.get(line.id, 0)
    _store(unit, lines, "delivered", back)
    order.delivered_on = _last_day(unit, order)
    refresh(order, lines)
    finish(unit, order, row, f"{delivery.number} · {made.number}", reason, visible=visible)
    quantities = _plain({line_id: -quantity for line_id, quantity in back.items()})
    unit.publish(OrderDeliveryUndone(order.id, order.public_id, order.customer_id, quantities))
    return made


def cancel_rest(unit: Unit, order_id: int, position: int, version: int | None = None) -> Decimal:
    """Cancel what is neither delivered nor invoiced of the line at a position; returns the quantity.

    Raises Refused where nothing is open.
    """
    order, lines, row = begin(unit, order_id, "cancel-rest", version)
    line = next((line for line in lines if line.position == position), None)
    rest = 0 if line is None else reading.open_rest(line)
    if line is None or rest <= 0:
        raise Refused(_("Nothing is open on this line."))
    line.cancelled += rest
    _store(unit, lines, "cancelled", {line.id: rest})
    refresh(order, lines)
    finish(unit, order, row, f"{line.position}. {line.name}")
    quantity = from_scaled(rest)
    unit.publish(OrderLineCancelled(order.id, order.public_id, order.customer_id, line.id, quantity))
    close_if_done(unit, order)
    return quantity


def open_quantities(lines: Sequence[OrderLine]) -> dict[int, Decimal]:
    """What is still to be delivered, by line id."""
    return {line.id: from_scaled(reading.open_goods(line)) for line in lines if reading.open_goods(line) > 0}


def find(unit: Unit, order_id: int, public_id: str) -> Delivery | None:
    """A delivery of an order: one statement."""
    return unit.db.scalar(
        select(Delivery).where(Delivery.order_id == order_id, Delivery.public_id == public_id)
    )


@dataclass(frozen=True, slots=True)
class DeliveredLine:
    """A line of a delivery as its page shows it; `quantity` scaled, negative in a counter-delivery."""

    position: int
    sku: str
    name: str
    unit: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Connection:
    """How a delivery is connected: the number it takes back, and the number that took it back."""

    undoes: str | None
    undone_by: str | None


def lines_of(unit: Unit, delivery: Delivery) -> list[DeliveredLine]:
    """The lines of a delivery: one statement."""
    rows = unit.db.execute(
        select(OrderLine.position, OrderLine.sku, OrderLine.name, OrderLine.unit, DeliveryLine.quantity)
        .join(OrderLine, OrderLine.id == DeliveryLine.line_id)
        .where(DeliveryLine.delivery_id == delivery.id)
        .order_by(OrderLine.position)
    )
    return [DeliveredLine(*row) for row in rows]


def connection(unit: Unit, delivery: Delivery) -> Connection:
    """What a delivery takes back or was taken back by: one statement."""
    other = aliased(Delivery)
    rows = unit.db.execute(
        select(other.number, other.undoes_id).where(
            (other.id == delivery.undoes_id) | (other.undoes_id == delivery.id)
        )
    ).all()
    undone_by = next((row.number for row in rows if row.undoes_id == delivery.id), None)
    undoes = next((row.number for row in rows if row.undoes_id != delivery.id), None)
    return Connection(undoes, undone_by)


# --- rows --------------------------------------------------------------------------------------------------


def _check(lines: Sequence[OrderLine], quantities: Mapping[int, Decimal]) -> None:
    errors: dict[str, Text] = {}
    known = {line.id: line for line in lines}
    for place, (line_id, quantity) in enumerate(quantities.items()):
        line = known.get(line_id)
        if line is None:
            raise Refused(_("This line belongs to another order."))
        rest = from_scaled(reading.open_goods(line))
        if not 0 <= quantity <= rest:
            errors[f"lines-{place}-quantity"] = _(
                "Of line ${position} only ${rest} are open.",
                mapping={"position": line.position, "rest": rest},
            )
    if errors:
        raise Invalid(errors)
    if not any(quantities.values()):
        raise Refused(_("Enter what is delivered."))


def _write(
    unit: Unit,
    order: Order,
    quantities: Mapping[int, int],
    day: date,
    note: str,
    undoes_id: int | None = None,
) -> Made:
    values: dict[str, Any] = {
        "order_id": order.id,
        "customer_id": order.customer_id,
        "delivered_on": day,
        "undoes_id": undoes_id,
        "note": note,
        "created_at": unit.now(),
        "created_by": unit.actor.name,
    }
    row = numbers.insert_numbered(unit.db, Delivery, PREFIX, unit.today().year, values)
    table: Any = DeliveryLine.__table__
    unit.db.execute(
        insert(table),
        [
            {
                "customer_id": order.customer_id,
                "order_id": order.id,
                "delivery_id": row.id,
                "line_id": line_id,
                "quantity": quantity,
            }
            for line_id, quantity in quantities.items()
        ],
    )
    return Made(row.public_id, row.number)


def _store(unit: Unit, lines: Sequence[OrderLine], column: str, changes: Mapping[int, int]) -> None:
    """Write the changed column of the changed lines: one statement. The rows in memory are up to date already."""
    table: Any = OrderLine.__table__
    unit.db.execute(
        update(table).where(table.c.id == bindparam("line")).values({column: bindparam("figure")}),
        [{"line": line.id, "figure": getattr(line, column)} for line in lines if line.id in changes],
    )


def _attach(unit: Unit, delivery: str, document: str) -> None:
    unit.db.execute(
        update(Delivery)
        .where(Delivery.public_id == delivery)
        .values(document=document)
        .execution_options(synchronize_session=False)
    )


def _undoable(unit: Unit, order: Order, public_id: str) -> Delivery:
    delivery = find(unit, order.id, public_id)
    if delivery is None:
        raise LookupError(f"no delivery {public_id}")
    if delivery.undoes_id is not None:
        raise Refused(_("This takes a delivery back itself. Deliver again instead."))
    if unit.db.scalar(select(Delivery.id).where(Delivery.undoes_id == delivery.id)) is not None:
        raise Refused(_("This delivery was taken back already."))
    return delivery


def _last_day(unit: Unit, order: Order) -> date | None:
    """The day of the last delivery that was not taken back."""
    undone = select(Delivery.undoes_id).where(Delivery.order_id == order.id, Delivery.undoes_id.is_not(None))
    return unit.db.scalar(
        select(func.max(Delivery.delivered_on)).where(
            Delivery.order_id == order.id, Delivery.undoes_id.is_(None), Delivery.id.not_in(undone)
        )
    )


def _plain(quantities: Mapping[int, int]) -> tuple[tuple[int, Decimal], ...]:
    return tuple((line_id, from_scaled(quantity)) for line_id, quantity in quantities.items())
